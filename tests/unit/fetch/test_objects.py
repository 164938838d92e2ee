"""Objects and actors of others: cached, also when they are not to be had; never another one's word."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from tests.receiving import GONE, SITE, Door, Peer, answer, door_of_a_loop, redirect

from fedtext.config import Config, FetchPolicy, Limits
from fedtext.errors import (
    BudgetExhausted,
    DocumentError,
    FetchError,
    FetchRefused,
    Gone,
    HTTPStatusError,
    MalformedIri,
    TypeMismatch,
    Unreachable,
)
from fedtext.fetch import cached_documents, forget_object, get_actor, get_object
from fedtext.fetch.objects import UNREACHABLE_FRESH_S
from fedtext.http import Response
from fedtext.sync import run_sync
from fedtext.vocab import Actor, Note, Object

URL = "https://a.example.com/notes/1"
NOTE = {"id": URL, "type": "Note", "content": "x", "attributedTo": "https://a.example.com/users/alice"}


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def get(door: Door, url: str = URL, **options: bool) -> Object:
    fetcher = door.fetcher()
    return run_sync(get_object(fetcher, url, fetcher.budget(), **options))


def actor(door: Door, url: str) -> Actor:
    fetcher = door.fetcher()
    return run_sync(get_actor(fetcher, url, fetcher.budget()))


@pytest.mark.spec("ACT-23")
def test_fetched_once_while_it_is_fresh(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", NOTE)
    first, second = get(door), get(door)
    assert first == second
    assert isinstance(first, Note)
    assert len(peer.asked) == 1
    get(door, fresh=True)
    assert len(peer.asked) == 2
    door.clock.advance(FetchPolicy().actor_fresh_s + 1)
    get(door)
    assert len(peer.asked) == 3


def test_forgotten(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", NOTE)
    get(door)
    run_sync(forget_object(door.ports.store, SITE, URL))
    get(door)
    assert len(peer.asked) == 2


NOT_TO_BE_HAD: list[tuple[Any, type[Exception], type[Exception], int]] = [
    (Response(status=404), HTTPStatusError, HTTPStatusError, 300),
    (GONE, Gone, Gone, 300),
    (Response(status=503), Unreachable, Unreachable, UNREACHABLE_FRESH_S),
    (answer(NOTE, "text/html"), FetchError, HTTPStatusError, 300),
    (answer({**NOTE, "id": "https://c.example.com/1"}), FetchRefused, HTTPStatusError, 300),
    (answer(b"{"), DocumentError, HTTPStatusError, 300),
    (answer({**NOTE, "type": 7}), TypeMismatch, HTTPStatusError, 300),
]


@pytest.mark.spec("SEC-017")
@pytest.mark.parametrize(("served", "first", "then", "seconds"), NOT_TO_BE_HAD)
def test_what_is_not_to_be_had_is_asked_for_once_in_a_while(
    door: Door, peer: Peer, served: Any, first: type[Exception], then: type[Exception], seconds: int
) -> None:
    peer.serve("/notes/1", served)
    with pytest.raises(first):
        get(door)
    asked = len(peer.asked)
    door.clock.advance(seconds - 1)
    with pytest.raises(then) as caught:
        get(door)
    assert len(peer.asked) == asked
    assert getattr(caught.value, "permanent", None) is (then is not Unreachable)
    peer.serve("/notes/1", NOTE)
    door.clock.advance(2)
    assert get(door).id == URL


@pytest.mark.spec("ACT-20")
def test_a_failed_refresh_keeps_what_we_have_but_not_what_is_gone(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", NOTE)
    get(door)
    peer.serve("/notes/1", Response(status=500))
    with pytest.raises(Unreachable):
        get(door, fresh=True)
    assert get(door).id == URL
    peer.serve("/notes/1", GONE)
    with pytest.raises(Gone):
        get(door, fresh=True)
    with pytest.raises(Gone):
        get(door)


def test_an_exhausted_budget_says_nothing_of_the_object(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", redirect("/notes/2"))
    peer.serve("/notes/2", redirect("/notes/3"))
    fetcher = attrs.evolve(door.fetcher(), config=Config(limits=Limits(fetches_per_message_max=1)))
    with pytest.raises(BudgetExhausted):
        run_sync(get_object(fetcher, URL, fetcher.budget()))
    assert door.stored == {}


@pytest.mark.spec("SEC-099", "INB-24")
@pytest.mark.parametrize(
    "iri",
    [
        "",
        "x",
        "acct:a@b.example",
        "javascript://x",
        "bear:?t=x&u=https://a.example.com/notes/1",
        "https://a\udc80.example/",
    ],
)
def test_what_is_no_address_is_neither_fetched_nor_stored(door: Door, iri: str) -> None:
    with pytest.raises(MalformedIri):
        get(door, iri)
    assert door.state() == ({}, 0, [])


# ---- whose word it is ------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-063")
def test_sec_063_an_id_does_not_lead_to_another_origin(door: Door, peer: Peer) -> None:
    other = Peer(door.network, "evil.example.org")
    elsewhere = other.serve("/n", {"id": "https://evil.example.org/n", "type": "Note"})
    peer.serve("/notes/1", redirect(elsewhere))
    for _ in range(2):  # the cache knows no more than the network
        with pytest.raises(FetchRefused, match="another origin"):
            get(door)
    assert get(door, elsewhere=True).id == elsewhere, "what a person types may lead elsewhere"
    assert len(other.asked) == 1


@pytest.mark.spec("SEC-084")
@pytest.mark.parametrize("target", ["https://b.example.com/notes/1", "https://b.example.com./notes/1"])
def test_sec_084_nothing_of_ours_is_taken_from_outside(door: Door, peer: Peer, target: str) -> None:
    peer.serve("/notes/1", redirect(target))
    peer.serve("/notes/2", {"id": target, "type": "Note", "content": "overwritten"})
    for url in (URL, "https://a.example.com/notes/2", target):
        with pytest.raises(FetchRefused):
            get(door, url, elsewhere=True)
    assert not any(b"overwritten" in value for value in door.stored.values())


@pytest.mark.spec("SEC-080", "AP-02")
@pytest.mark.parametrize(
    ("member", "value", "credible"),
    [
        ("attributedTo", "https://a.example.com/users/alice", True),
        ("attributedTo", {"id": "https://a.example.com/users/alice", "type": "Person"}, True),
        ("attributedTo", ["https://a.example.com/u/1", {"id": "https://a.example.com/u/2"}], True),
        ("attributedTo", "https://v.example.org/users/victim", False),
        ("attributedTo", {"id": "https://v.example.org/users/victim"}, False),
        ("attributedTo", ["https://a.example.com/u/1", "https://v.example.org/users/victim"], False),
        ("attributedTo", "https://a.example.com:8443/users/alice", False),
        ("actor", "https://v.example.org/users/victim", False),
        ("actor", "https://a.example.com/users/alice", True),
    ],
)
def test_one_origin_does_not_write_in_the_name_of_another(
    door: Door, peer: Peer, member: str, value: Any, credible: bool
) -> None:
    peer.serve("/notes/1", {"id": URL, "type": "Note", "content": "x", member: value})
    if credible:
        assert get(door).id == URL
    else:
        with pytest.raises(FetchRefused, match="attributed"):
            get(door)


def test_a_group_may_name_its_makers(door: Door, peer: Peer) -> None:
    group = {"id": URL, "type": "Group", "inbox": URL + "/inbox", "attributedTo": ["https://v.example.org/u/1"]}
    peer.serve("/notes/1", group)
    assert actor(door, URL).id == URL


@pytest.mark.spec("SEC-090")
def test_sec_090_an_actor_is_an_actor(door: Door, peer: Peer) -> None:
    alice = peer.actor()
    assert actor(door, alice.id).id == alice.id
    for kind in ("Note", "Create", "OrderedCollection", "Tombstone", "Image", "Mention"):
        peer.serve(f"/{kind}", {**alice.document(), "id": peer.url(f"/{kind}"), "type": kind})
        with pytest.raises(TypeMismatch):
            actor(door, peer.url(f"/{kind}"))


@pytest.mark.spec("SEC-063", "ACT-16")
def test_sec_063_an_actor_goes_by_the_asked_id(door: Door, peer: Peer) -> None:
    alice = peer.actor()
    peer.serve("/@alice", redirect("/users/alice"))
    assert get(door, "https://a.example.com/@alice").id == alice.id
    with pytest.raises(FetchRefused, match="another id"):
        actor(door, "https://a.example.com/@alice")


# ---- sharing ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-110")
async def test_sec_110_a_hundred_tasks_share_one_fetch() -> None:
    door = door_of_a_loop()
    peer = Peer(door.network)
    peer.serve("/notes/1", NOTE)
    fetcher = door.fetcher()
    found = await asyncio.gather(*(get_object(fetcher, URL, fetcher.budget()) for _ in range(100)))
    assert {note.id for note in found} == {URL}
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-110")
async def test_sec_110_a_hundred_tasks_share_one_failure() -> None:
    door = door_of_a_loop()
    peer = Peer(door.network)
    fetcher = door.fetcher()
    tasks = (get_object(fetcher, URL, fetcher.budget()) for _ in range(100))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(error) for error in found} == {HTTPStatusError}
    assert len(peer.asked) == 1


def test_what_is_cached_is_given_without_a_fetch(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", NOTE)
    get(door)
    with pytest.raises(HTTPStatusError):
        get(door, "https://a.example.com/absent")
    asked = len(peer.asked)
    ids = [URL, "https://a.example.com/absent", "https://a.example.com/unknown"]
    assert run_sync(cached_documents(door.fetcher(), ids)) == {URL: NOTE}
    assert run_sync(cached_documents(door.fetcher(), [])) == {}
    assert len(peer.asked) == asked
