"""Running our statements through the application's own open transaction: commit together or not at all.

Known are a sqlite3 connection, a Django alias or connection, and SQLAlchemy's Session, Connection, AsyncSession and
AsyncConnection. They are told apart by what they can do, so neither framework is imported before it is used.

Invariant: nothing runs unless that connection is to the queue's own database file. A task in another database
would be committed where no worker looks.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from ..errors import ConfigurationError, FedtextError, QueueError
from ..ports import SqlValue, Statement
from . import sql as text

_Run: TypeAlias = Callable[[str, Sequence[SqlValue]], list[tuple[Any, ...]]]

_KINDS = "a sqlite3 connection, a Django alias or connection, a SQLAlchemy Session or Connection"


@attrs.frozen
class _Door:
    """A way into somebody's connection: how a statement is run, and what keeps several together."""

    run: _Run
    together: AbstractContextManager[object]


def execute(within: object, statements: Sequence[Statement], *, path: str) -> None:
    """Run statements in the open transaction behind `within`.

    Args:
        within: See the module.
        statements: With `?` placeholders, in SQLite's dialect.
        path: The queue's own database file.

    Raises:
        ConfigurationError: An unknown kind of connection, or one to another database.
        QueueError: The database refused.
    """
    try:
        door = _door(within)
        _require_same_file(door.run, path)
        with door.together:
            for statement in [*_missing_schema(door.run), *statements]:
                door.run(statement.sql, statement.parameters)
    except FedtextError:
        raise
    except Exception as error:  # whatever driver it is, its error leaves as ours
        cause = f"{type(error).__name__}: {error}"
        raise QueueError("the application's transaction did not take the task", cause=cause) from error


async def execute_async(within: object, statements: Sequence[Statement], *, path: str) -> None:
    """Run statements in a transaction that is awaited; takes what `execute` takes, too.

    Raises:
        ConfigurationError: An unknown kind of connection, or one to another database.
        QueueError: The database refused.
    """
    if not _is_awaited(within):
        execute(within, statements, path=path)
        return
    awaited: Any = within

    def run(plain: object) -> None:
        execute(plain, statements, path=path)

    await awaited.run_sync(run)


def _door(within: object) -> _Door:
    if isinstance(within, sqlite3.Connection):
        return _sqlite3_door(within)
    if isinstance(within, str):
        return _django_door(_django_connection(within))
    if _is_awaited(within):
        raise ConfigurationError("this transaction is awaited: use the `aio` form of the call", within=type(within))
    if hasattr(within, "vendor") and hasattr(within, "alias") and hasattr(within, "cursor"):
        return _django_door(within)
    if hasattr(within, "exec_driver_sql") or (hasattr(within, "get_bind") and hasattr(within, "connection")):
        return _sqlalchemy_door(within)
    raise ConfigurationError(f"`within` takes {_KINDS}", within=type(within))


def _is_awaited(within: object) -> bool:
    return hasattr(within, "run_sync") and (hasattr(within, "exec_driver_sql") or hasattr(within, "get_bind"))


def _sqlite3_door(connection: sqlite3.Connection) -> _Door:
    def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        cursor.row_factory = None  # the application's may give dictionaries
        try:
            return cursor.execute(sql, parameters).fetchall()
        finally:
            cursor.close()

    # Python 3.12 added `autocommit`; where it is True, or isolation_level None, the application opens transactions
    commits_itself = connection.isolation_level is None or getattr(connection, "autocommit", None) is True
    alone = commits_itself and not connection.in_transaction
    return _Door(run, _sqlite3_transaction(connection) if alone else nullcontext())


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
    _require_sqlite(str(connection.vendor))

    def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            # Django's own placeholder is %s for every database, hence a percent sign of ours is doubled
            cursor.execute(sql.replace("%", "%%").replace("?", "%s"), tuple(parameters))
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    if connection.in_atomic_block:
        return _Door(run, nullcontext())
    return _Door(run, import_module("django.db.transaction").atomic(using=connection.alias))


def _sqlalchemy_door(within: Any) -> _Door:
    connection = within if hasattr(within, "exec_driver_sql") else within.connection()
    _require_sqlite(str(connection.dialect.name))

    def run(sql: str, parameters: Sequence[SqlValue]) -> list[tuple[Any, ...]]:
        result = connection.exec_driver_sql(sql, tuple(parameters) or None)
        return [tuple(row) for row in result] if result.returns_rows else []

    return _Door(run, nullcontext())


def _missing_schema(run: _Run) -> list[Statement]:
    if not run(text.SCHEMA_FIND, ()):
        return text.schema_statements("sqlite")
    return text.schema_upgrade(run(text.SCHEMA_VERSION_READ, ()), "sqlite")


def _require_sqlite(dialect: str) -> None:
    if dialect != "sqlite":
        raise ConfigurationError("`within` is a connection to another database than the queue's", dialect=dialect)


def _require_same_file(run: _Run, path: str) -> None:
    files = [row[2] for row in run("PRAGMA database_list", ()) if row[1] in ("main", b"main")]
    found = os.fsdecode(files[0]) if files and files[0] else ""
    if not found or not _is_same_file(Path(found), Path(path)):
        raise ConfigurationError(
            "`within` is a connection to another database than the queue's", found=found or "memory", queue=path
        )


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there yet
        return one.resolve() == other.resolve()
