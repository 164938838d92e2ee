"""A server of ours at one edge, alice who is honest and eve who is not, and all that can be seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from tests.edges import Edge
from tests.receiving import KEYS, NOW_S, SITE, Blocklist, Peer, PeerActor

from fedtext import Activity, BlockingContext, Config, Context, Federation, Note, Person
from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import LoggingObserver, RecordingObserver
from fedtext.errors import FedtextError
from fedtext.http import Request, Response
from fedtext.ports import Event, store_prefix
from fedtext.testing.network import VirtualNetwork
from fedtext.testing.peers import SharedKeys
from fedtext.vocab import PUBLIC

SHARED = "/ap/inbox"
# What may be left in the store by a request that was refused: what was fetched for it, and of whom it was asked.
OF_FETCHES = (
    *("key", "key-fetched", "assertion-key", "assertion-key-fetched", "object", "fetch-host", "scheme"),
    *("keypair", "keyset"),
)


class Witness(RecordingObserver):
    """Keeps every event, and writes it to the log, too."""

    def emit(self, event: Event) -> None:
        """Take one event."""
        super().emit(event)
        LoggingObserver().emit(event)


class JumpingClock(ManualClock):
    """A clock whose wall time can be set; the other one never goes back."""

    def __init__(self, start_s: float) -> None:
        super().__init__(start_s)
        self._off_s = 0.0

    def now_s(self) -> float:
        """Give seconds since the epoch, as the wall has it."""
        return super().now_s() + self._off_s

    def jump(self, seconds: float) -> None:
        """Set the wall so many seconds off what is right."""
        self._off_s = seconds


@attrs.frozen(kw_only=True)
class State:
    """All that a refusal must leave as it was."""

    stored: dict[str, bytes]
    waiting: int
    fetched: list[str]
    heard: int


class Scene:
    """A federation with one actor, bob, a note for all, one for alice, and a listener to everything.

    Args:
        edge: Where it is asked.
        config: Its settings.
        use: Behaviors.
        site: Its origin.
        pk: What its one actor is called.
    """

    def __init__(
        self, edge: Edge, *, config: Config | None = None, use: tuple[Any, ...] = (), site: str = SITE, pk: str = "bob"
    ) -> None:
        self.edge = edge
        self.pk = pk
        self._of_fetches = tuple(store_prefix(site, part) for part in OF_FETCHES)
        self.network = VirtualNetwork()
        self.clock = JumpingClock(NOW_S)
        self.observer = Witness()
        self.policy = Blocklist()
        self.heard: list[Activity] = []
        self.unverified: list[str] = []
        self.federation = Federation(
            site,
            backend=MemoryBackend(),
            config=config,
            keys=SharedKeys(),
            worker="off",
            observer=self.observer,
            refuse=lambda iri: self.policy(iri),
        )
        self.federation.actor("/users/{pk}")(self._actor)
        self.federation.object("/notes/{pk}")(self._note)
        self.federation.on(Activity)(self._hear)
        self.federation.on_unverified(self._hear_unverified)
        self.federation.use(*use)
        self.network.add(self.federation, self.clock, blocking=edge.blocking)
        self.home, self.evil = Peer(self.network), Peer(self.network, "evil.example.org")
        self.alice: PeerActor = self.home.actor()
        self.eve: PeerActor = self.evil.actor("eve", KEYS[2])
        edge.serve(self.federation)

    def _actor(self, context: BlockingContext, pk: str) -> Person | None:
        return context.actor(Person, handle=pk) if pk == self.pk else None

    def _note(self, context: BlockingContext, pk: str) -> Note | None:
        to = {"1": PUBLIC, "private": self.alice.id}.get(pk)
        return Note(attributed_to=context.actor_uri(self.pk), content="secret", to=to) if to is not None else None

    def _hear(self, _context: BlockingContext, activity: Activity) -> None:
        self.heard.append(activity)

    def _hear_unverified(self, _context: BlockingContext, error: FedtextError, _claimed: object) -> None:
        self.unverified.append(error.code)

    @property
    def context(self) -> Context:
        """A context outside of callbacks."""
        return self.federation.engine.context(self.edge.ports)

    def answer(self, request: Request) -> Response:
        """Ask, then let the worker do all that waits."""
        response = self.edge.send(request)
        self.edge.work()
        return response

    def state(self) -> State:
        """Give all that a refusal must leave as it was."""
        return State(
            stored=dict(self.edge.do(self.edge.ports.store.scan("", limit=10_000))),
            waiting=self.edge.do(self.edge.ports.queue.depth()).waiting,
            fetched=self.fetched,
            heard=len(self.heard),
        )

    def refuses(self, request: Request, *statuses: int, fetches_max: int = 0) -> Response:
        """Send what must be refused: nothing is dispatched, and in the store there is nothing but what was fetched."""
        before = self.state()
        response = self.answer(request)
        after = self.state()
        assert response.status in statuses, (response.status, response.body)
        assert (after.heard, after.waiting) == (before.heard, before.waiting)
        assert len(after.fetched) - len(before.fetched) <= fetches_max, after.fetched
        new = {key for key, value in after.stored.items() if before.stored.get(key) != value}
        strange = {key for key in new if not key.startswith(self._of_fetches)}
        assert not strange, strange
        assert not new or after.fetched != before.fetched
        assert not any(host in response.body for host in (b"a.example.com", b"evil.example.org")), "nothing is echoed"
        return response

    def takes(self, request: Request) -> Activity:
        """Send what must be taken, and heard once; gives what was heard."""
        before = len(self.heard)
        response = self.answer(request)
        assert response.status == 202, (response.status, response.body)
        assert len(self.heard) == before + 1
        return self.heard[-1]

    @property
    def fetched(self) -> list[str]:
        """What was asked of others, in order."""
        return [exchange.request.url for exchange in self.network.exchanges]

    def faults(self) -> list[object]:
        """Give the faults of ours that the observer was told of."""
        return [event.fields["error"] for event in self.observer.named("request.fault")]


Attack = Callable[[Scene], Request]
