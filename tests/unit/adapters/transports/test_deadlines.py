"""Deadlines of exchanges: what `asyncio.timeout` does, on one timer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fedtext.adapters.transports.deadlines import Deadlines

SOON_S, LATE_S = 0.02, 30.0


@pytest.fixture
async def deadlines() -> AsyncIterator[Deadlines]:
    made = Deadlines(asyncio.get_running_loop())
    yield made
    assert len(made) == 0
    made.close()


async def test_what_takes_too_long_ends_with_a_timeout_and_the_task_goes_on(deadlines: Deadlines) -> None:
    with pytest.raises(TimeoutError), deadlines.within(SOON_S):
        await asyncio.sleep(LATE_S)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_what_is_done_in_time_is_left_alone_afterwards(deadlines: Deadlines) -> None:
    with deadlines.within(SOON_S):
        await asyncio.sleep(0)
    await asyncio.sleep(SOON_S * 2)


async def test_each_one_ends_in_its_own_time_whichever_was_set_first(deadlines: Deadlines) -> None:
    ended: list[str] = []

    async def wait(name: str, seconds_max: float) -> None:
        try:
            with deadlines.within(seconds_max):
                await asyncio.sleep(LATE_S)
        except TimeoutError:
            ended.append(name)

    waiting = [asyncio.ensure_future(wait(name, seconds)) for name, seconds in [("late", LATE_S), ("c", 0.06)]]
    waiting += [asyncio.ensure_future(wait(name, seconds)) for name, seconds in [("a", 0.02), ("b", 0.04)]]
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 5)
    assert ended == ["a", "b", "c"]
    assert len(deadlines) == 1
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]


async def test_a_cancellation_from_elsewhere_stays_one(deadlines: Deadlines) -> None:
    async def wait() -> None:
        with deadlines.within(LATE_S):
            await asyncio.sleep(LATE_S)

    waiting = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_cancellation_that_came_first_is_not_taken_for_a_timeout(deadlines: Deadlines) -> None:
    """Both come before the task runs again: whoever has cancelled it waits for it to end."""

    async def wait() -> None:
        with deadlines.within(LATE_S) as deadline:
            struck.append(deadline)
            await asyncio.sleep(LATE_S)

    struck = []
    waiting = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    struck[0].strike()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waiting.cancelling() == 1


async def test_another_fault_of_the_block_passes_through_and_the_task_is_not_left_cancelled(
    deadlines: Deadlines,
) -> None:
    async def fail() -> None:
        with deadlines.within(SOON_S):
            try:
                await asyncio.sleep(LATE_S)
            except asyncio.CancelledError:
                raise ZeroDivisionError from None

    with pytest.raises(ZeroDivisionError):
        await fail()
    await asyncio.sleep(0)


async def test_one_timer_serves_many(deadlines: Deadlines, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer for each of them costs more than all else here."""
    loop = asyncio.get_running_loop()
    set_for: list[float] = []
    call_at = loop.call_at

    def counted(when_s: float, *given: object, **named: object) -> asyncio.TimerHandle:
        set_for.append(when_s)
        return call_at(when_s, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_at", counted)
    for _ in range(50):
        with deadlines.within(LATE_S):
            pass
    assert len(set_for) == 1


async def test_a_deadline_is_that_of_a_task() -> None:
    made = Deadlines(asyncio.get_running_loop())
    faults: list[Exception] = []

    def outside() -> None:
        try:
            made.within(SOON_S)
        except RuntimeError as fault:
            faults.append(fault)

    asyncio.get_running_loop().call_soon(outside)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(faults) == 1
