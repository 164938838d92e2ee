"""JSON that two parsers could read as two documents, or that costs more than it should (SEC-020 to SEC-029)."""

from __future__ import annotations

import copy
import time

import pytest

from fedtext.errors import DocumentError, LimitExceeded, MalformedIri, MalformedJSON
from fedtext.wire.html import to_text
from fedtext.wire.iri import parse_iri
from fedtext.wire.json import dump, parse_object, parse_value

WATCHDOG_S = 1.0  # 50 times what the slowest of these takes; quadratic work would take minutes


def nested(kind: str, depth: int) -> bytes:
    pairs = {
        "arrays": (b"[", b"]"),
        "objects": (b'{"a":', b"}"),
        "mixed": (b'[{"a":', b"}]"),
        "unclosed": (b"[", b""),
        "behind strings": (b'["[{\\"",', b"]"),
    }
    opening, closing = pairs[kind]
    levels = depth // 2 + depth % 2 if kind == "mixed" else depth
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize("kind", ["arrays", "objects", "mixed", "unclosed", "behind strings"])
@pytest.mark.parametrize("depth", [33, 200, 1_000, 1_025, 100_000])
def test_sec_020_deep_nesting_is_refused_before_parsing(kind: str, depth: int) -> None:
    with pytest.raises(LimitExceeded) as caught:
        parse_value(nested(kind, depth))
    assert caught.value.context["limit"] == "json_depth_max"


def test_sec_020_what_is_accepted_can_be_handled_anywhere() -> None:
    value = parse_value(nested("mixed", 32))
    assert copy.deepcopy(value) == value
    assert parse_value(dump(value)) == value
    assert repr(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"actor":"https://a.example/1","actor":"https://b.example/2"}',
        b'{"actor":1,"actor":1}',
        b'{"actor":1,"\\u0061ctor":2}',
        b'{"object":{"id":1,"type":2,"id":3}}',
        b'[{"":1,"":2}]',
        '{"\\u00fc":1,"ü":2}'.encode(),
        b'{"\\ud83d\\ude00":1,"\xf0\x9f\x98\x80":2}',
    ],
)
def test_sec_021_a_name_stands_once_in_an_object(data: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_value(data)


def test_sec_021_names_that_only_look_alike_are_different() -> None:
    assert len(parse_object('{"é":1,"e\\u0301":2,"E":3,"e":4}'.encode())) == 4


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "1E400",
        "1" + "0" * 400 + ".0",
        "nan",
        "inf",
        "1e" + "9" * 500,
    ],
)
@pytest.mark.parametrize("place", ["{}", "[{}]", '{{"totalItems":{}}}'])
def test_sec_022_numbers_that_are_none_are_refused(number: str, place: str) -> None:
    with pytest.raises(MalformedJSON):
        parse_value(place.format(number).encode())


def test_sec_022_minus_zero_is_a_number() -> None:
    assert parse_value(b"[-0,-0.0,1e-999]") == [0, 0, 0]


@pytest.mark.parametrize("digits", [309, 4_300, 4_301, 1_000_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_sec_023_endless_integers_are_refused(digits: int, sign: str) -> None:
    with pytest.raises(MalformedJSON):
        parse_object(f'{{"totalItems":{sign}{"7" * digits}}}'.encode())


@pytest.mark.parametrize("number", [2**53 + 1, 2**64, 10**100, -(2**63) - 1])
def test_sec_023_large_integers_stay_exact(number: int) -> None:
    read = parse_object(f'{{"totalItems":{number}}}'.encode())
    assert read == {"totalItems": number}
    assert parse_object(dump(read)) == read


@pytest.mark.parametrize(
    "data",
    [
        b'"\\ud800"',
        b'"\\uDFFF"',
        b'"\\ude00\\ud83d"',
        b'"\\ud83d\\ud83d\\ude00"',
        b'"\\ud83dx\\ude00"',
        b'{"\\ud800":1}',
        b'{"a":[{"b":"x\\udbff"}]}',
        b'"\xed\xa0\x80"',
        b'"\xed\xbf\xbf"',
        b'"\xed\xa0\xbd\xed\xb8\x80"',
    ],
)
def test_sec_024_lone_surrogates_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_value(data)


def test_sec_024_an_escaped_backslash_before_u_is_text() -> None:
    assert parse_value(b'"\\\\ud800"') == "\\ud800"
    assert parse_value(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "data",
    [
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xe0\x80\xaf"',
        b'"\xf4\x90\x80\x80"',
        b'"\xe2\x82"',
        b'{"a":1}\xff',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        '{"a":1}'.encode("utf-16-be"),
        '{"a":1}'.encode("utf-32"),
        "{}".encode("utf-32-le"),
    ],
)
def test_sec_025_other_encodings_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_value(data)


def test_sec_026_nul_is_refused_in_names_and_ids_and_dropped_from_text() -> None:
    for data in (b'{"\\u0000":1}', b'{"a":[{"b\\u0000":1}]}', b'[[{"x":{"a\\u0000b":1}}]]', b'{"a\x00":1}', b'"\x00"'):
        with pytest.raises(MalformedJSON):
            parse_value(data)
    document = parse_object(b'{"id":"https://a.example/\\u0000","content":"a\\u0000b"}')
    with pytest.raises(MalformedIri):
        parse_iri(document["id"])
    assert to_text(str(document["content"])) == "ab"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{} x",
        b"{}{}",
        b"{}\n{}",
        b"{},",
        b"{}\x00",
        b"null",
        b"true",
        b"1",
        b"[]",
        b"[{}]",
        b'"x"',
        b'{"a":1',
        b"{",
    ],
)
def test_sec_027_a_body_is_exactly_one_object(data: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_object(data)


def test_sec_028_names_of_the_language_are_plain_data() -> None:
    names = ["__proto__", "constructor", "__class__", "__init__", "__dict__", "self", "type\u200b", "", "@id"]
    value = {name: {"__class__": name} for name in names}
    read = parse_object(dump(value))  # type: ignore[arg-type]
    assert type(read) is dict
    assert list(read) == names
    assert read == value


@pytest.mark.parametrize(
    "data",
    {
        "values": b"[" + b"1," * 520_000 + b"1]",
        "tags": b'{"tag":[' + b'{"a":1},' * 100_000 + b"{}]}",
        "empty objects": b"[" + b"{}," * 340_000 + b"{}]",
        "opened": b"[" * 1_000_000,
        "closed": b"[" + b"]" * 1_000_000,
        "quotes": b'"' * 1_000_000,
        "backslashes": b'["' + b"\\" * 1_000_000,
        "escaped quotes": b'["' + b'\\"' * 500_000,
        "opened strings": b'["' + b'"\\' * 500_000,
        "brackets in a string": b'["' + b"[" * 1_000_000,
        "surrogates": b'["' + b"\\ud800" * 170_000 + b'"]',
        "exponent": b"1e" + b"0" * 1_000_000 + b"x",
        "minus": b"-" * 1_000_000,
        "spaces": b" " * 1_000_000,
    }.values(),
    ids=lambda data: repr(data[:20]),
)
def test_sec_029_many_small_things_are_refused_soon(data: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(DocumentError):
        parse_value(data)
    assert time.perf_counter() - started < WATCHDOG_S


def test_errors_do_not_echo_the_body() -> None:
    secret = "hunter2" * 100
    with pytest.raises(MalformedJSON) as caught:
        parse_value(f'{{"{secret}":1,"{secret}":2}}'.encode())
    assert "hunter2" not in str(caught.value) + caught.value.public_detail
