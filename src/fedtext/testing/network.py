"""A network without sockets: requests go straight to the engine of the federation that serves the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from ..adapters.offload import InlineOffload
from ..errors import FetchTimeout, Unreachable
from ..http import Headers, Request, Response
from ..runtime.edges import build_request
from ..wire.iri import parse_url

if TYPE_CHECKING:
    from ..ports import Clock, ExchangeLimits
    from ..runtime import Federation

Handler = Callable[[Request], Response]


@attrs.frozen(kw_only=True)
class Exchange:
    """One request that crossed the network, and the status of its answer (None: it never got one)."""

    request: Request
    status: int | None


class VirtualNetwork:
    """Connects federations by host; hosts can be cut off, and scripted handlers can stand in for servers."""

    def __init__(self) -> None:
        self._federations: dict[str, Federation] = {}
        self._handlers: dict[str, Handler] = {}
        self._cut: set[str] = set()
        self.exchanges: list[Exchange] = []

    def add(self, federation: Federation, clock: Clock | None = None) -> None:
        """Serve a federation here and let its requests go through this network.

        Args:
            federation: Its ports' transports (and clock, if given) are replaced.
            clock: Shared by all, usually a `ManualClock`.
        """
        self._federations[federation.site.authority] = federation
        ports = federation.ports
        federation.ports = attrs.evolve(
            ports,
            async_transport=lambda: VirtualTransport(self),
            blocking_transport=lambda: VirtualTransport(self),
            clock=clock if clock is not None else ports.clock,
            offload=InlineOffload(),
        )

    def script(self, authority: str, handler: Handler) -> None:
        """Let a function answer for a host."""
        self._handlers[authority] = handler

    def partition(self, authority: str) -> None:
        """Cut a host off: what is sent to it does not arrive."""
        self._cut.add(authority)

    def heal(self, authority: str | None = None) -> None:
        """Connect a host again; all of them when none is named."""
        self._cut = set() if authority is None else self._cut - {authority}

    async def carry(self, request: Request) -> Response:
        """Carry one request to its host and bring back the answer.

        Raises:
            Unreachable: No such host, or it is cut off.
        """
        response = await self._answer(request)
        self.exchanges.append(Exchange(request=request, status=None if response is None else response.status))
        if response is None:
            raise Unreachable("no such host on the virtual network", url=request.url)
        return response

    async def _answer(self, request: Request) -> Response | None:
        authority = parse_url(request.url).authority
        if authority in self._cut:
            return None
        if authority in self._handlers:
            return self._handlers[authority](request)
        federation = self._federations.get(authority)
        if federation is None:
            return None
        pairs = [("host", authority), *((n, v) for n, v in request.headers if n != "host")]
        arrived = build_request(
            method=request.method,
            scheme=request.scheme,
            target=request.target,
            pairs=pairs,
            limits=federation.config.limits,
        )
        arrived = attrs.evolve(arrived, body=request.body)
        answer = await federation.engine.handle(arrived, federation.ports.asynchronous())
        return answer if answer is not None else Response(status=404, headers=Headers())


class VirtualTransport:
    """A transport over a virtual network."""

    def __init__(self, network: VirtualNetwork) -> None:
        self._network = network

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange."""
        if limits.exchange_s_max <= 0:
            raise FetchTimeout(url=request.url)
        response = await self._network.carry(request)
        return attrs.evolve(response, url=request.url)

    async def close(self) -> None:
        """Nothing is open."""
