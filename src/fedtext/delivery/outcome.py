"""What an answer means for a delivery: values, judged by pure functions (DLV-03…07)."""

from __future__ import annotations

import attrs

from ..errors import (
    BudgetExhausted,
    FedtextError,
    FetchError,
    FetchRefused,
    HTTPStatusError,
    WrongMediaType,
)
from ..http import Response
from ..wire.retry_after import parse_retry_after


@attrs.frozen(kw_only=True)
class Delivered:
    """It was taken (any 2xx)."""

    status: int


@attrs.frozen(kw_only=True)
class Retry:
    """Try again later.

    `after_s` when the host asked for a pause; `host_failed` when every delivery to it would fail now; `unauthorized`
    when it does not believe the signature yet (DLV-05: it may be fetching the key); `status` of the answer, None: there
    was none.
    """

    reason: str
    status: int | None = None
    after_s: float | None = None
    host_failed: bool = False
    unauthorized: bool = False


@attrs.frozen(kw_only=True)
class Drop:
    """It will never be taken; `status` of the answer, None: there was none."""

    reason: str
    status: int | None = None

    @property
    def gone(self) -> bool:
        """Whether the recipient is no more, for good."""
        return self.status == 410

    @property
    def absent(self) -> bool:
        """Whether there is nobody there now (DLV-04): gone, or not found."""
        return self.status in (404, 410)


Outcome = Delivered | Retry | Drop
_WORTH_A_RETRY = frozenset({401, 408, 425, 429})
# An actor that is refused for now: 403 is what servers answer whose fetch of our key has failed.
_TRANSIENT_TEXTS = frozenset({"401", "403", "408", "425", "429"})


def classify_response(
    response: Response, *, now_s: float, retry_after_s_max: int, retries_forbidden: bool = False
) -> Outcome:
    """Judge an answer.

    2xx is success; 401, 408, 425, 429 and 5xx but 501 are worth a retry; every other status is final. Redirects are not
    followed (DLV-13) and final.

    Args:
        response: What came.
        now_s: Seconds since the epoch.
        retry_after_s_max: How long a pause the host may ask for.
        retries_forbidden: Whether 403 is worth a retry, too.
    """
    status = response.status
    if 200 <= status < 300:
        return Delivered(status=status)
    is_put_off = status in _WORTH_A_RETRY or (status == 403 and retries_forbidden)
    if is_put_off or (status >= 500 and status != 501):
        asked = response.headers.get("retry-after")
        after_s = parse_retry_after(asked, now_s=now_s, seconds_max=retry_after_s_max)
        return Retry(
            reason=f"status {status}",
            status=status,
            after_s=after_s,
            host_failed=status >= 500 or status == 429,
            unauthorized=status == 401,
        )
    return Drop(reason=f"status {status}", status=status)


def classify_error(error: FetchError) -> Outcome:
    """Judge an exchange that gave no answer."""
    if isinstance(error, FetchRefused):
        return Drop(reason=error.code)
    return Retry(reason=error.code, host_failed=True)


def is_final(error: FedtextError) -> bool:
    """Tell whether asking again for an actor is pointless.

    A status counts as final only where it says so: 4xx but those that are worth a retry. A cached "not to be had a
    moment ago" bears no status: that says nothing about the next time.
    """
    if isinstance(error, HTTPStatusError):
        status = error.context.get("status", "")
        return status.startswith("4") and status not in _TRANSIENT_TEXTS
    if isinstance(error, BudgetExhausted | WrongMediaType):
        return False  # the deadline of this attempt; the maintenance page of an hour
    return error.permanent
