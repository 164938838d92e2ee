"""Forgetting somebody: every value under or about them goes, nothing else does."""

from __future__ import annotations

import pytest

from fedtext.ports import store_key
from fedtext.runtime.storage import forget_actor
from fedtext.sync import run_sync

SITE, OTHER = "https://blog.example", "https://other.example"
BOB = "https://peer.example/users/bob"
ABOUT_BOB = [
    store_key(SITE, "object", BOB),
    store_key(SITE, "known", BOB),
    store_key(SITE, "key", f"{BOB}#main-key"),
    store_key(SITE, "follower", "7", BOB),
    store_key(SITE, "following", "7", BOB),
    store_key(SITE, "deleted", BOB, "https://peer.example/notes/1"),
    store_key(SITE, "undone", BOB, f"{BOB}#follows/1"),
    store_key(SITE, "assertion-key", f"{BOB}#ed25519-key"),
    store_key(SITE, "object", "https://peer.example/notes/2", "for", BOB),
]
ABOUT_OTHERS = [
    store_key(SITE, "object", f"{BOB}2"),
    store_key(SITE, "follower", "7", "https://peer.example/users/eve"),
    store_key(OTHER, "object", BOB),
    store_key(SITE, "rule", BOB),
    store_key(SITE, "relay", BOB),
    "fedtext/last-seen",
]


def test_all_about_somebody_goes_and_all_else_stays(blog) -> None:
    ports = blog.federation.ports.blocking()
    for key in ABOUT_BOB + ABOUT_OTHERS:
        run_sync(ports.store.put(key, b"{}"))
    named = store_key(SITE, "object", "https://peer.example/notes/1")
    run_sync(ports.store.put(named, f'{{"attributedTo":"{BOB}"}}'.encode()))
    assert run_sync(forget_actor(ports, SITE, BOB)) == len(ABOUT_BOB) + 1
    assert [run_sync(ports.store.get(key)) for key in [*ABOUT_BOB, named]] == [None] * (len(ABOUT_BOB) + 1)
    assert [run_sync(ports.store.get(key)) for key in ABOUT_OTHERS] == [b"{}"] * len(ABOUT_OTHERS)


def test_who_is_only_called_alike_stays(blog) -> None:
    ports = blog.federation.ports.blocking()
    key = store_key(SITE, "follower", "7", f"{BOB}2")
    run_sync(ports.store.put(key, f'{{"inbox":"{BOB}2/inbox"}}'.encode()))
    run_sync(ports.store.put(store_key(SITE, "x"), f'{{"inbox":"{BOB}/inbox"}}'.encode()))
    assert run_sync(forget_actor(ports, SITE, BOB)) == 1
    assert run_sync(ports.store.get(key)) is not None


@pytest.mark.parametrize("count", [0, 499, 500, 501, 1_001])
def test_it_looks_at_every_page(blog, count: int) -> None:
    ports = blog.federation.ports.blocking()
    for number in range(count):
        run_sync(ports.store.put(store_key(SITE, "follower", str(number), BOB), b"{}"))
    assert run_sync(forget_actor(ports, SITE, BOB)) == count
