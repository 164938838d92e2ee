"""NodeInfo: built as its schemas say, read typed and capped, fetched from one origin only (WF-17, SEC-160)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.receiving import Door, Peer, redirect

from fedtext.config import Limits, Software
from fedtext.discovery import (
    NodeInfo,
    build_nodeinfo,
    build_nodeinfo_index,
    choose_nodeinfo,
    fetch_nodeinfo,
    parse_nodeinfo,
)
from fedtext.errors import BodyTooLarge, FedtextError, MissingProperty, OriginMismatch, WrongMediaType
from fedtext.sync import run_sync
from fedtext.wire.iri import Origin

ORIGIN = Origin("https://a.example.com")
REL = "http://nodeinfo.diaspora.software/ns/schema/"
JSON = "application/json"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def document(**members: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "software": {"name": "other", "version": "1.2"},
        "protocols": ["activitypub", "diaspora"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": True,
        "usage": {"users": {"total": 3}, "localPosts": 7},
        "metadata": {},
        **members,
    }


def index(*hrefs: tuple[str, str]) -> dict[str, Any]:
    return {"links": [{"rel": REL + version, "href": href} for version, href in hrefs]}


def fetch(door: Door) -> NodeInfo:
    fetcher = door.fetcher()
    return run_sync(fetch_nodeinfo(fetcher, ORIGIN, fetcher.budget()))


@pytest.mark.spec("WF-17")
def test_wf_17_what_we_say_of_ourselves() -> None:
    assert build_nodeinfo_index(ORIGIN) == index(
        ("2.0", "https://a.example.com/nodeinfo/2.0"), ("2.1", "https://a.example.com/nodeinfo/2.1")
    )
    built = build_nodeinfo(Software("blog", "1"), users_total=2, posts_total=5)
    assert built["usage"] == {"users": {"total": 2}, "localPosts": 5}
    assert parse_nodeinfo(built) == NodeInfo(
        software="blog",
        version="1",
        protocols=("activitypub",),
        users_total=2,
        posts_total=5,
        open_registrations=False,
    )
    assert build_nodeinfo(Software("blog", "1"))["usage"] == {"users": {}}, "unknown counts are not invented"


@pytest.mark.spec("WF-17")
@pytest.mark.vectors("nodeinfo/2.0/schema.json", "nodeinfo/2.1/schema.json")
def test_wf_17_what_we_say_has_all_that_the_schema_requires(vector_file: Path) -> None:
    schema = json.loads(vector_file.read_text("utf-8"))
    version = vector_file.parent.name
    built = build_nodeinfo(Software("blog", "1"), version=version)
    assert set(schema["required"]) <= set(built)
    assert set(built) <= set(schema["properties"])


@pytest.mark.spec("SEC-160")
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"usage": {"users": {"total": "3"}, "localPosts": "7"}}, (None, None)),
        ({"usage": {"users": {"total": -1}, "localPosts": 2**53}}, (None, None)),
        ({"usage": {"users": {"total": True}, "localPosts": 1.5}}, (None, None)),
        ({"usage": {"users": {"total": 0}, "localPosts": 2**53 - 1}}, (0, 2**53 - 1)),
        ({"usage": {"users": [], "localPosts": None}}, (None, None)),
        ({"usage": []}, (None, None)),
    ],
)
def test_sec_160_counts(members: dict[str, Any], expected: tuple[int | None, int | None]) -> None:
    found = parse_nodeinfo(document(**members))
    assert (found.users_total, found.posts_total) == expected


@pytest.mark.spec("SEC-160")
def test_sec_160_texts_are_typed_and_capped() -> None:
    found = parse_nodeinfo(
        document(software={"name": "<b>" * 100, "version": 7}, protocols=["x", 7, None] * 100, openRegistrations="yes")
    )
    assert (len(found.software), found.version, found.open_registrations) == (128, "", False)
    assert set(found.protocols) == {"x"}
    assert len(found.protocols) <= 16
    assert parse_nodeinfo(document(protocols={"inbound": []})).protocols == ()


@pytest.mark.parametrize("software", [None, {}, [], "x", {"name": 7}, {"name": ""}])
def test_a_document_without_software(software: Any) -> None:
    with pytest.raises(MissingProperty):
        parse_nodeinfo(document(software=software))


def test_the_newest_version_is_fetched(door: Door, peer: Peer) -> None:
    peer.serve("/.well-known/nodeinfo", index(("2.0", ORIGIN + "/n/2.0"), ("2.1", ORIGIN + "/n/2.1")), media_type=JSON)
    peer.serve("/n/2.1", document(), media_type=f'{JSON}; profile="{REL}2.1#"')
    assert fetch(door).software == "other"
    assert all("signature" not in request.headers for request in peer.asked)


@pytest.mark.spec("SEC-160")
@pytest.mark.parametrize(
    ("href", "error"),
    [
        ("https://127.0.0.1/nodeinfo", OriginMismatch),
        ("https://evil.example.org/nodeinfo", OriginMismatch),
        ("http://a.example.com/nodeinfo", OriginMismatch),
        ("https://a.example.com:8443/nodeinfo", OriginMismatch),
        ("data:application/json,{}", MissingProperty),
        ("javascript:x", MissingProperty),
        ("/nodeinfo", MissingProperty),
        ("", MissingProperty),
    ],
)
def test_sec_160_documents_elsewhere(door: Door, peer: Peer, href: str, error: type[FedtextError]) -> None:
    peer.serve("/.well-known/nodeinfo", index(("2.0", href)), media_type=JSON)
    with pytest.raises(error):
        fetch(door)
    assert len(door.fetches) == 1


@pytest.mark.spec("SEC-160")
def test_sec_160_a_document_that_another_host_answers(door: Door, peer: Peer) -> None:
    evil = Peer(door.network, "evil.example.org")
    peer.serve("/.well-known/nodeinfo", index(("2.0", ORIGIN + "/n")), media_type=JSON)
    peer.serve("/n", redirect(evil.serve("/n", document(), media_type=JSON)))
    with pytest.raises(OriginMismatch):
        fetch(door)


@pytest.mark.spec("SEC-160")
def test_sec_160_size_and_type(door: Door, peer: Peer) -> None:
    peer.serve("/.well-known/nodeinfo", b" " * (Limits().discovery_bytes_max + 1), media_type=JSON)
    with pytest.raises(BodyTooLarge):
        fetch(door)
    peer.serve("/.well-known/nodeinfo", {}, media_type="text/html")
    with pytest.raises(WrongMediaType):
        fetch(door)


def test_many_links_are_cut() -> None:
    links: list[Any] = [{"rel": "x", "href": "https://a.example.com/"}] * 100 + index(("2.0", ORIGIN + "/n"))["links"]
    assert choose_nodeinfo({"links": links}) is None
    assert choose_nodeinfo({"links": links[-10:]}) == ORIGIN + "/n"


@pytest.mark.vectors("nodeinfo/well-known.json")
def test_shared_cases_of_the_index(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        assert choose_nodeinfo(case["well_known"]) in case.get("expect_any", [case.get("expect")]), case["id"]


@pytest.mark.vectors("nodeinfo/documents.json")
def test_shared_cases_of_documents(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        allowed = case.get("expect_any", [case.get("expect")])
        try:
            parse_nodeinfo(case["document"])
        except FedtextError:
            assert "refused" in allowed, case["id"]
        else:
            assert "read" in allowed, case["id"]
