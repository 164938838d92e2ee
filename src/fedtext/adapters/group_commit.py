"""Group commit: writes that come while another is written share the next transaction.

There is one writer at a time, and whoever holds its lock leads: it runs what all have brought, each piece in a
savepoint of its own, and commits once. So ten callers cost one commit, and nobody waits for anybody's sake.

Invariants: a caller is answered only after the COMMIT that holds its piece; a piece that fails undoes nothing of the
others; where the transaction as a whole is lost (a deferred constraint, a full disk), each piece is run again alone, so
a piece changes nothing but the database; a leader that is interrupted leaves the others' pieces to the next.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
Work: TypeAlias = Callable[[sqlite3.Connection], T]

PIECES_MAX = 128
"""Pieces of one transaction: the first of them waits for the last."""


class Piece(Generic[T]):
    """One caller's work and what became of it.

    Args:
        work: What is run; perhaps twice.
        future: Of the caller that awaits the answer; None: the caller waits for the writer's lock.
    """

    def __init__(self, work: Work[T], future: asyncio.Future[T] | None = None) -> None:
        self.work = work
        self.future = future
        self.is_done = False
        self.error: Exception | None = None
        self._result: T | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        """Run the work and keep its result."""
        self._result = self.work(connection)

    def answer(self) -> T:
        """Give the result, or raise what the work, or the commit, raised."""
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value] # None only where the work gave it

    def settle(self) -> None:
        """Tell the caller that awaits; on its loop's thread."""
        if self.future is None or self.future.done():  # it was cancelled; the piece stands
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.answer())


class GroupCommit:
    """Carries out pieces, as many in one transaction as have come.

    Args:
        connection: Gives the writer's connection, in autocommit mode, for the time of a transaction.
    """

    def __init__(self, connection: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._connection = connection
        self._pending: deque[Piece[Any]] = deque()
        self.lock = threading.Lock()

    def forget(self) -> None:
        """Let go of what a parent process brought: its threads stayed there, and one may have held the lock."""
        self._pending = deque()
        self.lock = threading.Lock()

    def run(self, work: Work[T]) -> T:
        """Carry out one piece and wait for it; from any thread."""
        piece = Piece(work)
        self._pending.append(piece)
        try:
            # waiting on a lock is fair, SQLite's busy waiting is not
            with self.lock:
                while not piece.is_done:
                    self._lead()
        except BaseException:
            self.withdraw(piece)
            raise
        return piece.answer()

    def add(self, piece: Piece[Any]) -> None:
        """Bring a piece for the next `flush`, or the next leader."""
        self._pending.append(piece)

    def withdraw(self, piece: Piece[Any]) -> None:
        """Take a piece back, unless it is being carried out."""
        with suppress(ValueError):
            self._pending.remove(piece)

    def flush(self) -> None:
        """Carry out all that was brought."""
        with self.lock:
            while self._pending:
                self._lead()

    def _lead(self) -> None:
        first = [self._pending[index] for index in range(min(PIECES_MAX, len(self._pending)))]
        try:
            with self._connection() as connection:
                connection.execute("BEGIN IMMEDIATE")
                self._carry_out(connection)
        except Exception as error:  # it could not begin: all who waited for that are told, those who came later wait on
            for piece in first:
                if not piece.is_done:
                    with suppress(ValueError):
                        self._pending.remove(piece)
                    piece.error = error
            finish([piece for piece in first if not piece.is_done])

    def _carry_out(self, connection: sqlite3.Connection) -> None:
        pieces = [self._pending.popleft() for _ in range(min(PIECES_MAX, len(self._pending)))]
        try:
            if not (_single(connection, pieces[0]) is None if len(pieces) == 1 else _together(connection, pieces)):
                for piece in pieces:
                    if piece.error is None:
                        _alone(connection, piece)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._pending.extendleft(reversed([piece for piece in pieces if not piece.is_done]))
            raise
        finish(pieces)


def _single(connection: sqlite3.Connection, piece: Piece[Any]) -> Exception | None:
    """Run the only piece of the transaction that has begun, which needs no savepoint; gives why that was lost."""
    try:
        piece.run(connection)
    except Exception as error:
        if not connection.in_transaction:  # SQLite has given it up by itself
            return error
        connection.execute("ROLLBACK")
        piece.error = error
        return None
    try:
        connection.execute("COMMIT")
    except Exception as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return error
    return None


def _together(connection: sqlite3.Connection, pieces: Sequence[Piece[Any]]) -> bool:
    """Run pieces in the transaction that has begun; False when it was lost as a whole."""
    try:
        for piece in pieces:
            connection.execute("SAVEPOINT piece")
            try:
                piece.run(connection)
            except Exception as error:
                if not connection.in_transaction:  # SQLite gives it up by itself on some errors, such as a full disk
                    raise
                connection.execute("ROLLBACK TO piece")
                piece.error = error
            connection.execute("RELEASE piece")
        connection.execute("COMMIT")
    except Exception:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return False
    return True


def _alone(connection: sqlite3.Connection, piece: Piece[Any]) -> None:
    """Run a piece once more, in a transaction of its own; when that is lost, too, it has failed."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except Exception as error:
        piece.error = error
    else:
        piece.error = _single(connection, piece) or piece.error
    finish([piece])


def finish(pieces: Sequence[Piece[Any]]) -> None:
    """Tell all callers; those of one event loop by one call into it."""
    loops: dict[asyncio.AbstractEventLoop, list[Piece[Any]]] = {}
    for piece in pieces:
        piece.is_done = True
        if piece.future is not None:
            loops.setdefault(piece.future.get_loop(), []).append(piece)
    for loop, awaited in loops.items():
        with suppress(RuntimeError):  # the loop has ended, and with it whoever awaited
            loop.call_soon_threadsafe(_settle_all, awaited)


def _settle_all(pieces: Sequence[Piece[Any]]) -> None:
    for piece in pieces:
        piece.settle()
