"""The host-shaped queue in PostgreSQL, in the colour of its runner.

The tables and most of what is done with them are those of every SQL queue. What many workers on many machines need
is here:

- A claim looks without a lock and then locks one lane with SKIP LOCKED, so no worker ever waits for another. Whatever
  else changes a lane's jobs locks the lane first and looks again after that: a statement sees what was committed
  before it began, and the lock makes sure that nothing is under way.
- A task that goes through the application's own transaction is one plain row in `fedtext_arrivals`. It touches no
  lane, so a transaction that stays open holds up nobody. Once committed it is moved to its lane by whoever claims or
  adds next; one at a time, because order of arrival is the order of those rows.
- Pausing and resuming wait for the transactions that have read the pauses: without that, a lane could be put to rest
  for a pause that has just ended.
"""

# ruff: noqa: S608 - what is put together here are texts of this module, never values
from __future__ import annotations

import time
from collections.abc import Sequence

from ...errors import QueueError
from ...ports import Claim, Clock, Lane, LaneDue, LaneKind, LaneStatus, QueueDepth, SqlValue, Statement, Task
from .. import sql as text
from ..listening import Listener
from ..postgres import PostgresRunner
from ..sessions import Session
from ..sql_queue import SqlQueue

ARRIVALS_MAX = 500
"""Rows that one transaction moves to their lanes."""

NOTIFY_GAP_S = 0.01
"""A process says no more often that there is work: a worker that has just worked looks again after twice as long."""

_ANY_ARRIVED = "EXISTS (SELECT 1 FROM fedtext_arrivals)"
_ONE_READY = "SELECT kind, ready_s, lane_id FROM fedtext_lanes WHERE kind = ? AND ready_s <= ?"
_PEEK, _PEEK_OF_SITE = (
    f"SELECT kind, {_ANY_ARRIVED} FROM ({' UNION ALL '.join([f'({_ONE_READY}{of} ORDER BY 2, 3 LIMIT 1)'] * 3)}"
    f" UNION ALL SELECT '', {text.NEVER_S:.0f}, 0) AS found ORDER BY ready_s, lane_id"
    for of in ("", text.OF_SITE)
)
_LANE_TAKE = text.LANE_READY + " FOR UPDATE SKIP LOCKED"
_LANE_TAKE_OF_SITE = text.LANE_READY_OF_SITE + " FOR UPDATE SKIP LOCKED"
_ARRIVALS_LOCK = "SELECT pg_advisory_xact_lock(hashtext('fedtext_arrivals'), hashtext(current_schema()))"
_ARRIVALS_TRY = "SELECT pg_try_advisory_xact_lock(hashtext('fedtext_arrivals'), hashtext(current_schema()))"
_ARRIVALS_TAKE = (
    "DELETE FROM fedtext_arrivals WHERE arrival_id IN"
    f" (SELECT arrival_id FROM fedtext_arrivals ORDER BY arrival_id LIMIT {ARRIVALS_MAX})"
    " RETURNING arrival_id, site, lane, payload, dedupe_key, ordering_key, due_s, enqueued_s, body"
)


class PostgresQueue(SqlQueue):
    """A queue over one database, on one clock; any number of processes and machines may share it."""

    lane_held = text.LANE_HELD + " FOR UPDATE"
    lane_find = text.LANE_FIND + " FOR UPDATE"
    lane_named = text.LANE_READY_NAMED + " FOR UPDATE SKIP LOCKED"
    purge_lock = " FOR UPDATE"
    sweep_lock = " FOR UPDATE SKIP LOCKED"
    pauses_lock = "LOCK TABLE fedtext_pauses IN ACCESS EXCLUSIVE MODE"

    def __init__(self, runner: PostgresRunner, clock: Clock, listener: Listener) -> None:
        super().__init__(runner, clock)
        self._suspends = runner.suspends
        self._listener = listener
        self._heard = 0
        self._notified_s = -NOTIFY_GAP_S

    @property
    def dialect(self) -> str:
        """The SQL dialect of `statements`: "postgresql"."""
        return "postgresql"

    async def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add tasks in one transaction; give how many were new."""
        now_s = self._clock.now_s()
        if not tasks:
            return 0
        first = f"SELECT {_ANY_ARRIVED}" + (f", {text.POSTGRES_NOTIFY}" if self._has_to_notify(tasks, now_s) else "")

        def work(session: Session) -> int:
            if session.execute(first).fetchone()[0]:
                while _move_arrivals(session, _ARRIVALS_LOCK) == ARRIVALS_MAX:
                    pass  # all of them came before these tasks
            return _add(session, [(task, now_s) for task in tasks])

        return await self._runner.write(work, QueueError)

    def statements(self, task: Task, now_s: float) -> list[Statement]:
        """Give the SQL that adds a task, to be run by the application's own transaction.

        Whether its like waits already is found out when it is moved to its lane.
        """
        return text.enqueue_statements(task, "postgresql", now_s)

    async def claim(
        self,
        *,
        lease_s: float,
        batch_max: int,
        kinds: Sequence[LaneKind] | None = None,
        lane: Lane | None = None,
        site: str = "",
    ) -> Claim | None:
        """Lease the named lane, or the one that has been due the longest, and take due jobs, at most `batch_max`.

        What another worker is taking at the same moment is passed over.
        """
        self._heard = self._listener.heard
        now_s = self._clock.now_s()
        await self.sweep_in_time(now_s)
        wanted = (lane.kind,) if lane is not None else tuple(LaneKind if kinds is None else kinds)
        ready, any_arrived = await self._runner.read(lambda session: _peek(session, wanted, site, now_s), QueueError)
        if any_arrived:
            moved = await self._runner.write(lambda session: _move_arrivals(session, _ARRIVALS_TRY), QueueError)
            ready = ready or (["some"] if moved else [])
        if not ready:
            return None
        claim = await self._claim(wanted, (site, lane), now_s, lease_s, batch_max)
        if claim is not None:
            self._listener.wake_one()
        return claim

    async def wait(self, timeout_s: float) -> bool:
        """Wait until a task is added, also by another process or machine; False: it is time to look anyway.

        What was added since this queue's last claim began wakes at once.
        """
        if self._suspends:
            return await self._listener.wait(self._heard, timeout_s)
        return self._listener.wait_blocking(self._heard, timeout_s)

    async def ready(
        self, *, until_s: float, site: str | None = None, lanes: Sequence[Lane] | None = None, limit: int = 1000
    ) -> list[LaneDue]:
        """List lanes that may be claimed at a moment, those that have been due the longest first."""
        await self._move_all_arrivals()
        return await super().ready(until_s=until_s, site=site, lanes=lanes, limit=limit)

    async def next_due_s(self, lane: Lane, *, site: str) -> float | None:
        """Say when a claim of this lane may find something next; None: nothing waits in it, or it is paused."""
        await self._move_all_arrivals()
        return await super().next_due_s(lane, site=site)

    async def purge(self, *, site: str | None = None, lane: Lane | None = None, waiting: bool = False) -> int:
        """Remove dead letters for good, and with `waiting` what nobody works on just now; give how many went."""
        await self._move_all_arrivals()
        return await super().purge(site=site, lane=lane, waiting=waiting)

    async def wake(self, lane: Lane, *, site: str) -> bool:
        """End a lane's back-off: its jobs are due now, its run of failures is forgotten; False: no such lane."""
        await self._move_all_arrivals()
        return await super().wake(lane, site=site)

    async def lanes(
        self, *, kinds: Sequence[LaneKind] | None = None, after: tuple[str, str] | None = None, limit: int = 100
    ) -> list[LaneStatus]:
        """Tell how lanes stand, in order of site and lane."""
        await self._move_all_arrivals()
        return await super().lanes(kinds=kinds, after=after, limit=limit)

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        await self._move_all_arrivals()
        return await super().depth()

    def ready_lane(
        self, session: Session, kinds: Sequence[LaneKind], site: str, now_s: float
    ) -> Sequence[SqlValue] | None:
        """Find and lock the lane, of a site or ("") of any, that has been ready the longest and nobody has locked."""
        query, of = (_LANE_TAKE_OF_SITE, (site,)) if site else (_LANE_TAKE, ())
        for kind in _peek(session, kinds, site, now_s)[0]:
            found: Sequence[SqlValue] | None = session.execute(query, (kind, now_s, *of)).fetchone()
            if found is not None:
                return found
        return None

    async def _move_all_arrivals(self) -> None:
        moved = ARRIVALS_MAX
        while moved == ARRIVALS_MAX and await self._runner.read(_has_arrivals, QueueError):
            moved = await self._runner.write(lambda session: _move_arrivals(session, _ARRIVALS_LOCK), QueueError)

    def _has_to_notify(self, tasks: Sequence[Task], now_s: float) -> bool:
        said_s, this_s = self._notified_s, time.monotonic()
        if this_s - said_s < NOTIFY_GAP_S or all(task.due_s > now_s for task in tasks):
            return False
        self._notified_s = this_s
        return True


def _has_arrivals(session: Session) -> bool:
    return bool(session.execute(f"SELECT {_ANY_ARRIVED}").fetchone()[0])


def _peek(session: Session, kinds: Sequence[LaneKind], site: str, now_s: float) -> tuple[list[str], bool]:
    """Give the kinds that have a lane that is ready, longest first, and whether something arrived."""
    wanted = [kind.value if kind in kinds else "" for kind in LaneKind]
    query, of = (_PEEK_OF_SITE, (site,)) if site else (_PEEK, ())
    rows = session.execute(query, [value for name in wanted for value in (name, now_s, *of)]).fetchall()
    return [row[0] for row in rows if row[0]], bool(rows[0][1])


def _add(session: Session, tasks: Sequence[tuple[Task, float]]) -> int:
    """Add tasks, each with its time, in an order of lanes that is everybody's: no two wait for each other."""
    ordered = sorted(
        tasks, key=lambda item: (item[0].site, str(item[0].lane))
    )  # stable: order of arrival within a lane
    statements = [text.enqueue_at_once(task, now_s) for task, now_s in ordered]
    bodies = text.bodies_of(task for task, _ in tasks)
    if bodies:
        session.executemany(text.POSTGRES_BODY_ADD, bodies)
    added = session.executemany(statements[0].sql, [one.parameters for one in statements]).rowcount if statements else 0
    if bodies:
        session.executemany(text.POSTGRES_BODY_ADDED, [(digest,) for digest, _ in bodies])
    return added


def _move_arrivals(session: Session, lock: str) -> int:
    """Move what was committed to its lanes; give how many rows, 0 also when another is at it."""
    if session.execute(lock).fetchone()[0] is False:
        return 0
    rows = sorted(session.execute(_ARRIVALS_TAKE).fetchall())
    tasks: list[tuple[Task, float]] = []
    for _, site, lane, payload, dedupe_key, ordering_key, due_s, enqueued_s, body in rows:
        task = Task(
            site=site,
            lane=Lane.parse(lane),
            payload=payload,
            dedupe_key=dedupe_key,
            ordering_key=ordering_key,
            due_s=due_s,
            body=body or b"",
        )
        tasks.append((task, enqueued_s))
    _add(session, tasks)
    return len(rows)
