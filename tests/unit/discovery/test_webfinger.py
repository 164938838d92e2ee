"""JRDs: built as others read them, read as others write them, fetched where their host says (WF-01 to WF-07)."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.receiving import GONE, Door, Peer, answer, redirect

from fedtext.config import Config, DevPolicy, Limits
from fedtext.discovery import JRD, JRDLink, build_jrd, fetch_descriptor, fetch_jrd, parse_jrd
from fedtext.errors import (
    BodyTooLarge,
    DocumentError,
    FedtextError,
    FetchError,
    FetchRefused,
    Gone,
    HTTPStatusError,
    TypeMismatch,
    Unreachable,
    WrongMediaType,
)
from fedtext.http import Response
from fedtext.sync import run_sync
from fedtext.wire.acct import parse_handle

ACTOR = "https://a.example.com/users/alice"
ASKED = "/.well-known/webfinger?resource=acct%3Aalice%40a.example.com"
JRD_TYPE = "application/jrd+json"
SELF = {"rel": "self", "type": "application/activity+json", "href": ACTOR}


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


def fetch(door: Door, handle: str = "alice@a.example.com") -> JRD:
    fetcher = door.fetcher()
    return run_sync(fetch_jrd(fetcher, parse_handle(handle), fetcher.budget()))


# ---- building --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("WF-01", "WF-02")
def test_wf_02_one_self_link_and_it_comes_first() -> None:
    document = build_jrd(parse_handle("alice@a.example.com"), ACTOR, profile_url="https://a.example.com/@alice")
    assert document["subject"] == "acct:alice@a.example.com"
    links: Any = document["links"]
    assert [link["rel"] for link in links] == ["self", "http://webfinger.net/rel/profile-page"]
    assert links[0] == SELF
    assert document["aliases"] == [ACTOR, "https://a.example.com/@alice"]


def test_a_profile_at_the_id_is_no_further_alias() -> None:
    document = build_jrd(parse_handle("alice@a.example.com"), ACTOR, profile_url=ACTOR)
    assert document["aliases"] == [ACTOR]
    assert parse_jrd(document).actor_id() == ACTOR


# ---- reading ---------------------------------------------------------------------------------------------------------

LD = "application/ld+json"
AS2_PROFILE = 'profile="https://www.w3.org/ns/activitystreams"'


@pytest.mark.spec("WF-03")
@pytest.mark.parametrize(
    ("media_type", "found"),
    [
        ("application/activity+json", True),
        (f"{LD}; {AS2_PROFILE}", True),
        (f"{LD};{AS2_PROFILE}", True),
        (LD, False),
        (f'{LD}; profile="https://www.w3.org/ns/activitystreamsX"', False),
        ("application/json", False),
        ("text/html", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_wf_03_types_of_the_self_link(media_type: Any, found: bool) -> None:
    jrd = parse_jrd({"subject": "acct:a@a.example.com", "links": [{**SELF, "type": media_type}]})
    assert jrd.actor_id() == (ACTOR if found else None)


def test_the_first_self_link_of_the_type_counts() -> None:
    links = [
        {"rel": "self", "type": "text/html", "href": "https://a.example.com/"},
        SELF,
        {**SELF, "href": ACTOR + "2"},
    ]
    assert parse_jrd({"links": links}).actor_id() == ACTOR


@pytest.mark.spec("SEC-158")
@pytest.mark.parametrize("member", ["href", "template"])
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://a.example.com/x", True),
        ("http://a.example.com/x", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("data:text/html,x", False),
        (" https://a.example.com/", False),
        ("//a.example.com/", False),
        ("", False),
        (7, False),
        (["https://a.example.com/"], False),
    ],
)
def test_sec_158_only_web_addresses_are_links(member: str, value: Any, kept: bool) -> None:
    link = {"rel": "http://ostatus.org/schema/1.0/subscribe", member: value}
    assert len(parse_jrd({"subject": "acct:a@b.example.com", "links": [link]}).links) == kept


@pytest.mark.parametrize(
    "document",
    [
        {"subject": 7},
        {"subject": ["acct:a@b"]},
        {"subject": "acct:a@b", "links": {"rel": "self"}},
        {"subject": "acct:a@b", "links": "x"},
    ],
)
def test_what_is_no_jrd(document: Any) -> None:
    with pytest.raises(TypeMismatch):
        parse_jrd(document)


def test_what_is_strange_is_left_out() -> None:
    links: list[Any] = [None, 7, "x", [], {}, {"rel": 7}, {"rel": "x"}]
    jrd = parse_jrd({"aliases": ["x", None, 7], "links": links, "properties": {"a": None}, "zzz": 1})
    assert (jrd.subject, jrd.aliases, [link.rel for link in jrd.links]) == (None, ("x",), ["x"])
    assert parse_jrd({"aliases": "x"}).aliases == ()


def test_many_links_and_aliases_are_cut() -> None:
    jrd = parse_jrd({"aliases": ["x"] * 1000, "links": [{"rel": "x"}] * 1000})
    assert (len(jrd.aliases), len(jrd.links)) == (64, 64)


@pytest.mark.vectors("webfinger/client-self-link.json")
def test_shared_cases_of_self_links(vector_file: Path) -> None:
    for case in json.loads(vector_file.read_text("utf-8"))["cases"]:
        try:
            found = parse_jrd(case["jrd"]).actor_id()
        except FedtextError:
            found = None
        assert found == case["expect"], case["id"]


# ---- fetching --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("WF-06", "WF-05")
@pytest.mark.parametrize("media_type", [JRD_TYPE, "application/json", "application/jrd+json; charset=utf-8"])
def test_wf_06_what_is_asked_and_taken(door: Door, peer: Peer, media_type: str) -> None:
    peer.serve(ASKED, {"subject": "acct:alice@a.example.com", "links": [SELF]}, media_type=media_type)
    assert fetch(door).actor_id() == ACTOR
    (asked,) = peer.asked
    assert asked.headers.get("accept") == "application/jrd+json, application/json"
    assert "signature" not in asked.headers


@pytest.mark.spec("WF-16")
def test_a_jrd_is_small(door: Door, peer: Peer) -> None:
    peer.serve(ASKED, b"{" + b" " * Limits().discovery_bytes_max + b"}", media_type=JRD_TYPE)
    with pytest.raises(BodyTooLarge):
        fetch(door)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"subject":7}'])
def test_what_cannot_be_read_names_its_address(door: Door, peer: Peer, body: bytes) -> None:
    peer.serve(ASKED, body, media_type=JRD_TYPE)
    with pytest.raises(DocumentError) as caught:
        fetch(door)
    assert "a.example.com" in caught.value.context["url"]


def test_over_https_but_for_hosts_of_development() -> None:
    dev = DevPolicy.allow_loopback(hosts=("a.localhost", "t.localhost"), ports=(8001,))
    for ca_file, scheme in ((None, "http"), ("ca.pem", "https")):
        policy = DevPolicy(schemes=dev.schemes, hosts=dev.hosts, ports=dev.ports, ca_file=ca_file)
        door = Door(config=Config(dev=policy))
        Peer(door.network, "a.localhost:8001")
        with pytest.raises(FetchError):
            fetch(door, "alice@a.localhost:8001")
        assert door.fetches[0].startswith(f"{scheme}://a.localhost:8001/.well-known/webfinger?")


# ---- host metadata as a fallback -------------------------------------------------------------------------------------

XRD = (
    '<?xml version="1.0" encoding="UTF-8"?><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
    '<Link rel="lrdd" template="{template}"/></XRD>'
)
HOST_META = "/.well-known/host-meta"


@pytest.mark.spec("WF-07")
@pytest.mark.parametrize("refusal", [404, 403, 400])
def test_wf_07_a_host_may_answer_elsewhere(door: Door, peer: Peer, refusal: int) -> None:
    other = Peer(door.network, "social.example.com")
    template = "https://social.example.com/wf?r={uri}"
    peer.serve(ASKED, Response(status=refusal))
    peer.serve(HOST_META, XRD.format(template=template).encode(), media_type="application/xrd+xml; charset=utf-8")
    other.serve("/wf?r=acct%3Aalice%40a.example.com", {"links": [SELF]}, media_type=JRD_TYPE)
    assert fetch(door).actor_id() == ACTOR
    assert len(door.fetches) == 3


@pytest.mark.spec("WF-07")
@pytest.mark.parametrize(
    "host_meta",
    [
        Response(status=404),
        Response(status=500),
        answer(b"<html/>", "text/html"),
        answer(b"<XRD", "application/xrd+xml"),
        answer(XRD.format(template="https://a.example.com/wf").encode(), "application/xrd+xml"),
        answer(XRD.format(template="javascript:{uri}").encode(), "application/xrd+xml"),
        answer(XRD.format(template="https://a.example.com/.well-known/webfinger?resource={uri}").encode(), "text/xml"),
    ],
)
def test_wf_07_the_first_refusal_counts_when_there_is_no_other_place(
    door: Door, peer: Peer, host_meta: Response
) -> None:
    peer.serve(HOST_META, host_meta)
    with pytest.raises(HTTPStatusError) as caught:
        fetch(door)
    assert caught.value.context["status"] == "404"
    assert len(door.fetches) == 2


@pytest.mark.spec("WF-07")
@pytest.mark.parametrize(
    ("served", "error"),
    [(GONE, Gone), (Response(status=503), Unreachable), (answer(b"<html/>", "text/html"), WrongMediaType)],
)
def test_wf_07_no_other_place_is_sought_for_other_answers(
    door: Door, peer: Peer, served: Response, error: type[FedtextError]
) -> None:
    peer.serve(ASKED, served)
    with pytest.raises(error):
        fetch(door)
    assert len(door.fetches) == 1


@pytest.mark.spec("WF-07")
def test_wf_07_where_a_host_answered_is_remembered_for_its_other_names(door: Door, peer: Peer) -> None:
    other = Peer(door.network, "social.example.com")
    peer.serve(HOST_META, XRD.format(template="https://social.example.com/wf?r={uri}").encode(), media_type="text/xml")
    for name in ("alice", "bob"):
        other.serve(f"/wf?r=acct%3A{name}%40a.example.com", {"links": [SELF]}, media_type=JRD_TYPE)
    fetch(door)
    assert len(door.fetches) == 3
    assert fetch(door, "bob@a.example.com").actor_id() == ACTOR
    assert door.fetches[3:] == ["https://social.example.com/wf?r=acct%3Abob%40a.example.com"]


@pytest.mark.spec("WF-07")
def test_wf_07_a_host_that_has_moved_back_is_found_again(door: Door, peer: Peer) -> None:
    other = Peer(door.network, "social.example.com")
    peer.serve(HOST_META, XRD.format(template="https://social.example.com/wf?r={uri}").encode(), media_type="text/xml")
    target = "/wf?r=acct%3Aalice%40a.example.com"
    other.serve(target, {"links": [SELF]}, media_type=JRD_TYPE)
    fetch(door)
    other.serve(target, Response(status=404))
    peer.serve(ASKED, {"subject": "acct:alice@a.example.com", "links": [SELF]}, media_type=JRD_TYPE)
    assert fetch(door).subject == "acct:alice@a.example.com"
    assert fetch(door).subject == "acct:alice@a.example.com"
    assert door.fetches[-1].startswith("https://a.example.com/.well-known/webfinger?"), "nothing else is remembered"


@pytest.mark.spec("WF-07", "WF-14")
@pytest.mark.parametrize(
    ("served", "error"), [(GONE, Gone), (Response(status=503), Unreachable), (answer(b"[]", JRD_TYPE), DocumentError)]
)
def test_wf_07_what_the_other_place_says_counts(
    door: Door, peer: Peer, served: Response, error: type[FedtextError]
) -> None:
    other = Peer(door.network, "social.example.com")
    peer.serve(HOST_META, XRD.format(template="https://social.example.com/wf?r={uri}").encode(), media_type="text/xml")
    other.serve("/wf?r=acct%3Aalice%40a.example.com", served)
    for _ in range(2):
        with pytest.raises(error):
            fetch(door)


@pytest.mark.spec("WF-01")
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_wf_01_what_was_asked_over_tls_is_not_answered_without(door: Door, peer: Peer, scheme: str) -> None:
    template = f"{scheme}://social.example.com/wf?r={{uri}}"
    peer.serve(HOST_META, XRD.format(template=template).encode(), media_type="text/xml")
    with pytest.raises(HTTPStatusError):
        fetch(door)
    assert all(url.startswith("https://a.example.com/") for url in door.fetches)


@pytest.mark.spec("WF-01")
def test_wf_01_no_redirect_leads_away_from_tls(door: Door, peer: Peer) -> None:
    peer.serve(ASKED, redirect("http://a.example.com/wf"))
    with pytest.raises(FetchRefused):
        fetch(door)
    assert len(door.fetches) == 1


@pytest.mark.spec("WF-16")
def test_wf_16_redirects_are_followed_three_times(door: Door, peer: Peer) -> None:
    peer.serve(ASKED, redirect("/1"))
    peer.serve("/1", redirect("/2"))
    peer.serve("/2", redirect("/3"))
    peer.serve("/3", {"links": [SELF]}, media_type=JRD_TYPE)
    assert fetch(door).actor_id() == ACTOR
    peer.serve("/3", redirect("/4"))
    peer.serve("/4", {"links": [SELF]}, media_type=JRD_TYPE)
    with pytest.raises(FetchRefused):
        fetch(door)


@pytest.mark.spec("WF-08")
@pytest.mark.parametrize("resource", ["https://a.example.com/", "mailto:a@a.example.com", "urn:x:y?z&w"])
def test_wf_08_a_resource_of_any_scheme_may_be_asked_for(door: Door, peer: Peer, resource: str) -> None:
    target = f"/.well-known/webfinger?resource={quote(resource, safe='')}"
    peer.serve(target, {"subject": resource, "links": []}, media_type=JRD_TYPE)
    fetcher = door.fetcher()
    found = run_sync(fetch_descriptor(fetcher, resource, "a.example.com", fetcher.budget()))
    assert found.subject == resource


@pytest.mark.spec("WF-06")
def test_wf_06_properties_are_texts_or_nothing() -> None:
    properties: dict[str, Any] = {"a": "x", "b": None, "c": 7, "d": ["x"], **{str(n): "x" for n in range(100)}}
    found = parse_jrd({"properties": properties}).properties
    assert (found["a"], found["b"], "c" in found, len(found) <= 64) == ("x", None, False, True)
    assert parse_jrd({"properties": ["x"]}).properties == {}


@pytest.mark.spec("WF-15")
def test_wf_15_pictures_and_other_links_are_built() -> None:
    built: Any = build_jrd(
        parse_handle("alice@a.example.com"),
        ACTOR,
        avatar=JRDLink(rel="x", type="image/png", href="https://a.example.com/a.png"),
        links=[JRDLink(rel="r", template="https://a.example.com/{uri}")],
        rels=("http://webfinger.net/rel/avatar", "r"),
    )
    assert built["links"] == [
        {"rel": "http://webfinger.net/rel/avatar", "type": "image/png", "href": "https://a.example.com/a.png"},
        {"rel": "r", "template": "https://a.example.com/{uri}"},
    ]


@pytest.mark.spec("WF-18")
def test_wf_18_the_actor_of_a_server() -> None:
    service = {"rel": "https://www.w3.org/ns/activitystreams#Service", "type": SELF["type"], "href": ACTOR + "/s"}
    assert parse_jrd({"links": [SELF, service]}).server_actor_id() == ACTOR + "/s"
    assert parse_jrd({"links": [SELF]}).server_actor_id() == ACTOR
    assert parse_jrd({"links": [{**service, "type": "text/html"}]}).server_actor_id() is None


@pytest.mark.corpus(
    "mastodon/bonfire*webfinger.json",
    "mastodon/mobilizon__mastodon-webfinger.json",
    "mastodon/mastodon__activitypub-webfinger.json",
    "pleroma/bonfire__pleroma_webfinger.json",
    "osada/akkoma__mike*.json",
    "gotosocial/gts__webfingerget*.json",
    "friendica/*webfinger.json",
)
def test_descriptors_of_real_servers_are_read(corpus_file: Path) -> None:
    given = json.loads(corpus_file.read_text("utf-8"))
    found = parse_jrd(given)
    links = [link.get("href") for link in given["links"] if link.get("type") == "application/activity+json"]
    assert (found.subject, found.actor_id()) == (given["subject"], links[0] if links else None)


NAMES = st.sampled_from(["subject", "aliases", "links", "properties", "rel", "href", "template", "type", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(ACTOR),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_only_our_errors_leave(document: dict[str, Any]) -> None:
    with suppress(FedtextError):
        found = parse_jrd(document)
        assert found.actor_id() in (None, ACTOR)
        assert found.server_actor_id() in (None, ACTOR)
