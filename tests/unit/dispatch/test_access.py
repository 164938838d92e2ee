"""Who may see an object."""

from __future__ import annotations

import pytest

from fedtext.dispatch import Viewer, addressees, may_see

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ALICE, BOB, EVE = (f"https://{host}.example.org/u" for host in ("a", "b", "e"))
FOLLOWERS = f"{ALICE}/followers"
FOLLOWER = Viewer(actor=EVE, followed_collections=frozenset({FOLLOWERS}))


def note(**addressing: object) -> dict:
    return {"id": f"{ALICE}/1", "attributedTo": ALICE, **addressing}


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
@pytest.mark.parametrize("name", ["to", "cc", "audience"])
def test_public_and_unlisted_are_for_everybody(spelling, name):
    assert may_see(note(**{name: [spelling]}), Viewer())
    assert may_see(note(**{name: spelling}), Viewer())


@pytest.mark.parametrize(
    ("document", "viewer", "seen"),
    [
        (note(to=[FOLLOWERS]), Viewer(), False),
        (note(to=[FOLLOWERS]), Viewer(actor=EVE), False),
        (note(to=[FOLLOWERS]), FOLLOWER, True),
        (note(to=[FOLLOWERS]), Viewer(actor=ALICE), True),
        (note(to=[f"{BOB}/followers"]), FOLLOWER, False),
        (note(to=[BOB]), Viewer(actor=BOB), True),
        (note(to=[BOB]), Viewer(actor=f"{BOB}x"), False),
        (note(to=[BOB]), FOLLOWER, False),
        (note(to={"id": BOB}), Viewer(actor=BOB), True),
        (note(bto=[BOB]), Viewer(actor=BOB), True),
        (note(bcc=BOB), Viewer(actor=BOB), True),
        (note(), Viewer(), False),
        (note(), FOLLOWER, False),
        (note(), Viewer(actor=ALICE), True),
        ({"attributedTo": [{"id": ALICE}, BOB]}, Viewer(actor=BOB), True),
        ({"actor": ALICE}, Viewer(actor=ALICE), True),
        ({"attributedTo": None}, Viewer(actor=None), False),
        ({"to": [7, None, {"id": 7}]}, Viewer(actor=BOB), False),
    ],
)
def test_sec_134_only_the_addressees_and_the_author_see_the_rest(document, viewer, seen):
    assert may_see(document, viewer) is seen


def test_everybody_whom_it_is_addressed_to_openly_or_blindly():
    document = note(to=[BOB], cc={"id": EVE}, bto="https://1.example.org/", bcc=[], audience=FOLLOWERS)
    assert addressees(document) == {BOB, EVE, "https://1.example.org/", FOLLOWERS}
