"""Rules about the shape of documents, one row each: what is read, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import FedtextError, TypeMismatch
from fedtext.vocab import (
    PUBLIC,
    Activity,
    Announce,
    Create,
    Flag,
    Image,
    Link,
    Mention,
    Note,
    Object,
    Person,
    Question,
    Tombstone,
    Undo,
    dump,
    load,
)

ALICE, BOB, POST = "https://a.example/alice", "https://b.example/bob", "https://a.example/1"
BEARCAP = "bear:?t=x&u=https://a.example/notes/1"
NOTE = {"id": POST, "type": "Note"}


def ids(values: tuple[Any, ...]) -> list[Any]:
    return [value.id if isinstance(value, Object) else value for value in values]


# rule, members of a Note, property, what it reads as, whether something is reported
READ: list[tuple[str, dict[str, Any], str, Any, bool]] = [
    ("MOD-04", {"to": ["as:Public"], "cc": "Public"}, "to", (PUBLIC,), False),
    ("MOD-04", {"to": "https://www.w3.org/ns/activitystreams#public"}, "to", (f"{PUBLIC[:-6]}public",), False),
    ("MOD-09", {"attributedTo": ALICE}, "author_id", ALICE, False),
    ("MOD-09", {"attributedTo": {"id": ALICE, "type": "Person"}}, "author_id", ALICE, False),
    ("MOD-09", {"attributedTo": [ALICE, {"id": BOB, "type": "Group"}]}, "author_id", ALICE, False),
    ("MOD-19", {"summary": ""}, "summary", "", False),
    ("MOD-19", {"summary": None}, "summary", None, False),
    ("MOD-19", {"sensitive": "yes"}, "sensitive", None, True),
    ("MOD-20", {"contentMap": {"de": "x"}}, "content", "x", False),
    ("MOD-20", {"content": "y", "contentMap": {"de": "x", "en": "y"}}, "language", "en", False),
    ("MOD-20", {"contentMap": {"not a tag": "x"}}, "language", None, True),
    ("MOD-21", {"inReplyTo": None}, "in_reply_to", None, False),
    ("MOD-21", {"inReplyTo": [{"id": POST, "type": "Note"}]}, "in_reply_to", POST, False),
    ("MOD-21", {"inReplyTo": "not an id"}, "in_reply_to", None, True),
    ("MOD-22", {"published": "yesterday"}, "published", None, True),
    ("MOD-29", {"conversation": "tag:a.example,2024:1"}, "conversation", "tag:a.example,2024:1", False),
    ("MOD-29", {"context": f"{ALICE}/threads/1"}, "context", f"{ALICE}/threads/1", False),
    ("MOD-31", {"source": "plain"}, "source", {"content": "plain"}, False),
    (
        "MOD-31",
        {"source": {"content": "*x*", "mediaType": "text/markdown"}},
        "source",
        {"content": "*x*", "mediaType": "text/markdown"},
        False,
    ),
    ("MOD-31", {"source": 3}, "source", None, True),
    ("MOD-31", {"_misskey_content": "$[x]"}, "misskey_content", "$[x]", False),
    ("MOD-32", {"url": [{"type": "Link", "href": POST, "mediaType": "text/html"}, "magnet:?x"]}, "url", POST, True),
    ("MOD-32", {"url": "javascript:x"}, "url", None, True),
    ("MOD-39", {"likes": {"type": "Collection", "totalItems": 3}}, "problems", (), False),
    ("MOD-42", {"_misskey_reaction": "x"}, "misskey_reaction", "x", False),
    ("MOD-58", {"quoteUri": POST}, "quoted_id", POST, False),
    ("MOD-58", {"quoteUri": BOB, "quoteUrl": ALICE, "_misskey_quote": POST}, "quoted_id", POST, False),
    ("MOD-58", {"quote": {"type": "Tombstone"}, "quoteUrl": POST}, "quoted_id", POST, False),
    ("MOD-58", {"quote": POST, "quoteUrl": ALICE}, "quoted_id", POST, False),
    ("MOD-58", {}, "quoted_id", None, False),
    ("MOD-63", {"approvedBy": f"{ALICE}/approvals/1"}, "approved_by", f"{ALICE}/approvals/1", False),
    ("MOD-68", {"audience": {"id": BOB, "type": "Group"}}, "audience", (BOB,), False),
    ("MOD-71", {"content": "a\x00b"}, "content", "ab", False),
    ("JLD-16", {"to": {"id": ALICE}}, "to", (ALICE,), False),
    ("JLD-16", {"content": ["x"]}, "content", "x", False),
    ("JLD-16", {"content": {"@value": "x", "@language": "en"}}, "content", "x", False),
    ("JLD-16", {"inReplyTo": {"@value": POST}}, "in_reply_to", POST, False),
    (
        "JLD-16",
        {"sensitive": [{"@value": True, "@type": "http://www.w3.org/2001/XMLSchema#boolean"}]},
        "sensitive",
        True,
        False,
    ),
]


@pytest.mark.parametrize(("rule", "members", "attribute", "expected", "reported"), READ)
def test_members(rule: str, members: dict[str, Any], attribute: str, expected: Any, reported: bool) -> None:
    note = load({**NOTE, **members})
    assert getattr(note, attribute) == expected, rule
    assert bool(note.problems) is reported, rule


@pytest.mark.spec("MOD-01", "SEC-032")
@pytest.mark.parametrize("bad", [3, "rel", ["x"], {"id": POST}, True])
def test_mod_01_an_id_is_an_absolute_iri(bad: Any) -> None:
    assert load({"type": "Note", "id": None}).id is None
    with pytest.raises(TypeMismatch):
        load({"type": "Note", "id": bad})


@pytest.mark.spec("MOD-02", "JLD-16")
@pytest.mark.parametrize("actor", [ALICE, {"id": ALICE}, [ALICE], {"id": ALICE, "type": "Person"}])
def test_mod_02_the_actor_in_any_shape_and_as_a_string(actor: Any) -> None:
    read = load({"type": "Like", "actor": actor, "object": POST})
    assert isinstance(read, Activity)
    assert read.actor_id == ALICE
    assert dump(Create(actor=Person(id=ALICE), object=POST))["actor"] == ALICE


@pytest.mark.spec("MOD-03", "MOD-07")
def test_mod_03_addressees_are_arrays_and_both_are_there() -> None:
    document = dump(Note(to=PUBLIC))
    assert (document["to"], document["cc"]) == ([PUBLIC], [])
    assert (dump(Create(actor=ALICE, object=POST))["to"], dump(Note())) == (
        [],
        {"@context": document["@context"], "type": "Note"},
    )


@pytest.mark.spec("MOD-14", "MOD-15", "MOD-16", "MOD-17", "MOD-18")
@pytest.mark.parametrize(
    ("tag", "count", "reported"),
    [
        (None, 0, False),
        ({"type": "Mention", "href": ALICE}, 1, False),
        ([{"type": "Mention", "name": "@alice@a.example"}, None], 1, False),
        (["a text", {"type": "Hashtag", "name": "#x"}], 1, True),
        ([{"type": "Emoji", "id": None, "name": "blob", "icon": "https://a.example/x.png"}], 1, False),
    ],
)
def test_mod_16_tags_in_any_shape(tag: Any, count: int, reported: bool) -> None:
    note = load({**NOTE, "tag": tag})
    assert len(note.tag) == count
    assert bool(note.problems) is reported


@pytest.mark.spec("MOD-26")
@pytest.mark.parametrize("thing", [POST, {"id": POST, "type": "Tombstone", "formerType": "Note"}, NOTE])
def test_mod_26_a_delete_names_what_is_gone(thing: Any) -> None:
    delete = load({"type": "Delete", "actor": ALICE, "object": thing})
    assert isinstance(delete, Activity)
    assert delete.object_id == POST
    if isinstance(delete.object, Tombstone):
        assert delete.object.former_type == ("Note",)


@pytest.mark.spec("MOD-33", "MOD-34", "MOD-35")
def test_mod_33_attachments() -> None:
    picture = {"type": "Image", "url": POST, "name": "n", "summary": "s", "focalPoint": [0, -0.5], "blurhash": "U"}
    note = load({**NOTE, "attachment": [picture, {"type": "Link", "href": POST}]})
    image, link = note.attachment
    assert isinstance(image, Image)
    assert (image.alt, image.focal_point, image.blurhash) == ("s", (0, -0.5), "U")
    assert isinstance(link, Object)
    for bad in ([1], [0, 2], ["x", 0], 3):
        assert load({**picture, "focalPoint": bad}).problems


@pytest.mark.spec("MOD-36")
def test_mod_36_a_poll() -> None:
    option = {"type": "Note", "name": "yes", "replies": {"type": "Collection", "totalItems": 2}}
    poll = load({"type": "Question", "oneOf": [option], "closed": True, "votersCount": 2})
    assert isinstance(poll, Question)
    assert (len(poll.one_of), poll.any_of, poll.closed, poll.voters_count) == (1, (), True, 2)
    assert load({"type": "Question", "oneOf": option, "closed": "2024-01-01T00:00:00Z"}).problems == ()
    assert load({"type": "Question", "votersCount": -1}).problems


@pytest.mark.spec("MOD-41", "MOD-43", "MOD-46", "MOD-48", "MOD-52")
def test_activities_with_ids_objects_and_several_of_them() -> None:
    announce = load({"type": "Announce", "actor": ALICE, "object": {"id": POST, "type": "Note"}})
    assert isinstance(announce, Announce)
    assert announce.object_id == POST
    undo = load({"type": "Undo", "actor": ALICE, "object": {"type": "Like", "actor": ALICE, "object": POST}})
    assert isinstance(undo, Undo)
    assert isinstance(undo.object, Activity)
    flag = load({"type": "Flag", "actor": ALICE, "object": [BOB, POST], "content": "spam"})
    assert isinstance(flag, Flag)
    assert ids(flag.objects) == [BOB, POST]


@pytest.mark.spec("MOD-72")
def test_mod_72_what_nobody_knows_survives_load_change_and_dump() -> None:
    document: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/activitystreams", {"mood": "https://ns.example/mood"}],
        "type": ["Note", "https://ns.example/Poem"],
        "mood": {"deep": [1, {"x": None}]},
        "other": False,
    }
    changed = dump(load(document).evolve(content="x"))
    assert {**document, "content": "x"} == changed


def test_an_id_stays_an_id() -> None:
    note = load({**NOTE, "attributedTo": ALICE})
    assert note.attributed_to == ALICE
    assert dump(note)["attributedTo"] == ALICE


def test_models_match_by_structure() -> None:
    match load({**NOTE, "content": "hello", "inReplyTo": None}):
        case Note(content=text, in_reply_to=None):
            assert text == "hello"
        case _:
            pytest.fail("a Note is a Note")


def test_whatever_comes_is_a_model_or_an_error_of_ours() -> None:
    for value in (None, 3, "x", [], [NOTE]):
        with pytest.raises(FedtextError):
            load(value)  # type: ignore[arg-type]


def test_mentions_read_either_half() -> None:
    mention = load({"type": "Mention", "name": "@alice@a.example"})
    assert isinstance(mention, Mention)
    assert (mention.href, mention.name) == (None, "@alice@a.example")


# -- whole documents: rule, document, what each of its paths reads as ------------------------------------------------

MEMBERS = f"{BOB}/followers"
POLL = "https://a.example/polls/1"
WHOLE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("MOD-30", {"type": "Note", "context": {"type": "Collection", "id": POST}}, {"context": POST}),
    (
        "MOD-37",
        {
            "type": "Create",
            "actor": BOB,
            "object": [{"type": "Note", "name": "yes", "inReplyTo": POLL}, {"name": "no"}],
        },
        {"object.name": "yes", "object.in_reply_to": POLL, "object.content": None, "objects.1.name": "no"},
    ),
    (
        "MOD-38",
        {"type": "Update", "actor": ALICE, "object": {"type": "Question", "oneOf": [{"replies": {"totalItems": 3}}]}},
        {"object.updated": None, "object.one_of.0.replies.id": None},
    ),
    (
        "MOD-40",
        {"type": "Note", "replies": {"type": "Collection", "first": {"type": "CollectionPage", "items": POST}}},
        {"replies.first.members": (POST,)},
    ),
    ("MOD-40", {"type": "Note", "replies": f"{POST}/replies"}, {"replies": f"{POST}/replies"}),
    (
        "MOD-47",
        {"type": "Undo", "actor": ALICE, "object": {"type": "Like", "actor": [ALICE], "object": {"id": POST}}},
        {"object.id": None, "object.actor_id": ALICE, "object.object_id": POST},
    ),
    (
        "MOD-50",
        {"type": "Undo", "object": {"type": "Accept", "object": {"type": "Follow", "actor": ALICE, "object": BOB}}},
        {"object.object.actor_id": ALICE, "object.object.object_id": BOB},
    ),
    ("MOD-53", {"type": "Flag", "actor": ALICE, "object": BOB, "content": f"see {POST}"}, {"content": f"see {POST}"}),
    ("MOD-54", {"type": "Move", "actor": ALICE, "object": ALICE, "target": [BOB]}, {"object": ALICE, "target": BOB}),
    (
        "MOD-55",
        {"type": "Person", "movedTo": {"id": BOB}, "alsoKnownAs": BOB},
        {"moved_to": BOB, "also_known_as": (BOB,)},
    ),
    (
        "MOD-56",
        {"type": "Add", "actor": ALICE, "object": POST, "target": f"{ALICE}/featured"},
        {"id": None, "object_id": POST, "target": f"{ALICE}/featured"},
    ),
    ("MOD-58", {"type": "Note", "quote": {"type": "Tombstone", "id": POST}}, {"quoted_id": POST}),
    (
        "MOD-60",
        {"type": "Note", "interactionPolicy": {"canQuote": {"automaticApproval": ALICE, "manualApproval": [MEMBERS]}}},
        {
            "interaction_policy.can_quote.approved_at_once": (ALICE,),
            "interaction_policy.can_quote.approved_on_request": (MEMBERS,),
            "interaction_policy.can_reply": None,
        },
    ),
    (
        "MOD-61",
        {"type": "Delete", "actor": ALICE, "object": {"type": "QuoteAuthorization", "id": f"{ALICE}/stamps/1"}},
        {"object_id": f"{ALICE}/stamps/1"},
    ),
    ("MOD-64", {"type": "ApproveReply", "actor": ALICE, "object": POST}, {"object": POST}),
    ("MOD-64", {"type": "Note", "replyApproval": f"{ALICE}/approve/1"}, {"reply_approval": f"{ALICE}/approve/1"}),
    ("MOD-65", {"type": "Event", "name": "Fair", "summary": "<p>x</p>", "url": POST}, {"name": "Fair", "url": POST}),
    ("MOD-66", {"type": "Listen", "actor": ALICE, "object": {"type": "Audio"}}, {"actor_id": ALICE}),
    (
        "MOD-67",
        {"type": "Person", "interactionPolicy": {"canFeature": {"automaticApproval": "as:Public"}}},
        {"interaction_policy.can_feature.approved_at_once": (PUBLIC,)},
    ),
    (
        "MOD-67",
        {"type": "FeaturedCollection", "orderedItems": [{"type": "FeaturedItem", "featuredObject": {"id": BOB}}]},
        {"members.0.featured_object": BOB},
    ),
    ("ACT-02", {"type": "Group", "attributedTo": [ALICE]}, {"author_id": ALICE}),
    (
        "ACT-08",
        {"type": "Person", "name": "", "preferredUsername": "alice"},
        {"name": "", "preferred_username": "alice"},
    ),
    ("ACT-08", {"type": "Person", "name": None}, {"name": None, "problems": ()}),
    (
        "ACT-09",
        {"type": "Person", "attachment": {"type": "PropertyValue", "name": "a", "value": "<b>b</b>"}},
        {"attachment.0.name": "a", "attachment.0.value": "<b>b</b>"},
    ),
    ("ACT-12", {"type": "Person", "suspended": True, "memorial": "yes"}, {"suspended": True, "memorial": None}),
    ("ACT-16", {"id": POST, "type": "Person", "url": f"{ALICE}.html"}, {"id": POST, "url": f"{ALICE}.html"}),
    ("ACT-19", {"type": "Delete", "actor": ALICE, "object": {"id": ALICE}}, {"actor_id": ALICE, "object_id": ALICE}),
    ("ACT-23", {"type": "Person", "tag": {"type": "Emoji", "name": "blob"}}, {"tag.0.shortcode": "blob"}),
    ("INB-24", {"type": "Announce", "actor": ALICE, "object": BEARCAP}, {"object_id": BEARCAP, "problems": ()}),
    ("COL-04", {"type": "OrderedCollection", "totalItems": 3}, {"total_items": 3, "first": None, "members": ()}),
    ("COL-07", {"type": "OrderedCollection", "orderedItems": [POST, {"type": "Note"}]}, {"members.0": POST}),
    ("COL-08", {"type": "Collection", "items": {"type": "Hashtag", "name": "#x"}}, {"members.0.topic": "x"}),
    ("COL-09", {"type": "CollectionPage", "partOf": {"id": POST}, "next": [BOB]}, {"part_of": POST, "next": BOB}),
    (
        "COL-15",
        {"type": "QuoteAuthorization", "attributedTo": ALICE, "interactingObject": BOB, "interactionTarget": [POST]},
        {"author_id": ALICE, "interacting_object": BOB, "interaction_target": POST},
    ),
    ("JLD-03", {"type": "Announce", "actor": ALICE, "object": POST}, {"object": POST}),
]


def at(model: Any, path: str) -> Any:
    """Follow attributes and places in lists."""
    for step in path.split("."):
        model = model[int(step)] if step.isdecimal() else getattr(model, step)
    return model


@pytest.mark.spec("ACT-02", "ACT-08", "ACT-09", "ACT-12", "ACT-16", "ACT-23", "INB-24")
@pytest.mark.parametrize(("rule", "document", "expected"), WHOLE)
def test_documents(rule: str, document: dict[str, Any], expected: dict[str, Any]) -> None:
    found = load(document)
    assert {path: at(found, path) for path in expected} == expected, rule
    # The same in the shapes of JSON-LD, member by member.
    kept = ("id", "type", "actor")
    bent = {name: value if name in kept else {"@set": value} for name, value in document.items()}
    found = load(bent)
    assert {path: at(found, path) for path in expected} == expected, rule


@pytest.mark.spec("MOD-57", "TRU-05")
def test_mod_57_a_quote_says_so_in_all_ways() -> None:
    link = Link(href=POST, media_type='application/ld+json; profile="https://www.w3.org/ns/activitystreams"', name="RE")
    made = dump(Note(quote=POST, quote_uri=POST, quote_url=POST, misskey_quote=POST, tag=link))
    assert {made[name] for name in ("quote", "quoteUri", "quoteUrl", "_misskey_quote")} == {POST}  # type: ignore[misc]
    context: Any = made["@context"]
    assert {"quote", "quoteUri", "quoteUrl", "_misskey_quote", "fedibird", "misskey"} == context[1].keys()
    assert len(load(made).object_links) == 1


@pytest.mark.spec("JLD-01", "JLD-02")
def test_jld_01_the_context_names_activitystreams_and_defines_the_rest_inline() -> None:
    context: Any = dump(Note(content="x", tag=Mention(href=ALICE), quote=POST))["@context"]
    assert context[0] == "https://www.w3.org/ns/activitystreams"
    assert all(isinstance(entry, dict) for entry in context[1:])
