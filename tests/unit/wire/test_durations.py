"""Durations: XML Schema's grammar, and what peers send."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ("P1Y1D", Duration(12, Fraction(86400))),
    ("PT1H1S", Duration(seconds=Fraction(3601))),
    ("P12M", Duration(12)),
    ("PT24H", Duration(seconds=Fraction(86400))),
    ("PT007.700S", Duration(seconds=Fraction(77, 10))),
    ("-P0Y", Duration()),
    ("PT999999999999S", Duration(seconds=Fraction(999999999999))),
    ("PT0.000000000000000000001S", Duration(seconds=Fraction(1, 10**21))),
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
    " P1D",
    "-P",
    "--P1D",
    "P1",
    "PT1",
    "T1H",
    "P1H",
    "P1D1Y",
    "P1D1M",
    "PT1S1M",
    "P1Y1Y",
    "P1DT",
    "PT1HT1M",
    "P1.5D",
    "PT1.5H",
    "PT1.2.3S",
    "P1e2D",
    "P\uff11D",
    "PT5\u017f",
    "P1Y2W",
    "P0Y1W",
    "P1WT1H",
    "P0001-02-03T04:05:06",
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
    (Duration(seconds=Fraction(86400)), "P1D"),
    (Duration(11, Fraction(8646125, 100)), "P11M1DT1M1.25S"),
    (Duration(seconds=Fraction(-1, 2)), "-PT0.5S"),
    (Duration(seconds=Fraction(1, 2**30)), f"PT{1 / 2**30:.30f}S"),
    (Duration(seconds=Fraction(1, 10 ** (TEXT_CHARS_MAX - 5))), f"PT0.{'0' * (TEXT_CHARS_MAX - 6)}1S"),
    (Duration(12 * (10 ** (TEXT_CHARS_MAX - 2) - 1)), f"P{'9' * (TEXT_CHARS_MAX - 2)}Y"),
]


@pytest.mark.parametrize(("length", "text"), WRITTEN)
def test_written_and_read_again(length: Duration | timedelta, text: str) -> None:
    assert build_duration(length) == text
    read = parse_duration(text)
    assert (read.timedelta if isinstance(length, timedelta) else read) == length


UNWRITABLE = [
    Duration(1, Fraction(-1)),
    Duration(-1, Fraction(1)),
    Duration(seconds=Fraction(1, 3)),
    Duration(seconds=Fraction(1, 10 ** (TEXT_CHARS_MAX - 4))),
    Duration(seconds=Fraction(1, 10**5_000)),
    Duration(seconds=Fraction(10**5_000)),
    Duration(12 * 10 ** (TEXT_CHARS_MAX - 2)),
    Duration(-(10**5_000)),
]


@pytest.mark.parametrize("bad", UNWRITABLE, ids=range(len(UNWRITABLE)))
def test_what_cannot_be_written(bad: Duration) -> None:
    with pytest.raises(LocalProtocolError):
        build_duration(bad)


def test_as_pythons_own() -> None:
    assert Duration(seconds=Fraction(3, 2)).timedelta == timedelta(seconds=1.5)
    assert Duration(1).timedelta is None
    assert Duration(seconds=Fraction(10**20)).timedelta is None


def test_a_year_is_no_number_of_days() -> None:
    assert parse_duration("P1Y") != parse_duration("P365D")
    assert len({parse_duration("P1D"), parse_duration("PT24H"), parse_duration("PT86400.0S")}) == 1


@given(st.integers(-(10**12), 10**12), st.decimals(0, 10**12, places=9), st.booleans())
def test_what_is_written_is_read_back(months: int, length_s: Decimal, is_whole: bool) -> None:
    seconds = Fraction(0) if is_whole else Fraction(length_s) * (-1 if months < 0 else 1)
    length = Duration(months, seconds)
    assert parse_duration(build_duration(length)) == length
    assert build_duration(parse_duration(build_duration(length))) == build_duration(length)


@given(st.text("P-+0123456789.,YMWDTHSpt ", max_size=16) | st.text(max_size=16))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    lenient = parse_duration_lenient(text)
    try:
        read = parse_duration(text)
    except MalformedText:
        return
    assert read == lenient == parse_duration(build_duration(read))
