"""A store in SQLite, in the colour of its runner."""

from __future__ import annotations

from ..sql_store import SqlStore


class SqliteStore(SqlStore):
    """A store over one database, on one clock; several processes may share the file."""

    @property
    def dialect(self) -> str:
        """The SQL dialect of `statements`: "sqlite"."""
        return "sqlite"
