"""Collections of others page by page: every shape of COL-05, one origin, no circle, no end without a bound."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.receiving import Door, Peer, redirect

from fedtext.config import Config, Limits
from fedtext.errors import BudgetExhausted, FedtextError, FetchRefused, HostPaused, TypeMismatch
from fedtext.fetch import Item, crawl_budget, traverse
from fedtext.fetch.traversal import PACE_S, PAUSE_S_MAX, with_patience
from fedtext.sync import iterate_sync, run_sync
from fedtext.vocab import Collection, load_as

ORIGIN = "https://a.example.com"
URL = f"{ORIGIN}/outbox"
NOTES = [f"{ORIGIN}/notes/{number}" for number in range(9)]


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def serve(peer: Peer, target: str, **members: Any) -> str:
    kind = members.pop("type", "OrderedCollectionPage" if "page" in target else "OrderedCollection")
    return peer.serve(target, {"id": peer.url(target), "type": kind, **members})


def walk(door: Door, reference: Any = URL, **options: Any) -> list[Item]:
    fetcher = door.fetcher()
    pages = options.get("pages_max") or 200
    budget = options.pop("budget", None) or crawl_budget(fetcher, pages)
    return list(iterate_sync(traverse(fetcher, reference, budget, **options)))


def ids(door: Door, reference: Any = URL, **options: Any) -> list[str | None]:
    return [item.id for item in walk(door, reference, **options)]


SHAPES: list[tuple[dict[str, Any], list[str]]] = [
    ({"orderedItems": NOTES[:2]}, NOTES[:2]),
    ({"type": "Collection", "items": NOTES[:2]}, NOTES[:2]),
    ({"orderedItems": NOTES[0]}, NOTES[:1]),
    ({"items": NOTES[:1]}, NOTES[:1]),
    ({}, []),
    ({"orderedItems": [], "totalItems": 10**9}, []),
    ({"totalItems": -1, "orderedItems": NOTES[:1]}, NOTES[:1]),
    ({"first": f"{URL}?page=1"}, NOTES[:4]),
    ({"first": {"type": "OrderedCollectionPage", "orderedItems": NOTES[:2], "next": f"{URL}?page=2"}}, NOTES[:4]),
    ({"orderedItems": NOTES[4:5], "first": f"{URL}?page=1"}, [*NOTES[4:5], *NOTES[:4]]),
]


@pytest.mark.spec("COL-05", "COL-06")
@pytest.mark.parametrize(("members", "expected"), SHAPES)
def test_col_05_every_shape_of_a_collection(
    door: Door, peer: Peer, members: dict[str, Any], expected: list[str]
) -> None:
    serve(peer, "/outbox", **members)
    serve(peer, "/outbox?page=1", partOf=URL, orderedItems=NOTES[:2], next=f"{URL}?page=2")
    serve(peer, "/outbox?page=2", partOf=URL, orderedItems=NOTES[2:4])
    assert ids(door) == expected


def test_pages_are_read_as_they_are_needed(door: Door, peer: Peer) -> None:
    serve(peer, "/outbox", first=f"{URL}?page=1")
    serve(peer, "/outbox?page=1", orderedItems=NOTES[:2], next=f"{URL}?page=2")
    fetcher = door.fetcher()
    items = iterate_sync(traverse(fetcher, URL, crawl_budget(fetcher, 9)))
    assert next(items).id == NOTES[0]
    assert len(peer.asked) == 2
    items.close()  # type: ignore[attr-defined]


def test_a_collection_at_hand_is_not_fetched(door: Door, peer: Peer) -> None:
    collection = load_as({"id": URL, "type": "Collection", "items": NOTES[:2]}, Collection)
    assert ids(door, collection) == NOTES[:2]
    assert peer.asked == []


@pytest.mark.spec("SEC-091")
def test_sec_091_what_a_page_embeds_is_hearsay_and_of_another_origin_not_even_that(door: Door, peer: Peer) -> None:
    foreign = "https://victim.example.org/notes/1"
    own = {"id": NOTES[0], "type": "Note", "content": "x"}
    forged = {"id": foreign, "type": "Note", "content": "forged"}
    serve(peer, "/outbox", orderedItems=[own, forged, {"type": "Note", "content": "nameless"}, NOTES[1]])
    found = walk(door)
    assert [item.id for item in found] == [NOTES[0], foreign, None, NOTES[1]]
    assert [getattr(item.claimed, "content", None) for item in found] == ["x", None, "nameless", None]


@pytest.mark.spec("SEC-091", "COL-05")
@pytest.mark.parametrize(
    "members",
    [
        {"first": "https://evil.example.org/outbox?page=1"},
        {"first": "http://a.example.com/outbox?page=1"},
        {"first": {"id": "https://evil.example.org/p", "type": "CollectionPage", "items": NOTES[:1]}},
        {"first": f"{URL}?page=of-another"},
    ],
)
def test_sec_091_pages_are_of_the_origin_of_the_collection(door: Door, peer: Peer, members: dict[str, Any]) -> None:
    serve(peer, "/outbox", **members)
    serve(peer, "/outbox?page=of-another", partOf="https://evil.example.org/outbox", orderedItems=NOTES[:1])
    Peer(door.network, "evil.example.org").serve("/outbox?page=1", {"id": "https://evil.example.org/outbox?page=1"})
    with pytest.raises(FetchRefused):
        walk(door)
    assert all(url.startswith(ORIGIN) for url in door.fetches)


@pytest.mark.spec("SEC-108")
@pytest.mark.parametrize("back_to", [URL, f"{URL}?page=1", f"{URL}?page=2"])
def test_sec_108_no_page_is_read_twice(door: Door, peer: Peer, back_to: str) -> None:
    serve(peer, "/outbox", first=f"{URL}?page=1")
    serve(peer, "/outbox?page=1", orderedItems=NOTES[:1], next=f"{URL}?page=2")
    serve(peer, "/outbox?page=2", orderedItems=NOTES[1:2], next=back_to)
    with pytest.raises(FetchRefused):
        walk(door)
    assert len(peer.asked) == 3


def endless(peer: Peer) -> None:
    serve(peer, "/outbox", totalItems=10**9, first=f"{URL}?page=0")
    for number in range(40):
        serve(peer, f"/outbox?page={number}", orderedItems=[f"{URL}/{number}"], next=f"{URL}?page={number + 1}")


@pytest.mark.spec("SEC-108")
@pytest.mark.parametrize("pages", [0, 1, 7])
def test_sec_108_no_more_pages_than_asked_for(door: Door, peer: Peer, pages: int) -> None:
    endless(peer)
    assert len(ids(door, pages_max=pages)) == pages
    assert len(peer.asked) == 1 + pages


@pytest.mark.spec("SEC-108")
def test_sec_108_the_budget_bounds_a_walk(door: Door, peer: Peer) -> None:
    endless(peer)
    with pytest.raises(BudgetExhausted):
        ids(door, budget=door.fetcher().budget())
    assert len(peer.asked) == door.config.limits.fetches_per_message_max


def test_the_limit_of_the_table_holds_where_nothing_is_said(door: Door, peer: Peer) -> None:
    endless(peer)
    door.config = Config(limits=Limits(collection_pages_count_max=5))
    assert len(ids(door)) == 5


def test_a_host_that_asks_for_patience_gets_it(door: Door, peer: Peer) -> None:
    endless(peer)
    door.config = Config(limits=Limits(host_fetches_per_minute_max=3))
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)
        door.clock.advance(seconds)

    with pytest.raises(HostPaused):
        ids(door, pages_max=4)
    door.clock.advance(3_600)
    assert len(ids(door, pages_max=4, pause=pause)) == 4
    assert [seconds for seconds in waited if seconds != PACE_S] == [17.0, 19.0]
    assert waited.count(PACE_S) == 4  # one a page


@pytest.mark.spec("SEC-090")
@pytest.mark.parametrize("kind", ["Note", "Person", "Create"])
def test_sec_090_no_collection(door: Door, peer: Peer, kind: str) -> None:
    serve(peer, "/outbox", type=kind)
    with pytest.raises(TypeMismatch):
        walk(door)


def test_a_collection_without_an_id_has_no_origin(door: Door) -> None:
    with pytest.raises(FedtextError):
        walk(door, load_as({"type": "Collection", "items": NOTES[:2]}, Collection))


def test_what_others_can_make_us_cost(door: Door) -> None:
    fetcher = attrs.evolve(door.fetcher())
    budget = crawl_budget(fetcher, 200)
    assert (budget.fetches_left, budget.seconds_left) == (402, 460.0)


@pytest.mark.spec("COL-05", "SEC-091")
def test_col_05_a_redirect_does_not_lead_to_pages_of_another_origin(door: Door, peer: Peer) -> None:
    other = Peer(door.network, "evil.example.org")
    page = serve(other, "/page", orderedItems=[NOTES[0]])
    peer.serve("/page", redirect(page))
    serve(peer, "/outbox", first=f"{ORIGIN}/page")
    with pytest.raises(FetchRefused, match="of another origin"):
        walk(door)


def test_nobody_has_patience_without_an_end() -> None:
    tried: list[float] = []

    async def never() -> None:
        raise HostPaused(retry_after_s=1)

    async def pause(seconds: float) -> None:
        tried.append(seconds)

    with pytest.raises(HostPaused):
        run_sync(with_patience(never, pause))
    assert tried == [1.0] * 5

    async def for_long() -> None:
        raise HostPaused(retry_after_s=PAUSE_S_MAX + 1)

    with pytest.raises(HostPaused):
        run_sync(with_patience(for_long, pause))
    assert len(tried) == 5
