"""Running our statements through the application's own open transaction: commit together or not at all.

Known are a sqlite3 connection, a psycopg Connection or AsyncConnection, a Django alias or connection, and SQLAlchemy's
Session, Connection, AsyncSession and AsyncConnection. They are told apart by what they can do, so no framework and no
driver is imported before it is used.

Invariant: nothing runs unless that connection is to the queue's own database. A task in another database would be
committed where no worker looks.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import attrs

from ..errors import ConfigurationError, FedtextError, QueueError
from ..ports import Rows, SqlValue, Statement
from ..sync import run_sync
from . import sql as text

Run: TypeAlias = Callable[[str, Sequence[SqlValue]], Awaitable[list[tuple[Any, ...]]]]

_KINDS = (
    "a sqlite3 or psycopg connection, a Django alias or connection, a SQLAlchemy Session or Connection,"
    " or what SQLAlchemy and psycopg have for asyncio"
)


class Home(Protocol):
    """The database of the queue: what an application's connection is compared with."""

    @property
    def dialect(self) -> str:
        """Name its SQL dialect."""
        ...

    async def admit(self, run: Run) -> list[Statement]:
        """Look through the application's connection whether it leads here; give what has to run first (the tables).

        Raises:
            ConfigurationError: It leads to another database.
        """
        ...


@attrs.frozen
class _Door:
    """A way into somebody's connection: how a statement is run, and what keeps several together."""

    dialect: str
    run: Run
    together: AbstractAsyncContextManager[object]


def execute(within: object, statements: Sequence[Statement], *, home: Home) -> list[Rows]:
    """Run statements in the open transaction behind `within`; gives the rows of each.

    Args:
        within: See the module.
        statements: With `?` placeholders, in the dialect of the queue's database.
        home: The queue's database.

    Raises:
        ConfigurationError: An unknown kind of connection, or one to another database.
        QueueError: The database refused.
    """
    return run_sync(_execute(within, statements, home, awaited=False), what="the application's transaction")


async def execute_async(within: object, statements: Sequence[Statement], *, home: Home) -> list[Rows]:
    """Run statements in a transaction that is awaited; takes what `execute` takes, too.

    Raises:
        ConfigurationError: An unknown kind of connection, or one to another database.
        QueueError: The database refused.
    """
    if not _is_awaited_by_sqlalchemy(within):
        return await _execute(within, statements, home, awaited=True)
    awaited: Any = within

    def run(plain: object) -> list[Rows]:
        return execute(plain, statements, home=home)

    rows: list[Rows] = await awaited.run_sync(run)
    return rows


async def _execute(within: object, statements: Sequence[Statement], home: Home, *, awaited: bool) -> list[Rows]:
    try:
        door = _door(within, awaited=awaited)
        if door.dialect != home.dialect:
            raise another_database(found=door.dialect, queue=home.dialect)
        first = await home.admit(door.run)
        async with door.together:
            for statement in first:
                await door.run(statement.sql, statement.parameters)
            return [await door.run(statement.sql, statement.parameters) for statement in statements]
    except FedtextError:
        raise
    except Exception as error:  # whatever driver it is, its error leaves as ours
        cause = f"{type(error).__name__}: {error}"
        raise QueueError("the application's transaction did not take the task", cause=cause) from error


def another_database(**facts: str) -> ConfigurationError:
    """Make the error of a connection that does not lead to the queue's database."""
    return ConfigurationError("`within` is a connection to another database than the queue's", **facts)


def _door(within: object, *, awaited: bool) -> _Door:
    psycopg: Any = sys.modules.get("psycopg")  # who has such a connection has imported it
    if isinstance(within, sqlite3.Connection):
        return _sqlite3_door(within)
    if psycopg is not None and isinstance(within, psycopg.Connection):
        return _psycopg_door(psycopg, within)
    if psycopg is not None and isinstance(within, psycopg.AsyncConnection) and awaited:
        return _psycopg_async_door(psycopg, within)
    if isinstance(within, str):
        return _django_door(_django_connection(within))
    if _is_awaited_by_sqlalchemy(within) or (psycopg is not None and isinstance(within, psycopg.AsyncConnection)):
        raise ConfigurationError("this transaction is awaited: use the `aio` form of the call", within=type(within))
    if hasattr(within, "vendor") and hasattr(within, "alias") and hasattr(within, "cursor"):
        return _django_door(within)
    if hasattr(within, "exec_driver_sql") or (hasattr(within, "get_bind") and hasattr(within, "connection")):
        return _sqlalchemy_door(within)
    raise ConfigurationError(f"`within` takes {_KINDS}", within=type(within))


def _is_awaited_by_sqlalchemy(within: object) -> bool:
    return hasattr(within, "run_sync") and (hasattr(within, "exec_driver_sql") or hasattr(within, "get_bind"))


# --- the ways in ---------------------------------------------------------------------------------------------------


def _sqlite3_door(connection: sqlite3.Connection) -> _Door:
    async def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        cursor.row_factory = None  # the application's may give dictionaries
        try:
            return cursor.execute(sql, parameters).fetchall()
        finally:
            cursor.close()

    # Python 3.12 added `autocommit`; where it is True, or isolation_level None, the application opens transactions
    commits_itself = connection.isolation_level is None or getattr(connection, "autocommit", None) is True
    opens = commits_itself and not connection.in_transaction
    return _Door("sqlite", run, _plain(_sqlite3_transaction(connection) if opens else nullcontext()))


@contextmanager
def _sqlite3_transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _psycopg_door(psycopg: Any, connection: Any) -> _Door:
    async def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        # a plain cursor: the application's own may give dictionaries, or read other placeholders
        with psycopg.Cursor(connection, row_factory=psycopg.rows.tuple_row) as cursor:
            cursor.execute(text.format_style(sql), tuple(parameters))
            return cursor.fetchall() if cursor.description else []

    alone = _is_outside_of_transaction(psycopg, connection)
    return _Door("postgresql", run, _plain(connection.transaction() if alone else nullcontext()))


def _psycopg_async_door(psycopg: Any, connection: Any) -> _Door:
    async def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        async with psycopg.AsyncCursor(connection, row_factory=psycopg.rows.tuple_row) as cursor:
            await cursor.execute(text.format_style(sql), tuple(parameters))
            return await cursor.fetchall() if cursor.description else []

    alone = _is_outside_of_transaction(psycopg, connection)
    return _Door("postgresql", run, connection.transaction() if alone else nullcontext())


def _is_outside_of_transaction(psycopg: Any, connection: Any) -> bool:
    """Tell whether each statement would be committed by itself: all of ours have to go together then."""
    status = connection.info.transaction_status
    return bool(connection.autocommit and status == psycopg.pq.TransactionStatus.IDLE)


def _django_connection(alias: str) -> object:
    try:
        django_db: Any = import_module("django.db")
    except ImportError as error:
        raise ConfigurationError("`within` names a Django database, and Django is not installed") from error
    try:
        known = list(django_db.connections)
    except Exception as error:  # ImproperlyConfigured: no settings at all
        raise ConfigurationError("`within` names a Django database, and Django has no settings") from error
    if alias not in known:
        raise ConfigurationError("`within` names no database of Django's settings", alias=alias)
    connection: object = django_db.connections[alias]
    return connection


def _django_door(connection: Any) -> _Door:
    async def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(text.format_style(sql), tuple(parameters))  # Django's placeholder for every database
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    alone = not connection.in_atomic_block
    together = import_module("django.db.transaction").atomic(using=connection.alias) if alone else nullcontext()
    return _Door(str(connection.vendor), run, _plain(together))


def _sqlalchemy_door(within: Any) -> _Door:
    connection = within if hasattr(within, "exec_driver_sql") else within.connection()
    styles: dict[str, Callable[[str], str]] = {"qmark": str, "format": text.format_style, "pyformat": text.format_style}
    style = str(getattr(connection.dialect, "paramstyle", "qmark"))
    if style not in styles:
        raise ConfigurationError("this driver's placeholders are not spoken: use psycopg or sqlite3", paramstyle=style)

    async def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        result = connection.exec_driver_sql(styles[style](sql), tuple(parameters) or None)
        return [tuple(row) for row in result] if result.returns_rows else []

    return _Door(str(connection.dialect.name), run, nullcontext())


@asynccontextmanager
async def _plain(context: AbstractContextManager[object]) -> AsyncGenerator[None]:
    with context:
        yield


# --- the queue's database ------------------------------------------------------------------------------------------


@attrs.frozen
class SqliteHome:
    """A SQLite file."""

    path: str

    @property
    def dialect(self) -> str:
        """Name its SQL dialect: "sqlite"."""
        return "sqlite"

    async def admit(self, run: Run) -> list[Statement]:
        """Compare the files; give the tables where they are missing or of an earlier version.

        Raises:
            ConfigurationError: It is another file, or one of a later version.
        """
        files = [row[2] for row in await run("PRAGMA database_list", ()) if row[1] in ("main", b"main")]
        found = os.fsdecode(files[0]) if files and files[0] else ""
        if not found or not _is_same_file(Path(found), Path(self.path)):
            raise another_database(found=found or "memory", queue=self.path)
        if not await run(text.SCHEMA_FIND, ()):
            return text.schema_statements("sqlite")
        return text.schema_upgrade(await run(text.SCHEMA_VERSION_READ, ()), "sqlite")


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there yet
        return one.resolve() == other.resolve()


@attrs.frozen
class PostgresHome:
    """A schema of a database of a PostgreSQL server; its tables are there.

    Args:
        identity: What `sql.POSTGRES_IDENTITY` gives through a connection of the queue's own.
        url: Named in the error, without secrets.
    """

    identity: tuple[SqlValue, ...]
    url: str

    @property
    def dialect(self) -> str:
        """Name its SQL dialect: "postgresql"."""
        return "postgresql"

    async def admit(self, run: Run) -> list[Statement]:
        """Compare server, database and table; nothing has to run first.

        Raises:
            ConfigurationError: It is another server, database or schema.
        """
        found = (await run(text.POSTGRES_IDENTITY, ()))[0]
        if tuple(found) != tuple(self.identity):
            parts = zip(("server", "database", "schema"), found, self.identity, strict=True)
            differs = [name for name, one, other in parts if one != other]
            raise another_database(differs=", ".join(differs), queue=self.url)
        return []
