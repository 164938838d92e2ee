"""Attacks on discovery through every door of it that takes a URL or a name: SEC-154 to SEC-160.

The network is scripted below the library's own address guard: each case says where connections went, if anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from tests.conformance.scripted import PUBLIC_ADDRESS, Answer, ScriptedTransport, fetcher_over, resolver, serving
from tests.ways_out import AP, DOORS, FRONT, QUIET, Door, authority_of, go

from fedtext.adapters.clocks import ManualClock
from fedtext.config import Limits
from fedtext.discovery import (
    claimed_handle,
    dereference,
    fetch_jrd,
    fetch_nodeinfo,
    lookup_actor,
    lookup_object,
    lookup_server_actor,
    parse_host_meta,
    resolve_handle,
)
from fedtext.errors import DocumentError, FedtextError, FetchRefused, MalformedText, OriginMismatch
from fedtext.fetch import Fetcher, get_object
from fedtext.http import Request
from fedtext.sync import run_sync
from fedtext.vocab import Person
from fedtext.wire.acct import parse_handle
from fedtext.wire.iri import Iri, Origin
from fedtext.wire.json import dump

JRD = "application/jrd+json"
XRD = "application/xrd+xml"
VICTIM = "https://victim.example.com/users/alice"


@attrs.define
class World:
    """A fetcher whose network is scripted, and what was touched of it."""

    found: dict[str, Any] = attrs.field(factory=dict)
    dns: Mapping[str, Any] | None = None
    limits: Limits = attrs.field(factory=Limits)
    transport: ScriptedTransport = attrs.field(init=False)
    fetcher: Fetcher = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        def answer(request: Request) -> Answer:
            return serving(self.found)(request)

        resolve = resolver(self.dns) if self.dns is not None else lambda _host: [PUBLIC_ADDRESS]
        self.transport = ScriptedTransport(clock=ManualClock(), answer=answer, resolve=resolve, limits=self.limits)
        self.fetcher = fetcher_over(self.transport, self.limits)

    def jrd(self, handle: str, document: Any) -> None:
        """Let the host of a handle answer for it."""
        host = handle.rpartition("@")[2]
        url = f"https://{host}/.well-known/webfinger?resource={quote(f'acct:{handle}', safe='')}"
        self.found[url] = document if isinstance(document, Answer) else as_json(document)

    def actor(self, actor_id: str, **members: Any) -> None:
        """Serve an actor."""
        name = actor_id.rpartition("/")[2]
        document = {"id": actor_id, "type": "Person", "preferredUsername": name, "inbox": f"{actor_id}/inbox"}
        self.found[actor_id] = {**document, "outbox": f"{actor_id}/outbox", **members}

    @property
    def stored(self) -> dict[str, bytes]:
        found = run_sync(self.fetcher.ports.store.scan("", limit=1_000))
        return {name: value for name, value in found if "/fetch-host/" not in name}  # how often it was asked


def as_json(document: Any, media_type: str = JRD) -> Answer:
    return Answer(headers=[("content-type", media_type)], body=dump(document).decode())


def self_link(href: str) -> dict[str, Any]:
    return {"rel": "self", "type": AP, "href": href}


# ---- SEC-154: names of others ----------------------------------------------------------------------------------------


def spoofs(world: World) -> None:
    """Evil answers for a name of its own, with the victim's id, subject and aliases."""
    world.actor(VICTIM)
    world.jrd("alice@victim.example.com", {"subject": "acct:alice@victim.example.com", "links": [self_link(VICTIM)]})
    aliases = [VICTIM, "acct:alice@victim.example.com"]
    world.jrd("alice@evil.example.com", {"aliases": aliases, "subject": "acct:alice@evil.example.com",
                                         "links": [self_link(VICTIM)]})  # fmt: skip
    world.actor("https://evil.example.com/users/bob")
    world.jrd("bob@evil.example.com", {"aliases": aliases, "subject": "acct:alice@victim.example.com",
                                       "links": [self_link("https://evil.example.com/users/bob")]})  # fmt: skip


@pytest.mark.spec("SEC-154", "WF-09", "WF-10")
@pytest.mark.parametrize("handle", ["alice@evil.example.com", "bob@evil.example.com"])
@pytest.mark.parametrize("door", ["lookup_actor", "lookup_object", "dereference"])
def test_sec_154_nobody_goes_by_a_name_that_only_another_host_gives(door: str, handle: str) -> None:
    """Threat: Akkoma 2024.04.1."""
    world = World()
    spoofs(world)
    call: Any = {
        "lookup_actor": lambda: lookup_actor(world.fetcher, parse_handle(handle), world.fetcher.budget()),
        "lookup_object": lambda: lookup_object(world.fetcher, f"@{handle}", world.fetcher.budget()),
        "dereference": lambda: dereference(world.fetcher, f"acct:{handle}", world.fetcher.budget()),
    }[door]
    with pytest.raises(OriginMismatch):
        run_sync(call())
    assert len(world.transport.asked) <= 3


@pytest.mark.spec("SEC-154", "WF-10", "WF-20")
@pytest.mark.parametrize(
    ("webfinger", "confirmed"),
    [
        ("alice@victim.example.com", "alice@victim.example.com"),
        (None, "alice@victim.example.com"),
        ("alice@front.example.com", None),
        ("bob@evil.example.com", None),
    ],
)
def test_sec_154_a_claim_counts_where_its_host_leads_back(webfinger: str | None, confirmed: str | None) -> None:
    """Threat: Fedify 2024-08-18."""
    world = World()
    spoofs(world)
    actor = Person(id=Iri(VICTIM), preferred_username="alice", webfinger=webfinger)
    assert run_sync(resolve_handle(world.fetcher, actor, world.fetcher.budget())) == confirmed


# ---- SEC-155: names that are none ------------------------------------------------------------------------------------

NO_HANDLES = [
    "a@b@c.example.com",
    "a%40b@c.example.com",
    "@front.example.com",
    "a b@front.example.com",
    "a\x00@front.example.com",
    "a@front.example.com/x",
    "a@127.0.0.1",
    "a@[::1]",
    "a@127.1",
    "a@2130706433",
    "x" * 10_240 + "@front.example.com",
    "a@" + "x." * 5_000 + "example.com",
    "a@front.example.com:0",
]


@pytest.mark.spec("SEC-155")
@pytest.mark.parametrize("text", NO_HANDLES, ids=lambda text: ascii(text[:30]))
def test_sec_155_no_door_takes_a_name_that_is_none(text: str) -> None:
    world = World()
    for spelled in (text, f"@{text}", f"acct:{text}"):
        for call in (lookup_object, dereference):
            with pytest.raises(DocumentError):
                run_sync(call(world.fetcher, spelled, world.fetcher.budget()))
    if "\x00" not in text:  # what cannot be seen is taken out of a document's texts
        assert claimed_handle(Person(id=Iri(f"{FRONT}/1"), webfinger=text)) is None
    assert world.transport.asked == []


@pytest.mark.spec("SEC-155", "WF-13", "WF-14")
@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("a@local.example.com.evil.example.org", "local.example.com.evil.example.org"),
        ("A@FRONT.example.com.", "front.example.com"),
        ("a@bücher.example.com", "xn--bcher-kva.example.com"),
        ("a@раураl.example.com", "xn--l-7sba6dbr.example.com"),
    ],
)
def test_sec_155_a_name_asks_exactly_its_host(text: str, host: str) -> None:
    world = World()
    with pytest.raises(FedtextError):
        run_sync(lookup_object(world.fetcher, text, world.fetcher.budget()))
    assert {authority_of(url) for url in world.transport.asked} == {host}


# ---- SEC-158: where documents lead -----------------------------------------------------------------------------------

LEADS = [
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://169.254.169.254/x",
    "http://front.example.com/x",
    "javascript:alert(1)",
    "data:application/activity+json,{}",
    "file:///etc/passwd",
    "//127.0.0.1/x",
    "https://front.example.com@127.0.0.1/x",
    "https://front.example.com\\@127.0.0.1/x",
    "",
    "x" * 10_000,
]


def leading(world: World, lead: str) -> dict[str, Door]:
    """Serve, at a public host, every document that names an address; give the doors that read them."""
    handle = "x@front.example.com"
    links = [self_link(lead), {"rel": "https://www.w3.org/ns/activitystreams#Service", "type": AP, "href": lead}]
    world.jrd(handle, {"subject": f"acct:{handle}", "links": links})
    world.found[f"{FRONT}/.well-known/webfinger?resource={quote(FRONT + '/', safe='')}"] = as_json({"links": links})
    schema = "http://nodeinfo.diaspora.software/ns/schema/2.0"
    application = "https://www.w3.org/ns/activitystreams#Application"
    index = {"links": [{"rel": schema, "href": lead}, {"rel": application, "href": lead}]}
    world.found[f"{FRONT}/.well-known/nodeinfo"] = as_json(index, "application/json")
    markup = f'<link rel="alternate" type="{AP}" href="{lead}">'
    world.found[f"{FRONT}/page"] = Answer(headers=[("content-type", "text/html")], body=markup)
    world.found[f"{FRONT}/.well-known/host-meta"] = as_json({"links": [{"rel": "lrdd", "template": lead + "{uri}"}]})
    return {
        "self link": lambda fetcher, _: lookup_object(fetcher, handle, fetcher.budget()),
        "server": lambda fetcher, _: lookup_server_actor(fetcher, Origin(FRONT), fetcher.budget()),
        "nodeinfo": lambda fetcher, _: fetch_nodeinfo(fetcher, Origin(FRONT), fetcher.budget()),
        "page": lambda fetcher, _: lookup_object(fetcher, f"{FRONT}/page", fetcher.budget()),
        "lrdd": lambda fetcher, _: lookup_object(fetcher, "@other@front.example.com", fetcher.budget()),
    }


@pytest.mark.spec("SEC-158", "SEC-105", "SEC-160")
@pytest.mark.parametrize("lead", LEADS, ids=lambda lead: ascii(lead[:40]))
@pytest.mark.parametrize("name", ["self link", "server", "nodeinfo", "page", "lrdd"])
def test_sec_158_no_document_leads_to_what_is_not_public(name: str, lead: str) -> None:
    """Threat: CVE-2026-62857."""
    world = World()
    door = leading(world, lead)[name]
    with pytest.raises(FedtextError):
        run_sync(go(door, world.fetcher, ""))
    assert set(world.transport.connected) == {PUBLIC_ADDRESS}
    assert all(url.startswith(f"{FRONT}/") for url in world.transport.asked)
    assert len(world.transport.asked) <= 3


# ---- SEC-159: host metadata ------------------------------------------------------------------------------------------

BOMB = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    + ']><XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0"><Property type="x">&a9;</Property></XRD>'
)
LRDD = '<Link rel="lrdd" template="https://front.example.com/wf?r={uri}"/>'
XML_ATTACKS: dict[str, str] = {
    "billion laughs": BOMB,
    "file": f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><XRD>&a;{LRDD}</XRD>',
    "network": f'<!DOCTYPE x SYSTEM "https://127.0.0.1/x.dtd"><XRD>{LRDD}</XRD>',
    "parameter": f'<!DOCTYPE x [<!ENTITY % a SYSTEM "https://127.0.0.1/"> %a;]><XRD>{LRDD}</XRD>',
    "no end": "<XRD>" * 10_000,
    "deep": "<a>" * 8_000 + "</a>" * 8_000,
}


@pytest.mark.spec("SEC-159")
@pytest.mark.parametrize("attack", XML_ATTACKS)
def test_sec_159_a_host_s_xml_declares_nothing(attack: str) -> None:
    """Threat: Pleroma 2.5.4."""
    world = World()
    world.found[f"{FRONT}/.well-known/host-meta"] = Answer(headers=[("content-type", XRD)], body=XML_ATTACKS[attack])
    with pytest.raises(FedtextError):
        run_sync(fetch_jrd(world.fetcher, parse_handle("x@front.example.com"), world.fetcher.budget()))
    assert len(world.transport.asked) == 2
    if attack != "deep":
        with pytest.raises(DocumentError):
            parse_host_meta(XML_ATTACKS[attack].encode(), XRD)
    assert world.stored == {}


@pytest.mark.spec("SEC-159", "WF-16")
@pytest.mark.parametrize(("bytes_more", "taken"), [(0, True), (1, False)])
def test_sec_159_host_metadata_are_small(bytes_more: int, taken: bool) -> None:
    world = World()
    head = f'<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">{LRDD}<!--'
    size = world.limits.discovery_bytes_max + bytes_more
    body = head + " " * (size - len(head) - len("--></XRD>")) + "--></XRD>"
    world.found[f"{FRONT}/.well-known/host-meta"] = Answer(headers=[("content-type", XRD)], body=body)
    elsewhere = f"{FRONT}/wf?r={quote('acct:x@front.example.com', safe='')}"
    world.found[elsewhere] = as_json({"subject": "acct:x@front.example.com"})
    call = fetch_jrd(world.fetcher, parse_handle("x@front.example.com"), world.fetcher.budget())
    if taken:
        assert run_sync(call).subject
    else:
        with pytest.raises(FedtextError):
            run_sync(call)


@pytest.mark.spec("SEC-159", "WF-16")
@pytest.mark.parametrize("kind", [XRD, JRD])
def test_sec_159_no_more_is_read_than_that(kind: str) -> None:
    world = World()
    body = {"repeat": " ", "times": 10_000_000}
    world.found[f"{FRONT}/.well-known/host-meta"] = Answer(headers=[("content-type", kind)], body=body)
    with pytest.raises(FedtextError):
        run_sync(fetch_jrd(world.fetcher, parse_handle("x@front.example.com"), world.fetcher.budget()))
    assert world.transport.read_bytes <= 2 * world.limits.discovery_bytes_max


# ---- SEC-160: NodeInfo -----------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-160", "WF-16")
@pytest.mark.parametrize(
    ("index_body", "document_body"),
    [
        ({"repeat": " ", "times": 10_000_000}, "{}"),
        (None, {"repeat": " ", "times": 10_000_000}),
        (None, {"gzip_of": {"repeat": " ", "times": 10_000_000}}),
        (None, {"drip": " ", "every_s": 1, "times": 1_000}),
        (None, '{"software": {"name": ["x"]}}'),
        (None, '{"software": {"name": 7}}'),
        (None, '{"software": "x"}'),
        (None, "[" * 10_000),
    ],
)
def test_sec_160_a_server_s_word_about_itself_is_typed_and_capped(index_body: Any, document_body: Any) -> None:
    world = World()
    index = as_json({"links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"{FRONT}/n"}]})
    if index_body is not None:
        index = attrs.evolve(index, body=index_body)
    packed = isinstance(document_body, dict) and "gzip_of" in document_body
    fields = [("content-type", "application/json"), *([("content-encoding", "gzip")] if packed else [])]
    world.found[f"{FRONT}/.well-known/nodeinfo"] = index
    world.found[f"{FRONT}/n"] = Answer(headers=fields, body=document_body)
    with pytest.raises(FedtextError):
        run_sync(fetch_nodeinfo(world.fetcher, Origin(FRONT), world.fetcher.budget()))
    assert world.transport.read_bytes <= 4 * world.limits.discovery_bytes_max


@pytest.mark.spec("SEC-160")
def test_sec_160_what_is_odd_in_it_is_left_out() -> None:
    world = World()
    document = {
        "software": {"name": "<img src=x onerror=alert(1)>", "version": {"x": 1}},
        "usage": {"users": {"total": "12", "activeMonth": -1, "activeHalfyear": 1e300}, "localPosts": True},
        "protocols": "activitypub",
        "openRegistrations": "true",
        "metadata": {"nodeName": 7, "staffAccounts": "https://front.example.com/1"},
    }
    index = as_json({"links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"{FRONT}/n"}]})
    world.found |= {f"{FRONT}/.well-known/nodeinfo": index, f"{FRONT}/n": as_json(document, "application/json")}
    found = run_sync(fetch_nodeinfo(world.fetcher, Origin(FRONT), world.fetcher.budget()))
    assert found.software == "<img src=x onerror=alert(1)>", "text, to be escaped by whoever shows it"
    odd = (found.users_total, found.users_active_month, found.users_active_half_year, found.posts_total, found.name)
    assert set(odd) == {None}
    assert (found.version, found.protocols, found.open_registrations, found.staff) == ("", (), False, ())


# ---- budgets ---------------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-108")
@pytest.mark.parametrize("name", DOORS)
def test_sec_108_every_door_draws_from_the_budget(name: str) -> None:
    """A host that refuses everything, and one that turns to itself without end, cost a few requests each."""
    count = 0

    def turning(_request: Request) -> Answer:
        nonlocal count
        count += 1
        return Answer(status=302, headers=[("location", f"/{count}")])

    for answer in (lambda _request: Answer(status=404), turning):
        world = World()
        world.transport.answer = answer
        with pytest.raises(FedtextError) if name not in QUIET else nullcontext():
            run_sync(go(DOORS[name], world.fetcher, f"{FRONT}/x"))
        assert 1 <= len(world.transport.asked) <= 8, world.transport.asked


def test_the_errors_are_of_the_kind_that_they_should_be() -> None:
    world = World()
    with pytest.raises(FetchRefused):
        run_sync(get_object(world.fetcher, "https://127.0.0.1/x", world.fetcher.budget()))
    with pytest.raises(MalformedText):
        run_sync(lookup_object(world.fetcher, "@x@127.0.0.1", world.fetcher.budget()))
