"""What a turn reads once of the store, and what it asks for each time."""

from __future__ import annotations

import asyncio

import pytest

from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.coalesce import AsyncCoalesce, InlineCoalesce
from fedtext.adapters.stores.memory import MemoryStore
from fedtext.federation.turn_store import READ_ONCE, TurnStore
from fedtext.ports import store_key
from fedtext.sync import run_sync

SITE = "https://home.example"


class Counting(MemoryStore):
    """A store that counts what is asked of it."""

    asked = 0

    async def get(self, key: str) -> bytes | None:
        """Count it."""
        self.asked += 1
        return await super().get(key)


@pytest.fixture
def real() -> Counting:
    """Give a store."""
    return Counting(ManualClock(0.0))


@pytest.mark.parametrize("kind", sorted(READ_ONCE))
@pytest.mark.parametrize("value", [None, b"1"])
def test_what_all_jobs_need_is_read_once(real: Counting, kind: str, value: bytes | None) -> None:
    """Also that there is nothing; only for this turn."""
    key, turn = store_key(SITE, kind, "https://a.example/1"), TurnStore(real, InlineCoalesce())
    if value is not None:
        run_sync(real.put(key, value))
    assert [run_sync(turn.get(key)) for _ in range(3)] == [value] * 3
    assert real.asked == 1
    run_sync(real.put(key, b"2"))
    assert run_sync(turn.get(key)) == value
    assert run_sync(TurnStore(real, InlineCoalesce()).get(key)) == b"2"


def test_everything_else_is_asked_each_time(real: Counting) -> None:
    """Whether an actor was removed decides what is sent."""
    key, turn = store_key(SITE, "removed", "keyset"), TurnStore(real, InlineCoalesce())
    assert run_sync(turn.get(key)) is None
    run_sync(real.put(key, b"1"))
    assert run_sync(turn.get(key)) == b"1"
    assert run_sync(turn.get_many([key])) == {key: b"1"}


@pytest.mark.parametrize("write", ["put", "add_if_absent", "compare_and_set", "delete"])
def test_what_is_written_through_it_is_read_anew(real: Counting, write: str) -> None:
    """Whoever writes sees what was written."""
    key, turn = store_key(SITE, "keyset", "https://a.example/1"), TurnStore(real, InlineCoalesce())
    if write in ("compare_and_set", "delete"):
        run_sync(real.put(key, b"old"))
    before = run_sync(turn.get(key))
    arguments = {"put": (b"new",), "add_if_absent": (b"new",), "compare_and_set": (b"old", b"new"), "delete": ()}
    run_sync(getattr(turn, write)(key, *arguments[write]))
    after = run_sync(turn.get(key))
    assert (before, after) == ((b"old", None) if write == "delete" else (before, b"new"))


def test_what_was_read_before_a_write_is_not_kept(real: Counting) -> None:
    """Two jobs of a turn run at once: one reads slowly, the other writes."""
    key, turn = store_key(SITE, "scheme", "https://a.example"), TurnStore(real, InlineCoalesce())
    run_sync(real.put(key, b"old"))
    slow = real.get

    async def get(name: str) -> bytes | None:
        value = await slow(name)
        await turn.put(name, b"new")
        return value

    real.get = get  # type: ignore[method-assign]
    assert run_sync(turn.get(key)) == b"old"
    real.get = slow  # type: ignore[method-assign]
    assert run_sync(turn.get(key)) == b"new"


async def test_jobs_that_begin_at_once_read_once_together(real: Counting) -> None:
    """Several are under way before the first has its answer; what one of them writes is read anew all the same."""
    key, turn = store_key(SITE, "keyset", "https://a.example/1"), TurnStore(real, AsyncCoalesce())
    await real.put(key, b"old")
    go, slow = asyncio.Event(), real.get

    async def get(name: str) -> bytes | None:
        value = await slow(name)
        await go.wait()
        return value

    real.get = get  # type: ignore[method-assign]
    first = [asyncio.ensure_future(turn.get(key)) for _ in range(4)]
    await asyncio.sleep(0.01)
    await turn.put(key, b"new")
    later = [asyncio.ensure_future(turn.get(key)) for _ in range(4)]
    await asyncio.sleep(0.01)
    go.set()
    assert await asyncio.gather(*first, *later) == [b"old"] * 4 + [b"new"] * 4
    assert real.asked == 2
    assert await turn.get(key) == b"new"
    assert real.asked == 2


def test_the_rest_is_the_stores(real: Counting) -> None:
    """Scans, counts and statements."""
    key, turn = store_key(SITE, "keyset", "a"), TurnStore(real, InlineCoalesce())
    run_sync(turn.put(key, b"1"))
    assert run_sync(turn.scan(SITE[:0])) == run_sync(real.scan(""))
    assert run_sync(turn.count("")) == 1
    assert turn.dialect == real.dialect


@pytest.mark.parametrize("value", [None, b"1"])
def test_what_was_read_before_the_turn_is_not_asked_again(real: Counting, value: bytes | None) -> None:
    """Until it is written: then it is read anew."""
    key = store_key(SITE, "keyset", "https://a.example/1")
    turn = TurnStore(real, InlineCoalesce(), read={key: value})
    assert run_sync(turn.get(key)) == value
    assert real.asked == 0
    run_sync(turn.put(key, b"2"))
    assert run_sync(turn.get(key)) == b"2"
    assert real.asked == 1
