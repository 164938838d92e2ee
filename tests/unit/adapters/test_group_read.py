"""Reads that come at once are run in one go, and share nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fedtext.adapters.databases import SqliteFile, ThreadRunner
from fedtext.adapters.group_commit import Piece
from fedtext.adapters.group_read import TOGETHER_MAX, GroupRead
from fedtext.errors import StoreError


class Reads:
    """Reads over one connection, and how often it was taken."""

    def __init__(self) -> None:
        self.taken = 0
        self.error: Exception | None = None
        self.group = GroupRead(self.connection)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        self.taken += 1
        if self.error is not None:
            raise self.error
        opened = sqlite3.connect(":memory:")
        yield opened
        opened.close()

    def bring(self, *statements: str) -> list[asyncio.Future[Any]]:
        futures = list[asyncio.Future[Any]]()
        for statement in statements:
            futures.append(asyncio.get_running_loop().create_future())
            self.group.add(Piece(lambda connection, sql=statement: connection.execute(sql).fetchone()[0], futures[-1]))
        return futures


async def test_what_has_come_is_read_in_one_go() -> None:
    reads = Reads()
    futures = reads.bring("SELECT 1", "SELECT n FROM nothing_here", "SELECT 3")
    reads.group.flush()
    first, second, third = await asyncio.gather(*futures, return_exceptions=True)
    assert (first, type(second), third) == (1, sqlite3.OperationalError, 3)
    assert reads.taken == 1
    reads.group.flush()
    assert reads.taken == 1


async def test_only_so_many_wait_for_each_other() -> None:
    reads = Reads()
    futures = reads.bring(*["SELECT 1"] * (TOGETHER_MAX + 1))
    reads.group.flush()
    assert await asyncio.gather(*futures) == [1] * (TOGETHER_MAX + 1)
    assert reads.taken == 2


async def test_without_a_connection_all_who_wait_are_told() -> None:
    reads = Reads()
    reads.error = sqlite3.OperationalError("unable to open")
    futures = reads.bring("SELECT 1", "SELECT 2")
    reads.group.flush()
    answers = await asyncio.gather(*futures, return_exceptions=True)
    assert answers == [reads.error, reads.error]


async def test_who_has_gone_away_is_not_read_for() -> None:
    reads, ran = Reads(), list[int]()
    futures = [asyncio.get_running_loop().create_future() for _ in range(3)]
    for number, future in enumerate(futures):
        reads.group.add(Piece(lambda _connection, n=number: ran.append(n), future))
    withdrawn = Piece(lambda _connection: ran.append(9))
    reads.group.add(withdrawn)
    reads.group.withdraw(withdrawn)
    reads.group.withdraw(withdrawn)
    futures[1].cancel()
    reads.group.flush()
    await asyncio.sleep(0)
    assert ran == [0, 2]
    reads.bring("SELECT 1")
    reads.group.forget()
    reads.group.flush()
    assert reads.taken == 1


async def test_a_thread_that_cannot_be_started_holds_up_no_later_read(tmp_path: Any, monkeypatch: Any) -> None:
    file = SqliteFile(str(tmp_path / "app.sqlite3"))
    runner = ThreadRunner(file)

    def refused(_side: str) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(file, "_executor", refused)
        with pytest.raises(RuntimeError, match="new thread"):
            await runner.read(lambda connection: connection.execute("SELECT 1").fetchone(), StoreError)
    async with asyncio.timeout(30):
        assert await runner.read(lambda connection: connection.execute("SELECT 2").fetchone(), StoreError) == (2,)
    file.close()
    assert await runner.read(lambda connection: connection.execute("SELECT 3").fetchone(), StoreError) == (3,)
    file.close()
