"""Whoever writes tasks is not held up, and an engine is told once they are durable."""

from __future__ import annotations

import attrs
import pytest

from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.sql import enqueue_statements
from fedtext.ports import Lane, Statement, Task
from fedtext.runtime import MemoryBackend, SqliteBackend
from fedtext.runtime.announcing import announced
from fedtext.sync import run_sync

SITE = "https://blog.example"


def task(name: str = "1", **options: object) -> Task:
    return Task(site=SITE, lane=Lane.parse("out:a"), payload=b"{}", dedupe_key=name, **options)


class Told:
    """Notes what it is told, and how deep the queue was by then."""

    def __init__(self) -> None:
        self.told: list[tuple[int | None, int, bool]] = []

    async def announce(self, queue, tasks, *, blocking):
        count = None if tasks is None else len(tasks)
        self.told.append((count, (await queue.depth()).waiting, blocking))


@pytest.fixture(params=["memory", "sqlite"])
def backend(request, tmp_path):
    found = MemoryBackend() if request.param == "memory" else SqliteBackend(tmp_path / "app.sqlite3")
    yield found
    found.close()


@pytest.mark.parametrize("blocking", [True, False])
def test_told_after_the_rows_are_there_and_only_of_new_ones(backend, blocking: bool) -> None:
    told = Told()
    opened = announced(backend.blocking(ManualClock()), told, blocking=blocking)
    assert run_sync(opened.queue.enqueue([task("1"), task("2")])) == 2
    assert run_sync(opened.queue.enqueue([task("1")])) == 0
    assert told.told == [(2, 2, blocking)]


def test_a_transaction_that_adds_tasks_is_told_of_and_no_other(tmp_path) -> None:
    told, clock = Told(), ManualClock()
    backend = SqliteBackend(tmp_path / "app.sqlite3")
    opened = announced(backend.blocking(clock), told, blocking=True)
    assert opened.sql is not None
    rows = run_sync(opened.sql.atomic([Statement("CREATE TABLE posts (pk INTEGER)"), Statement("SELECT 7")]))
    assert rows[1] == [(7,)]
    assert told.told == []
    run_sync(opened.sql.atomic(opened.queue.statements(task(), clock.now_s())))
    assert told.told == [(None, 1, True)]
    backend.close()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_whatever_the_dialect_its_statements_of_a_task_are_told_of(dialect: str) -> None:
    told: list[object] = []

    class Recorder:
        async def announce(self, queue: object, tasks: object, *, blocking: bool) -> None:
            told.append(tasks)

    class Silent:
        async def atomic(self, statements: object) -> list[object]:
            return []

    opened = attrs.evolve(MemoryBackend().blocking(ManualClock()), sql=Silent())
    sql = announced(opened, Recorder(), blocking=True).sql
    run_sync(sql.atomic([Statement("UPDATE mine SET a = 1")]))
    assert told == []
    run_sync(sql.atomic(enqueue_statements(task("one"), dialect, 0.0)))
    assert told == [None]


def test_all_else_is_the_storage_s_own(backend) -> None:
    inner = backend.blocking(ManualClock())
    opened = announced(inner, Told(), blocking=True)
    assert opened.store is inner.store
    assert opened.queue.dialect == inner.queue.dialect
    assert run_sync(opened.sql.execute("SELECT 1")) == [(1,)]
    run_sync(opened.queue.enqueue([task()]))
    assert run_sync(inner.queue.claim(lease_s=1, batch_max=1)) is not None
