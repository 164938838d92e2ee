"""Keys of listeners: by type, supertype, and the type of the embedded object."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import ConfigurationError
from fedtext.jsonld import ACTIVITYSTREAMS, normalize
from fedtext.vocab import (
    Activity,
    Actor,
    Announce,
    Article,
    Create,
    Follow,
    Note,
    Object,
    Person,
    Reject,
    TentativeReject,
    Update,
    listener_key,
    load,
    matches,
)

ALICE = "https://blog.example/users/alice"
NOTE: dict[str, Any] = {"id": "https://blog.example/1", "type": "Note"}

MATCHES: list[tuple[dict[str, Any], Any, bool]] = [
    ({"type": "Create", "object": NOTE}, Create, True),
    ({"type": "Create", "object": NOTE}, Create[Note], True),
    ({"type": "Create", "object": NOTE}, Create[Object], True),
    ({"type": "Create", "object": NOTE}, Create[Article], False),
    ({"type": "Create", "object": NOTE}, Create[Article | Note], True),
    ({"type": "Create", "object": NOTE}, Activity, True),
    ({"type": "Create", "object": NOTE}, Activity[Note], True),
    ({"type": "Create", "object": NOTE}, Follow, False),
    ({"type": "Create", "object": NOTE}, Announce[Note], False),
    ({"type": "Create", "object": [NOTE]}, Create[Note], True),
    ({"type": ["Create", "https://ns.example/Other"], "object": NOTE}, Create[Note], True),
    # What is only named has no type yet.
    ({"type": "Create", "object": "https://blog.example/1"}, Create[Note], False),
    ({"type": "Create", "object": "https://blog.example/1"}, Create, True),
    ({"type": "Create"}, Create[Note], False),
    ({"type": "Create", "object": 3}, Create[Note], False),
    ({"type": "Create"}, Create, True),
    ({"type": "Update", "object": {"id": ALICE, "type": "Person"}}, Update[Actor], True),
    ({"type": "Update", "object": {"id": ALICE, "type": "Person"}}, Update[Person], True),
    ({"type": "TentativeReject", "object": NOTE}, Reject, True),
    ({"type": "Reject", "object": NOTE}, TentativeReject, False),
    ({"type": "https://ns.example/Unheard", "object": NOTE}, Activity, True),
    ({"type": "https://ns.example/Unheard", "object": NOTE}, Create, False),
]


@pytest.mark.parametrize(("members", "key", "expected"), MATCHES)
def test_matching(members: dict[str, Any], key: Any, expected: bool) -> None:
    activity = load({"actor": ALICE, **members})
    assert isinstance(activity, Activity)
    assert matches(activity, key) is expected


def test_a_key_is_taken_apart() -> None:
    assert listener_key(Create) == (Create, ())
    assert listener_key(Create[Note]) == (Create, (Note,))
    cls, wanted = listener_key(Create[Note | Article])
    assert (cls, set(wanted)) == (Create, {Note, Article})  # Python takes A | B and B | A for the same key
    assert listener_key(Create[Object]) == (Create, (Object,))
    assert listener_key(Update[Create[Note]]) == (Update, (Create,))


@pytest.mark.parametrize("key", [Note, Object, "Create", 3, None, list[Note], Create[str]])
def test_what_is_no_key_is_refused_when_it_is_registered(key: Any) -> None:
    with pytest.raises(ConfigurationError):
        listener_key(key)


class Wave(Activity, type="https://matching.example/Wave"):
    """An own type."""


WAVES: list[dict[str, Any]] = [
    {"type": "https://matching.example/Wave"},
    {"@context": {"Wave": "https://matching.example/Wave"}, "type": "Wave"},
    {"@context": {"Hello": "https://matching.example/Wave"}, "type": "Hello"},
    {"@context": {"m": "https://matching.example/"}, "type": "m:Wave"},
    {"@context": {"Wave": "https://matching.example/Wave"}, "type": ["Wave", "Activity"]},
    {"@context": {"Wave": "https://matching.example/Wave"}, "type": ["Activity", "Wave"]},
    {"@context": [ACTIVITYSTREAMS, {"m": "https://matching.example/"}], "type": ["as:Activity", "m:Wave"]},
]


@pytest.mark.parametrize("members", WAVES)
def test_own_types_are_matched_by_their_full_iri_however_a_document_spells_them(members: dict[str, Any]) -> None:
    document = {"actor": ALICE, "object": NOTE, **members}
    for found in (load(document), load(normalize(document))):
        assert isinstance(found, Activity)
        assert matches(found, Wave)
        assert matches(found, Activity)
        assert not matches(found, Create)


@pytest.mark.parametrize(
    "members",
    [{"type": "Wave"}, {"@context": {"Wave": "https://other.example/Wave"}, "type": "Wave"}, {"type": ["Activity"]}],
)
def test_a_name_alone_is_no_own_type(members: dict[str, Any]) -> None:
    found = load({"actor": ALICE, "object": NOTE, **members})
    assert isinstance(found, Activity)
    assert not matches(found, Wave)
