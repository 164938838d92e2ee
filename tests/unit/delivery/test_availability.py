"""Whether a host can be reached at all: one record for each host that has failed."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import DeliveryPolicy
from fedtext.delivery import (
    GONE_S,
    HostHealth,
    after_host_failure,
    after_host_gone,
    after_host_life,
    decode_health,
    is_unavailable,
    recovery_pause_s,
)

DAY_S = 86_400
POLICY = DeliveryPolicy()


def failed(*days: float, health: HostHealth | None = None, policy: DeliveryPolicy = POLICY) -> HostHealth:
    health = health or HostHealth()
    for day in days:
        health = after_host_failure(health, reason="status 503", now_s=day * DAY_S, policy=policy)
    return health


@pytest.mark.spec("DLV-08")
@pytest.mark.parametrize(
    ("days", "unavailable"),
    [
        ((1, 2, 3, 4, 5, 6), False),
        ((1, 2, 3, 4, 5, 6, 7), True),
        ((1, 1.1, 1.5, 1.9, 1.99, 1.999, 1.9999), False),  # one day, however often
        ((1.99999, 2, 3, 4, 5, 6, 7), True),  # days of the calendar, not spans of 24 h
        ((1, 10, 20, 30, 40, 50, 60), True),  # distinct days, not days in a row
        ((), False),
    ],
)
def test_dlv_08_seven_distinct_days_of_failure(days, unavailable):
    assert is_unavailable(failed(*days), now_s=61 * DAY_S, policy=POLICY) is unavailable


def test_dlv_08_the_number_of_days_is_a_setting():
    policy = attrs.evolve(POLICY, unavailable_days=2)
    assert is_unavailable(failed(1, 2, policy=policy), now_s=2 * DAY_S, policy=policy)


def test_dlv_08_a_day_that_is_counted_changes_nothing_more():
    """So a dead host costs one write a day."""
    once = failed(5)
    assert failed(5.2, 5.4, health=once) is once


@pytest.mark.spec("SEC-145", "SEC-149")
def test_sec_149_a_record_is_bounded_however_long_a_host_is_away():
    health = attrs.evolve(failed(*range(1_000)), reason="x")
    assert len(health.days) == POLICY.unavailable_days
    long = after_host_failure(HostHealth(), reason="x" * 10_000, now_s=0.0, policy=POLICY)
    assert len(long.encode()) < 400


@pytest.mark.parametrize("succeeded", [True, False])
def test_dlv_08_a_sign_of_life_forgets_the_failures(succeeded):
    health = after_host_gone(failed(1, 2, 3, 4, 5, 6, 7), reason="status 410", now_s=8 * DAY_S)
    alive = after_host_life(health, now_s=8 * DAY_S, succeeded=succeeded, after_outage=False)
    assert not alive.is_failing
    assert not is_unavailable(alive, now_s=8 * DAY_S, policy=POLICY)
    assert alive.succeeded_s == (8 * DAY_S if succeeded else 0)


def test_dlv_08_a_success_in_between_begins_the_count_anew():
    health = after_host_life(failed(1, 2, 3, 4, 5, 6), now_s=6.5 * DAY_S, succeeded=True, after_outage=False)
    assert not is_unavailable(failed(7, 8, health=health), now_s=8 * DAY_S, policy=POLICY)


@pytest.mark.parametrize(("after_s", "unavailable"), [(0, True), (GONE_S - 1, True), (GONE_S, False)])
def test_dlv_04_a_host_whose_shared_inbox_is_gone_is_left_out_for_a_day(after_s, unavailable):
    health = after_host_gone(HostHealth(), reason="status 410", now_s=100.0)
    assert health.is_failing
    assert is_unavailable(health, now_s=100.0 + after_s, policy=POLICY) is unavailable


def test_when_it_last_took_something_is_kept():
    first = after_host_failure(HostHealth(), reason="x", now_s=2 * DAY_S, policy=POLICY, succeeded_s=1.5 * DAY_S)
    assert first.succeeded_s == 1.5 * DAY_S
    later = after_host_failure(first, reason="x", now_s=3 * DAY_S, policy=POLICY, succeeded_s=0.0)
    assert later.succeeded_s == 1.5 * DAY_S


@pytest.mark.spec("DLV-09")
@pytest.mark.parametrize(
    ("health", "changes", "pause_s"),
    [
        (HostHealth(recovered_s=1_000.0), {}, 10.0),  # 20 jobs at 120 a minute
        (HostHealth(recovered_s=1_000.0 - 899), {}, 10.0),
        (HostHealth(recovered_s=1_000.0 - 900), {}, 0.0),  # it has been well for long enough
        (HostHealth(), {}, 0.0),
        (HostHealth(recovered_s=1_000.0), {"recovery_per_minute_max": 0}, 0.0),
        (HostHealth(recovered_s=1_000.0), {"recovery_s": 0.0}, 0.0),
        (HostHealth(recovered_s=1_000.0), {"recovery_per_minute_max": 30}, 40.0),
    ],
)
def test_a_host_that_comes_back_is_not_flooded(health, changes, pause_s):
    policy = attrs.evolve(POLICY, **changes)
    assert recovery_pause_s(health, 20, now_s=1_000.0, policy=policy) == pause_s


def test_how_fast_it_goes_after_an_outage_is_remembered():
    alive = after_host_life(failed(1), now_s=9.0, succeeded=True, after_outage=True)
    assert alive.recovered_s == 9.0
    again = after_host_life(alive, now_s=99.0, succeeded=True, after_outage=False)
    assert again.recovered_s == 9.0


seconds = st.floats(min_value=0, max_value=4e9)


@given(
    days=st.lists(st.integers(0, 40_000), max_size=7),
    reason=st.text(max_size=50),
    times=st.tuples(seconds, seconds, seconds, seconds),
)
def test_what_is_written_is_read(days, reason, times):
    health = HostHealth(
        days=tuple(days),
        reason=reason,
        failed_s=times[0],
        succeeded_s=times[1],
        recovered_s=times[2],
        gone_until_s=times[3],
    )
    assert decode_health(health.encode()) == health


@pytest.mark.spec("SEC-150")
@pytest.mark.parametrize(
    "value", [None, b"", b"x", b"[]", b"{}", b'{"v":2,"days":[],"reason":""}', b'{"v":1,"days":7,"reason":""}']
)
def test_sec_150_what_cannot_be_read_says_nothing(value):
    assert decode_health(value) == HostHealth()


def test_sec_150_members_of_another_shape_say_nothing():
    health = decode_health(b'{"v":1,"days":[1,true,"2",null],"reason":"x","failed_s":"soon","succeeded_s":true}')
    assert health == HostHealth(days=(1,), reason="x")
