"""Chance: the system's, and one that repeats itself for tests."""

from __future__ import annotations

import random
import secrets


class SystemRandomness:
    """Unpredictable bytes and fractions from the operating system."""

    def __init__(self) -> None:
        self._source = secrets.SystemRandom()

    def token(self, size_bytes: int) -> bytes:
        """Give unpredictable bytes."""
        return secrets.token_bytes(size_bytes)

    def fraction(self) -> float:
        """Give a number in [0, 1)."""
        return self._source.random()


class SeededRandomness:
    """The same sequence for the same seed: for tests and simulations, never for a server."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)  # noqa: S311 - being predictable is its purpose

    def token(self, size_bytes: int) -> bytes:
        """Give the next bytes of the sequence."""
        return self._source.randbytes(size_bytes)

    def fraction(self) -> float:
        """Give the next number in [0, 1)."""
        return self._source.random()
