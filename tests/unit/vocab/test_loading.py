"""Loading and dumping, over the whole of a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fedtext.errors import FedtextError, TypeMismatch
from fedtext.jsonld import ACTIVITYSTREAMS, Road, normalize, normalize_by
from fedtext.vocab import (
    Actor,
    Article,
    Create,
    Hashtag,
    Image,
    Like,
    Note,
    Object,
    Person,
    at_origin,
    dump,
    load,
    load_as,
    prop,
)
from fedtext.wire.json import parse_object, parse_value

ALICE = "https://blog.example/users/alice"


@pytest.mark.parametrize("value", ["x", 1, True, None, [], [{}]])
def test_sec_027_a_document_is_an_object(value: Any) -> None:
    with pytest.raises(TypeMismatch):
        load(value)


@pytest.mark.parametrize("context", [1, True, 1.5])
def test_a_context_of_another_type_is_refused(context: Any) -> None:
    with pytest.raises(TypeMismatch):
        load({"@context": context, "type": "Note"})


def test_loading_takes_the_document_over() -> None:
    document: Any = {"type": "Note", "content": "x"}
    assert dump(load(document), context=False) == document
    assert dump(load(document), context=False) is not document


def test_loading_as_a_kind() -> None:
    document: Any = {"id": ALICE, "type": "Person"}
    assert type(load_as(document, Person)) is Person
    assert type(load_as(document, Actor)) is Person
    assert type(load_as(document, Object)) is Person
    with pytest.raises(TypeMismatch):
        load_as(document, Note)
    with pytest.raises(TypeMismatch):
        load_as({"type": "Article"}, Note)


def test_loading_as_an_own_class_of_a_known_type() -> None:
    class Diary(Note):
        mood: str | None = prop("https://ns.example/mood")

    found = load_as({"type": "Note", "https://ns.example/mood": "calm"}, Diary)
    assert type(found) is Diary
    assert found.mood == "calm"
    with pytest.raises(TypeMismatch):
        load_as({"type": "Article"}, Diary)


def test_as2_03_what_comes_without_a_context_goes_out_with_ours() -> None:
    assert dump(load({"type": "Note", "sensitive": False})) == {
        "@context": [ACTIVITYSTREAMS, {"sensitive": "as:sensitive"}],
        "type": "Note",
        "sensitive": False,
    }


def test_as2_08_what_comes_with_a_context_goes_out_with_it() -> None:
    document: Any = {"type": "Note", "@context": ["https://ns.example/context", ACTIVITYSTREAMS], "mood": "calm"}
    assert dump(load(document)) == document
    assert list(dump(load(document))) == ["@context", "type", "mood"]
    assert "@context" not in dump(load(document), context=False)


def test_terms_of_what_is_embedded_are_defined_too() -> None:
    create = Create(actor=ALICE, object=Article(sensitive=True))
    assert dump(create)["@context"] == [ACTIVITYSTREAMS, {"sensitive": "as:sensitive"}]
    assert "@context" not in dump(create)["object"]  # type: ignore[operator]


def test_paths_of_the_own_site_become_absolute() -> None:
    note = Note(url="/posts/1/", icon="/a.png", tag=[Hashtag(href="https://x.example/t")], content="/stays")
    moved = at_origin(note, "https://blog.example")
    assert type(moved) is Note
    assert (moved.url, moved.content) == ("https://blog.example/posts/1/", "/stays")
    assert isinstance(moved.icon, Image)
    assert moved.icon.url == "https://blog.example/a.png"
    assert note.url == "/posts/1/"
    assert at_origin(moved, "https://other.example") is moved
    assert load(dump(moved)).problems == ()


# -- shared documents -----------------------------------------------------------------------------------------------


def keeps(before: Any, after: Any) -> bool:
    """Tell whether each member of a document is in another; one value and a list of one are equal (oracle rule 11c)."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(name in after and keeps(value, after[name]) for name, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(keeps, before, after))
    if isinstance(before, list) or isinstance(after, list):
        one, other = ([value] if not isinstance(value, list) else value for value in (before, after))
        return len(one) == len(other) == 1 and keeps(one[0], other[0])
    return bool(before == after) and type(before) is type(after)


@pytest.mark.vectors("as2/pass/*.json", "interop/*/*.json")
def test_documents_of_others_survive(vector_file: Path) -> None:
    document = parse_object(vector_file.read_bytes())
    before = json.dumps(document)
    found = load(document)
    assert keeps(json.loads(before), dump(found))
    assert json.dumps(document) == before
    assert load(dump(found)) == found


@pytest.mark.vectors("as2/fail/*.json")
def test_what_as2_forbids_is_refused_or_dropped(vector_file: Path) -> None:
    overrides = json.loads((vector_file.parent.parent / "OVERRIDES.json").read_text())["cases"]
    override = overrides[f"fail/{vector_file.stem}"]
    allowed = override.get("expect_any") or [override["verdict"]]
    try:
        found = load(parse_value(vector_file.read_bytes()))  # type: ignore[arg-type]  # what is no object is refused
    except FedtextError:
        assert "refuse" in allowed
    else:
        assert "dropped" in allowed
        name = override["property"]
        assert name in {problem.property for problem in found.problems}
        assert not any(read(found, key) for key, item in type(found).declared.items() if item.name == name)


def read(found: Object, attribute: str) -> object:
    """Read a property; one that is needed and cannot be used raises."""
    try:
        return getattr(found, attribute)
    except FedtextError:
        return None


def look_at_everything(found: Object, depth: int = 0) -> None:
    """Read every property of a model and of all that it embeds."""
    assert isinstance(repr(found), str)
    assert found.type_name
    assert found.problems is not None
    for attribute in type(found).declared:
        value = read(found, attribute)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Object) and depth < 8:
                look_at_everything(item, depth + 1)


def test_every_document_of_the_corpus_can_be_read_or_is_refused(corpus_root: Path) -> None:
    files = [path for path in corpus_root.glob("**/*.json") if path.parent != corpus_root]
    loaded = 0
    for path in files:
        try:
            document = parse_object(path.read_bytes())
            before = json.dumps(document)
            normalized, road = normalize_by(document)
            assert json.dumps(document) == before, path
            found = load(normalized)
        except FedtextError:
            continue
        loaded += 1
        again = load(dump(found))
        assert again == found, path
        assert hash(again) == hash(found), path
        load(normalize(dump(found)))
        if road is not Road.PLAIN:
            assert normalize(normalized) == normalized, path
        look_at_everything(found)
    assert loaded > 0.9 * len(files)


@pytest.mark.spec("MOD-70")
@pytest.mark.parametrize("chars", [500, 501, 10_000, 100_000])
def test_texts_longer_than_servers_let_their_own_people_write_are_read_whole(chars: int) -> None:
    note = load({"type": "Note", "content": "a" * chars, "name": "b" * chars})
    assert isinstance(note, Note)
    assert (len(note.content or ""), len(note.name or "")) == (chars, chars)


# ---- what tells one model from another -------------------------------------------------------------------------------


def test_an_explicit_nothing_is_left_out_wherever_it_is_said():
    assert Note(id=None, name="a", summary=None).document == {"type": "Note", "name": "a"}
    liked = Like(object="https://a.example/1", actor=ALICE, id="https://a.example/2").document
    assert [*liked][:3] == ["id", "type", "actor"]
