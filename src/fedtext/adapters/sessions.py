"""What the work of SQL stores and queues is written against: a session, and a runner that gives it a colour.

A sqlite3 connection is such a session as it is; the drivers of servers are fitted into one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from ..errors import PortError
from ..ports import SqlValue, Statement

T = TypeVar("T")


class Changed(Protocol):
    """What statements that give no rows tell."""

    @property
    def rowcount(self) -> int:
        """How many rows they changed."""
        ...


class Rows(Changed, Protocol):
    """What a statement gave."""

    def fetchone(self) -> Any:
        """Give the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Give all rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows that are left."""
        ...


class Session(Protocol):
    """A connection for the time of one piece of work; placeholders are `?`."""

    def execute(self, sql: str, parameters: Sequence[SqlValue] = ..., /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[SqlValue]], /) -> Changed:
        """Run one statement for each row of parameters."""
        ...


Work: TypeAlias = Callable[[Session], T]


class Runner(Protocol):
    """A colour of running work; what the database raises leaves as the given `PortError`."""

    async def read(self, work: Work[T], error: type[PortError]) -> T:
        """Run work that changes nothing."""
        ...

    async def write(self, work: Work[T], error: type[PortError]) -> T:
        """Run work in one transaction: all or nothing."""
        ...

    async def change(self, statement: Statement, error: type[PortError]) -> int:
        """Run one statement, which is a transaction of its own; give how many rows it changed."""
        ...
