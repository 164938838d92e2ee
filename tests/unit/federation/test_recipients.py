"""Which of our actors were there a moment ago."""

from __future__ import annotations

import pytest

from fedtext.federation.recipients import KEPT_COUNT_MAX, Recipients


@pytest.mark.parametrize(
    ("name", "after_s", "fresh_s", "there"),
    [
        ("1", 0.0, 5.0, True),
        ("1", 4.9, 5.0, True),
        ("1", 5.0, 5.0, False),
        ("1", 0.0, 0.0, False),
        ("1", -1.0, 5.0, False),  # the clock went back
        ("2", 0.0, 5.0, False),
    ],
)
def test_so_long_an_actor_counts_as_there(name: str, after_s: float, fresh_s: float, there: bool) -> None:
    recipients = Recipients()
    recipients.remember("1", now_s=1_000.0)
    assert recipients.is_there(name, now_s=1_000.0 + after_s, fresh_s=fresh_s) is there


@pytest.mark.spec("SEC-171")
def test_sec_171_so_many_are_kept_the_latest() -> None:
    recipients = Recipients()
    for number in range(KEPT_COUNT_MAX):
        recipients.remember(str(number), now_s=0.0)
    recipients.remember("0", now_s=1.0)
    assert len(recipients) == KEPT_COUNT_MAX
    recipients.remember("one more", now_s=1.0)
    assert len(recipients) == KEPT_COUNT_MAX
    assert recipients.is_there("0", now_s=1.0, fresh_s=5.0)
    assert not recipients.is_there("1", now_s=1.0, fresh_s=5.0)
