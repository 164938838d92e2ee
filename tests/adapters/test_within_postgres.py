"""In PostgreSQL, too, a task that goes through the application's own transaction is there when that commits."""

from __future__ import annotations

import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import create_engine
from sqlalchemy import text as sql_text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from tests import engines

from fedtext.adapters.backends import PostgresBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import ConfigurationError, QueueError
from fedtext.ports import Statement
from fedtext.sync import run_sync
from fedtext.testing.ports import next_names, task

NOW_S = ManualClock().now_s()
ENDS = pytest.mark.parametrize(("end", "expected"), [("commit", ["one"]), ("rollback", [])])
INSERT = "INSERT INTO post VALUES ('one')"


@pytest.fixture
def url(postgres_tables_url):
    with psycopg.connect(postgres_tables_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS post (title TEXT UNIQUE)")
        connection.execute("DELETE FROM post")
    return postgres_tables_url


@pytest.fixture
def backend(url):
    backend = PostgresBackend(url)
    yield backend
    backend.close()


@pytest.fixture
def other_schema_url():
    with engines.empty_schema(engines.address("postgres")) as url:
        yield url


def statements(backend, name="one"):
    return backend.blocking(ManualClock()).queue.statements(task(name, dedupe_key="100 % %s ?"), NOW_S)


def waiting(backend):
    """Give the names of what a worker would find."""
    return run_sync(next_names(backend.blocking(ManualClock()).queue))


def posts(url):
    with psycopg.connect(url) as connection:
        return [title for (title,) in connection.execute("SELECT title FROM post").fetchall()]


# --- psycopg -------------------------------------------------------------------------------------------------------


@ENDS
@pytest.mark.parametrize("opened_before", [True, False], ids=["tables", "first use"])
def test_psycopg(url, backend, end, expected, opened_before):
    if opened_before:
        assert waiting(backend) == []
    with psycopg.connect(url, row_factory=dict_row, cursor_factory=psycopg.ClientCursor) as app:
        app.execute(INSERT)
        backend.execute_within(app, statements(backend))
        getattr(app, end)()
    assert (waiting(backend), posts(url)) == (expected, expected)


def test_psycopg_block_that_fails_takes_the_task_with_it(url, backend):
    with psycopg.connect(url, autocommit=True) as app:
        for _ in range(2):
            try:
                with app.transaction():
                    backend.execute_within(app, statements(backend))
                    app.execute(INSERT)
            except psycopg.errors.UniqueViolation:
                pass
    assert (waiting(backend), posts(url)) == (["one"], ["one"])


def test_psycopg_savepoint_takes_the_task_with_it(url, backend):
    with psycopg.connect(url) as app:
        app.execute(INSERT)
        with app.transaction(force_rollback=True):
            backend.execute_within(app, statements(backend))
    assert (waiting(backend), posts(url)) == ([], ["one"])


def test_psycopg_without_a_transaction_takes_all_or_nothing_at_once(url, backend):
    with psycopg.connect(url, autocommit=True) as app:
        backend.execute_within(app, statements(backend))
        with pytest.raises(QueueError, match="UndefinedTable"):
            backend.execute_within(
                app, [*statements(backend, "two"), Statement("INSERT INTO no_such_table VALUES (1)")]
            )
        assert app.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    assert waiting(backend) == ["one"]


def test_psycopg_transaction_that_has_failed_takes_nothing(url, backend):
    with psycopg.connect(url) as app:
        with pytest.raises(psycopg.Error):
            app.execute("SELECT 1 / 0")
        with pytest.raises(QueueError, match="InFailedSqlTransaction"):
            backend.execute_within(app, statements(backend))
        app.rollback()


@ENDS
@pytest.mark.parametrize("autocommit", [True, False])
async def test_psycopg_async(url, backend, end, expected, autocommit):
    async with await psycopg.AsyncConnection.connect(url, autocommit=autocommit, row_factory=dict_row) as app:
        if autocommit:
            await app.execute("BEGIN")
        await app.execute(INSERT)
        await backend.execute_within_async(app, statements(backend))
        await app.execute(end)
    assert (waiting(backend), posts(url)) == (expected, expected)


async def test_psycopg_async_without_a_transaction(url, backend):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as app:
        await backend.execute_within_async(app, statements(backend))
    assert waiting(backend) == ["one"]


async def test_the_awaited_form_takes_plain_connections_too(url, backend):
    with psycopg.connect(url) as app:
        await backend.execute_within_async(app, statements(backend))
    assert waiting(backend) == ["one"]


async def test_an_awaited_transaction_is_refused_by_the_plain_form(url, backend):
    async with await psycopg.AsyncConnection.connect(url) as app:
        with pytest.raises(ConfigurationError, match="aio"):
            backend.execute_within(app, statements(backend))


# --- SQLAlchemy ----------------------------------------------------------------------------------------------------


def sqlalchemy_url(url):
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def engine(url):
    engine = create_engine(sqlalchemy_url(url))
    yield engine
    engine.dispose()


@ENDS
@pytest.mark.parametrize("scoped", [False, True])
def test_sqlalchemy_session(url, backend, engine, end, expected, scoped):
    session = scoped_session(sessionmaker(engine)) if scoped else Session(engine)
    session.execute(sql_text(INSERT))
    backend.execute_within(session, statements(backend))
    getattr(session, end)()
    session.close()
    assert (waiting(backend), posts(url)) == (expected, expected)


@ENDS
def test_sqlalchemy_connection(url, backend, engine, end, expected):
    with engine.connect() as connection:
        connection.execute(sql_text(INSERT))
        backend.execute_within(connection, statements(backend))
        getattr(connection, end)()
    assert (waiting(backend), posts(url)) == (expected, expected)


def test_sqlalchemy_savepoint_takes_the_task_with_it(url, backend, engine):
    with Session(engine) as session:
        session.execute(sql_text(INSERT))
        try:
            with session.begin_nested():
                backend.execute_within(session, statements(backend))
                session.execute(sql_text(INSERT))
        except IntegrityError:
            session.commit()
    assert (waiting(backend), posts(url)) == ([], ["one"])


@ENDS
@pytest.mark.parametrize("kind", ["session", "connection"])
async def test_sqlalchemy_async(url, backend, end, expected, kind):
    engine = create_async_engine(sqlalchemy_url(url))
    async with AsyncSession(engine) if kind == "session" else engine.connect() as within:
        await within.execute(sql_text(INSERT))
        await backend.execute_within_async(within, statements(backend))
        await getattr(within, end)()
    await engine.dispose()
    assert (waiting(backend), posts(url)) == (expected, expected)


# --- Django: settings belong to a process, hence one for each scenario ---------------------------------------------

DJANGO = """
import json, sys
from django.conf import settings
parts, other, scenario = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
settings.configure(DEBUG=True, DATABASES={
    "default": {"ENGINE": "django.db.backends.postgresql", **parts},
    "elsewhere": {"ENGINE": "django.db.backends.postgresql", **parts, "OPTIONS": {"options": other}},
    "file": {"ENGINE": "django.db.backends.sqlite3", "NAME": "other.sqlite3"}})
import django
django.setup()
from django.db import connection, connections, transaction
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import FedtextError
from fedtext.runtime import connect
from fedtext.sync import run_sync
from fedtext.testing.ports import next_names, task
backend = connect("django")
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
found = run_sync(next_names(queue))
keys = [row[0] for row in run_sync(backend.blocking(ManualClock()).sql.execute("SELECT dedupe FROM fedtext_jobs"))]
print(json.dumps([outcome, keys, found, backend.url]))
backend.close()
"""


@pytest.mark.parametrize(
    ("scenario", "outcome", "expected"),
    [
        ("commit", "done", ["one"]),
        ("rollback", "done", []),
        ("savepoint", "done", []),
        ("alone", "done", ["one"]),
        ("elsewhere", "configuration", []),
        ("file", "configuration", []),
    ],
)
def test_django(url, other_schema_url, tmp_path, scenario, outcome, expected):
    parts = urlsplit(url)
    options, other = (parse_qs(urlsplit(one).query)["options"][0] for one in (url, other_schema_url))
    settings = {
        "NAME": parts.path[1:],
        "USER": parts.username,
        "HOST": parts.hostname,
        "PORT": parts.port,
        "OPTIONS": {"options": options},
    }
    command = [sys.executable, "-W", "error", "-c", DJANGO, json.dumps(settings), other, scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.stderr == ""
    keys = ["https://blog.example 100 % %s ?"] * len(expected)  # the percent signs arrive as they were
    assert json.loads(done.stdout) == [outcome, keys, expected, "django://default"]


# --- what is refused -----------------------------------------------------------------------------------------------


def test_another_schema_is_refused(backend, other_schema_url):
    with psycopg.connect(other_schema_url) as app, pytest.raises(ConfigurationError, match="differs=schema"):
        backend.execute_within(app, statements(backend))
    other = PostgresBackend(other_schema_url)
    assert waiting(other) == []  # it has tables of ours now, but other ones
    with psycopg.connect(other_schema_url) as app, pytest.raises(ConfigurationError, match="differs=schema"):
        backend.execute_within(app, statements(backend))
    other.close()
    assert waiting(backend) == []


async def test_another_database_of_the_server_is_refused(url, backend):
    elsewhere = psycopg.conninfo.make_conninfo(url, dbname="template1")
    with psycopg.connect(elsewhere) as app, pytest.raises(ConfigurationError, match="differs=database, schema"):
        backend.execute_within(app, statements(backend))
    async with await psycopg.AsyncConnection.connect(elsewhere) as app:
        with pytest.raises(ConfigurationError, match="another database"):
            await backend.execute_within_async(app, statements(backend))


async def test_another_kind_of_database_is_refused(url, backend, tmp_path):
    sqlite = SqliteBackend(tmp_path / "app.sqlite3")
    with psycopg.connect(url) as app, pytest.raises(ConfigurationError, match="another database"):
        sqlite.execute_within(app, statements(sqlite))
    async with await psycopg.AsyncConnection.connect(url) as app:
        with pytest.raises(ConfigurationError, match="another database"):
            await sqlite.execute_within_async(app, statements(sqlite))
    engine = create_engine(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    with Session(engine) as session, pytest.raises(ConfigurationError, match="another database"):
        backend.execute_within(session, statements(backend))
    engine.dispose()


class UnknownDriver:
    class dialect:
        name, paramstyle = "postgresql", "numeric_dollar"

    def exec_driver_sql(self, sql, parameters):
        raise AssertionError("nothing may run")


@pytest.mark.parametrize("within", [None, 7, object(), UnknownDriver()], ids=lambda value: type(value).__name__)
async def test_unknown_connections_are_refused(backend, within):
    with pytest.raises(ConfigurationError):
        backend.execute_within(within, statements(backend))
    with pytest.raises(ConfigurationError):
        await backend.execute_within_async(within, statements(backend))
