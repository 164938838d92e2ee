"""A fetched document is the one that was asked for, or none (SEC-062, 063, 115, 117; INB-10)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.receiving import Door, Peer, redirect

from fedtext.errors import DocumentError, FetchRefused, HTTPStatusError, WrongMediaType
from fedtext.fetch import fetch_document, fetch_json, recall
from fedtext.signatures.negotiation import CAPABILITY_RFC9421
from fedtext.sync import run_sync
from fedtext.wire.json import JsonObject

URL = "https://a.example.com/notes/1"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def fetch(door: Door, url: str = URL) -> JsonObject:
    fetcher = door.fetcher()
    return run_sync(fetch_document(fetcher, url, fetcher.budget()))


@pytest.mark.spec("SEC-117", "INB-10", "ACT-17")
@pytest.mark.parametrize("document_id", [URL, "https://A.EXAMPLE.com/notes/1", "https://a.example.com:443/notes/1"])
def test_sec_117_the_id_is_the_address(door: Door, peer: Peer, document_id: str) -> None:
    peer.serve("/notes/1", {"id": document_id, "type": "Note"})
    assert fetch(door)["id"] == document_id
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-117", "INB-10")
def test_sec_117_another_id_of_the_same_origin_is_fetched_once(door: Door, peer: Peer) -> None:
    peer.serve("/@alice/1", {"id": URL, "type": "Note"})
    peer.serve("/notes/1", {"id": URL, "type": "Note", "content": "from its id"})
    assert fetch(door, "https://a.example.com/@alice/1")["content"] == "from its id"
    assert door.fetches == ["https://a.example.com/@alice/1", URL]


@pytest.mark.spec("SEC-117", "ACT-17")
@pytest.mark.parametrize(
    ("document_id", "fetches"),
    [
        ("https://a.example.com/notes/2", 2),
        ("https://a.example.com/notes/1/", 2),
        ("https://a.example.com/Notes/1", 2),
        (URL + "#x", 1),  # that address has answered already
        ("https://evil.example.org/notes/1", 1),
        ("https://sub.a.example.com/notes/1", 1),
        ("https://a.example.com:8443/notes/1", 1),
        ("https://a.example.com./notes/1", 1),
        ("http://a.example.com/notes/1", 1),
        ("did:key:z6Mk", 1),
        ("/notes/1", 1),
        ("", 1),
        (None, 1),
        (1, 1),
        ([URL], 1),
    ],
)
def test_sec_117_any_other_id_is_refused(door: Door, peer: Peer, document_id: Any, fetches: int) -> None:
    """Where the second one disagrees as well, nothing is fetched a third time."""
    for target in ("/notes/1", "/notes/2", "/notes/1/", "/Notes/1"):
        peer.serve(target, {"id": document_id if target == "/notes/1" else URL, "type": "Note"})
    Peer(door.network, "evil.example.org").serve("/notes/1", {"id": "https://evil.example.org/notes/1"})
    with pytest.raises(FetchRefused):
        fetch(door)
    assert len(door.fetches) == fetches


@pytest.mark.spec("SEC-062")
def test_sec_062_served_from_another_origin_under_the_asked_id(door: Door, peer: Peer) -> None:
    """The victim's open redirect leads to evil, which says that its document is the victim's."""
    evil = Peer(door.network, "evil.example.org")
    peer.serve("/notes/1", redirect(evil.serve("/x", {"id": URL, "type": "Note", "content": "never said"})))
    with pytest.raises(FetchRefused):
        fetch(door)


def test_a_moved_document_is_what_it_says_itself(door: Door, peer: Peer) -> None:
    """What the caller makes of another origin's document is the caller's question: see `get_object`."""
    other = Peer(door.network, "c.example.com")
    peer.serve("/notes/1", redirect(other.serve("/n", {"id": "https://c.example.com/n", "type": "Note"})))
    assert fetch(door)["id"] == "https://c.example.com/n"


@pytest.mark.spec("INB-09", "SEC-091")
def test_what_is_embedded_of_others_is_reduced(door: Door, peer: Peer) -> None:
    fake = {"id": "https://v.example.org/1", "type": "Note", "content": "never said"}
    peer.serve("/notes/1", {"id": URL, "type": "OrderedCollectionPage", "orderedItems": [fake, {**fake, "id": URL}]})
    assert fetch(door)["orderedItems"] == ["https://v.example.org/1", {**fake, "id": URL}]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"id":1,"id":2}', b"\xff", b"null"])
def test_what_is_not_strict_json_is_refused(door: Door, peer: Peer, body: bytes) -> None:
    peer.serve("/notes/1", body)
    with pytest.raises(DocumentError):
        fetch(door)


@pytest.mark.spec("SEC-115", "INB-10")
@pytest.mark.parametrize("media_type", ["application/json", "text/html", "application/ld+json", "text/plain"])
def test_sec_115_json_of_another_type(door: Door, peer: Peer, media_type: str) -> None:
    peer.serve("/notes/1", {"id": URL}, media_type=media_type)
    with pytest.raises(WrongMediaType):
        fetch(door)


def test_names_are_normalized_and_nothing_else_is_fetched(door: Door, peer: Peer) -> None:
    context = "https://evil.example.org/context.jsonld"
    peer.serve("/notes/1", {"@context": context, "@id": URL, "@type": "as:Note", "as:content": "x"})
    found = fetch(door)
    assert (found["id"], found["type"], found["content"]) == (URL, "Note", "x")
    assert door.fetches == [URL]


def test_fetch_json_leaves_the_id_unchecked(door: Door, peer: Peer) -> None:
    peer.serve("/notes/1", redirect("/notes/2"))
    peer.serve("/notes/2", {"id": "https://elsewhere.example.org/"})
    fetcher = door.fetcher()
    address, document = run_sync(fetch_json(fetcher, URL, fetcher.budget()))
    assert (address, document["id"]) == ("https://a.example.com/notes/2", "https://elsewhere.example.org/")


def test_a_missing_document(door: Door, peer: Peer) -> None:
    with pytest.raises(HTTPStatusError):
        fetch(door)


@pytest.mark.spec("SIG-32")
@pytest.mark.parametrize(("document_id", "learned"), [(URL, True), ("https://evil.example.org/notes/1", False)])
def test_sig_32_what_its_server_takes_is_learned_from_a_document_that_holds(
    door: Door, peer: Peer, document_id: str, learned: bool
) -> None:
    application = {"type": "Application", "inbox": f"{URL}/inbox", "implements": [{"href": CAPABILITY_RFC9421}]}
    peer.serve("/notes/1", {"id": document_id, **application})
    if learned:
        fetch(door)
    else:
        with pytest.raises(FetchRefused):
            fetch(door)
    known = run_sync(recall(door.ports, door.fetcher().site, "https://a.example.com"))
    assert (known.rfc9421_until_s > 0) is learned
