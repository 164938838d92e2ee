"""The one table of terms."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fedtext.errors import ContextRefused
from fedtext.jsonld.bending import check_bending, check_context
from fedtext.jsonld.terms import (
    ACTIVITYSTREAMS,
    EXTENSIONS,
    PREFIXES,
    expand_prefix,
    protected_terms,
    standard_iris,
    standard_terms,
)
from fedtext.wire.json import JsonObject, JsonValue


def test_protected_names_have_a_standard_meaning() -> None:
    known = standard_iris()
    for term, iri in protected_terms().items():
        if term not in ("id", "type", "as"):
            assert known[term] == iri
    assert known["inbox"] == "http://www.w3.org/ns/ldp#inbox"


def test_every_extension_has_an_iri_and_its_prefix_is_known() -> None:
    known = standard_iris()
    for term in EXTENSIONS:
        assert known[term].startswith(("https://", "http://")), term


def test_prefixes_are_written_out() -> None:
    assert expand_prefix("as:Note", PREFIXES) == "https://www.w3.org/ns/activitystreams#Note"
    for kept in ("https://a.example/x", "unknown:x", "Note"):
        assert expand_prefix(kept, PREFIXES) == kept


@pytest.mark.spec("JLD-07", "SEC-120")
@pytest.mark.parametrize("road", [check_context, check_bending])
@pytest.mark.parametrize(
    "term",
    [
        "actor",
        "items",
        "orderedItems",
        "interactionPolicy",
        "quoteAuthorization",
        "movedTo",
        "QuoteRequest",
        "Multikey",
    ],
)
def test_names_on_which_decisions_rest_are_not_bent(term: str, road: Callable[[JsonValue], object]) -> None:
    usual = standard_iris()[term]
    for definition in (usual, {"@id": usual}, {"@id": usual, "@type": "@id", "@container": "@set"}):
        road([ACTIVITYSTREAMS, {term: definition}])
    for definition in (
        f"{usual}2",
        {"@id": f"{usual}2"},
        {"@id": usual, "@container": "@index"},
        None,
        {"@reverse": usual},
    ):
        with pytest.raises(ContextRefused):
            road([ACTIVITYSTREAMS, {term: definition}])


# What servers say in their contexts otherwise than the table, and must be free to say.
OTHERWISE = [
    {"pt": "https://joinpeertube.org/ns#", "canReply": "pt:canReply"},
    {"quote": "https://books.example/ns#quote"},
    {"Person": "http://schema.org#Person", "location": {"@id": "http://schema.org#location", "@type": "@id"}},
    {"toot": "http://joinmastodon.org/ns#", "FeatureRequest": "toot:FeatureRequest"},
    {"proof": {"@id": "https://w3id.org/security#proof", "@type": "@id", "@container": "@graph"}},
    {"movedTo": {"@id": "https://w3id.org/fep/7628#movedTo", "@type": "@id"}},
    {"webfinger": "https://webfinger.net/#"},
]


@pytest.mark.spec("JLD-05", "JLD-07")
@pytest.mark.parametrize("definitions", OTHERWISE)
def test_what_nobody_is_fooled_by_may_mean_something_else(definitions: JsonObject) -> None:
    check_bending([ACTIVITYSTREAMS, definitions])
    check_context([ACTIVITYSTREAMS, definitions])


def test_no_iri_has_two_names_but_for_lists() -> None:
    """Else documents would be brought now to the one, now to the other."""
    seen: dict[str, str] = {}
    for term, iri in standard_iris().items():
        assert term == "orderedItems" or iri not in seen, (term, seen.get(iri))
        seen[iri] = term
    assert all(standard_terms()[iri] == term for iri, term in seen.items() if term != "orderedItems")
