"""The actor of a server: by WebFinger of its own address, or by the index of NodeInfo (FEP-d556, FEP-2677; WF-18)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.receiving import Door, Peer

from fedtext.discovery import lookup_server_actor
from fedtext.errors import FedtextError, HTTPStatusError, MissingProperty, OriginMismatch, TypeMismatch, Unreachable
from fedtext.http import Response
from fedtext.sync import run_sync
from fedtext.vocab import Actor
from fedtext.wire.iri import Origin

ORIGIN = Origin("https://a.example.com")
WF = "/.well-known/webfinger?resource=" + quote("https://a.example.com/", safe="")
NODEINFO = "/.well-known/nodeinfo"
SERVICE, APPLICATION = (f"https://www.w3.org/ns/activitystreams#{kind}" for kind in ("Service", "Application"))
AP = "application/activity+json"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    peer = Peer(door.network)
    peer.actor("server", type="Application")
    return peer


def find(door: Door) -> Actor:
    fetcher = door.fetcher()
    return run_sync(lookup_server_actor(fetcher, ORIGIN, fetcher.budget()))


def jrd(*links: dict[str, Any]) -> dict[str, Any]:
    return {"subject": "https://a.example.com/", "links": [{"type": AP, **link} for link in links]}


SERVER = "https://a.example.com/users/server"


@pytest.mark.spec("WF-18")
@pytest.mark.parametrize(
    "links",
    [
        [{"rel": SERVICE, "href": SERVER}],
        [{"rel": "self", "href": SERVER}],
        [{"rel": "self", "href": "https://a.example.com/users/alice"}, {"rel": SERVICE, "href": SERVER}],
    ],
)
def test_wf_18_webfinger_of_the_server_itself(door: Door, peer: Peer, links: list[dict[str, Any]]) -> None:
    peer.serve(WF, jrd(*links), media_type="application/jrd+json")
    assert find(door).id == SERVER
    assert len(door.fetches) == 2


@pytest.mark.spec("WF-18")
@pytest.mark.parametrize("refusal", [Response(status=404), Response(status=410), Response(status=400)])
def test_wf_18_the_index_of_nodeinfo_is_the_other_way(door: Door, peer: Peer, refusal: Response) -> None:
    peer.serve(WF, refusal)
    peer.serve(NODEINFO, {"links": [{"rel": APPLICATION, "href": SERVER}]}, media_type="application/json")
    assert find(door).id == SERVER


@pytest.mark.spec("WF-18")
def test_wf_18_a_descriptor_that_cannot_be_read_or_names_nobody(door: Door, peer: Peer) -> None:
    peer.serve(NODEINFO, {"links": [{"rel": APPLICATION, "href": SERVER}]}, media_type="application/json")
    for document in (b"[]", b"{}"):
        peer.serve(WF, document, media_type="application/jrd+json")
        assert find(door).id == SERVER


@pytest.mark.parametrize(
    ("webfinger", "index", "error"),
    [
        (None, None, HTTPStatusError),
        (None, {"links": []}, MissingProperty),
        (jrd({"rel": "self", "href": "https://evil.example.org/actor"}), None, OriginMismatch),
        (None, {"links": [{"rel": APPLICATION, "href": "https://127.0.0.1/actor"}]}, OriginMismatch),
        (None, {"links": [{"rel": APPLICATION, "href": "data:,x"}]}, MissingProperty),
        (jrd({"rel": "self", "href": "https://a.example.com/note"}), None, TypeMismatch),
    ],
)
def test_what_is_no_actor_of_the_server(
    door: Door, peer: Peer, webfinger: Any, index: Any, error: type[FedtextError]
) -> None:
    peer.serve("/note", {"id": "https://a.example.com/note", "type": "Note"})
    if webfinger is not None:
        peer.serve(WF, webfinger, media_type="application/jrd+json")
    if index is not None:
        peer.serve(NODEINFO, index, media_type="application/json")
    with pytest.raises(error):
        find(door)
    assert all(url.startswith(ORIGIN) for url in door.fetches)


def test_a_server_that_cannot_be_asked_now(door: Door, peer: Peer) -> None:
    peer.serve(WF, Response(status=503))
    with pytest.raises(Unreachable):
        find(door)
