"""The plain road; what it does to documents is shown through `normalize` in test_normalize."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from fedtext.config import Limits
from fedtext.errors import ContextRefused, LimitExceeded
from fedtext.jsonld.plain import read_plainly

UNKNOWN = "https://unknown.example/ctx"


@pytest.mark.spec("JLD-05", "SEC-119")
def test_terms_of_unknown_contexts_keep_their_names() -> None:
    document: dict[str, Any] = {"@context": UNKNOWN, "type": "Note", "theirs": {"deep": [1]}}
    assert read_plainly(document, Limits()) is document


@pytest.mark.spec("JLD-05")
def test_known_names_in_other_spellings_become_the_usual_ones() -> None:
    found = read_plainly({"@context": UNKNOWN, "@type": "as:Note", "as:content": "x"}, Limits())
    assert (found["type"], found["content"]) == ("Note", "x")


@pytest.mark.spec("JLD-05")
def test_a_context_may_stand_behind_what_it_is_about() -> None:
    context = [UNKNOWN, {"x": "https://x.example/"}]
    nested = {"x:b": 1, "as:name": "c", "@context": UNKNOWN}
    document: dict[str, Any] = {"@type": "as:Note", "as:content": "x", "object": nested, "@context": context}
    found = read_plainly(document, Limits())
    assert found["@context"][-2:] == context
    assert found["object"] == {"x:b": 1, "name": "c", "@context": UNKNOWN}
    assert read_plainly(dict(reversed(document.items())), Limits()) == found


@pytest.mark.spec("SEC-120")
def test_a_bent_context_is_refused_at_any_depth() -> None:
    with pytest.raises(ContextRefused):
        read_plainly({"@context": UNKNOWN, "object": [{"@context": {"to": "as:cc"}}]}, Limits())


def test_definitions_are_bounded_at_the_limit_and_one_above() -> None:
    limits = attrs.evolve(Limits(), jsonld_terms_max=4)
    part = {"@context": {"a": "https://ns.example/a", "b": "https://ns.example/b"}}
    document: dict[str, Any] = {"items": [part, part]}
    assert read_plainly(document, limits) is document
    with pytest.raises(LimitExceeded):
        read_plainly({"items": [part, part, {"@context": {"c": "https://ns.example/c"}}]}, limits)
