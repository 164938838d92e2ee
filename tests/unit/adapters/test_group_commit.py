"""Writes that come at once share a commit, and share nothing else: neither errors nor answers before their time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import contextmanager

import pytest

from fedtext.adapters.databases import SqliteFile, ThreadRunner
from fedtext.adapters.group_commit import PIECES_MAX, GroupCommit, Piece
from fedtext.errors import StoreError

TABLES = """
PRAGMA foreign_keys = ON;
CREATE TABLE one (n INTEGER PRIMARY KEY);
CREATE TABLE other (n INTEGER REFERENCES one (n) DEFERRABLE INITIALLY DEFERRED);
"""


class Bench:
    """A group over one connection, with what it was told to do."""

    def __init__(self, path):
        self.opened = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.05)
        self.opened.executescript(TABLES)
        self.said = []
        self.opened.set_trace_callback(self.said.append)
        self.group = GroupCommit(self.connection)
        self.error = None

    @contextmanager
    def connection(self):
        if self.error:
            raise self.error
        yield self.opened

    def count(self, word):
        return len([line for line in self.said if line.startswith(word)])

    def rows(self, table="one"):
        return [n for (n,) in self.opened.execute(f"SELECT n FROM {table} ORDER BY n")]

    def together(self, *works):
        """Bring pieces at one moment, from a thread each; give their results or errors."""
        answers = [None] * len(works)

        def bring(index):
            try:
                answers[index] = self.group.run(works[index])
            except BaseException as error:
                answers[index] = error

        threads = [threading.Thread(target=bring, args=(index,)) for index in range(len(works))]
        with self.group.lock:
            for index, thread in enumerate(threads):
                thread.start()
                while len(self.group._pending) <= index:
                    threading.Event().wait(0.001)
        for thread in threads:
            thread.join()
        return answers


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path / "test.sqlite3")
    yield bench
    bench.opened.close()


def insert(number, table="one"):
    return lambda connection: connection.execute(f"INSERT INTO {table} VALUES (?)", (number,)).rowcount


def test_what_comes_at_once_is_one_transaction(bench):
    assert bench.together(*(insert(number) for number in range(20))) == [1] * 20
    assert (bench.count("BEGIN"), bench.count("COMMIT")) == (1, 1)
    assert bench.rows() == list(range(20))


@pytest.mark.parametrize(("count", "transactions"), [(PIECES_MAX, 1), (PIECES_MAX + 1, 2)])
def test_a_transaction_takes_so_many_pieces(bench, count, transactions):
    for number in range(count):
        bench.group.add(Piece(insert(number)))
    bench.group.flush()
    assert bench.count("COMMIT") == transactions
    assert len(bench.rows()) == count


def test_a_piece_that_fails_undoes_nothing_of_the_others(bench):
    def half(connection):
        connection.execute("INSERT INTO one VALUES (7)")
        raise LookupError("its own")

    answers = bench.together(insert(1), half, insert(1), insert(2))
    assert [type(answer) for answer in answers] == [int, LookupError, sqlite3.IntegrityError, int]
    assert bench.rows() == [1, 2]
    assert bench.count("COMMIT") == 1


def test_a_commit_that_fails_for_one_is_repeated_for_the_others(bench):
    answers = bench.together(insert(1), insert(99, "other"), insert(2))
    assert [type(answer) for answer in answers] == [int, sqlite3.IntegrityError, int]
    assert (bench.rows(), bench.rows("other")) == ([1, 2], [])


def test_a_transaction_that_is_given_up_is_repeated_for_the_others(bench):
    """As SQLite does by itself when the disk is full."""
    give_up = lambda connection: connection.execute("INSERT OR ROLLBACK INTO one VALUES (1)")  # noqa: E731
    answers = bench.together(insert(1), give_up, insert(2))
    assert [type(answer) for answer in answers] == [int, sqlite3.IntegrityError, int]
    assert bench.rows() == [1, 2]


async def test_nobody_is_answered_before_the_commit(bench):
    loop = asyncio.get_running_loop()
    pieces = [Piece(insert(number), loop.create_future()) for number in range(3)]
    done_at_commit = []

    def trace(line):
        if line == "COMMIT":
            done_at_commit.extend(piece.is_done for piece in pieces)

    bench.opened.set_trace_callback(trace)
    for piece in pieces:
        bench.group.add(piece)
    await asyncio.to_thread(bench.group.flush)
    assert done_at_commit == [False] * 3
    assert await asyncio.gather(*(piece.future for piece in pieces)) == [1] * 3


def test_all_who_waited_for_a_beginning_that_failed_are_told(bench, tmp_path):
    app = sqlite3.connect(tmp_path / "test.sqlite3", isolation_level=None)
    app.execute("BEGIN IMMEDIATE")
    answers = bench.together(insert(1), insert(2))
    assert [str(answer) for answer in answers] == ["database is locked"] * 2
    app.execute("ROLLBACK")
    app.close()
    assert bench.together(insert(3)) == [1]
    bench.error = LookupError("no connection")
    assert bench.together(insert(4), insert(5)) == [bench.error] * 2
    assert not bench.group._pending


def test_a_leader_that_is_interrupted_leaves_the_others_work(bench):
    def stop(connection):
        connection.execute("INSERT INTO one VALUES (7)")
        raise KeyboardInterrupt

    answers = bench.together(insert(1), stop, insert(2))
    # whoever leads is interrupted; who brought it, or another: the others' work is done by the next
    assert bench.rows()[:1] + bench.rows()[-1:] == [1, 2] or KeyboardInterrupt in map(type, answers)
    assert 7 not in bench.rows()
    assert not bench.opened.in_transaction


async def test_a_caller_that_is_cancelled_does_not_undo_its_write(tmp_path):
    file = SqliteFile(str(tmp_path / "test.sqlite3"))
    runner = ThreadRunner(file)
    await runner.write(lambda connection: connection.execute("CREATE TABLE one (n INTEGER)"), StoreError)
    with file._group.lock:
        writing = asyncio.create_task(runner.write(insert(1), StoreError))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
    await runner.write(insert(2), StoreError)
    found = await runner.read(lambda connection: connection.execute("SELECT n FROM one").fetchall(), StoreError)
    assert found == [(1,), (2,)]
    file.close()


async def test_a_thread_that_cannot_be_started_holds_up_no_later_write(tmp_path, monkeypatch):
    file = SqliteFile(str(tmp_path / "app.sqlite3"))
    runner = ThreadRunner(file)

    def refused(_side):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(file, "_executor", refused)
        with pytest.raises((RuntimeError, StoreError)):
            await runner.write(lambda connection: connection.execute("CREATE TABLE never (a)"), StoreError)
    async with asyncio.timeout(30):
        await runner.write(lambda connection: connection.execute("CREATE TABLE later (a)").close(), StoreError)
    tables = await runner.read(lambda c: c.execute("SELECT name FROM sqlite_master").fetchall(), StoreError)
    assert ("later",) in tables
    assert ("never",) not in tables
    file.close()


async def test_awaited_writes_share_a_commit_and_keep_their_errors(tmp_path):
    file = SqliteFile(str(tmp_path / "test.sqlite3"))
    runner = ThreadRunner(file)
    await runner.write(lambda connection: connection.execute("CREATE TABLE one (n INTEGER PRIMARY KEY)"), StoreError)
    commits = []
    file.write(lambda connection: connection.set_trace_callback(commits.append))
    with file._group.lock:
        writing = [asyncio.create_task(runner.write(insert(number % 9), StoreError)) for number in range(10)]
        await asyncio.sleep(0)
        assert len(file._group._pending) == 10
    answers = await asyncio.gather(*writing, return_exceptions=True)
    assert answers[:9] == [1] * 9
    assert isinstance(answers[9], StoreError)
    assert commits.count("COMMIT") <= 2  # the one that the lock held up, and all that came meanwhile
    file.close()


def test_a_loop_that_has_ended_stops_nobody(bench):
    async def leave():
        return Piece(insert(1), asyncio.get_running_loop().create_future())

    bench.group.add(asyncio.run(leave()))
    assert bench.group.run(insert(2)) == 1
    assert bench.rows() == [1, 2]
