"""JSON values in the shapes that say the same; and every kind of property reads them alike (JLD-16)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fedtext.errors import LimitExceeded
from fedtext.vocab import PUBLIC, Mention, Object, Person, PublicKeyClaim, load, load_as
from fedtext.vocab.shapes import alike, copied, is_empty, literal, only, referred, several, single, terms_used

ALICE = "https://blog.example/users/alice"
PERSON = {"id": ALICE, "type": "Person"}


SEVERAL: list[tuple[Any, list[Any]]] = [
    (None, []),
    ([], []),
    ("a", ["a"]),
    (["a", None, "b"], ["a", "b"]),
    ({"@list": ["a", "b"]}, ["a", "b"]),
    ({"@set": "a"}, ["a"]),
    ({"@list": None}, []),
    ([{"@list": ["a", "b"]}, "c"], ["a", "b", "c"]),
    ({"@set": [{"@list": ["a"]}]}, ["a"]),
    ({"id": "a"}, [{"id": "a"}]),
    ({"@value": None}, []),
    ([["a"]], [["a"]]),  # lists of lists mean nothing
    (False, [False]),
]


@pytest.mark.spec("JLD-16")
@pytest.mark.parametrize(("value", "expected"), SEVERAL)
def test_several(value: Any, expected: list[Any]) -> None:
    assert several(value) == expected


SINGLE: list[tuple[Any, Any]] = [
    (None, None),
    ([], None),
    ("a", "a"),
    ([None, "a", "b"], "a"),
    ([["a"]], "a"),
    ({"@list": ["a", "b"]}, "a"),
    ({"@set": []}, None),
    ({"id": "a"}, {"id": "a"}),
    (False, False),
]


@pytest.mark.spec("JLD-16")
@pytest.mark.parametrize(("value", "expected"), SINGLE)
def test_single(value: Any, expected: Any) -> None:
    assert single(value) == expected


def test_literals_and_references() -> None:
    assert literal([{"@value": "a", "@language": "en"}]) == "a"
    assert literal({"@value": None}) is None
    assert literal({"id": "a"}) == {"id": "a"}
    assert [referred(value) for value in ("a", {"id": "a"}, {"@id": "a"}, {"@value": "a"})] == ["a"] * 4
    assert referred({}) is None


def shapes(value: Any) -> list[Any]:
    """Give what says the same as a plain value."""
    around: list[Any] = [value, [value], [None, value], {"@list": [value]}, {"@set": [value]}, {"@set": value}]
    return [*around, [{"@list": [value]}]]


def literals(value: Any, **beside: str) -> list[Any]:
    return [*shapes(value), *shapes({"@value": value}), {"@value": value, **beside}]


def references(iri: str) -> list[Any]:
    return [*shapes(iri), *shapes({"id": iri}), *shapes({"@id": iri}), {"@value": iri}]


XSD = "http://www.w3.org/2001/XMLSchema#"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
# type, JSON name, attribute, values that say the same, what is read
KINDS: list[tuple[str, str, str, list[Any], Any]] = [
    ("Note", "content", "content", literals("x", **{"@language": "en"}), "x"),
    ("Note", "name", "name", literals("x"), "x"),
    ("Note", "mediaType", "media_type", literals("text/html"), "text/html"),
    ("Note", "conversation", "conversation", [*literals("tag:x"), {"id": "tag:x"}], "tag:x"),
    ("Note", "sensitive", "sensitive", literals(True, **{"@type": f"{XSD}boolean"}), True),
    ("Note", "published", "published", literals("2026-01-01T12:00:00Z", **{"@type": f"{XSD}dateTime"}), NOON),
    ("Question", "votersCount", "voters_count", literals(3, **{"@type": f"{XSD}nonNegativeInteger"}), 3),
    ("Question", "closed", "closed", literals(True), True),
    ("Place", "latitude", "latitude", literals(1.5, **{"@type": f"{XSD}float"}), 1.5),
    ("Link", "rel", "rel", [*literals("me"), {"id": "me"}], ("me",)),
    ("Link", "href", "href", references(ALICE), ALICE),
    (
        "Note",
        "contentMap",
        "content_map",
        [{"en": "x"}, [{"en": "x"}], {"en": ["x"]}, {"en": {"@value": "x"}}],
        {"en": "x"},
    ),
    ("Note", "contentMap", "language", [{"en": "x"}, {"en": ["x"]}, {"en": {"@value": "x"}}], "en"),
    ("Note", "source", "source", [*shapes({"content": "x"}), "x"], {"content": "x"}),
    ("Note", "inReplyTo", "in_reply_to", [*references(ALICE), PERSON, [PERSON]], ALICE),
    ("Note", "url", "url", [*references(ALICE), {"type": "Link", "href": ALICE}, {"href": [{"id": ALICE}]}], ALICE),
    ("Note", "attributedTo", "attributed_to", references(ALICE), ALICE),
    ("Note", "replies", "replies", references(ALICE), ALICE),
    ("Note", "to", "to", [*references(PUBLIC), "as:Public", ["Public"], {"id": "as:Public"}], (PUBLIC,)),
    ("Note", "cc", "cc", [*references(ALICE), PERSON], (ALICE,)),
    ("Note", "tag", "tag", shapes({"type": "Mention", "href": ALICE}), (Mention(href=ALICE),)),
    ("Person", "inbox", "inbox", references(f"{ALICE}/inbox"), f"{ALICE}/inbox"),
    ("Person", "alsoKnownAs", "also_known_as", references(ALICE), (ALICE,)),
    ("Person", "endpoints", "shared_inbox", shapes({"sharedInbox": [{"id": ALICE}]}), ALICE),
    ("Create", "actor", "actor", references(ALICE), ALICE),
    ("Create", "actor", "actor_id", [*references(ALICE), PERSON], ALICE),
    ("Create", "object", "object", references(ALICE), ALICE),
    ("Create", "object", "object_id", [*references(ALICE), PERSON], ALICE),
    ("OrderedCollection", "orderedItems", "ordered_items", references(ALICE), (ALICE,)),
    ("Collection", "first", "first", references(ALICE), ALICE),
]


@pytest.mark.spec("JLD-16", "MOD-04")
@pytest.mark.parametrize(("kind", "name", "attribute", "values", "expected"), KINDS)
def test_every_kind_reads_what_says_the_same(kind: str, name: str, attribute: str, values: Any, expected: Any) -> None:
    for value in values:
        found = load({"type": kind, name: value})
        assert getattr(found, attribute) == expected, value
        assert found.problems == (), value


@pytest.mark.spec("JLD-16")
def test_a_key_in_the_shapes_of_json_ld() -> None:
    usual = {"id": f"{ALICE}#main-key", "owner": ALICE, "publicKeyPem": "PEM"}
    odd = {"id": f"{ALICE}#main-key", "owner": {"@id": ALICE}, "publicKeyPem": [{"@value": "PEM"}]}
    expected = (PublicKeyClaim(id=f"{ALICE}#main-key", owner=ALICE, pem="PEM"),)
    for value in (usual, [usual], odd, {"@set": [odd]}):
        assert load_as({"type": "Person", "publicKey": value}, Person).keys == expected


def test_the_language_beside_a_literal_is_that_of_the_text() -> None:
    found = load({"type": "Note", "content": {"@value": "Hallo", "@language": "de-ch"}})
    assert found.content is not None
    assert found.content.language == "de-CH"
    for tag in ("und", "not a tag", 3):
        plain = load({"type": "Note", "content": {"@value": "x", "@language": tag}}).content
        assert plain is not None
        assert plain.language is None


def test_an_empty_object_says_nothing() -> None:
    assert is_empty({})
    assert is_empty({"id": None})
    assert not is_empty({"id": False})


def test_the_document_keeps_its_own_spelling() -> None:
    document: dict[str, Any] = {"type": "Note", "to": ["as:Public", {"id": ALICE}]}
    found = load(document)
    assert found.to == (PUBLIC, ALICE)
    assert found.document["to"] == ["as:Public", {"id": ALICE}]


def test_what_is_alike() -> None:
    assert alike({"a": [1], "b": None, "@context": "x"}, {"a": 1})
    assert not alike({"a": True}, {"a": 1})
    assert not alike(["a", "b"], ["b", "a"])
    assert only([[3]]) == 3


def test_nesting_is_bounded() -> None:
    deep, other = "x", "x"
    for _ in range(66):
        deep, other = {"a": deep}, {"a": other}  # type: ignore[assignment]
    with pytest.raises(LimitExceeded):
        copied(deep)
    with pytest.raises(LimitExceeded):
        alike(deep, other)
    assert isinstance(load({"type": "Note", "deep": deep}), Object)
    assert len(list(terms_used(deep))) == 66
