"""The queue in SQLite: how often it goes to its database, and with which lock."""

from __future__ import annotations

from typing import Any

from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.databases import BlockingRunner, SqliteMemory, ensure_schema
from fedtext.adapters.queues.sqlite import SqliteQueue
from fedtext.sync import run_sync
from fedtext.testing.ports import task


class CountingRunner(BlockingRunner):
    """Says what it was asked to run."""

    def __init__(self) -> None:
        memory = SqliteMemory()
        memory.read(ensure_schema)
        super().__init__(memory)
        self.run: list[str] = []

    async def read(self, work: Any, error: Any) -> Any:
        self.run.append("read")
        return await super().read(work, error)

    async def write(self, work: Any, error: Any) -> Any:
        self.run.append("write")
        return await super().write(work, error)


def test_who_has_nothing_to_do_takes_no_write_lock_and_who_has_does_not_look_twice() -> None:
    runner = CountingRunner()
    queue = SqliteQueue(runner, ManualClock(1.0))

    def claim() -> tuple[bool, list[str]]:
        runner.run.clear()
        return run_sync(queue.claim(lease_s=60, batch_max=1)) is not None, list(runner.run)

    assert claim() == (False, ["read"])
    run_sync(queue.enqueue([task("a"), task("b")]))
    assert claim() == (True, ["read", "write"])
    assert claim() == (False, ["write"])  # the lane is held
    assert claim() == (False, ["read"])
