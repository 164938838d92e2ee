"""The blocking edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from fedtext.errors import BlockingEdgeError
from fedtext.sync import iterate_sync, run_sync


async def _never_suspends() -> int:
    return 7


async def _suspends() -> int:
    await asyncio.sleep(0)
    return 7


def test_a_coroutine_that_never_suspends_gives_its_result() -> None:
    """Outside of an event loop."""
    assert run_sync(_never_suspends()) == 7


async def test_it_runs_inside_of_an_event_loop_too() -> None:
    """An async handler may call blocking code."""
    assert run_sync(_never_suspends()) == 7


def test_what_suspends_is_refused_by_name() -> None:
    """The error names what suspended, and the coroutine is closed."""
    coroutine = _suspends()
    with pytest.raises(BlockingEdgeError, match="the listener `greet`"):
        run_sync(coroutine, what="the listener `greet`")
    assert coroutine.cr_frame is None


def test_errors_pass_through() -> None:
    """What the coroutine raises, the caller gets."""

    async def fails() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        run_sync(fails())


async def _numbers(count: int, closed: list[bool]) -> AsyncGenerator[int, None]:
    try:
        for number in range(count):
            yield number
    finally:
        closed.append(True)


def test_an_asynchronous_generator_is_iterated_over_and_closed() -> None:
    """To its end, or as far as it is wanted."""
    closed: list[bool] = []
    assert list(iterate_sync(_numbers(3, closed))) == [0, 1, 2]
    assert closed == [True]
    items = iterate_sync(_numbers(3, closed))
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert closed == [True, True]


def test_a_generator_that_suspends_is_refused() -> None:
    """As any coroutine."""

    async def slow() -> AsyncGenerator[int, None]:
        await _suspends()
        yield 1

    with pytest.raises(BlockingEdgeError):
        list(iterate_sync(slow()))
