"""The host-shaped queue in this process's memory: for tests and for a first try.

Invariants: the same answers as the SQL queues give, by plain loops instead of indexes; no method suspends, so one
object serves both colours; a lock makes it safe among threads.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from itertools import islice

import attrs

from ...errors import ConfigurationError
from ...ports import Claim, Clock, Job, Lane, LaneDue, LaneKind, LaneStatus, QueueDepth, Statement, Task, pause_key
from ..sql import NEVER_S, REASON_CHARS_MAX


@attrs.define
class _Entry:
    job: Job
    dedupe: tuple[str, str] | None
    due_s: float
    reason: str = ""  # of a dead letter


@attrs.define
class _LaneState:
    ready_s: float  # a lower bound of when it can be claimed; of a leased lane: the end of its lease
    due_s: float = 0.0
    failures: int = 0
    token: str | None = None
    until_s: float = 0.0
    leased: int = 0
    claimed_to: int = 0  # the last job of the leased batch
    waiting: dict[int, _Entry] = attrs.field(factory=dict[int, _Entry])  # in order of arrival
    buried: dict[int, _Entry] = attrs.field(factory=dict[int, _Entry])

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

    def lose(self) -> None:
        """Mark what the holder of a lost lease had: it may have carried it out."""
        for job_id, entry in self.waiting.items():
            if job_id <= self.claimed_to and entry.due_s <= self.until_s:
                entry.job = attrs.evolve(entry.job, handed=True)

    def is_working_on(self, job_id: int, now_s: float) -> bool:
        return self.token is not None and self.until_s > now_s and job_id <= self.claimed_to


class MemoryState:
    """What every opening of one memory queue shares."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lanes: dict[tuple[str, Lane], _LaneState] = {}
        self.dedupe: set[tuple[str, str]] = set()
        self.buried: dict[int, _Entry] = {}
        self.pauses: set[tuple[str, str]] = set()
        self.last_id = 0

    def is_paused(self, site: str, lane: Lane) -> bool:
        """Tell whether a lane, or its kind, is paused."""
        if not self.pauses:  # nearly always
            return False
        return not self.pauses.isdisjoint({(site, pause_key(lane)), (site, pause_key(lane.kind))})

    def ready_s(self, site: str, lane: Lane, moment_s: float) -> float:
        """Give the bound of a free lane that could be claimed from a moment on."""
        return NEVER_S if self.is_paused(site, lane) else moment_s


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
        site: str = "",
    ) -> Claim | None:
        """Lease the named lane, or the one that has been due the longest, and take due jobs, at most `batch_max`."""
        now_s = self._clock.now_s()
        wanted = None if kinds is None or lane is not None else frozenset(kinds)
        with self._state.lock:
            due = self._ready(now_s, site or None) if lane is None else self._ready(now_s, site, (lane,))
            for place, state in due:
                if wanted is not None and place[1].kind not in wanted:
                    continue
                if self._state.is_paused(*place):  # it was leased when the pause began
                    state.ready_s = NEVER_S
                    continue
                if state.token is not None:
                    state.lose()
                jobs = tuple(entry.job for entry in islice(state.claimable(now_s), batch_max))
                if jobs:
                    return self._lease(place, state, jobs, now_s + lease_s)
                self._put_right(place, state, now_s)
        return None

    async def ready(
        self, *, until_s: float, site: str | None = None, lanes: Sequence[Lane] | None = None, limit: int = 1000
    ) -> list[LaneDue]:
        """List lanes that may be claimed at a moment, those that have been due the longest first."""
        with self._state.lock:
            found = self._ready(until_s, site, lanes)
            free = [item for item in found if not self._state.is_paused(*item[0])]
            return [LaneDue(site=place[0], lane=place[1], ready_s=state.ready_s) for place, state in free[:limit]]

    async def next_due_s(self, lane: Lane, *, site: str) -> float | None:
        """Say when a claim of this lane may find something next; None: nothing waits in it, or it is paused."""
        with self._state.lock:
            state = self._state.lanes.get((site, lane))
            if state is None or not state.waiting or self._state.is_paused(site, lane):
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

    async def ack_all(self, claim: Claim, jobs: Sequence[Job]) -> int:
        """Remove jobs that are done; give how many, 0 when the lease was lost."""
        with self._state.lock:
            return sum(self._take(claim, job) is not None for job in jobs)

    async def retry(self, claim: Claim, job: Job, *, due_s: float) -> bool:
        """Put a job back for later and count the attempt; False when the lease was lost."""
        with self._state.lock:
            lane = self._held(claim)
            entry = None if lane is None else lane.waiting.get(job.job_id)
            if lane is None or entry is None:
                return False
            lane.leased = max(0, lane.leased - 1)
            entry.due_s = due_s
            entry.job = attrs.evolve(entry.job, attempts=entry.job.attempts + 1, handed=True)
            return True

    async def bury(self, claim: Claim, job: Job, *, reason: str) -> bool:
        """Keep a job as a dead letter with a reason; False when the lease was lost."""
        with self._state.lock:
            entry = self._take(claim, job)
            if entry is None:
                return False
            entry.job = attrs.evolve(entry.job, attempts=entry.job.attempts + 1, handed=True)
            entry.reason = reason[:REASON_CHARS_MAX]
            self._state.lanes[claim.site, claim.lane].buried[job.job_id] = entry
            self._state.buried[job.job_id] = entry
            return True

    async def release(self, claim: Claim, *, due_s: float = 0.0, failures: int = 0, done: Sequence[Job] = ()) -> None:
        """Give the lane back: not to be claimed before `due_s`, with this run of failures, without what is done."""
        now_s = self._clock.now_s()
        with self._state.lock:
            lane = self._held(claim)
            if lane is None:
                return
            for job in done:
                self._take(claim, job)
            lane.free()
            lane.due_s, lane.failures = due_s, failures
            lane.ready_s = self._state.ready_s(claim.site, claim.lane, max(due_s, now_s))
            if failures == 0 and due_s <= now_s:
                self._drop_if_empty((claim.site, claim.lane))

    async def buried(self, *, after: int = 0, limit: int = 100) -> list[tuple[Job, str]]:
        """List dead letters with their reasons."""
        with self._state.lock:
            found = sorted(item for item in self._state.buried if item > after)[:limit]
            return [(self._state.buried[item].job, self._state.buried[item].reason) for item in found]

    async def revive(self, job_id: int) -> bool:
        """Put a dead letter back to be tried at once; False when there is none, or its like waits already."""
        with self._state.lock:
            return self._revive(job_id, self._clock.now_s())

    async def revive_all(self, *, site: str | None = None, lane: Lane | None = None, limit: int = 1000) -> int:
        """Put dead letters back, oldest first, at most `limit`; give how many."""
        now_s = self._clock.now_s()
        with self._state.lock:
            able = [
                job_id
                for job_id, entry in sorted(self._state.buried.items(), key=lambda item: item[0])
                if _is_of(entry.job, site, lane) and entry.dedupe not in self._state.dedupe
            ]
            return sum(self._revive(job_id, now_s) for job_id in able[:limit])

    async def purge(self, *, site: str | None = None, lane: Lane | None = None, waiting: bool = False) -> int:
        """Remove dead letters for good, and with `waiting` what nobody works on just now; give how many went."""
        now_s = self._clock.now_s()
        removed = 0
        with self._state.lock:
            for place, found in list(self._state.lanes.items()):
                if site not in (None, place[0]) or lane not in (None, place[1]):
                    continue
                free = [job_id for job_id in found.waiting if waiting and not found.is_working_on(job_id, now_s)]
                for job_id in free:
                    self._state.dedupe.discard(found.waiting.pop(job_id).dedupe or ("", ""))
                for job_id in found.buried:
                    del self._state.buried[job_id]
                gone = len(free) + len(found.buried)
                found.buried.clear()
                if gone and found.token is None and found.due_s <= now_s:
                    self._drop_if_empty(place)
                removed += gone
        return removed

    async def wake(self, lane: Lane, *, site: str) -> bool:
        """End a lane's back-off: its jobs are due now, its run of failures is forgotten; False: no such lane."""
        now_s = self._clock.now_s()
        with self._state.lock:
            found = self._state.lanes.get((site, lane))
            if found is None:
                return False
            for entry in found.waiting.values():
                entry.due_s = min(entry.due_s, now_s)
            if found.token is None or found.until_s <= now_s:
                found.due_s, found.failures = 0.0, 0
            if found.token is None:
                found.ready_s = self._state.ready_s(site, lane, min(found.ready_s, now_s))
            return True

    async def pause(self, target: Lane | LaneKind, *, site: str) -> bool:
        """Claim no more from a lane, or from a kind of lanes, of a site; False when it was paused already."""
        key = (site, pause_key(target))
        with self._state.lock:
            is_new = key not in self._state.pauses
            self._state.pauses.add(key)
            for (of_site, lane), found in self._state.lanes.items():
                if of_site == site and target in (lane, lane.kind) and found.token is None:
                    found.ready_s = NEVER_S
            return is_new

    async def resume(self, target: Lane | LaneKind, *, site: str) -> bool:
        """End a pause; False when there was none."""
        key, now_s = (site, pause_key(target)), self._clock.now_s()
        with self._state.lock:
            was_paused = key in self._state.pauses
            self._state.pauses.discard(key)
            for (of_site, lane), found in self._state.lanes.items():
                if of_site == site and target in (lane, lane.kind) and found.ready_s >= NEVER_S:
                    moment_s = found.until_s if found.token is not None else max(found.due_s, now_s)
                    found.ready_s = self._state.ready_s(site, lane, moment_s)
            return was_paused

    async def paused(self) -> list[tuple[str, str]]:
        """List the pauses in order: site, and the lane's text or "out:*" for a kind."""
        with self._state.lock:
            return sorted(self._state.pauses)

    async def lanes(
        self, *, kinds: Sequence[LaneKind] | None = None, after: tuple[str, str] | None = None, limit: int = 100
    ) -> list[LaneStatus]:
        """Tell how lanes stand, in order of site and lane."""
        now_s, wanted = self._clock.now_s(), frozenset(LaneKind if kinds is None else kinds)
        with self._state.lock:
            keys = {(site, str(lane)): (site, lane) for site, lane in self._state.lanes if lane.kind in wanted}
            page = sorted(key for key in keys if after is None or key > after)[:limit]
            return [self._status(keys[key], now_s) for key in page]

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        now_s = self._clock.now_s()
        with self._state.lock:
            lanes = list(self._state.lanes.values())
            undone = sum(len(lane.waiting) for lane in lanes)
            leased = sum(lane.leased for lane in lanes if lane.until_s > now_s)
            due = (max(lane.due_s, entry.due_s) for lane in lanes for entry in lane.waiting.values())
            oldest_s = min((moment for moment in due if moment <= now_s), default=now_s)
            return QueueDepth(
                waiting=undone - leased,
                leased=leased,
                buried=len(self._state.buried),
                lanes=len(lanes),
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
            body=bytes(task.body),
        )
        ready_s, place = self._state.ready_s(task.site, task.lane, due_s), (task.site, task.lane)
        lane = self._state.lanes.get(place)
        if lane is None:
            lane = self._state.lanes[place] = _LaneState(ready_s)
        lane.waiting[job.job_id] = _Entry(job, dedupe, due_s)
        if lane.token is None:
            lane.ready_s = max(lane.due_s, min(lane.ready_s, ready_s))
        return True

    def _revive(self, job_id: int, now_s: float) -> bool:
        entry = self._state.buried.get(job_id)
        if entry is None or entry.dedupe in self._state.dedupe:
            return False
        place = (entry.job.site, entry.job.lane)
        lane = self._state.lanes[place]
        del self._state.buried[job_id], lane.buried[job_id]
        entry.job, entry.due_s, entry.reason = attrs.evolve(entry.job, attempts=0), now_s, ""
        if entry.dedupe is not None:
            self._state.dedupe.add(entry.dedupe)
        lane.waiting = dict(sorted([*lane.waiting.items(), (job_id, entry)], key=lambda item: item[0]))
        if lane.token is None:
            lane.due_s, lane.ready_s = 0.0, self._state.ready_s(*place, now_s)
        return True

    def _status(self, place: tuple[str, Lane], now_s: float) -> LaneStatus:
        lane = self._state.lanes[place]
        leased = lane.leased if lane.until_s > now_s else 0
        return LaneStatus(
            site=place[0],
            lane=place[1],
            waiting=len(lane.waiting) - leased,
            leased=leased,
            buried=len(lane.buried),
            failures=lane.failures,
            due_s=lane.due_s if lane.due_s > now_s else 0.0,
            oldest_enqueued_s=next((entry.job.enqueued_s for entry in lane.waiting.values()), None),
            paused=self._state.is_paused(*place),
        )

    def _ready(
        self, until_s: float, site: str | None, lanes: Sequence[Lane] | None = None
    ) -> list[tuple[tuple[str, Lane], _LaneState]]:
        wanted = None if lanes is None else frozenset(lanes)
        found = [
            (place, state)
            for place, state in self._state.lanes.items()
            if state.ready_s <= until_s and state.ready_s < NEVER_S
            if site in (None, place[0]) and (wanted is None or place[1] in wanted)
        ]
        return sorted(found, key=lambda item: item[1].ready_s) if len(found) > 1 else found

    def _lease(self, place: tuple[str, Lane], lane: _LaneState, jobs: tuple[Job, ...], until_s: float) -> Claim:
        lane.token, lane.until_s, lane.ready_s, lane.leased = secrets.token_hex(12), until_s, until_s, len(jobs)
        lane.claimed_to = jobs[-1].job_id
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
        elif not self._drop_if_empty(place):
            lane.free()
            lane.ready_s, lane.due_s, lane.failures = NEVER_S, 0.0, 0  # it only keeps dead letters

    def _drop_if_empty(self, place: tuple[str, Lane]) -> bool:
        lane = self._state.lanes[place]
        is_empty = not lane.waiting and not lane.buried
        if is_empty:
            del self._state.lanes[place]
        return is_empty

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


def _is_of(job: Job, site: str | None, lane: Lane | None) -> bool:
    return site in (None, job.site) and lane in (None, job.lane)
