"""The slow road: what JSON-LD sees, with plain names, at a bounded cost."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest

from fedtext.config import Limits
from fedtext.errors import ContextRefused, LimitExceeded
from fedtext.jsonld import ACTIVITYSTREAMS, SECURITY_V1
from fedtext.jsonld.slow import read_slowly

LIMITS = Limits()


def read(members: dict[str, Any], *more: Any, limits: Limits = LIMITS) -> dict[str, Any] | None:
    document = {"@context": [ACTIVITYSTREAMS, *more], **members}
    before = copy.deepcopy(document)
    found = read_slowly(document, limits)
    assert document == before
    return None if found is None else {name: value for name, value in found.items() if name != "@context"}


READ: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    # context, members, expected
    ({}, {"@id": "https://a.example/1", "@type": "Note"}, {"id": "https://a.example/1", "type": "Note"}),
    ({}, {"as:name": "x", "summary": None}, {"name": "x"}),
    ({}, {"to": "as:Public", "cc": "Public"}, {"to": f"{ACTIVITYSTREAMS}#Public", "cc": "Public"}),
    ({}, {"unknown": [1, [2]]}, {"unknown": [1, 2]}),
    (
        {"ns": "https://ns.example/"},
        {"ns:x": 1, "type": "ns:T"},
        {"https://ns.example/x": 1, "type": "https://ns.example/T"},
    ),
    ({"who": "as:actor"}, {"who": {"@id": "https://a.example/1"}}, {"actor": "https://a.example/1"}),
    ({"schema": "http://schema.org/"}, {"schema:value": "x"}, {"value": "x"}),
    ({}, {"type": "toot:Emoji"}, {"type": "Emoji"}),
    ({}, {"orderedItems": ["https://a.example/1"]}, {"orderedItems": ["https://a.example/1"]}),
    ({}, {"items": ["https://a.example/1"]}, {"items": "https://a.example/1"}),
    ({}, {"published": "never", "totalItems": 3}, {"published": "never", "totalItems": 3}),
    ({}, {"contentMap": {"fr": "a", "de-AT": "b"}}, {"contentMap": {"fr": "a", "de-at": "b"}}),
    ({"@language": "und"}, {"content": "x", "mediaType": "text/html"}, {"content": "x", "mediaType": "text/html"}),
    ({}, {"icon": {"@id": "https://a.example/1"}}, {"icon": "https://a.example/1"}),
    (
        {},
        {"actor": {"type": "Person", "@id": "https://a.example/1"}},
        {"actor": {"id": "https://a.example/1", "type": "Person"}},
    ),
    (
        {"x": {"@id": "https://ns.example/x", "@type": "@json"}},
        {"x": {"a": []}},
        {"https://ns.example/x": {"@type": "@json", "@value": {"a": []}}},
    ),
]


@pytest.mark.parametrize(("context", "members", "expected"), READ)
def test_what_json_ld_sees_has_plain_names(context: Any, members: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read(members, context) == expected


@pytest.mark.spec("JLD-06", "SEC-121")
@pytest.mark.parametrize(
    ("context", "members"),
    [
        ({}, {"@graph": [{"type": "Delete"}]}),
        ({}, {"@included": [{"type": "Delete"}]}),
        ({}, {"@reverse": {"object": {"type": "Delete"}}}),
        ({"g": "@graph"}, {"g": [{"type": "Delete"}]}),
        ({"back": {"@reverse": "as:object"}}, {"back": {"type": "Delete"}}),
        ({"in": {"@id": "https://ns.example/in", "@container": "@graph"}}, {"in": {"type": "Delete"}}),
    ],
)
def test_what_plain_readers_would_not_see_is_left_out(context: Any, members: dict[str, Any]) -> None:
    for document in (members, {"type": "Note", **members}, {"object": {"type": "Note", **members}}):
        assert "Delete" not in repr(read(document, context))


@pytest.mark.spec("SEC-120")
def test_a_bent_context_inside_is_refused() -> None:
    with pytest.raises(ContextRefused):
        read({"object": {"@context": {"actor": "as:object"}, "@type": "Note"}})


def test_two_spellings_of_one_property_are_refused() -> None:
    with pytest.raises(ContextRefused):
        read({"as:sensitive": True, "sensitive": False})


NOT_READ: list[dict[str, Any]] = [
    {"id": 3},
    {"type": 3},
    {"contentMap": {"en": 3}},
    {"object": {"@context": "https://unknown.example/ctx"}},
    {"@nest": {"type": "Delete"}},
    {"@value": "x"},
    {"@list": ["x"]},
    {"actor": {"type": "Note", "@list": ""}},
    {"object": {"tag": [{"name": "a"}, {"@type": "Note", "@list": ["x"]}]}},
]


@pytest.mark.parametrize("members", NOT_READ)
def test_what_breaks_the_rules_is_left_to_plain_names(members: dict[str, Any]) -> None:
    assert read(members) is None


def test_a_name_for_nest_is_left_to_plain_names_too() -> None:
    assert read({"n": {"type": "Delete"}}, {"n": "@nest"}) is None


@pytest.mark.spec("SEC-133")
def test_relative_ids_stay_relative() -> None:
    assert read({"@id": "rel/x", "url": "/y"}) == {"id": "rel/x", "url": "/y"}
    assert read({"@id": "rel/x"}, {"@base": "https://evil.example/"}) == {"id": "rel/x"}


def test_nodes_are_bounded_at_the_limit_and_one_above() -> None:
    def document(nodes: int) -> dict[str, Any]:
        return {"@type": "Note", "unknown": ["x"] * (nodes - 5)}  # and the document, its context and that one's item

    limits = attrs.evolve(LIMITS, jsonld_nodes_max=20)
    assert read(document(20), limits=limits) is not None
    with pytest.raises(LimitExceeded) as caught:
        read(document(21), limits=limits)
    assert caught.value.context["limit"] == "jsonld_nodes_max"


def test_definitions_are_bounded_wherever_they_are_worked_through() -> None:
    def nested(levels: int) -> dict[str, Any]:
        document: dict[str, Any] = {"@type": "Note"}
        for _ in range(levels):
            document = {"object": document, "@context": [ACTIVITYSTREAMS, SECURITY_V1]}
        return document

    assert read(nested(3)) is not None
    with pytest.raises(LimitExceeded) as caught:
        read(nested(10))
    assert caught.value.context["limit"] == "jsonld_terms_max"
    # Beside each other they share the work.
    assert read({"@type": "Note", "items": [nested(1) for _ in range(40)]}) is not None
    # A context that comes with a name is worked through at each use.
    scoped = {"x": {"@id": "https://ns.example/x", "@context": {f"t{n}": "https://ns.example/t" for n in range(50)}}}
    assert read({"@type": "Note", "items": [{"x": n} for n in range(10)]}, scoped) is not None
    with pytest.raises(LimitExceeded):
        read({"@type": "Note", "items": [{"x": n} for n in range(30)]}, scoped)


def test_depth_is_bounded() -> None:
    document: dict[str, Any] = {"@type": "Note"}
    for _ in range(40):
        document = {"object": document}
    with pytest.raises(LimitExceeded):
        read(document)


def test_what_becomes_too_long_is_refused() -> None:
    def document(count: int) -> dict[str, Any]:
        return {f"ns:{n}": 1 for n in range(count)}

    context = {"ns": "https://ns.example/" + "x" * 900 + "/"}
    limits = attrs.evolve(LIMITS, document_bytes_max=100_000)
    assert read(document(100), context, limits=limits) is not None
    with pytest.raises(LimitExceeded) as caught:
        read(document(110), context, limits=limits)
    assert caught.value.context["limit"] == "document_bytes_max"
