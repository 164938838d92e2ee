"""One message draws all its fetches from one budget (SEC-108, INB-21)."""

from __future__ import annotations

import pytest

from fedtext.adapters.clocks import ManualClock
from fedtext.config import Limits
from fedtext.errors import BudgetExhausted
from fedtext.fetch import Budget


@pytest.mark.spec("SEC-108", "INB-21")
def test_as_many_fetches_as_allowed_and_not_one_more() -> None:
    budget = Budget(ManualClock(0.0), fetches_max=3, seconds_max=10)
    for _ in range(3):
        budget.spend("https://a.example.com/")
    with pytest.raises(BudgetExhausted, match="fetches"):
        budget.spend("https://a.example.com/")
    assert budget.fetches_left == 0


@pytest.mark.spec("SEC-108", "INB-21")
@pytest.mark.parametrize(("elapsed_s", "left_s"), [(0, 10), (9.5, 0.5), (10, 0), (11, 0)])
def test_the_deadline(elapsed_s: float, left_s: float) -> None:
    clock = ManualClock(0.0)
    budget = Budget(clock, fetches_max=1, seconds_max=10)
    clock.advance(elapsed_s)
    assert budget.seconds_left == pytest.approx(left_s)
    if left_s:
        budget.spend("https://a.example.com/")
    else:
        with pytest.raises(BudgetExhausted, match="long"):
            budget.spend("https://a.example.com/")


@pytest.mark.spec("INB-21")
def test_the_table_of_limits_makes_it() -> None:
    budget = Budget.of(ManualClock(0.0), Limits(fetches_per_message_max=7, inbox_s_max=3))
    assert (budget.fetches_left, budget.seconds_left) == (7, 3)
