"""Durations: XML Schema's grammar, and what peers send."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from fedtext.errors import LocalProtocolError, MalformedText
from fedtext.wire.durations import (
    TEXT_CHARS_MAX,
    Duration,
    build_duration,
    parse_duration,
    parse_duration_lenient,
)

READ = [
    ("PT2H", Duration(seconds=Fraction(7200))),
    ("P1Y2M3DT4H5M6.7S", Duration(14, Fraction(273906) + Fraction(7, 10))),
    ("-P1D", Duration(seconds=Fraction(-86400))),
    ("-P1M", Duration(-1)),
    ("P0D", Duration()),
    ("PT0.50S", Duration(seconds=Fraction(1, 2))),
    ("P" + "9" * 80 + "D", Duration(seconds=Fraction(int("9" * 80) * 86400))),
]
REFUSED = [
    "",
    "P",
    "PT",
    "P1DT",
    "P1S",
    "PT1D",
    "1D",
    "P1D2H",
    "P2W",
    "pt2h",
    "PT1.S",
    "PT.5S",
    "PT0,5S",
    "P-1D",
    "+P1D",
    "P\u0967D",
    "P1D\n",
]
LENIENT = [
    ("P2W", Duration(seconds=Fraction(14 * 86400))),
    ("-p1w", Duration(seconds=Fraction(-7 * 86400))),
    (" pt0,5s ", Duration(seconds=Fraction(1, 2))),
    ("P1M", Duration(1)),
    ("P1Y2W", None),
    ("nonsense", None),
    ("P\u0967D", None),
    (3, None),
    (None, None),
]


@pytest.mark.spec("AS2-05")
@pytest.mark.parametrize(("text", "expected"), READ)
def test_as2_05_strict(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected
    assert parse_duration_lenient(text) == expected


@pytest.mark.spec("AS2-05")
@pytest.mark.parametrize("text", REFUSED)
def test_as2_05_other_forms_are_refused(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_duration(text)


@pytest.mark.parametrize(("text", "expected"), LENIENT)
def test_lenient(text: Any, expected: Duration | None) -> None:
    assert parse_duration_lenient(text) == expected


def test_the_longest_text_and_one_above() -> None:
    longest = "P" + "1" * (TEXT_CHARS_MAX - 2) + "D"
    assert parse_duration(longest).months == 0
    with pytest.raises(MalformedText):
        parse_duration("P1" + longest[1:])
    assert parse_duration_lenient("P1" + longest[1:]) is None


WRITTEN: list[tuple[Duration | timedelta, str]] = [
    (Duration(), "PT0S"),
    (timedelta(seconds=90), "PT1M30S"),
    (timedelta(days=1, milliseconds=500), "P1DT0.5S"),
    (timedelta(hours=-2), "-PT2H"),
    (Duration(14, Fraction(3)), "P1Y2MT3S"),
    (Duration(-1, Fraction(-1)), "-P1MT1S"),
    (Duration(12), "P1Y"),
]


@pytest.mark.parametrize(("length", "text"), WRITTEN)
def test_written_and_read_again(length: Duration | timedelta, text: str) -> None:
    assert build_duration(length) == text
    read = parse_duration(text)
    assert (read.timedelta if isinstance(length, timedelta) else read) == length


@pytest.mark.parametrize("bad", [Duration(1, Fraction(-1)), Duration(seconds=Fraction(1, 3))])
def test_what_cannot_be_written(bad: Duration) -> None:
    with pytest.raises(LocalProtocolError):
        build_duration(bad)


def test_as_pythons_own() -> None:
    assert Duration(seconds=Fraction(3, 2)).timedelta == timedelta(seconds=1.5)
    assert Duration(1).timedelta is None
    assert Duration(seconds=Fraction(10**20)).timedelta is None
