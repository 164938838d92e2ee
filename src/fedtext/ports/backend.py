"""The port that opens storage: a store, a queue and SQL for own tables, in one colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from .queue import Queue
from .services import Clock
from .sql import Rows, Sql, Statement
from .store import Store


@attrs.frozen(kw_only=True)
class Opened:
    """Storage in one colour. `sql` is None where the backend has no SQL."""

    store: Store
    queue: Queue
    sql: Sql | None


class Backend(Protocol):
    """Lazy, fork-safe storage; `connect(url)` makes one. Nothing is opened before the first call of a port."""

    @property
    def url(self) -> str:
        """The address that it was made from, without secrets."""
        ...

    def blocking(self, clock: Clock) -> Opened:
        """Give the colour whose coroutines never suspend; may be used from several threads."""
        ...

    def asynchronous(self, clock: Clock) -> Opened:
        """Give the colour for the running event loop."""
        ...

    def execute_within(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through the application's own open transaction; gives the rows of each.

        Args:
            within: A sqlite3 or psycopg connection, a Django alias or connection, a SQLAlchemy Session or Connection.
            statements: From `Queue.statements`.

        Raises:
            ConfigurationError: The connection is not one to this backend's database, or of an unknown kind.
        """
        ...

    async def execute_within_async(self, within: object, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements through an open transaction that is awaited (of SQLAlchemy's or psycopg's asyncio side)."""
        ...

    def close(self) -> None:
        """Close what was opened by this process."""
        ...
