"""Digests are kept for an hour, and go when what they are made of changes."""

from __future__ import annotations

import pytest

from fedtext.federation import digests
from fedtext.sync import run_sync

HOME, BOB = "https://home.example.com", "https://b.example.org/users/bob"


@pytest.fixture
def kept(world):
    """Keep one digest of each kind and give what of them is still there."""
    keys = {
        "followers": digests.followers_digest_key(HOME, "1", "https://b.example.org"),
        "followings": digests.followings_digest_key(HOME, BOB),
    }
    for key in keys.values():
        run_sync(digests.keep_digest(world.ports, key, "0" * 64))
    return lambda: {name for name, key in keys.items() if run_sync(world.ports.store.get(key)) == b"0" * 64}


def test_dlv_16_a_digest_is_kept_for_an_hour(world, kept):
    world.clock.advance(digests.KEPT_S - 1)
    assert kept() == {"followers", "followings"}
    world.clock.advance(2)
    assert kept() == set()


CHANGES = [
    (digests.followers_changed, ("1", BOB), {"followings"}),
    (digests.followers_changed, ("1", "https://b.example.org/users/dan"), {"followings"}),
    (digests.followers_changed, ("1", "https://c.example.org/users/eve"), {"followers", "followings"}),
    (digests.followers_changed, ("2", BOB), {"followers", "followings"}),
    (digests.followers_changed, ("1", "no id"), {"followers", "followings"}),
    (digests.followings_changed, (BOB,), {"followers"}),
    (digests.followings_changed, ("https://b.example.org/users/dan",), {"followers", "followings"}),
]


@pytest.mark.parametrize(("change", "arguments", "left"), CHANGES)
def test_dlv_16_a_digest_goes_when_what_it_is_made_of_changes(world, kept, change, arguments, left):
    run_sync(change(world.fed.engine.context(world.ports), *arguments))
    assert kept() == left
