"""A queue, and the SQL beside it, that tell an engine when something new waits.

Invariants: told is after the rows are durable, never before; whatever goes wrong in telling, the rows stand and the
caller does not notice; each caller is told in the colour in which it writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeAlias, cast

import attrs

from ..ports import Opened, Queue, Sql, SqlValue, Statement, Task

Tell: TypeAlias = Callable[[Sequence[Task] | None], Awaitable[None]]
"""Is given tasks that were added; None: rows were added by a transaction, and nobody says which."""

_TASK_TABLES: Final = ("INTO fedtext_jobs", "INTO fedtext_arrivals")
"""Where a queue's statements put a task; in PostgreSQL it arrives before it gets into its lane."""


class Announcer(Protocol):
    """Tells an engine of new tasks; must not raise."""

    async def announce(self, queue: Queue, tasks: Sequence[Task] | None, *, blocking: bool) -> None:
        """Tell of tasks that are durable by now; None: of whatever the application's transactions add."""
        ...


def announced(opened: Opened, announcer: Announcer, *, blocking: bool) -> Opened:
    """Give storage that behaves as it did, and tells the announcer after each enqueue."""

    async def tell(tasks: Sequence[Task] | None) -> None:
        await announcer.announce(opened.queue, tasks, blocking=blocking)

    sql = None if opened.sql is None else cast("Sql", _TellingSql(opened.sql, tell))
    return attrs.evolve(opened, queue=cast("Queue", _TellingQueue(opened.queue, tell)), sql=sql)


class _TellingQueue:
    def __init__(self, queue: Queue, tell: Tell) -> None:
        self._queue = queue
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    async def enqueue(self, tasks: Sequence[Task]) -> int:
        added = await self._queue.enqueue(tasks)
        if added:
            await self._tell(tasks)
        return added


class _TellingSql:
    def __init__(self, sql: Sql, tell: Tell) -> None:
        self._sql = sql
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sql, name)

    async def atomic(self, statements: Sequence[Statement]) -> list[list[tuple[SqlValue, ...]]]:
        rows = await self._sql.atomic(statements)
        if any(table in statement.sql for statement in statements for table in _TASK_TABLES):
            await self._tell(None)
        return rows
