"""Plain values: generous in shape, strict in type, written in one shape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from fedtext.errors import LocalProtocolError
from fedtext.vocab import Collection, Document, Link, Note, Person, Place, Question, dump, load
from fedtext.vocab.shapes import several, single

ABSENT: Any = None


def note(**members: Any) -> Note:
    found = load({"type": "Note", **members})
    assert isinstance(found, Note)
    return found


def written(model: Any) -> dict[str, Any]:
    return {name: value for name, value in dump(model, context=False).items() if name != "type"}


TEXTS = [
    ("x", "x"),
    (["x"], "x"),
    (["x", "y"], "x"),
    ([["x"]], "x"),
    ({"@value": "x", "@language": "en"}, "x"),
    ("", ""),
    ("a\x00b", "ab"),  # MOD-71, SEC-026
    (None, None),
    ([], None),
    (3, None),
    (True, None),
    ({}, None),
    ([3], None),
]


@pytest.mark.parametrize(("value", "expected"), TEXTS)
def test_texts(value: Any, expected: str | None) -> None:
    assert note(content=value).content == expected
    assert note(mediaType=value).media_type == expected


MAPS: list[tuple[dict[str, Any], str | None, dict[str, str], str | None]] = [
    # members, content, content_map, language (MOD-20)
    ({"content": "x"}, "x", {}, None),
    ({"contentMap": {"de": "d", "en": "e"}}, "d", {"de": "d", "en": "e"}, "de"),
    ({"content": "e", "contentMap": {"de": "d", "en": "e"}}, "e", {"de": "d", "en": "e"}, "en"),
    ({"content": "x", "contentMap": {"de": "d", "en": "e"}}, "x", {"de": "d", "en": "e"}, "de"),
    ({"contentMap": {"en": ["e"]}}, "e", {"en": "e"}, "en"),  # JLD-16
    ({"contentMap": {}}, None, {}, None),
    ({"contentMap": "x"}, None, {}, None),
    ({"content": None, "contentMap": {"en": "e"}}, "e", {"en": "e"}, "en"),  # JSON-LD: null is absence
    ({"content": {"en": "e"}}, None, {}, None),
    ({"contentMap": {"DE-at": "d"}}, "d", {"de-AT": "d"}, "de-AT"),
    ({"contentMap": {"zh_CN": "z", "nonsense tag": "x", "en": 3}}, "z", {"zh-CN": "z"}, "zh-CN"),
]


@pytest.mark.parametrize(("members", "content", "texts", "language"), MAPS)
def test_mod_20_languages(
    members: dict[str, Any], content: str | None, texts: dict[str, str], language: str | None
) -> None:
    found = note(**members)
    assert found.content == content
    assert found.content_map == texts
    assert found.language == language


@pytest.mark.parametrize("tag", ["und", "@none"])
def test_a_tag_of_no_language_names_none(tag: str) -> None:
    found = note(contentMap={"de": "d", tag: "x"})
    assert (found.content, found.content_map, found.language, found.problems) == ("x", {"de": "d"}, "de", ())
    assert note(contentMap={tag: "x"}).language is None


TAGS = [
    ("en", True),
    ("de-CH", True),
    ("zh-Hant-TW", True),
    ("es-419", True),
    ("sl-rozaj-biske", True),
    ("de-CH-1901", True),
    ("en-a-bbb-x-a-ccc", True),
    ("x-klingon", True),
    ("", False),
    ("e", False),
    ("de-419-DE", False),
    ("english language", False),
    ("en-", False),
    ("x-", False),
    ("toolonglanguage", False),
]


@pytest.mark.parametrize(("tag", "expected"), TAGS)
def test_as2_07_language_tags(tag: str, expected: bool) -> None:
    assert (tag in note(contentMap={tag: "x"}).content_map) is expected


def test_mod_20_a_language_is_written_as_a_map_equal_to_the_content() -> None:
    made = Note(content="hallo", language="de")
    assert written(made) == {"content": "hallo", "contentMap": {"de": "hallo"}}
    assert made.language == "de"
    assert written(Note(content_map={"de": "d", "en": "e"})) == {
        "content": "d",
        "contentMap": {"de": "d", "en": "e"},
    }
    assert written(Note(language="de")) == {}


def test_new_content_takes_the_map_along() -> None:
    assert written(Note(content="a", language="de").evolve(content="b")) == {"content": "b", "contentMap": {"de": "b"}}
    assert written(note(content="a", contentMap={"de": "a", "en": "e"}).evolve(content="b")) == {"content": "b"}
    assert written(Note(content="a", language="de").evolve(content="b", language="en"))["contentMap"] == {"en": "b"}
    assert written(Note(content="a", language="de").evolve(content=None)) == {}
    assert written(Note(content="a", language="de").evolve(language=None)) == {"content": "a"}


FLAGS = [(True, True), (False, False), ([True], True), ("true", None), (1, None), (0, None), ({}, None), (None, None)]


@pytest.mark.parametrize(("value", "expected"), FLAGS)
def test_flags(value: Any, expected: bool | None) -> None:
    assert note(sensitive=value).sensitive is expected


COUNTS = [
    (0, 0),
    (7, 7),
    (7.0, 7),
    ([7], 7),
    (2**63 - 1, 2**63 - 1),
    (2**63, None),  # SEC-023
    (10**100, None),
    (1e300, None),
    (-1, None),
    (1.5, None),
    (True, None),
    ("7", None),
    (None, None),
]


@pytest.mark.parametrize(("value", "expected"), COUNTS)
def test_counts(value: Any, expected: int | None) -> None:
    found = load({"type": "Collection", "totalItems": value})
    assert isinstance(found, Collection)
    assert found.total_items == expected


@pytest.mark.parametrize(("value", "expected"), [(1, 1.0), (-1.5, -1.5), (True, None), ("1", None), (10**400, None)])
def test_numbers(value: Any, expected: float | None) -> None:
    found = load({"type": "Place", "latitude": value})
    assert isinstance(found, Place)
    assert found.latitude == expected


NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)

DATES = [
    ("2026-01-02T12:00:00Z", NOON),
    ("2026-01-02T12:00:00.000Z", NOON),
    ("2026-01-02T14:00:00+02:00", NOON),
    ("2026-01-02T12:00:00+0000", NOON),
    ("2026-01-02T12:00:00", NOON),
    (["2026-01-02T12:00:00Z"], NOON),
    ("soon", None),
    ("", None),
    (1767355200, None),
    (None, None),
    ({}, None),
]


@pytest.mark.parametrize(("value", "expected"), DATES)
def test_mod_22_dates(value: Any, expected: datetime | None) -> None:
    found = note(published=value)
    assert found.published == expected
    assert found.id is None


def test_mod_22_dates_are_written_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert written(Note(published=NOON.astimezone(east))) == {"published": "2026-01-02T12:00:00Z"}


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), ("2026-01-02T12:00:00Z", NOON), ("x", None), (None, None)]
)
def test_mod_36_closed_is_a_time_or_a_boolean(value: Any, expected: Any) -> None:
    found = load({"type": "Question", "closed": value})
    assert isinstance(found, Question)
    assert found.closed == expected


def test_closed_is_written_as_given() -> None:
    assert written(Question(closed=True)) == {"closed": True}
    assert written(Question(closed=NOON)) == {"closed": "2026-01-02T12:00:00Z"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("me", ("me",)), (["me", "nofollow"], ("me", "nofollow")), (["me", 3, None], ("me",)), (None, ())],
)
def test_lists_of_texts(value: Any, expected: tuple[str, ...]) -> None:
    found = load({"type": "Link", "rel": value})
    assert isinstance(found, Link)
    assert found.rel == expected
    assert bool(found.problems) is (isinstance(value, list) and 3 in value)


def test_a_single_text_is_written_plainly() -> None:
    assert written(Link(rel="me")) == {"rel": "me"}
    assert written(Link(rel=["me", "nofollow"])) == {"rel": ["me", "nofollow"]}


def test_structures_are_plain_json() -> None:
    assert written(Person(endpoints={"proxyUrl": "https://x.example/p"})) == {
        "endpoints": {"proxyUrl": "https://x.example/p"}
    }
    assert note(source=3).source is None


WRONG: list[tuple[Any, dict[str, Any]]] = [
    (Note, {"content": b"x"}),
    (Note, {"content_map": "x"}),
    (Note, {"content_map": {"not a tag": "x"}}),
    (Note, {"content_map": {"en": 3}}),
    (Note, {"content": "x", "language": "not a tag"}),
    (Note, {"content": "x", "language": 3}),
    (Note, {"sensitive": 1}),
    (Note, {"sensitive": "yes"}),
    (Note, {"published": "2026-01-02T12:00:00Z"}),
    (Note, {"published": datetime(2026, 1, 2)}),  # noqa: DTZ001 -- without a zone, which is refused
    (Note, {"source": "x"}),
    (Collection, {"total_items": -1}),
    (Collection, {"total_items": True}),
    (Collection, {"total_items": 2**63}),
    (Document, {"width": "3"}),
    (Place, {"latitude": float("nan")}),
    (Place, {"latitude": True}),
    (Question, {"closed": "now"}),
    (Link, {"rel": 3}),
    (Link, {"rel": ["me", 3]}),
]


@pytest.mark.parametrize(("kind", "values"), WRONG)
def test_what_the_application_gives_is_checked(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        kind(**values)


def test_single_and_several() -> None:
    assert single([["a"], "b"]) == "a"
    assert single([]) is None
    assert several({"@list": ["a", "b"]}) == ["a", "b"]
    assert several({"@set": "a"}) == ["a"]
    assert several({"id": "a"}) == [{"id": "a"}]
    assert several(None) == []


def test_what_is_carried_is_not_looked_into_and_not_shared() -> None:
    value: Any = {"a": [1, {"@value": None}]}
    found = load({"type": "Person", "migration": value})
    assert isinstance(found, Person)
    assert found.migration == value
    assert found.migration is not value
    assert found.previously is None
