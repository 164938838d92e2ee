"""How a question is put: through the guarded transport, redirects followed and noted, signed where that is asked for.

Invariants: what gives no answer is an answer without a response; a redirect never leads from https to http; nothing
that is posted is ever redirected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from ...errors import FedtextError, FetchRefused
from ...http import Request, Response
from ...keys import generate_rsa
from ...ports.transport import ExchangeLimits
from ...signatures import sign
from ...wire.iri import parse_url, resolve
from ...wire.media_types import ACTIVITY_JSON
from .facts import Answer
from .identity import Identity

HOPS_MAX: Final = 5
_REDIRECTS: Final = (301, 302, 303, 307, 308)


class Asking:
    """Puts questions on behalf of somebody.

    Args:
        identity: Who asks.
    """

    def __init__(self, identity: Identity) -> None:
        federation = identity.federation
        self._identity = identity
        self._user_agent = federation.engine.user_agent
        self._limits = ExchangeLimits.of(federation.config.limits)
        self._transport = federation.ports.asynchronous().transport
        self._clock = federation.ports.clock

    async def get(self, url: str, accept: str, *, is_signed: bool = False) -> Answer:
        """Ask for an address, and for those to which it redirects, `HOPS_MAX` at most."""
        hops: list[str] = []
        try:
            while True:
                hops.append(url)
                request = Request.to(url, headers=[("accept", accept), ("user-agent", self._user_agent)])
                response = await self._transport.send(self._signed(request) if is_signed else request, self._limits)
                if response.status not in _REDIRECTS:
                    return self._answer(response, hops)
                url = next_hop(url, response, hops)
        except FedtextError as error:
            return self._failure(error, hops)

    async def post(self, url: str, body: bytes, *, kind: str = ACTIVITY_JSON) -> Answer:
        """Post to an address, unsigned."""
        return await self.send(self.request(url, body, kind=kind))

    def request(self, url: str, body: bytes, *, kind: str = ACTIVITY_JSON) -> Request:
        """Give what is posted, unsigned."""
        headers = [("accept", ACTIVITY_JSON), ("user-agent", self._user_agent), ("content-type", kind)]
        return Request.to(url, method="POST", headers=headers, body=body)

    def forged(self, request: Request) -> Request:
        """Sign a request with a key that is not the one that is published under the key id."""
        return sign(request, generate_rsa(), key_id=self._identity.key_id, now_s=self._clock.now_s())

    def signed(self, request: Request, *, host: str | None = None) -> Request:
        """Sign a request as every peer does.

        Args:
            request: To be sent.
            host: For which it is signed; it is sent with its own all the same.
        """
        own = request.authority
        signed = self._signed(request if host is None else attrs.evolve(request, authority=host))
        return attrs.evolve(signed, authority=own, headers=signed.headers.with_fields(("host", own)))

    async def send(self, request: Request) -> Answer:
        """Send a request as it is; redirects are not followed."""
        try:
            return self._answer(await self._transport.send(request, self._limits), [request.url])
        except FedtextError as error:
            return self._failure(error, [request.url])

    def _signed(self, request: Request) -> Request:
        who = self._identity
        return sign(request, who.private, key_id=who.key_id, now_s=self._clock.now_s())

    def _answer(self, response: Response, hops: Sequence[str]) -> Answer:
        return Answer(response=response, hops=tuple(hops), seen_s=self._clock.now_s())

    def _failure(self, error: FedtextError, hops: Sequence[str]) -> Answer:
        return Answer(response=None, hops=tuple(hops), problem=error.message, seen_s=self._clock.now_s())


def next_hop(url: str, response: Response, hops: Sequence[str]) -> str:
    """Give where a redirect leads; pure.

    Args:
        url: That redirects.
        response: The redirect.
        hops: Addresses that were asked already.

    Raises:
        FetchRefused: Nowhere, in a circle, too far, or away from https.
        MalformedIri: To what is no address.
    """
    target = str(resolve(response.headers.get("location") or "", parse_url(url))).partition("#")[0]
    if url.startswith("https://") and not target.startswith("https://"):
        raise FetchRefused(f"it redirects away from https, to {target}", url=url)
    if target in hops or len(hops) > HOPS_MAX:
        raise FetchRefused("it redirects too often, or in a circle", url=url)
    return target
