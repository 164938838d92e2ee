"""The blocking edge."""

from __future__ import annotations

import asyncio

import pytest

from fedtext.errors import BlockingEdgeError
from fedtext.sync import run_sync


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
