"""The core of all models: immutable views, unknown members kept, bad ones reported."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from fedtext.errors import (
    ConfigurationError,
    FedtextError,
    LimitExceeded,
    LocalProtocolError,
    MissingProperty,
    TypeMismatch,
)
from fedtext.jsonld import ACTIVITYSTREAMS
from fedtext.vocab import (
    PUBLIC,
    Activity,
    Actor,
    Announce,
    Article,
    Collection,
    Create,
    Emoji,
    Image,
    Link,
    Note,
    Object,
    OrderedCollection,
    Person,
    Problem,
    PropertyValue,
    dump,
    load,
    load_as,
    prop,
)
from fedtext.vocab.model import is_absolute, items_of, named_class
from fedtext.vocab.shapes import copied, terms_used

WRONG: Any = 3
ALICE = "https://blog.example/users/alice"
NOTE_ID = "https://blog.example/notes/1"


def loaded(**members: Any) -> Object:
    return load({"id": NOTE_ID, "type": "Note", **members})


# -- making ---------------------------------------------------------------------------------------------------------


def test_id_and_type_and_actor_come_first() -> None:
    create = Create(object=Note(content="x"), actor=ALICE, to=PUBLIC, id="https://blog.example/a/1")
    assert list(dump(create, context=False))[:3] == ["id", "type", "actor"]


def test_what_is_not_given_is_not_written() -> None:
    assert dump(Note(content="x", name=None), context=False) == {"type": "Note", "content": "x"}


def test_an_unknown_property_is_an_error() -> None:
    make: Any = Note
    with pytest.raises(TypeError, match="Note has no property contnet"):
        make(contnet="x", id=NOTE_ID)
    with pytest.raises(TypeError, match="contnet"):
        Note().evolve(contnet="x")


def test_a_wrong_value_is_our_own_error() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        Note(content=WRONG)
    assert caught.value.context["property"] == "content"


# -- immutability ---------------------------------------------------------------------------------------------------


def test_models_do_not_change() -> None:
    note: Any = Note(content="x")
    with pytest.raises(AttributeError, match=r"evolve\(content=…\)"):
        note.content = "y"
    with pytest.raises(AttributeError):
        note.anything = "y"
    with pytest.raises(AttributeError):
        del note.content
    assert not hasattr(note, "__dict__")


def test_own_types_have_no_instance_dictionary_either() -> None:
    class Sticker(Note):
        weight: int | None = prop()

    assert not hasattr(Sticker(weight=3), "__dict__")


def test_nothing_that_is_handed_out_reaches_into_the_model() -> None:
    note: Any = loaded(tag=[{"type": "Hashtag", "name": "#a"}], source={"content": "a"}, x={"y": [1]})
    before = dump(note)
    dump(note)["tag"].clear()  # type: ignore[union-attr]
    note.document["tag"][0]["name"] = "#b"
    note.extra["x"]["y"].append(2)
    note.source["content"] = "b"
    assert dump(note) == before


def test_evolve_gives_another_model() -> None:
    note = Note(id=NOTE_ID, content="x", name="n")
    other = note.evolve(content="y", name=None)
    assert type(other) is Note
    assert (note.content, note.name) == ("x", "n")
    assert (other.id, other.content, other.name) == (NOTE_ID, "y", None)
    assert "name" not in dump(other)


def test_evolving_what_came_with_a_context_keeps_it_and_defines_what_is_new() -> None:
    theirs: Any = [ACTIVITYSTREAMS, {"Emoji": "https://other.example/Emoji"}]
    note = load({"@context": theirs, "id": NOTE_ID, "type": "Note", "mood": "calm"})
    context: Any = dump(note.evolve(sensitive=True))["@context"]
    assert context == [{"sensitive": "as:sensitive"}, *theirs]
    assert dump(note.evolve(content="x"))["@context"] == theirs
    assert dump(note.evolve(content="x"))["mood"] == "calm"


# -- equality -------------------------------------------------------------------------------------------------------


def test_models_are_equal_when_their_documents_are() -> None:
    assert Note(content="x") == Note(content="x")
    assert Note(content="x") != Note(content="y")
    assert Note(content="x") != Article(content="x")
    assert Note(content="x") != {"type": "Note", "content": "x"}


def test_order_and_context_do_not_count() -> None:
    first = load({"@context": ACTIVITYSTREAMS, "type": "Note", "content": "x"})
    second = load({"content": "x", "type": "Note"})
    assert first == second
    assert hash(first) == hash(second)
    assert len({first, second, Note(content="y")}) == 2


def test_copies_and_pickles_are_equal() -> None:
    create = Create(actor=ALICE, object=Note(content="x"))
    for other in (copy.copy(create), copy.deepcopy(create), pickle.loads(pickle.dumps(create))):
        assert other == create
        assert type(other) is Create


# -- reading --------------------------------------------------------------------------------------------------------


def test_mod_72_unknown_members_survive() -> None:
    document = {"id": NOTE_ID, "type": "Note", "content": "x", "https://ns.example/mood": {"a": [1, None]}, "odd": None}
    note = load(dict(document))
    assert note.extra == {"https://ns.example/mood": {"a": [1, None]}, "odd": None}
    assert dump(note, context=False) == document
    assert note.evolve(content="y").extra == note.extra


def test_mod_22_bad_members_read_as_absent_and_are_reported() -> None:
    note = loaded(content=3, published="soon", tag=["nonsense", {"type": "Hashtag"}], sensitive="yes", name="ok")
    assert (note.content, note.published, note.sensitive, note.name) == (None, None, None, "ok")
    assert len(note.tag) == 1
    assert {problem.property for problem in note.problems} == {"content", "published", "tag", "sensitive"}
    assert Problem("content", "not a text") in note.problems
    assert dump(note)["published"] == "soon"
    assert loaded(content="x").problems == ()


def test_sec_028_names_of_python_are_plain_data() -> None:
    odd = dict.fromkeys(["__proto__", "__class__", "__init__", "__dict__", "self", "_document", "type\u200b"], "x")
    note = loaded(**odd)
    assert type(note) is Note
    assert note.extra == odd


def test_repr_names_the_type_and_little_more() -> None:
    text = repr(loaded(content="x" * 500, tag=[1], source={}, a=1, b=2))
    assert text.startswith(f"Note(id='{NOTE_ID}', content='xxx")
    assert "tag=[…], source={…}" in text
    assert len(text) < 300


def test_sec_020_deep_values_do_not_overflow_the_stack() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    note = loaded(tag=deep)
    repr(note)
    with pytest.raises(LimitExceeded):
        dump(note)
    with pytest.raises(LimitExceeded):
        _ = note.document
    assert len(list(terms_used({"type": "Note", "tag": deep}))) == 3


# -- types ----------------------------------------------------------------------------------------------------------

CLASSES: list[tuple[Any, type[Object]]] = [
    ({"type": "Note"}, Note),
    ({"type": f"{ACTIVITYSTREAMS}#Note"}, Note),
    ({"type": ["Unheard", "Note", "Article"]}, Note),
    ({"type": ["https://ns.example/Role", "Person"]}, Person),
    # Of several known ones the most specific, in whatever order they stand.
    ({"type": ["Activity", "Create"]}, Create),
    ({"type": ["Object", "Image", "Document"]}, Image),
    ({"type": ["Article", "Note"]}, Article),
    ({"type": ["Note", "Note"]}, Note),
    ({"type": []}, Object),
    ({"type": None}, Object),
    ({}, Object),
    ({"type": "Unheard"}, Object),
    ({"type": "note"}, Object),
    # FEP-2277: unknown types are told by their members.
    ({"type": "Unheard", "inbox": "https://x.example/i", "outbox": "https://x.example/o"}, Actor),
    ({"type": "Unheard", "inbox": "https://x.example/i"}, Object),
    ({"type": "Unheard", "actor": ALICE, "object": NOTE_ID}, Activity),
    ({"type": "Unheard", "actor": ALICE, "content": "x"}, Object),
    ({"type": "Unheard", "href": "https://x.example/"}, Link),
    ({"type": "Unheard", "items": []}, Collection),
    ({"type": "Unheard", "orderedItems": []}, OrderedCollection),
    # A known type is never overruled by members.
    ({"type": "Note", "inbox": "https://x.example/i", "outbox": "https://x.example/o"}, Note),
]


@pytest.mark.parametrize(("document", "expected"), CLASSES)
def test_the_class_follows_from_the_type(document: dict[str, Any], expected: type[Object]) -> None:
    assert type(load(document)) is expected


TYPE_NAMES = [
    ({"type": "Note"}, "Note"),
    ({"type": "Unheard"}, "Unheard"),
    ({"type": ["Unheard", "Note"]}, "Note"),
    ({"type": ["Unheard", "Unseen"]}, "Unheard"),
    ({"type": ["Activity", "Create"]}, "Create"),
    ({"type": []}, "Object"),
    ({}, "Object"),
]


@pytest.mark.parametrize(("document", "expected"), TYPE_NAMES)
def test_the_name_of_the_type(document: dict[str, Any], expected: str) -> None:
    assert load(document).type_name == expected


def test_a_type_name_belongs_to_one_class() -> None:
    with pytest.raises(ConfigurationError) as caught:

        class Other(Object, type="Note"):
            pass

    assert caught.value.context["type"] == "Note"
    assert type(load({"type": "Note"})) is Note


def test_a_class_without_a_type_writes_its_parents() -> None:
    class Diary(Note):
        mood: str | None = prop()

    assert dump(Diary(mood="calm"), context=False) == {"type": "Note", "mood": "calm"}
    assert type(load({"type": "Note", "mood": "calm"})) is Note


# -- identifiers ----------------------------------------------------------------------------------------------------

ABSOLUTE = [
    ("https://x.example/1", True),
    ("http://x.example", True),
    ("https://x.example/ü#frag", True),
    ("did:key:z6Mk", True),
    ("urn:uuid:1", True),
    ("as:Public", True),
    ("", False),
    ("x", False),
    ("1", False),
    ("/x", False),
    ("//x.example/1", False),
    ("https://", False),
    ("https:", False),
    (":x", False),
    ("1a:x", False),
    ("https://x.example/a b", False),
    ("https://x.example/\x00", False),
    ("https://x.example/\n", False),
    ("https://x.example/\u202e", False),
    ("https://x.example/\u200b", False),
    ("https://x.example/" + "a" * 2_030, True),
    ("https://x.example/" + "a" * 2_031, False),
]


@pytest.mark.parametrize(("text", "expected"), ABSOLUTE)
def test_absolute_iris(text: str, expected: bool) -> None:
    assert is_absolute(text) is expected


@pytest.mark.parametrize("bad", [1, True, 1.5, "", "1", "/x", "x", {}, {"id": 1}, ["https://x.example/1"], "a b"])
def test_sec_032_a_bad_id_refuses_the_document(bad: Any) -> None:
    with pytest.raises(TypeMismatch):
        load({"type": "Note", "id": bad})


@pytest.mark.parametrize("bad", [1, True, {}, [1], ["Note", None], {"id": "Note"}])
def test_sec_031_a_bad_type_refuses_the_document(bad: Any) -> None:
    with pytest.raises(TypeMismatch):
        load({"type": bad})


def test_ap_01_null_is_an_explicit_nothing() -> None:
    assert load({"type": "Note", "id": None}).id is None
    assert load({"type": "Note"}).id is None


# -- parts of others ------------------------------------------------------------------------------------------------


def test_embedding_drops_a_context_that_says_nothing_new() -> None:
    note = load({"@context": [ACTIVITYSTREAMS], "id": NOTE_ID, "type": "Note"})
    assert dump(Announce(actor=ALICE, object=note))["object"] == {"id": NOTE_ID, "type": "Note"}


def test_embedding_keeps_a_context_that_says_more() -> None:
    document: Any = {"@context": {"mood": "https://ns.example/mood"}, "id": NOTE_ID, "type": "Note", "mood": "calm"}
    assert dump(Announce(actor=ALICE, object=load(document)))["object"] == document


def test_a_part_goes_out_with_the_context_of_the_whole() -> None:
    context: Any = [ACTIVITYSTREAMS, {"mood": "https://ns.example/mood"}]
    whole = {"@context": context, "type": "Create", "actor": ALICE, "object": {"type": "Note", "mood": "calm"}}
    create = load(whole)
    assert isinstance(create, Create)
    part = create.object
    assert isinstance(part, Note)
    assert dump(part) == {"@context": context, "type": "Note", "mood": "calm"}


def test_a_property_describes_itself() -> None:
    assert Note.content.name == "content"
    assert Note.content.attribute == "content"
    assert Note.attributed_to.name == "attributedTo"
    with pytest.raises(AttributeError):
        Note.content.__set__(Note(), "x")
    with pytest.raises(ConfigurationError):
        named_class("Unheard")


def test_small_tools() -> None:
    assert items_of("abc", str) == ["abc"]
    assert items_of(["a", "b"], str) == ["a", "b"]
    assert items_of(3, str) == [3]
    assert copied({"a": [1, {"b": None}]}) == {"a": [1, {"b": None}]}
    assert issubclass(LimitExceeded, FedtextError)


# -- names that have an address -------------------------------------------------------------------------------------


def test_an_iri_that_has_a_usual_name_is_that_name() -> None:
    """Documents are brought to the usual names before they are read, so an IRI alone would never be found."""

    class Talk(Object, type="https://litepub.example/Talk"):
        cat: bool | None = prop("https://misskey-hub.net/ns#isCat")

    assert Talk.declared["cat"].name == "isCat"
    assert dump(Talk(cat=True))["isCat"] is True
    assert load_as({"type": "https://litepub.example/Talk", "isCat": True}, Talk).cat is True


def test_types_of_extensions_are_found_by_their_iris() -> None:
    assert type(load({"type": "http://joinmastodon.org/ns#Emoji"})) is Emoji
    assert type(load({"@context": ACTIVITYSTREAMS, "type": "as:Emoji"})) is Emoji  # Interop: seen
    with pytest.raises(ConfigurationError):

        class Mine(Object, type="http://joinmastodon.org/ns#Emoji"):
            pass


# -- patterns -------------------------------------------------------------------------------------------------------


def told(model: Object) -> str:
    """Say in words what a pattern takes apart."""
    match model:
        case Create(object=Note(content=str(text), in_reply_to=None)):
            return f"new: {text}"
        case Create(actor=actor, object=Note(in_reply_to=parent)):
            return f"{actor} answers {parent}"
        case Activity(actor=actor, object=str(iri)):
            return f"{actor} does something to {iri}"
        case Activity(actor_id=actor):
            return f"{actor} does something"
        case Link(href=href):
            return f"to {href}"
        case PropertyValue(name=name, value=value):
            return f"{name}: {value}"
    return "something"


PATTERNS: list[tuple[dict[str, Any], str]] = [
    ({"type": "Create", "actor": ALICE, "object": {"type": "Note", "content": "x"}}, "new: x"),
    (
        {"type": "Create", "actor": ALICE, "object": {"type": "Note", "inReplyTo": NOTE_ID}},
        f"{ALICE} answers {NOTE_ID}",
    ),
    ({"type": "Like", "actor": ALICE, "object": NOTE_ID}, f"{ALICE} does something to {NOTE_ID}"),
    ({"type": "Create", "actor": ALICE}, f"{ALICE} does something"),  # nothing is missing to a pattern
    ({"type": "Mention", "href": ALICE}, f"to {ALICE}"),
    ({"type": "PropertyValue", "name": "a", "value": "b"}, "a: b"),
    ({"type": "Unheard"}, "something"),
]


@pytest.mark.parametrize(("document", "expected"), PATTERNS)
def test_models_match_by_structure(document: dict[str, Any], expected: str) -> None:
    assert told(load(document)) == expected


def test_what_is_missing_is_a_missing_attribute_too() -> None:
    empty = load({"type": "Like"})
    assert not hasattr(empty, "object")
    with pytest.raises(MissingProperty):
        _ = getattr(empty, "object")  # noqa: B009 -- of an Object nothing is known of it


def test_a_model_shows_what_it_is_and_the_first_of_what_it_says() -> None:
    shown = repr(Note(id=NOTE_ID, content="x" * 80, tag=[], to=ALICE, sensitive=True))
    assert shown.startswith(f"Note(id='{NOTE_ID}', content='xxx")
    assert len(shown) < 300
    assert shown.endswith(", …)")
    assert "@context" not in repr(load({"@context": ["x"], "type": "Note", "content": None}))
