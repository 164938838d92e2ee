"""Normalizing: one reading per document, or a refusal; nothing fetched, nothing changed in place."""

from __future__ import annotations

import copy
from typing import Any

import attrs
import pytest

from fedtext.config import Limits
from fedtext.errors import ContextRefused, LimitExceeded
from fedtext.jsonld import ACTIVITYSTREAMS, SECURITY_V1, Road, default_context, normalize, normalize_by

AS = f"{ACTIVITYSTREAMS}#"
ACTOR = "https://peer.example/users/mallory"
NOTE: dict[str, Any] = {"id": "https://peer.example/notes/1", "type": "Note", "attributedTo": ACTOR, "content": "hi"}
CREATE: dict[str, Any] = {"id": "https://peer.example/a/1", "type": "Create", "actor": ACTOR, "object": NOTE}


def without_context(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "@context"}


UNTOUCHED = [
    {},
    CREATE,
    {"@context": ACTIVITYSTREAMS, **CREATE},
    {"@context": default_context(), **CREATE},
    {"@context": [ACTIVITYSTREAMS, {"Hashtag": "as:Hashtag", "vcard": "http://www.w3.org/2006/vcard/ns#"}], **CREATE},
    # Settled: JLD-05, SEC-119: contexts that nobody here knows are not looked at.
    {"@context": [ACTIVITYSTREAMS, *(f"https://peer.example/ctx/{n}" for n in range(1000))], **CREATE},
    {"@context": ["https://peer.example/litepub.jsonld", {"@language": "und"}], **NOTE},
    # Some servers bend names that only carry text for people.
    {
        "@context": [ACTIVITYSTREAMS, {"sc": "http://schema.org#", "location": "sc:location", "Place": "sc:Place"}],
        **NOTE,
    },
    {"@context": [ACTIVITYSTREAMS, {"alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"}}], **NOTE},
    {"@context": [ACTIVITYSTREAMS, {"likes": {"@id": "as:likes", "@type": "@id"}}], **NOTE},
    # JLD-17: the spellings of Public are values, and stay as they are.
    {**CREATE, "to": ["as:Public"], "cc": "Public"},
    {**NOTE, "__proto__": {"x": 1}, "constructor": "x", "__class__": "y", "": 1},  # SEC-028
    {**NOTE, "type": ["Note", "Article"]},
    {**NOTE, "type": None},
    {**NOTE, "tag": [[], None, 3, [{"type": "Mention"}]]},
]


@pytest.mark.parametrize("document", UNTOUCHED)
def test_the_usual_shape_is_returned_as_it_is(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    assert normalize(document) == before
    assert document == before


def test_the_usual_shape_is_not_even_copied() -> None:
    document = {"@context": default_context(), **CREATE}
    assert normalize(document) is document


RENAMED = [
    ({"@id": "https://x.example/1", "@type": "Note"}, {"id": "https://x.example/1", "type": "Note"}),
    ({"@type": "as:Note"}, {"type": "Note"}),
    ({"type": f"{AS}Note"}, {"type": "Note"}),
    ({"type": ["as:Create", "https://ns.example/Wave"]}, {"type": ["Create", "https://ns.example/Wave"]}),
    ({"as:content": "hi"}, {"content": "hi"}),
    ({f"{AS}content": "hi", "name": "x"}, {"content": "hi", "name": "x"}),
    ({"toot:discoverable": True}, {"discoverable": True}),
    ({"http://www.w3.org/ns/ldp#inbox": "https://x.example/i"}, {"inbox": "https://x.example/i"}),
    ({"sec:publicKey": {"@id": "https://x.example/k"}}, {"publicKey": {"id": "https://x.example/k"}}),
    ({"https://w3id.org/security/v1#publicKeyPem": "PEM"}, {"publicKeyPem": "PEM"}),
    ({"object": {"@id": "https://x.example/1"}}, {"object": {"id": "https://x.example/1"}}),
    ({"tag": [{"name": "a"}, {"@type": "as:Mention"}]}, {"tag": [{"name": "a"}, {"type": "Mention"}]}),
    ({"vcard:bday": "1990"}, {"vcard:bday": "1990"}),
    ({"https://ns.example/strength": 3}, {"https://ns.example/strength": 3}),
    ({"@language": "en"}, {"@language": "en"}),
]


@pytest.mark.parametrize(("document", "expected"), RENAMED)
def test_other_spellings_become_the_usual_ones(document: dict[str, Any], expected: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    found = normalize(document)
    assert {name: value for name, value in found.items() if name != "@context"} == expected
    assert document == before
    assert normalize(found) == found


def test_a_prefix_of_the_document_is_followed() -> None:
    document: Any = {"@context": {"ns": AS}, "@type": "ns:Note", "ns:content": "hi"}
    assert normalize(document) == {
        "@context": [ACTIVITYSTREAMS, {"ns": AS}],
        "type": "Note",
        "content": "hi",
    }


def test_keywords_are_named_as_the_context_has_them() -> None:
    document: Any = {"@context": {"mood": "https://ns.example/mood"}, "@id": "https://x.example/1", "mood": 1}
    assert normalize(document) == {
        "@context": [ACTIVITYSTREAMS, {"mood": "https://ns.example/mood"}],
        "id": "https://x.example/1",
        "mood": 1,
    }


def test_the_context_of_the_result_defines_its_names() -> None:
    document: Any = {"@context": {"t": "http://joinmastodon.org/ns#"}, "t:discoverable": True}
    context = normalize(document)["@context"]
    assert isinstance(context, list)
    assert context[0] == ACTIVITYSTREAMS
    assert {"toot": "http://joinmastodon.org/ns#", "discoverable": "toot:discoverable"} in context


HIDDEN = [
    {"@graph": [CREATE]},
    {"@included": [CREATE]},
    {"@reverse": {"object": {"type": "Delete"}}},
    {"@nest": {"type": "Delete"}},
]


@pytest.mark.parametrize("smuggled", HIDDEN)
def test_jld_06_what_plain_readers_do_not_see_is_left_out_at_any_depth(smuggled: dict[str, Any]) -> None:
    assert normalize({**CREATE, **smuggled}) == CREATE
    assert normalize({**CREATE, "object": {**NOTE, **smuggled}}) == CREATE
    assert normalize({**CREATE, "tag": [[{**NOTE, **smuggled}]]}) == {**CREATE, "tag": [[NOTE]]}


ALIASES = [
    {"also": "@graph"},
    {"also": {"@id": "@included"}},
    {"x": "@graph", "also": "x"},
    {"also": {"@reverse": "as:object"}},
    {"also": {"@reverse": "as:object", "@id": "https://ns.example/x"}},
    {"also": "@nest"},
]


@pytest.mark.parametrize("definitions", ALIASES)
def test_sec_121_names_that_stand_for_such_parts_are_left_out_too(definitions: dict[str, Any]) -> None:
    for other in ([], ["https://unknown.example/ctx"]):  # by JSON-LD, and by plain names
        context = [ACTIVITYSTREAMS, *other, definitions]
        document = {"@context": context, **CREATE, "also": [{"type": "Delete"}]}
        assert without_context(normalize(document)) == CREATE
        nested = {"@context": context, **CREATE, "object": {**NOTE, "also": {"type": "Delete"}}}
        assert without_context(normalize(nested)) == CREATE


REFUSED = [
    {"actor": {"@id": "as:summary"}},
    {"actor": "https://ns.example/actor"},
    {"actor": None},
    {"actor": {"@type": "@id"}},
    {"actor": {"@id": "as:actor", "@reverse": "as:object"}},
    {"actor": {"@id": "as:actor", "@nest": "x"}},
    {"actor": {"@id": "as:actor", "@container": "@language"}},
    {"actor": {"@id": "as:actor", "@context": {}}},
    {"object": "as:target"},
    {"id": "https://ns.example/id"},
    {"type": "as:name"},
    {"attributedTo": "as:actor"},
    {"to": "as:cc"},
    {"inbox": "as:outbox"},
    {"publicKey": "https://ns.example/key"},
    {"owner": {"@id": "sec:controller"}},
    {"Delete": "as:Undo"},
    {"Note": "as:Create"},
    {"as": "https://ns.example/"},
    {"Note": {"@id": "as:Note", "@context": {"actor": "as:object"}}},
    {"mine": {"@id": "https://ns.example/mine", "@context": [{"to": "as:cc"}]}},
]


@pytest.mark.parametrize("definitions", REFUSED)
@pytest.mark.parametrize("place", ["top", "nested"])
def test_sec_120_a_context_that_bends_a_protected_name_is_refused(definitions: dict[str, Any], place: str) -> None:
    context = [ACTIVITYSTREAMS, definitions]
    document = (
        {"@context": context, **CREATE} if place == "top" else {**CREATE, "object": {"@context": context, **NOTE}}
    )
    with pytest.raises(ContextRefused):
        normalize(document)


RESPELT = [
    {"who": "as:actor"},
    {"who": f"{AS}actor"},
    {"who": "actor"},
    {"ns": AS, "who": "ns:actor"},
    {"ns": "https://www.w3.org/ns/", "who": "ns:activitystreams#actor"},
    {"a": "b", "b": "as:object"},
    {"key": "@id"},
    {"kind": {"@id": "@type"}},
    {"Erase": "as:Delete"},
]


@pytest.mark.parametrize("definitions", RESPELT)
@pytest.mark.parametrize("place", ["top", "nested"])
def test_sec_120_readers_of_plain_names_refuse_a_second_spelling(definitions: dict[str, Any], place: str) -> None:
    context = [ACTIVITYSTREAMS, "https://unknown.example/ctx", definitions]
    document = (
        {"@context": context, **CREATE} if place == "top" else {**CREATE, "object": {"@context": context, **NOTE}}
    )
    with pytest.raises(ContextRefused):
        normalize(document)


RESPELLINGS = [
    ({"who": "as:actor"}, {"who": {"id": ACTOR}}, {"actor": ACTOR}),
    ({"who": {"@id": "as:actor", "@type": "@id"}}, {"who": ACTOR}, {"actor": ACTOR}),
    ({"a": "b", "b": {"@id": "as:object", "@type": "@id"}}, {"a": [ACTOR, ACTOR]}, {"object": [ACTOR, ACTOR]}),
    ({"key": "@id"}, {"key": "https://x.example/1"}, {"id": "https://x.example/1"}),
    ({"kind": {"@id": "@type"}}, {"kind": "Note"}, {"type": "Note"}),
    ({"Erase": "as:Delete"}, {"type": "Erase"}, {"type": "Delete"}),
    ({"in": {"@id": "ldp:inbox", "@type": "@id"}}, {"in": f"{ACTOR}/inbox"}, {"inbox": f"{ACTOR}/inbox"}),
]


@pytest.mark.parametrize(("definitions", "members", "expected"), RESPELLINGS)
def test_readers_of_contexts_take_a_second_spelling_for_the_first(
    definitions: dict[str, Any], members: dict[str, Any], expected: dict[str, Any]
) -> None:
    found, road = normalize_by({"@context": [ACTIVITYSTREAMS, definitions], **members})
    assert (without_context(found), road) == (expected, Road.SLOW)
    assert normalize_by(found) == (found, Road.FAST)


ALLOWED = [
    {"actor": "as:actor"},
    {"actor": {"@id": "as:actor", "@type": "@id"}},
    {"actor": {"@id": f"{AS}actor", "@type": "@id", "@protected": True}},
    {"to": {"@id": "as:to", "@type": "@id", "@container": "@set"}},
    {"inbox": {"@id": "ldp:inbox", "@type": "@id"}},
    {"ldp": "http://www.w3.org/ns/ldp#", "inbox": "ldp:inbox"},
    {"id": "@id", "type": "@type"},
    {"as": AS},
    {"orderedItems": {"@id": "as:items", "@type": "@id", "@container": "@list"}},
    {"sec": "https://w3id.org/security#", "owner": {"@id": "sec:owner", "@type": "@id"}},
    {"@version": 1.1},
]


@pytest.mark.parametrize("definitions", ALLOWED)
def test_a_context_may_repeat_what_a_name_means(definitions: dict[str, Any]) -> None:
    document = {"@context": [ACTIVITYSTREAMS, definitions], **CREATE}
    assert normalize(document) is document


def test_what_a_context_says_of_all_names_is_followed() -> None:
    context = [ACTIVITYSTREAMS, {"@vocab": "https://ns.example/", "@language": "en", "@base": "https://x.example/"}]
    found = normalize({"@context": context, **NOTE, "mood": 3, "summary": "s"})
    expected = {name: value for name, value in NOTE.items() if name != "content"}
    assert without_context(found) == {
        **expected,
        "contentMap": {"en": "hi"},
        "summaryMap": {"en": "s"},
        "https://ns.example/mood": 3,
    }


@pytest.mark.parametrize("context", [3, True, [ACTIVITYSTREAMS, None], [[ACTIVITYSTREAMS]], [1]])
def test_a_context_of_another_type_is_refused(context: Any) -> None:
    with pytest.raises(ContextRefused):
        normalize({"@context": context, **NOTE})


TWICE = [
    {"id": "https://x.example/1", "@id": "https://x.example/1"},
    {"@id": "https://x.example/1", "id": "https://x.example/2"},
    {"actor": ACTOR, "as:actor": "https://x.example/2"},
    {"as:actor": ACTOR, f"{AS}actor": ACTOR},
    {"object": {"content": "a", "as:content": "b"}},
]


@pytest.mark.parametrize("document", TWICE)
def test_jld_07_two_spellings_of_one_property_are_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ContextRefused):
        normalize(document)


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for level in range(levels - 1):
        document = {"object": [document]} if level % 2 else {"object": document}
    return document


def test_depth_is_bounded_at_the_limit_and_one_above() -> None:
    limits = attrs.evolve(Limits(), json_depth_max=4)
    chain: dict[str, Any] = {"a": {"b": [{"c": 1}]}}
    assert normalize(chain, limits=limits) is chain
    with pytest.raises(LimitExceeded):
        normalize({"a": chain}, limits=limits)
    with pytest.raises(LimitExceeded):
        normalize({"@id": "https://x.example/", "a": chain}, limits=limits)
    with pytest.raises(LimitExceeded):
        normalize({"@id": "https://x.example/", "a": [[[[1]]]]}, limits=limits)


@pytest.mark.parametrize("levels", [200, 100_000])
def test_sec_020_no_depth_overflows_the_stack(levels: int) -> None:
    with pytest.raises(LimitExceeded):
        normalize(nested(levels))


def test_contexts_nested_in_contexts_are_bounded() -> None:
    context: Any = {}
    for _ in range(6):
        context = {"mine": {"@id": "https://ns.example/mine", "@context": context}}
    with pytest.raises(ContextRefused):
        normalize({"@context": context})


def test_a_long_chain_of_names_is_refused() -> None:
    chain: Any = {f"t{n}": f"t{n + 1}" for n in range(900)}
    with pytest.raises(ContextRefused):
        normalize({"@context": [chain, {"t900": "as:actor"}], **NOTE})


@pytest.mark.parametrize("urls", [[ACTIVITYSTREAMS, SECURITY_V1], ["https://unknown.example/ctx"]])
def test_a_context_is_bounded_at_the_limit_and_one_above(urls: list[str]) -> None:
    def document(count: int) -> dict[str, Any]:
        wide: dict[str, Any] = {f"t{n}": f"https://ns.example/{n}" for n in range(count)}
        return {"@context": [*urls, wide], **NOTE}

    widest = document(Limits().jsonld_terms_max)
    assert normalize(widest) is widest
    with pytest.raises(LimitExceeded):
        normalize(document(Limits().jsonld_terms_max + 1))
