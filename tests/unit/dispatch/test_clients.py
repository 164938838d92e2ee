"""What a client says, as an activity of its actor."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.dispatch import owners_activity
from fedtext.errors import DocumentError, MissingProperty, OriginMismatch
from fedtext.vocab import Activity, Create, Follow, Like, Note, dump

ALICE, BOB, EVE = (f"https://{host}.example.org/u" for host in ("a", "b", "e"))
AS = "https://www.w3.org/ns/activitystreams"


def said(**members: Any) -> Activity:
    return owners_activity({"@context": AS, **members}, ALICE)


@pytest.mark.spec("AP-C07")
def test_ap_c07_what_is_no_activity_is_created():
    activity = said(type="Note", id=f"{ALICE}/mine", content="hi", to=[BOB], cc=EVE, bto=[EVE], bcc=[BOB])
    assert isinstance(activity, Create)
    document = dump(activity)
    assert (document["@context"], document["actor"], "id" in document) == (AS, ALICE, False)
    inner = document["object"]
    assert (inner["type"], inner["content"], inner["attributedTo"], "id" in inner) == ("Note", "hi", ALICE, False)
    for holder in (document, inner):
        assert [holder[name] for name in ("to", "cc", "bto", "bcc")] == [[BOB], [EVE], [EVE], [BOB]]


@pytest.mark.spec("AP-C06")
def test_ap_c06_a_create_and_its_object_are_for_the_same_people():
    note = {"type": "Note", "to": [BOB, {"id": EVE}], "audience": [EVE]}
    document = dump(said(type="Create", to=[EVE], bcc=[BOB, 7], object=note))
    for holder in (document, document["object"]):
        assert holder["to"] == [EVE, BOB]
        assert holder["bcc"] == [BOB]
        assert holder["audience"] == [EVE]


@pytest.mark.spec("AP-C01")
def test_ap_c01_the_id_of_a_client_is_ignored_unless_it_names_what_is_there():
    like = said(type="Like", id=f"{ALICE}/like", object={"id": f"{BOB}/1", "type": "Note"})
    assert isinstance(like, Like)
    assert (like.id, like.actor_id, like.object_id) == (None, ALICE, f"{BOB}/1")
    assert said(type="Update", id="x", object={"id": f"{ALICE}/1", "type": "Note"}).object_id == f"{ALICE}/1"
    assert said(type="Create", object=f"{ALICE}/1").object_id == f"{ALICE}/1"


NEEDING = ["Create", "Update", "Delete", "Follow", "Add", "Remove", "Like", "Block", "Undo"]


@pytest.mark.spec("AP-C05")
@pytest.mark.parametrize("kind", NEEDING)
@pytest.mark.parametrize("left_out", [None, "object", "target"])
def test_ap_c05_nine_types_need_an_object_and_two_a_target(kind, left_out):
    members = {"object": BOB, "target": f"{ALICE}/list"}
    members.pop(left_out or "", None)
    if left_out == "object" or (left_out == "target" and kind in ("Add", "Remove")):
        with pytest.raises(MissingProperty):
            said(type=kind, **members)
    else:
        assert said(type=kind, **members).type_name == kind


def test_other_activities_need_neither():
    assert said(type="Arrive").type_name == "Arrive"


@pytest.mark.spec("AP-C06")
@pytest.mark.parametrize("own", [ALICE, {"id": ALICE, "type": "Person"}, [ALICE], None])
def test_the_owner_may_name_itself(own):
    assert said(type="Follow", actor=own, object=BOB).actor_id == ALICE
    create = said(type="Create", actor=own, object={"type": "Note", "attributedTo": own})
    assert isinstance(create.object, Note)
    assert create.object.attributed_to == ALICE


@pytest.mark.parametrize("other", [BOB, {"id": BOB}, [ALICE, BOB], {"type": "Person"}])
def test_nobody_speaks_in_the_name_of_somebody_else(other):
    for members in ({"type": "Follow", "actor": other, "object": BOB}, {"type": "Note", "attributedTo": other}):
        with pytest.raises(OriginMismatch):
            said(**members)


@pytest.mark.parametrize("members", [{}, {"type": None}, {"type": 7}, {"type": []}])
def test_what_has_no_type_is_refused(members):
    with pytest.raises(DocumentError):
        said(content="x", **members)


def test_what_was_said_stays_as_it_was():
    document = {"@context": AS, "id": "x", "type": "Note", "content": "x"}
    owners_activity(document, ALICE)
    assert document == {"@context": AS, "id": "x", "type": "Note", "content": "x"}
    assert isinstance(owners_activity({"type": "Follow", "object": BOB}, ALICE), Follow)
