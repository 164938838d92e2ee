"""Every call of a port in the worker's inbound step, and in the door before it: it fails, is cancelled, or never comes.

Afterwards a worker without faults goes on. Nothing acknowledged is lost; the effects of a listener that confirms in its
own transaction are kept once; who confirmed is not called again; nothing is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from tests.handling import HOME, KINDS, Handling, activity, arriving
from tests.pacing import Process

from fedtext.errors import PortError
from fedtext.http import Response
from fedtext.ports import PortSet, store_prefix
from fedtext.runtime.worker import Worker
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth, Moment

CALLS_MAX = 60
"""More than any flow has: a fault that never fires must not make a test endless."""


class Fault(Enum):
    """What befalls a process before it does a call, or (the two last) when the call is done and it is not told."""

    FAILS = "fails"
    DIES = "dies"
    IS_CANCELLED = "is cancelled"
    IS_OVERTAKEN = "is overtaken"
    FAILS_AFTER = "fails after"
    DIES_AFTER = "dies after"


def befall(world: Handling, process: Process, nth: int, fault: Fault) -> bool:
    """Let it go on to its n-th call and there the fault happen; False when it ended before."""
    for _ in range(nth):
        if not process.go_on():
            return False
    match fault:
        case Fault.FAILS:
            process.pace.failing = Moment.BEFORE
        case Fault.FAILS_AFTER:
            process.pace.failing = Moment.AFTER
        case Fault.DIES:
            process.kill()
        case Fault.DIES_AFTER:
            process.go_on()
            process.kill()
        case Fault.IS_CANCELLED:
            process.cancel()
        case Fault.IS_OVERTAKEN:
            world.clock.advance(61)
            Process(world.ports, world.step).finish()
    process.finish()
    return True


@pytest.fixture(params=["memory", "sqlite"])
def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Handling]]:
    """Give a fresh server for each run."""
    made: list[Handling] = []

    def make(**options: Any) -> Handling:
        made.append(Handling(tmp_path / f"{len(made)}.sqlite3" if request.param == "sqlite" else None, **options))
        return made[-1]

    yield make
    for world in made:
        world.close()


def check(world: Handling, activity_id: str, what: object) -> None:
    """Let the rest be done, and look at what is left."""
    depth = world.settle()
    assert (depth.waiting, depth.leased, depth.buried, depth.lanes) == (0, 0, 0, 0), what
    assert set(world.calls) == {activity_id}, what
    assert world.calls[activity_id] <= 2, what
    if world.file is not None and "Announce" in activity_id:
        assert world.rows() == [activity_id], what
    marks = run_sync(world.ports.store.scan(store_prefix(HOME, "seen"), limit=100))
    assert len(marks) == 1, what


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", Fault)
def test_whatever_befalls_a_worker_the_activity_is_handled(worlds, kind: str, fault: Fault) -> None:
    document = activity(kind)
    for nth in range(1, CALLS_MAX):
        world = worlds()
        assert run_sync(world.take(arriving(document))).status == 202
        process = Process(world.ports, world.step)
        befallen = befall(world, process, nth, fault)
        assert process.error is None or isinstance(process.error, PortError | asyncio.CancelledError)
        check(world, document["id"], (nth, fault))
        if not befallen:
            assert nth > 5, "the step has fewer calls than it must have"
            return
    raise AssertionError("the step never ends")


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.IS_OVERTAKEN])
def test_whatever_befalls_a_door_what_it_acknowledged_is_handled(worlds, fault: Fault) -> None:
    """A key that has to be fetched makes the road long; the peer who was not answered sends the same again."""
    document = activity("Announce")
    for nth in range(1, CALLS_MAX):
        world = worlds(key_is_known=False)
        process = Process(world.ports, lambda ports, world=world: world.take(arriving(document), ports))
        befallen = befall(world, process, nth, fault)
        acknowledged = process.result is not None and process.result.status == 202
        if befallen:
            assert process.result is None or process.result.status in (202, 503), (nth, process.result)
            if not acknowledged:
                assert run_sync(world.take(arriving(document, world.clock.now_s()))).status == 202, nth
        check(world, document["id"], (nth, fault))
        if not befallen:
            assert acknowledged
            assert nth > 9, "the road has fewer calls than it must have"
            return
    raise AssertionError("the road never ends")


# ---- under an event loop ---------------------------------------------------------------------------------------------


class CancelNth(FailNth):
    """Cancels a task at the n-th call of a port, as an event loop does."""

    task: asyncio.Task[Any] | None = None

    async def carry_out(self, name: str, call: Callable[[], Any]) -> Any:
        chosen = self._is_chosen(name)
        result = None if chosen and self.moment is Moment.BEFORE else await call()
        if chosen and self.task is not None:
            self.task.cancel()
            await asyncio.sleep(0)  # here the cancellation arrives, but where it is shielded
            return await call() if self.moment is Moment.BEFORE else result
        return result


async def cancelled(fault: CancelNth, work: Callable[[], Any]) -> Any:
    """Run some work that is cancelled on the way; gives its result, or None."""
    fault.task = asyncio.ensure_future(work())
    try:
        return await fault.task
    except asyncio.CancelledError:
        return None


class FaultyRecord:
    """A record of ports for an event loop, of which one call is cancelled, or fails."""

    def __init__(self, world: Handling, fault: FailNth) -> None:
        self._ports, self._fault = world.fed.ports, fault
        self.observer = world.ports.observer

    def asynchronous(self) -> PortSet:
        return self._fault.wrap_all(self._ports.asynchronous())


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_worker_that_is_cancelled_at_any_call_gives_its_work_back(worlds, kind: str, moment: Moment) -> None:
    document = activity(kind)
    for nth in range(1, CALLS_MAX):
        world = worlds()
        assert (await world.take(arriving(document))).status == 202
        fault = CancelNth(nth, moment=moment)
        worker = Worker(world.served(FaultyRecord(world, fault)))
        await cancelled(fault, worker.step)
        held = fault.fired == "claim" and moment is Moment.AFTER  # nobody knows of it: its lease runs out
        assert (await world.ports.queue.depth()).leased == held, (nth, fault.fired)
        check(world, document["id"], (nth, moment, fault.fired))
        if fault.fired is None:
            assert nth > 5
            return
    raise AssertionError("the step never ends")


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("make_fault", [CancelNth, FailNth])
async def test_of_a_batch_nothing_is_lost_at_whichever_call_it_ends(
    worlds, make_fault: type[FailNth], moment: Moment
) -> None:
    """What is read of a batch at once, and confirmed while others are dispatched, is handled all the same."""
    batch = [activity(kind, number) for number in (1, 2, 3) for kind in KINDS]
    for nth in range(1, CALLS_MAX):
        world = worlds()
        for document in batch:
            assert (await world.take(arriving(document))).status == 202
        fault = make_fault(nth, moment=moment)
        worker = Worker(world.served(FaultyRecord(world, fault)))
        with suppress(PortError, ExceptionGroup):
            await (cancelled(fault, worker.step) if isinstance(fault, CancelNth) else worker.step())
        depth = world.settle()
        assert (depth.waiting, depth.leased, depth.buried, depth.lanes) == (0, 0, 0, 0), (nth, fault.fired)
        assert set(world.calls) == {document["id"] for document in batch}, (nth, fault.fired)
        assert max(world.calls.values()) <= 2, (nth, fault.fired)
        assert fault.fired is not None or set(world.calls.values()) == {1}
        marks = await world.ports.store.scan(store_prefix(HOME, "seen"), limit=100)
        assert len(marks) == len(batch), (nth, fault.fired)
        if fault.fired is None:
            assert nth > len(batch)
            return
    raise AssertionError("the step never ends")


@pytest.mark.spec("SEC-174", "INB-03")
@pytest.mark.parametrize("moment", Moment)
async def test_a_door_that_is_cancelled_at_any_call_has_promised_nothing(worlds, moment: Moment) -> None:
    document = activity("Like")
    for nth in range(1, CALLS_MAX):
        world = worlds(key_is_known=False)
        fault = CancelNth(nth, moment=moment)
        ports = FaultyRecord(world, fault).asynchronous()
        answer: Response | None = await cancelled(fault, lambda: world.take(arriving(document), ports))  # noqa: B023
        if fault.fired is not None:
            assert answer is None, (nth, fault.fired)
            assert (await world.take(arriving(document))).status == 202
        check(world, document["id"], (nth, moment, fault.fired))
        if fault.fired is None:
            assert answer is not None
            assert answer.status == 202
            return
    raise AssertionError("the road never ends")
