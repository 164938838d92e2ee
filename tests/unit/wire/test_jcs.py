"""Canonical JSON: numbers, names, strings, and what has no canonical form."""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import FedtextError, LimitExceeded, MalformedJSON
from fedtext.wire import jcs
from fedtext.wire.jcs import DEPTH_MAX, INTEGER_MAX, canonize, number_text
from fedtext.wire.json import parse_value

NUMBERS = {
    0.0: "0",
    1.0: "1",
    -1.5: "-1.5",
    0.1: "0.1",
    -71.184902: "-71.184902",
    1e-6: "0.000001",
    1.25e-6: "0.00000125",
    1e-7: "1e-7",
    -1.2e-7: "-1.2e-7",
    -1.25e-7: "-1.25e-7",
    123456789.125: "123456789.125",
    1e15: "1000000000000000",
    1e16: "10000000000000000",
    1.5e16: "15000000000000000",
    2.0**53: "9007199254740992",
    1e20: "100000000000000000000",
    1.2345e20: "123450000000000000000",
    1e21: "1e+21",
    1.2345e21: "1.2345e+21",
    5e-324: "5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    0.1 + 0.2: "0.30000000000000004",
}

VALUES: list[tuple[Any, str]] = [
    (None, "null"),
    (True, "true"),
    (False, "false"),
    (7, "7"),
    (-0.0, "0"),
    (INTEGER_MAX, "9007199254740991"),
    (-INTEGER_MAX, "-9007199254740991"),
    ([], "[]"),
    ({}, "{}"),
    ((1, 2), "[1,2]"),
    ([[], {}, [{}]], "[[],{},[{}]]"),
    ({"b": 1, "a": {"d": 2, "c": 3}}, '{"a":{"c":3,"d":2},"b":1}'),
    ({"": 1, "a": 2, "A": 3}, '{"":1,"A":3,"a":2}'),
    # A surrogate pair begins with U+D83D, which is below U+FB33 but above U+20AC.
    ({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3}, '{"\u20ac":3,"\U0001f600":2,"\ufb33":1}'),
    ('\x00\b\t\n\f\r\x1f"\\/', '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/"'),
    ("\x7f\x80\u2028\u00e4a\u0308", '"\x7f\x80\u2028\u00e4a\u0308"'),
]


class Number(IntEnum):
    """An integer that shows itself as something else."""

    SEVEN = 7


@pytest.mark.parametrize(("number", "text"), NUMBERS.items())
def test_numbers(number: float, text: str) -> None:
    assert number_text(number) == text
    assert canonize(number) == text.encode()


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_values(value: Any, text: str) -> None:
    assert canonize(value) == text.encode()


def test_an_integer_is_written_as_one_whatever_its_class_shows() -> None:
    assert canonize([Number.SEVEN]) == b"[7]"


@pytest.mark.spec("SEC-130")
@pytest.mark.parametrize(
    "value",
    [
        INTEGER_MAX + 1,
        -INTEGER_MAX - 1,
        10**21,
        10**5_000,
        float("nan"),
        float("inf"),
        float("-inf"),
        "\ud800",
        "a\udfff",
        {"\ud800": 1},
        {"\udc00a": {}},
        b"bytes",
        {1: 2},
        {None: 2},
        {1, 2},
        object(),
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else f"{value.bit_length()} bits",
)
def test_what_signers_would_write_differently_is_refused(value: Any) -> None:
    for whole in (value, [value], {"a": value}):
        with pytest.raises(MalformedJSON):
            canonize(whole)


def test_so_deep_and_no_deeper() -> None:
    value: Any = 1
    for _ in range(DEPTH_MAX):
        value = [value]
    assert canonize(value) == b"[" * DEPTH_MAX + b"1" + b"]" * DEPTH_MAX
    for deeper in ([value], {"a": value}):
        with pytest.raises(LimitExceeded):
            canonize(deeper)


def test_what_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(LimitExceeded):
        canonize(value)


@pytest.mark.vectors("jcs/input/*")
def test_shared_documents(vector_file: Path) -> None:
    folder, written = vector_file.parent.parent, canonize(parse_value(vector_file.read_bytes()))
    assert written == (folder / "output" / vector_file.name).read_bytes()
    assert written == bytes.fromhex((folder / "outhex" / f"{vector_file.stem}.txt").read_text("ascii"))


@pytest.mark.vectors("jcs/numbers.json")
def test_shared_numbers(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        (number,) = struct.unpack(">d", bytes.fromhex(case["ieee754"]))
        assert canonize(number) == case["json"].encode(), case["id"]


@pytest.mark.vectors("jcs/own.json")
def test_shared_cases(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        try:
            written = canonize(parse_value(case["raw"].encode("utf-8", "surrogatepass"))).decode("utf-8")
        except FedtextError:
            assert case.get("error"), case["id"]
        else:
            assert written == case.get("expect"), case["id"]


# ---- the standard library's encoder, where it writes the same --------------------------------------------------------


SIMPLE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(value=SIMPLE)
def test_both_ways_of_writing_give_the_same_bytes(value: Any) -> None:
    parts: list[str] = []
    jcs._write(value, parts, 0)
    try:
        expected: bytes | None = "".join(parts).encode("utf-8")
    except UnicodeEncodeError:
        expected = None
    try:
        assert canonize(value) == expected
    except MalformedJSON:
        assert expected is None


@pytest.mark.parametrize(
    ("value", "simple"),
    [
        ({"a": [1, "x", None, True, {"b": "é"}]}, True),
        ({"é": 1}, False),
        ({1: 1}, False),
        ([1.0], False),
        ([2**53 - 1, -(2**53) + 1], True),
        ([2**53], False),
        ([-(2**53)], False),
        ((1, 2), False),
    ],
)
def test_what_needs_care_is_written_by_hand(value: Any, simple: bool) -> None:
    assert jcs._is_simple(value) is simple


@pytest.mark.parametrize(("depth", "simple"), [(127, True), (128, False)])
def test_depth_is_left_to_the_careful_way(depth: int, simple: bool) -> None:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    assert jcs._is_simple(value) is simple
