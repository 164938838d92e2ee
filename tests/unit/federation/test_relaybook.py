"""The relays of a site in its store: what is kept, and how soon others know."""

from __future__ import annotations

import attrs
import pytest

from fedtext.adapters.backends import MemoryBackend
from fedtext.federation.relaybook import RELAYS_COUNT_MAX, Relay, RelayBook, RelayState, RelayStyle, decode_relay
from fedtext.ports import store_key
from fedtext.sync import run_sync

SITE, INBOX = "https://home.example.com", "https://relay.example.org/inbox"
ASKED = Relay(
    address=INBOX,
    style=RelayStyle.MASTODON,
    state=RelayState.PENDING,
    since_s=1_790_000_000.5,
    follow_id=f"{SITE}/ap/instance#relay-follows/1",
    inbox=INBOX,
)
ACCEPTED = attrs.evolve(
    ASKED, state=RelayState.ACCEPTED, actor="https://relay.example.org/actor", followers="https://x/f"
)


def book(fresh_s: float = 5.0) -> RelayBook:
    return RelayBook(SITE, fresh_s=fresh_s)


@pytest.mark.parametrize("relay", [ASKED, ACCEPTED, attrs.evolve(ACCEPTED, style=RelayStyle.LITEPUB, inbox=None)])
def test_a_record_is_read_as_it_was_written(relay):
    assert decode_relay(relay.address, relay.encode()) == relay
    assert relay.is_accepted is (relay.state is RelayState.ACCEPTED)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"{}",
        b'{"style":"mastodon"}',
        b'{"style":"other","state":"pending","since_s":1,"follow_id":"x"}',
        b'{"style":"mastodon","state":"pending","since_s":"1","follow_id":"x"}',
        b'{"style":"mastodon","state":"pending","since_s":1,"follow_id":7}',
    ],
)
def test_a_record_that_cannot_be_read_counts_as_none(value):
    assert decode_relay(INBOX, value) is None


def test_a_relay_is_found_by_what_it_is_known_by(world):
    known = book()
    assert run_sync(known.refresh(world.ports)) == ()
    run_sync(known.put(world.ports, ASKED))
    assert (known.of_address(INBOX), known.of_address("https://x/")) == (ASKED, None)
    assert (known.of_follow(ASKED.follow_id), known.of_follow("x"), known.of_follow(None)) == (ASKED, None, None)
    assert known.of_actor(str(ACCEPTED.actor)) is None
    run_sync(known.put(world.ports, ACCEPTED))
    assert known.relays == (ACCEPTED,)
    assert (known.of_actor(str(ACCEPTED.actor)), known.is_accepted(str(ACCEPTED.actor))) == (ACCEPTED, True)
    run_sync(known.put(world.ports, attrs.evolve(ACCEPTED, state=RelayState.REJECTED)))
    assert not known.is_accepted(str(ACCEPTED.actor))
    assert run_sync(known.remove(world.ports, INBOX))
    assert not run_sync(known.remove(world.ports, INBOX))
    assert known.relays == ()


def test_another_process_knows_after_a_while(world):
    here, there = book(), book()
    run_sync(there.refresh(world.ports))
    run_sync(here.put(world.ports, ASKED))
    assert run_sync(there.refresh(world.ports)) == ()
    world.clock.advance(5.0)
    assert run_sync(there.refresh(world.ports)) == (ASKED,)
    run_sync(here.remove(world.ports, INBOX))
    world.clock.advance(5.0)
    assert run_sync(there.refresh(world.ports)) == ()


def test_what_cannot_be_read_hides_nothing_else(make_world):
    world = make_world(backend=MemoryBackend())
    known = book()
    run_sync(world.ports.store.put(store_key(SITE, "relay", "https://a.example/inbox"), b"?"))
    run_sync(known.put(world.ports, ASKED))
    assert known.relays == (ASKED,)


def test_more_than_the_limit_are_not_read(world):
    known = book()
    for number in range(RELAYS_COUNT_MAX + 1):
        one = attrs.evolve(ASKED, address=f"https://r{number:03}.example/inbox")
        run_sync(world.ports.store.put(store_key(SITE, "relay", one.address), one.encode()))
    run_sync(known.put(world.ports, attrs.evolve(ASKED, address="https://r000.example/inbox")))
    assert len(known.relays) == RELAYS_COUNT_MAX
