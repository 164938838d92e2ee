"""Reads that come at once are run by one thread in one go, and answered by one call into their loop.

To hand one small read to a thread and its answer back costs more than the read.

Invariants: each piece is a read of its own, in no transaction, and its error is its own; who has gone away is not read
for.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Final

from .group_commit import Piece, finish

TOGETHER_MAX: Final = 32
"""Pieces that are answered at once: the first of them waits for the last."""


class GroupRead:
    """Carries out pieces that change nothing, as many in one go as have come.

    Args:
        connection: Gives a connection for the time of one go.
    """

    def __init__(self, connection: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._connection = connection
        self._pending: deque[Piece[Any]] = deque()

    def add(self, piece: Piece[Any]) -> None:
        """Bring a piece for the next `flush`."""
        self._pending.append(piece)

    def withdraw(self, piece: Piece[Any]) -> None:
        """Take a piece back, unless it is being carried out."""
        with suppress(ValueError):
            self._pending.remove(piece)

    def forget(self) -> None:
        """Let go of what a parent process brought: its threads stayed there."""
        self._pending = deque()

    def flush(self) -> None:
        """Carry out all that was brought; for one thread at a time."""
        while self._pending:
            pieces = [self._pending.popleft() for _ in range(min(TOGETHER_MAX, len(self._pending)))]
            try:
                with self._connection() as connection:
                    _carry_out(connection, pieces)
            except Exception as error:  # there is no connection
                for piece in pieces:
                    piece.error = error
            finish(pieces)


def _carry_out(connection: sqlite3.Connection, pieces: Sequence[Piece[Any]]) -> None:
    for piece in pieces:
        if piece.future is not None and piece.future.cancelled():
            continue
        try:
            piece.run(connection)
        except Exception as error:
            piece.error = error
