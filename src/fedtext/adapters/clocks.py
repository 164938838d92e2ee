"""Clocks: the system's, and one that a test moves by hand."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's own time."""

    def now_s(self) -> float:
        """Give seconds since the epoch, UTC."""
        return time.time()

    def monotonic_s(self) -> float:
        """Give seconds that never go back."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is advanced.

    Args:
        start_s: Seconds since the epoch that it shows at first (default: 14 November 2023, 22:13:20 UTC).
    """

    def __init__(self, start_s: float = 1_700_000_000.0) -> None:
        self._start_s = start_s
        self._elapsed_s = 0.0

    def now_s(self) -> float:
        """Give seconds since the epoch, UTC."""
        return self._start_s + self._elapsed_s

    def monotonic_s(self) -> float:
        """Give the seconds that it was advanced by in all."""
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ValueError: Time does not go back.
        """
        if seconds < 0:
            raise ValueError("a clock is advanced by zero seconds or more")
        self._elapsed_s += seconds
