"""What two peers said arrives in any order, repeated, at a server that fails, dies and starts anew: the end is one.

Hypothesis chooses what arrives when, how far two workers go, which call of a port fails and who dies. Two people on two
servers write, change and delete answers to a post of ours, follow, take that back, and answer a Follow of ours. In the
end all that was sent has arrived, and what the application holds is what it would hold had all come in order.

A worker whose lease has run out is taken for dead, as it is where machines stop: one that goes on all the same is not
held back by anything (see "delivery guarantees").
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.handling import HOME, PATIENT
from tests.pacing import OnePortSet, Process, ServedBy
from tests.receiving import AS2, KEYS, NOW_S, PUBLIC, Peer, PeerActor

from fedtext import Activity, Context, Federation, Note, Person
from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.behaviors import Deletes, Follows, FollowState, Replies, Reply
from fedtext.errors import PortError
from fedtext.fetch.keys import remember
from fedtext.http import Response
from fedtext.keys import VerificationKey
from fedtext.ports import PortSet, QueueDepth
from fedtext.runtime.worker import Worker
from fedtext.sync import run_sync
from fedtext.testing.faults import Moment
from fedtext.testing.network import VirtualNetwork
from fedtext.testing.peers import SharedKeys

ME, POST = f"{HOME}/users/1", f"{HOME}/posts/1"
NOTES: Final = (1, 2)
VERSIONS: Final = (1, 2, 3)


@attrs.define
class Table:
    """The application's own table of answers, which survives a restart."""

    rows: dict[str, Reply] = attrs.field(factory=dict)

    async def save(self, reply: Reply) -> None:
        self.rows[reply.id] = reply

    async def remove(self, reply_id: str, author_id: str) -> None:
        if reply_id in self.rows and self.rows[reply_id].author.id == author_id:
            del self.rows[reply_id]

    async def remove_author(self, author_id: str) -> None:
        self.rows = {reply_id: row for reply_id, row in self.rows.items() if row.author.id != author_id}


# ---- what people say -------------------------------------------------------------------------------------------------


def moment(version: int) -> str:
    return f"2026-01-0{1 + version}T00:00:00Z"


def note_id(author: PeerActor, number: int) -> str:
    return author.peer.url(f"/notes/{number}")


def said(author: PeerActor, follow_id: str) -> dict[str, dict[str, Any]]:
    """Give all that a person says in the end, in order, by name."""
    activities: dict[str, dict[str, Any]] = {}

    def say(name: str, kind: str, about: Any) -> None:
        path = name.replace(" ", "/")
        activities[name] = {
            "@context": AS2,
            "id": author.peer.url(f"/a/{path}"),
            "type": kind,
            "actor": author.id,
            "object": about,
        }

    for number in NOTES:
        written = {
            "id": note_id(author, number),
            "type": "Note",
            "attributedTo": author.id,
            "inReplyTo": POST,
            "to": [PUBLIC],
            "published": moment(0),
        }
        say(f"create {number}", "Create", {**written, "content": "0"})
        for version in VERSIONS:
            changed = {**written, "content": str(version), "updated": moment(version)}
            say(f"update {number} {version}", "Update", changed)
        say(f"delete {number}", "Delete", {"id": written["id"], "type": "Tombstone"} if number == 1 else written["id"])
    follow = {"id": author.peer.url("/a/follow"), "type": "Follow", "actor": author.id, "object": ME}
    say("follow", "Follow", ME)
    say("undo", "Undo", follow if author.name == "alice" else follow["id"])
    accepted = {"type": "Follow", "id": follow_id, "actor": ME, "object": author.id}
    say("accept", "Accept", accepted)
    say("undo accept", "Undo", {key: value for key, value in activities["accept"].items() if key != "@context"})
    return activities


@attrs.frozen(kw_only=True)
class Held:
    """What the application holds of one person: text of each answer, whether he follows us, and how far we him."""

    notes: dict[int, str]
    follows: bool
    followed: FollowState | None


def expected(names: set[str]) -> Held:
    """Say what it holds when all of this has come in order."""
    notes = dict[int, str]()
    for number in NOTES:
        versions = [version for version in VERSIONS if f"update {number} {version}" in names]
        if f"delete {number}" not in names and (versions or f"create {number}" in names):
            notes[number] = str(max(versions, default=0))
    followed = FollowState.ACCEPTED if "accept" in names else FollowState.PENDING
    return Held(
        notes=notes,
        follows="follow" in names and "undo" not in names,
        followed=None if "undo accept" in names else followed,
    )


NAMES: Final = sorted(said(PeerActor(peer=Peer(VirtualNetwork()), id="", name="", key=KEYS[0]), ""))
STORIES: Final = [[name for name in NAMES if name.split()[1:2] == [str(number)]] for number in NOTES] + [
    ["follow", "undo"],
    ["accept", "undo accept"],
]
"""What belongs together: in which order it comes matters to whoever does not look."""


# ---- the server ------------------------------------------------------------------------------------------------------


class World:
    """The server, which can be started anew, and two people elsewhere."""

    def __init__(self) -> None:
        self.clock, self.network, self.backend = ManualClock(NOW_S), VirtualNetwork(), MemoryBackend()
        self.table, self.calls, self.confirmed = Table(), Counter[str](), set[str]()
        self.people = [
            Peer(self.network, "a.example.com").actor("alice", KEYS[0]),
            Peer(self.network, "c.example.com").actor("carol", KEYS[1]),
        ]
        self.fed = self.start()
        self.network.add(self.fed, self.clock, blocking=True)
        self.said: list[dict[str, dict[str, Any]]] = []
        for person in self.people:
            person.peer.serve("/users/" + person.name + "/inbox", Response(status=202))
            key = VerificationKey(person.key_id, person.id, person.key.public)
            run_sync(remember(self.fed.engine.fetcher(self.ports), key))
            follow_id = run_sync(self.follows.follow(self.context, "1", person.id))
            self.said.append(said(person, follow_id))

    def start_anew(self) -> None:
        """Put a new process in the place of this one: what is kept stays, and nothing else does."""
        ports = self.fed.ports
        self.fed = self.start()
        self.fed.ports = ports

    def start(self) -> Federation:
        """Give a federation as it is when it starts."""
        fed = Federation(HOME, backend=self.backend, config=PATIENT, keys=SharedKeys(), worker="off")
        self.follows = Follows()
        fed.use(self.follows, Replies(self.table), Deletes())

        @fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person | None:
            return context.actor(Person, handle="bob") if pk == "1" else None

        @fed.object("/posts/{pk}")
        def post(context: Context, pk: str) -> Note:
            return Note(attributed_to=ME, content="Hello", to=PUBLIC)

        @fed.on(Activity)
        async def last(context: Context, activity: Activity) -> None:
            """The last to be called; it confirms by itself what all have handled."""
            assert str(activity.id) not in self.confirmed, f"{activity.id} is dispatched after it was confirmed"
            self.calls[str(activity.id)] += 1
            await context.confirm()
            self.confirmed.add(str(activity.id))

        return fed

    @property
    def ports(self) -> PortSet:
        return self.fed.ports.blocking()

    @property
    def context(self) -> Context:
        return self.fed.engine.context(self.ports)

    async def take(self, who: int, name: str, ports: PortSet) -> Response:
        """Let something arrive, as its actor sends it: to his follower's inbox, or to everybody's."""
        person, inbox = self.people[who], "/users/1/inbox" if "note" not in name else "/inbox"
        request = person.post(self.said[who][name], url=HOME + inbox, now_s=self.clock.now_s())
        found = await self.fed.engine.handle(request, ports)
        assert found is not None
        return found

    async def step(self, ports: PortSet) -> bool:
        served: Any = ServedBy(config=self.fed.config, engine=self.fed.engine, ports=OnePortSet(ports=ports))
        return await Worker(served)._step_in_turn(None)

    def settle(self) -> QueueDepth:
        """Let a worker without faults do what is left, when all leases have run out; give the depth of the queue."""
        for _ in range(60):
            self.clock.advance(3_600)
            while run_sync(self.step(self.ports)):
                pass
            if run_sync(self.ports.queue.depth()).waiting == 0:
                break
        return run_sync(self.ports.queue.depth())

    def held(self, who: int) -> Held:
        """Give what the application holds of somebody."""
        person, context = self.people[who], self.context
        rows = {number: self.table.rows.get(note_id(person, number)) for number in NOTES}
        return Held(
            notes={number: row.text for number, row in rows.items() if row is not None},
            follows=run_sync(self.follows.contains(context, "1", person.id)),
            followed=run_sync(self.follows.following(context, "1", person.id)),
        )


# ---- any history -----------------------------------------------------------------------------------------------------

WORKERS, CALLS, PEOPLE = st.integers(0, 1), st.integers(1, 25), st.integers(0, 1)
FAILING = st.sampled_from([None, None, None, None, *Moment])


@attrs.define
class Arrival:
    """Something on its way in: who sent what, and the process at the door."""

    who: int
    name: str
    door: Process


class AnyOrder(RuleBasedStateMachine):
    """What is sent, what befalls the server, and what must hold in the end."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.sent: list[set[str]] = [set(), set()]
        self.promised: list[set[str]] = [set(), set()]
        self.doors: list[Arrival] = []
        self.workers: list[Process | None] = [None, None]

    @rule(who=PEOPLE, name=st.sampled_from(NAMES), calls=CALLS)
    def something_is_sent(self, who: int, name: str, calls: int) -> None:
        world = self.world
        self.sent[who].add(name)
        self.doors.append(Arrival(who, name, Process(world.ports, lambda ports: world.take(who, name, ports))))
        self.a_door_goes_on(-1, calls, None)

    @rule(who=PEOPLE, names=st.sampled_from(STORIES).flatmap(st.permutations), count=st.integers(1, 4))
    def a_story_comes_in_disorder(self, who: int, names: list[str], count: int) -> None:
        """And each part of it is handled before the next one comes, where no other worker holds the lane."""
        for name in names[:count]:
            self.sent[who].add(name)
            assert run_sync(self.world.take(who, name, self.world.ports)).status == 202
            self.promised[who].add(name)
            while run_sync(self.world.step(self.world.ports)):
                pass

    @precondition(lambda self: self.doors)
    @rule(which=st.integers(0, 9), calls=CALLS, failing=FAILING)
    def a_door_goes_on(self, which: int, calls: int, failing: Moment | None) -> None:
        arrival = self.doors[which % len(self.doors)]
        if some_calls(arrival.door, calls, failing):
            return
        self.doors.remove(arrival)
        assert arrival.door.error is None
        assert arrival.door.result.status in (202, 503)
        if arrival.door.result.status == 202:
            self.promised[arrival.who].add(arrival.name)

    @rule(which=WORKERS, calls=CALLS, failing=FAILING)
    def a_worker_goes_on(self, which: int, calls: int, failing: Moment | None) -> None:
        worker = self.workers[which]
        if worker is None or not worker.is_running:
            worker = self.workers[which] = Process(self.world.ports, self.world.step)
        if not some_calls(worker, calls, failing):
            assert worker.error is None or isinstance(worker.error, PortError)

    @rule(which=WORKERS)
    def a_worker_dies_when_something_is_confirmed(self, which: int) -> None:
        """Before it can tell the queue: whoever comes next must see that it has been done."""
        before = len(self.world.confirmed)
        for _ in range(200):
            self.a_worker_goes_on(which, 1, None)
            if len(self.world.confirmed) > before:
                break
        self.a_worker_dies(which)

    @rule(which=WORKERS)
    def a_worker_dies(self, which: int) -> None:
        worker = self.workers[which]
        if worker is not None and worker.is_running:
            worker.kill()

    @rule()
    def all_of_it_starts_anew(self) -> None:
        self._stop()
        self.world.start_anew()

    @rule(seconds=st.sampled_from([1, 20, 90, 3_600]))
    def time_passes(self, seconds: int) -> None:
        """However short: a lease may run out with it, and who held it is taken for dead."""
        for which in (0, 1):
            self.a_worker_dies(which)
        self.world.clock.advance(seconds)

    @invariant()
    def only_what_was_sent_is_heard(self) -> None:
        if hasattr(self, "world"):
            sent = {self.world.said[who][name]["id"] for who in (0, 1) for name in self.sent[who]}
            assert set(self.world.calls) <= sent

    def teardown(self) -> None:
        """What was never acknowledged is sent again, as peers do; then all is as if it had come in order."""
        if not hasattr(self, "world"):
            return
        self._stop()
        world = self.world
        for who in (0, 1):
            for name in sorted(self.sent[who] - self.promised[who], reverse=True):
                assert run_sync(world.take(who, name, world.ports)).status == 202
        depth = world.settle()
        assert (depth.waiting, depth.leased, depth.buried, depth.lanes) == (0, 0, 0, 0)
        for who in (0, 1):
            assert world.held(who) == expected(self.sent[who]), (world.people[who].name, sorted(self.sent[who]))
        self.only_what_was_sent_is_heard()

    def _stop(self) -> None:
        for process in (*self.workers, *(arrival.door for arrival in self.doors)):
            if process is not None and process.is_running:
                process.kill()
        self.doors.clear()


def some_calls(process: Process, calls: int, failing: Moment | None) -> bool:
    """Let a process do so many calls, the last of which may fail; False when it has ended."""
    for left in range(calls, 0, -1):
        process.pace.failing = failing if left == 1 else None
        if not process.go_on():
            return False
    return True


@pytest.mark.spec("MOD-25", "MOD-26", "MOD-27", "MOD-28", "INB-16", "INB-26", "SEC-152", "SEC-153")
def test_inb_26_whatever_the_order_the_end_is_that_of_the_right_one() -> None:
    run_state_machine_as_test(AnyOrder, settings=settings(max_examples=20, stateful_step_count=40, deadline=None))
