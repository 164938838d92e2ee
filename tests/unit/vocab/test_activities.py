"""Activities: who does what, by id and embedded."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import LocalProtocolError, MissingProperty, TypeMismatch
from fedtext.vocab import (
    PUBLIC,
    Accept,
    Activity,
    Announce,
    Arrive,
    Block,
    Create,
    Delete,
    EmojiReact,
    Flag,
    Follow,
    Ignore,
    IntransitiveActivity,
    Invite,
    Like,
    Move,
    Note,
    Offer,
    Question,
    TentativeAccept,
    Tombstone,
    Travel,
    Undo,
    dump,
    load,
)
from fedtext.vocab.activities import check_actor

ALICE = "https://blog.example/users/alice"
BOB = "https://other.example/users/bob"

ACTOR_IDS = [
    (ALICE, ALICE),
    ([ALICE], ALICE),
    ({"id": ALICE}, ALICE),
    ([{"id": ALICE, "type": "Person"}], ALICE),
    ([ALICE, BOB], None),  # SEC-032: nobody, where two might be meant
    ({"type": "Person", "name": "A"}, None),
    ([], None),
    (None, None),
]


@pytest.mark.parametrize(("value", "expected"), ACTOR_IDS)
def test_mod_02_the_id_of_the_actor(value: Any, expected: str | None) -> None:
    found = load({"type": "Like", "actor": value})
    assert isinstance(found, Activity)
    assert found.actor_id == expected


BAD_ACTORS = [1, True, "", "1", "x", "/x", {}, {"id": 1}, {"id": "x"}, ["a", "b"], [[ALICE]], [ALICE, 3]]


@pytest.mark.parametrize("bad", BAD_ACTORS)
@pytest.mark.parametrize("member", ["actor", "attributedTo"])
def test_sec_032_a_bad_actor_or_author_refuses_the_document(bad: Any, member: str) -> None:
    with pytest.raises(TypeMismatch):
        load({"type": "Create", member: bad})
    with pytest.raises(TypeMismatch):
        check_actor(bad)


def test_the_id_of_the_object() -> None:
    assert Like(actor=ALICE, object=BOB).object_id == BOB
    assert Like(actor=ALICE, object=Note(id="https://x.example/1")).object_id == "https://x.example/1"
    assert Like(actor=ALICE, object=Note()).object_id is None
    for missing in ({}, {"object": 3}, {"object": None}):
        found = load({"type": "Like", **missing})
        assert isinstance(found, Activity)
        assert found.object_id is None


def test_mod_46_undo_embeds_the_whole_activity() -> None:
    follow = Follow(id=f"{ALICE}#follow/1", actor=ALICE, object=BOB)
    undo = Undo(id=f"{ALICE}#undo/1", actor=ALICE, object=follow, to=BOB)
    inner: Any = dump(undo)["object"]
    assert (inner["id"], inner["type"], inner["actor"], inner["object"]) == (f"{ALICE}#follow/1", "Follow", ALICE, BOB)
    assert undo.object == follow


def test_mod_48_an_accept_carries_the_follow_with_its_own_id() -> None:
    follow = load(
        {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{BOB}#f",
            "type": "Follow",
            "actor": BOB,
            "object": ALICE,
        }
    )
    accept: Any = dump(Accept(id=f"{ALICE}#a", actor=ALICE, object=follow, to=BOB))
    assert accept["object"] == {"id": f"{BOB}#f", "type": "Follow", "actor": BOB, "object": ALICE}
    assert accept["to"] == [BOB]


def test_mod_26_a_delete_carries_a_tombstone() -> None:
    delete = Delete(actor=ALICE, object=Tombstone(id="https://blog.example/1"))
    assert dump(delete, context=False)["object"] == {"id": "https://blog.example/1", "type": "Tombstone"}
    assert isinstance(delete.object, Tombstone)


def test_mod_52_a_flag_names_several() -> None:
    flag = load({"type": "Flag", "actor": ALICE, "object": [BOB, "https://other.example/1"], "content": "spam"})
    assert isinstance(flag, Flag)
    assert flag.objects == (BOB, "https://other.example/1")


def test_mod_42_reactions() -> None:
    react = load({"type": "EmojiReact", "actor": ALICE, "object": "https://other.example/1", "content": "🎉"})
    assert isinstance(react, EmojiReact)
    assert react.content == "🎉"
    assert {"litepub": "http://litepub.social/ns#", "EmojiReact": "litepub:EmojiReact"} in dump(react)["@context"]  # type: ignore[operator]


def test_mod_54_a_move_has_a_target() -> None:
    move = load({"type": "Move", "actor": ALICE, "object": ALICE, "target": {"id": BOB}})
    assert isinstance(move, Move)
    assert (move.object, move.target) == (ALICE, BOB)


def test_mod_36_a_question_is_content_not_an_activity() -> None:
    assert not isinstance(load({"type": "Question", "actor": ALICE}), Activity)
    assert isinstance(load({"type": "Question"}), Question)


def test_subscripting_a_class_changes_nothing_at_run_time() -> None:
    create = Create[Note](actor=ALICE, object=Note(content="x"))
    assert type(create) is Create
    assert create.object.content == "x"
    assert create == Create(actor=ALICE, object=Note(content="x"))


def test_activities_written_by_us_have_addressees_even_if_none() -> None:
    announce = Announce(actor=ALICE, object="https://other.example/1", cc=BOB)
    assert dump(announce, context=False) == {
        "type": "Announce",
        "actor": ALICE,
        "to": [],
        "cc": [BOB],
        "object": "https://other.example/1",
    }


REACTIONS: list[tuple[dict[str, Any], str | None]] = [
    ({"type": "Like"}, None),
    ({"type": "Like", "content": "x"}, "x"),
    ({"type": "Like", "name": "x"}, "x"),
    ({"type": "Like", "_misskey_reaction": ":a:", "content": "b", "name": "c"}, ":a:"),
    ({"type": "Like", "content": "b", "name": "c"}, "b"),
    ({"type": "EmojiReact", "content": ":a:"}, ":a:"),
    ({"type": "EmojiReact", "name": ":a:"}, None),
]


@pytest.mark.spec("MOD-41", "MOD-42")
@pytest.mark.parametrize(("members", "expected"), REACTIONS)
def test_mod_42_a_reaction_stands_in_several_places(members: dict[str, Any], expected: str | None) -> None:
    found = load({"actor": ALICE, "object": BOB, **members})
    assert isinstance(found, Like | EmojiReact)
    assert found.reaction == expected


@pytest.mark.parametrize("kind", [IntransitiveActivity, Arrive, Travel])
def test_an_intransitive_activity_has_no_object(kind: type[IntransitiveActivity]) -> None:
    made = kind(actor=ALICE, origin="https://places.example/1", to=PUBLIC)
    assert "object" not in dump(made)
    assert made.object_id is None
    assert load(dump(made)) == made
    with pytest.raises(MissingProperty):
        _ = made.object
    with pytest.raises(LocalProtocolError):
        kind(actor=ALICE, object=BOB)
    # What others put there is not thrown away.
    assert getattr(load({"type": kind.written_type, "object": BOB}), "object") == BOB  # noqa: B009 -- of its class, nothing is known here


def test_activities_are_kinds_of_each_other_as_the_vocabulary_says() -> None:
    for kind, parent in ((Block, Ignore), (Invite, Offer), (TentativeAccept, Accept), (Travel, IntransitiveActivity)):
        assert issubclass(kind, parent)
    assert not issubclass(Question, Activity)
