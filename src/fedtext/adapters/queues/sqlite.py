"""The host-shaped queue in SQLite, in the colour of its runner.

`adapters.sql` says how the tables keep a claim cheap; here the statements are put together. Every method is one
transaction, so a process that is killed leaves either all of it or nothing.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence

from ...errors import QueueError
from ...ports import Claim, Clock, Job, Lane, LaneDue, LaneKind, LaneStatus, QueueDepth, Statement, Task, pause_key
from .. import sql as text
from ..databases import Runner


class SqliteQueue:
    """A queue over one database, on one clock; several processes may share the file."""

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock

    @property
    def dialect(self) -> str:
        """The SQL dialect of `statements`: "sqlite"."""
        return "sqlite"

    async def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add tasks in one transaction; give how many were new."""
        now_s = self._clock.now_s()
        if not tasks:
            return 0

        batches: dict[tuple[str, Lane], list[tuple[bytes, str | None, str, float, float]]] = {}
        for task in tasks:
            batches.setdefault((task.site, task.lane), []).append(text.job_values(task, now_s))

        def work(connection: sqlite3.Connection) -> int:
            return sum(_add(connection, site, lane, jobs) for (site, lane), jobs in batches.items())

        return await self._runner.write(work, QueueError)

    def statements(self, task: Task, now_s: float) -> list[Statement]:
        """Give the SQL that adds a task, to be run by the application's own transaction."""
        return text.enqueue_statements(task, "sqlite", now_s)

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
        wanted = [text.lane_ready(kind.value, now_s) for kind in (LaneKind if kinds is None else kinds)]
        if lane is not None:
            wanted = [text.lane_ready(lane.kind.value, now_s, named=(site, str(lane)))]

        def peek(connection: sqlite3.Connection) -> bool:
            return any(connection.execute(each.sql, each.parameters).fetchone() for each in wanted)

        def work(connection: sqlite3.Connection) -> Claim | None:
            return _claim(connection, wanted, now_s, lease_s, batch_max)

        # an idle worker asks often: without anything due it takes no write lock
        if not await self._runner.read(peek, QueueError):
            return None
        return await self._runner.write(work, QueueError)

    async def ready(
        self, *, until_s: float, site: str | None = None, lanes: Sequence[Lane] | None = None, limit: int = 1000
    ) -> list[LaneDue]:
        """List lanes that may be claimed at a moment, those that have been due the longest first."""
        wanted = text.lanes_ready(until_s, limit, site=site, lanes=lanes)

        def work(connection: sqlite3.Connection) -> list[LaneDue]:
            rows = sorted(row for each in wanted for row in connection.execute(each.sql, each.parameters))[:limit]
            return [LaneDue(site=site, lane=Lane.parse(lane), ready_s=ready_s) for ready_s, _, site, lane in rows]

        return await self._runner.read(work, QueueError)

    async def next_due_s(self, lane: Lane, *, site: str) -> float | None:
        """Say when a claim of this lane may find something next; None: nothing waits in it, or it is paused."""

        def work(connection: sqlite3.Connection) -> float | None:
            row = connection.execute(text.LANE_NEXT_DUE, (site, str(lane))).fetchone()
            return None if row is None or row[1] is None else max(row)

        return await self._runner.read(work, QueueError)

    async def extend(self, claim: Claim, *, lease_s: float) -> bool:
        """Lengthen a lease; False when it was already lost."""
        until_s = self._clock.now_s() + lease_s
        parameters = (until_s, until_s, claim.site, str(claim.lane), claim.token)

        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute(text.LANE_EXTEND, parameters).rowcount > 0

        return await self._runner.write(work, QueueError)

    async def ack(self, claim: Claim, job: Job) -> bool:
        """Remove a job that is done; False when the lease was lost."""
        return await self._settle(claim, text.JOB_DELETE, (job.job_id,))

    async def ack_all(self, claim: Claim, jobs: Sequence[Job]) -> int:
        """Remove jobs that are done in one transaction; give how many, 0 when the lease was lost."""

        def work(connection: sqlite3.Connection) -> int:
            lane_id = _held_lane(connection, claim)
            if lane_id is None:
                return 0
            ids = [(job.job_id, lane_id) for job in jobs]
            done = connection.executemany(text.JOB_DELETE, ids).rowcount if ids else 0
            connection.execute(text.LANE_LESS, (done, done, lane_id))
            return done

        return await self._runner.write(work, QueueError)

    async def retry(self, claim: Claim, job: Job, *, due_s: float) -> bool:
        """Put a job back for later and count the attempt; False when the lease was lost."""
        return await self._settle(claim, text.JOB_RETRY, (due_s, job.job_id))

    async def bury(self, claim: Claim, job: Job, *, reason: str) -> bool:
        """Keep a job as a dead letter with a reason; False when the lease was lost."""
        return await self._settle(claim, text.JOB_BURY, (reason[: text.REASON_CHARS_MAX], job.job_id))

    async def release(self, claim: Claim, *, due_s: float = 0.0, failures: int = 0) -> None:
        """Give the lane back: not to be claimed before `due_s`, with this run of failures."""
        now_s = self._clock.now_s()

        def work(connection: sqlite3.Connection) -> None:
            lane_id = _held_lane(connection, claim)
            if lane_id is None:
                return
            # served lanes go behind those that wait: the bound is now, however old the jobs are
            connection.execute(text.LANE_RELEASE, (due_s, failures, max(due_s, now_s), lane_id))
            if failures == 0 and due_s <= now_s:
                connection.execute(text.LANE_REMOVE, (lane_id,))

        await self._runner.write(work, QueueError)

    async def buried(self, *, after: int = 0, limit: int = 100) -> list[tuple[Job, str]]:
        """List dead letters with their reasons."""

        def work(connection: sqlite3.Connection) -> list[tuple[Job, str]]:
            rows = connection.execute(text.JOBS_BURIED, (after, limit)).fetchall()
            return [(_job(row[1], Lane.parse(row[2]), (row[0], *row[3:8])), row[8]) for row in rows]

        return await self._runner.read(work, QueueError)

    async def revive(self, job_id: int) -> bool:
        """Put a dead letter back to be tried at once; False when there is none, or its like waits already."""
        now_s = self._clock.now_s()

        def work(connection: sqlite3.Connection) -> bool:
            return _revive(connection, job_id, now_s)

        return await self._runner.write(work, QueueError)

    async def revive_all(self, *, site: str | None = None, lane: Lane | None = None, limit: int = 1000) -> int:
        """Put dead letters back, oldest first, at most `limit`; give how many."""
        now_s = self._clock.now_s()
        find = text.revivable_statement(site, lane, limit)

        def work(connection: sqlite3.Connection) -> int:
            found = connection.execute(find.sql, find.parameters).fetchall()
            return sum(_revive(connection, job_id, now_s) for (job_id,) in found)

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
        return removed

    async def _purge_step(self, find: Statement, now_s: float) -> int:
        def work(connection: sqlite3.Connection) -> int:
            found = connection.execute(find.sql, find.parameters).fetchall()
            connection.executemany(text.JOB_PURGE, [(job_id,) for job_id, _ in found])
            connection.executemany(text.LANE_PURGE, [(lane_id, now_s) for lane_id in {row[1] for row in found}])
            return len(found)

        return await self._runner.write(work, QueueError)

    async def wake(self, lane: Lane, *, site: str) -> bool:
        """End a lane's back-off: its jobs are due now, its run of failures is forgotten; False: no such lane."""
        now_s = self._clock.now_s()

        def work(connection: sqlite3.Connection) -> bool:
            found = connection.execute(text.LANE_FIND, (site, str(lane))).fetchone()
            if found is None:
                return False
            connection.execute(text.JOBS_WAKE, (now_s, found[0], now_s))
            connection.execute(text.LANE_WAKE, (now_s, now_s, found[0], now_s))
            return True

        return await self._runner.write(work, QueueError)

    async def pause(self, target: Lane | LaneKind, *, site: str) -> bool:
        """Claim no more from a lane, or from a kind of lanes, of a site; False when it was paused already."""
        key, now_s, lanes = pause_key(target), self._clock.now_s(), text.pause_statement(target, site)

        def work(connection: sqlite3.Connection) -> bool:
            is_new = connection.execute(text.PAUSE_ADD, (site, key, now_s)).rowcount > 0
            connection.execute(lanes.sql, lanes.parameters)
            return is_new

        return await self._runner.write(work, QueueError)

    async def resume(self, target: Lane | LaneKind, *, site: str) -> bool:
        """End a pause; False when there was none."""
        key, lanes = pause_key(target), text.resume_statement(target, site, self._clock.now_s())

        def work(connection: sqlite3.Connection) -> bool:
            was_paused = connection.execute(text.PAUSE_REMOVE, (site, key)).rowcount > 0
            connection.execute(lanes.sql, lanes.parameters)
            return was_paused

        return await self._runner.write(work, QueueError)

    async def paused(self) -> list[tuple[str, str]]:
        """List the pauses in order: site, and the lane's text or "out:*" for a kind."""

        def work(connection: sqlite3.Connection) -> list[tuple[str, str]]:
            return connection.execute(text.PAUSES).fetchall()

        return await self._runner.read(work, QueueError)

    async def lanes(
        self, *, kinds: Sequence[LaneKind] | None = None, after: tuple[str, str] | None = None, limit: int = 100
    ) -> list[LaneStatus]:
        """Tell how lanes stand, in order of site and lane."""
        now_s = self._clock.now_s()
        wanted = [kind.value if kinds is None or kind in kinds else "" for kind in LaneKind]
        parameters = (now_s, now_s, *(after or ("", "")), *wanted, limit)

        def work(connection: sqlite3.Connection) -> list[LaneStatus]:
            return [_status(*row) for row in connection.execute(text.LANES_PAGE, parameters)]

        return await self._runner.read(work, QueueError)

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        now_s = self._clock.now_s()

        def work(connection: sqlite3.Connection) -> QueueDepth:
            undone: int = connection.execute(text.DEPTH_WAITING).fetchone()[0]
            buried: int = connection.execute(text.DEPTH_BURIED).fetchone()[0]
            lanes, leased = connection.execute(text.DEPTH_LANES, (now_s,)).fetchone()
            oldest_s: float | None = connection.execute(text.DEPTH_OLDEST, (now_s, now_s)).fetchone()[0]
            age_s = 0.0 if oldest_s is None else now_s - oldest_s
            return QueueDepth(
                waiting=undone - leased, leased=leased, buried=buried, lanes=lanes, oldest_due_age_s=age_s
            )

        return await self._runner.read(work, QueueError)

    async def _settle(self, claim: Claim, sql: str, parameters: tuple[str | float | int, ...]) -> bool:
        def work(connection: sqlite3.Connection) -> bool:
            lane_id = _held_lane(connection, claim)
            if lane_id is None or connection.execute(sql, (*parameters, lane_id)).rowcount == 0:
                return False
            connection.execute(text.LANE_LESS, (1, 1, lane_id))
            return True

        return await self._runner.write(work, QueueError)


def _add(
    connection: sqlite3.Connection, site: str, lane: Lane, jobs: Sequence[tuple[bytes, str | None, str, float, float]]
) -> int:
    """Add jobs of one lane: what `sql.enqueue_statements` does, with one look at the lane for all of them."""
    first_s = min(job[3] for job in jobs)
    found = connection.execute(text.LANE_FIND, (site, str(lane))).fetchone()
    if found is not None:
        lane_id: int | None = found[0]
    else:
        lane_id = connection.execute(text.LANE_INSERT, text.lane_values(site, lane, first_s)).lastrowid
    added = connection.executemany(text.JOBS_ADD, [(lane_id, *job) for job in jobs]).rowcount
    if added == 0 and found is None:
        connection.execute(text.LANE_REMOVE, (lane_id,))
    elif added and found is not None:
        connection.execute(text.LANE_HURRY, (first_s, first_s, lane_id, first_s))
    return added


def _claim(
    connection: sqlite3.Connection, wanted: Sequence[Statement], now_s: float, lease_s: float, batch_max: int
) -> Claim | None:
    """Take the first lane, by how long it has been ready, that has a claimable job; put the others right."""
    while True:
        found = [connection.execute(each.sql, each.parameters).fetchone() for each in wanted]
        ready = min((row for row in found if row is not None), default=None)
        if ready is None:
            return None
        _, lane_id, site, lane, failures, is_leased, ended_s, claimed_to, is_paused = ready
        if is_paused:  # it was leased when the pause began
            connection.execute(text.LANE_REST, (lane_id,))
            continue
        if is_leased:
            connection.execute(text.JOBS_HANDED, (lane_id, claimed_to, ended_s))
        rows = connection.execute(text.JOBS_DUE, (lane_id, now_s, now_s, batch_max)).fetchall()
        if not rows:
            _put_right(connection, lane_id, now_s)
            continue
        token, until_s, parsed = secrets.token_hex(12), now_s + lease_s, Lane.parse(lane)
        connection.execute(text.LANE_LEASE, (token, until_s, until_s, len(rows), rows[-1][0], lane_id))
        return Claim(
            site=site,
            lane=parsed,
            token=token,
            jobs=tuple(_job(site, parsed, row) for row in rows),
            failures=failures,
            lease_until_s=until_s,
        )


def _put_right(connection: sqlite3.Connection, lane_id: int, now_s: float) -> None:
    """Move the bound of a lane without claimable jobs past now, or remove the lane."""
    next_s: float | None = connection.execute(text.JOBS_NEXT_DUE, (lane_id, now_s)).fetchone()[0]
    if next_s is not None:
        connection.execute(text.LANE_DEFER, (next_s, lane_id))
    elif connection.execute(text.LANE_REMOVE, (lane_id,)).rowcount == 0:
        connection.execute(text.LANE_PARK, (text.NEVER_S, lane_id))  # dead letters still name it


def _revive(connection: sqlite3.Connection, job_id: int, now_s: float) -> bool:
    revived = connection.execute(text.JOB_REVIVE, (now_s, job_id)).rowcount > 0
    if revived:
        connection.execute(text.LANE_OF_REVIVED, (now_s, job_id))
    return revived


def _held_lane(connection: sqlite3.Connection, claim: Claim) -> int | None:
    row = connection.execute(text.LANE_HELD, (claim.site, str(claim.lane), claim.token)).fetchone()
    return None if row is None else int(row[0])


def _job(site: str, lane: Lane, row: tuple[int, bytes, str, int, float, int]) -> Job:
    job_id, payload, ordering_key, attempts, enqueued_s, handed = row
    return Job(
        job_id=job_id,
        site=site,
        lane=lane,
        payload=payload,
        ordering_key=ordering_key,
        attempts=attempts,
        enqueued_s=enqueued_s,
        handed=bool(handed) or attempts > 0,
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
