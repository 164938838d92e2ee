"""A task that goes through the application's own transaction is there when that commits, and only then."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy import text as sql_text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import ConfigurationError, QueueError
from fedtext.sync import run_sync
from fedtext.testing.ports import next_names, task

NOW_S = ManualClock().now_s()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "app.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE post (title TEXT UNIQUE)")
    connection.close()
    return path


@pytest.fixture
def backend(path):
    backend = SqliteBackend(path)
    yield backend
    backend.close()


def statements(backend, name="one"):
    return backend.blocking(ManualClock()).queue.statements(task(name, dedupe_key="100 % ?"), NOW_S)


def waiting(backend):
    """Give the names of what a worker would find."""
    return run_sync(next_names(backend.blocking(ManualClock()).queue))


def posts(path):
    connection = sqlite3.connect(path)
    try:
        return [title for (title,) in connection.execute("SELECT title FROM post")]
    finally:
        connection.close()


ENDS = pytest.mark.parametrize(("end", "expected"), [("commit", ["one"]), ("rollback", [])])
INSERT = "INSERT INTO post VALUES ('one')"


# --- sqlite3 -------------------------------------------------------------------------------------------------------


@ENDS
@pytest.mark.parametrize("opened_before", [True, False], ids=["tables", "no tables yet"])
def test_sqlite3(path, backend, end, expected, opened_before):
    if opened_before:
        assert waiting(backend) == []
    app = sqlite3.connect(path)
    app.row_factory = lambda cursor, row: {column[0]: row[index] for index, column in enumerate(cursor.description)}
    app.execute(INSERT)
    backend.execute_within(app, statements(backend))
    getattr(app, end)()
    app.close()
    assert (waiting(backend), posts(path)) == (expected, expected)


@ENDS
def test_sqlite3_that_opens_its_transactions_itself(path, backend, end, expected):
    app = sqlite3.connect(path, isolation_level=None)
    app.execute("BEGIN")
    app.execute(INSERT)
    backend.execute_within(app, statements(backend))
    app.execute(end)
    app.close()
    assert (waiting(backend), posts(path)) == (expected, expected)


def test_sqlite3_without_a_transaction_takes_all_or_nothing_at_once(path, backend):
    app = sqlite3.connect(path, isolation_level=None)
    backend.execute_within(app, statements(backend))
    assert not app.in_transaction
    lane, job = statements(backend, "two")
    with pytest.raises(QueueError):
        backend.execute_within(app, [lane, job, type(lane)("INSERT INTO no_such_table VALUES (1)")])
    assert not app.in_transaction
    app.close()
    assert waiting(backend) == ["one"]


def test_sqlite3_first_statement_of_the_transaction(path, backend):
    assert waiting(backend) == []
    app = sqlite3.connect(path)
    backend.execute_within(app, statements(backend))
    app.rollback()
    app.close()
    assert waiting(backend) == []


def test_a_driver_error_leaves_as_ours(path, backend):
    app = sqlite3.connect(path)
    app.close()
    with pytest.raises(QueueError, match="ProgrammingError"):
        backend.execute_within(app, statements(backend))


async def test_the_awaited_form_takes_plain_connections_too(path, backend):
    app = sqlite3.connect(path)
    await backend.execute_within_async(app, statements(backend))
    app.commit()
    app.close()
    assert waiting(backend) == ["one"]


# --- SQLAlchemy ----------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(path):
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@ENDS
@pytest.mark.parametrize("scoped", [False, True])
def test_sqlalchemy_session(path, backend, engine, end, expected, scoped):
    session = scoped_session(sessionmaker(engine)) if scoped else Session(engine)
    session.execute(sql_text(INSERT))
    backend.execute_within(session, statements(backend))
    getattr(session, end)()
    session.close()
    assert (waiting(backend), posts(path)) == (expected, expected)


@ENDS
def test_sqlalchemy_connection(path, backend, engine, end, expected):
    with engine.connect() as connection:
        connection.execute(sql_text(INSERT))
        backend.execute_within(connection, statements(backend))
        getattr(connection, end)()
    assert (waiting(backend), posts(path)) == (expected, expected)


def test_sqlalchemy_savepoint_takes_the_task_with_it(path, backend, engine):
    @event.listens_for(engine, "connect")
    def _begin_by_hand(connection, _record):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection):
        connection.exec_driver_sql("BEGIN")

    with Session(engine) as session:
        session.execute(sql_text(INSERT))
        try:
            with session.begin_nested():
                backend.execute_within(session, statements(backend))
                session.execute(sql_text(INSERT))
        except IntegrityError:
            session.commit()
    assert (waiting(backend), posts(path)) == ([], ["one"])


@ENDS
@pytest.mark.parametrize("kind", ["session", "connection"])
async def test_sqlalchemy_async(path, backend, end, expected, kind):
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine) if kind == "session" else engine.connect() as within:
        await within.execute(sql_text(INSERT))
        await backend.execute_within_async(within, statements(backend))
        await getattr(within, end)()
    await engine.dispose()
    assert (waiting(backend), posts(path)) == (expected, expected)


async def test_an_awaited_transaction_is_refused_by_the_plain_form(path, backend):
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with AsyncSession(engine) as session:
        with pytest.raises(ConfigurationError, match="aio"):
            backend.execute_within(session, statements(backend))
    await engine.dispose()


# --- Django: settings belong to a process, hence one for each scenario ---------------------------------------------

DJANGO = """
import json, sys
from django.conf import settings
path, other, scenario = sys.argv[1:]
sqlite = "django.db.backends.sqlite3"
settings.configure(DEBUG=True, DATABASES={
    "default": {"ENGINE": sqlite, "NAME": path}, "other": {"ENGINE": sqlite, "NAME": other},
    "memory": {"ENGINE": sqlite, "NAME": ":memory:"}})
import django
django.setup()
from django.db import connection, connections, transaction
from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import FedtextError
from fedtext.sync import run_sync
from fedtext.testing.ports import next_names, task
backend = SqliteBackend(path)
queue = backend.blocking(ManualClock()).queue
statements = queue.statements(task("one", dedupe_key="100 % %s ?"), ManualClock().now_s())
outcome = "done"
try:
    match scenario:
        case "commit":
            with transaction.atomic():
                connection.cursor().execute("INSERT INTO post VALUES ('one')")
                backend.execute_within("default", statements)
        case "rollback":
            with transaction.atomic():
                connection.cursor().execute("INSERT INTO post VALUES ('one')")
                backend.execute_within(connection, statements)
                transaction.set_rollback(True)
        case "savepoint":
            with transaction.atomic():
                with transaction.atomic():
                    backend.execute_within(connections["default"], statements)
                    transaction.set_rollback(True)
        case "alone":
            backend.execute_within("default", statements)
        case alias:
            backend.execute_within(alias, statements)
except FedtextError as error:
    outcome = error.code
connections.close_all()
keys = [row[0] for row in run_sync(backend.blocking(ManualClock()).sql.execute("SELECT dedupe FROM fedtext_jobs"))]
print(json.dumps([outcome, keys, run_sync(next_names(queue))]))
backend.close()
"""


@pytest.mark.parametrize(
    ("scenario", "outcome", "expected"),
    [
        ("commit", "done", ["one"]),
        ("rollback", "done", []),
        ("savepoint", "done", []),
        ("alone", "done", ["one"]),
        ("other", "configuration", []),
        ("memory", "configuration", []),
        ("no-such-alias", "configuration", []),
    ],
)
def test_django(path, tmp_path, scenario, outcome, expected):
    command = [sys.executable, "-W", "error", "-c", DJANGO, str(path), str(tmp_path / "other.sqlite3"), scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    keys = ["https://blog.example 100 % %s ?"] * len(expected)  # the percent signs arrive as they were
    assert json.loads(done.stdout) == [outcome, keys, expected]


def test_a_django_alias_without_django_settings(path, backend):
    code = (
        "import sys; from fedtext.adapters.backends import SqliteBackend\n"
        "from fedtext.errors import ConfigurationError\n"
        "try: SqliteBackend(sys.argv[1]).execute_within('default', [])\n"
        "except ConfigurationError as error: print(error.code)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("configuration", "")


# --- what is refused -----------------------------------------------------------------------------------------------


def test_tables_of_a_later_version_are_refused(path, backend):
    assert waiting(backend) == []
    app = sqlite3.connect(path)
    app.execute("UPDATE fedtext_meta SET value = '99'")
    app.commit()
    with pytest.raises(ConfigurationError, match="version"):
        backend.execute_within(app, statements(backend))
    app.close()
    assert waiting(backend) == []


@pytest.mark.parametrize("name", ["other.sqlite3", ":memory:"])
def test_sqlite3_to_another_database_is_refused(tmp_path, backend, name):
    app = sqlite3.connect(name if name == ":memory:" else tmp_path / name)
    with pytest.raises(ConfigurationError, match="another database"):
        backend.execute_within(app, statements(backend))
    assert app.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,)
    app.close()


async def test_sqlalchemy_to_another_database_is_refused(tmp_path, backend):
    engine = create_engine(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    with Session(engine) as session, pytest.raises(ConfigurationError, match="another database"):
        backend.execute_within(session, statements(backend))
    engine.dispose()
    async_engine = create_async_engine("sqlite+aiosqlite:///:memory:")
    async with AsyncSession(async_engine) as session:
        with pytest.raises(ConfigurationError, match="another database"):
            await backend.execute_within_async(session, statements(backend))
    await async_engine.dispose()


def test_a_link_to_the_same_file_is_the_same_database(path, backend, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    app = sqlite3.connect(link)
    backend.execute_within(app, statements(backend))
    app.commit()
    app.close()
    assert waiting(backend) == ["one"]


class OtherDialect:
    class dialect:
        name = "postgresql"

    def exec_driver_sql(self, sql, parameters):
        raise AssertionError("nothing may run")


@pytest.mark.parametrize("within", [None, 7, object(), OtherDialect()], ids=lambda value: type(value).__name__)
async def test_unknown_connections_are_refused(backend, within):
    with pytest.raises(ConfigurationError):
        backend.execute_within(within, statements(backend))
    with pytest.raises(ConfigurationError):
        await backend.execute_within_async(within, statements(backend))


async def test_memory_takes_no_part_in_a_transaction():
    backend = MemoryBackend()
    with pytest.raises(ConfigurationError):
        backend.execute_within(sqlite3, [])
    with pytest.raises(ConfigurationError):
        await backend.execute_within_async(sqlite3, [])
    opened = backend.blocking(ManualClock())
    with pytest.raises(ConfigurationError):
        opened.queue.statements(task("one"), NOW_S)
    with pytest.raises(ConfigurationError):
        opened.store.statements("k", b"v")
