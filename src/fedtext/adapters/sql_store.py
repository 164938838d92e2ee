"""What the stores in SQL databases share: all of it but the connection, in the colour of a runner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..errors import StoreError
from ..ports import Clock, Statement
from . import sql as text
from .sessions import Runner, Session


class SqlStore(ABC):
    """A store over one database, on one clock; several processes may share it.

    Attributes:
        purge: Removes some of the values that expired; it is run with some of the writes.
    """

    purge = text.STORE_PURGE

    def __init__(self, runner: Runner, clock: Clock) -> None:
        self._runner = runner
        self._clock = clock
        self._writes = 0

    @property
    @abstractmethod
    def dialect(self) -> str:
        """The SQL dialect of `statements`."""

    def row_key(self, key: str) -> str:
        """Give the key as it stands in the table."""
        return key

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is absent or expired."""
        return (await self.get_many((key,))).get(key)

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the values of those keys that are present."""
        if not keys:
            return {}
        by_row = {self.row_key(key): key for key in keys}
        statements = text.store_reads([*by_row], self._clock.now_s())

        def work(session: Session) -> list[tuple[str, bytes]]:
            return [row for each in statements for row in session.execute(each.sql, each.parameters).fetchall()]

        return {by_row[key]: value for key, value in await self._runner.read(work, StoreError)}

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Write a value, replacing what was there."""
        await self._change(text.STORE_PUT, (self.row_key(key), value, self._expires_s(ttl_s)))

    async def add_if_absent(self, key: str, value: bytes, *, ttl_s: float | None = None) -> bool:
        """Write a value only if there is none (expired counts as none); tell whether it was written."""
        return await self._change(
            text.STORE_ADD, (self.row_key(key), value, self._expires_s(ttl_s), self._clock.now_s())
        )

    async def compare_and_set(
        self, key: str, expected: bytes | None, value: bytes, *, ttl_s: float | None = None
    ) -> bool:
        """Write a value only if the present one is `expected` (None: absent); tell whether it was."""
        if expected is None:
            return await self.add_if_absent(key, value, ttl_s=ttl_s)
        now_s = self._clock.now_s()
        return await self._change(text.STORE_SWAP, (value, self._expires_s(ttl_s), self.row_key(key), expected, now_s))

    async def delete(self, key: str) -> bool:
        """Remove a value; tell whether there was one."""
        return await self._change(text.STORE_DELETE, (self.row_key(key), self._clock.now_s()))

    async def scan(self, prefix: str, *, after: str = "", limit: int = 100) -> list[tuple[str, bytes]]:
        """List (key, value) below a prefix in code point order of the keys, those greater than `after` only."""
        # one lower bound, so that a later page starts where it begins in the index
        bounds = (max(prefix, after), text.prefix_end(prefix), after, self._clock.now_s(), limit)

        def work(session: Session) -> list[tuple[str, bytes]]:
            return session.execute(text.STORE_SCAN, bounds).fetchall()

        return await self._runner.read(work, StoreError)

    async def count(self, prefix: str) -> int:
        """Count the keys below a prefix."""
        bounds = (prefix, text.prefix_end(prefix), self._clock.now_s())

        def work(session: Session) -> int:
            total: int = session.execute(text.STORE_COUNT, bounds).fetchone()[0]
            return total

        return await self._runner.read(work, StoreError)

    def statements(
        self, key: str, value: bytes, *, expires_s: float | None = None, once: bool = False
    ) -> list[Statement]:
        """Give the SQL that writes a value, to be run by the application's own transaction."""
        key = self.row_key(key)
        if not once:
            return [Statement(text.STORE_PUT, (key, value, expires_s))]
        expire = Statement(text.STORE_EXPIRE, (key, self._clock.now_s()))
        return [expire, Statement(text.STORE_INSERT, (key, value, expires_s))]

    def reading(self, key: str) -> Statement:
        """Give the SQL that reads a value, to be run by the application's own transaction."""
        return Statement(text.STORE_GET, (self.row_key(key), self._clock.now_s()))

    async def _change(self, sql: str, parameters: tuple[str | bytes | float | None, ...]) -> bool:
        is_due, self._writes = self._writes % text.STORE_PURGE_EVERY == 0, self._writes + 1
        if not is_due:
            return await self._runner.change(Statement(sql, parameters), StoreError) > 0
        now_s = self._clock.now_s()

        def work(session: Session) -> bool:
            changed = session.execute(sql, parameters).rowcount > 0
            session.execute(self.purge, (now_s,))
            return changed

        return await self._runner.write(work, StoreError)

    def _expires_s(self, ttl_s: float | None) -> float | None:
        return None if ttl_s is None else self._clock.now_s() + ttl_s
