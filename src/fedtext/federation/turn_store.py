"""What a turn of a lane reads of the store once for all its jobs: the keys of the sender, and what the host takes.

A batch goes to one host, mostly from one sender, within seconds. Asking a database anew for each job would cost more
than all else that is done for it beside the signature.

Invariants: nothing outlives the turn; what is written through it is read anew; all that decides whether something is
sent at all, and everything that is not listed in `READ_ONCE`, is asked of the store each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ..ports import Coalesce, Statement, Store

READ_ONCE: Final = frozenset({"keyset", "scheme"})
"""Kinds of keys, as `store_key` has them behind the site."""


class TurnStore:
    """A store for the length of one turn.

    Args:
        store: That is read and written.
        coalesce: By which jobs that begin at the same time read once together.
        read: What was just read of it, of the kinds that are read once; None where there is nothing.
    """

    def __init__(self, store: Store, coalesce: Coalesce, *, read: Mapping[str, bytes | None] | None = None) -> None:
        self._store = store
        self._coalesce = coalesce
        self._read: dict[str, bytes | None] = dict(read or {})
        self._writes = 0

    @property
    def dialect(self) -> str | None:
        """As the store."""
        return self._store.dialect

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is absent or expired; of some kinds as it was when it was first asked for."""
        if key in self._read:
            return self._read[key]
        if _kind_of(key) not in READ_ONCE:
            return await self._store.get(key)
        writes = self._writes
        value = await self._coalesce.run(f"turn {id(self)} {writes} {key}", lambda: self._store.get(key))
        if writes == self._writes:  # else it may be from before one of them
            self._read[key] = value
        return value

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """As the store."""
        return await self._store.get_many(keys)

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """As the store."""
        try:
            await self._store.put(key, value, ttl_s=ttl_s)
        finally:
            self._forget(key)

    async def add_if_absent(self, key: str, value: bytes, *, ttl_s: float | None = None) -> bool:
        """As the store."""
        try:
            return await self._store.add_if_absent(key, value, ttl_s=ttl_s)
        finally:
            self._forget(key)

    async def compare_and_set(
        self, key: str, expected: bytes | None, value: bytes, *, ttl_s: float | None = None
    ) -> bool:
        """As the store."""
        try:
            return await self._store.compare_and_set(key, expected, value, ttl_s=ttl_s)
        finally:
            self._forget(key)

    async def delete(self, key: str) -> bool:
        """As the store."""
        try:
            return await self._store.delete(key)
        finally:
            self._forget(key)

    def _forget(self, key: str) -> None:
        self._writes += 1
        self._read.pop(key, None)

    async def scan(self, prefix: str, *, after: str = "", limit: int = 100) -> list[tuple[str, bytes]]:
        """As the store."""
        return await self._store.scan(prefix, after=after, limit=limit)

    async def count(self, prefix: str) -> int:
        """As the store."""
        return await self._store.count(prefix)

    def statements(
        self, key: str, value: bytes, *, expires_s: float | None = None, once: bool = False
    ) -> list[Statement]:
        """As the store."""
        return self._store.statements(key, value, expires_s=expires_s, once=once)

    def reading(self, key: str) -> Statement:
        """As the store."""
        return self._store.reading(key)


def _kind_of(key: str) -> str:
    return key.partition("/")[2].partition("/")[0]
