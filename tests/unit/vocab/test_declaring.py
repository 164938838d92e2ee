"""Own types in five lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Optional

import pytest

from fedtext.errors import ConfigurationError
from fedtext.jsonld import ACTIVITYSTREAMS, normalize
from fedtext.vocab import Activity, Create, Note, Object, Person, dump, load, prop
from fedtext.wire.iri import Iri

ALICE = "https://blog.example/users/alice"
NS = "https://declared.example/"


class Wave(Activity, type="https://declared.example/Wave"):
    strength: int | None = prop("https://declared.example/strength")


class Cabinet(Object, type="https://declared.example/Cabinet"):
    text: str | None = prop(f"{NS}text")
    older: Optional[str] = prop(f"{NS}older")  # noqa: UP045 -- the older spelling works too
    yes: bool | None = prop(f"{NS}yes")
    ratio: float | None = prop(f"{NS}ratio")
    when: datetime | None = prop(f"{NS}when")
    where: Iri | None = prop(f"{NS}where")
    note: Note | None = prop(f"{NS}note")
    anyone: Iri | Person | None = prop(f"{NS}anyone")
    words: tuple[str, ...] = prop(f"{NS}words")
    places: tuple[Iri, ...] = prop(f"{NS}places")
    people: tuple[Iri | Person, ...] = prop(f"{NS}people")
    create: Create[Note] | None = prop(f"{NS}create")
    later: Drawer | None = prop(f"{NS}later")
    two_words: str | None = prop()


class Drawer(Object, type="https://declared.example/Drawer"):
    pass


def test_an_own_type_goes_out_and_comes_back() -> None:
    wave = Wave(actor=ALICE, object=ALICE, strength=3)
    document = dump(wave)
    assert document["type"] == "https://declared.example/Wave"
    assert document["https://declared.example/strength"] == 3
    assert load(normalize(document)) == wave
    assert type(load(document)) is Wave
    assert wave.strength == 3
    assert Wave(actor=ALICE, object=ALICE).strength is None


SPELLINGS: list[dict[str, Any]] = [
    {"@context": {"Wave": f"{NS}Wave", "strength": f"{NS}strength"}, "type": "Wave", "strength": 3},
    {"@context": [ACTIVITYSTREAMS, {"ns": NS}], "type": "ns:Wave", "ns:strength": 3},
    {"@context": [ACTIVITYSTREAMS, {"ns": NS, "power": {"@id": "ns:strength"}}], "@type": ["ns:Wave"], "power": 3},
    {"type": [f"{NS}Wave", "Activity"], f"{NS}strength": 3},
    {"@context": {"W": f"{NS}Wave"}, "type": ["Unheard", "W"], f"{NS}strength": [3]},
]


@pytest.mark.parametrize("members", SPELLINGS)
def test_others_may_spell_it_as_their_context_says(members: dict[str, Any]) -> None:
    wave = load(normalize({**members, "actor": ALICE}))
    assert isinstance(wave, Wave)
    assert wave.strength == 3


def test_a_name_without_such_a_context_is_another_name() -> None:
    assert type(load({"type": "Wave", "actor": ALICE})) is Object
    found = load({"type": f"{NS}Wave", "strength": 3})
    assert isinstance(found, Wave)
    assert found.strength is None


VALUES: list[tuple[str, Any, Any]] = [
    # attribute, value, JSON
    ("text", "x", "x"),
    ("older", "x", "x"),
    ("yes", False, False),
    ("ratio", 1.5, 1.5),
    ("when", datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    ("where", ALICE, ALICE),
    ("note", Note(content="x"), {"type": "Note", "content": "x"}),
    ("anyone", ALICE, ALICE),
    ("anyone", Person(name="A"), {"type": "Person", "name": "A"}),
    ("words", ("a", "b"), ["a", "b"]),
    ("places", (ALICE,), [ALICE]),
    ("people", (ALICE, Person(name="A")), [ALICE, {"type": "Person", "name": "A"}]),
    ("later", Drawer(name="x"), {"type": f"{NS}Drawer", "name": "x"}),
]


@pytest.mark.parametrize(("attribute", "value", "expected"), VALUES)
def test_the_annotation_says_how(attribute: str, value: Any, expected: Any) -> None:
    made = Cabinet(**{attribute: value})
    assert dump(made, context=False)[NS + attribute] == expected
    assert getattr(load(dump(made)), attribute) == value


def test_what_does_not_fit_reads_as_absent() -> None:
    found = load(
        {"type": f"{NS}Cabinet", **{NS + name: {"x": [1]} for name in ("text", "yes", "ratio", "when", "where")}}
    )
    assert isinstance(found, Cabinet)
    assert (found.text, found.yes, found.ratio, found.when, found.where) == (None, None, None, None, None)
    assert len(found.problems) == 5
    assert (found.words, found.places, found.people) == ((), (), ())
    named = load({"type": f"{NS}Cabinet", f"{NS}note": "https://x.example/1", f"{NS}create": {"type": "Note"}})
    assert isinstance(named, Cabinet)
    assert (named.note, named.create) == (None, None)


def test_the_default_name_is_the_attributes_in_camel_case() -> None:
    assert dump(Cabinet(two_words="x"), context=False)["twoWords"] == "x"


def test_an_annotation_that_says_nothing_is_refused_at_once() -> None:
    for annotation in (
        dict[str, int],
        int | str,
        bytes,
        tuple[str, int],
        tuple[bytes, ...],
        Note | Person | None,
        None,
    ):
        with pytest.raises((ConfigurationError, RuntimeError)):
            type("Bad", (Object,), {"__annotations__": {"x": annotation}, "x": prop(), "__module__": __name__})
