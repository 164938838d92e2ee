"""Connections to SQLite, and the two colours of running work on them.

A `Database` runs a piece of work on a connection; a `Runner` gives that a colour. The work itself, which is all of
the store's and the queue's logic, is the same plain function for both.

Invariants: writes begin IMMEDIATE and are all or nothing; those that come at once share a commit
(`adapters.group_commit`); reads never wait for a writer, neither in the file (WAL)
nor in this process (their own connections, their own thread), because the application may hold the write lock in
its own transaction while it asks us something; a connection is never used on both sides of a fork.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar

from ..errors import PortError, StoreError
from ..ports import SqlValue, Statement
from . import sql as text
from .group_commit import GroupCommit, Piece, Work
from .group_read import GroupRead
from .lingering import Lingerer

T = TypeVar("T")
Row: TypeAlias = tuple[SqlValue, ...]
Synchronous: TypeAlias = Literal["NORMAL", "FULL"]

BUSY_S = 10.0
IDLE_CONNECTIONS_MAX = 8


class Database(Protocol):
    """Runs work on a connection, on the calling thread; used from any thread."""

    def read(self, work: Work[T]) -> T:
        """Run work that changes nothing."""
        ...

    def write(self, work: Work[T]) -> T:
        """Run work in one transaction: all or nothing."""
        ...


class SqliteFile:
    """One SQLite file: connections that are opened when needed, kept for the next caller and dropped by a fork.

    Args:
        path: The file; it is made by the first use, its folder is not.
        synchronous: NORMAL survives the end of the process, FULL also that of the machine's power.
        busy_s: How long a write waits for the writers of other connections and processes.
    """

    def __init__(self, path: str, *, synchronous: Synchronous = "NORMAL", busy_s: float = BUSY_S) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_s = busy_s
        self._idle: list[sqlite3.Connection] = []
        self._generation = 0
        self._has_schema = False
        self._lock = threading.Lock()
        self._group = GroupCommit(self._connection)
        self._reads = GroupRead(self._connection)
        self._writing, self._reading = Lingerer(self._group.flush), Lingerer(self._reads.flush)
        self._executors: dict[str, ThreadPoolExecutor] = {}
        _files.add(self)

    def read(self, work: Work[T]) -> T:
        """Run work that changes nothing."""
        with self._connection() as connection:
            return work(connection)

    def write(self, work: Work[T]) -> T:
        """Run work in one transaction: all or nothing; perhaps in that of others who write just now."""
        return self._group.run(work)

    def write_soon(self, piece: Piece[Any]) -> None:
        """Have the thread of the writes carry out a piece, together with what else has come until then."""
        self._group.add(piece)
        try:
            self._writing.call(lambda: self._executor("write"))
        except BaseException:
            self._group.withdraw(piece)
            raise

    def read_soon(self, piece: Piece[Any]) -> None:
        """Have the thread of the reads carry out a piece, together with what else has come until then."""
        self._reads.add(piece)
        try:
            self._reading.call(lambda: self._executor("read"))
        except BaseException:
            self._reads.withdraw(piece)
            raise

    def _executor(self, side: Literal["read", "write"]) -> ThreadPoolExecutor:
        with self._lock:
            if side not in self._executors:
                self._executors[side] = ThreadPoolExecutor(1, thread_name_prefix=f"fedtext-sqlite-{side}")
            return self._executors[side]

    def close(self) -> None:
        """Close what this process opened; the next use opens anew."""
        with self._lock:
            executors, self._executors = self._executors, {}
        for lingerer in (self._writing, self._reading):
            lingerer.end()
        for executor in executors.values():
            executor.shutdown(wait=True)
        with self._lock:
            idle, self._idle = self._idle, []
            self._generation += 1
            self._has_schema = False
        for connection in idle:
            connection.close()

    def forget(self) -> None:
        """Let go of everything that belongs to the parent process, without touching it."""
        # closing here could end locks or a write-ahead log that the parent still uses
        _inherited.extend(self._idle)
        self._idle = []
        self._generation += 1
        # the threads stayed in the parent, and a lock may have been held there
        self._lock = threading.Lock()
        self._group.forget()
        self._reads.forget()
        self._writing.forget()
        self._reading.forget()
        self._executors = {}

    @contextmanager
    def _connection(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            generation = self._generation
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._open()
        try:
            yield connection
        finally:
            with self._lock:
                keep = generation == self._generation and len(self._idle) < IDLE_CONNECTIONS_MAX
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                # the switch needs the file for itself; the journal that it has serves too, until a later try
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA busy_timeout = {int(self._busy_s * 1000)}")
            if not self._has_schema:
                ensure_schema(connection)
                self._has_schema = True
        except BaseException:
            connection.close()
            raise
        return connection


_files: weakref.WeakSet[SqliteFile] = weakref.WeakSet()
_inherited: list[sqlite3.Connection] = []


def _after_fork() -> None:
    for file in list(_files):
        file.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)


class SqliteMemory:
    """One SQLite database in memory behind a lock; gone when it is closed, or when nobody has it any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._closing: weakref.finalize[[], SqliteMemory] | None = None

    def read(self, work: Work[T]) -> T:
        """Run work that changes nothing."""
        with self._lock:
            return work(self._connection())

    def write(self, work: Work[T]) -> T:
        """Run work in one transaction: all or nothing."""
        with self._lock:
            return _transaction(self._connection(), work)

    def close(self) -> None:
        """Close it; its tables are gone."""
        with self._lock:
            if self._closing is not None:
                self._closing()
            self._opened = self._closing = None

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            # Nobody has to close memory; but of a connection that is collected open Python warns from 3.13 on.
            self._closing = weakref.finalize(self, self._opened.close)
        return self._opened


def ensure_schema(connection: sqlite3.Connection) -> None:
    """Make the tables where they are missing, bring older ones to this version and refuse those of a later one.

    Raises:
        ConfigurationError: The database was written by a later version of this library.
    """
    if connection.execute(text.SCHEMA_FIND).fetchone() is None:
        _transaction(connection, _create_schema)
    if _missing_steps(connection):
        _transaction(connection, _upgrade_schema)


def _create_schema(connection: sqlite3.Connection) -> None:
    for statement in text.schema_statements("sqlite"):
        connection.execute(statement.sql, statement.parameters)


def _missing_steps(connection: sqlite3.Connection) -> list[Statement]:
    return text.schema_upgrade(connection.execute(text.SCHEMA_VERSION_READ).fetchall(), "sqlite")


def _upgrade_schema(connection: sqlite3.Connection) -> None:
    for statement in _missing_steps(connection):  # read again: another process may have done it meanwhile
        connection.execute(statement.sql, statement.parameters)


def _transaction(connection: sqlite3.Connection, work: Work[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite rolls back by itself on some errors, such as a full disk
            connection.execute("ROLLBACK")
        raise
    return result


class Runner(Protocol):
    """A colour of running work; what the database raises leaves as the given `PortError`."""

    async def read(self, work: Work[T], error: type[PortError]) -> T:
        """Run work that changes nothing."""
        ...

    async def write(self, work: Work[T], error: type[PortError]) -> T:
        """Run work in one transaction."""
        ...


class BlockingRunner:
    """Runs work where it is called; never suspends."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, work: Work[T], error: type[PortError]) -> T:
        """Run work that changes nothing."""
        try:
            return self._database.read(work)
        except _RAISED as cause:
            raise _as_port_error(error, cause) from cause

    async def write(self, work: Work[T], error: type[PortError]) -> T:
        """Run work in one transaction."""
        try:
            return self._database.write(work)
        except _RAISED as cause:
            raise _as_port_error(error, cause) from cause

    async def change(self, statement: Statement, error: type[PortError]) -> int:
        """Run one statement in a transaction of its own; give how many rows it changed."""
        return await self.write(lambda session: session.execute(statement.sql, statement.parameters).rowcount, error)


class ThreadRunner:
    """Runs the same work on the file's own threads, one for reads and one for writes."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    async def read(self, work: Work[T], error: type[PortError]) -> T:
        """Run work that changes nothing."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._file.read_soon(Piece(work, future))
            return await future
        except _RAISED as cause:
            raise _as_port_error(error, cause) from cause

    async def write(self, work: Work[T], error: type[PortError]) -> T:
        """Run work in one transaction; a caller that is cancelled does not undo it."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            self._file.write_soon(Piece(work, future))
            return await future
        except _RAISED as cause:
            raise _as_port_error(error, cause) from cause

    async def change(self, statement: Statement, error: type[PortError]) -> int:
        """Run one statement in a transaction of its own; give how many rows it changed."""
        return await self.write(lambda session: session.execute(statement.sql, statement.parameters).rowcount, error)


_RAISED: Final = (sqlite3.Error, OverflowError, UnicodeError)


def _as_port_error(error: type[PortError], cause: Exception) -> PortError:
    return error("the database refused", cause=f"{type(cause).__name__}: {cause}")


class SqliteSql:
    """SQL for tables of one's own, over either colour."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    @property
    def dialect(self) -> str:
        """Name the dialect: "sqlite"."""
        return "sqlite"

    async def execute(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[Row]:
        """Run one statement in a transaction of its own and give its rows."""

        def work(connection: sqlite3.Connection) -> list[Row]:
            return connection.execute(sql, tuple(parameters)).fetchall()

        is_read = sql.lstrip()[:6].upper() == "SELECT"
        return await (self._runner.read if is_read else self._runner.write)(work, StoreError)

    async def atomic(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements in one transaction: all or none."""

        def work(connection: sqlite3.Connection) -> list[list[Row]]:
            return [connection.execute(one.sql, one.parameters).fetchall() for one in statements]

        return await self._runner.write(work, StoreError)
