"""The port for small durable values: keys, followers, tombstones, caches, marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import quote

from .sql import Statement

# What ids and names are made of nearly always: three of these characters alone are encoded.
_USUAL: Final = re.compile(r"[A-Za-z0-9._~:/#-]*").fullmatch
_ENCODED: Final = {code: quote(chr(code), safe="") for code in range(128)}

_KEPT_CHARS_MAX: Final = 256


def store_key(origin: str, *parts: str) -> str:
    """Build a key from untrusted parts without collisions; every key begins with the site's origin.

    Each part is percent-encoded, so "/" separates and nothing else does: `store_prefix` of the leading parts is a
    prefix of exactly the keys below it.
    """
    return "/".join([_encode_origin(origin), *map(_encode, parts)])


def _encode(part: str) -> str:
    return _encoded(part) if len(part) > _KEPT_CHARS_MAX else _kept_encoded(part)


def _encoded(part: str) -> str:
    """Percent-encode all but letters, digits and "-._~"; what is usual, and what is ASCII, in few steps."""
    if _USUAL(part) is not None:
        return part.replace(":", "%3A").replace("/", "%2F").replace("#", "%23")
    return part.translate(_ENCODED) if part.isascii() else quote(part, safe="")


# One request asks for several keys of the same actor, and the kinds of keys are few.
_kept_encoded: Final = lru_cache(maxsize=1_024)(_encoded)
# Every key begins with it, and a process serves few sites.
_encode_origin: Final = lru_cache(maxsize=64)(_encoded)


def store_prefix(origin: str, *parts: str) -> str:
    """Build the prefix of all keys below the given parts."""
    return store_key(origin, *parts) + "/"


class Store(Protocol):
    """A bounded key-value store. Values are bytes; a time to live is in seconds on the backend's clock."""

    @property
    def dialect(self) -> str | None:
        """Name the SQL dialect of `statements`: "sqlite" or "postgresql"; None: this store has no SQL."""
        ...

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is absent or expired."""
        ...

    async def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the values of those keys that are present."""
        ...

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> None:
        """Write a value, replacing what was there."""
        ...

    async def add_if_absent(self, key: str, value: bytes, *, ttl_s: float | None = None) -> bool:
        """Write a value only if there is none (expired counts as none); tell whether it was written. Atomic."""
        ...

    async def compare_and_set(
        self, key: str, expected: bytes | None, value: bytes, *, ttl_s: float | None = None
    ) -> bool:
        """Write a value only if the present one is `expected` (None: absent); tell whether it was. Atomic."""
        ...

    async def delete(self, key: str) -> bool:
        """Remove a value; tell whether there was one."""
        ...

    async def scan(self, prefix: str, *, after: str = "", limit: int = 100) -> list[tuple[str, bytes]]:
        """List (key, value) below a prefix in code point order of the keys, those greater than `after` only."""
        ...

    async def count(self, prefix: str) -> int:
        """Count the keys below a prefix."""
        ...

    def statements(
        self, key: str, value: bytes, *, expires_s: float | None = None, once: bool = False
    ) -> list[Statement]:
        """Give the SQL that writes a value, to be run by the application's own transaction (`?` placeholders).

        Args:
            key: As in `put`.
            value: As in `put`.
            expires_s: Seconds since the epoch; None: never.
            once: It fails, and the transaction with it, where there is a value already.

        Raises:
            ConfigurationError: This store has no SQL.
        """
        ...

    def reading(self, key: str) -> Statement:
        """Give the SQL that reads a value as the application's own transaction sees it: one row, or none.

        Raises:
            ConfigurationError: This store has no SQL.
        """
        ...
