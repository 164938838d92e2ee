"""Lengths of time as ActivityStreams writes them: `xsd:duration`.

A duration has two parts that cannot be added up: months, whose length depends on when they begin, and seconds. Both are
exact, however large: a limit on the text bounds the work.

Invariants: strict reading is XML Schema's grammar; lenient reading takes the other forms of ISO 8601 that peers send
and never raises; what is written is the canonical form, exact, and read back to an equal value; reading takes linear
time (SEC-157).

Example:
    >>> parse_duration("P1DT0.5S").timedelta
    datetime.timedelta(days=1, microseconds=500000)

Sources: ActivityStreams 2.0 section 2.3; XML Schema Part 2 section 3.3.6 (`xsd:duration`) and appendix E.2
(canonical form); AS2-05.
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Final

import attrs

from ..errors import LocalProtocolError, MalformedText

TEXT_CHARS_MAX: Final = 128

_DAY_S: Final = 86_400
# Quantifiers are possessive: a run of digits is looked at once for each letter that could end it.
_STRICT: Final = re.compile(
    r"(-?)P(?:([0-9]++)Y)?(?:([0-9]++)M)?(?:([0-9]++)D)?"
    r"(?:T(?:([0-9]++)H)?(?:([0-9]++)M)?(?:([0-9]++(?:\.[0-9]++)?)S)?)?"
)
_WEEKS: Final = re.compile(r"(-?)P([0-9]++)W")
_FRACTION_DIGITS_MAX: Final = TEXT_CHARS_MAX


@attrs.frozen
class Duration:
    """A length of time.

    Args:
        months: Whole months, twelve to a year.
        seconds: Days of 24 hours, and what is shorter; not of another sign than the months.
    """

    months: int = 0
    seconds: Fraction = Fraction(0)

    @property
    def timedelta(self) -> timedelta | None:
        """The same length to the microsecond; None when it has months, or is longer than Python counts."""
        if self.months:
            return None
        try:
            return timedelta(microseconds=int(self.seconds * 1_000_000))
        except OverflowError:
            return None


def parse_duration(text: str) -> Duration:
    """Read a duration as XML Schema defines it.

    Args:
        text: As in "P1Y2M3DT4H5M6.7S", also with "-" before it.

    Raises:
        MalformedText: Another form, or nothing said.
    """
    match = _STRICT.fullmatch(text) if len(text) <= TEXT_CHARS_MAX else None
    if match is None or not any(match.groups()[1:]) or text.endswith("T"):
        raise MalformedText("not a duration", duration=text)
    sign, *numbers = match.groups()
    years, months, days, hours, minutes, seconds = (Fraction(number or 0) for number in numbers)
    whole = Duration(int(years * 12 + months), ((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return Duration(-whole.months, -whole.seconds) if sign else whole


def parse_duration_lenient(text: object) -> Duration | None:
    """Read a duration as peers send it.

    Args:
        text: Any JSON value. Weeks, a decimal comma, lower-case letters and white space around it are taken too.

    Returns:
        None when it cannot be read.
    """
    if not isinstance(text, str) or len(text) > TEXT_CHARS_MAX or not text.isascii():
        return None
    text = text.strip().upper().replace(",", ".")
    if match := _WEEKS.fullmatch(text):
        weeks = Fraction(int(match[2]) * 7 * _DAY_S)
        return Duration(seconds=-weeks if match[1] else weeks)
    try:
        return parse_duration(text)
    except MalformedText:
        return None


def build_duration(length: Duration | timedelta) -> str:
    """Write a duration as XML Schema defines it.

    Args:
        length: Months and seconds of one sign.

    Returns:
        As in "PT90S" → "PT1M30S"; nothing at all is "PT0S".

    Raises:
        LocalProtocolError: Months and seconds of different signs, seconds that no decimal gives exactly, or a text of
            more than `TEXT_CHARS_MAX` characters.
    """
    if isinstance(length, timedelta):
        length = Duration(seconds=Fraction(length // timedelta(microseconds=1), 1_000_000))
    if max(abs(length.months), abs(length.seconds)) >= 10**TEXT_CHARS_MAX:
        raise LocalProtocolError("the duration is too long", limit="TEXT_CHARS_MAX")
    if length.months * length.seconds < 0:
        raise LocalProtocolError("the months and the seconds of a duration have one sign", months=length.months)
    years, months = divmod(abs(length.months), 12)
    minutes, seconds = divmod(int(abs(length.seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = _fraction_digits(abs(length.seconds) % 1)
    date = "".join(f"{number}{unit}" for number, unit in ((years, "Y"), (months, "M"), (days, "D")) if number)
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction or not (date or time):
        time += f"{seconds}{f'.{fraction}' if fraction else ''}S"
    sign = "-" if length.months < 0 or length.seconds < 0 else ""
    text = f"{sign}P{date}{'T' if time else ''}{time}"
    if len(text) > TEXT_CHARS_MAX:
        raise LocalProtocolError("the duration is too long", limit="TEXT_CHARS_MAX", value=len(text))
    return text


def _fraction_digits(part: Fraction) -> str:
    """Give the digits behind the point of what is less than one, without idle zeros at the end."""
    scaled = part * 10**_FRACTION_DIGITS_MAX
    if scaled.denominator != 1:
        raise LocalProtocolError(
            "no decimal gives these seconds exactly", denominator_bits=part.denominator.bit_length()
        )
    return f"{scaled.numerator:0{_FRACTION_DIGITS_MAX}}".rstrip("0")
