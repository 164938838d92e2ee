"""When to try again: DLV-06, and the breaker per host."""

from __future__ import annotations

import pytest

from fedtext.config import DeliveryPolicy
from fedtext.delivery import lane_pause_s, retries_span_s, retry_delay_s

POLICY = DeliveryPolicy()


@pytest.mark.parametrize(
    ("attempts", "fraction", "expected"),
    [(1, 0.0, 16.0), (1, 0.5, 16.25), (2, 0.0, 31.0), (10, 0.0, 10_015.0), (15, 0.0, 50_640.0), (16, 0.0, None)],
)
def test_dlv_06_the_nth_retry(attempts, fraction, expected):
    assert retry_delay_s(attempts, fraction, POLICY) == expected


@pytest.mark.parametrize("fraction", [0.0, 0.999])
def test_dlv_06_attempts_span_48_hours_and_less_than_a_week(fraction):
    delays = [retry_delay_s(n, fraction, POLICY) for n in range(1, POLICY.attempts_max)]
    assert 48 * 3_600 <= sum(delay for delay in delays if delay is not None) <= 7 * 24 * 3_600
    assert None not in delays


@pytest.mark.parametrize(
    ("attempts", "age_s", "delay_s"),
    [
        (16, 48 * 3_600, 50_640.0),  # they came early, since the host was heard of in between
        (40, 48 * 3_600, 50_640.0),
        (16, 178_537, None),
        (40, 178_537, None),
        (15, 10**9, 50_640.0),
    ],
)
def test_dlv_06_attempts_that_come_early_do_not_shorten_the_time(attempts, age_s, delay_s):
    assert retries_span_s(POLICY) == 178_537 > 48 * 3_600
    assert retry_delay_s(attempts, 0.0, POLICY, age_s=age_s) == delay_s


@pytest.mark.parametrize(("attempts_max", "span_s"), [(1, 0), (2, 16), (3, 47)])
def test_the_time_is_that_of_the_schedule(attempts_max, span_s):
    policy = DeliveryPolicy(attempts_max=attempts_max)
    assert retries_span_s(policy) == span_s
    assert retry_delay_s(attempts_max, 0.0, policy, age_s=span_s) is None


def test_the_number_of_attempts_is_bounded_by_the_policy():
    assert retry_delay_s(3, 0.0, DeliveryPolicy(attempts_max=4)) is not None
    assert retry_delay_s(4, 0.0, DeliveryPolicy(attempts_max=4)) is None


@pytest.mark.parametrize(
    ("failures", "pause_s"), [(0, 0.0), (-1, 0.0), (1, 15.0), (2, 30.0), (5, 240.0), (12, 28_800.0), (10_000, 28_800.0)]
)
def test_a_failing_host_is_left_alone_longer_each_time(failures, pause_s):
    assert lane_pause_s(failures, 0.0) == pause_s
    assert pause_s <= lane_pause_s(failures, 0.999) <= 1.2 * pause_s
