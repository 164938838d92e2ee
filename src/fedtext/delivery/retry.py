"""When to try again (DLV-06): the n-th retry waits n⁴ + 15 s and up to half of n⁴ more."""

from __future__ import annotations

from ..config import DeliveryPolicy

_LANE_PAUSE_S_MAX = 8 * 3_600


def retry_delay_s(attempts: int, fraction: float, policy: DeliveryPolicy) -> float | None:
    """Give the pause before the next attempt, or None when there is to be none.

    Args:
        attempts: Attempts made so far, at least 1.
        fraction: In [0, 1), for jitter.
        policy: Its `attempts_max` bounds the attempts; sixteen span more than 48 h.
    """
    if attempts >= policy.attempts_max:
        return None
    return attempts**4 + 15 + fraction * 0.5 * attempts**4


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
