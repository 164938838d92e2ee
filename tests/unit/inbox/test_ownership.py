"""Who may say what: SEC-072, 079 to 082, 085; INB-08, 09, 17, 18. Every case in every spelling of its type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fedtext.errors import FedtextError, MalformedIri, MissingProperty, OriginMismatch, TypeMismatch
from fedtext.inbox.ownership import HELD_COUNT_MAX, check_held, check_ours, confine, held_ids, identifier
from fedtext.jsonld import normalize
from fedtext.jsonld.terms import standard_iris
from fedtext.vocab import Activity, Create, load
from fedtext.wire.json import JsonObject

A = "https://a.example.com"
ALICE = f"{A}/users/alice"
BO = f"{A}/users/bo"
VICTIM = "https://v.example.org/users/victim"
OURS = "https://b.example.com/users/bob"
AS2 = "https://www.w3.org/ns/activitystreams"

NOTE = {"id": f"{A}/notes/1", "type": "Note", "attributedTo": ALICE, "content": "x"}
FOREIGN = {"id": "https://v.example.org/notes/1", "type": "Note", "attributedTo": VICTIM, "content": "never said"}
FOLLOW = {"id": "https://b.example.com/follows/1", "type": "Follow", "actor": OURS, "object": ALICE}
OWN_FOLLOW = {"id": f"{A}/follows/1", "type": "Follow", "actor": ALICE, "object": OURS}


class Publish(Create, type="https://ns.example/Publish"):
    """An application's own kind of Create."""


def activity(kind: Any, value: Any = ..., **members: Any) -> dict[str, Any]:
    document = {"@context": AS2, "id": f"{A}/activities/1", "type": kind, "actor": ALICE, "object": value, **members}
    return {name: member for name, member in document.items() if member is not ...}


def judged(document: dict[str, Any], actor: str = ALICE) -> JsonObject:
    normalized = normalize(document)
    loaded = load(normalized)
    assert isinstance(loaded, Activity)
    return confine(normalized, loaded, actor)


ALLOWED: list[dict[str, Any]] = [
    activity("Create", NOTE),
    activity("Create", {**NOTE, "attributedTo": [ALICE]}),
    activity("Create", {**NOTE, "attributedTo": {"id": ALICE, "type": "Person"}}),
    activity("Create", f"{A}/notes/1"),
    activity("Create", {"id": f"{A}/notes/1"}),
    activity("Create", {**NOTE, "id": f"{A}/activities/1#note"}),
    activity("Update", NOTE),
    activity("Update", {"id": ALICE, "type": "Person"}),
    activity("Delete", f"{A}/notes/1"),
    activity("Delete", ALICE),
    activity("Delete", {"id": f"{A}/notes/1", "type": "Tombstone"}),
    activity("Delete", {"id": ALICE, "type": "Person", "inbox": f"{ALICE}/inbox"}),
    activity("Undo", OWN_FOLLOW),
    activity("Undo", {"type": "Follow", "actor": ALICE, "object": OURS}),
    activity("Undo", f"{A}/follows/1"),
    activity("Undo", {"id": f"{A}/follows/1"}),
    activity("Accept", FOLLOW),
    activity("Accept", {"type": "Follow", "actor": OURS, "object": ALICE}),
    activity("Accept", "https://b.example.com/follows/1"),
    activity("Reject", FOLLOW),
    activity("Add", f"{A}/notes/1", target=f"{ALICE}/featured"),
    activity("Remove", f"{A}/notes/1", target={"id": f"{ALICE}/featured", "type": "Collection"}, id=...),
    activity("Move", ALICE, target="https://new.example.net/users/alice"),
    activity("Like", FOREIGN),
    activity("Announce", FOREIGN),
    activity("Announce", {**NOTE, "attributedTo": BO}),
    activity("Flag", [VICTIM, FOREIGN]),
    activity("Follow", OURS),
    activity("Block", OURS),
    activity("https://ns.example/Wave", {"type": "Note", "content": "hi"}),
    activity("QuoteRequest", OURS, instrument=NOTE),
    activity("QuoteRequest", OURS, instrument=f"{A}/notes/1"),
    activity("QuoteRequest", OURS, instrument={"id": f"{A}/notes/1"}),
    activity("LikeRequest", OURS),
    activity("FeatureRequest", OURS, instrument={"id": f"{A}/lists/1", "type": "Collection", "attributedTo": ALICE}),
]

REFUSED: list[tuple[dict[str, Any], type[FedtextError]]] = [
    # SEC-072: whose id
    (activity("Like", OURS, id=...), MissingProperty),
    (activity("Like", OURS, id="https://v.example.org/1"), OriginMismatch),
    (activity("Like", OURS, id="http://a.example.com/1"), OriginMismatch),
    (activity("Like", OURS, id="https://a.example.com:8443/1"), OriginMismatch),
    (activity("Like", OURS, id="did:key:z6Mk"), MalformedIri),
    # SEC-080: whose words
    (activity("Create", {**NOTE, "attributedTo": BO}), OriginMismatch),
    (activity("Create", {**NOTE, "attributedTo": VICTIM}), OriginMismatch),
    (activity("Create", {**NOTE, "attributedTo": {"id": BO}}), OriginMismatch),
    (activity("Create", {**NOTE, "attributedTo": [ALICE, BO]}), OriginMismatch),
    (activity("Create", {**NOTE, "attributedTo": []}), OriginMismatch),
    (activity("Create", {**NOTE, "attributedTo": None}), OriginMismatch),
    (activity("Create", {"id": f"{A}/notes/1", "type": "Note"}), OriginMismatch),
    (activity("Create", {"id": f"{A}/notes/1", "type": "Question", "actor": BO}), OriginMismatch),
    (activity("Create", {**NOTE, "id": "https://v.example.org/notes/1"}), OriginMismatch),
    (activity("Create", FOREIGN), OriginMismatch),
    (activity("Create", [NOTE, FOREIGN]), OriginMismatch),
    (activity("Create", FOREIGN["id"]), OriginMismatch),
    (activity("Create", {"type": "Note", "attributedTo": ALICE}), MissingProperty),
    (activity("Create"), MissingProperty),
    (activity("Create", None), MissingProperty),
    (activity("Create", 7), TypeMismatch),
    # INB-05: nothing that it is done to
    *((activity(kind), MissingProperty) for kind in ("Like", "Dislike", "Announce", "Follow", "Block", "Flag", "Move")),
    *((activity("Like", nothing), TypeMismatch) for nothing in ([], {}, "", 7, True, [None], ["x", 7], [[]])),
    (activity("Like", None), MissingProperty),
    (activity("EmojiReact", None), MissingProperty),
    # SEC-081: whose things
    (activity("Update", FOREIGN), OriginMismatch),
    (activity("Update", {**NOTE, "attributedTo": BO}), OriginMismatch),
    (activity("Update", {"id": BO, "type": "Person"}), OriginMismatch),
    (activity("Update", OURS), OriginMismatch),
    (activity("Delete", FOREIGN["id"]), OriginMismatch),
    (activity("Delete", FOREIGN), OriginMismatch),
    (activity("Delete", {**NOTE, "attributedTo": BO}), OriginMismatch),
    (activity("Delete", {"id": f"{A}/notes/1", "type": "Tombstone", "attributedTo": BO}), OriginMismatch),
    (activity("Delete", {"id": BO, "type": "Person", "inbox": f"{BO}/inbox"}), OriginMismatch),
    (activity("Delete", OURS), OriginMismatch),
    (activity("Delete"), MissingProperty),
    (activity("Undo", {**OWN_FOLLOW, "actor": BO}), OriginMismatch),
    (activity("Undo", {**OWN_FOLLOW, "actor": VICTIM}), OriginMismatch),
    (activity("Undo", {**OWN_FOLLOW, "id": "https://v.example.org/follows/1"}), OriginMismatch),
    (activity("Undo", "https://v.example.org/follows/1"), OriginMismatch),
    (activity("Undo", {"type": "Follow", "object": OURS}), OriginMismatch),
    (activity("Undo"), MissingProperty),
    (activity("Accept", {**FOLLOW, "object": VICTIM}), OriginMismatch),
    (activity("Accept", {**FOLLOW, "type": ["x", "Follow"], "object": BO}), OriginMismatch),
    (activity("Accept", {"type": "Follow", "actor": OURS, "object": BO}), OriginMismatch),
    (activity("Reject", {**FOLLOW, "object": VICTIM}), OriginMismatch),
    (activity("TentativeAccept", {**FOLLOW, "object": VICTIM}), OriginMismatch),
    (activity("Add", f"{A}/notes/1", target="https://v.example.org/users/victim/featured"), OriginMismatch),
    (activity("Add", f"{A}/notes/1"), OriginMismatch),
    (activity("Remove", f"{A}/notes/1", target={"type": "Collection"}), OriginMismatch),
    (activity("Move", BO, target="https://new.example.net/users/alice"), OriginMismatch),
    (activity("Move", VICTIM), OriginMismatch),
    (activity("QuoteRequest", OURS, instrument=FOREIGN), OriginMismatch),
    (activity("QuoteRequest", OURS, instrument=FOREIGN["id"]), OriginMismatch),
    (activity("QuoteRequest", OURS, instrument={**NOTE, "attributedTo": BO}), OriginMismatch),
    (activity("QuoteRequest", OURS, instrument={"id": f"{A}/notes/1", "type": "Note"}), OriginMismatch),
    (activity("QuoteRequest", OURS, instrument={"type": "Note", "attributedTo": ALICE}), OriginMismatch),
    (activity("QuoteRequest", OURS, instrument=[NOTE, FOREIGN]), OriginMismatch),
    (activity("ReplyRequest", OURS, instrument=7), OriginMismatch),
    # SEC-079: words in somebody's name that nobody can ask him about
    (activity("Announce", {"type": "Note", "attributedTo": VICTIM, "content": "never said"}), OriginMismatch),
    (activity("Announce", {"id": None, "type": "Note", "attributedTo": VICTIM}), OriginMismatch),
    (activity("Announce", [{"type": "Note", "attributedTo": VICTIM}]), OriginMismatch),
    (activity("Announce", {"type": "Note", "attributedTo": VICTIM, "object": ALICE}), OriginMismatch),
    (activity("Announce", {"type": "Create", "object": {"type": "Note", "attributedTo": VICTIM}}), OriginMismatch),
    (activity("Announce", {"type": "Create", "actor": VICTIM, "object": {"type": "Note"}}), OriginMismatch),
]


def spellings(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the same activity with its type in every spelling that leads to the same listeners."""
    kind = document["type"]
    if ":" in kind:
        return [document]
    prefixed = {**document, "@context": [AS2, {"streams": f"{AS2}#"}], "type": f"streams:{kind}"}
    renamed = {name: value for name, value in document.items() if name != "type"} | {"@type": kind}
    lists = [{**document, "type": kinds} for kinds in ([kind], ["https://ns.example/X", kind], [kind, "X"])]
    if not standard_iris().get(kind, "").startswith(AS2):  # of another vocabulary: these would be other types
        return [document, *lists, renamed]
    return [
        document,
        *lists,
        {**document, "type": f"as:{kind}"},
        {**document, "type": f"{AS2}#{kind}"},
        prefixed,
        renamed,
    ]


@pytest.mark.spec("INB-08", "INB-18", "ACT-18", "AP-S11", "AP-S12", "AP-S16", "AP-S18")
@pytest.mark.parametrize("document", ALLOWED, ids=lambda document: json.dumps(document)[40:160])
def test_what_an_actor_may_say(document: dict[str, Any]) -> None:
    for spelled in spellings(document):
        before = json.dumps(spelled)
        assert judged(spelled)["actor"] == ALICE
        assert json.dumps(spelled) == before, "the given document is not changed"


@pytest.mark.spec(
    "SEC-072",
    "SEC-079",
    "SEC-080",
    "SEC-081",
    "SEC-082",
    "SEC-085",
    "INB-08",
    "INB-17",
    "INB-18",
    "ACT-18",
    "AP-02",
    "AP-S11",
    "AP-S12",
    "AP-S16",
    "AP-S18",
)
@pytest.mark.parametrize(("document", "error"), REFUSED, ids=[json.dumps(case[0])[40:160] for case in REFUSED])
def test_sec_081_what_an_actor_may_not_say(document: dict[str, Any], error: type[FedtextError]) -> None:
    for spelled in spellings(document):
        with pytest.raises(error):
            judged(spelled)


@pytest.mark.spec("AP-S02")
@pytest.mark.parametrize("kind", ["Create", "Update", "Delete", "Follow", "Add", "Remove", "Like", "Block", "Undo"])
def test_ap_s02_nothing_is_done_to_nothing(kind: str) -> None:
    with pytest.raises(MissingProperty):
        judged(activity(kind, target=f"{ALICE}/featured"))


@pytest.mark.spec("AP-S02")
@pytest.mark.parametrize("kind", ["Add", "Remove"])
def test_ap_s02_nothing_is_added_to_nothing(kind: str) -> None:
    assert judged(activity(kind, NOTE["id"], target=f"{ALICE}/featured"))
    with pytest.raises(OriginMismatch):
        judged(activity(kind, NOTE["id"]))


@pytest.mark.spec("SEC-080")
def test_sec_080_a_type_of_the_application_is_judged_as_what_it_is() -> None:
    kind = "https://ns.example/Publish"
    assert judged(activity(kind, NOTE))["object"] == NOTE
    with pytest.raises(OriginMismatch):
        judged(activity(kind, {**NOTE, "attributedTo": BO}))
    named = activity("Publish", FOREIGN) | {"@context": [AS2, {"Publish": kind}]}
    with pytest.raises(OriginMismatch):
        judged(named)


# ---- what is left of others (INB-09, SEC-079) ------------------------------------------------------------------------

ID = FOREIGN["id"]
REDUCED: list[tuple[str, dict[str, Any], str, Any]] = [
    ("Like", {"object": FOREIGN}, "object", ID),
    ("Announce", {"object": FOREIGN}, "object", ID),
    ("Announce", {"object": [FOREIGN, NOTE]}, "object", [ID, NOTE]),
    ("Announce", {"object": NOTE}, "object", NOTE),
    ("Announce", {"object": {**NOTE, "attributedTo": BO}}, "object", NOTE["id"]),
    ("Announce", {"object": {"id": f"{A}/1", "type": "Create", "actor": ALICE}}, "object", f"{A}/1"),
    ("Create", {"object": {**NOTE, "inReplyTo": FOREIGN}}, "object", {**NOTE, "inReplyTo": ID}),
    ("Create", {"object": {**NOTE, "quote": FOREIGN}}, "object", {**NOTE, "quote": ID}),
    ("Create", {"object": {**NOTE, "replies": {"items": [FOREIGN]}}}, "object", {**NOTE, "replies": {"items": [ID]}}),
    ("Accept", {"object": FOLLOW}, "object", FOLLOW["id"]),
    ("Like", {"object": ID, "target": FOREIGN}, "target", ID),
    ("Like", {"object": ID, "instrument": [FOREIGN]}, "instrument", [ID]),
    ("Like", {"object": ID, "https://ns.example/x": FOREIGN}, "https://ns.example/x", ID),
    ("Like", {"object": ID, "actor": {"id": ALICE, "type": "Person"}}, "actor", ALICE),
    ("Like", {"object": ID, "actor": [ALICE]}, "actor", ALICE),
]


@pytest.mark.spec("SEC-079", "INB-09")
@pytest.mark.parametrize(("kind", "members", "name", "expected"), REDUCED)
def test_sec_079_of_others_only_ids_are_left(kind: str, members: dict[str, Any], name: str, expected: Any) -> None:
    assert judged(activity(kind, **members))[name] == expected


def test_sec_079_an_embedded_object_of_ours_is_only_its_id() -> None:
    forged = {"id": "https://b.example.com/notes/1", "type": "Note", "attributedTo": OURS, "content": "never said"}
    assert judged(activity("Like", forged))["object"] == forged["id"]


# ---- what we hold (SEC-081, SEC-082) ---------------------------------------------------------------------------------

HELD: list[tuple[dict[str, Any], JsonObject, bool, type[FedtextError] | None]] = [
    (activity("Update", f"{A}/notes/1"), {}, False, None),
    (activity("Update", f"{A}/notes/1"), {**NOTE}, False, None),
    (activity("Update", f"{A}/notes/1"), {**NOTE, "attributedTo": BO}, False, OriginMismatch),
    (activity("Update", NOTE), {**NOTE, "attributedTo": BO}, False, OriginMismatch),
    (activity("Delete", f"{A}/notes/1"), {**NOTE, "attributedTo": [BO]}, False, OriginMismatch),
    (activity("Delete", f"{A}/notes/1"), {**NOTE, "attributedTo": {"id": ALICE}}, False, None),
    (activity("Delete", [f"{A}/notes/1"]), {**NOTE, "attributedTo": BO}, False, OriginMismatch),
    (activity("Delete", BO), {"id": BO, "type": "Person", "inbox": f"{BO}/inbox"}, False, OriginMismatch),
    (activity("Delete", BO), {}, True, OriginMismatch),
    (activity("Delete", ALICE), {"id": ALICE, "type": "Person", "inbox": f"{ALICE}/inbox"}, True, None),
    (activity("Undo", f"{A}/likes/1"), {"type": "Like", "actor": BO}, False, OriginMismatch),
    (activity("Undo", f"{A}/likes/1"), {"type": "Like", "actor": ALICE}, False, None),
    (activity("Accept", FOLLOW["id"]), {"type": "Follow", "actor": OURS, "object": BO}, False, OriginMismatch),
    (activity("Accept", FOLLOW["id"]), {"type": "Follow", "actor": OURS, "object": ALICE}, False, None),
    (activity("Accept", FOLLOW["id"]), {"type": "Offer", "actor": OURS, "object": BO}, False, None),
    (activity("Reject", FOLLOW["id"]), {"type": ["Follow"], "actor": OURS, "object": BO}, False, OriginMismatch),
    (activity("Like", f"{A}/notes/1"), {**NOTE, "attributedTo": BO}, False, None),
]


@pytest.mark.spec("SEC-081", "SEC-082", "INB-17")
@pytest.mark.parametrize(("document", "held", "known", "error"), HELD)
def test_sec_082_neighbours_share_an_origin_but_not_their_things(
    document: dict[str, Any], held: JsonObject, known: bool, error: type[FedtextError] | None
) -> None:
    loaded = load(document)
    assert isinstance(loaded, Activity)
    object_id = str(identifier(document["object"]))
    holdings = {object_id: held} if held else {}
    facts = frozenset({object_id}) if known else frozenset[str]()
    if error is None:
        check_held(document, loaded, ALICE, holdings, facts)
    else:
        with pytest.raises(error):
            check_held(document, loaded, ALICE, holdings, facts)


@pytest.mark.spec("INB-17", "SEC-085")
@pytest.mark.parametrize("kind", ["Accept", "Reject", "TentativeAccept"])
@pytest.mark.parametrize(
    ("about", "ours"),
    [
        (FOLLOW, True),
        ({**FOLLOW, "actor": {"id": OURS}}, True),
        (FOLLOW["id"], True),
        ({**FOLLOW, "type": "Offer", "actor": VICTIM}, True),
        ({**FOLLOW, "actor": VICTIM}, False),
        ({**FOLLOW, "type": ["x", "Follow"], "actor": VICTIM}, False),
        ([FOLLOW, {**FOLLOW, "actor": ALICE}], False),
        ({"type": "Follow", "object": ALICE}, False),
        ({**FOLLOW, "actor": "bob"}, False),
    ],
)
def test_inb_17_only_follows_of_ours_are_answered(kind: str, about: Any, ours: bool) -> None:
    document = activity(kind, about)
    loaded = load(document)
    assert isinstance(loaded, Activity)
    if ours:
        check_ours(document, loaded, lambda url: url.host == "b.example.com")
    else:
        with pytest.raises((OriginMismatch, MalformedIri)):
            check_ours(document, loaded, lambda url: url.host == "b.example.com")


def test_which_ids_are_compared_is_bounded() -> None:
    document = activity("Delete", [f"{A}/{number}" for number in range(100)])
    loaded = load(document)
    assert isinstance(loaded, Activity)
    assert len(held_ids(document, loaded, ALICE)) == HELD_COUNT_MAX


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *[("x", "x"), ({"id": "x"}, "x"), (["x"], "x"), ([{"id": "x"}], "x"), (["x", "y"], None), ([], None)],
        *[("", None), ({"id": 1}, None), ({}, None), (1, None), (None, None), (True, None), ([["x"]], None)],
    ],
)
def test_identifiers(value: Any, found: str | None) -> None:
    assert identifier(value) == found


def test_an_id_of_another_type_never_gets_so_far() -> None:
    with pytest.raises(TypeMismatch):
        judged(activity("Like", OURS, id=7))


@pytest.mark.vectors("origin/fep-fe34.json")
def test_shared_cases(vector_file: Path) -> None:
    """Those of `authenticate` that need no network; what is stored stands in for what we hold."""
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        given = case["given"]
        if case["function"] != "authenticate" or given["signer"] != given["activity"]["actor"]:
            continue
        allowed = [one["verdict"] for one in case.get("expect_any", [case.get("expect")])]
        document, signer = normalize(given["activity"]), given["signer"]
        loaded, stored = load(document), given.get("stored")
        assert isinstance(loaded, Activity)
        try:
            confine(document, loaded, signer)
            check_ours(document, loaded, lambda _url: False)
            check_held(document, loaded, signer, {stored["id"]: stored} if stored else {}, frozenset())
        except FedtextError:
            assert "refuse" in allowed, case["id"]
        else:
            assert "accept" in allowed, case["id"]
