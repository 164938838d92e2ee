from __future__ import annotations

import asyncio
import gc
import sqlite3
import subprocess
import sys
import threading

import pytest

from fedtext.adapters.databases import BlockingRunner, SqliteFile, SqliteMemory, SqliteSql, ThreadRunner
from fedtext.errors import ConfigurationError, QueueError, StoreError
from fedtext.ports import Statement
from fedtext.sync import run_sync


@pytest.fixture
def file(tmp_path):
    file = SqliteFile(str(tmp_path / "test.sqlite3"), busy_s=0.2)
    yield file
    file.close()


@pytest.fixture
def sql(file):
    return SqliteSql(BlockingRunner(file))


def select(text="SELECT 1"):
    return lambda connection: connection.execute(text).fetchall()


@pytest.mark.parametrize(("synchronous", "number"), [("NORMAL", 1), ("FULL", 2)])
def test_a_file_is_opened_with_a_write_ahead_log(tmp_path, synchronous, number):
    file = SqliteFile(str(tmp_path / "test.sqlite3"), synchronous=synchronous, busy_s=3)
    found = [file.read(select(f"PRAGMA {name}"))[0][0] for name in ("journal_mode", "synchronous", "busy_timeout")]
    assert found == ["wal", number, 3000]
    file.close()


def test_nothing_is_opened_before_it_is_used(tmp_path):
    file = SqliteFile(str(tmp_path / "test.sqlite3"))
    file.close()
    assert list(tmp_path.iterdir()) == []


def test_it_opens_again_after_close(file):
    assert file.read(select()) == [(1,)]
    file.close()
    assert file.write(select()) == [(1,)]


def test_a_failing_transaction_leaves_nothing(sql, file):
    run_sync(sql.execute("CREATE TABLE own_table (n INTEGER)"))

    def work(connection):
        connection.execute("INSERT INTO own_table VALUES (1)")
        raise LookupError("the work's own error passes through")

    with pytest.raises(LookupError):
        file.write(work)
    assert run_sync(sql.execute("SELECT COUNT(*) FROM own_table")) == [(0,)]


def test_reads_do_not_wait_for_a_writer_and_writes_give_up_in_time(file, sql):
    run_sync(sql.execute("CREATE TABLE own_table (n INTEGER)"))
    app = sqlite3.connect(file.path, isolation_level=None)
    app.execute("BEGIN IMMEDIATE")
    assert run_sync(sql.execute("SELECT COUNT(*) FROM own_table")) == [(0,)]
    with pytest.raises(StoreError, match="locked") as caught:
        run_sync(sql.execute("INSERT INTO own_table VALUES (1)"))
    assert caught.value.permanent is False
    app.execute("ROLLBACK")
    app.close()
    run_sync(sql.execute("INSERT INTO own_table VALUES (1)"))


def test_a_read_does_not_wait_for_this_process_s_own_waiting_writer(tmp_path):
    """The application holds the write lock, another thread waits for it, and the application asks us something."""
    file = SqliteFile(str(tmp_path / "test.sqlite3"), busy_s=30)
    sql = SqliteSql(BlockingRunner(file))
    run_sync(sql.execute("CREATE TABLE own_table (n INTEGER)"))
    app = sqlite3.connect(file.path, isolation_level=None)
    app.execute("BEGIN IMMEDIATE")
    waiting = threading.Thread(target=lambda: run_sync(sql.execute("INSERT INTO own_table VALUES (1)")))
    waiting.start()
    assert run_sync(sql.execute("SELECT COUNT(*) FROM own_table")) == [(0,)]
    app.execute("COMMIT")
    waiting.join(timeout=20)
    assert run_sync(sql.execute("SELECT COUNT(*) FROM own_table")) == [(1,)]
    app.close()
    file.close()


async def test_an_awaited_read_does_not_wait_for_an_awaited_writer(tmp_path):
    file = SqliteFile(str(tmp_path / "test.sqlite3"), busy_s=30)
    sql = SqliteSql(ThreadRunner(file))
    await sql.execute("CREATE TABLE own_table (n INTEGER)")
    app = sqlite3.connect(file.path, isolation_level=None)
    app.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(sql.execute("INSERT INTO own_table VALUES (1)"))
    await asyncio.sleep(0.05)
    assert await asyncio.wait_for(sql.execute("SELECT COUNT(*) FROM own_table"), 5) == [(0,)]
    assert not writing.done()
    app.execute("COMMIT")
    await writing
    app.close()
    file.close()


def test_an_open_transaction_of_the_application_does_not_stop_the_first_read(tmp_path):
    """The switch to a write-ahead log has to wait until the file is free; that is no error."""
    path = tmp_path / "test.sqlite3"
    with_tables = SqliteFile(str(path))
    with_tables.read(select())
    with_tables.close()
    app = sqlite3.connect(path, isolation_level=None)
    app.execute("PRAGMA journal_mode = DELETE")
    app.execute("BEGIN IMMEDIATE")
    app.execute("CREATE TABLE own_table (n INTEGER)")
    file = SqliteFile(str(path), busy_s=0.2)
    assert file.read(select()) == [(1,)]
    app.execute("ROLLBACK")
    app.close()
    file.close()


@pytest.mark.parametrize("runner", [BlockingRunner, ThreadRunner])
async def test_what_the_database_raises_leaves_as_the_port_s_error(file, runner):
    ran = runner(file)
    for run in (ran.read, ran.write):
        with pytest.raises(QueueError, match="OperationalError: no such table"):
            await run(select("SELECT * FROM nothing_here"), QueueError)
        with pytest.raises(StoreError, match="OverflowError"):
            await run(lambda connection: connection.execute("SELECT ?", (2**70,)), StoreError)
        with pytest.raises(StoreError, match="UnicodeEncodeError"):
            await run(lambda connection: connection.execute("SELECT ?", ("\ud800",)), StoreError)


@pytest.mark.parametrize("content", [b"this is no database at all, though it is long enough to look like one" * 20])
def test_a_file_that_is_no_database_is_an_error_of_the_port(tmp_path, content):
    path = tmp_path / "test.sqlite3"
    path.write_bytes(content)
    with pytest.raises(StoreError):
        run_sync(SqliteSql(BlockingRunner(SqliteFile(str(path)))).execute("SELECT 1"))
    assert path.read_bytes() == content


def test_a_folder_that_is_missing_is_an_error_of_the_port(tmp_path):
    with pytest.raises(StoreError):
        run_sync(SqliteSql(BlockingRunner(SqliteFile(str(tmp_path / "no" / "test.sqlite3")))).execute("SELECT 1"))


@pytest.mark.parametrize("version", ["4", "0", "x"])
def test_tables_of_another_version_are_refused_and_left_alone(file, version):
    file.write(lambda connection: connection.execute("UPDATE fedtext_meta SET value = ?", (version,)))
    file.close()
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            file.read(select())


def test_many_threads_share_a_file(file, sql):
    run_sync(sql.execute("CREATE TABLE own_table (n INTEGER)"))
    errors = []

    def work():
        try:
            for _ in range(20):
                run_sync(sql.execute("INSERT INTO own_table VALUES (1)"))
                run_sync(sql.execute("SELECT COUNT(*) FROM own_table"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert run_sync(sql.execute("SELECT COUNT(*) FROM own_table")) == [(240,)]


def test_a_cursor_of_a_select_may_be_written_in_any_case(sql):
    assert run_sync(sql.execute("  select 1 ")) == [(1,)]
    assert run_sync(sql.execute("WITH x AS (SELECT 2 AS n) SELECT n FROM x")) == [(2,)]
    assert sql.dialect == "sqlite"


def test_memory_is_gone_when_it_is_closed():
    database = SqliteMemory()
    sql = SqliteSql(BlockingRunner(database))
    run_sync(sql.atomic([Statement("CREATE TABLE own_table (n)"), Statement("INSERT INTO own_table VALUES (?)", (1,))]))
    assert run_sync(sql.execute("SELECT n FROM own_table")) == [(1,)]
    database.close()
    database.close()
    with pytest.raises(StoreError):
        run_sync(sql.execute("SELECT n FROM own_table"))
    database.close()


def test_memory_goes_with_the_last_who_has_it():
    database = SqliteMemory()
    database.itself = database  # as an application is, which has listeners that have the application
    connection = database.write(lambda connection: connection)
    assert connection.execute("SELECT 1").fetchall() == [(1,)]
    del database
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


FORK = """
import asyncio, os, sys, warnings
from fedtext.adapters.databases import BlockingRunner, SqliteFile, SqliteSql, ThreadRunner
file = SqliteFile(sys.argv[1])
blocking, suspending = SqliteSql(BlockingRunner(file)), SqliteSql(ThreadRunner(file))
insert = "INSERT INTO own_table VALUES (1)"
asyncio.run(suspending.execute("CREATE TABLE own_table (n)"))
def use():
    from fedtext.sync import run_sync
    run_sync(blocking.execute(insert))
    asyncio.run(suspending.execute(insert))
use()
# Other threads are running: of that Python warns from 3.12 on, and that is what is tried here.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
with file._group.lock, file._lock:  # another thread could hold them just now; it takes them in this order
    pid = os.fork()
    if pid == 0:
        try:
            use()
            assert file.read(lambda connection: connection.execute("PRAGMA integrity_check").fetchone()) == ("ok",)
            file.close()
        except BaseException:
            os._exit(1)
        os._exit(0)
print(os.waitpid(pid, 0)[1])
use()
print(asyncio.run(suspending.execute("SELECT COUNT(*) FROM own_table")))
file.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no fork")
def test_a_child_of_a_fork_opens_connections_of_its_own(tmp_path):
    command = [sys.executable, "-c", FORK, str(tmp_path / "test.sqlite3")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["0", "[(6,)]"]
