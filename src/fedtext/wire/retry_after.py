"""The Retry-After field: how long a host wants to be left alone.

Sources: RFC 9110 section 10.2.3; DLV-07; SEC-118.
"""

from __future__ import annotations

from ..errors import MalformedText
from .timestamps import parse_http_date

_DIGITS_MAX = 12


def parse_retry_after(value: str | None, *, now_s: float, seconds_max: float) -> float | None:
    """Read how many seconds to wait.

    Args:
        value: Of the field: seconds, or a date; None when there is none.
        now_s: Seconds since the epoch.
        seconds_max: Whoever asks for more is given this.

    Returns:
        0 to `seconds_max`; None when the field is absent or cannot be read, as a negative number.
    """
    text = (value or "").strip(" \t")
    if text.isascii() and text.isdigit():
        return float(min(int(text[:_DIGITS_MAX]), seconds_max))
    try:
        return float(min(max(0.0, parse_http_date(text) - now_s), seconds_max))
    except MalformedText:
        return None
