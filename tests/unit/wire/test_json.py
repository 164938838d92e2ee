"""Strict reading and exact writing of JSON (RFC 8259, RFC 7493)."""

from __future__ import annotations

import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import DocumentError, LimitExceeded, LocalProtocolError, MalformedJSON
from fedtext.wire.json import (
    INTEGER_DIGITS_MAX,
    dump,
    dump_parsed,
    number,
    parse_object,
    parse_value,
    parse_written,
    quoted,
    utf8,
)

READ = {
    b"null": None,
    b"true": True,
    b"-0": 0,
    b"-0.0": -0.0,
    b" [1, 2.5]\r\n\t": [1, 2.5],
    b"1e308": 1e308,
    b"1E-400": 0.0,
    b"18446744073709551616": 2**64,
    b'""': "",
    '"Grüße"'.encode(): "Grüße",
    b'"\\u00fc\\/\\n"': "ü/\n",
    b'"\\ud83d\\ude00"': "\U0001f600",
    b'"\\u0000"': "\x00",
    b'{"a":{},"b":[]}': {"a": {}, "b": []},
    b'{"a":"]]}},,\\"[[{{"}': {"a": ']]}},,"[[{{'},
}

REFUSED = {
    "empty": b"",
    "spaces": b"  \n",
    "two documents": b"{}{}",
    "lines": b"{}\n{}",
    "rest": b"{} x",
    "comma at the end": b"[1,]",
    "comma in front": b"[,1]",
    "comma at the end of an object": b'{"a":1,}',
    "unfinished array": b"[1",
    "unfinished string": b'"a',
    "unfinished escape": b'"\\',
    "closed too often": b"[]]",
    "only closed": b"]",
    "wrong bracket": b"[}",
    "comment": b"{}/* */",
    "single quotes": b"{'a':1}",
    "bare name": b"{a:1}",
    "number as name": b"{1:1}",
    "no value": b'{"a"}',
    "plus": b"+1",
    "leading zero": b"01",
    "hexadecimal": b"0x1",
    "no digit after the point": b"1.",
    "no digit before the point": b".1",
    "other digits": "١".encode(),
    "capital": b"True",
    "tab in a string": b'"\t"',
    "NUL in a string": b'"\x00"',
    "unknown escape": b'"\\x41"',
    "short escape": b'"\\u12"',
    "form feed": b"\x0c1",
    "no-break space": "\u00a01".encode(),
}


@pytest.mark.parametrize(("data", "value"), READ.items(), ids=repr)
def test_values_are_read(data: bytes, value: object) -> None:
    read = parse_value(data)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_value(data)


@pytest.mark.parametrize("data", [data for data in READ if data[:1] in b'"[{tn'], ids=repr)
@pytest.mark.parametrize("rest", [b"x", b"\x00", b",", b"{}", b"\xff"], ids=repr)
def test_garbage_behind_a_value_is_refused(data: bytes, rest: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_value(data + rest)


@pytest.mark.parametrize("data", [b"null", b"1", b"[]", b'"x"', b"[{}]", b"true"], ids=repr)
def test_parse_object_takes_objects_only(data: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_object(data)
    assert parse_object(b'{"b":1,"a":2}') == {"b": 1, "a": 2}
    assert list(parse_object(b'{"b":1,"a":2}')) == ["b", "a"]


def test_size_is_limited_to_the_byte() -> None:
    limits = Limits(document_bytes_max=10)
    assert parse_value(b'"12345678"', limits) == "12345678"
    with pytest.raises(LimitExceeded) as caught:
        parse_value(b'"123456789"', limits)
    assert caught.value.context["limit"] == "document_bytes_max"


@pytest.mark.parametrize(
    ("at_limit", "above"),
    [
        (b"[[[]]]", b"[[[[]]]]"),
        (b'{"a":{"a":{}}}', b'{"a":{"a":{"a":{}}}}'),
        (b'[{"a":[]},{"a":[]},[[]]]', b'[{"a":[]},{"a":[{}]},[[]]]'),
        (b'[[["[[[[[[["]]]', b'[[["\\"",[]]]]'),
    ],
)
def test_depth_is_limited_and_counted_outside_strings(at_limit: bytes, above: bytes) -> None:
    limits = Limits(json_depth_max=3)
    parse_value(at_limit, limits)
    with pytest.raises(LimitExceeded) as caught:
        parse_value(above, limits)
    assert caught.value.context["limit"] == "json_depth_max"


@pytest.mark.parametrize(
    ("at_limit", "above"),
    [
        (b"[1,2,3,4]", b"[1,2,3,4,5]"),
        (b'{"a":1,"b":2}', b'{"a":1,"b":2,"c":3}'),  # a member counts twice: its name and its value
        (b'{"a:b,":1,"b":2}', b'{"a":[1],"b":2}'),
        (b'[",,,,[[[[{{{{",2,3,4]', b'[",",2,3,4,5]'),
        (b"[[1,2],3]", b"[[1,2],3,4]"),
    ],
)
def test_number_of_values_is_limited_and_counted_outside_strings(at_limit: bytes, above: bytes) -> None:
    limits = Limits(json_nodes_max=5)
    parse_value(at_limit, limits)
    with pytest.raises(LimitExceeded) as caught:
        parse_value(above, limits)
    assert caught.value.context["limit"] == "json_nodes_max"


def test_an_interpreter_that_gives_up_is_no_crash() -> None:
    """Whoever raises the limit beyond what the interpreter can nest gets our error, not RecursionError."""
    limits = attrs.evolve(Limits(), json_depth_max=10**6, json_nodes_max=10**6)
    with pytest.raises(LimitExceeded):
        parse_value(b"[" * 200_000 + b"]" * 200_000, limits)


@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_are_limited_to_the_digit(sign: str) -> None:
    digits = "9" * INTEGER_DIGITS_MAX
    assert parse_value((sign + digits).encode()) == int(sign + digits)
    with pytest.raises(MalformedJSON):
        parse_value(f"{sign}{digits}9".encode())


WRITTEN = {
    '{"b":1,"a":[true,null,2.5]}': {"b": 1, "a": [True, None, 2.5]},
    '"Grüße \U0001f600 <&> \u2028"': "Grüße \U0001f600 <&> \u2028",
    '"\\u0000\\n\\"\\\\"': '\x00\n"\\',
    "[1,2]": (1, 2),
    "{}": {},
}


@pytest.mark.parametrize(("text", "value"), WRITTEN.items(), ids=ascii)
def test_dump_is_compact_utf8(text: str, value: object) -> None:
    assert dump(value) == text.encode()  # type: ignore[arg-type]


class NotJson:
    pass


CIRCULAR: list[object] = []
CIRCULAR.append(CIRCULAR)
UNWRITABLE = {
    "NaN": math.nan,
    "infinity": [math.inf],
    "number as name": {1: 2},
    "None as name": {"a": [{None: 2}]},
    "bytes": b"a",
    "set": {"a": {1}},
    "object": [NotJson()],
    "lone surrogate": {"a": "\ud800"},
    "lone surrogate in a name": {"\udfff": 1},
    "circle": CIRCULAR,
    "digits": 10**5_000,
}


@pytest.mark.parametrize("value", UNWRITABLE.values(), ids=UNWRITABLE)
def test_dump_refuses_what_is_not_json(value: object) -> None:
    with pytest.raises(LocalProtocolError):
        dump(value)  # type: ignore[arg-type]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    assert parse_value(dump(value)) == value  # type: ignore[arg-type]


@given(
    st.binary(max_size=60)
    | st.text('{}[]":,\\u0dD8eE+-.19 nulltrue\ud800', max_size=60).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_only_document_errors_leave(data: bytes) -> None:
    try:
        value = parse_value(data)
    except DocumentError:
        return
    assert parse_value(dump(value)) == value


class Name(str):
    """Text by another class."""

    __slots__ = ()


def test_a_name_may_be_text_by_another_class() -> None:
    assert dump({"a": 1, Name("b"): {Name("c"): 2}}) == b'{"a":1,"b":{"c":2}}'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_what_was_parsed_is_written_alike_without_a_look_at_its_names(value: object) -> None:
    assert dump_parsed(value) == dump(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"\ud800": 1}, math.inf, object()],
    ids=["text", "name", "number", "object"],
)
def test_what_cannot_be_written_is_refused_all_the_same(value: object) -> None:
    with pytest.raises(LocalProtocolError):
        dump_parsed(value)  # type: ignore[arg-type]


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63))
def test_what_is_put_together_is_what_dump_writes(text: str, value: float) -> None:
    assert utf8(f"[{quoted(text)},{number(value)}]") == dump([text, value])


def test_what_json_does_not_have_is_not_put_together() -> None:
    for value in (math.inf, -math.inf, math.nan):
        with pytest.raises(LocalProtocolError):
            number(value)
    with pytest.raises(LocalProtocolError):
        utf8(quoted("\udfff"))


# ---- reading and writing at once -------------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *(
            '"a"',
            '"b"',
            '":"',
            '"a:"',
            '"\\":"',
            '"\\u003a"',
            '"\\u003A"',
            '"\\\\u003a"',
            '"\\u0022:"',
            '"\\u0000"',
            '"\u00e9"',
        ),
        *("1", "-0", "1.50", "1e3", "1e999", "NaN", "true", "null", '"\\ud83d\\ude00"', '"\\ud83d"', "{}", "[]"),
    ]
)
_TEXTS = st.recursive(
    _PIECES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(_PIECES, inner), max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{name} :{value}" for name, value in pairs) + "}"
        ),
    ),
    max_leaves=12,
)


@pytest.mark.spec("SEC-021")
@given(_TEXTS, st.sampled_from(["", " ", "x", "}"]))
def test_sec_021_what_is_written_at_once_is_read_as_strictly(text: str, rest: str) -> None:
    def outcome(read: object) -> object:
        try:
            return read()  # type: ignore[operator]
        except DocumentError as error:
            return type(error), str(error)

    data = (text + rest).encode()

    def apart() -> object:
        value = parse_object(data)
        return repr(value), dump_parsed(value)

    def at_once() -> object:
        value, written = parse_written(data)
        return repr(value), written

    assert outcome(at_once) == outcome(apart)


@pytest.mark.spec("SEC-021")
@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":{":":1},"b":2,"b":":"}',
        b'{"a":"\\u003a","b":1,"b":1}',
        b'{"a":"\\u003A","\\u0062":1,"b":1}',
    ],
)
def test_sec_021_no_colon_makes_up_for_one_that_is_missing(data: bytes) -> None:
    with pytest.raises(MalformedJSON, match="a name occurs twice"):
        parse_written(data)


def test_long_texts_are_written_at_once_too() -> None:
    data = dump({"a": "x" * 100_000})
    assert parse_written(data) == ({"a": "x" * 100_000}, data)
