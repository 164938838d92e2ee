"""`Fediverse`: a small network of servers in one process, for tests of an app: virtual hosts, a virtual clock.

Nothing opens a socket or sleeps, and the same seed gives the same run.

Example:
    >>> async def test_a_reply_reaches_bob() -> None:
    ...     async with Fediverse(seed=7) as net:
    ...         net.bind(fed, app)
    ...         bob = await net.peer("mastodon.example", profile="mastodon").actor("bob")
    ...         await bob.follow("@alice@blog.example")
    ...         await net.settle()
    ...         assert bob.inbox.has(Accept)
"""

from __future__ import annotations

from hashlib import sha256
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

from ..adapters.clocks import ManualClock
from ..adapters.observers import RecordingObserver
from ..adapters.randomness import SeededRandomness
from ..errors import ConfigurationError
from ..runtime import Event, Federation, Observer, Ports
from ..runtime.served import WorkerMode
from .apps import App, is_asgi
from .network import VirtualNetwork
from .peers import BlockingPeer, Peer

if TYPE_CHECKING:
    from typing import Self

_START_S = 1_790_000_000.0
_STEPS_MAX = 100_000


@attrs.frozen
class Bound:
    """A federation of the test's own while it is bound to the network."""

    federation: Federation

    @property
    def host(self) -> str:
        """Its name on the network."""
        return self.federation.site.authority


@attrs.frozen(kw_only=True)
class _Before:
    federation: Federation
    ports: Ports
    worker_mode: WorkerMode


@attrs.frozen
class _Both:
    """Tells two observers."""

    first: Observer
    second: Observer

    def emit(self, event: Event) -> None:
        self.first.emit(event)
        self.second.emit(event)


class _Ground:
    """What both colours share: hosts, clock, chance, and what is put back in the end."""

    def __init__(self, seed: int, start_s: float, *, blocking: bool) -> None:
        self.seed = seed
        self.clock = ManualClock(start_s)
        self.network = VirtualNetwork()
        self.observer = RecordingObserver()
        self._blocking = blocking
        self._order = Random(seed)  # noqa: S311 - being predictable is its purpose
        self._federations: list[Federation] = []
        self._before: list[_Before] = []
        self._peers: dict[str, Peer] = {}

    def bind(self, federation: Federation, app: App | None = None) -> Bound:
        """Put a federation on the network; ports and worker are its own again when the `with` block ends.

        Args:
            federation: Its storage stays what it is; clock, chance and network are swapped, and its worker runs in
                `settle` only.
            app: The ASGI or WSGI application that holds it: then others reach it through that.

        Raises:
            ConfigurationError: The host is taken, or an ASGI application in a blocking test.
        """
        if self._blocking and app is not None and is_asgi(app):
            raise ConfigurationError("an ASGI application needs an `async with` test")
        before = _Before(federation=federation, ports=federation.ports, worker_mode=federation.worker_mode)
        observer = _Both(before.ports.observer, self.observer)
        self._add(federation, app=app, observer=observer, blocking=self._blocking)
        self._before.append(before)
        federation.worker_mode = "off"
        return Bound(federation)

    def partition(self, host: str) -> None:
        """Cut a host off from all others."""
        self.network.partition(host)

    def heal(self, host: str | None = None) -> None:
        """Connect a host again; all of them when none is named."""
        self.network.heal(host)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let time pass for all; nothing is done until the network settles."""
        self.clock.advance(((days * 24 + hours) * 60 + minutes) * 60 + seconds)

    def _peer(self, host: str, profile: str) -> Peer:
        if host not in self._peers:
            peer = Peer(host, profile)
            # peers never suspend, so that an app behind a WSGI door can ask them in any test
            self._add(peer.federation, app=None, observer=self.observer, blocking=True)
            self.network.guard(host, peer.profile.answer)
            self._peers[host] = peer
        return self._peers[host]

    def _add(self, federation: Federation, *, app: App | None, observer: Observer, blocking: bool) -> None:
        mixed = sha256(f"{self.seed} {federation.site.origin}".encode()).digest()
        self.network.add(
            federation,
            self.clock,
            app=app,
            blocking=blocking,
            randomness=SeededRandomness(int.from_bytes(mixed[:8], "big")),
            observer=observer,
        )
        self._federations.append(federation)

    def _in_some_order(self) -> list[Federation]:
        """Give the servers in the seed's next order, so that seeds try different interleavings."""
        return self._order.sample(self._federations, len(self._federations))

    def _put_back(self) -> None:
        for before in self._before:
            before.federation.ports = before.ports
            before.federation.worker_mode = before.worker_mode
        self._before.clear()
        for peer in self._peers.values():
            peer.federation.ports.backend.close()


class Fediverse(_Ground):
    """A network for tests; `async with`, or a plain `with`, which gives a `BlockingFediverse`.

    Args:
        seed: The same seed gives the same run.
        start_s: What the clock shows at first, in seconds since the epoch.
    """

    def __init__(self, seed: int = 0, *, start_s: float = _START_S) -> None:
        super().__init__(seed, start_s, blocking=False)
        self._start_s = start_s
        self._plain: BlockingFediverse | None = None

    def peer(self, host: str, profile: str = "mastodon") -> Peer:
        """Give the peer server of this name; it is made at first.

        Args:
            host: Its name.
            profile: One of `fedtext.testing.peers.PROFILES`.

        Raises:
            ConfigurationError: No such profile, or the host is taken.
        """
        return self._peer(host, profile)

    async def settle(self) -> int:
        """Let all workers work until nothing is due; gives how many steps that took.

        Raises:
            ConfigurationError: There is no end to it.
        """
        for steps in range(_STEPS_MAX):
            for federation in self._in_some_order():
                if await federation.worker().step():
                    break
            else:
                return steps
        raise ConfigurationError("the network does not settle", steps=_STEPS_MAX)

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put back what was swapped."""
        self._put_back()

    def __enter__(self) -> BlockingFediverse:
        """Begin, for a plain test."""
        self._plain = BlockingFediverse(self.seed, start_s=self._start_s)
        return self._plain

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put back what was swapped."""
        if self._plain is not None:
            self._plain.close()


class BlockingFediverse(_Ground):
    """A network for plain tests: the same names, called instead of awaited, without an event loop."""

    def __init__(self, seed: int = 0, *, start_s: float = _START_S) -> None:
        super().__init__(seed, start_s, blocking=True)
        self._blocking_peers: dict[str, BlockingPeer] = {}

    def peer(self, host: str, profile: str = "mastodon") -> BlockingPeer:
        """Give the peer server of this name; it is made at first."""
        if host not in self._blocking_peers:
            self._blocking_peers[host] = BlockingPeer(self._peer(host, profile))
        return self._blocking_peers[host]

    def settle(self) -> int:
        """Let all workers work until nothing is due; gives how many steps that took.

        Raises:
            ConfigurationError: There is no end to it.
        """
        for steps in range(_STEPS_MAX):
            for federation in self._in_some_order():
                if federation.worker().step_blocking():
                    break
            else:
                return steps
        raise ConfigurationError("the network does not settle", steps=_STEPS_MAX)

    def close(self) -> None:
        """Put back what was swapped."""
        self._put_back()
