"""References: a value, a list of one and an {id} are the same (JLD-16); written as plain strings and arrays."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import LocalProtocolError, MissingProperty, TypeMismatch
from fedtext.vocab import (
    PUBLIC,
    Activity,
    Actor,
    Collection,
    Create,
    Flag,
    Follow,
    Hashtag,
    Like,
    Mention,
    Note,
    Object,
    OrderedCollectionPage,
    Person,
    dump,
    load,
    reference_id,
)

ALICE = "https://blog.example/users/alice"
BOB = "https://other.example/users/bob"


def note(**members: Any) -> Note:
    found = load({"type": "Note", **members})
    assert isinstance(found, Note)
    return found


def activity(**members: Any) -> Activity:
    found = load({"type": "Create", **members})
    assert isinstance(found, Activity)
    return found


SAME = [ALICE, [ALICE], {"id": ALICE}, [{"id": ALICE}], [ALICE, BOB]]


@pytest.mark.parametrize("value", SAME)
def test_jld_16_one_reference_in_any_shape(value: Any) -> None:
    assert note(attributedTo=value).attributed_to == ALICE
    assert note(attributedTo=value).author_id == ALICE
    assert note(inReplyTo=value).in_reply_to == ALICE
    assert activity(actor=value).actor == ALICE


def test_embedded_objects_are_models() -> None:
    author = note(attributedTo={"id": ALICE, "type": "Person", "name": "A"}).attributed_to
    assert isinstance(author, Person)
    assert author.name == "A"
    assert note(attributedTo={"id": ALICE, "type": "Person"}).author_id == ALICE
    assert note(attributedTo={"type": "Person", "name": "A"}).author_id is None


@pytest.mark.parametrize("bad", [3, True, "", "x", "/x", {}, {"id": 1}, [3], [{}], {"id": "x", "type": "Note"}])
def test_bad_references_read_as_absent(bad: Any) -> None:
    found = note(replies=bad)
    assert found.replies is None
    assert [problem.property for problem in found.problems] == ["replies"]
    assert note(inReplyTo=bad).in_reply_to is None


def test_mod_21_in_reply_to_is_an_id_whatever_is_embedded() -> None:
    assert note(inReplyTo={"id": "https://x.example/1", "type": "Note"}).in_reply_to == "https://x.example/1"
    assert note(inReplyTo=None).in_reply_to is None
    assert dump(Note(in_reply_to=Note(id="https://x.example/1")), context=False)["inReplyTo"] == "https://x.example/1"


def test_an_object_of_a_known_other_type_is_not_taken() -> None:
    assert isinstance(load({"type": "Collection", "first": {"type": "CollectionPage"}}), Collection)
    wrong: dict[str, Any]
    for wrong in ({"type": "Create"}, {"type": "Note", "id": "https://x.example/1"}):
        found = load({"type": "Collection", "first": wrong})
        assert isinstance(found, Collection)
        assert found.first is None
        assert [problem.property for problem in found.problems] == ["first"]


def test_an_object_of_an_unknown_type_is_taken_by_its_id() -> None:
    assert activity(actor={"type": "https://ns.example/Role", "id": ALICE}).actor == ALICE
    assert activity(actor={"id": ALICE, "followers": f"{ALICE}/followers"}).actor == ALICE
    with pytest.raises(TypeMismatch):
        _ = activity(actor={"type": "https://ns.example/Role", "name": "x"}).actor


def test_a_needed_reference_raises_when_it_is_missing() -> None:
    for missing in ({}, {"object": None}, {"object": []}):
        with pytest.raises(MissingProperty):
            _ = activity(**missing).object
    with pytest.raises(MissingProperty):
        _ = activity().actor
    with pytest.raises(TypeMismatch):
        _ = activity(object=3).object
    assert activity().problems == ()
    assert [problem.property for problem in activity(object=3).problems] == ["object"]


def test_several_objects() -> None:
    found = activity(object=["https://x.example/1", {"type": "Note", "content": "x"}])
    assert found.object == "https://x.example/1"
    assert found.objects == ("https://x.example/1", Note(content="x"))


def test_mod_16_tags_in_any_shape() -> None:
    tag = {"type": "Mention", "href": BOB}
    for value in (tag, [tag], [tag, None], {"@list": [tag]}):
        assert note(tag=value).tag == (Mention(href=BOB),)
    assert note(tag=[]).tag == ()
    assert note(tag=None).tag == ()
    assert note(tag=[{"id": None, "type": "Hashtag"}]).tag == (load({"id": None, "type": "Hashtag"}),)
    mixed = note(tag=["#text", 3, tag, {"type": "Hashtag", "id": "relative"}, "https://x.example/t"])
    assert mixed.tag == (Mention(href=BOB), "https://x.example/t")
    assert {problem.property for problem in mixed.problems} == {"tag"}


@pytest.mark.parametrize(("count", "kept", "reported"), [(256, 256, False), (257, 256, True)])
def test_sec_029_tags_are_counted(count: int, kept: int, reported: bool) -> None:
    found = note(tag=[{"type": "Hashtag", "name": "#x"}] * count)
    assert len(found.tag) == kept
    assert bool(found.problems) is reported


@pytest.mark.parametrize(("count", "kept", "reported"), [(1_000, 1_000, False), (1_001, 1_000, True)])
def test_sec_029_recipients_are_counted(count: int, kept: int, reported: bool) -> None:
    found = note(to=[f"{ALICE}/{n}" for n in range(count)])
    assert len(found.to) == kept
    assert bool(found.problems) is reported


ADDRESSEES = [
    (PUBLIC, (PUBLIC,)),
    ([PUBLIC, ALICE], (PUBLIC, ALICE)),
    ("as:Public", (PUBLIC,)),  # MOD-04
    ("Public", (PUBLIC,)),
    ({"id": ALICE}, (ALICE,)),
    ([{"id": ALICE, "type": "Person"}, BOB], (ALICE, BOB)),
    ([ALICE, "alice", 3, None, {}, ""], (ALICE,)),
    (None, ()),
    ([], ()),
]


@pytest.mark.parametrize(("value", "expected"), ADDRESSEES)
def test_addressees(value: Any, expected: tuple[str, ...]) -> None:
    assert note(to=value).to == expected


# -- writing --------------------------------------------------------------------------------------------------------


def members(model: Object) -> dict[str, Any]:
    return dump(model, context=False)


def test_mod_03_to_and_cc_are_arrays_and_come_together() -> None:
    assert members(Note(to=PUBLIC)) == {"type": "Note", "to": [PUBLIC], "cc": []}
    assert members(Note(cc=[ALICE, ALICE])) == {"type": "Note", "cc": [ALICE], "to": []}
    assert members(Note()) == {"type": "Note"}
    follow = members(Follow(actor=ALICE, object=BOB))
    assert (follow["to"], follow["cc"]) == ([], [])


def test_as2_01_an_empty_list_is_none_but_for_to_and_cc() -> None:
    assert members(Note(bto=[], bcc=(), audience=[])) == {"type": "Note"}
    assert members(Note(to=())) == {"type": "Note", "to": [], "cc": []}
    assert "audience" not in members(Note(audience=ALICE).evolve(audience=()))


def test_mod_02_actors_and_authors_are_written_as_ids() -> None:
    person = Person(id=ALICE, name="A")
    assert members(Like(actor=person, object=BOB))["actor"] == ALICE
    assert members(Note(attributed_to=person))["attributedTo"] == ALICE
    assert members(Note(to=person))["to"] == [ALICE]
    assert members(Note(attributed_to=Person(name="A")))["attributedTo"] == {"type": "Person", "name": "A"}


def test_objects_are_embedded() -> None:
    note_ = Note(id="https://blog.example/1", content="x")
    assert members(Create(actor=ALICE, object=note_))["object"] == members(note_)
    assert members(Create(actor=ALICE, object="https://blog.example/1"))["object"] == "https://blog.example/1"
    assert members(Flag(actor=ALICE, object=[BOB, note_]))["object"] == [BOB, members(note_)]
    assert members(Flag(actor=ALICE, object=(BOB,)))["object"] == [BOB]


def test_lists_are_arrays_but_a_single_url_is_plain() -> None:
    assert members(Note(tag=Hashtag(name="#x")))["tag"] == [{"type": "Hashtag", "name": "#x"}]
    assert members(Note(tag=[])) == {"type": "Note", "tag": []}
    assert members(Note(links=["https://x.example/"]))["url"] == "https://x.example/"
    assert members(Note(links=["https://x.example/", "https://y.example/"]))["url"] == [
        "https://x.example/",
        "https://y.example/",
    ]


WRONG: list[tuple[Any, dict[str, Any]]] = [
    (Note, {"id": "notes/1"}),
    (Note, {"id": 3}),
    (Note, {"attributed_to": "alice"}),
    (Note, {"attributed_to": 3}),
    (Note, {"to": "Public"}),
    (Note, {"to": [ALICE, 3]}),
    (Note, {"to": Person(name="no id")}),
    (Note, {"tag": [{"type": "Hashtag"}]}),
    (Note, {"in_reply_to": Note()}),
    (Note, {"url": "javascript:alert(1)"}),
    (Person, {"inbox": "mailto:a@b.example"}),
    (Like, {"actor": "alice"}),
    (Like, {"object": ["x"]}),
]


@pytest.mark.parametrize(("kind", "values"), WRONG)
def test_what_the_application_gives_is_checked(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        kind(**values)


def test_the_id_of_a_reference() -> None:
    assert reference_id(ALICE) == ALICE
    assert reference_id(Person(id=ALICE)) == ALICE
    assert reference_id(Person()) is None
    assert reference_id(None) is None
    assert isinstance(load({"id": ALICE, "type": "Person"}), Actor)


def test_an_id_with_a_context_of_its_own_is_a_reference() -> None:
    said = {"id": "https://a.example/1", "@context": "https://www.w3.org/ns/activitystreams"}
    page = load({"type": "OrderedCollectionPage", "id": "https://a.example/o", "orderedItems": [said]})
    assert isinstance(page, OrderedCollectionPage)
    assert page.members == ("https://a.example/1",)
