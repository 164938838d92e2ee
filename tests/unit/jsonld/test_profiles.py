"""What a context says: made once, found again by comparison."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext.config import Limits
from fedtext.errors import ContextRefused, LimitExceeded
from fedtext.jsonld import (
    ACTIVITYSTREAMS,
    SECURITY_V1,
    default_context,
    expand_term,
    profiles,
    register_context,
    registry,
)
from fedtext.jsonld.profiles import Rule, profile_of

RECOGNIZED: list[Any] = [
    ACTIVITYSTREAMS,
    "http://www.w3.org/ns/activitystreams#",
    [ACTIVITYSTREAMS, SECURITY_V1],
    [SECURITY_V1, ACTIVITYSTREAMS, {"Hashtag": "as:Hashtag"}],
    default_context(),
    [ACTIVITYSTREAMS, "https://a.example/schemas/litepub-0.1.jsonld", {"@language": "und"}],
    ["https://a.example/schemas/litepub-0.1.jsonld"],
    [ACTIVITYSTREAMS, {"@version": 1.1, "x": "https://ns.example/x"}],
    [ACTIVITYSTREAMS, "https://w3id.org/security/data-integrity/v2", "https://w3id.org/security/multikey/v1"],
]
OTHERS: list[Any] = [
    None,
    [],
    SECURITY_V1,
    {"name": "as:name"},
    [ACTIVITYSTREAMS, "https://unknown.example/ctx"],
    [ACTIVITYSTREAMS, {"@vocab": "https://ns.example/"}],
    [ACTIVITYSTREAMS, {"@language": "en"}],
    [ACTIVITYSTREAMS, {"@base": "https://ns.example/"}],
    [ACTIVITYSTREAMS, {"@import": SECURITY_V1}],
    [ACTIVITYSTREAMS, {"p": "https://a.example/"}, {"x": "p:x"}, {"p": "https://b.example/"}],
    [ACTIVITYSTREAMS, "https://schema.org/"],
]


@pytest.mark.parametrize("context", RECOGNIZED, ids=str)
def test_contexts_of_the_usual_kind_are_recognized(context: Any) -> None:
    assert profile_of(context).is_recognized


@pytest.mark.parametrize("context", OTHERS, ids=str)
def test_others_are_not(context: Any) -> None:
    assert not profile_of(context).is_recognized


@pytest.mark.spec("JLD-05", "SEC-119")
def test_an_unknown_context_is_known_to_be_unknown() -> None:
    assert not profile_of([ACTIVITYSTREAMS, "https://unknown.example/ctx"]).is_known
    assert profile_of([ACTIVITYSTREAMS, SECURITY_V1]).is_known


RULES = [
    ("content", Rule.LITERAL),
    ("contentMap", Rule.LANGUAGE),
    ("actor", Rule.REFERENCE),
    ("to", Rule.AUDIENCE),
    ("id", Rule.IDENTIFIER),
    ("type", Rule.TYPE),
    ("@context", Rule.CONTEXT),
    ("orderedItems", Rule.ORDERED),
    ("published", Rule.LITERAL),
]


@pytest.mark.parametrize(("name", "rule"), RULES)
def test_rules_of_activitystreams(name: str, rule: Rule) -> None:
    assert profile_of(ACTIVITYSTREAMS).rules[name] is rule


ODD: list[tuple[str, Any]] = [
    ("content", "https://ns.example/content"),
    ("content", None),
    ("x", "as:name"),
    ("x", "@id"),
    ("x", {"@id": "https://ns.example/x", "@container": "@index"}),
    ("x", {"@id": "https://ns.example/x", "@type": "@json"}),
    ("x", {"@id": "https://ns.example/x", "@type": "@vocab"}),
    ("x", {"@reverse": "as:object"}),
    ("x", {"@id": "https://ns.example/x", "@context": {"name": "https://ns.example/name"}}),
    ("x", {"@id": "https://ns.example/x", "@context": "https://ns.example/ctx"}),
    ("x", 3),
    ("x", {"@type": "@id"}),
]
EVEN: list[tuple[str, Any]] = [
    ("sensitive", {"@id": "as:sensitive", "@type": "xsd:boolean"}),
    ("value", "http://schema.org/value"),
    ("x", "https://ns.example/x"),
    ("x", {"@id": "https://ns.example/x", "@type": "@id", "@container": "@set"}),
    ("x", {"@id": "https://ns.example/x", "@context": {"owner": {"@id": "sec:owner", "@type": "@id"}}}),
]


@pytest.mark.parametrize(("name", "definition"), ODD)
def test_odd_names(name: str, definition: Any) -> None:
    assert profile_of([ACTIVITYSTREAMS, SECURITY_V1, {name: definition}]).rules[name] is Rule.ODD


@pytest.mark.parametrize(("name", "definition"), EVEN)
def test_names_that_are_not_odd(name: str, definition: Any) -> None:
    assert profile_of([ACTIVITYSTREAMS, SECURITY_V1, {name: definition}]).rules[name] is not Rule.ODD


def test_a_name_with_two_meanings_is_odd_whichever_comes_last() -> None:
    one, other = {"x": "https://ns.example/1"}, {"x": "https://ns.example/2"}
    assert profile_of([ACTIVITYSTREAMS, one, other]).rules["x"] is Rule.ODD
    assert profile_of([ACTIVITYSTREAMS, other, one]).rules["x"] is Rule.ODD
    assert profile_of([ACTIVITYSTREAMS, one, one]).rules["x"] is Rule.LITERAL


@pytest.mark.spec("SEC-120")
def test_a_bent_context_is_refused_by_whoever_normalizes() -> None:
    profile = profile_of([ACTIVITYSTREAMS, {"actor": "as:object"}])
    assert isinstance(profile.refusal, ContextRefused)


def test_equal_contexts_have_one_profile() -> None:
    context = [ACTIVITYSTREAMS, {"x": "https://ns.example/kept"}]
    assert profile_of(context) is profile_of(json.loads(json.dumps(context)))
    assert profile_of(context) is not profile_of([ACTIVITYSTREAMS, {"y": "https://ns.example/kept"}])


def test_the_cache_is_bounded() -> None:
    for number in range(300):
        profile_of([ACTIVITYSTREAMS, *({f"t{n}": "https://ns.example/"} for n in range(number % 3))])
        profile_of({f"t{n}": "https://ns.example/" for n in range(number)})
    assert len(profiles._profiles) <= profiles._SHAPES_KEPT_MAX
    for number in range(20):
        profile_of({"same": f"https://ns.example/{number}"})
    assert max(map(len, profiles._profiles.values())) <= profiles._ALIKE_KEPT_MAX


def test_the_largest_context_and_one_above() -> None:
    wide: Any = {f"t{n}": f"https://ns.example/{n}" for n in range(Limits().jsonld_terms_max)}
    assert profile_of(wide).terms_count == Limits().jsonld_terms_max
    with pytest.raises(LimitExceeded):
        profile_of([wide, {"one": "https://ns.example/one"}])


@pytest.mark.parametrize("context", [3, True, [None], [[ACTIVITYSTREAMS]]])
def test_what_is_no_context(context: Any) -> None:
    with pytest.raises(ContextRefused):
        profile_of(context)


def test_contexts_that_name_each_other_in_a_circle_are_refused() -> None:
    try:
        register_context("https://ns.example/a", {"@context": ["https://ns.example/b"]})
        register_context("https://ns.example/b", {"@context": ["https://ns.example/a"]})
        with pytest.raises(ContextRefused):
            profile_of("https://ns.example/a")
    finally:
        registry._registered.clear()


def test_names_of_an_added_context_are_followed() -> None:
    url = "https://ns.example/added"
    assert expand_term([ACTIVITYSTREAMS, url], "Wave") is None
    try:
        register_context(url, {"@context": {"Wave": "https://ns.example/Wave"}})
        assert expand_term([ACTIVITYSTREAMS, url], "Wave") == "https://ns.example/Wave"
        assert profile_of([ACTIVITYSTREAMS, url]).is_recognized
    finally:
        registry._registered.clear()
        for forget in registry._forgetting:
            forget()
    assert expand_term([ACTIVITYSTREAMS, url], "Wave") is None
