"""Attacks by what we are made to fetch: a host paused by a stranger, a key kept away from us, turns taken from others.

SEC-069, 108, 109, 118. After each: whoever did nothing wrong is asked, and believed, as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.receiving import KEYS, Door, Peer, answer, post

from fedtext.adapters.coalesce import AsyncCoalesce
from fedtext.errors import BudgetExhausted, FedtextError, FetchError, FetchTimeout, KeyUnavailable, Unreachable
from fedtext.fetch import Budget, get_object, resolve
from fedtext.http import Request, Response
from fedtext.sync import run_sync

VICTIM = "a.example.com"
PATH = f"https://{VICTIM}/notes/blocked"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def raising(error: FedtextError) -> Callable[[Request], Response]:
    def handle(_request: Request) -> Response:
        raise error

    return handle


def fetch(door: Door, url: str) -> object:
    fetcher = door.fetcher()
    return run_sync(get_object(fetcher, url, fetcher.budget()))


# ---- who can pause a host --------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-109", "SEC-118")
@pytest.mark.parametrize(
    "error",
    [
        Unreachable("the exchange broke", during="exchange"),
        Unreachable("the status is none that ends an exchange", status=101),
    ],
)
def test_sec_118_a_path_on_which_the_host_hangs_up_does_not_pause_it(
    door: Door, peer: Peer, error: Unreachable
) -> None:
    """Threat: gateways hang up on paths that look like an attack; anybody can name such a path in an activity."""
    alice = peer.actor()
    peer.serve("/notes/blocked", raising(error))
    with pytest.raises(Unreachable):
        fetch(door, PATH)
    assert fetch(door, alice.id)
    with pytest.raises(Unreachable):
        fetch(door, PATH)
    asked = [request.target for request in peer.asked]
    assert asked.count("/notes/blocked") == 1, "the object, not its host, is remembered"


@pytest.mark.spec("SEC-109", "SEC-118")
def test_sec_118_a_dot_behind_the_name_does_not_pause_the_host(door: Door, peer: Peer) -> None:
    """Threat: a host that is well may know no certificate for the name with a dot."""
    alice = peer.actor()
    with pytest.raises(Unreachable):
        fetch(door, f"https://{VICTIM}./users/alice")
    assert fetch(door, alice.id)


# ---- what a spent budget may not leave behind ------------------------------------------------------------------------


def spent(door: Door) -> Budget:
    return Budget(door.clock, fetches_max=0, seconds_max=10)


@pytest.mark.spec("SEC-069", "SEC-108")
def test_sec_108_a_spent_budget_does_not_keep_a_key_away(door: Door, peer: Peer) -> None:
    """Threat: a message that spends all on keys of its own and names somebody else's last."""
    alice = peer.actor()
    with pytest.raises(KeyUnavailable):
        run_sync(resolve(door.fetcher(), alice.key_id, spent(door)))
    assert door.stored == {}
    assert run_sync(resolve(door.fetcher(), alice.key_id, door.fetcher().budget())).owner == alice.id


@pytest.mark.spec("SEC-069", "SEC-108")
def test_sec_069_a_spent_budget_does_not_put_off_a_refresh(door: Door, peer: Peer) -> None:
    old = peer.actor()
    run_sync(resolve(door.fetcher(), old.key_id, door.fetcher().budget()))
    door.clock.advance(door.config.fetch.refresh_pause_s)
    rotated = peer.actor(key=KEYS[1])
    with pytest.raises(KeyUnavailable):
        run_sync(resolve(door.fetcher(), old.key_id, spent(door), refresh=True))
    door.receive(post(rotated.activity(), key=KEYS[1], now_s=door.clock.now_s()))
    assert door.waiting == 1


@pytest.mark.spec("SEC-069", "SEC-108")
def test_sec_108_time_that_others_took_is_not_held_against_a_key(door: Door, peer: Peer) -> None:
    """Threat: a message that waits for a slow host of its own, so that a moment is left for somebody else's."""
    alice = peer.actor()
    fetcher, well = door.fetcher(), peer.served["/users/alice"]
    budget = fetcher.budget()

    def cut_off(_request: Request) -> Response:
        door.clock.advance(budget.seconds_left)
        raise FetchTimeout("the exchange took too long")

    door.clock.advance(budget.seconds_left - 0.1)
    peer.serve("/users/alice", cut_off)
    with pytest.raises(KeyUnavailable):
        run_sync(resolve(fetcher, alice.key_id, budget))
    peer.serve("/users/alice", well)
    assert run_sync(resolve(fetcher, alice.key_id, fetcher.budget())).owner == alice.id


@pytest.mark.spec("SEC-109")
def test_sec_109_who_may_ask_nothing_more_takes_no_turn(door: Door, peer: Peer) -> None:
    alice = peer.actor()
    for _ in range(2 * door.config.limits.host_fetches_per_minute_max):
        with pytest.raises(BudgetExhausted):
            run_sync(get_object(door.fetcher(), alice.id, spent(door)))
    assert fetch(door, alice.id)


# ---- what is remembered of a slow object -----------------------------------------------------------------------------


@pytest.mark.spec("SEC-069")
def test_sec_069_an_object_that_takes_too_long_is_not_waited_for_again_at_once(door: Door, peer: Peer) -> None:
    peer.serve("/notes/blocked", raising(FetchTimeout("the exchange took too long")))
    with pytest.raises(FetchTimeout):
        fetch(door, PATH)
    with pytest.raises(Unreachable):
        fetch(door, PATH)
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-108")
def test_sec_108_who_joins_a_fetch_does_not_share_its_spent_budget() -> None:
    """Threat: a message that has spent all asks first for what somebody else's message needs at the same moment."""
    door = Door(coalesce=AsyncCoalesce())
    alice = Peer(door.network).actor()

    async def both(*calls: object) -> list[object]:
        return await asyncio.gather(*calls, return_exceptions=True)  # type: ignore[call-overload,no-any-return]

    fetcher = door.fetcher()
    objects = [get_object(fetcher, alice.id, budget) for budget in (spent(door), fetcher.budget())]
    refused, found = asyncio.run(both(*objects))
    assert isinstance(refused, BudgetExhausted)
    assert getattr(found, "id", found) == alice.id
    keys = [resolve(fetcher, alice.key_id, budget) for budget in (spent(door), fetcher.budget())]
    refused, found = asyncio.run(both(*keys))
    assert isinstance(refused, KeyUnavailable)
    assert getattr(found, "owner", found) == alice.id


@pytest.mark.spec("SEC-069")
def test_sec_069_a_page_that_was_named_as_an_id_can_still_be_looked_up(door: Door, peer: Peer) -> None:
    """Threat: an activity about the address of a page, sent before somebody looks the page up."""
    alice = peer.actor(url=peer.url("/@alice"))
    markup = f'<link rel="alternate" type="application/activity+json" href="{alice.id}">'
    page = peer.serve("/@alice", answer(markup.encode(), "text/html"))
    for _ in range(2):
        with pytest.raises(FetchError):
            fetch(door, page)
    assert len(peer.asked) == 1
    fetcher = door.fetcher()
    assert run_sync(get_object(fetcher, page, fetcher.budget(), elsewhere=True)).id == alice.id
