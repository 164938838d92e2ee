"""How much actors and hosts may say in a minute, counted in bounded memory (SEC-138, SEC-171)."""

from __future__ import annotations

import pytest

from fedtext.errors import TooManyActivities
from fedtext.inbox import Pace
from fedtext.inbox.pacing import COUNTS_MAX


def take(pace: Pace, now_s: float, name: str = "a", most: int = 60) -> None:
    pace.take(name, now_s=now_s, per_minute_max=most)


@pytest.mark.spec("SEC-138")
def test_sec_138_so_many_at_once_and_then_as_time_passes() -> None:
    pace = Pace()
    for _ in range(60):
        take(pace, 1_000.0)
    with pytest.raises(TooManyActivities) as refused:
        take(pace, 1_000.0)
    assert (refused.value.retry_after_s, refused.value.status_hint, refused.value.permanent) == (1, 429, False)
    take(pace, 1_001.0)
    with pytest.raises(TooManyActivities):
        take(pace, 1_001.5)
    take(pace, 1_000.0, "b")
    with pytest.raises(TooManyActivities):
        take(pace, 0.0)  # a clock that goes back gives nothing


def test_one_a_minute_says_how_long_to_wait() -> None:
    pace = Pace()
    take(pace, 0.0, most=1)
    with pytest.raises(TooManyActivities) as refused:
        take(pace, 10.0, most=1)
    assert refused.value.retry_after_s == 50


def test_zero_is_no_limit() -> None:
    pace = Pace()
    for _ in range(1_000):
        take(pace, 0.0, most=0)
    assert len(pace) == 0


@pytest.mark.spec("SEC-171")
def test_sec_171_as_many_counts_as_one_may_keep() -> None:
    pace = Pace()
    for number in range(COUNTS_MAX + 100):
        take(pace, float(number), str(number), most=1)
        if number < 50:
            continue
        with pytest.raises(TooManyActivities):
            take(pace, float(number), str(number), most=1)
    assert len(pace) == COUNTS_MAX
    take(pace, COUNTS_MAX, "0", most=1)  # forgotten
