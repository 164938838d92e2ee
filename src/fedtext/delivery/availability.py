"""Whether a host can be reached at all: pure decisions on one small record for each host that has failed.

A host on which deliveries failed on so many distinct days (UTC) without one success is unavailable: what waits for it
is given up, and nothing new is queued for it, until it gives a sign of life. A host whose shared inbox answers 410 is
gone, for a day. A host that comes back after an outage is not flooded: for a while it gets so many deliveries a minute.

Invariants: a record holds no more days than decide; it changes once a day at most while a host fails, so that a dead
host costs no write for each attempt; a value that cannot be read counts as none.

Sources: DLV-04, DLV-08; SEC-145, SEC-149.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..config import DeliveryPolicy
from ..errors import FedtextError
from ..wire.json import JsonValue, dump, parse_object

HEALTH_KEPT_S: Final = 90 * 86_400
"""For how long a record is kept after its last change: a host that stays silent is tried again after that."""

GONE_S: Final = 86_400
"""For how long inboxes and hosts that have answered 410 or 404 are left out (DLV-04)."""

OUTAGE_FAILURES_MIN: Final = 5
"""Failures in a row that make an outage: then waiting for the host took minutes, and much may wait for it."""

_VERSION: Final = 1
_DAY_S: Final = 86_400
_MINUTE_S: Final = 60.0
_REASON_CHARS_MAX: Final = 100


@attrs.frozen(kw_only=True)
class HostHealth:
    """What is kept of a host that has failed lately.

    Args:
        days: The distinct days on which it failed since its last success, counted from the epoch, oldest first.
        failed_s: When a failure was last written down, in seconds since the epoch; 0: never.
        reason: Of that failure: "status 503", "fetch.unreachable".
        succeeded_s: When it last took something, as far as that was known; 0: it is not.
        recovered_s: When it last came back after an outage, or was heard of while it failed; 0: never.
        gone_until_s: Until when it counts as gone, since its shared inbox has answered 410.
    """

    days: tuple[int, ...] = ()
    failed_s: float = 0.0
    reason: str = ""
    succeeded_s: float = 0.0
    recovered_s: float = 0.0
    gone_until_s: float = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether a sign of life would change anything."""
        return bool(self.days) or self.gone_until_s > 0

    def encode(self) -> bytes:
        """Give the value for a store, as JSON."""
        return dump({"v": _VERSION, **attrs.asdict(self), "days": [*self.days]})


def decode_health(value: bytes | None) -> HostHealth:
    """Read a value of a store; where there is none, or none of this version, nothing is known of the host."""
    if value is None:
        return HostHealth()
    try:
        found = parse_object(value)
    except FedtextError:
        return HostHealth()
    days, reason = found.get("days"), found.get("reason")
    if found.get("v") != _VERSION or not isinstance(days, list) or not isinstance(reason, str):
        return HostHealth()
    return HostHealth(
        days=tuple(day for day in days if type(day) is int),
        reason=reason,
        failed_s=_number(found.get("failed_s")),
        succeeded_s=_number(found.get("succeeded_s")),
        recovered_s=_number(found.get("recovered_s")),
        gone_until_s=_number(found.get("gone_until_s")),
    )


def after_host_failure(
    health: HostHealth, *, reason: str, now_s: float, policy: DeliveryPolicy, succeeded_s: float = 0.0
) -> HostHealth:
    """Learn that a host did not take anything; the same record again on a day that is counted already.

    Args:
        health: What is known.
        reason: Why, for those who look.
        now_s: Seconds since the epoch.
        policy: Its `unavailable_days` bounds the days that are kept.
        succeeded_s: When it last took something, as this process knows it; 0: it does not.
    """
    day = int(now_s // _DAY_S)
    if day in health.days:
        return health
    return attrs.evolve(
        health,
        days=(*health.days, day)[-policy.unavailable_days :],
        failed_s=now_s,
        reason=reason[:_REASON_CHARS_MAX],
        succeeded_s=max(health.succeeded_s, succeeded_s),
    )


def after_host_gone(health: HostHealth, *, reason: str, now_s: float) -> HostHealth:
    """Learn that the shared inbox of a host is gone for good: so is the host, until it gives a sign of life."""
    return attrs.evolve(health, failed_s=now_s, reason=reason[:_REASON_CHARS_MAX], gone_until_s=now_s + GONE_S)


def after_host_life(health: HostHealth, *, now_s: float, succeeded: bool, after_outage: bool) -> HostHealth:
    """Learn that a host lives: what it failed is forgotten.

    Args:
        health: What is known.
        now_s: Seconds since the epoch.
        succeeded: Whether it has taken a delivery; else it has only been heard of.
        after_outage: Whether it was away for so long that it should not be flooded now.
    """
    recovered_s = now_s if after_outage else health.recovered_s
    return HostHealth(
        failed_s=health.failed_s,
        reason=health.reason,
        succeeded_s=now_s if succeeded else health.succeeded_s,
        recovered_s=recovered_s,
    )


def is_unavailable(health: HostHealth, *, now_s: float, policy: DeliveryPolicy) -> bool:
    """Tell whether nothing is sent to a host until it gives a sign of life."""
    return health.gone_until_s > now_s or len(health.days) >= policy.unavailable_days


def recovery_pause_s(health: HostHealth, sent_count: int, *, now_s: float, policy: DeliveryPolicy) -> float:
    """Give how long a lane rests after a batch, so that a host which has come back is not flooded.

    Args:
        health: What is known.
        sent_count: Jobs of the batch that were carried out.
        now_s: Seconds since the epoch.
        policy: `recovery_s` and `recovery_per_minute_max`; 0 of either turns it off.
    """
    is_recovering = health.recovered_s > 0 and now_s < health.recovered_s + policy.recovery_s
    if not is_recovering or policy.recovery_per_minute_max <= 0:
        return 0.0
    return sent_count * _MINUTE_S / policy.recovery_per_minute_max


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
