"""From a page to its document, if that knows the page (DISC-01 to DISC-03, SEC-098)."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from tests.receiving import Door, Peer, PeerActor, answer, redirect

from fedtext.adapters.coalesce import AsyncCoalesce
from fedtext.config import Config, Limits
from fedtext.discovery import lookup_object
from fedtext.errors import BudgetExhausted, FedtextError, FetchRefused, OriginMismatch, WrongMediaType
from fedtext.fetch import get_object
from fedtext.fetch.pages import names_page
from fedtext.http import Request, Response
from fedtext.sync import run_sync
from fedtext.vocab import Object, load
from fedtext.wire.json import JsonObject

PAGE = "https://a.example.com/@alice/1"
AP = "application/activity+json"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


@pytest.fixture
def alice(peer: Peer) -> PeerActor:
    return peer.actor()


def html(href: str | None, kind: str = AP) -> bytes:
    link = "" if href is None else f'<link rel="alternate" type="{kind}" href="{href}">'
    return f"<!doctype html><head>{link}</head><p>Hello".encode()


def page(peer: Peer, target: str, body: bytes, media_type: str = "text/html; charset=utf-8", **headers: str) -> str:
    """Serve a page to people, and refuse servers."""

    def served(request: Request) -> Response:
        wanted = "text/html" in (request.headers.get("accept") or "")
        return answer(body, media_type, **headers) if wanted else Response(status=406)

    return peer.serve(target, served)


def note(peer: Peer, alice: PeerActor, **members: Any) -> str:
    return peer.serve("/notes/1", alice.note(**members))


def look_up(door: Door, text: str) -> Object:
    fetcher = door.fetcher()
    return run_sync(lookup_object(fetcher, text, fetcher.budget()))


@pytest.mark.spec("DISC-01", "DISC-02")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (html("/notes/1"), {}),
        (html("https://a.example.com/notes/1"), {}),
        (html(None), {"link": f'</notes/1>; rel="alternate"; type="{AP}"'}),
        (b"", {"link": f'</notes/1>; rel="alternate"; type="{AP}"'}),
    ],
)
def test_disc_01_by_its_head_and_by_its_link_field(
    door: Door, peer: Peer, alice: PeerActor, body: bytes, headers: dict[str, str]
) -> None:
    found = note(peer, alice, url=PAGE)
    page(peer, "/@alice/1", body, **headers)
    assert look_up(door, PAGE).id == found
    assert look_up(door, PAGE).id == found
    assert len(door.fetches) == 2, "what was found is kept"


@pytest.mark.spec("DISC-01")
def test_disc_01_a_page_that_is_answered_to_everybody(door: Door, peer: Peer, alice: PeerActor) -> None:
    found = note(peer, alice, url=PAGE)
    peer.serve("/@alice/1", html("/notes/1"), media_type="text/html")
    assert look_up(door, PAGE).id == found


@pytest.mark.spec("DISC-01")
@pytest.mark.parametrize(
    ("href", "kind"),
    [
        (None, AP),
        ("/notes/1", "application/json"),
        ("/notes/1", "application/ld+json"),
        ("/notes/1", "text/html"),
        ("javascript:x", AP),
        ("http://127.0.0.1:x/", AP),
    ],
)
def test_disc_01_pages_without_a_document(
    door: Door, peer: Peer, alice: PeerActor, href: str | None, kind: str
) -> None:
    note(peer, alice, url=PAGE)
    page(peer, "/@alice/1", html(href, kind))
    with pytest.raises(WrongMediaType):
        look_up(door, PAGE)


@pytest.mark.spec("DISC-02")
@pytest.mark.parametrize(
    "url",
    [
        PAGE,
        f"{PAGE}#comments",
        "https://A.example.com:443/@alice/1",
        [{"type": "Link", "mediaType": "text/html", "href": PAGE}],
        ["https://a.example.com/other", PAGE],
        [{"type": "Link", "mediaType": "application/json", "href": "https://a.example.com/1.json"}, PAGE],
    ],
)
def test_disc_02_the_document_names_the_page(door: Door, peer: Peer, alice: PeerActor, url: Any) -> None:
    note(peer, alice, url=url)
    page(peer, "/@alice/1", html("/notes/1"))
    assert look_up(door, f"{PAGE}#top").id == "https://a.example.com/notes/1"


@pytest.mark.spec("DISC-02")
@pytest.mark.parametrize("url", [None, "https://a.example.com/@alice/2", "https://a.example.com/@alice/1?x", "x", 7])
def test_disc_02_a_document_that_does_not_know_the_page(door: Door, peer: Peer, alice: PeerActor, url: Any) -> None:
    note(peer, alice, url=url)
    page(peer, "/@alice/1", html("/notes/1"))
    for _ in range(2):  # nor is it kept under the page's address
        with pytest.raises(OriginMismatch):
            look_up(door, PAGE)


@pytest.mark.spec("DISC-02", "SEC-098")
def test_disc_02_nobody_s_page_speaks_for_somebody_else(door: Door, peer: Peer, alice: PeerActor) -> None:
    """A page of evil's shows one thing and names what alice has said."""
    evil = Peer(door.network, "evil.example.org")
    found = note(peer, alice, url=PAGE)
    page(evil, "/@alice/1", html(found))
    with pytest.raises(FetchRefused):
        look_up(door, "https://evil.example.org/@alice/1")


@pytest.mark.spec("DISC-02")
def test_disc_02_an_address_without_a_page_asks_nobody_for_one(door: Door, peer: Peer, alice: PeerActor) -> None:
    """A redirect to the document is no page: the document need not name where it begins."""
    found = note(peer, alice, url="https://a.example.com/other")
    peer.serve("/short", redirect("/notes/1"))
    assert look_up(door, peer.url("/short")).id == found


def test_a_page_that_has_moved(door: Door, peer: Peer, alice: PeerActor) -> None:
    note(peer, alice, url=f"{PAGE}/")
    peer.serve("/@alice/1", redirect("/@alice/1/"))
    page(peer, "/@alice/1/", html("/notes/1"))
    assert look_up(door, PAGE).id == "https://a.example.com/notes/1"


@pytest.mark.spec("SEC-115")
@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "application/xml", ""])
def test_sec_115_only_html_is_a_page(door: Door, peer: Peer, alice: PeerActor, media_type: str) -> None:
    note(peer, alice, url=PAGE)
    peer.serve("/@alice/1", html("/notes/1"), media_type=media_type)
    with pytest.raises(WrongMediaType):
        look_up(door, PAGE)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500])
def test_other_refusals_are_no_hint_of_a_page(door: Door, peer: Peer, status: int) -> None:
    peer.serve("/@alice/1", Response(status=status))
    with pytest.raises(FedtextError):
        look_up(door, PAGE)
    assert len(door.fetches) == 1


def test_a_budget_that_is_used_up_says_nothing_of_the_page(peer: Peer, door: Door, alice: PeerActor) -> None:
    found = note(peer, alice, url=PAGE)
    page(peer, "/@alice/1", html("/notes/1"))
    narrow = Door(door.network, Config(limits=Limits(fetches_per_message_max=1)))
    with pytest.raises(BudgetExhausted):
        look_up(narrow, PAGE)
    fetcher = attrs.evolve(narrow.fetcher(), config=Config())
    assert run_sync(get_object(fetcher, PAGE, fetcher.budget(), elsewhere=True)).id == found


@pytest.mark.spec("DISC-03")
@pytest.mark.parametrize(
    ("url", "page_url"),
    [
        (PAGE, PAGE),
        ([{"type": "Link", "mediaType": "application/activity+json", "href": "https://a.example.com/1"}, PAGE], PAGE),
        ([{"type": "Link", "mediaType": "text/html", "href": PAGE}, "https://a.example.com/2"], PAGE),
        ("javascript:x", None),
    ],
)
def test_disc_03_from_the_document_to_its_page(url: Any, page_url: str | None) -> None:
    assert load({"id": "https://a.example.com/1", "type": "Note", "url": url}).url == page_url


def test_many_addresses_are_cut() -> None:
    urls = [f"https://a.example.com/{number}" for number in range(20)]
    found: JsonObject = {"id": "https://a.example.com/x", "type": "Note", "url": [*urls]}
    assert [names_page(found, url) for url in urls] == [True] * 16 + [False] * 4
    assert not names_page(found, "no address")


@pytest.mark.spec("DISC-02")
async def test_disc_02_whoever_joins_gets_no_more_than_the_first(peer: Peer, door: Door, alice: PeerActor) -> None:
    note(peer, alice, url=None)
    page(peer, "/@alice/1", html("/notes/1"))
    fetcher = Door(door.network, coalesce=AsyncCoalesce()).fetcher()
    both = [get_object(fetcher, PAGE, fetcher.budget(), elsewhere=True) for _ in range(2)]
    found = await asyncio.gather(*both, return_exceptions=True)
    assert [type(one) for one in found] == [OriginMismatch, OriginMismatch]
