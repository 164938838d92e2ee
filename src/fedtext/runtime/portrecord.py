"""The one replaceable record on which all ports hang: `fed.ports`.

Nothing else stores a port. Replacing the record swaps clock, network and backend under an application that is
already built.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..adapters.clocks import SystemClock
from ..adapters.coalesce import AsyncCoalesce, InlineCoalesce
from ..adapters.observers import LoggingObserver
from ..adapters.offload import InlineOffload, ThreadOffload
from ..adapters.randomness import SystemRandomness
from ..config import Config
from ..http import Request, Response
from ..ports import Backend, Clock, ExchangeLimits, Observer, Offload, PortSet, Randomness, Transport

TransportFactory = Callable[[], Transport]


class LazyTransport:
    """A transport that is made when the first request leaves: many processes only answer, and httpx loads slowly.

    Args:
        make: Makes the transport; called once.
    """

    __slots__ = ("_made", "_make")

    def __init__(self, make: TransportFactory) -> None:
        self._make = make
        self._made: Transport | None = None

    @property
    def made(self) -> Transport:
        """The transport itself."""
        if self._made is None:
            self._made = self._make()
        return self._made

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange; see `ports.Transport`."""
        return await self.made.send(request, limits)

    async def close(self) -> None:
        """Close idle connections, if there ever was one."""
        if self._made is not None:
            await self._made.close()


@attrs.define(kw_only=True)
class Ports:
    """Ports of both colours, made at first use.

    Args:
        backend: Storage; `connect(url)` makes one.
        async_transport: Makes the way out for asyncio.
        blocking_transport: Makes the way out that never suspends.
        clock: The time, for all of it.
        randomness: Chance.
        observer: Is told of every finished decision.
        offload: Where plain `def` callbacks run under asyncio.
    """

    backend: Backend
    async_transport: TransportFactory
    blocking_transport: TransportFactory
    clock: Clock = attrs.field(factory=SystemClock)
    randomness: Randomness = attrs.field(factory=SystemRandomness)
    observer: Observer = attrs.field(factory=LoggingObserver)
    offload: Offload = attrs.field(factory=ThreadOffload)
    _asynchronous: PortSet | None = attrs.field(default=None, init=False, repr=False)
    _blocking: PortSet | None = attrs.field(default=None, init=False, repr=False)

    def asynchronous(self) -> PortSet:
        """Give the ports for an event loop."""
        if self._asynchronous is None:
            opened = self.backend.asynchronous(self.clock)
            self._asynchronous = PortSet(
                transport=self.async_transport(),
                store=opened.store,
                queue=opened.queue,
                sql=opened.sql,
                clock=self.clock,
                randomness=self.randomness,
                offload=self.offload,
                coalesce=AsyncCoalesce(),
                observer=self.observer,
            )
        return self._asynchronous

    def blocking(self) -> PortSet:
        """Give the ports that never suspend."""
        if self._blocking is None:
            opened = self.backend.blocking(self.clock)
            self._blocking = PortSet(
                transport=self.blocking_transport(),
                store=opened.store,
                queue=opened.queue,
                sql=opened.sql,
                clock=self.clock,
                randomness=self.randomness,
                offload=InlineOffload(),
                coalesce=InlineCoalesce(),
                observer=self.observer,
            )
        return self._blocking

    async def close(self) -> None:
        """Close connections; the next use opens anew."""
        if self._asynchronous is not None:
            await self._asynchronous.transport.close()
        if self._blocking is not None:
            await self._blocking.transport.close()
        self._asynchronous = self._blocking = None
        self.backend.close()


def default_ports(backend: Backend, config: Config) -> Ports:
    """Make the ports of a real server: httpx behind the address guard, the system's clock and chance.

    A backend that belongs to a framework brings that framework's thread rules as `offload`.
    """

    def asynchronous() -> Transport:
        from ..adapters.transports import AsyncHttpxTransport

        return AsyncHttpxTransport(dev=config.dev, limits=config.limits, ports=config.fetch.ports)

    def blocking() -> Transport:
        from ..adapters.transports import BlockingHttpxTransport

        return BlockingHttpxTransport(dev=config.dev, limits=config.limits, ports=config.fetch.ports)

    offload: Offload = getattr(backend, "offload", None) or ThreadOffload()
    return Ports(
        backend=backend,
        async_transport=lambda: LazyTransport(asynchronous),
        blocking_transport=lambda: LazyTransport(blocking),
        offload=offload,
    )
