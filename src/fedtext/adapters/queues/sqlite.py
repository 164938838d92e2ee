"""The host-shaped queue in SQLite, in the colour of its runner.

`adapters.sql_queue` has what it shares with other databases. Every method is one transaction, and transactions that
write take turns, so nothing here locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import QueueError
from ...ports import Claim, Lane, LaneKind, Statement, Task
from .. import sql as text
from ..sessions import Session
from ..sql_queue import SqlQueue


class SqliteQueue(SqlQueue):
    """A queue over one database, on one clock; several processes may share the file."""

    _is_busy = False

    @property
    def dialect(self) -> str:
        """The SQL dialect of `statements`: "sqlite"."""
        return "sqlite"

    async def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add tasks in one transaction; give how many were new."""
        now_s = self._clock.now_s()
        if not tasks:
            return 0

        batches: dict[tuple[str, Lane], list[text.JobValues]] = {}
        for task in tasks:
            batches.setdefault((task.site, task.lane), []).append(text.job_values(task, now_s))
        bodies = [(*body, len(tasks)) for body in text.bodies_of(tasks)]

        def work(session: Session) -> int:
            if bodies:
                session.executemany(text.BODY_ADD, bodies)
            return sum(_add(session, site, lane, jobs) for (site, lane), jobs in batches.items())

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
        await self.sweep_in_time(now_s)
        wanted = tuple(LaneKind if kinds is None else kinds)

        def peek(session: Session) -> bool:
            return self._find(session, wanted, (site, lane), now_s) is not None

        # an idle worker asks often: without anything due it takes no write lock; where something was due, more may be
        if not self._is_busy and not await self._runner.read(peek, QueueError):
            return None
        claim = await self._claim(wanted, (site, lane), now_s, lease_s, batch_max)
        self._is_busy = claim is not None
        return claim

    def ready_lane(self, session: Session, kinds: Sequence[LaneKind], site: str, now_s: float) -> Sequence[Any] | None:
        """Find the lane, of a site or ("") of any, that has been ready the longest, for a claim's transaction."""
        query, of = (text.LANE_READY_OF_SITE, (site,)) if site else (text.LANE_READY, ())
        found = [session.execute(query, (kind.value, now_s, *of)).fetchone() for kind in kinds]
        return min((row for row in found if row is not None), default=None)


def _add(session: Session, site: str, lane: Lane, jobs: Sequence[text.JobValues]) -> int:
    """Add jobs of one lane: what `sql.enqueue_statements` does, with one look at the lane for all of them."""
    first_s = min(job[3] for job in jobs)
    found = session.execute(text.LANE_FIND, (site, str(lane))).fetchone()
    if found is not None:
        lane_id: int = found[0]
    else:
        insert = text.LANE_INSERT + " RETURNING lane_id"
        lane_id = session.execute(insert, text.lane_values(site, lane, first_s)).fetchone()[0]
    added = session.executemany(text.JOBS_ADD, [(lane_id, *job) for job in jobs]).rowcount
    if added == 0 and found is None:
        session.execute(text.LANE_REMOVE, (lane_id,))
    elif added and found is not None:
        session.execute(text.LANE_HURRY, (first_s, first_s, lane_id, first_s))
    return added
