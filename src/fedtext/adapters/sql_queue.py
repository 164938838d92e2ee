"""What the queues in SQL databases share: the host-shaped queue, in the colour of a runner.

`adapters.sql` says how the tables keep a claim cheap; here the statements are put together. Every method is one
transaction, so a process that is killed leaves either all of it or nothing.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..errors import QueueError
from ..ports import Claim, Clock, Job, Lane, LaneDue, LaneKind, LaneStatus, QueueDepth, Statement, Task, pause_key
from . import sql as text
from .bodies import Bodies
from .sessions import Runner, Session

SWEEP_S = 60.0
"""So often a process that claims looks for bodies that no job names any more."""


_JobRow: TypeAlias = tuple[int, bytes, str, int, float, int, bytes | None]


class SqlQueue(ABC):
    """A queue over one database, on one clock; several processes may share it.

    Attributes:
        lane_held: Finds the lane of a claim.
        lane_find: Finds a lane by its name.
        lane_named: Finds a lane by its name if it is ready, for a claim's transaction.
        purge_lock: What the statements that look for jobs to remove end with.
        sweep_lock: What the statement that looks for bodies to remove ends with.
        pauses_lock: Keeps others from reading the pauses until the transaction ends; None where those take turns.
    """

    lane_held = text.LANE_HELD
    lane_find = text.LANE_FIND
    lane_named = text.LANE_READY_NAMED
    purge_lock = ""
    sweep_lock = ""
    pauses_lock: str | None = None

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock
        self._bodies = Bodies()
        self._sweep_due_s: float | None = None
        self._swept_to = b""

    @property
    @abstractmethod
    def dialect(self) -> str:
        """The SQL dialect of `statements`."""

    @abstractmethod
    async def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add tasks in one transaction; give how many were new."""

    @abstractmethod
    def statements(self, task: Task, now_s: float) -> list[Statement]:
        """Give the SQL that adds a task, to be run by the application's own transaction."""

    @abstractmethod
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

    @abstractmethod
    def ready_lane(self, session: Session, kinds: Sequence[LaneKind], site: str, now_s: float) -> Sequence[Any] | None:
        """Find the lane, of a site or ("") of any, that has been ready the longest, for a claim's transaction."""

    async def _claim(
        self,
        kinds: Sequence[LaneKind],
        place: tuple[str, Lane | None],
        now_s: float,
        lease_s: float,
        batch_max: int,
    ) -> Claim | None:
        """Take the first lane, by how long it has been ready, that has a claimable job; put the others right."""

        def work(session: Session) -> Claim | None:
            while (ready := self._find(session, kinds, place, now_s)) is not None:
                claim = self._lease(session, ready, now_s, lease_s, batch_max)
                if claim is not None:
                    return claim
            return None

        return await self._runner.write(work, QueueError)

    def _find(
        self, session: Session, kinds: Sequence[LaneKind], place: tuple[str, Lane | None], now_s: float
    ) -> Sequence[Any] | None:
        site, lane = place
        if lane is None:
            return self.ready_lane(session, kinds, site, now_s)
        found: Sequence[Any] | None = session.execute(
            self.lane_named, (lane.kind.value, now_s, site, str(lane))
        ).fetchone()
        return found

    def _lease(
        self, session: Session, ready: Sequence[Any], now_s: float, lease_s: float, batch_max: int
    ) -> Claim | None:
        """Lease a lane that is ready; None when it has no claimable job: then it is put right."""
        _, lane_id, site, lane, failures, is_leased, ended_s, claimed_to, is_paused = ready
        if is_paused:  # it was leased when the pause began
            session.execute(text.LANE_REST, (lane_id,))
            return None
        if is_leased:
            session.execute(text.JOBS_HANDED, (lane_id, claimed_to, ended_s))
        rows = session.execute(text.JOBS_DUE, (lane_id, now_s, now_s, batch_max)).fetchall()
        if not rows:
            _put_right(session, lane_id, now_s)
            return None
        token, until_s, parsed = secrets.token_hex(12), now_s + lease_s, Lane.parse(lane)
        session.execute(text.LANE_LEASE, (token, until_s, until_s, len(rows), rows[-1][0], lane_id))
        bodies = self._bodies.read(session, [row[6] for row in rows])
        return Claim(
            site=site,
            lane=parsed,
            token=token,
            jobs=tuple(_job(site, parsed, row, bodies) for row in rows),
            failures=failures,
            lease_until_s=until_s,
        )

    async def ready(
        self, *, until_s: float, site: str | None = None, lanes: Sequence[Lane] | None = None, limit: int = 1000
    ) -> list[LaneDue]:
        """List lanes that may be claimed at a moment, those that have been due the longest first."""
        wanted = text.lanes_ready(until_s, limit, site=site, lanes=lanes)

        def work(session: Session) -> list[LaneDue]:
            rows = sorted(row for each in wanted for row in session.execute(each.sql, each.parameters).fetchall())
            return [
                LaneDue(site=row_site, lane=Lane.parse(lane), ready_s=ready_s)
                for ready_s, _, row_site, lane in rows[:limit]
            ]

        return await self._runner.read(work, QueueError)

    async def next_due_s(self, lane: Lane, *, site: str) -> float | None:
        """Say when a claim of this lane may find something next; None: nothing waits in it, or it is paused."""

        def work(session: Session) -> float | None:
            row = session.execute(text.LANE_NEXT_DUE, (site, str(lane))).fetchone()
            return None if row is None or row[1] is None else max(row)

        return await self._runner.read(work, QueueError)

    async def extend(self, claim: Claim, *, lease_s: float) -> bool:
        """Lengthen a lease; False when it was already lost."""
        until_s = self._clock.now_s() + lease_s
        parameters = (until_s, until_s, claim.site, str(claim.lane), claim.token)

        def work(session: Session) -> bool:
            return session.execute(text.LANE_EXTEND, parameters).rowcount > 0

        return await self._runner.write(work, QueueError)

    async def ack(self, claim: Claim, job: Job) -> bool:
        """Remove a job that is done; False when the lease was lost."""
        return await self._settle(claim, text.JOB_DELETE, (job.job_id,))

    async def ack_all(self, claim: Claim, jobs: Sequence[Job]) -> int:
        """Remove jobs that are done in one transaction; give how many, 0 when the lease was lost."""

        def work(session: Session) -> int:
            lane_id = self._held_lane(session, claim)
            if lane_id is None:
                return 0
            done = _remove(session, jobs, lane_id)
            session.execute(text.LANE_LESS, (done, done, lane_id))
            return done

        return await self._runner.write(work, QueueError)

    async def retry(self, claim: Claim, job: Job, *, due_s: float) -> bool:
        """Put a job back for later and count the attempt; False when the lease was lost."""
        return await self._settle(claim, text.JOB_RETRY, (due_s, job.job_id))

    async def bury(self, claim: Claim, job: Job, *, reason: str) -> bool:
        """Keep a job as a dead letter with a reason; False when the lease was lost."""
        return await self._settle(claim, text.JOB_BURY, (reason[: text.REASON_CHARS_MAX], job.job_id))

    async def release(self, claim: Claim, *, due_s: float = 0.0, failures: int = 0, done: Sequence[Job] = ()) -> None:
        """Give the lane back: not to be claimed before `due_s`, with this run of failures, without what is done."""
        now_s = self._clock.now_s()

        def work(session: Session) -> None:
            lane_id = self._held_lane(session, claim)
            if lane_id is None:
                return
            _remove(session, done, lane_id)
            # served lanes go behind those that wait: the bound is now, however old the jobs are
            session.execute(text.LANE_RELEASE, (due_s, failures, max(due_s, now_s), lane_id))
            if failures == 0 and due_s <= now_s:
                session.execute(text.LANE_REMOVE, (lane_id,))

        await self._runner.write(work, QueueError)

    async def buried(self, *, after: int = 0, limit: int = 100) -> list[tuple[Job, str]]:
        """List dead letters with their reasons."""

        def work(session: Session) -> list[tuple[Job, str]]:
            rows = session.execute(text.JOBS_BURIED, (after, limit)).fetchall()
            bodies = self._bodies.read(session, [row[8] for row in rows])
            return [(_job(row[1], Lane.parse(row[2]), (row[0], *row[3:9]), bodies), row[9]) for row in rows]

        return await self._runner.read(work, QueueError)

    async def revive(self, job_id: int) -> bool:
        """Put a dead letter back to be tried at once; False when there is none, or its like waits already."""
        now_s = self._clock.now_s()

        def work(session: Session) -> bool:
            return _revive(session, job_id, now_s)

        return await self._runner.write(work, QueueError)

    async def revive_all(self, *, site: str | None = None, lane: Lane | None = None, limit: int = 1000) -> int:
        """Put dead letters back, oldest first, at most `limit`; give how many."""
        now_s = self._clock.now_s()
        find = text.revivable_statement(site, lane, limit)

        def work(session: Session) -> int:
            found = session.execute(find.sql, find.parameters).fetchall()
            return sum(_revive(session, job_id, now_s) for (job_id,) in found)

        return await self._runner.write(work, QueueError)

    async def purge(self, *, site: str | None = None, lane: Lane | None = None, waiting: bool = False) -> int:
        """Remove dead letters for good, and with `waiting` what nobody works on just now; give how many went."""
        now_s = self._clock.now_s()
        removed = 0
        for find in text.purge_statements(site, lane, waiting, now_s):
            step = text.PURGE_JOBS_MAX
            while step == text.PURGE_JOBS_MAX:
                step = await self._purge_step(find, now_s)
                removed += step
        self._swept_to = b""
        while await self._sweep() == text.SWEEP_BODIES_MAX:
            pass
        return removed

    async def _purge_step(self, find: Statement, now_s: float) -> int:
        def work(session: Session) -> int:
            found = session.execute(find.sql + self.purge_lock, find.parameters).fetchall()
            session.executemany(text.JOB_PURGE, [(job_id,) for job_id, _ in found])
            session.executemany(text.LANE_PURGE, [(lane_id, now_s) for lane_id in {row[1] for row in found}])
            return len(found)

        return await self._runner.write(work, QueueError)

    async def sweep_in_time(self, now_s: float) -> None:
        """Remove, once in a while, bodies that no job names any more; whoever claims calls it."""
        if self._sweep_due_s is None:  # what is soon over leaves it to others
            self._sweep_due_s = now_s + SWEEP_S
        if now_s >= self._sweep_due_s:
            self._sweep_due_s = now_s + SWEEP_S
            await self._sweep()

    async def _sweep(self) -> int:
        """Look at the next page of bodies, and remove those that no job names; give how many were looked at."""
        page = await self._runner.read(
            lambda session: session.execute(text.BODIES_PAGE, (self._swept_to,)).fetchall(), QueueError
        )
        is_whole = len(page) == text.SWEEP_BODIES_MAX
        self._swept_to = page[-1][0] if is_whole else b""
        unnamed = [digest for digest, is_named in page if not is_named]
        if unnamed:
            await self._runner.write(lambda session: self._drop(session, unnamed), QueueError)
        if is_whole and 2 * len(unnamed) > len(page):  # more of it will be such: go on with the next claim
            self._sweep_due_s = None if self._sweep_due_s is None else self._sweep_due_s - SWEEP_S
        return len(page)

    def _drop(self, session: Session, unnamed: Sequence[bytes]) -> None:
        hold = text.BODIES_HOLD + self.sweep_lock
        held = session.execute(hold, (unnamed[0], unnamed[-1])).fetchall()
        session.executemany(text.BODY_DROP, held)  # which looks again, now that nobody else can name them

    async def wake(self, lane: Lane, *, site: str) -> bool:
        """End a lane's back-off: its jobs are due now, its run of failures is forgotten; False: no such lane."""
        now_s = self._clock.now_s()

        def work(session: Session) -> bool:
            found = session.execute(self.lane_find, (site, str(lane))).fetchone()
            if found is None:
                return False
            session.execute(text.JOBS_WAKE, (now_s, found[0], now_s))
            session.execute(text.LANE_WAKE, (now_s, now_s, found[0], now_s))
            return True

        return await self._runner.write(work, QueueError)

    async def pause(self, target: Lane | LaneKind, *, site: str) -> bool:
        """Claim no more from a lane, or from a kind of lanes, of a site; False when it was paused already."""
        key, now_s, lanes = pause_key(target), self._clock.now_s(), text.pause_statement(target, site)

        def work(session: Session) -> bool:
            self._hold_pauses(session)
            is_new = session.execute(text.PAUSE_ADD, (site, key, now_s)).rowcount > 0
            session.execute(lanes.sql, lanes.parameters)
            return is_new

        return await self._runner.write(work, QueueError)

    async def resume(self, target: Lane | LaneKind, *, site: str) -> bool:
        """End a pause; False when there was none."""
        key, lanes = pause_key(target), text.resume_statement(target, site, self._clock.now_s())

        def work(session: Session) -> bool:
            self._hold_pauses(session)
            was_paused = session.execute(text.PAUSE_REMOVE, (site, key)).rowcount > 0
            session.execute(lanes.sql, lanes.parameters)
            return was_paused

        return await self._runner.write(work, QueueError)

    async def paused(self) -> list[tuple[str, str]]:
        """List the pauses in order: site, and the lane's text or "out:*" for a kind."""

        def work(session: Session) -> list[tuple[str, str]]:
            return session.execute(text.PAUSES).fetchall()

        return await self._runner.read(work, QueueError)

    async def lanes(
        self, *, kinds: Sequence[LaneKind] | None = None, after: tuple[str, str] | None = None, limit: int = 100
    ) -> list[LaneStatus]:
        """Tell how lanes stand, in order of site and lane."""
        now_s = self._clock.now_s()
        wanted = [kind.value if kinds is None or kind in kinds else "" for kind in LaneKind]
        parameters: tuple[Any, ...] = (now_s, now_s, *(after or ("", "")), *wanted, limit)

        def work(session: Session) -> list[LaneStatus]:
            return [_status(*row) for row in session.execute(text.LANES_PAGE, parameters)]

        return await self._runner.read(work, QueueError)

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        now_s = self._clock.now_s()

        def work(session: Session) -> QueueDepth:
            undone: int = session.execute(text.DEPTH_WAITING).fetchone()[0]
            buried: int = session.execute(text.DEPTH_BURIED).fetchone()[0]
            lanes, leased = session.execute(text.DEPTH_LANES, (now_s,)).fetchone()
            oldest_s: float | None = session.execute(text.DEPTH_OLDEST, (now_s, now_s)).fetchone()[0]
            age_s = 0.0 if oldest_s is None else now_s - oldest_s
            return QueueDepth(
                waiting=undone - leased, leased=leased, buried=buried, lanes=lanes, oldest_due_age_s=age_s
            )

        return await self._runner.read(work, QueueError)

    def _hold_pauses(self, session: Session) -> None:
        if self.pauses_lock is not None:
            session.execute(self.pauses_lock)

    def _held_lane(self, session: Session, claim: Claim) -> int | None:
        row = session.execute(self.lane_held, (claim.site, str(claim.lane), claim.token)).fetchone()
        return None if row is None else int(row[0])

    async def _settle(self, claim: Claim, sql: str, parameters: tuple[str | float | int, ...]) -> bool:
        def work(session: Session) -> bool:
            lane_id = self._held_lane(session, claim)
            if lane_id is None or session.execute(sql, (*parameters, lane_id)).rowcount == 0:
                return False
            session.execute(text.LANE_LESS, (1, 1, lane_id))
            return True

        return await self._runner.write(work, QueueError)


def _remove(session: Session, jobs: Sequence[Job], lane_id: int) -> int:
    """Remove jobs of a lane; give how many were there."""
    statements = text.delete_statements([job.job_id for job in jobs], lane_id)
    return sum(session.execute(statement.sql, statement.parameters).rowcount for statement in statements)


def _put_right(session: Session, lane_id: int, now_s: float) -> None:
    """Move the bound of a lane without claimable jobs past now, or remove the lane."""
    next_s: float | None = session.execute(text.JOBS_NEXT_DUE, (lane_id, now_s)).fetchone()[0]
    if next_s is not None:
        session.execute(text.LANE_DEFER, (next_s, lane_id))
    elif session.execute(text.LANE_REMOVE, (lane_id,)).rowcount == 0:
        session.execute(text.LANE_PARK, (text.NEVER_S, lane_id))  # dead letters still name it


def _revive(session: Session, job_id: int, now_s: float) -> bool:
    revived = session.execute(text.JOB_REVIVE, (now_s, job_id)).rowcount > 0
    if revived:
        session.execute(text.LANE_OF_REVIVED, (now_s, job_id))
    return revived


def _job(site: str, lane: Lane, row: _JobRow, bodies: Mapping[bytes, bytes]) -> Job:
    job_id, payload, ordering_key, attempts, enqueued_s, handed, digest = row
    return Job(
        job_id=job_id,
        site=site,
        lane=lane,
        payload=payload,
        ordering_key=ordering_key,
        attempts=attempts,
        enqueued_s=enqueued_s,
        handed=bool(handed) or attempts > 0,
        body=b"" if digest is None else bodies.get(digest, b""),
    )


def _status(
    site: str,
    lane: str,
    undone: int,
    leased: int,
    buried: int,
    failures: int,
    due_s: float,
    oldest_s: float | None,
    paused: int,
) -> LaneStatus:
    return LaneStatus(
        site=site,
        lane=Lane.parse(lane),
        waiting=undone - leased,
        leased=leased,
        buried=buried,
        failures=failures,
        due_s=due_s,
        oldest_enqueued_s=oldest_s,
        paused=bool(paused),
    )
