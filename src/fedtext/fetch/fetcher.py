"""The one way to a document: policy, budget, redirects, signature; no meaning yet.

Invariants: each hop and each knock draws from the budget and is signed anew for its own host (SIG-35, SEC-107); a
redirect never goes from https to http (SEC-104) and never comes back to a visited address (SEC-097); the own origins
are never fetched over the network (SEC-106); a host is asked by few at once and not too often (see `courtesy`); what
arrives is bytes of an accepted media type, nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import attrs

from ..config import Config
from ..errors import (
    BodyTooLarge,
    BudgetExhausted,
    FetchRefused,
    FetchTimeout,
    Gone,
    HostPaused,
    HTTPStatusError,
    MalformedIri,
    TooManyWaiting,
    Unreachable,
    WrongMediaType,
)
from ..http import Request, Response
from ..ports import ExchangeLimits, PortSet, store_key
from ..wire.iri import Url, parse_url, resolve
from .budget import Budget
from .caching import Validators
from .courtesy import KEPT_S, HostRecord, after_answer, after_failure, decode_record, speaks_of_host, take_turn
from .knocking import Signer, send_signed

T = TypeVar("T")

_REDIRECTS = (301, 302, 303, 307, 308)
# A host that answers so may answer otherwise in a while (SEC-070, SEC-118).
_PASSING_STATUSES = (408, 425, 429)
_MINUTE_S = 60.0


class Trail:
    """Where one fetch has been: redirects, alternates and second looks at an id draw from one count (SEC-097, 098)."""

    __slots__ = ("_hops_left", "_visited")

    def __init__(self, hops_max: int) -> None:
        self._hops_left = hops_max
        self._visited: set[str] = set()

    def visit(self, address: str) -> None:
        """Note an address.

        Raises:
            FetchRefused: It was visited before.
        """
        if address in self._visited:
            raise FetchRefused("the redirects go in a circle", url=address)
        self._visited.add(address)

    def hop(self, address: str) -> None:
        """Draw one hop away from an address.

        Raises:
            FetchRefused: None is left.
        """
        if self._hops_left <= 0:
            raise FetchRefused("too many redirects", url=address)
        self._hops_left -= 1


@attrs.frozen(kw_only=True)
class Fetched:
    """What was found.

    Args:
        url: The address that answered at last.
        media_type: As received; "" where nothing has changed.
        body: Decoded, bounded.
        link: The Link field, lines joined by ", ", or None.
        validators: By which a later change can be told.
        is_unchanged: What the caller knows is still true: there is no body.
    """

    url: str
    media_type: str
    body: bytes
    link: str | None = None
    validators: Validators | None = attrs.field(default=None, eq=False)
    is_unchanged: bool = False


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Fetcher:
    """All that a fetch needs.

    Args:
        ports: Of the colour of the caller.
        config: Limits and policies.
        site: The origin on whose behalf it is fetched; prefixes cache keys.
        own_origins: Origins that are served here and therefore never fetched.
        user_agent: Never blank (DLV-14).
        signer: Gives the keys of whoever asks; None: requests go unsigned.
        requester: On behalf of which own actor it is fetched, where that is not the instance actor: what that actor may
            see is cached for nobody else.
        for_strangers: Whether somebody wants it who has not shown who he is, such as the key that he says is his. Half
            of the turns of each host are kept back then, so that invented key ids cannot keep us from the host.
        admits: Asked about each address before it is asked for anything, those of redirects, too; raises
            `PolicyRefusal`. None: nobody is refused.
        answered: Told each address that gave what was asked for: its host lives.
    """

    ports: PortSet
    config: Config
    site: str
    own_origins: frozenset[str]
    user_agent: str
    signer: Signer | None = None
    requester: str | None = None
    for_strangers: bool = False
    admits: Callable[[str], Awaitable[None]] | None = None
    answered: Callable[[str], Awaitable[None]] | None = None

    def is_own(self, url: Url) -> bool:
        """Tell whether an address is served here, by whatever scheme and with or without a dot at the end (SEC-106)."""
        authority = url.host.removesuffix(".")
        if url.port is not None:
            authority = f"{authority}:{url.port}"
        return f"https://{authority}" in self.own_origins or f"http://{authority}" in self.own_origins

    def is_own_id(self, iri: str) -> bool:
        """Tell whether an id is under an origin that is served here; text that is no URL is not."""
        try:
            return self.is_own(parse_url(iri))
        except MalformedIri:
            return False

    def budget(self) -> Budget:
        """Give a fresh budget of one message."""
        return Budget.of(self.ports.clock, self.config.limits)

    async def get(
        self,
        url: str,
        *,
        accept: str,
        accepts: Callable[[str], bool],
        budget: Budget,
        bytes_max: int | None = None,
        signed: bool = True,
        trail: Trail | None = None,
        known: Validators | None = None,
    ) -> Fetched:
        """Fetch one URL, following at most `redirects_count_max` redirects.

        Args:
            url: Absolute.
            accept: The Accept header.
            accepts: Tells whether a Content-Type is one of those wanted.
            budget: Drawn from once a knock.
            bytes_max: Bound of the decoded body; None: `document_bytes_max`.
            signed: Whether to sign, as the host takes it (see `knocking`).
            trail: Shared by all requests of one fetch; None: this is all of it.
            known: Of the copy that the caller has: its host may say that nothing has changed.

        Raises:
            FetchRefused: An address that may not be fetched, a downgrade or a loop.
            Gone: 410 (permanent).
            HTTPStatusError: Any other status than 200.
            Unreachable: No connection, or a status that passes (5xx, 429): worth a retry.
            HostPaused: The host is left alone for a while: worth a retry then.
            WrongMediaType: The answer is of another type.
            BodyTooLarge: It is longer than `bytes_max`.
            BudgetExhausted: See `Budget`.
            PolicyRefusal: See `admits`.
        """
        trail = trail or self.trail()
        current = url
        while True:
            address = self._admit(current, trail)
            if self.admits is not None:
                await self.admits(address)
            asked = [("accept", accept), ("user-agent", self.user_agent)]
            conditions = known.fields if known is not None and known.address == address else []
            request = Request.to(address, headers=[*asked, *conditions])
            response = await self._exchange(request, budget=budget, bytes_max=bytes_max, signed=signed)
            if response.status == 304 and conditions:
                return Fetched(url=address, media_type="", body=b"", validators=known, is_unchanged=True)
            if response.status not in _REDIRECTS:
                return _judge(response, address, accepts, bytes_max or self.config.limits.document_bytes_max)
            trail.hop(address)
            current = _next_hop(address, response)

    async def share(self, key: str, fetch: Callable[[], Awaitable[T]]) -> T:
        """Run a fetch, or share the run of the same key that is under way.

        Threat: whoever comes first brings the budget. Where it gives out, those who joined go on with their own, so
        that a message that has spent all does not take others along (SEC-108).
        """
        while True:
            own = False

            async def run() -> T:
                nonlocal own
                own = True
                return await fetch()

            try:
                return await self.ports.coalesce.run(key, run)
            except BudgetExhausted:
                if own:
                    raise

    def trail(self) -> Trail:
        """Give the trail of one fetch."""
        return Trail(self.config.limits.redirects_count_max)

    def _admit(self, url: str, trail: Trail) -> str:
        try:
            parsed = parse_url(url)
        except MalformedIri as error:
            raise FetchRefused("not an address that may be fetched", url=url) from error
        if self.is_own(parsed):
            raise FetchRefused("this address is served here", url=url)
        address = str(parsed).partition("#")[0]
        trail.visit(address)
        return address

    async def _exchange(self, request: Request, *, budget: Budget, bytes_max: int | None, signed: bool) -> Response:
        """Ask a host, when it may be asked, in line with the others who ask it."""
        limits, host = self.config.limits, parse_url(request.url).authority.removesuffix(".")

        async def turn() -> Response:
            return await self._ask(request, host, budget=budget, bytes_max=bytes_max, signed=signed)

        try:
            return await self.ports.coalesce.in_turn(
                store_key(self.site, "fetching", host),
                turn,
                at_once_max=limits.host_fetches_at_once_count_max,
                waiting_max=limits.host_fetches_waiting_count_max,
                waits_s_max=budget.seconds_left,  # a line is no place to outstay one's deadline
            )
        except TooManyWaiting as error:
            raise HostPaused("too many wait for this host", host=host, retry_after_s=1) from error

    async def _ask(
        self, request: Request, host: str, *, budget: Budget, bytes_max: int | None, signed: bool
    ) -> Response:
        store, clock, limits = self.ports.store, self.ports.clock, self.config.limits
        budget.require(request.url)  # before a turn is taken that others could have used
        place = store_key(self.site, "fetch-host", host)
        known = decode_record(await store.get(place))
        per_minute_max = limits.host_fetches_per_minute_max
        kept_back = per_minute_max // 2 if self.for_strangers else 0
        record = take_turn(known, host=host, now_s=clock.now_s(), per_minute_max=per_minute_max, kept_back=kept_back)
        await store.put(place, record.encode(), ttl_s=KEPT_S if record.failures_count else _MINUTE_S)
        had_time = budget.seconds_left >= limits.connect_s_max
        try:
            response = await self._send(request, budget=budget, bytes_max=bytes_max, signed=signed)
        except FetchTimeout as error:
            if budget.seconds_left > 0:
                raise
            # What came before took the time: that says nothing of this host, and nobody may remember it as its fault.
            raise BudgetExhausted("this message has taken as long as one may", url=request.url) from error
        except Unreachable as error:
            # With less time it says more about us than about the host. A name with a dot at its end is spelled so by
            # whoever names it, and need not be known to a host that is well.
            if had_time and speaks_of_host(error) and not _has_dot(request):
                await store.put(place, after_failure(record, now_s=clock.now_s()).encode(), ttl_s=KEPT_S)
            raise
        await self._learn(place, record, response)
        if self.answered is not None and 200 <= response.status < 300:
            await self.answered(request.url)
        return response

    async def _learn(self, place: str, record: HostRecord, response: Response) -> None:
        """Keep what an answer says of its host, where it says anything new."""
        now_s, asked_s_max = self.ports.clock.now_s(), self.config.fetch.retry_after_s_max
        learned = after_answer(record, response, now_s=now_s, retry_after_s_max=asked_s_max)
        if learned != record:
            kept_s = max(_MINUTE_S, learned.paused_until_s - now_s)
            await self.ports.store.put(place, learned.encode(), ttl_s=kept_s)

    async def _send(self, request: Request, *, budget: Budget, bytes_max: int | None, signed: bool) -> Response:
        limits = ExchangeLimits.of(self.config.limits, body_bytes_max=bytes_max)

        def before() -> ExchangeLimits:
            budget.spend(request.url)
            return attrs.evolve(limits, exchange_s_max=min(limits.exchange_s_max, max(0.05, budget.seconds_left)))

        if not signed or self.signer is None:
            return await self.ports.transport.send(request, before())
        return await send_signed(request, self.signer, ports=self.ports, site=self.site, before=before)


def _has_dot(request: Request) -> bool:
    return parse_url(request.url).host.endswith(".")


def _next_hop(address: str, response: Response) -> str:
    locations: Sequence[str] = response.headers.get_all("location")
    if len(locations) != 1 or not locations[0]:
        raise HTTPStatusError("a redirect without one Location", url=address, status=response.status)
    try:
        target = str(resolve(locations[0], parse_url(address)))
    except MalformedIri as error:
        raise FetchRefused("a redirect to what is no address", url=address) from error
    if address.startswith("https://") and not target.startswith("https://"):
        raise FetchRefused("a redirect away from https", url=address)
    return target


def _judge(response: Response, address: str, accepts: Callable[[str], bool], bytes_max: int) -> Fetched:
    if response.status == 410:
        raise Gone(url=address)
    if response.status >= 500 or response.status in _PASSING_STATUSES:
        raise Unreachable("the host cannot answer now", url=address, status=response.status)
    if response.status != 200:
        raise HTTPStatusError("the host answered with an error status", url=address, status=response.status)
    media_types = response.headers.get_all("content-type")
    if len(media_types) != 1 or not accepts(media_types[0]):
        raise WrongMediaType(url=address, media_type=", ".join(media_types))
    if len(response.body) > bytes_max:  # the transport stops earlier; a transport of somebody else's might not
        raise BodyTooLarge(url=address, bytes=len(response.body))
    return Fetched(
        url=address,
        media_type=media_types[0],
        body=response.body,
        link=response.headers.get("link"),
        validators=Validators.of(address, response.headers),
    )
