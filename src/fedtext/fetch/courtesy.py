"""How often a host is asked, and when it is left alone: pure decisions on one small record a host.

A host may be asked so many times a minute, all at once or spread; where it asks for a pause, or cannot be reached, it
is not asked at all for a while, whatever is wanted of it. So a dead host costs one record and no waiting, however many
of its documents are asked for.

Threat: whoever makes us fetch could make a host look dead. So only what cannot depend on the path counts against the
host as a whole: that no connection came about in the full time, or that it says so itself (429, 503 with Retry-After).

Sources: SEC-109, SEC-118; DLV-07, DLV-22; INB-21.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..errors import FedtextError, HostPaused, Unreachable
from ..http import Response
from ..wire.json import JsonValue, dump, parse_object
from ..wire.retry_after import parse_retry_after

PAUSE_S_MIN: Final = 15.0
PAUSE_S_MAX: Final = 3_600.0
# As long as a record is kept after its last change, so that a host that stays dead is asked more and more rarely.
KEPT_S: Final = 2 * PAUSE_S_MAX

_VERSION: Final = 1
_MINUTE_S: Final = 60.0
_ROUNDING: Final = 1e-3
_PAUSING_STATUSES: Final = (429, 503)


@attrs.frozen(kw_only=True)
class HostRecord:
    """What is kept of a host.

    Args:
        turns_left: How often it may be asked at once; grows with time.
        counted_s: When that was counted (seconds since the epoch).
        failures_count: How often in a row no connection came about.
        paused_until_s: Until when it is left alone.
    """

    turns_left: float
    counted_s: float
    failures_count: int = 0
    paused_until_s: float = 0.0

    def encode(self) -> bytes:
        """Give the value for a store, as JSON."""
        return dump({"v": _VERSION, **attrs.asdict(self)})


def decode_record(value: bytes | None) -> HostRecord | None:
    """Read a value of a store; None where there is none, or none of this version: then nothing is known."""
    if value is None:
        return None
    try:
        found = parse_object(value)
    except FedtextError:
        return None
    if found.pop("v", None) != _VERSION or found.keys() != {field.name for field in attrs.fields(HostRecord)}:
        return None
    numbers = {name: _number(member) for name, member in found.items()}
    return HostRecord(
        turns_left=numbers["turns_left"],
        counted_s=numbers["counted_s"],
        failures_count=int(numbers["failures_count"]),
        paused_until_s=numbers["paused_until_s"],
    )


def take_turn(
    record: HostRecord | None, *, host: str, now_s: float, per_minute_max: int, kept_back: int = 0
) -> HostRecord:
    """Let one request to a host happen now.

    Args:
        record: Of the host; None when nothing is known.
        host: For the error.
        now_s: Seconds since the epoch.
        per_minute_max: How often it may be asked in a minute.
        kept_back: So many turns are left for others.

    Returns:
        The new record.

    Raises:
        HostPaused: It has to be left alone for a while; `retry_after_s` says for how long.
    """
    if record is None:
        return HostRecord(turns_left=per_minute_max - 1, counted_s=now_s)
    if record.paused_until_s > now_s:
        raise HostPaused(host=host, retry_after_s=round(record.paused_until_s - now_s, 3))
    rate = per_minute_max / _MINUTE_S
    turns = min(float(per_minute_max), record.turns_left + max(0.0, now_s - record.counted_s) * rate)
    wanted = 1 + kept_back
    if turns < wanted - _ROUNDING:  # whoever waited for as long as it was told to
        raise HostPaused(
            "the host was asked as often as one may", host=host, retry_after_s=round((wanted - turns) / rate, 3)
        )
    return attrs.evolve(record, turns_left=turns - 1, counted_s=now_s)


def after_answer(record: HostRecord, response: Response, *, now_s: float, retry_after_s_max: float) -> HostRecord:
    """Learn from an answer: the host lives; perhaps it asks to be left alone."""
    until_s = 0.0
    if response.status in _PAUSING_STATUSES:
        asked = parse_retry_after(response.headers.get("retry-after"), now_s=now_s, seconds_max=retry_after_s_max)
        until_s = now_s + asked if asked is not None else 0.0
    return attrs.evolve(record, failures_count=0, paused_until_s=until_s)


def after_failure(record: HostRecord, *, now_s: float) -> HostRecord:
    """Learn that no connection came about: twice as long a pause each time, up to `PAUSE_S_MAX`."""
    count = record.failures_count + 1
    pause_s = min(PAUSE_S_MAX, PAUSE_S_MIN * 2.0 ** min(count - 1, 16))
    return attrs.evolve(record, failures_count=count, paused_until_s=now_s + pause_s)


def speaks_of_host(error: FedtextError) -> bool:
    """Tell whether a failure is that of the host as a whole, whatever path was asked for.

    Threat: a gateway that hangs up on some paths would else let whoever names such a path pause the host.
    """
    return isinstance(error, Unreachable) and not {"status", "during"} & error.context.keys()


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
