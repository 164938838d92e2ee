"""The one replaceable record on which all ports hang: `fed.ports`.

Nothing else stores a port. Replacing the record swaps clock, network and backend under an application that is
already built.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import attrs

from ..adapters.clocks import SystemClock
from ..adapters.coalesce import AsyncCoalesce, InlineCoalesce
from ..adapters.observers import LoggingObserver
from ..adapters.offload import InlineOffload, ThreadOffload
from ..adapters.randomness import SystemRandomness
from ..config import Config
from ..ports import Backend, Clock, Observer, Offload, Opened, PortSet, Randomness, Transport
from .announcing import Announcer, announced
from .outgoing import TransportFactory, TransportName, choose_transport


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
        announcer: Is told of every task that was added: an engine that carries the lanes; None: a worker looks.
    """

    backend: Backend
    async_transport: TransportFactory
    blocking_transport: TransportFactory
    clock: Clock = attrs.field(factory=SystemClock)
    randomness: Randomness = attrs.field(factory=SystemRandomness)
    observer: Observer = attrs.field(factory=LoggingObserver)
    offload: Offload = attrs.field(factory=ThreadOffload)
    announcer: Announcer | None = None
    _asynchronous: PortSet | None = attrs.field(default=None, init=False, repr=False)
    _blocking: PortSet | None = attrs.field(default=None, init=False, repr=False)

    def asynchronous(self) -> PortSet:
        """Give the ports for an event loop."""
        if self._asynchronous is None:
            opened = self._announced(self.backend.asynchronous(self.clock), blocking=False)
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
            opened = self._announced(self.backend.blocking(self.clock), blocking=True)
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

    def _announced(self, opened: Opened, *, blocking: bool) -> Opened:
        return opened if self.announcer is None else announced(opened, self.announcer, blocking=blocking)

    async def close(self) -> None:
        """Let go of connections, threads and files, whatever one of them raises; the next use opens anew."""
        opened = [ports for ports in (self._asynchronous, self._blocking) if ports is not None]
        self._asynchronous = self._blocking = None
        async with AsyncExitStack() as closing:
            closing.callback(self.backend.close)
            if isinstance(self.offload, ThreadOffload):  # one of a framework is the framework's
                closing.callback(self.offload.close)
            for ports in opened:
                closing.push_async_callback(ports.transport.close)


def default_ports(backend: Backend, config: Config, transport: TransportName | Transport = "httpx") -> Ports:
    """Make the ports of a real server: a transport behind the address guard, the system's clock and chance.

    A backend that belongs to a framework brings that framework's thread rules as `offload`.

    Raises:
        ConfigurationError: There is no such transport, or its library is not installed.
    """
    asynchronous, blocking = choose_transport(transport, config)
    offload: Offload = getattr(backend, "offload", None) or ThreadOffload()
    return Ports(backend=backend, async_transport=asynchronous, blocking_transport=blocking, offload=offload)
