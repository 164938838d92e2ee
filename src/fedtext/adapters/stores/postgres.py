"""A store in PostgreSQL, in the colour of its runner."""

from __future__ import annotations

from .. import sql as text
from ..sql_store import SqlStore


class PostgresStore(SqlStore):
    """A store over one database, on one clock; any number of processes and machines may share it.

    A key of more than `sql.INDEXED_BYTES_MAX` bytes is kept, and listed, by its beginning and a digest.
    """

    # what another transaction is writing anew at this moment is passed over, not removed behind its back
    purge = text.STORE_PURGE.replace("LIMIT 128", "LIMIT 128 FOR UPDATE SKIP LOCKED")

    @property
    def dialect(self) -> str:
        """The SQL dialect of `statements`: "postgresql"."""
        return "postgresql"

    def row_key(self, key: str) -> str:
        """Give the key as it stands in the table."""
        return text.indexed(key)
