"""Contexts: what we emit, and how names are followed through what others define."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.jsonld import (
    ACTIVITYSTREAMS,
    SECURITY_V1,
    context_for,
    default_context,
    expand_term,
    is_covered,
    joined_context,
    terms_for,
)
from fedtext.jsonld.terms import usual_definitions


def test_jld_01_activitystreams_comes_first_and_as_a_plain_string() -> None:
    assert default_context()[:2] == [ACTIVITYSTREAMS, SECURITY_V1]
    assert context_for([]) == [ACTIVITYSTREAMS]


def test_jld_02_extension_terms_are_inline_with_the_prefixes_they_need() -> None:
    context = context_for(["type", "content", "Hashtag", "featured", "quoteUri"])
    assert context == [
        ACTIVITYSTREAMS,
        {
            "toot": "http://joinmastodon.org/ns#",
            "fedibird": "http://fedibird.com/ns#",
            "Hashtag": "as:Hashtag",
            "featured": {"@id": "toot:featured", "@type": "@id"},
            "quoteUri": "fedibird:quoteUri",
        },
    ]


def test_security_is_named_only_where_a_key_or_signature_is() -> None:
    assert SECURITY_V1 in context_for(["publicKey"])
    assert SECURITY_V1 not in context_for(["Emoji", "sensitive"])


def test_every_inline_definition_leads_to_an_absolute_iri() -> None:
    inline = default_context()[2]
    assert isinstance(inline, dict)
    for term in inline:
        expanded = expand_term(inline, term)
        assert expanded is not None, term
        assert expanded.startswith(("http://", "https://")), term


def test_a_context_is_a_fresh_value() -> None:
    first = default_context()
    inline = first[2]
    assert isinstance(inline, dict)
    inline["actor"] = "as:object"
    featured = inline["featured"]
    assert isinstance(featured, dict)
    featured["@id"] = "x"
    assert default_context() != first
    assert usual_definitions()["featured"] == {"@id": "toot:featured", "@type": "@id"}


COVERED = [
    (None, True),
    (ACTIVITYSTREAMS, True),
    ([ACTIVITYSTREAMS, SECURITY_V1], True),
    ([ACTIVITYSTREAMS, {"toot": "http://joinmastodon.org/ns#", "Emoji": "toot:Emoji"}], True),
    (default_context(), True),
    ([ACTIVITYSTREAMS, {"Emoji": "https://other.example/Emoji"}], False),
    ([ACTIVITYSTREAMS, {"strength": "https://ns.example/strength"}], False),
    ("https://ns.example/context", False),
    (["https://ns.example/context", ACTIVITYSTREAMS], False),
    ([ACTIVITYSTREAMS, None], False),
]


@pytest.mark.parametrize(("context", "expected"), COVERED)
def test_a_covered_context_says_nothing_new(context: Any, expected: bool) -> None:
    assert is_covered(context) is expected


def test_joining_keeps_what_was_said_last() -> None:
    original: Any = [ACTIVITYSTREAMS, {"Emoji": "https://other.example/Emoji"}]
    joined: Any = joined_context(original, ["Hashtag"])
    assert joined == [{"Hashtag": "as:Hashtag"}, *original]
    assert joined_context(joined, ["Hashtag"]) == joined
    assert joined_context(original, []) is original


EXPANDED = [
    ({"Wave": "https://ns.example/Wave"}, "Wave", "https://ns.example/Wave"),
    ({"ns": "https://ns.example/", "Wave": "ns:Wave"}, "Wave", "https://ns.example/Wave"),
    ({"ns": "https://ns.example/"}, "ns:Wave", "https://ns.example/Wave"),
    ({"ns": {"@id": "https://ns.example/", "@prefix": True}}, "ns:Wave", "https://ns.example/Wave"),
    ({"Wave": {"@id": "https://ns.example/Wave"}}, "Wave", "https://ns.example/Wave"),
    ([ACTIVITYSTREAMS, {"Wave": {"id": "https://ns.example/Wave"}}], "Wave", "https://ns.example/Wave"),
    ({"a": "b", "b": "c", "c": "https://ns.example/"}, "a", "https://ns.example/"),
    ({"a": "b:x", "b": "c", "c": "https://ns.example/"}, "a", "https://ns.example/x"),
    ({"who": "actor"}, "who", f"{ACTIVITYSTREAMS}#actor"),
    ({"a": "b", "b": "a"}, "a", None),
    ({"g": "@graph", "h": "g"}, "h", "@graph"),
    ({}, "as:Note", f"{ACTIVITYSTREAMS}#Note"),
    (None, "Wave", None),
    (ACTIVITYSTREAMS, "Wave", None),
    ({"Wave": None}, "Wave", None),
    ({"Wave": 3}, "Wave", None),
    ({}, "https://ns.example/Wave", None),
]


@pytest.mark.parametrize(("context", "term", "expected"), EXPANDED)
def test_names_are_followed_to_their_iri(context: Any, term: str, expected: str | None) -> None:
    assert expand_term(context, term) == expected


def test_an_iri_has_the_names_that_the_context_gives_it() -> None:
    context: Any = [ACTIVITYSTREAMS, {"ns": "https://ns.example/", "power": "ns:strength", "other": "ns:other"}]
    assert terms_for(context, "https://ns.example/strength") == ["ns:strength", "power"]
    assert terms_for(context, "https://elsewhere.example/strength") == []
    assert terms_for(None, "https://ns.example/strength") == []
