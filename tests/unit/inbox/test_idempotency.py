"""Keys and marks of what has been handled: per site, actor, id and inbox (SEC-046 to 049, SEC-179)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.inbox import activity_key, confirm, seen
from fedtext.inbox.idempotency import content_hash
from fedtext.sync import run_sync

SITE = "https://b.example.com"
BASE = (SITE, "https://a.example.com/u", "https://a.example.com/1", "/inbox", "h")


@pytest.mark.spec("SEC-048", "SEC-049")
def test_sec_048_another_actor_site_id_or_inbox_is_another_key() -> None:
    keys = {activity_key(*BASE)}
    for position in range(4):
        changed = [*BASE]
        changed[position] += "x"
        keys.add(activity_key(*changed))
    assert len(keys) == 5
    assert all(key.startswith("https%3A%2F%2Fb.example.com") for key in keys)


@pytest.mark.spec("SEC-047")
def test_sec_047_content_counts_only_where_there_is_no_id() -> None:
    site, actor, activity_id, inbox, _hash = BASE
    assert activity_key(*BASE) == activity_key(site, actor, activity_id, inbox, "other")
    assert activity_key(site, actor, None, inbox, "h") != activity_key(site, actor, None, inbox, "other")


@pytest.mark.spec("SEC-179")
@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)), min_size=2, unique=True))
def test_sec_179_no_two_triples_share_a_key(triples: list[tuple[str, str, str]]) -> None:
    keys = [activity_key(SITE, actor, "i" + activity_id, inbox, "") for actor, activity_id, inbox in triples]
    assert all(one != other for one, other in pairwise(sorted(keys)))


def test_the_first_confirmation_stands() -> None:
    clock = ManualClock(0.0)
    store = MemoryBackend().blocking(clock).store
    key = activity_key(*BASE)
    assert run_sync(seen(store, key)) is None
    assert run_sync(confirm(store, key, "aa", ttl_s=10))
    assert not run_sync(confirm(store, key, "bb", ttl_s=10))
    assert run_sync(seen(store, key)) == "aa"
    clock.advance(11)
    assert run_sync(seen(store, key)) is None


def test_the_hash_is_of_the_one_serialization() -> None:
    assert content_hash({"a": 1, "b": "ü"}) == content_hash({"a": 1, "b": "\u00fc"})
    assert content_hash({"a": 1}) != content_hash({"a": 2})
