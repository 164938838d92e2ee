"""Points in time as the network writes them: AS2 dates and HTTP dates.

Decides which texts name an instant and how we write one; refuses to know what time it is now.

Invariants:
    - what is read is an aware `datetime` in UTC, or whole seconds since 1970 for HTTP;
    - strict reading is AS2 section 2.3 (a zone is needed, seconds may be missing); lenient reading takes what peers
      send and never raises;
    - we write UTC with "Z", milliseconds only when there are any.

Example:
    >>> build(parse_strict("2024-09-12T18:50:45+02:00"))
    '2024-09-12T16:50:45Z'

Sources: ActivityStreams 2.0 section 2.3; RFC 3339; RFC 9110 section 5.6.7; MOD-22.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from math import floor

from ..errors import LocalProtocolError, MalformedText

TEXT_CHARS_MAX = 64

_STRICT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,30}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
# Interop: MOD-22, offsets without a colon, no zone at all, a space for "T", a date alone.
_LENIENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,30}))?)?"
    r" ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})"
_FIXDATE = re.compile(rf"(?:{'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) {_TIME} GMT")
_RFC850 = re.compile(rf"(?:{'|'.join(_LONG_DAYS)}), ([0-9]{{2}})-({'|'.join(_MONTHS)})-([0-9]{{2}}) {_TIME} GMT")
_ASCTIME = re.compile(rf"(?:{'|'.join(_DAYS)}) ({'|'.join(_MONTHS)}) ([0-9 ][0-9]) {_TIME} ([0-9]{{4}})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def parse_strict(text: str) -> datetime:
    """Read a date as AS2 defines it.

    Args:
        text: As in "2024-09-12T16:50:45Z"; seconds may be missing, the zone may not.

    Returns:
        Aware, in UTC; digits after the microseconds are dropped.

    Raises:
        MalformedText: Another form, or a day that no calendar has.
    """
    match = _STRICT.fullmatch(text) if len(text) <= TEXT_CHARS_MAX else None
    if match is None:
        raise MalformedText("not a date with time and zone", date=text)
    try:
        return _instant(match, leap_seconds=False)
    except (ValueError, OverflowError) as error:
        raise MalformedText("no such date", date=text) from error


def parse_lenient(text: object) -> datetime | None:
    """Read a date as peers send it.

    Args:
        text: Any JSON value. Without a zone it counts as UTC; a leap second counts as the second before.

    Returns:
        Aware, in UTC; None when it cannot be read.
    """
    if not isinstance(text, str) or len(text) > TEXT_CHARS_MAX:
        return None
    match = _LENIENT.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return _instant(match, leap_seconds=True)
    except (ValueError, OverflowError):
        return None


def build(moment: datetime) -> str:
    """Write a date as AS2 defines it, in UTC.

    Args:
        moment: Aware.

    Returns:
        As in "2024-09-12T16:50:45Z" or, when there are milliseconds, "2024-09-12T16:50:45.120Z".

    Raises:
        LocalProtocolError: The moment has no zone, or lies outside the years 1 to 9999 in UTC.
    """
    if moment.utcoffset() is None:
        raise LocalProtocolError("a date needs a zone", date=moment)
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise LocalProtocolError("the date is outside the calendar", date=moment) from error
    milliseconds = moment.microsecond // 1_000
    whole = moment.replace(microsecond=0, tzinfo=None).isoformat()
    return f"{whole}.{milliseconds:03}Z" if milliseconds else f"{whole}Z"


def from_epoch_s(epoch_s: float) -> datetime:
    """Give the moment so many seconds after the beginning of 1970, in UTC.

    Raises:
        LocalProtocolError: Not a number, or outside the years 1 to 9999.
    """
    try:
        return _EPOCH + timedelta(seconds=epoch_s)
    except (ValueError, OverflowError) as error:
        raise LocalProtocolError("the time is outside the calendar", epoch_s=epoch_s) from error


# A busy inbox gets many requests that were signed in the same second; what is refused is not kept.
@lru_cache(maxsize=32)
def parse_http_date(text: str) -> int:
    """Read an HTTP date in any of its three forms.

    Args:
        text: As in "Thu, 12 Sep 2024 16:50:45 GMT". The day of the week must be one; it is not compared with the date.

    Returns:
        Whole seconds since the epoch. Two-digit years 70 to 99 are of the 20th century, the others of the 21st.

    Raises:
        MalformedText: None of the three forms, or a day that no calendar has.
    """
    if len(text) <= TEXT_CHARS_MAX:
        if match := _FIXDATE.fullmatch(text):
            day, month, year, *time = match.groups()
            return _epoch_s(int(year), month, day, time, text)
        if match := _RFC850.fullmatch(text):
            day, month, short_year, *time = match.groups()
            return _epoch_s(int(short_year) + (1900 if int(short_year) >= 70 else 2000), month, day, time, text)
        if match := _ASCTIME.fullmatch(text):
            month, day, *time, year = match.groups()
            return _epoch_s(int(year), month, day, time, text)
    raise MalformedText("not an HTTP date", date=text)


def build_http_date(epoch_s: float) -> str:
    """Write an HTTP date (IMF-fixdate).

    Args:
        epoch_s: Seconds since the epoch; parts of a second are dropped.

    Raises:
        LocalProtocolError: Not a number, or outside the years 1 to 9999.
    """
    try:
        return _http_date(floor(epoch_s))
    except (ValueError, OverflowError) as error:
        raise LocalProtocolError("the time is outside the calendar", epoch_s=epoch_s) from error


def _instant(match: re.Match[str], *, leap_seconds: bool) -> datetime:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    seconds = int(second or 0)
    if leap_seconds and seconds == 60:
        seconds = 59
    local = datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        seconds,
        int((fraction or "0")[:6].ljust(6, "0")),
        tzinfo=_zone_of(zone or "Z"),
    )
    return local.astimezone(UTC)


def _zone_of(text: str) -> timezone:
    if text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _epoch_s(year: int, month: str, day: str, time: list[str], text: str) -> int:
    hour, minute, second = map(int, time)
    try:
        days_count = _days_count(year, month, int(day))
    except ValueError as error:
        raise MalformedText("no such date", date=text) from error
    # RFC 9110 section 5.6.7 has a leap second; it is the first of the next minute.
    if hour > 23 or minute > 59 or second > 60:
        raise MalformedText("no such time of day", date=text)
    return ((days_count * 24 + hour) * 60 + minute) * 60 + second


# The dates of what is received are of today; those of both sides of midnight differ.
@lru_cache(maxsize=8)
def _days_count(year: int, month: str, day: int) -> int:
    """Give the days since the epoch.

    Raises:
        ValueError: No calendar has this day.
    """
    return date(year, _MONTHS.index(month) + 1, day).toordinal() - _EPOCH_DAY


# One post goes to many inboxes within a second.
@lru_cache(maxsize=8)
def _http_date(epoch_s: int) -> str:
    moment = from_epoch_s(epoch_s)
    # The names are our own: strftime asks the locale.
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"
