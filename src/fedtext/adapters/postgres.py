"""Connections to PostgreSQL, and running work on them.

A piece of work is a plain function of a `Session`. It is run again when the server gave up on its transaction for
the sake of another (a deadlock) or when the connection was lost before the transaction was to be committed; what
happened to a commit without an answer nobody knows, so that is an error. Therefore work changes nothing but the
database.

Invariants: nothing is opened before the first use; a connection is never used on both sides of a fork; every
statement, lock and idle transaction has a time limit; no error and no address shows a password.
"""

from __future__ import annotations

import os
import random
import select
import sys
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import attrs
import psycopg
from psycopg import conninfo as addresses
from psycopg.types.numeric import FloatLoader

from ..errors import ConfigurationError, PortError, StoreError
from ..ports import SqlValue, Statement
from . import sql as text
from .threads import Carrier, InPlace

T = TypeVar("T")
Row: TypeAlias = tuple[SqlValue, ...]

CONNECT_S = 5
STATEMENT_S = 30
LOCK_S = 10
IDLE_IN_TRANSACTION_S = 60
IDLE_CONNECTIONS_MAX = 8
ATTEMPTS_MAX = 5
PAUSE_S_MAX = 0.05
"""Between two attempts: random up to this, so that those who met do not meet again."""

_KEEPALIVE = {
    "keepalives_idle": 30,  # s
    "keepalives_interval": 10,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms: a server that vanished is noticed also while it owes us an answer
}
_SETTINGS = (
    f"SELECT set_config('statement_timeout', '{STATEMENT_S}s', false), set_config('lock_timeout', '{LOCK_S}s', false),"
    f" set_config('idle_in_transaction_session_timeout', '{IDLE_IN_TRANSACTION_S}s', false),"
    " set_config('default_transaction_isolation', 'read committed', false)"
)
_GAVE_UP = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected: PostgreSQL, appendix A


@attrs.frozen
class Changed:
    """How many rows statements changed in all."""

    rowcount: int


class Session:
    """One connection, for the time of one piece of work."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[SqlValue] = (), /) -> psycopg.Cursor[Row]:
        """Run one statement with `?` placeholders."""
        return self._connection.execute(_query(sql), tuple(parameters))

    def executemany(self, sql: str, rows: Iterable[Sequence[SqlValue]], /) -> Changed:
        """Run one statement for each row of parameters, all on one journey to the server."""
        given = [tuple(row) for row in rows]
        if not given:
            return Changed(0)
        with self._connection.cursor() as cursor:
            cursor.executemany(_query(sql), given)
            return Changed(cursor.rowcount)


Work: TypeAlias = Callable[[Session], T]


class PostgresServer:
    """One database of a server: connections that are opened when needed and kept for the next caller.

    Args:
        address: "postgresql://user@host/name", or libpq's "host=… dbname=…".

    Raises:
        ConfigurationError: It is not such an address.
    """

    def __init__(self, address: str) -> None:
        try:
            given = addresses.conninfo_to_dict(address)
        except psycopg.ProgrammingError:
            raise ConfigurationError("this is no address of a PostgreSQL database", try_=_EXAMPLE) from None
        options: dict[str, Any] = {"application_name": "fedtext", "connect_timeout": CONNECT_S, **_KEEPALIVE, **given}
        self._address = addresses.make_conninfo(**options)
        self.url = _without_secrets(given)
        self._idle: list[psycopg.Connection[Row]] = []
        self._generation = 0
        self._has_schema = False
        self._lock = threading.Lock()
        _servers.add(self)

    def read(self, work: Work[T]) -> T:
        """Run work that changes nothing; each of its statements sees what is there at its moment."""
        return self._repeated(lambda connection: work(Session(connection)))

    def write(self, work: Work[T]) -> T:
        """Run work in one transaction: all or nothing."""
        return self._repeated(lambda connection: _transaction(connection, work))

    def change(self, statement: Statement) -> int:
        """Run one statement, which is a transaction of its own; give how many rows it changed."""
        return self._repeated(lambda connection: _changed(connection, statement))

    def identity(self, error: type[PortError]) -> tuple[SqlValue, ...]:
        """Tell which server, database and table this is, to be compared with what another connection says."""

        def work(session: Session) -> tuple[SqlValue, ...]:
            return session.execute(text.POSTGRES_IDENTITY).fetchall()[0]

        return _guarded(lambda: self.read(work), error)

    def open(self) -> psycopg.Connection[Row]:
        """Open a connection of the caller's own; each statement of it is a transaction."""
        connection = psycopg.connect(self._address, autocommit=True)
        try:
            connection.adapters.register_loader("numeric", FloatLoader)  # SqlValue has no Decimal
            connection.execute(_query(_SETTINGS))
            if not self._has_schema:
                ensure_schema(connection)
                self._has_schema = True
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close what this process opened; the next use opens anew."""
        with self._lock:
            self._has_schema = False
        self._drop_idle()

    def forget(self) -> None:
        """Let go of everything that belongs to the parent process, without touching it."""
        _inherited.extend(self._idle)  # closing would end the parent's session
        self._idle = []
        self._generation += 1
        self._lock = threading.Lock()

    def _repeated(self, run: Callable[[psycopg.Connection[Row]], T]) -> T:
        attempt = 1
        while True:
            try:
                with self._connection() as connection:
                    try:
                        return run(connection)
                    except psycopg.Error as error:
                        may_repeat = connection.broken or error.sqlstate in _GAVE_UP
                        if connection.broken:
                            self._drop_idle()  # the server went away: the others are gone, too
                        if not may_repeat or attempt >= ATTEMPTS_MAX:
                            raise
            except _CommitUnknown as unknown:
                raise unknown.cause from None
            time.sleep(random.uniform(0, PAUSE_S_MAX))  # noqa: S311 - no secret
            attempt += 1

    @contextmanager
    def _connection(self) -> Generator[psycopg.Connection[Row]]:
        with self._lock:
            generation = self._generation
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self.open()
        try:
            yield connection
        finally:
            is_idle = connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
            with self._lock:
                keep = is_idle and generation == self._generation and len(self._idle) < IDLE_CONNECTIONS_MAX
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            self._generation += 1
        for connection in idle:
            connection.close()


def _without_secrets(given: Mapping[str, object]) -> str:
    user, host, port, name = (quote(str(given.get(part) or ""), safe="") for part in ("user", "host", "port", "dbname"))
    return "postgresql://" + (f"{user}@" if user else "") + host + (f":{port}" if port else "") + f"/{name}"


_EXAMPLE = "postgresql://user:password@host/database"
_servers: weakref.WeakSet[PostgresServer] = weakref.WeakSet()
_inherited: list[psycopg.Connection[Row]] = []


def _after_fork() -> None:
    for server in list(_servers):
        server.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)


class _CommitUnknown(Exception):
    """The connection was lost while the transaction was being committed."""

    def __init__(self, cause: psycopg.Error) -> None:
        super().__init__()
        self.cause = cause


def _transaction(connection: psycopg.Connection[Row], work: Work[T]) -> T:
    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    try:
        result = work(Session(connection))
    except BaseException:
        with suppress(psycopg.Error):  # a connection that was lost takes its transaction with it
            connection.execute("ROLLBACK")
        raise
    try:
        connection.execute("COMMIT")
    except psycopg.Error as error:
        raise _CommitUnknown(error) from error
    return result


def _changed(connection: psycopg.Connection[Row], statement: Statement) -> int:
    """Run a statement on one journey to the server; where that may have gone, in a transaction that can be repeated."""
    if not _is_quiet(connection):
        return _transaction(connection, lambda session: _run(session, statement))
    try:
        return _run(Session(connection), statement)
    except psycopg.Error as error:
        if connection.broken:  # nobody knows whether it was carried out
            raise _CommitUnknown(error) from error
        raise


def _run(session: Session, statement: Statement) -> int:
    return session.execute(statement.sql, statement.parameters).rowcount


def _is_quiet(connection: psycopg.Connection[Row]) -> bool:
    """Tell whether the server has said nothing since its last answer; one that goes does, if only that it goes."""
    if sys.platform == "win32":
        return not any(select.select([connection], [], [], 0))
    waiting = select.poll()  # `select` takes no descriptor above 1023
    waiting.register(connection.fileno(), select.POLLIN)
    return not waiting.poll(0)


def ensure_schema(connection: psycopg.Connection[Row]) -> None:
    """Make the tables where they are missing, bring older ones to this version and refuse those of a later one.

    Raises:
        ConfigurationError: The database was written by a later version of this library.
    """
    session = Session(connection)
    if not session.execute(text.POSTGRES_SCHEMA_FIND).fetchone():
        _transaction(connection, _create_schema)
    if _missing_steps(session):
        _transaction(connection, _upgrade_schema)


def _create_schema(session: Session) -> None:
    session.execute(text.SCHEMA_LOCK)
    if session.execute(text.POSTGRES_SCHEMA_FIND_ANEW).fetchone():  # another has made it, and may be using it already
        return
    for statement in text.schema_statements("postgresql"):
        session.execute(statement.sql, statement.parameters)


def _missing_steps(session: Session) -> list[Statement]:
    return text.schema_upgrade(session.execute(text.SCHEMA_VERSION_READ).fetchall(), "postgresql")


def _upgrade_schema(session: Session) -> None:
    session.execute(text.SCHEMA_LOCK)
    for statement in _missing_steps(session):  # read again: another process may have done it meanwhile
        session.execute(statement.sql, statement.parameters)


def _query(sql: str) -> bytes:
    # psycopg takes text that was put together only as bytes; the values are parameters all the same
    return text.format_style(sql).encode()


class PostgresRunner:
    """Runs work in a colour; what the database raises leaves as the given `PortError`."""

    def __init__(self, server: PostgresServer, carrier: Carrier) -> None:
        self._server = server
        self._carrier = carrier
        self.suspends = not isinstance(carrier, InPlace)

    async def read(self, work: Work[T], error: type[PortError]) -> T:
        """Run work that changes nothing."""
        return await self._carrier.run(lambda: _guarded(lambda: self._server.read(work), error))

    async def write(self, work: Work[T], error: type[PortError]) -> T:
        """Run work in one transaction; a caller that is cancelled does not undo it."""
        return await self._carrier.run(lambda: _guarded(lambda: self._server.write(work), error))

    async def change(self, statement: Statement, error: type[PortError]) -> int:
        """Run one statement, which is a transaction of its own; give how many rows it changed."""
        return await self._carrier.run(lambda: _guarded(lambda: self._server.change(statement), error))


def _guarded(run: Callable[[], T], error: type[PortError]) -> T:
    try:
        return run()
    except (psycopg.Error, UnicodeError) as cause:
        raise error("the database refused", cause=f"{type(cause).__name__}: {cause}") from cause


class PostgresSql:
    """SQL for tables of one's own, over either colour; placeholders are `?`, as everywhere."""

    def __init__(self, runner: PostgresRunner) -> None:
        self._runner = runner

    @property
    def dialect(self) -> str:
        """Name the dialect: "postgresql"."""
        return "postgresql"

    async def execute(self, sql: str, parameters: Sequence[SqlValue] = ()) -> list[Row]:
        """Run one statement in a transaction of its own and give its rows."""

        def work(session: Session) -> list[Row]:
            return _rows(session.execute(sql, parameters))

        is_read = sql.lstrip()[:6].upper() == "SELECT"
        return await (self._runner.read if is_read else self._runner.write)(work, StoreError)

    async def atomic(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements in one transaction: all or none."""

        def work(session: Session) -> list[list[Row]]:
            return [_rows(session.execute(one.sql, one.parameters)) for one in statements]

        return await self._runner.write(work, StoreError)


def _rows(cursor: psycopg.Cursor[Any]) -> list[Row]:
    return cursor.fetchall() if cursor.description else []
