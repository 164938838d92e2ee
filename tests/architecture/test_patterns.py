"""No pattern relies on what some supported Python gets wrong.

Before Python 3.11.5 a possessive quantifier on a group, such as `(?:a=b)?+`, keeps what the group had consumed when it
failed half way (CPython gh-106052). On a single character or class, `[a-z]*+`, it is sound, and so are atomic groups:
write `(?>(?:a=b)?)`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any

import pytest

from fedtext.jsonld import nquads

PARSER: Any = importlib.import_module("re._parser")
SINGLE = {"LITERAL", "NOT_LITERAL", "IN", "ANY"}


def possessive_groups(pattern: re.Pattern[Any]) -> list[str]:
    """Name what a pattern repeats possessively although it is more than one character."""
    return list(_walk(PARSER.parse(pattern.pattern, pattern.flags)))


def _walk(parts: Any) -> Iterator[str]:
    for operation, argument in parts:
        if str(operation) == "POSSESSIVE_REPEAT":
            inner = argument[2]
            if len(inner) != 1 or str(inner[0][0]) not in SINGLE:
                yield repr(inner)
        yield from _inside(argument)


def _inside(argument: Any) -> Iterator[str]:
    if isinstance(argument, PARSER.SubPattern):
        yield from _walk(argument)
    elif isinstance(argument, list | tuple):
        for item in argument:
            yield from _inside(item)


def pattern_of(value: Any) -> re.Pattern[Any] | None:
    """Give the pattern that a name of a module stands for, also one that is compiled when it is first needed."""
    if type(value) is _lru_cache_wrapper and value.__annotations__ == {"return": "re.Pattern[str]"}:
        value = value()
    return value if type(value) is re.Pattern else None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"(?:a=b)?+", 1),
        (r"(a|bc)*+d", 1),
        (r"x(?:y(?:ab){1,2}+)?", 1),
        (r"(?:[a-z]++|x)++", 1),
        (rb"(?:ab)++", 1),
        (r"[a-z]*+\s?+.++a{2,3}+", 0),
        (r"(?>(?:a=b)?)(?:ab)*", 0),
    ],
)
def test_possessive_groups_are_found(text: str | bytes, found: int) -> None:
    assert len(possessive_groups(re.compile(text))) == found


def test_patterns_are_found_where_they_are_compiled_late() -> None:
    assert pattern_of(nquads._statement) == nquads._statement()
    assert pattern_of(nquads._NOTHING) == nquads._NOTHING
    assert pattern_of(nquads.parse) is None


def test_no_pattern_repeats_a_group_possessively(module_files: dict[str, Path]) -> None:
    found = {}
    for name in module_files:
        if name.rpartition(".")[2] == "__main__":
            continue
        for variable, value in vars(importlib.import_module(name)).items():
            pattern = pattern_of(value)
            if pattern is not None and possessive_groups(pattern):
                found[f"{name}.{variable}"] = pattern.pattern
    assert found == {}
