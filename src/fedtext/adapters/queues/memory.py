"""The host-shaped queue in this process's memory: for tests and for a first try.

Invariants: the same answers as the SQL queues give, by plain loops instead of indexes; no method suspends, so one
object serves both colours; a lock makes it safe among threads.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence

import attrs

from ...errors import ConfigurationError
from ...ports import Claim, Clock, Job, Lane, LaneDue, LaneKind, QueueDepth, Statement, Task
from ..sql import REASON_CHARS_MAX


@attrs.define
class _Entry:
    job: Job
    dedupe: tuple[str, str] | None
    due_s: float


@attrs.define
class _LaneState:
    ready_s: float  # a lower bound of when it can be claimed; of a leased lane: the end of its lease
    due_s: float = 0.0
    failures: int = 0
    token: str | None = None
    until_s: float = 0.0
    leased: int = 0
    waiting: dict[int, _Entry] = attrs.field(factory=dict[int, _Entry])  # in order of arrival

    def claimable(self, now_s: float) -> Iterator[_Entry]:
        held_back: set[str] = set()
        for entry in self.waiting.values():
            key = entry.job.ordering_key
            if entry.due_s > now_s:
                held_back.add(key)
            elif not key or key not in held_back:
                yield entry

    def free(self) -> None:
        self.token, self.until_s, self.leased = None, 0.0, 0


class MemoryState:
    """What every opening of one memory queue shares."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lanes: dict[tuple[str, Lane], _LaneState] = {}
        self.dedupe: set[tuple[str, str]] = set()
        self.buried: dict[int, tuple[_Entry, str]] = {}
        self.last_id = 0


class MemoryQueue:
    """A queue over shared state, on one clock."""

    def __init__(self, clock: Clock, state: MemoryState | None = None) -> None:
        self._clock = clock
        self._state = state if state is not None else MemoryState()

    @property
    def dialect(self) -> None:
        """None: this queue has no SQL."""
        return

    async def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add tasks; give how many were new."""
        now_s = self._clock.now_s()
        with self._state.lock:
            return sum(self._add(task, now_s) for task in tasks)

    def statements(self, task: Task, now_s: float) -> list[Statement]:  # noqa: ARG002 - the port has them
        """Refuse: this queue has no SQL.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError("the memory queue takes no part in a database transaction: use sqlite:///")

    async def claim(
        self,
        *,
        lease_s: float,
        batch_max: int,
        kinds: Sequence[LaneKind] | None = None,
        lane: Lane | None = None,
        site: str | None = None,
    ) -> Claim | None:
        """Lease the named lane, or the one that has been due the longest, and take due jobs, at most `batch_max`."""
        now_s = self._clock.now_s()
        wanted = frozenset(LaneKind if kinds is None or lane is not None else kinds)
        with self._state.lock:
            due = self._ready(now_s, site, None if lane is None else (lane,))
            for place, state in [item for item in due if item[0][1].kind in wanted]:
                jobs = tuple(entry.job for entry, _ in zip(state.claimable(now_s), range(batch_max), strict=False))
                if jobs:
                    return self._lease(place, state, jobs, now_s + lease_s)
                self._put_right(place, state, now_s)
        return None

    async def ready(
        self, *, until_s: float, site: str | None = None, lanes: Sequence[Lane] | None = None, limit: int = 1000
    ) -> list[LaneDue]:
        """List lanes that may be claimed at a moment, those that have been due the longest first."""
        with self._state.lock:
            found = self._ready(until_s, site, lanes)[:limit]
            return [LaneDue(site=place[0], lane=place[1], ready_s=state.ready_s) for place, state in found]

    async def next_due_s(self, lane: Lane, *, site: str) -> float | None:
        """Say when a claim of this lane may find something next; None: nothing waits in it."""
        with self._state.lock:
            state = self._state.lanes.get((site, lane))
            if state is None or not state.waiting:
                return None
            return max(state.ready_s, min(entry.due_s for entry in state.waiting.values()))

    async def extend(self, claim: Claim, *, lease_s: float) -> bool:
        """Lengthen a lease; False when it was already lost."""
        with self._state.lock:
            lane = self._held(claim)
            if lane is not None:
                lane.until_s = lane.ready_s = self._clock.now_s() + lease_s
            return lane is not None

    async def ack(self, claim: Claim, job: Job) -> bool:
        """Remove a job that is done; False when the lease was lost."""
        with self._state.lock:
            return self._take(claim, job) is not None

    async def retry(self, claim: Claim, job: Job, *, due_s: float) -> bool:
        """Put a job back for later and count the attempt; False when the lease was lost."""
        with self._state.lock:
            lane = self._held(claim)
            entry = None if lane is None else lane.waiting.get(job.job_id)
            if lane is None or entry is None:
                return False
            lane.leased = max(0, lane.leased - 1)
            entry.due_s = due_s
            entry.job = attrs.evolve(entry.job, attempts=entry.job.attempts + 1)
            return True

    async def bury(self, claim: Claim, job: Job, *, reason: str) -> bool:
        """Keep a job as a dead letter with a reason; False when the lease was lost."""
        with self._state.lock:
            entry = self._take(claim, job)
            if entry is None:
                return False
            entry.job = attrs.evolve(entry.job, attempts=entry.job.attempts + 1)
            self._state.buried[job.job_id] = (entry, reason[:REASON_CHARS_MAX])
            return True

    async def release(self, claim: Claim, *, due_s: float = 0.0, failures: int = 0) -> None:
        """Give the lane back: not to be claimed before `due_s`, with this run of failures."""
        now_s = self._clock.now_s()
        with self._state.lock:
            lane = self._held(claim)
            if lane is None:
                return
            lane.free()
            lane.due_s, lane.failures, lane.ready_s = due_s, failures, max(due_s, now_s)
            if not lane.waiting and failures == 0 and due_s <= now_s:
                del self._state.lanes[claim.site, claim.lane]

    async def buried(self, *, after: int = 0, limit: int = 100) -> list[tuple[Job, str]]:
        """List dead letters with their reasons."""
        with self._state.lock:
            found = sorted(item for item in self._state.buried if item > after)[:limit]
            return [(self._state.buried[item][0].job, self._state.buried[item][1]) for item in found]

    async def revive(self, job_id: int) -> bool:
        """Put a dead letter back to be tried at once; False when there is none, or its like waits already."""
        now_s = self._clock.now_s()
        with self._state.lock:
            entry, _ = self._state.buried.get(job_id, (None, ""))
            if entry is None or entry.dedupe in self._state.dedupe:
                return False
            del self._state.buried[job_id]
            entry.job, entry.due_s = attrs.evolve(entry.job, attempts=0), now_s
            if entry.dedupe is not None:
                self._state.dedupe.add(entry.dedupe)
            lane = self._state.lanes.setdefault((entry.job.site, entry.job.lane), _LaneState(now_s))
            lane.waiting = dict(sorted([*lane.waiting.items(), (job_id, entry)], key=lambda item: item[0]))
            if lane.token is None:
                lane.due_s, lane.ready_s = 0.0, now_s
            return True

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        now_s = self._clock.now_s()
        with self._state.lock:
            lanes = list(self._state.lanes.values())
            undone = sum(len(lane.waiting) for lane in lanes)
            leased = sum(lane.leased for lane in lanes if lane.until_s > now_s)
            due = (max(lane.due_s, entry.due_s) for lane in lanes for entry in lane.waiting.values())
            oldest_s = min((moment for moment in due if moment <= now_s), default=now_s)
            buried = self._state.buried.values()
            # as in SQL, a lane that only keeps dead letters is a row too
            kept = self._state.lanes.keys() | {(entry.job.site, entry.job.lane) for entry, _ in buried}
            return QueueDepth(
                waiting=undone - leased,
                leased=leased,
                buried=len(buried),
                lanes=len(kept),
                oldest_due_age_s=now_s - oldest_s,
            )

    def _add(self, task: Task, now_s: float) -> bool:
        dedupe = None if task.dedupe_key is None else (task.site, task.dedupe_key)
        if dedupe is not None and dedupe in self._state.dedupe:
            return False
        if dedupe is not None:
            self._state.dedupe.add(dedupe)
        due_s = max(task.due_s, now_s)
        self._state.last_id += 1
        job = Job(
            job_id=self._state.last_id,
            site=task.site,
            lane=task.lane,
            payload=bytes(task.payload),
            ordering_key=task.ordering_key,
            attempts=0,
            enqueued_s=now_s,
        )
        lane = self._state.lanes.setdefault((task.site, task.lane), _LaneState(due_s))
        lane.waiting[job.job_id] = _Entry(job, dedupe, due_s)
        if lane.token is None:
            lane.ready_s = max(lane.due_s, min(lane.ready_s, due_s))
        return True

    def _ready(
        self, until_s: float, site: str | None, lanes: Sequence[Lane] | None
    ) -> list[tuple[tuple[str, Lane], _LaneState]]:
        wanted = None if lanes is None else frozenset(lanes)
        found = [
            (place, state)
            for place, state in self._state.lanes.items()
            if state.ready_s <= until_s and site in (None, place[0]) and (wanted is None or place[1] in wanted)
        ]
        return sorted(found, key=lambda item: item[1].ready_s)

    def _lease(self, place: tuple[str, Lane], lane: _LaneState, jobs: tuple[Job, ...], until_s: float) -> Claim:
        lane.token, lane.until_s, lane.ready_s, lane.leased = secrets.token_hex(12), until_s, until_s, len(jobs)
        return Claim(
            site=place[0],
            lane=place[1],
            token=lane.token,
            jobs=jobs,
            failures=lane.failures,
            lease_until_s=until_s,
        )

    def _put_right(self, place: tuple[str, Lane], lane: _LaneState, now_s: float) -> None:
        if lane.waiting:
            lane.free()
            lane.ready_s = min(entry.due_s for entry in lane.waiting.values() if entry.due_s > now_s)
        else:
            del self._state.lanes[place]

    def _held(self, claim: Claim) -> _LaneState | None:
        lane = self._state.lanes.get((claim.site, claim.lane))
        return lane if lane is not None and lane.token == claim.token else None

    def _take(self, claim: Claim, job: Job) -> _Entry | None:
        lane = self._held(claim)
        entry = None if lane is None else lane.waiting.pop(job.job_id, None)
        if lane is None or entry is None:
            return None
        lane.leased = max(0, lane.leased - 1)
        self._state.dedupe.discard(entry.dedupe or ("", ""))
        return entry
