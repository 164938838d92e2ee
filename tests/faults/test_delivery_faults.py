"""Every port call of one outbound post fails once, before or after its work: nothing acknowledged is lost.

The post goes to followers behind a shared inbox and to one with an inbox of his own, to somebody by id, to somebody by
handle, and to an actor of our own: publish -> resolve -> fan-out -> look-up -> deliver.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from fedtext import PUBLIC, Context, Create, Federation, Note, Page, PageRequest, Person
from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.config import Config, DeliveryPolicy
from fedtext.delivery import Follower
from fedtext.errors import FedtextError, PortError, QueueError, StoreError, TransportError, Unreachable
from fedtext.http import Headers, Request, Response
from fedtext.ports import Backend, PortSet
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth, Moment
from fedtext.testing.network import OneColour, VirtualNetwork
from fedtext.testing.peers import SharedKeys

AP, JRD = "application/activity+json", "application/jrd+json"
HOME, ALICE, CAROL = "https://home.example.com", "https://home.example.com/users/1", "https://home.example.com/users/2"
RECIPIENTS = {
    "shared.example.org /inbox",
    "alone.example.org /users/x/inbox",
    "named.example.org /inbox",
    "handle.example.org /inbox",
    "carol",
}


class FaultyPorts(OneColour):
    """Ports of which one call fails."""

    fault = FailNth(0)

    def blocking(self) -> PortSet:
        return self.fault.wrap_all(super().blocking())


def follower(host: str, name: str, *, shared: bool = True) -> Follower:
    actor_id = f"https://{host}/users/{name}"
    return Follower(
        actor_id=actor_id, inbox=f"{actor_id}/inbox", shared_inbox=f"https://{host}/inbox" if shared else None
    )


class Crowd:
    """Followers on two hosts and one of our own, two on a page."""

    people = (
        follower("shared.example.org", "a"),
        follower("shared.example.org", "b"),
        follower("alone.example.org", "x", shared=False),
        Follower(actor_id=CAROL, inbox=f"{CAROL}/inbox"),
    )

    async def page(self, context: Context, pk: str, page: PageRequest) -> Page[Follower]:
        start = int(page.cursor or 0)
        end = start + page.size
        return Page(self.people[start:end], next=str(end) if end < len(self.people) else None)

    async def contains(self, context: Context, pk: str, actor_id: str) -> bool:
        return False

    async def count(self, context: Context, pk: str) -> int:
        return len(self.people)

    async def following_count(self, context: Context, pk: str) -> int:
        return 0


class Post:
    """A row of the app."""

    pk = 7


class Run:
    """One server that publishes one post while the n-th call of its ports fails."""

    def __init__(self, backend: Backend, fault: FailNth) -> None:
        self.got = Counter[str]()
        self.contents = set[bytes]()
        self.clock = ManualClock(1_790_000_000.0)
        self.fault = fault
        network = VirtualNetwork()
        config = Config(delivery=DeliveryPolicy(followers_page_max=2))
        self.fed = Federation(HOME, backend=backend, worker="off", keys=SharedKeys(), config=config)
        self.fed.followers(Crowd())
        self._register()
        network.add(self.fed, self.clock, blocking=True)
        for recipient in RECIPIENTS - {"carol"}:
            network.script(recipient.split()[0], self._serve)
        ports = self.fed.ports
        self.fed.ports = FaultyPorts(
            backend=backend,
            async_transport=ports.async_transport,
            blocking_transport=ports.blocking_transport,
            clock=ports.clock,
            offload=ports.offload,
        )
        self.fed.ports.fault = fault

    def _register(self) -> None:
        @self.fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person:
            return context.actor(Person, handle=f"user{pk}")

        @self.fed.object("/posts/{pk}", source=Post)
        def note(context: Context, post: Post) -> Note:
            cc = ["https://named.example.org/users/n", "acct:h@handle.example.org"]
            return Note(attributed_to=ALICE, content="hello", to=PUBLIC, cc=cc)

        @self.fed.on(Create)
        async def received(context: Context, create: Create[Any]) -> None:
            self.got["carol"] += context.recipient == "2"

    def _serve(self, request: Request) -> Response:
        host = request.authority
        if request.method == "POST":
            self.got[f"{host} {request.path}"] += 1
            self.contents.add(request.body)
            return Response(status=202)
        actor_id = f"https://{host}/users/{'h' if host.startswith('handle') else 'n'}"
        document: dict[str, Any] = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": actor_id,
            "type": "Person",
            "preferredUsername": actor_id[-1],
            "inbox": f"{actor_id}/inbox",
            "endpoints": {"sharedInbox": f"https://{host}/inbox"},
        }
        media_type = AP
        if request.path == "/.well-known/webfinger":
            media_type = JRD
            document = {"subject": f"acct:h@{host}", "links": [{"rel": "self", "type": AP, "href": actor_id}]}
        headers = Headers.build([("content-type", media_type)])
        return Response(status=200, headers=headers, body=json.dumps(document).encode())

    def publish(self) -> bool:
        """Tell whether it was acknowledged."""
        try:
            self.fed.publish(Post())
        except FedtextError:
            return False
        return True

    def settle(self) -> None:
        """Work as workers do that are started again when they fail, until nothing is left to do."""
        worker = self.fed.worker()
        for _ in range(200):
            try:
                while worker.step_blocking():
                    pass
                if not run_sync(self.fed.ports.blocking().queue.depth()).waiting:
                    return
            except PortError:
                pass
            self.clock.advance(61)  # a lease that nobody gave back has run out
        raise AssertionError("the queue does not come to rest")

    def buried(self) -> list[str]:
        return [reason for _job, reason in run_sync(self.fed.ports.blocking().queue.buried())]


@pytest.fixture(params=["memory", "sqlite"])
def backends(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Any]:
    """Give a fresh backend for each run."""
    made: list[Any] = []

    def make() -> Backend:
        path = tmp_path / f"{len(made)}.sqlite3"
        made.append(MemoryBackend() if request.param == "memory" else SqliteBackend(path))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


def test_without_a_fault_everybody_gets_it_once(backends):
    run = Run(backends(), FailNth(0))
    assert run.publish()
    run.settle()
    assert run.got == dict.fromkeys(RECIPIENTS, 1)
    assert len(run.contents) == 1
    assert run.fault.calls > 50


METHODS = {
    QueueError: {"enqueue", "claim", "ack_all", "retry", "release", "extend"},
    StoreError: {"get", "get_many", "put", "add_if_absent", "scan"},
    TransportError: {"send"},
    Unreachable: {"send"},
}


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize("kind", list(METHODS), ids=lambda kind: kind.__name__)
def test_whatever_fails_nothing_acknowledged_is_lost(backends, kind, moment):
    failed = list[str | None]()
    for nth in range(1, 1_000):
        fault = FailNth(nth, error=kind("on purpose"), moment=moment, methods=METHODS[kind])
        run = Run(backends(), fault)
        acknowledged = run.publish()
        if not acknowledged and moment is Moment.BEFORE:
            run.settle()
            assert run.got == {}, "what was refused was sent all the same"
        if not acknowledged:
            assert run.publish()
        run.settle()
        if fault.fired is None:
            break
        failed.append(fault.fired)
        assert {name for name, count in run.got.items() if count} == RECIPIENTS, (nth, fault.fired)
        assert all(count <= 2 for count in run.got.values()), (nth, fault.fired, run.got)
        assert run.buried() == [], (nth, fault.fired)
    assert set(failed) >= METHODS[kind] - {"ack_all", "retry", "extend", "scan", "get_many"}
    assert len(failed) >= (6 if kind in (TransportError, Unreachable) else 10)
