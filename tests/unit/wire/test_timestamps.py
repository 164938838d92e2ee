"""Dates of ActivityStreams and of HTTP."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import LocalProtocolError, MalformedText
from fedtext.wire.timestamps import (
    TEXT_CHARS_MAX,
    build,
    build_http_date,
    from_epoch_s,
    parse_http_date,
    parse_lenient,
    parse_strict,
)

INSTANT = datetime(2024, 9, 12, 16, 50, 45, tzinfo=UTC)

STRICT = {
    "2024-09-12T16:50:45Z": INSTANT,
    "2024-09-12T16:50:45+00:00": INSTANT,
    "2024-09-12T16:50:45-00:00": INSTANT,
    "2024-09-12T18:50:45+02:00": INSTANT,
    "2024-09-12T11:20:45-05:30": INSTANT,
    "2024-09-12T16:50Z": INSTANT.replace(second=0),
    "2024-09-12T16:50:45.5Z": INSTANT.replace(microsecond=500_000),
    "2024-09-12T16:50:45.000001999Z": INSTANT.replace(microsecond=1),
    "2024-02-29T00:00:00Z": datetime(2024, 2, 29, tzinfo=UTC),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "9999-12-31T23:59:59Z": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "2024-09-12T00:00:00+23:59": datetime(2024, 9, 11, 0, 1, tzinfo=UTC),
}
LENIENT_ONLY = {
    "2024-09-12T16:50:45": INSTANT,
    "2024-09-12T18:50:45+0200": INSTANT,
    "2024-09-12T18:50:45+02": INSTANT,
    "2024-09-12 16:50:45Z": INSTANT,
    "2024-09-12 16:50:45 +0000": INSTANT,
    "2024-09-12t16:50:45z": INSTANT,
    " 2024-09-12T16:50:45Z\n": INSTANT,
    "2024-09-12T16:50:45,25Z": INSTANT.replace(microsecond=250_000),
    "2024-09-12": INSTANT.replace(hour=0, minute=0, second=0),
    "2016-12-31T23:59:60Z": datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC),
}
NEITHER = [
    "",
    "now",
    "2024",
    "2024-09",
    "2024-13-12T16:50:45Z",
    "2023-02-29T00:00:00Z",
    "2024-09-31T00:00:00Z",
    "2024-09-12T24:00:00Z",
    "2024-09-12T16:60:45Z",
    "2024-09-12T16:50:61Z",
    "2024-09-12T16:50.5Z",
    "2024-09-12T16:50:45.Z",
    "2024-09-12T16Z",
    "2024-9-12T16:50:45Z",
    "24-09-12T16:50:45Z",
    "12024-09-12T16:50:45Z",
    "-0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "2024-09-12T16:50:45+24:00",
    "2024-09-12T16:50:45+02:60",
    "2024-09-12T16:50:45ZZ",
    "2024-09-12T16:50:45Z garbage",
    "２０２４-09-12T16:50:45Z",
    "2024-09-12T16:50:45." + "1" * 31 + "Z",
    "2024-09-12T16:50:45Z" + " " * 64,
]


@pytest.mark.parametrize(("text", "moment"), STRICT.items())
def test_dates_of_activitystreams_are_read(text: str, moment: datetime) -> None:
    for read in (parse_strict(text), parse_lenient(text)):
        assert read == moment
        assert read.tzinfo is UTC


@pytest.mark.parametrize(("text", "moment"), LENIENT_ONLY.items(), ids=repr)
def test_mod_22_dates_of_peers_are_read(text: str, moment: datetime) -> None:
    assert parse_lenient(text) == moment
    with pytest.raises(MalformedText):
        parse_strict(text)


@pytest.mark.parametrize("text", NEITHER, ids=repr)
def test_mod_22_invalid_dates_are_dropped_not_raised(text: str) -> None:
    assert parse_lenient(text) is None
    with pytest.raises(MalformedText):
        parse_strict(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, b"2024-09-12T16:50:45Z"], ids=repr)
def test_mod_22_other_types_are_dropped(value: object) -> None:
    assert parse_lenient(value) is None


def test_mod_22_dates_are_limited_to_the_character() -> None:
    date = "2024-09-12T16:50:45Z"
    longest = date + " " * (TEXT_CHARS_MAX - len(date))
    assert parse_lenient(longest) == INSTANT
    assert parse_lenient(longest + " ") is None


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (INSTANT, "2024-09-12T16:50:45Z"),
        (INSTANT.replace(microsecond=120_000), "2024-09-12T16:50:45.120Z"),
        (INSTANT.replace(microsecond=1_999), "2024-09-12T16:50:45.001Z"),
        (INSTANT.replace(microsecond=999), "2024-09-12T16:50:45Z"),
        (datetime(2024, 9, 12, 18, 50, 45, tzinfo=timezone(timedelta(hours=2))), "2024-09-12T16:50:45Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_dates_are_written_in_utc(moment: datetime, text: str) -> None:
    assert build(moment) == text


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2024, 9, 12),  # noqa: DTZ001 (that is the point)
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_dates_without_a_place_in_utc_are_not_written(moment: datetime) -> None:
    with pytest.raises(LocalProtocolError):
        build(moment)


HTTP = {
    "Thu, 12 Sep 2024 16:50:45 GMT": 1_726_159_845,
    "Thursday, 12-Sep-24 16:50:45 GMT": 1_726_159_845,
    "Thu Sep 12 16:50:45 2024": 1_726_159_845,
    "Sun Nov  6 08:49:37 1994": 784_111_777,
    "Sunday, 06-Nov-94 08:49:37 GMT": 784_111_777,
    "Thu, 01 Jan 1970 00:00:00 GMT": 0,
    "Wed, 31 Dec 1969 23:59:59 GMT": -1,
    "Sat, 31 Dec 2016 23:59:60 GMT": 1_483_228_800,
    "Thursday, 01-Jan-70 00:00:00 GMT": 0,
    "Tuesday, 01-Jan-69 00:00:00 GMT": 3_124_224_000,
}
NOT_HTTP = [
    "",
    "2024-09-12T16:50:45Z",
    "1726159845",
    "Thu, 12 Sep 2024 16:50:45",
    "Thu, 12 Sep 2024 16:50:45 UTC",
    "Thu, 12 Sep 2024 16:50:45 +0000",
    "Thu, 12 Sep 2024 16:50 GMT",
    "Thu, 12 Sep 24 16:50:45 GMT",
    "thu, 12 sep 2024 16:50:45 gmt",
    "Xyz, 12 Sep 2024 16:50:45 GMT",
    "Thu, 12 Sept 2024 16:50:45 GMT",
    "Thu, 31 Feb 2024 16:50:45 GMT",
    "Thu, 00 Sep 2024 16:50:45 GMT",
    "Thu, 12 Sep 2024 24:00:00 GMT",
    "Thu, 12 Sep 2024 16:50:61 GMT",
    "Thu, 12 Sep 0000 16:50:45 GMT",
    "Thu, 12 Sep 99999 16:50:45 GMT",
    "Thu, １2 Sep 2024 16:50:45 GMT",
    "Thu,12 Sep 2024 16:50:45 GMT",
    "Thu, 12 Sep 2024 16:50:45 GMT ",
    "Thu, 12 Sep 2024 16:50:45 GMT, Thu, 12 Sep 2024 16:50:45 GMT",
    "Thu Sep 12 16:50:45 2024 GMT",
    "Thu Sep    16:50:45 2024",
]


@pytest.mark.parametrize(("text", "epoch_s"), HTTP.items())
def test_rfc9110_the_three_forms_of_http_dates_are_read(text: str, epoch_s: int) -> None:
    assert parse_http_date(text) == epoch_s


@pytest.mark.parametrize("text", NOT_HTTP, ids=repr)
def test_sec_045_other_http_dates_are_refused(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_http_date(text)


def test_http_dates_are_written_as_fixdate() -> None:
    assert build_http_date(1_726_159_845.9) == "Thu, 12 Sep 2024 16:50:45 GMT"
    assert build_http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize("epoch_s", [math.nan, math.inf, -math.inf, 1e20, -1e12])
def test_times_outside_the_calendar_are_not_written(epoch_s: float) -> None:
    with pytest.raises(LocalProtocolError):
        build_http_date(epoch_s)
    with pytest.raises(LocalProtocolError):
        from_epoch_s(epoch_s)


def test_epoch_seconds_become_moments() -> None:
    assert from_epoch_s(1_726_159_845.5) == INSTANT.replace(microsecond=500_000)


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_an_http_date_is_read_back(epoch_s: int) -> None:
    assert parse_http_date(build_http_date(epoch_s)) == epoch_s


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_is_read_back_to_the_millisecond(moment: datetime) -> None:
    assert parse_strict(build(moment)) == moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


@given(st.text("0123456789-+:.TZ ", max_size=40) | st.text(max_size=40))
def test_only_malformed_text_leaves(text: str) -> None:
    lenient = parse_lenient(text)
    for read in (parse_strict, parse_http_date):
        try:
            value = read(text)
        except MalformedText:
            continue
        assert read is parse_http_date or value == lenient
