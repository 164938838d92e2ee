from __future__ import annotations

import time

import pytest

from fedtext.adapters.clocks import ManualClock, SystemClock


def test_the_system_clock_shows_the_machine_s_time():
    clock = SystemClock()
    before, first = time.time(), clock.monotonic_s()
    assert before <= clock.now_s() <= time.time()
    assert first <= clock.monotonic_s()


def test_the_manual_clock_stands_still_until_it_is_advanced():
    clock = ManualClock(start_s=100.0)
    assert (clock.now_s(), clock.monotonic_s()) == (100.0, 0.0)
    clock.advance(1.5)
    clock.advance(0)
    assert (clock.now_s(), clock.monotonic_s()) == (101.5, 1.5)


def test_the_manual_clock_does_not_go_back():
    clock = ManualClock()
    with pytest.raises(ValueError, match="zero seconds or more"):
        clock.advance(-0.001)
    assert clock.monotonic_s() == 0.0
