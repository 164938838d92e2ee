"""Any history of an inbox, two workers and what befalls them, against a model: nothing acknowledged is lost.

Hypothesis chooses who does the next calls of ports: a door at which an activity arrives, or one of two workers. Calls
fail before or after their work, processes die, leases run out. In the end a worker without faults does what is left.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

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
from tests.handling import KINDS, Handling, activity, arriving
from tests.pacing import Process

from fedtext.errors import PortError
from fedtext.testing.faults import Moment

NUMBERS = (1, 2)
IDS = {activity(kind, number)["id"] for kind in KINDS for number in NUMBERS}
WORKERS, CALLS = st.integers(0, 1), st.integers(1, 12)
FAILING = st.sampled_from([None, None, None, None, *Moment])


def some_calls(process: Process, calls: int, failing: Moment | None) -> bool:
    """Let a process do so many calls, the last of which may fail; False when it has ended."""
    for left in range(calls, 0, -1):
        process.pace.failing = failing if left == 1 else None
        if not process.go_on():
            return False
    return True


class Pipeline(RuleBasedStateMachine):
    """An inbox that two workers serve."""

    @initialize(on_disk=st.booleans())
    def begin(self, on_disk: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = Handling(Path(self.folder.name) / "app.sqlite3" if on_disk else None)
        self.acknowledged: set[str] = set()
        self.doors: list[tuple[str, Process]] = []
        self.workers: list[Process | None] = [None, None]

    @rule(
        kind=st.sampled_from(KINDS),
        number=st.sampled_from(NUMBERS),
        text=st.sampled_from(["", "changed"]),
        calls=CALLS,
    )
    def something_arrives(self, kind: str, number: int, text: str, calls: int) -> None:
        document = activity(kind, number, text)
        request = arriving(document, self.world.clock.now_s())
        door = Process(self.world.ports, lambda ports: self.world.take(request, ports))
        self.doors.append((document["id"], door))
        self.a_door_goes_on(-1, calls, None)

    @precondition(lambda self: self.doors)
    @rule(which=st.integers(0, 9), calls=CALLS, failing=FAILING)
    def a_door_goes_on(self, which: int, calls: int, failing: Moment | None) -> None:
        activity_id, door = self.doors[which % len(self.doors)]
        if some_calls(door, calls, failing):
            return
        self.doors.remove((activity_id, door))
        assert door.error is None
        assert door.result.status in (202, 503)
        if door.result.status == 202:
            self.acknowledged.add(activity_id)

    @precondition(lambda self: self.doors)
    @rule(which=st.integers(0, 9))
    def a_door_dies(self, which: int) -> None:
        self.doors.pop(which % len(self.doors))[1].kill()

    @rule(which=WORKERS, calls=st.integers(1, 5), failing=FAILING)
    def a_worker_goes_on(self, which: int, calls: int, failing: Moment | None) -> None:
        worker = self.workers[which]
        if worker is None or not worker.is_running:
            worker = self.workers[which] = Process(self.world.ports, self.world.step)
        if not some_calls(worker, calls, failing):
            assert worker.error is None or isinstance(worker.error, PortError)

    @rule(which=WORKERS)
    def a_worker_is_slow(self, which: int) -> None:
        """Its lease runs out in the middle of its work, and the other one does what there is."""
        self.world.clock.advance(61)
        self.a_worker_goes_on(1 - which, 100, None)

    @rule(which=WORKERS)
    def a_worker_dies(self, which: int) -> None:
        worker = self.workers[which]
        if worker is not None and worker.is_running:
            worker.kill()

    @rule(seconds=st.sampled_from([1, 31, 61, 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)

    @invariant()
    def what_is_heard_has_come_and_effects_are_kept_once(self) -> None:
        if hasattr(self, "world"):
            assert set(self.world.calls) <= IDS
            assert len(self.world.rows()) == len(set(self.world.rows()))

    def teardown(self) -> None:
        """All that was acknowledged has been heard, and nothing is left behind."""
        if not hasattr(self, "world"):
            return
        for process in (*self.workers, *(door for _activity_id, door in self.doors)):
            if process is not None and process.is_running:
                process.kill()
        depth = self.world.settle()
        assert (depth.waiting, depth.leased, depth.buried, depth.lanes) == (0, 0, 0, 0)
        assert self.acknowledged <= set(self.world.calls)
        self.what_is_heard_has_come_and_effects_are_kept_once()
        self.world.close()
        self.folder.cleanup()


@pytest.mark.spec("SEC-046", "SEC-047", "SEC-174")
def test_any_history_of_two_workers_agrees_with_the_model() -> None:
    run_state_machine_as_test(Pipeline, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))
