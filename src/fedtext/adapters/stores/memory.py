"""A store in this process's memory: for tests and for a first try; gone when the process ends.

Invariants: no method suspends, so one object serves both colours; a lock makes it safe among threads; values that
expired are swept out while others are written.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Final

import attrs

from ...errors import ConfigurationError
from ...ports import Clock, Statement

_APART: Final = "the memory store takes no part in a database transaction: use sqlite:///"


@attrs.define  # not frozen: made for every write, in half the time
class _Entry:
    value: bytes
    expires_s: float | None

    def is_live(self, now_s: float) -> bool:
        return self.expires_s is None or self.expires_s > now_s


class MemoryState:
    """What every opening of one memory store shares."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: dict[str, _Entry] = {}
        self.keys: list[str] = []  # sorted, the same keys as above
        self.sweep_s = 0.0  # when values are looked through again for expired ones


class MemoryStore:
    """A store over shared state, on one clock."""

    def __init__(self, clock: Clock, state: MemoryState | None = None) -> None:
        self._clock = clock
        self._state = state if state is not None else MemoryState()

    @property
    def dialect(self) -> None:
        """None: this store has no SQL."""
        return

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is absent or expired."""
        return self._live(key)  # one look, which needs no lock

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the values of those keys that are present."""
        now_s = self._clock.now_s()
        found: dict[str, bytes] = {}
        with self._state.lock:
            for key in keys:
                entry = self._state.entries.get(key)
                if entry is not None and entry.is_live(now_s):
                    found[key] = entry.value
        return found

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Write a value, replacing what was there."""
        with self._state.lock:
            self._write(key, value, ttl_s)

    async def add_if_absent(self, key: str, value: bytes, *, ttl_s: float | None = None) -> bool:
        """Write a value only if there is none; tell whether it was written."""
        return await self.compare_and_set(key, None, value, ttl_s=ttl_s)

    async def compare_and_set(
        self, key: str, expected: bytes | None, value: bytes, *, ttl_s: float | None = None
    ) -> bool:
        """Write a value only if the present one is `expected` (None: absent); tell whether it was."""
        with self._state.lock:
            if self._live(key) != expected:
                return False
            self._write(key, value, ttl_s)
            return True

    async def delete(self, key: str) -> bool:
        """Remove a value; tell whether there was one."""
        with self._state.lock:
            was_there = self._live(key) is not None
            self._remove(key)
            return was_there

    async def scan(self, prefix: str, *, after: str = "", limit: int = 100) -> list[tuple[str, bytes]]:
        """List (key, value) below a prefix in code point order of the keys, those greater than `after` only."""
        found: list[tuple[str, bytes]] = []
        with self._state.lock:
            keys = self._state.keys
            index = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
            while index < len(keys) and len(found) < limit and keys[index].startswith(prefix):
                value = self._live(keys[index])
                if value is not None:
                    found.append((keys[index], value))
                index += 1
        return found

    async def count(self, prefix: str) -> int:
        """Count the keys below a prefix."""
        total = 0
        with self._state.lock:
            keys = self._state.keys
            index = bisect_left(keys, prefix)
            while index < len(keys) and keys[index].startswith(prefix):
                total += self._live(keys[index]) is not None
                index += 1
        return total

    def statements(
        self, key: str, value: bytes, *, expires_s: float | None = None, once: bool = False
    ) -> list[Statement]:
        """Refuse: this store has no SQL.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            _APART,
            key=key,
            size_bytes=len(value),
            expires_s=expires_s,
            once=once,
        )

    def reading(self, key: str) -> Statement:
        """Refuse: this store has no SQL.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(_APART, key=key)

    def _live(self, key: str) -> bytes | None:
        entry = self._state.entries.get(key)
        if entry is None or not (entry.expires_s is None or entry.is_live(self._clock.now_s())):
            return None
        return entry.value

    def _write(self, key: str, value: bytes, ttl_s: float | None) -> None:
        now_s = self._clock.now_s()
        self._sweep(now_s)
        if key not in self._state.entries:
            insort(self._state.keys, key)
        self._state.entries[key] = _Entry(bytes(value), None if ttl_s is None else now_s + ttl_s)

    def _remove(self, key: str) -> None:
        if self._state.entries.pop(key, None) is not None:
            del self._state.keys[bisect_left(self._state.keys, key)]

    def _sweep(self, now_s: float) -> None:
        if now_s >= self._state.sweep_s:
            self._state.sweep_s = now_s + 60.0
            self._state.entries = {key: one for key, one in self._state.entries.items() if one.is_live(now_s)}
            self._state.keys = sorted(self._state.entries)
