"""The algebra of visibility, both ways (MOD-04, MOD-05)."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.vocab import PUBLIC, Visibility, addressees_of, audience_for, is_public, load, visibility_of

FOLLOWERS = "https://blog.example/users/alice/followers"
BOB = "https://other.example/users/bob"
CAROL = "https://third.example/users/carol"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PUBLIC, True),
        ("as:Public", True),
        ("Public", True),
        ("public", False),
        ("https://www.w3.org/ns/activitystreams#public", False),
        ("http://www.w3.org/ns/activitystreams#Public", False),
        (FOLLOWERS, False),
        ("", False),
    ],
)
def test_mod_04_public_has_three_spellings(text: str, expected: bool) -> None:
    assert is_public(text) is expected


READ: list[tuple[list[str], list[str], str | None, Visibility]] = [
    ([PUBLIC], [FOLLOWERS], FOLLOWERS, Visibility.PUBLIC),
    (["as:Public"], [], FOLLOWERS, Visibility.PUBLIC),
    (["Public"], [], None, Visibility.PUBLIC),
    ([PUBLIC], [PUBLIC], FOLLOWERS, Visibility.PUBLIC),
    ([FOLLOWERS], [PUBLIC], FOLLOWERS, Visibility.UNLISTED),
    ([FOLLOWERS], ["as:Public", BOB], FOLLOWERS, Visibility.UNLISTED),
    ([], [PUBLIC], None, Visibility.UNLISTED),
    ([FOLLOWERS], [BOB], FOLLOWERS, Visibility.FOLLOWERS),
    ([BOB], [FOLLOWERS], FOLLOWERS, Visibility.FOLLOWERS),
    ([FOLLOWERS], [], None, Visibility.DIRECT),
    ([BOB], [], FOLLOWERS, Visibility.DIRECT),
    ([], [], FOLLOWERS, Visibility.DIRECT),
]


@pytest.mark.parametrize(("to", "cc", "followers", "expected"), READ)
def test_mod_05_reading(to: list[str], cc: list[str], followers: str | None, expected: Visibility) -> None:
    assert visibility_of(to, cc, followers) is expected


WRITTEN: list[tuple[Visibility, Any, Any]] = [
    (Visibility.PUBLIC, (PUBLIC,), (FOLLOWERS, BOB, CAROL)),
    (Visibility.UNLISTED, (FOLLOWERS,), (PUBLIC, BOB, CAROL)),
    (Visibility.FOLLOWERS, (FOLLOWERS,), (BOB, CAROL)),
    (Visibility.DIRECT, (BOB, CAROL), ()),
]


@pytest.mark.parametrize(("visibility", "to", "cc"), WRITTEN)
def test_mod_05_writing(visibility: Visibility, to: Any, cc: Any) -> None:
    assert audience_for(visibility, FOLLOWERS, [BOB, CAROL, BOB]) == (to, cc)


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("mentions", [(), (BOB,), (BOB, CAROL), (FOLLOWERS, BOB), (PUBLIC, BOB), ("as:Public",)])
def test_mod_05_what_is_written_reads_as_meant(visibility: Visibility, mentions: tuple[str, ...]) -> None:
    to, cc = audience_for(visibility, FOLLOWERS, mentions)
    assert visibility_of(to, cc, FOLLOWERS) is visibility
    assert len({*to, *cc}) == len(to) + len(cc)


def test_an_actor_without_followers_can_still_speak() -> None:
    assert audience_for(Visibility.PUBLIC, None, [BOB]) == ((PUBLIC,), (BOB,))
    assert audience_for(Visibility.UNLISTED, None, []) == ((), (PUBLIC,))
    assert audience_for(Visibility.FOLLOWERS, None, [BOB]) == ((), (BOB,))


@pytest.mark.parametrize(
    ("said", "to", "cc"),
    [
        ({}, (PUBLIC,), (FOLLOWERS,)),
        ({"to": None, "cc": None}, (PUBLIC,), (FOLLOWERS,)),
        ({"to": [BOB]}, (BOB,), (FOLLOWERS,)),
        ({"cc": BOB}, (PUBLIC,), (BOB,)),
        ({"to": [BOB], "cc": []}, (BOB,), ()),
        ({"to": [], "cc": [BOB]}, (), (BOB,)),
        ({"to": [], "cc": []}, (), ()),
    ],
)
def test_mod_06_the_object_says_whom_it_is_for_before_the_activity(
    said: Any, to: tuple[str, ...], cc: tuple[str, ...]
) -> None:
    note = load({"type": "Note", "id": "https://blog.example/1", **said})
    create = load({"type": "Create", "actor": CAROL, "object": "https://blog.example/1", "to": PUBLIC, "cc": FOLLOWERS})
    assert addressees_of(note, create) == (to, cc)
