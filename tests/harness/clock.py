"""A clock that several processes share: the system's, and an offset that lies in a file and is moved by hand."""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

_DOUBLE = struct.Struct("d")


class SharedClock:
    """The time of a run.

    Args:
        path: The file with the offset; it is made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_DOUBLE.pack(0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _DOUBLE.size)

    @property
    def offset_s(self) -> float:
        """How far it is ahead of the system's."""
        return float(_DOUBLE.unpack_from(self._map)[0])

    def now_s(self) -> float:
        """Give seconds since the epoch, UTC."""
        return time.time() + self.offset_s

    def monotonic_s(self) -> float:
        """Give seconds that never go back."""
        return time.monotonic() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Let time pass. A worker must not be under way: its leases would run out below it."""
        _DOUBLE.pack_into(self._map, 0, self.offset_s + seconds)
