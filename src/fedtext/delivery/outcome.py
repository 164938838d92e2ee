"""What an answer means for a delivery: values, judged by pure functions (DLV-03…07)."""

from __future__ import annotations

import attrs

from ..errors import FetchError, FetchRefused, MalformedText
from ..http import Response
from ..wire.timestamps import parse_http_date


@attrs.frozen(kw_only=True)
class Delivered:
    """It was taken (any 2xx)."""

    status: int


@attrs.frozen(kw_only=True)
class Retry:
    """Try again later; `host_failed` when it is the host's fault, `after_s` when it asked for a pause."""

    reason: str
    after_s: float | None = None
    host_failed: bool = False


@attrs.frozen(kw_only=True)
class Drop:
    """It will never be taken; `gone` when the recipient is no more (404, 410)."""

    reason: str
    gone: bool = False


Outcome = Delivered | Retry | Drop
_WORTH_A_RETRY = frozenset({401, 408, 425, 429})


def classify_response(response: Response, *, now_s: float, retry_after_s_max: int) -> Outcome:
    """Judge an answer.

    2xx is success; 401, 408, 429 and 5xx but 501 are worth a retry; every other status is final. Redirects are not
    followed (DLV-13) and final.
    """
    status = response.status
    if 200 <= status < 300:
        return Delivered(status=status)
    if status in _WORTH_A_RETRY or (status >= 500 and status != 501):
        after_s = _retry_after_s(response, now_s=now_s, retry_after_s_max=retry_after_s_max)
        return Retry(reason=f"status {status}", after_s=after_s, host_failed=status >= 500 or status == 429)
    return Drop(reason=f"status {status}", gone=status in (404, 410))


def classify_error(error: FetchError) -> Outcome:
    """Judge an exchange that gave no answer."""
    if isinstance(error, FetchRefused):
        return Drop(reason=error.code)
    return Retry(reason=error.code, host_failed=True)


def _retry_after_s(response: Response, *, now_s: float, retry_after_s_max: int) -> float | None:
    """Read Retry-After, seconds or date, clamped (DLV-07, SEC-118)."""
    value = (response.headers.get("retry-after") or "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(min(int(value[:12]), retry_after_s_max))
    try:
        return float(min(max(0.0, parse_http_date(value) - now_s), retry_after_s_max))
    except MalformedText:
        return None
