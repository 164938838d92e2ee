"""What no context may do. The documents that carry such contexts are in test_normalize."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import ContextRefused
from fedtext.jsonld import ACTIVITYSTREAMS
from fedtext.jsonld.bending import check_bending, check_context

BENT: list[Any] = [
    {"actor": "https://ns.example/actor"},
    [ACTIVITYSTREAMS, {"to": None}],
    {"mine": {"@id": "https://ns.example/mine", "@context": {"object": "as:target"}}},
]


@pytest.mark.spec("SEC-120", "JLD-07")
@pytest.mark.parametrize("context", BENT)
def test_a_protected_name_keeps_its_meaning(context: Any) -> None:
    for check in (check_context, check_bending):
        with pytest.raises(ContextRefused):
            check(context)


def test_a_second_spelling_misleads_readers_of_plain_names_only() -> None:
    check_bending({"who": "as:actor"})
    with pytest.raises(ContextRefused):
        check_context({"who": "as:actor"})


@pytest.mark.spec("SEC-121")
def test_names_for_what_plain_readers_do_not_see_are_told() -> None:
    context: Any = {"g": "@graph", "r": {"@reverse": "as:object"}, "x": "https://ns.example/x"}
    assert check_context(context) == {"g", "r"}
    assert check_context(ACTIVITYSTREAMS) == frozenset()
