"""Structured fields: read, compare, write; over the tests of the HTTP working group."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.wire.structured_fields import (
    Date,
    DisplayString,
    InnerList,
    Item,
    Token,
    build_dictionary,
    build_item,
    build_list,
    parse_dictionary,
    parse_item,
    parse_list,
)

from ..cases import Case, Overrides, documents

Record = Mapping[str, Any]
_PARSERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "item": parse_item,
    "list": parse_list,
    "dictionary": parse_dictionary,
}
_BUILDERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "item": build_item,
    "list": build_list,
    "dictionary": build_dictionary,
}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a record; a name that is repeated is counted."""
    for pattern, run in (("*.json", _read), ("serialisation-tests/*.json", _write)):
        for name, records in documents(folder, pattern):
            names: Counter[str] = Counter()
            for record in records:
                title = record["name"]
                names[title] += 1
                suffix = f"#{names[title]}" if names[title] > 1 else ""
                yield Case(
                    file=name,
                    id=f"{Path(name).stem}#{title}{suffix}",
                    want=_want(record),
                    run=lambda run=run, record=record: run(record),
                )


def _want(record: Record) -> tuple[str, ...]:
    if record.get("must_fail"):
        return ("refuse",)
    return ("right", "refuse") if record.get("can_fail") else ("right",)


def _read(record: Record) -> str:
    """Read a field, compare the value, and write it again."""
    kind, raw = record["header_type"], record["raw"]
    value = _PARSERS[kind](", ".join(raw))
    if record.get("must_fail"):
        return f"read as {value}"
    if not same(plain(kind, value), record["expected"]):
        return f"another value: {value}"
    return _compare(kind, value, record.get("canonical", raw))


def _write(record: Record) -> str:
    kind = record["header_type"]
    return _compare(kind, typed(kind, record["expected"]), record.get("canonical", ["nothing"]))


def _compare(kind: str, value: Any, lines: list[str]) -> str:
    written = _BUILDERS[kind](value)
    return "right" if written == ", ".join(lines) else f"written as {written}"


def same(one: Any, other: Any) -> bool:
    """Compare values whose types count: 1 is neither 1.0 nor true."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


# -- from our types to the form of the tests ----------------------------------------------------------------------


def plain(kind: str, value: Any) -> Any:
    """Give a value as the tests write it."""
    if kind == "item":
        return _plain_member(value)
    if kind == "list":
        return [_plain_member(member) for member in value]
    return [[key, _plain_member(member)] for key, member in value.items()]


def _plain_member(member: Any) -> list[Any]:
    parameters = [[key, _plain_bare(value)] for key, value in member.parameters.items()]
    if isinstance(member, InnerList):
        return [[_plain_member(item) for item in member.items], parameters]
    return [_plain_bare(member.value), parameters]


def _plain_bare(value: Any) -> Any:
    match value:
        case bytes():
            return {"__type": "binary", "value": base64.b32encode(value).decode("ascii")}
        case Token():
            return {"__type": "token", "value": value.text}
        case Date():
            return {"__type": "date", "value": value.epoch_s}
        case DisplayString():
            return {"__type": "displaystring", "value": value.text}
        case _:
            return value


# -- and back -----------------------------------------------------------------------------------------------------


def typed(kind: str, value: Any) -> Any:
    """Give what the tests write as our types."""
    if kind == "item":
        return _typed_member(value)
    if kind == "list":
        return [_typed_member(member) for member in value]
    return {key: _typed_member(member) for key, member in value}


def _typed_member(member: Any) -> Item | InnerList:
    value, parameters = member
    given = {key: _typed_bare(parameter) for key, parameter in parameters}
    if isinstance(value, list):
        return InnerList(tuple(_typed_item(item) for item in value), given)
    return Item(_typed_bare(value), given)


def _typed_item(item: Any) -> Item:
    value, parameters = item
    return Item(_typed_bare(value), {key: _typed_bare(parameter) for key, parameter in parameters})


def _typed_bare(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    wrapped = value["value"]
    match value["__type"]:
        case "binary":
            return base64.b32decode(wrapped)
        case "token":
            return Token(wrapped)
        case "date":
            return Date(wrapped)
        case "displaystring":
            return DisplayString(wrapped)
    raise ValueError(f"a type that is not known: {value['__type']}")
