"""Structured fields: what is read, what is refused, how values are written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fedtext.errors import FedtextError, LimitExceeded, LocalProtocolError, MalformedText
from fedtext.wire.structured_fields import (
    FIELD_CHARS_MAX,
    Date,
    DisplayString,
    InnerList,
    Item,
    Member,
    Token,
    build_dictionary,
    build_item,
    build_list,
    parse_dictionary,
    parse_dictionary_members,
    parse_item,
    parse_list,
)

BARE: dict[str, Any] = {
    "0": 0,
    "-42": -42,
    "999999999999999": 999_999_999_999_999,
    "4.5": 4.5,
    "1.0": 1.0,
    "-0.125": -0.125,
    "999999999999.999": 999_999_999_999.999,
    '""': "",
    '"a \\"b\\" \\\\c"': 'a "b" \\c',
    "gzip": Token("gzip"),
    "*a/b:c%d": Token("*a/b:c%d"),
    "::": b"",
    ":AP8=:": b"\x00\xff",
    "?0": False,
    "?1": True,
    "@0": Date(0),
    "@-62135596800": Date(-62_135_596_800),
    '%""': DisplayString(""),
    '%"%00%0a%7f"': DisplayString("\x00\n\x7f"),
    '%"f%c3%bc %22%25\'\\"': DisplayString("fü \"%'\\"),
}

# Read to the value of another text.
OTHERWISE = {
    "-0": "0",
    "00042": "42",
    "1.50": "1.5",
    "  7  ": "7",
    "a; b=1;  c": "a;b=1;c",
    "a;b;b=2;c=3;b=?1": "a;b;c=3",
    "a;b=?1": "a;b",
    ":AP8:": ":AP8=:",
    ":AP9=:": ":AP8=:",
    '%"%61"': '%"a"',
}

REFUSED_ITEMS = [
    "",
    "  ",
    "\t1",
    "1\t",
    "1,",
    "1 2",
    "-",
    "--1",
    "+1",
    "1.",
    ".5",
    "-.5",
    "1.2345",
    "1.2.3",
    "1e3",
    "1000000000000000",
    "1000000000000.1",
    '"a',
    '"a\\"',
    '"a\\b"',
    '"ü"',
    '"\x7f"',
    '"\t"',
    "'a'",
    "ü",
    "{a}",
    "(1 2)",
    ":AP8=",
    ":A:",
    ":AP8==:",
    ":AA=:",
    ":AAAA=:",
    ":=:",
    ":A_8=:",
    ":A P8=:",
    ":AP=8:",
    "?",
    "?2",
    "?true",
    "@",
    "@1.5",
    "@1000000000000000",
    "@a",
    "%",
    "%a",
    '%"',
    '%"%C3%BC"',
    '%"%c3"',
    '%"%ed%a0%80"',
    '%"%g0"',
    '%"%4"',
    '%"ü"',
    "a;",
    "a;B",
    "a;1",
    "a;b=",
    "a;b =1",
    "a ;b",
    "a;b= 1",
    "a;b=(1)",
    "a;\tb",
]

LISTS: dict[str, tuple[Member, ...]] = {
    "": (),
    "   ": (),
    "a": (Item(Token("a")),),
    "1, 2;a": (Item(1), Item(2, {"a": True})),
    "1 \t,\t 2": (Item(1), Item(2)),
    "()": (InnerList(()),),
    "( 1  2 );q=0.5, 3": (InnerList((Item(1), Item(2)), {"q": 0.5}), Item(3)),
    '("a";x=1 b);y': (InnerList((Item("a", {"x": 1}), Item(Token("b"))), {"y": True}),),
}
REFUSED_LISTS = [
    "1,",
    "1, ",
    ",1",
    "1,,2",
    "1 2",
    "(",
    "(1",
    "(1 2",
    "(1,2)",
    "(1)2",
    "((1))",
    '("a""b")',
    "(1\t2)",
    "\t",
]

DICTIONARIES: dict[str, dict[str, Member]] = {
    "": {},
    "a": {"a": Item(True)},
    "a=1, b;c=2, d=(1)": {"a": Item(1), "b": Item(True, {"c": 2}), "d": InnerList((Item(1),))},
    "a=?0": {"a": Item(False)},
    "*a-_.1=x": {"*a-_.1": Item(Token("x"))},
}
REFUSED_DICTIONARIES = ["a=", "a= 1", "a =1", "A=1", "1=2", "a=1,", "a=1 b=2", "a,,b", "=1", "a=(1", '"a"=1', "a=1;"]

UNWRITABLE: list[Any] = [
    10**15,
    -(10**15),
    1e12,
    -1e12,
    999_999_999_999.9996,
    float("nan"),
    float("inf"),
    1e300,
    "ü",
    "\x00",
    "a\n",
    Token(""),
    Token("1a"),
    Token("a b"),
    Token("a\n"),
    Token("ü"),
    Date(10**15),
    DisplayString("\ud800"),
]


@pytest.mark.parametrize(("text", "value"), BARE.items())
def test_bare_items(text: str, value: Any) -> None:
    read = parse_item(text)
    assert (read, type(read.value)) == (Item(value), type(value))
    assert build_item(Item(value)) == text


@pytest.mark.parametrize(("text", "canonical"), OTHERWISE.items())
def test_one_value_has_one_canonical_text(text: str, canonical: str) -> None:
    assert build_item(parse_item(text)) == canonical


def test_of_equal_keys_the_last_value_stands_in_the_place_of_the_first() -> None:
    assert list(parse_item("x;a=1;b=2;a=3").parameters.items()) == [("a", 3), ("b", 2)]
    assert list(parse_dictionary("a=1, b=2, a=3").items()) == [("a", Item(3)), ("b", Item(2))]


def test_members_are_given_as_they_are_spelled_and_as_often_as_they_stand() -> None:
    text = ' a=( 1  2 );x , b;y=?1,a="p,q\\"";z=01, c=%"\\", d=()'
    assert [(key, spelled) for key, _, spelled in parse_dictionary_members(text)] == [
        ("a", "( 1  2 );x"),
        ("b", ""),
        ("a", '"p,q\\"";z=01'),
        ("c", '%"\\"'),
        ("d", "()"),
    ]
    assert parse_dictionary(text) == {key: member for key, member, _ in parse_dictionary_members(text)}


@pytest.mark.parametrize("text", REFUSED_ITEMS)
def test_what_is_no_item(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_item(text)


@pytest.mark.parametrize(("text", "members"), LISTS.items())
def test_lists(text: str, members: tuple[Member, ...]) -> None:
    assert parse_list(text) == members
    assert parse_list(build_list(members)) == members


@pytest.mark.parametrize("text", REFUSED_LISTS)
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_list(text)


@pytest.mark.parametrize(("text", "members"), DICTIONARIES.items())
def test_dictionaries(text: str, members: dict[str, Member]) -> None:
    assert parse_dictionary(text) == members
    assert build_dictionary(members) == text


@pytest.mark.parametrize("text", REFUSED_DICTIONARIES)
def test_what_is_no_dictionary(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_dictionary(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (0.0015, "0.002"),
        (0.0025, "0.002"),
        (-0.0025, "-0.002"),
        (0.0005, "0.0"),
        (-0.0001, "0.0"),
        (-0.0, "0.0"),
        (1e-300, "0.0"),
        (1e11, "100000000000.0"),
        (123456789012.3456, "123456789012.346"),
    ],
)
def test_decimals_are_rounded_half_to_even(value: float, text: str) -> None:
    assert build_item(Item(value)) == text


@pytest.mark.parametrize("value", UNWRITABLE, ids=repr)
def test_what_cannot_be_written_is_refused_wherever_it_stands(value: Any) -> None:
    for build, whole in (
        (build_item, Item(value)),
        (build_item, Item(1, {"a": value})),
        (build_list, [InnerList((Item(value),))]),
        (build_list, [InnerList((), {"a": value})]),
        (build_dictionary, {"a": Item(value)}),
    ):
        with pytest.raises(LocalProtocolError):
            build(whole)


@pytest.mark.parametrize("key", ["", "A", "1", "a b", "ä", "a\n", "a="])
def test_what_is_no_key_is_not_written(key: str) -> None:
    for build, whole in ((build_item, Item(1, {key: 1})), (build_dictionary, {key: Item(True)})):
        with pytest.raises(LocalProtocolError):
            build(whole)


@pytest.mark.parametrize("parse", [parse_item, parse_list, parse_dictionary])
def test_so_long_and_no_longer(parse: Callable[[str], object]) -> None:
    longest = "a;b=" + '"' + "x" * (FIELD_CHARS_MAX - 6) + '"'
    parse(longest)
    with pytest.raises(LimitExceeded):
        parse(longest + " ")


# -- shared cases -----------------------------------------------------------------------------------------------


def typed(value: Any) -> Any:
    """Write values with their types, as the shared cases do, so that 1, 1.0 and True differ."""
    match value:
        case InnerList():
            return ["list", [typed(item) for item in value.items], typed(value.parameters)]
        case Item():
            return ["item", typed(value.value), typed(value.parameters)]
        case dict():
            return [[key, typed(item)] for key, item in value.items()]
        case tuple():
            return [typed(item) for item in value]
        case _:
            return repr(value)


def bare_of(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    content = value["value"]
    match value["__type"]:
        case "binary":
            return base64.b32decode(content)
        case "token":
            return Token(content)
        case "date":
            return Date(content)
        case _:
            return DisplayString(content)


def parameters_of(pairs: Any) -> dict[str, Any]:
    return {key: bare_of(value) for key, value in pairs}


def item_of(value: Any) -> Item:
    return Item(bare_of(value[0]), parameters_of(value[1]))


def member_of(value: Any) -> Member:
    head, parameters = value
    if isinstance(head, list):
        return InnerList(
            tuple(Item(bare_of(bare), parameters_of(more)) for bare, more in head), parameters_of(parameters)
        )
    return item_of(value)


def value_of(header_type: str, expected: Any) -> Any:
    match header_type:
        case "item":
            return member_of(expected)
        case "list":
            return tuple(map(member_of, expected))
        case _:
            return {key: member_of(value) for key, value in expected}


READ: dict[str, Callable[[str], Any]] = {"item": parse_item, "list": parse_list, "dictionary": parse_dictionary}
WRITE: dict[str, Callable[[Any], str]] = {"item": build_item, "list": build_list, "dictionary": build_dictionary}


@pytest.mark.vectors("structured-fields/*.json")
def test_shared_cases(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8")):
        kind, name = case["header_type"], case["name"]
        try:
            read = READ[kind](", ".join(case["raw"]))
        except FedtextError:
            assert case.get("must_fail") or case.get("can_fail"), name
            continue
        assert not case.get("must_fail"), name
        assert typed(read) == typed(value_of(kind, case["expected"])), name
        assert WRITE[kind](read) == ", ".join(case.get("canonical", case["raw"])), name


@pytest.mark.vectors("structured-fields/serialisation-tests/*.json")
def test_shared_cases_of_writing(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8")):
        kind, name = case["header_type"], case["name"]
        try:
            written = WRITE[kind](value_of(kind, case["expected"]))
        except FedtextError:
            assert case.get("must_fail"), name
            continue
        assert not case.get("must_fail"), name
        assert written == ", ".join(case["canonical"]), name
