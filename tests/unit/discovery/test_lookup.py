"""From what people type to an actor: a handle that both sides confirm, or an address (WF-09, WF-10, SEC-154)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.receiving import GONE, Door, Peer, PeerActor, redirect

from fedtext.discovery import dereference, lookup_object
from fedtext.errors import (
    FedtextError,
    FetchError,
    FetchRefused,
    Gone,
    MalformedIri,
    MalformedText,
    OriginMismatch,
    TypeMismatch,
)
from fedtext.sync import run_sync
from fedtext.vocab import Object


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


@pytest.fixture
def alice(peer: Peer) -> PeerActor:
    return peer.actor()


def name(peer: Peer, handle: str, actor_id: str, subject: str | None = None) -> None:
    """Let a host say whose a handle is."""
    target = f"/.well-known/webfinger?resource={quote(f'acct:{handle}', safe='')}"
    link = {"rel": "self", "type": "application/activity+json", "href": actor_id}
    document = {"subject": f"acct:{subject or handle}", "links": [link]}
    peer.serve(target, document, media_type="application/jrd+json")


def look_up(door: Door, text: str) -> Object:
    fetcher = door.fetcher()
    return run_sync(lookup_object(fetcher, text, fetcher.budget()))


@pytest.mark.parametrize("text", ["@alice@a.example.com", "alice@a.example.com", "acct:alice@A.Example.com"])
def test_a_handle(door: Door, peer: Peer, alice: PeerActor, text: str) -> None:
    name(peer, "alice@a.example.com", alice.id)
    assert look_up(door, text).id == alice.id
    assert len(door.fetches) == 2, "the handle's host and the actor; nothing is asked twice"


def test_an_address_may_lead_elsewhere(door: Door, peer: Peer, alice: PeerActor) -> None:
    Peer(door.network, "www.example.com").serve("/@alice", redirect(alice.id))
    assert look_up(door, "https://www.example.com/@alice").id == alice.id


@pytest.mark.parametrize("text", ["", "alice", "@alice", "a@b@c", "alice@", "alice@127.0.0.1", "acct:"])
def test_what_is_neither(door: Door, text: str) -> None:
    with pytest.raises(MalformedText):
        look_up(door, text)
    assert door.fetches == []


@pytest.mark.spec("WF-09")
def test_wf_09_handles_of_another_domain(door: Door, peer: Peer, alice: PeerActor) -> None:
    """The handle's host names the actor; the actor's host knows it by that handle."""
    front = Peer(door.network, "example.com")
    name(front, "alice@example.com", alice.id)
    name(peer, "alice@a.example.com", alice.id, subject="alice@example.com")
    assert look_up(door, "@alice@example.com").id == alice.id
    assert look_up(door, "@alice@a.example.com").id == alice.id


@pytest.mark.spec("WF-11")
def test_wf_11_the_actor_may_say_it_itself(door: Door, peer: Peer) -> None:
    front = Peer(door.network, "example.com")
    alice = peer.actor(webfinger="al@example.com", preferredUsername="something-else")
    name(front, "al@example.com", alice.id)
    assert look_up(door, "@al@example.com").id == alice.id
    assert len(door.fetches) == 2


@pytest.mark.spec("WF-09")
def test_wf_09_a_second_hop_is_refused(door: Door, peer: Peer, alice: PeerActor) -> None:
    for host, subject in (("one", "two"), ("two", "three"), ("three", "three")):
        name(
            Peer(door.network, f"{host}.example.com"),
            f"alice@{host}.example.com",
            alice.id,
            f"alice@{subject}.example.com",
        )
    with pytest.raises(OriginMismatch):
        look_up(door, "@alice@one.example.com")


@pytest.mark.spec("FEP-4adb")
def test_fep_4adb_a_uri_in_a_document_is_led_to_its_object(door: Door, peer: Peer, alice: PeerActor) -> None:
    name(peer, "alice@a.example.com", alice.id)
    fetcher = door.fetcher()
    for uri in ("acct:alice@a.example.com", "ACCT:alice@A.example.com", alice.id):
        assert run_sync(dereference(fetcher, uri, fetcher.budget())).id == alice.id


@pytest.mark.spec("FEP-4adb", "SEC-154")
def test_fep_4adb_a_handle_of_somebody_else_is_none(door: Door, peer: Peer, alice: PeerActor) -> None:
    name(Peer(door.network, "evil.example.org"), "alice@evil.example.org", alice.id)
    fetcher = door.fetcher()
    with pytest.raises(OriginMismatch):
        run_sync(dereference(fetcher, "acct:alice@evil.example.org", fetcher.budget()))


@pytest.mark.spec("FEP-4adb", "SEC-063")
def test_fep_4adb_an_address_is_the_id_and_nothing_that_it_leads_to(door: Door, peer: Peer, alice: PeerActor) -> None:
    www = Peer(door.network, "www.example.com").serve("/@alice", redirect(alice.id))
    fetcher = door.fetcher()
    with pytest.raises(FetchRefused):
        run_sync(dereference(fetcher, www, fetcher.budget()))


@pytest.mark.spec("FEP-4adb")
@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("acct:", MalformedText),
        ("acct:alice", MalformedText),
        ("acct:alice@127.0.0.1", MalformedText),
        ("alice@a.example.com", MalformedIri),
        ("did:key:z6Mk", MalformedIri),
        ("urn:x", MalformedIri),
        ("", MalformedIri),
    ],
)
def test_fep_4adb_what_nobody_can_be_asked_about(door: Door, uri: str, error: type[FedtextError]) -> None:
    fetcher = door.fetcher()
    with pytest.raises(error):
        run_sync(dereference(fetcher, uri, fetcher.budget()))
    assert door.fetches == []


@pytest.mark.spec("WF-14")
def test_wf_14_a_handle_that_is_gone_is_told_so(door: Door, peer: Peer) -> None:
    peer.serve("/.well-known/webfinger?resource=acct%3Aalice%40a.example.com", GONE)
    with pytest.raises(Gone):
        look_up(door, "@alice@a.example.com")
    assert len(door.fetches) == 1


# ---- SEC-154: handles for actors of others ---------------------------------------------------------------------------


@pytest.fixture
def evil(door: Door) -> Peer:
    return Peer(door.network, "evil.example.org")


@pytest.mark.spec("SEC-154", "WF-10")
@pytest.mark.parametrize("victim_has_webfinger", [True, False])
def test_sec_154_a_foreign_host_names_the_victim(
    door: Door, peer: Peer, alice: PeerActor, evil: Peer, victim_has_webfinger: bool
) -> None:
    """The user names are alike, and the victim's host even knows its actor: but not by that handle."""
    name(evil, "alice@evil.example.org", alice.id)
    if victim_has_webfinger:
        name(peer, "alice@a.example.com", alice.id)
    with pytest.raises(OriginMismatch):
        look_up(door, "@alice@evil.example.org")


@pytest.mark.spec("SEC-154")
def test_sec_154_the_subject_is_the_victims(door: Door, peer: Peer, alice: PeerActor, evil: Peer) -> None:
    mallory = evil.actor("alice")
    name(evil, "alice@evil.example.org", mallory.id, subject="alice@a.example.com")
    name(peer, "alice@a.example.com", alice.id)
    with pytest.raises(OriginMismatch):
        look_up(door, "@alice@evil.example.org")


@pytest.mark.spec("SEC-154")
@pytest.mark.parametrize(
    "members", [{"preferredUsername": "other"}, {"preferredUsername": None}, {"webfinger": "x@a.example.com"}]
)
def test_sec_154_the_actor_goes_by_another_name(door: Door, peer: Peer, evil: Peer, members: dict[str, Any]) -> None:
    other = peer.actor("bo", **members)
    name(evil, "alice@evil.example.org", other.id)
    with pytest.raises(OriginMismatch):
        look_up(door, "@alice@evil.example.org")


@pytest.mark.spec("SEC-154")
def test_sec_154_an_actor_claims_a_handle_that_its_host_does_not_give(door: Door, evil: Peer) -> None:
    """evil's actor says that it is alice@a.example.com; only a.example.com could say so."""
    evil.actor("alice", webfinger="alice@a.example.com")
    Peer(door.network, "a.example.com")
    with pytest.raises(FetchError):
        look_up(door, "@alice@a.example.com")


@pytest.mark.spec("SEC-090")
def test_a_handle_of_what_is_no_actor(door: Door, peer: Peer) -> None:
    note = peer.serve("/notes/1", {"id": peer.url("/notes/1"), "type": "Note", "preferredUsername": "alice"})
    name(peer, "alice@a.example.com", note)
    with pytest.raises(TypeMismatch):
        look_up(door, "@alice@a.example.com")


@pytest.mark.spec("SEC-063")
def test_the_self_link_is_the_id(door: Door, peer: Peer, alice: PeerActor) -> None:
    peer.serve("/@alice", redirect("/users/alice"))
    name(peer, "alice@a.example.com", peer.url("/@alice"))
    with pytest.raises(FetchRefused):
        look_up(door, "@alice@a.example.com")


def test_only_our_errors_leave(door: Door, peer: Peer) -> None:
    name(peer, "alice@a.example.com", "https://a.example.com/users/alice", subject="\udc80"[:0] + "x")
    with pytest.raises(FedtextError):
        look_up(door, "@alice@a.example.com")
