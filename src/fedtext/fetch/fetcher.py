"""The one way to a document: policy, budget, redirects, signature; no meaning yet.

Invariants: each hop and each knock draws from the budget and is signed anew for its own host (SIG-35, SEC-107); a
redirect never goes from https to http (SEC-104) and never comes back to a visited address (SEC-097); the own origins
are never fetched over the network (SEC-106); what arrives is bytes of an accepted media type, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from ..config import Config
from ..errors import BodyTooLarge, FetchRefused, Gone, HTTPStatusError, MalformedIri, Unreachable, WrongMediaType
from ..http import Request, Response
from ..ports import ExchangeLimits, PortSet
from ..wire.iri import Url, parse_url, resolve
from .budget import Budget
from .knocking import Signer, send_signed

_REDIRECTS = (301, 302, 303, 307, 308)
# A host that answers so may answer otherwise in a while (SEC-070, SEC-118).
_PASSING_STATUSES = (408, 425, 429)


@attrs.frozen(kw_only=True)
class Fetched:
    """What was found: the address that answered at last, and its body (decoded, bounded)."""

    url: str
    media_type: str
    body: bytes


@attrs.frozen(kw_only=True)
class Fetcher:
    """All that a fetch needs.

    Args:
        ports: Of the colour of the caller.
        config: Limits and policies.
        site: The origin on whose behalf it is fetched; prefixes cache keys.
        own_origins: Origins that are served here and therefore never fetched.
        user_agent: Never blank (DLV-14).
        signer: Gives the instance actor's keys; None: requests go unsigned.
    """

    ports: PortSet
    config: Config
    site: str
    own_origins: frozenset[str]
    user_agent: str
    signer: Signer | None = None

    def is_own(self, url: Url) -> bool:
        """Tell whether an address is served here, by whatever scheme and with or without a dot at the end (SEC-106)."""
        port = "" if url.port is None else f":{url.port}"
        authority = url.host.removesuffix(".") + port
        return not self.own_origins.isdisjoint((f"https://{authority}", f"http://{authority}"))

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
    ) -> Fetched:
        """Fetch one URL, following at most `redirects_count_max` redirects.

        Args:
            url: Absolute.
            accept: The Accept header.
            accepts: Tells whether a Content-Type is one of those wanted.
            budget: Drawn from once a knock.
            bytes_max: Bound of the decoded body; None: `document_bytes_max`.
            signed: Whether to sign with the instance actor's keys, as the host takes it (see `knocking`).

        Raises:
            FetchRefused: An address that may not be fetched, a downgrade or a loop.
            Gone: 410 (permanent).
            HTTPStatusError: Any other status than 200.
            Unreachable: No connection, or a status that passes (5xx, 429): worth a retry.
            WrongMediaType: The answer is of another type.
            BodyTooLarge: It is longer than `bytes_max`.
            BudgetExhausted: See `Budget`.
        """
        visited: set[str] = set()
        current = url
        for _hop in range(self.config.limits.redirects_count_max + 1):
            address = self._admit(current, visited)
            response = await self._exchange(address, accept=accept, budget=budget, bytes_max=bytes_max, signed=signed)
            if response.status not in _REDIRECTS:
                return _judge(response, address, accepts, bytes_max or self.config.limits.document_bytes_max)
            current = _next_hop(address, response)
        raise FetchRefused("too many redirects", url=url)

    def _admit(self, url: str, visited: set[str]) -> str:
        try:
            parsed = parse_url(url)
        except MalformedIri as error:
            raise FetchRefused("not an address that may be fetched", url=url) from error
        if self.is_own(parsed):
            raise FetchRefused("this address is served here", url=url)
        address = str(parsed).partition("#")[0]
        if address in visited:
            raise FetchRefused("the redirects go in a circle", url=url)
        visited.add(address)
        return address

    async def _exchange(
        self, address: str, *, accept: str, budget: Budget, bytes_max: int | None, signed: bool
    ) -> Response:
        request = Request.to(address, headers=[("accept", accept), ("user-agent", self.user_agent)])
        limits = ExchangeLimits.of(self.config.limits, body_bytes_max=bytes_max)

        def before() -> ExchangeLimits:
            budget.spend(address)
            return attrs.evolve(limits, exchange_s_max=min(limits.exchange_s_max, max(0.05, budget.seconds_left)))

        if not signed or self.signer is None:
            return await self.ports.transport.send(request, before())
        return await send_signed(request, self.signer, ports=self.ports, site=self.site, before=before)


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
    return Fetched(url=address, media_type=media_types[0], body=response.body)
