"""A process of our own: its loop, and how often garbage is looked for in it."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from fedtext.adapters.coalesce import row_s_max
from fedtext.runtime.process import run_process


async def _seen() -> tuple[str, int, int]:
    return type(asyncio.get_running_loop()).__module__, gc.get_threshold()[0], gc.get_freeze_count()


def test_it_runs_on_uvloop_and_looks_for_garbage_seldom() -> None:
    before = gc.get_threshold()
    module, young, frozen = run_process(_seen())
    assert module.startswith("uvloop")
    assert young > before[0]
    assert frozen > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_it_may_sign_for_longer_at_once_than_a_process_of_an_application() -> None:
    async def seen() -> float:
        return row_s_max.get()

    assert run_process(seen()) > row_s_max.get() > 0


def test_without_uvloop_it_runs_on_the_loop_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    module, _, _ = run_process(_seen())
    assert module.startswith("asyncio")


def test_what_ends_it_in_a_fault_leaves_nothing_behind() -> None:
    before = gc.get_threshold()

    async def falls() -> None:
        raise ValueError("as it happens")

    with pytest.raises(ValueError, match="as it happens"):
        run_process(falls())
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
