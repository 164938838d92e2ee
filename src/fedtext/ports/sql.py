"""SQL as values, and the port for tables of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import attrs

SqlValue: TypeAlias = str | int | float | bytes | None
Rows: TypeAlias = list[tuple[SqlValue, ...]]


@attrs.frozen
class Statement:
    """One SQL statement with `?` placeholders and its parameters."""

    sql: str
    parameters: tuple[SqlValue, ...] = ()


@attrs.define
class Batch:
    """Collects statements instead of running them: give it as `within`, then run them in a transaction of yours.

    Attributes:
        statements: In order.
        values: What they write into the store, by key.
    """

    statements: list[Statement] = attrs.field(factory=list[Statement])
    values: dict[str, bytes] = attrs.field(factory=dict[str, bytes])


class Sql(Protocol):
    """SQL over the backend's database, for tables of one's own."""

    @property
    def dialect(self) -> str:
        """Name the dialect: "sqlite" or "postgresql"."""
        ...

    async def execute(self, sql: str, parameters: Sequence[SqlValue] = ()) -> Rows:
        """Run one statement in a transaction of its own and give its rows."""
        ...

    async def atomic(self, statements: Sequence[Statement]) -> list[Rows]:
        """Run statements in one transaction: all or none."""
        ...
