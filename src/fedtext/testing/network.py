"""A network without sockets: requests go straight to the federation, or to the app, that serves the host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import attrs

from ..adapters.offload import InlineOffload
from ..errors import ConfigurationError, FedtextError, FetchTimeout, Unreachable
from ..http import Headers, Request, Response
from ..runtime import Federation, Ports
from ..runtime.edges import build_request, fault, refusal
from ..wire.iri import parse_url
from .apps import App, ask

if TYPE_CHECKING:
    from ..ports import Clock, ExchangeLimits, Observer, PortSet, Randomness

Handler = Callable[[Request], Response]
Guard = Callable[[Request], Response | None]
_Server = Callable[[Request], Awaitable[Response]]


@attrs.frozen(kw_only=True)
class Exchange:
    """One request that crossed the network, and the status of its answer (None: it never got one)."""

    request: Request
    status: int | None


class OneColour(Ports):
    """Ports of which both colours are the blocking one: nothing suspends, so nothing needs an event loop."""

    def asynchronous(self) -> PortSet:
        """Give the ports that never suspend."""
        return self.blocking()


class VirtualNetwork:
    """Connects federations by host; hosts can be cut off, and scripted handlers can stand in for servers."""

    def __init__(self) -> None:
        self._servers: dict[str, _Server] = {}
        self._guards: dict[str, Guard] = {}
        self._cut: set[str] = set()
        self.exchanges: list[Exchange] = []

    def add(
        self,
        federation: Federation,
        clock: Clock | None = None,
        *,
        app: App | None = None,
        blocking: bool = False,
        randomness: Randomness | None = None,
        observer: Observer | None = None,
    ) -> Ports:
        """Serve a federation here and let its requests go through this network.

        Args:
            federation: Its record of ports is replaced.
            clock: Shared by all, usually a `ManualClock`.
            app: The ASGI or WSGI application that holds the federation; without one requests go to it directly.
            blocking: Whether everything is done by ports that never suspend.
            randomness: Instead of its own.
            observer: Instead of its own.

        Returns:
            The record of ports that it had before.

        Raises:
            ConfigurationError: The host is served already.
        """
        authority = federation.site.authority
        if authority in self._servers:
            raise ConfigurationError("this host is served already", host=authority)
        before = federation.ports
        brought = getattr(before.backend, "offload", None)  # a framework's thread rules hold here too
        make = OneColour if blocking else Ports
        federation.ports = make(
            backend=before.backend,
            async_transport=lambda: VirtualTransport(self, authority),
            blocking_transport=lambda: VirtualTransport(self, authority),
            clock=clock if clock is not None else before.clock,
            randomness=randomness if randomness is not None else before.randomness,
            observer=observer if observer is not None else before.observer,
            offload=InlineOffload() if blocking or brought is None else brought,
        )
        self._servers[authority] = _serve(federation) if app is None else _forward(app)
        return before

    def script(self, authority: str, handler: Handler) -> None:
        """Let a function answer for a host."""

        async def serve(request: Request) -> Response:
            return handler(request)

        self._servers[authority] = serve

    def guard(self, authority: str, guard: Guard) -> None:
        """Let a function answer before a host does; what it gives no answer to goes on to the host."""
        self._guards[authority] = guard

    def partition(self, authority: str) -> None:
        """Cut a host off: what is sent to it, or by it, does not arrive."""
        self._cut.add(authority)

    def heal(self, authority: str | None = None) -> None:
        """Connect a host again; all of them when none is named."""
        self._cut = set() if authority is None else self._cut - {authority}

    async def carry(self, request: Request, sender: str | None = None) -> Response:
        """Carry one request to its host and bring back the answer.

        Args:
            request: To be carried.
            sender: Host that it comes from, if that is one of this network.

        Raises:
            Unreachable: No such host, or one of the two is cut off.
        """
        authority = parse_url(request.url).authority
        server = None if {authority, sender} & self._cut else self._servers.get(authority)
        guard = None if server is None else self._guards.get(authority)
        response = None if guard is None else guard(request)
        if response is None and server is not None:
            response = await server(_arrived(request, authority))
        self.exchanges.append(Exchange(request=request, status=None if response is None else response.status))
        if response is None:
            raise Unreachable("no such host on the virtual network", url=request.url)
        return response


def _arrived(request: Request, authority: str) -> Request:
    """Give a request as a server sees it: exactly one Host, the one that was asked for."""
    fields = [("host", authority), *((name, value) for name, value in request.headers if name != "host")]
    return attrs.evolve(request, authority=authority, headers=Headers.build(fields))


def _serve(federation: Federation) -> _Server:
    """Answer as the doors do, without one."""

    async def serve(request: Request) -> Response:
        ports = federation.ports.asynchronous()
        try:
            arrived = build_request(
                method=request.method,
                scheme=request.scheme,
                target=request.target,
                pairs=request.headers,
                limits=federation.config.limits,
            )
            answer = await federation.engine.handle(attrs.evolve(arrived, body=request.body), ports)
        except FedtextError as error:
            return refusal(error)
        except Exception as error:  # the edge, as in the doors
            return fault(error, ports.observer)
        return answer if answer is not None else Response(status=404)

    return serve


def _forward(app: App) -> _Server:
    async def serve(request: Request) -> Response:
        return await ask(app, request)

    return serve


class VirtualTransport:
    """A transport over a virtual network.

    Args:
        network: What carries.
        sender: Host that the requests come from, for partitions.
    """

    def __init__(self, network: VirtualNetwork, sender: str | None = None) -> None:
        self._network = network
        self._sender = sender

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange."""
        if limits.exchange_s_max <= 0:
            raise FetchTimeout(url=request.url)
        response = await self._network.carry(request, self._sender)
        return attrs.evolve(response, url=request.url)

    async def close(self) -> None:
        """Nothing is open."""
