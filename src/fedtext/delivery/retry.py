"""When to try again (DLV-06): the n-th retry waits n⁴ + 15 s and up to half of n⁴ more."""

from __future__ import annotations

from math import inf

from ..config import DeliveryPolicy

_LANE_PAUSE_S_MAX = 8 * 3_600


def retry_delay_s(attempts: int, fraction: float, policy: DeliveryPolicy, *, age_s: float = inf) -> float | None:
    """Give the pause before the next attempt, or None when there is to be none.

    Attempts that came earlier than planned, since the host gave a sign of life, do not shorten the time in which it is
    tried: before that is over, more are made.

    Args:
        attempts: Attempts made so far, at least 1.
        fraction: In [0, 1), for jitter.
        policy: Its `attempts_max` bounds the attempts; sixteen span more than 48 h.
        age_s: How long ago it was queued.
    """
    if attempts >= policy.attempts_max and age_s >= retries_span_s(policy):
        return None
    planned = max(1, min(attempts, policy.attempts_max - 1))
    return planned**4 + 15 + fraction * 0.5 * planned**4


def retries_span_s(policy: DeliveryPolicy) -> float:
    """Give in which time all attempts are made at least, in seconds; the jitter comes on top."""
    return float(sum(attempt**4 + 15 for attempt in range(1, policy.attempts_max)))


def lane_pause_s(failures: int, fraction: float) -> float:
    """Give how long a failing host is left alone; one probe follows (circuit breaker per host).

    Args:
        failures: The present run of failures, 0 when the last exchange went well.
        fraction: In [0, 1), for jitter.
    """
    if failures <= 0:
        return 0.0
    base = min(15.0 * 2.0 ** min(failures - 1, 20), _LANE_PAUSE_S_MAX)
    return base * (1 + 0.2 * fraction)
