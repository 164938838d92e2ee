"""An inbound batch is read, and asked about, in one go; what it changes itself is asked anew."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fedtext import Context
from fedtext.config import Config
from fedtext.delivery import DeliveryTask, encode_task
from fedtext.errors import StoreError
from fedtext.federation import payloads
from fedtext.federation.outcomes import Bury, Done, Later
from fedtext.federation.payloads import MARKS_S_MAX
from fedtext.federation.turns import NO_TURN
from fedtext.inbox import PAYLOAD_BYTES_MAX
from fedtext.ports import Claim, Job, Lane, LaneKind
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import Activity

from .conftest import BOB, HOME, carried_out, waiting

IN = Lane(LaneKind.IN, "https://b.example.org")
AS2 = "https://www.w3.org/ns/activitystreams"


def envelope(kind: str, name: str, about: Any, **changes: Any) -> bytes:
    """What waits after Bob has said something."""
    document = {"@context": AS2, "id": f"{BOB}/{name}", "type": kind, "actor": BOB, "object": about}
    return attrs.evolve(waiting(document), **changes).encode()


def like(name: str, **changes: Any) -> bytes:
    return envelope("Like", name, f"{HOME}/posts/1", **changes)


class Batch:
    """A batch of payloads in the lane of Bob's server, and what listeners hear of it."""

    def __init__(self, world: Any, *batch: bytes, fault: FailNth | None = None) -> None:
        self.world = world
        self.fault = fault or FailNth(0)
        ports = world.ports
        self.ports = attrs.evolve(ports, store=self.fault.wrap(ports.store))
        self.jobs = tuple(
            Job(job_id=number, site=HOME, lane=IN, payload=payload, ordering_key="", attempts=0, enqueued_s=0.0)
            for number, payload in enumerate(batch)
        )
        self.heard = list[str]()
        world.fed.on(Activity)(self._hear)

    async def _hear(self, _context: Context, activity: Activity) -> None:
        self.heard.append(str(activity.id).removeprefix(f"{BOB}/"))

    def begin(self) -> Any:
        until_s = self.world.clock.now_s() + 60
        claim = Claim(site=HOME, lane=IN, token="t", jobs=self.jobs, failures=0, lease_until_s=until_s)
        turn = run_sync(self.world.fed.engine.begin_turn(claim, self.ports))
        self.asked_at_first = len(self.asked)
        return turn

    def carry_out(self, job: Job, turn: Any) -> Any:
        return run_sync(carried_out(self.world.fed.engine, job, self.ports, turn))

    def run(self) -> list[Any]:
        turn = self.begin()
        return [self.carry_out(job, turn) for job in self.jobs]

    @property
    def asked(self) -> list[str]:
        return [name for name in self.fault.log if name.startswith("get")]


def test_a_batch_is_asked_about_once(world) -> None:
    batch = Batch(world, *[like(str(number)) for number in range(20)])
    assert batch.run() == [Done()] * 20
    assert batch.heard == [str(number) for number in range(20)]
    assert batch.asked_at_first == 1
    assert batch.asked[1:] == [name for name in batch.asked[1:] if name != "get_many"]


def test_what_was_handled_before_is_not_dispatched_again(world) -> None:
    first = Batch(world, like("1"), like("2"))
    first.run()
    batch = Batch(world, like("2"), like("3"))
    assert batch.run() == [Done()] * 2
    assert batch.heard == ["3"]


def test_a_payload_is_read_once(world, monkeypatch: pytest.MonkeyPatch) -> None:
    read, decode = list[bytes](), payloads.decode_envelope
    monkeypatch.setattr(payloads, "decode_envelope", lambda payload: read.append(payload) or decode(payload))
    batch = Batch(world, like("1"), like("2"))
    batch.run()
    assert read == [job.payload for job in batch.jobs]


@pytest.mark.spec("MOD-25", "INB-26")
@pytest.mark.parametrize(
    ("ending", "late"),
    [
        (
            envelope("Undo", "undo", {"id": f"{BOB}/follow", "type": "Follow", "actor": BOB, "object": HOME}),
            envelope("Follow", "follow", f"{HOME}/users/1"),
        ),
        (
            envelope("Delete", "delete", f"{BOB}/note"),
            envelope("Create", "create", {"id": f"{BOB}/note", "type": "Note", "attributedTo": BOB, "content": "x"}),
        ),
    ],
)
def test_what_ends_another_of_its_batch_is_known_when_that_one_comes(world, ending: bytes, late: bytes) -> None:
    batch = Batch(world, like("1"), ending, late, like("2"))
    assert batch.run() == [Done()] * 4
    assert len(batch.heard) == 3
    assert not {"follow", "create"} & {*batch.heard}


@pytest.mark.parametrize(("after_s", "asks"), [(MARKS_S_MAX - 0.001, 0), (MARKS_S_MAX, 1)])
def test_what_is_known_counts_for_a_moment(world, after_s: float, asks: int) -> None:
    batch = Batch(world, like("1"), like("2"))
    turn = batch.begin()
    world.clock.advance(after_s)
    assert batch.carry_out(batch.jobs[0], turn) == Done()
    assert batch.asked[1:].count("get_many") == asks


def test_what_another_worker_has_handled_meanwhile_is_found_after_that_moment(world) -> None:
    batch = Batch(world, like("1"), like("2"))
    turn = batch.begin()
    Batch(world, like("1"), like("3")).run()
    world.clock.advance(MARKS_S_MAX)
    batch.heard.clear()
    assert [batch.carry_out(job, turn) for job in batch.jobs] == [Done(), Done()]
    assert batch.heard == ["2"]


def test_a_store_that_is_away_at_first_is_asked_for_each(world) -> None:
    batch = Batch(world, like("1"), like("2"), fault=FailNth(1, error=StoreError("down")))
    assert batch.run() == [Done()] * 2
    assert batch.heard == ["1", "2"]
    assert batch.asked.count("get_many") == 3


class _Broken:
    """A store of which every call raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        async def call(*_arguments: Any, **_options: Any) -> Any:
            raise self._error

        return call


@pytest.mark.parametrize("error", [StoreError("down"), RuntimeError("a fault of an adapter")])
def test_when_a_confirmation_fails_the_rest_of_the_batch_is_not_dispatched_before_the_store_answers(
    world, error: Exception
) -> None:
    batch = Batch(world, *[like(str(number)) for number in range(20)])
    turn = batch.begin()
    assert batch.carry_out(batch.jobs[0], turn) == Done()
    whole, batch.ports = batch.ports, attrs.evolve(batch.ports, store=_Broken(error))
    outcomes = [batch.carry_out(job, turn) for job in batch.jobs[1:10]]
    assert {type(outcome) for outcome in outcomes} == {Later}
    assert batch.heard == ["0", "1"]
    batch.ports = whole
    assert batch.carry_out(batch.jobs[10], turn) == Done()


def test_of_what_was_handed_out_before_the_store_is_asked_when_it_comes(world) -> None:
    """Another worker, whose lease has run out, may just be confirming it."""
    batch = Batch(world, like("1"), like("2"))
    batch.jobs = (attrs.evolve(batch.jobs[0], handed=True), batch.jobs[1])
    turn = batch.begin()
    Batch(world, like("1"), like("3")).run()
    batch.heard.clear()
    assert [batch.carry_out(job, turn) for job in batch.jobs] == [Done(), Done()]
    assert batch.heard == ["2"]


def test_what_cannot_be_read_spoils_nothing_else(world) -> None:
    bad = [b"{", b'{"v":1,"kind":"inbound"}', like("0").replace(b'"actor":', b'"actress":')]
    batch = Batch(world, like("1"), *bad, like("2"))
    outcomes = batch.run()
    assert [type(outcome) for outcome in outcomes] == [Done, Bury, Bury, Bury, Done]
    assert batch.heard == ["1", "2"]


def test_long_payloads_are_not_held_together(world) -> None:
    def of_length(name: str, count: int) -> bytes:
        document = {"id": f"{BOB}/{name}", "type": "Like", "actor": BOB, "object": f"{HOME}/posts/1", "summary": ""}
        short = like(name, document=document)
        return like(name, document={**document, "summary": "x" * (count - len(short))})

    batch = Batch(world, of_length("fits", PAYLOAD_BYTES_MAX), of_length("longer", PAYLOAD_BYTES_MAX + 1))
    assert [len(job.payload) - PAYLOAD_BYTES_MAX for job in batch.jobs] == [0, 1]
    turn = batch.begin()
    assert [*turn.awaited] == [0]
    assert [batch.carry_out(job, turn) for job in batch.jobs] == [Done()] * 2
    assert batch.heard == ["fits", "longer"]


def test_of_one_alone_nothing_is_read_before(world) -> None:
    batch = Batch(world, like("1"))
    assert batch.begin() is NO_TURN
    assert batch.asked == []


def test_what_is_of_another_site_or_kind_is_left_alone(make_world) -> None:
    world = make_world(config=Config())
    delivery = DeliveryTask(site=HOME, sender="1", activity_id="x", inbox=f"{BOB}/inbox", body="{}", digest="d")
    batch = Batch(world, like("1"), encode_task(delivery), like("2"))
    batch.jobs = (attrs.evolve(batch.jobs[0], site="https://other.example"), *batch.jobs[1:])
    assert [*batch.begin().awaited] == [2]
