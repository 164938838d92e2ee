"""Keys of listeners: by type, supertype, and the type of the embedded object."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import ConfigurationError
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
