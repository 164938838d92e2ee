"""One POST from bytes to durable: outcomes, order of the steps, duplicates, key refresh. Attacks: tests/security."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import attrs
import pytest
from tests.receiving import GONE, INBOX, KEYS, SITE, Blocklist, Door, Peer, PeerActor, answer, door_of_a_loop, post

from fedtext.adapters.observers import RecordingObserver
from fedtext.config import Config, Limits, SignaturePolicy
from fedtext.errors import (
    ContextRefused,
    FedtextError,
    KeyRefused,
    KeyUnavailable,
    LimitExceeded,
    MissingProperty,
    OriginMismatch,
    PolicyRefusal,
    SignatureError,
    SignatureMalformed,
    SignatureMismatch,
    TypeMismatch,
    Unreachable,
)
from fedtext.fetch.keys import remember
from fedtext.http import Response
from fedtext.inbox import activity_key, confirm, receive
from fedtext.inbox.authorship import known_key
from fedtext.keys import HashName, PrivateKey, VerificationKey, generate_rsa
from fedtext.ports import LaneKind
from fedtext.sync import run_sync

AS2 = "https://www.w3.org/ns/activitystreams"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


@pytest.fixture
def alice(peer: Peer) -> PeerActor:
    return peer.actor()


def events(door: Door) -> list[str]:
    observer = door.ports.observer
    assert isinstance(observer, RecordingObserver)
    return [event.name for event in observer.events]


# ---- taken -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("INB-03")
def test_inb_03_what_is_taken_waits_durably(door: Door, alice: PeerActor) -> None:
    document = alice.activity()
    receipt = door.receive(alice.post(document))
    assert (receipt.outcome, receipt.activity_id) == ("queued", document["id"])
    assert door.fetches == [alice.id], "one fetch: the actor, for its key"
    (task,) = door.take()
    assert task.document == document
    assert (task.site, task.inbox, task.recipient) == (SITE, INBOX, "bob")
    assert (task.signer, task.key_id, task.how) == (alice.id, alice.key_id, "signature")
    assert events(door) == ["inbox.queued"]


def test_the_lane_is_the_senders_origin(door: Door, alice: PeerActor) -> None:
    door.receive(alice.post(alice.activity()))
    claim = run_sync(door.ports.queue.claim(lease_s=1, batch_max=1))
    assert claim is not None
    assert (claim.lane.kind, claim.lane.name) == (LaneKind.IN, "https://a.example.com")


@pytest.mark.spec("INB-23")
def test_inb_23_types_that_nobody_knows_are_taken(door: Door, alice: PeerActor) -> None:
    assert door.receive(alice.post(alice.activity("https://ns.example/Wave"))).outcome == "queued"
    assert door.receive(alice.post(alice.activity("Sneeze", 2))).outcome == "queued"


@pytest.mark.spec("INB-01", "AP-S01")
@pytest.mark.parametrize(
    "media_type",
    [
        "application/activity+json",
        "application/activity+json; charset=utf-8",
        f'application/ld+json; profile="{AS2}"',
        f'application/ld+json;profile="{AS2}"',
        f"application/ld+json; profile={AS2!r}".replace("'", '"') + "; charset=utf-8",
    ],
)
def test_inb_01_media_types(door: Door, alice: PeerActor, media_type: str) -> None:
    assert door.receive(alice.post(alice.activity(), media_type=media_type)).outcome == "queued"


@pytest.mark.spec("SEC-018")
def test_sec_018_the_exact_bytes_are_what_is_signed(door: Door, alice: PeerActor) -> None:
    body = json.dumps(alice.activity(), indent=3).replace("/", "\\/").encode() + b"\n "
    assert door.receive(alice.post(body)).outcome == "queued"


def test_a_big_document_within_the_limits(door: Door, alice: PeerActor) -> None:
    note = alice.note(content="x" * 900_000)
    assert door.receive(alice.post(alice.activity("Create", object=note))).outcome == "queued"
    (task,) = door.take()
    assert task.document["object"] == note


# ---- the order of the steps ------------------------------------------------------------------------------------------


def broken(alice: PeerActor, *faults: str) -> Any:
    """Make a request with several faults at once; the earliest step must answer."""
    document: Any = alice.activity()
    if "owner" in faults:
        document = alice.activity("Create", object={"id": "https://v.example.org/1", "type": "Note"})
    if "kind" in faults:
        document = {**document, "type": "Note"}
    if "context" in faults:
        document = {**document, "@context": [AS2, {"actor": "https://ns.example/actor"}]}
    if "claims" in faults:
        document = {**document, "id": "https://v.example.org/1"}
    if "shape" in faults:
        document = {**document, "actor": None}
    body: Any = b"{" if "json" in faults else document
    options: dict[str, Any] = {}
    if "signature" in faults:
        options["now_s"] = 0.0
    request = alice.post(body, **options)
    if "unsigned" in faults:
        request = attrs.evolve(request, headers=request.headers.without("signature"))
    if "media type" in faults:
        request = attrs.evolve(request, headers=request.headers.with_fields(("content-type", "text/html")))
    return request


ORDER = [
    ("media type", 415),
    ("unsigned", 401),
    ("json", 400),
    ("shape", 400),
    ("claims", 403),
    ("signature", 401),
    ("key", 401),
    ("context", 400),
    ("kind", 400),
    ("owner", 403),
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_earliest_step_answers(door: Door, peer: Peer, alice: PeerActor, first: int) -> None:
    """Each fault together with all later ones: the door tells of the earliest, and has fetched only after it."""
    faults = [name for name, _status in ORDER[first:]]
    if "key" in faults:
        peer.serve("/users/alice", alice.document(publicKey=None))
    before = door.state()
    with pytest.raises(FedtextError) as caught:
        door.receive(broken(alice, *faults))
    assert caught.value.status_hint == ORDER[first][1]
    stored, waiting, fetched = door.state()
    if ORDER[first][0] in ("media type", "unsigned", "json", "shape", "claims", "signature"):
        assert (stored, waiting, fetched) == before
    else:
        assert (waiting, fetched) == (0, [alice.id])


def test_the_policy_is_asked_before_anything_is_fetched(door: Door, alice: PeerActor) -> None:
    door.policy = Blocklist("a.example.com")
    with pytest.raises(PolicyRefusal):
        door.receive(alice.post(alice.activity()))
    assert door.state() == ({}, 0, [])
    assert door.policy.asked == [alice.key_id]


def test_the_policy_is_asked_about_the_actor_before_its_key_is_fetched(door: Door, peer: Peer) -> None:
    """Forwarded by somebody who is not blocked: there is no need to find out who that is."""
    relay = Peer(door.network, "relay.example.org").actor("relay", KEYS[1])
    door.policy = Blocklist("a.example.com")
    with pytest.raises(PolicyRefusal):
        door.receive(relay.post(peer.actor().activity()))
    assert door.state() == ({}, 0, [])


@pytest.mark.spec("SEC-151", "INB-19")
@pytest.mark.parametrize(
    "members",
    [
        {"object": "https://blocked.example.org/1"},
        {"kind": "Announce", "object": {"id": "https://blocked.example.org/1", "type": "Note"}},
        {"object": ["https://fine.example.org/1", {"id": "https://blocked.example.org/1"}]},
        {"target": "https://blocked.example.org/1"},
        {"instrument": "https://blocked.example.org/1"},
    ],
)
def test_sec_151_the_policy_is_asked_about_every_iri(door: Door, alice: PeerActor, members: dict[str, Any]) -> None:
    door.policy = Blocklist("blocked.example.org")
    with pytest.raises(PolicyRefusal) as caught:
        door.receive(alice.post(alice.activity(**members)))
    assert caught.value.status_hint == 403
    assert door.waiting == 0


@pytest.mark.spec("SEC-151")
def test_sec_151_answers_to_somebody_blocked(door: Door, alice: PeerActor) -> None:
    door.policy = Blocklist("blocked.example.org")
    note = alice.note(inReplyTo="https://blocked.example.org/1")
    with pytest.raises(PolicyRefusal):
        door.receive(alice.post(alice.activity("Create", object=note)))
    assert f"{alice.peer.url('/notes/1')}" in door.policy.asked


@pytest.mark.spec("SEC-151")
def test_sec_151_the_owner_of_a_key_elsewhere(door: Door, peer: Peer) -> None:
    """The host of the key is not blocked, the host of its owner, who forwards, is."""
    keys = Peer(door.network, "keys.example.org")
    blocked = Peer(door.network, "blocked.example.org")
    key_id = keys.url("/1")
    relay = blocked.actor("relay", publicKey=key_id)
    keys.serve("/1", {"id": key_id, "owner": relay.id, "publicKeyPem": KEYS[0].public.pem})
    door.policy = Blocklist("blocked.example.org")
    with pytest.raises(PolicyRefusal):
        door.receive(post(peer.actor().activity(), key_id=key_id))
    assert peer.asked == []


def test_the_policy_sees_only_web_addresses(door: Door, alice: PeerActor) -> None:
    door.receive(alice.post(alice.activity(object=["did:key:z6Mk", "https://[broken", {"id": "urn:x:y"}])))
    assert all(iri.startswith("https://a.example.com/") for iri in door.policy.asked)


# ---- duplicates (SEC-046 to SEC-049, INB-07) -------------------------------------------------------------------------


def handle(door: Door) -> None:
    """Do as the worker does: confirm all that waits."""
    for task in door.take():
        actor, activity_id = str(task.document["actor"]), task.document.get("id")
        key = activity_key(task.site, actor, str(activity_id), task.inbox, task.content_hash)
        run_sync(confirm(door.ports.store, key, task.content_hash, ttl_s=1000))


@pytest.mark.spec("SEC-046", "INB-07", "AP-S22")
@pytest.mark.parametrize("handled", [False, True])
def test_sec_046_an_exact_replay(door: Door, alice: PeerActor, handled: bool) -> None:
    request = alice.post(alice.activity())
    assert door.receive(request).outcome == "queued"
    if handled:
        handle(door)
    for _ in range(3):
        assert door.receive(request).outcome == "duplicate"
    assert door.waiting == (0 if handled else 1)
    assert door.fetches == [alice.id]


@pytest.mark.spec("SEC-047")
@pytest.mark.parametrize("handled", [False, True])
def test_sec_047_the_same_id_with_other_content(door: Door, alice: PeerActor, handled: bool) -> None:
    """First wins, 202, noted, nothing dispatched."""
    door.receive(alice.post(alice.activity(object=f"{SITE}/notes/1")))
    if handled:
        handle(door)
    assert door.receive(alice.post(alice.activity(object=f"{SITE}/notes/2"))).outcome == "duplicate"
    assert events(door)[-1] == "inbox.duplicate"
    observer = door.ports.observer
    assert isinstance(observer, RecordingObserver)
    assert observer.events[-1].fields["same_content"] is (False if handled else None)
    assert [task.document["object"] for task in door.take()] == ([] if handled else [f"{SITE}/notes/1"])


@pytest.mark.spec("SEC-048")
def test_sec_048_somebody_else_cannot_use_up_an_id(door: Door, peer: Peer, alice: PeerActor) -> None:
    """Neither from another origin, which is refused, nor as a neighbour, whose mark is another."""
    genuine = alice.activity()
    evil = Peer(door.network, "evil.example.org").actor("eve", KEYS[2])
    with pytest.raises(OriginMismatch):
        door.receive(evil.post({**genuine, "actor": evil.id}))
    bo = peer.actor("bo", KEYS[1])
    assert door.receive(bo.post({**genuine, "actor": bo.id})).outcome == "queued"
    handle(door)
    assert door.receive(alice.post(genuine)).outcome == "queued"


@pytest.mark.spec("SEC-048")
def test_sec_048_no_mark_before_the_verification(door: Door, alice: PeerActor) -> None:
    genuine = alice.activity()
    with pytest.raises(SignatureMismatch):
        door.receive(post(genuine, key=KEYS[1]))
    assert door.receive(alice.post(genuine)).outcome == "queued"


@pytest.mark.spec("SEC-049")
def test_sec_049_once_for_each_inbox(door: Door, alice: PeerActor) -> None:
    for inbox in (INBOX, "/ap/inbox"):
        for expected in ("queued", "duplicate"):
            request = alice.post(alice.activity(), url=SITE + inbox)
            assert door.receive(request, inbox=inbox).outcome == expected
    assert [task.inbox for task in door.take()] == [INBOX, "/ap/inbox"]


def test_activities_without_an_id_are_known_by_their_content(door: Door, alice: PeerActor) -> None:
    """Interop: MOD-56."""
    for number, expected in ((1, "queued"), (1, "duplicate"), (2, "queued")):
        document = alice.activity("Add", id=None, object=f"{alice.id}/notes/{number}", target=f"{alice.id}/featured")
        assert door.receive(alice.post(document)).outcome == expected


# ---- Delete and Update of an actor by itself (INB-06, SEC-070) -------------------------------------------------------


@pytest.mark.spec("INB-06")
@pytest.mark.parametrize("kind", ["Delete", "Update"])
@pytest.mark.parametrize("spelling", ["string", "object"])
def test_inb_06_of_actors_whom_we_never_knew(door: Door, alice: PeerActor, kind: str, spelling: str) -> None:
    """202, and nothing is fetched, stored or dispatched."""
    about: Any = alice.id if spelling == "string" else alice.document()
    receipt = door.receive(alice.post(alice.activity(kind, object=about)))
    assert receipt.outcome == "ignored"
    assert door.state() == ({}, 0, [])
    assert events(door) == ["inbox.ignored"]


@pytest.mark.spec("INB-06")
def test_inb_06_of_a_known_actor_with_the_cached_key(door: Door, peer: Peer, alice: PeerActor) -> None:
    door.receive(alice.post(alice.activity()))
    peer.serve("/users/alice", GONE)
    assert door.receive(alice.post(alice.activity("Delete", 2, object=alice.id))).outcome == "queued"
    assert len(door.fetches) == 1
    assert [task.how for task in door.take()] == ["signature", "signature"]


@pytest.mark.spec("INB-06", "SEC-070", "ACT-20")
def test_inb_06_of_a_known_actor_by_a_410(door: Door, peer: Peer, alice: PeerActor) -> None:
    """That we knew it is a lasting fact; its key is long forgotten. The answer is the same each time."""
    door.receive(alice.post(alice.activity()))
    door.take()
    door.clock.advance(90 * 86_400)
    peer.serve("/users/alice", GONE)
    for number, inbox in enumerate((INBOX, "/ap/inbox"), 2):
        document = alice.activity("Delete", number, object=alice.id)
        request = alice.post(document, url=SITE + inbox, now_s=door.clock.now_s())
        assert door.receive(request, inbox=inbox).outcome == "queued"
    assert [task.how for task in door.take()] == ["gone", "gone"]


@pytest.mark.spec("SEC-070")
def test_sec_070_a_410_at_the_refresh(door: Door, peer: Peer, alice: PeerActor) -> None:
    """The key was changed before the account went: the cached one fails, the fresh one is gone."""
    fetcher = door.fetcher()
    run_sync(remember(fetcher, VerificationKey(alice.key_id, alice.id, KEYS[1].public)))
    run_sync(door.ports.store.put(known_key(SITE, alice.id), b"1"))
    peer.serve("/users/alice", GONE)
    assert door.receive(alice.post(alice.activity("Delete", object=alice.id))).outcome == "queued"
    with pytest.raises(SignatureError) as caught:
        door.receive(alice.post(alice.activity("Like", 2)))
    assert caught.value.status_hint == 401


@pytest.mark.spec("SEC-070", "SIG-26", "ACT-20")
@pytest.mark.parametrize(
    ("served", "error"),
    [
        (Response(status=404), KeyRefused),
        (Response(status=500), KeyUnavailable),
        (Response(status=503), KeyUnavailable),
        (answer({}, "text/html"), KeyRefused),
    ],
)
def test_sec_070_of_a_known_actor_whose_key_is_not_to_be_had(
    door: Door, peer: Peer, alice: PeerActor, served: Response, error: type[FedtextError]
) -> None:
    run_sync(door.ports.store.put(known_key(SITE, alice.id), b"1"))
    peer.serve("/users/alice", served)
    for _ in range(2):
        with pytest.raises(error) as caught:
            door.receive(alice.post(alice.activity("Delete", object=alice.id)))
        assert type(caught.value) is error
    assert door.waiting == 0


def test_a_forged_delete_of_a_known_actor(door: Door, alice: PeerActor) -> None:
    door.receive(alice.post(alice.activity()))
    with pytest.raises(SignatureMismatch):
        door.receive(post(alice.activity("Delete", 2, object=alice.id), key=KEYS[1]))
    assert door.waiting == 1


def test_who_was_refused_is_not_known(door: Door, alice: PeerActor) -> None:
    with pytest.raises(OriginMismatch):
        door.receive(alice.post(alice.activity("Create", object={"id": "https://v.example.org/1"})))
    assert door.receive(alice.post(alice.activity("Delete", 2, object=alice.id))).outcome == "ignored"


# ---- the key as known, and once more (SIG-20, SEC-069) ---------------------------------------------------------------


@pytest.mark.spec("SIG-20", "SEC-069", "TRU-10")
def test_sig_20_a_rotated_key_costs_one_fetch(door: Door, peer: Peer, alice: PeerActor) -> None:
    run_sync(remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, KEYS[1].public)))
    assert door.receive(alice.post(alice.activity())).outcome == "queued"
    assert len(peer.asked) == 1
    assert door.receive(alice.post(alice.activity("Like", 2))).outcome == "queued"
    assert len(peer.asked) == 1


@pytest.mark.spec("SIG-20", "SEC-069")
def test_sec_069_a_wrong_signature_costs_one_fetch_in_five_minutes(door: Door, peer: Peer, alice: PeerActor) -> None:
    run_sync(remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, alice.key.public)))
    for number in range(5):
        with pytest.raises(SignatureMismatch):
            door.receive(post(alice.activity("Like", number), key=KEYS[1]))
    assert len(peer.asked) == 1


@pytest.mark.spec("SEC-069")
def test_sec_069_a_first_wrong_signature_costs_no_second_fetch(door: Door, peer: Peer, alice: PeerActor) -> None:
    with pytest.raises(SignatureMismatch):
        door.receive(post(alice.activity(), key=KEYS[1]))
    assert len(peer.asked) == 1


@pytest.mark.spec("SIG-20")
def test_sig_20_a_rotation_to_another_kind_of_key(door: Door, peer: Peer) -> None:
    rsa = generate_rsa()
    alice = peer.actor(key=rsa)
    run_sync(remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, KEYS[0].public)))
    assert door.receive(alice.post(alice.activity())).outcome == "queued"
    assert rsa.public.verify(rsa.sign(b"x"), b"x", hash_name=HashName.SHA256) is None


@pytest.mark.spec("SIG-21", "SIG-20", "TRU-10")
@pytest.mark.parametrize("new", KEYS[1:])
def test_sig_21_new_material_under_the_same_id(door: Door, peer: Peer, alice: PeerActor, new: PrivateKey) -> None:
    """Rotated without a word: the new key is taken after one refresh, and the old one is no longer believed."""
    assert door.receive(alice.post(alice.activity())).outcome == "queued"
    door.clock.advance(301)
    now_s = door.clock.now_s()
    peer.actor(key=new)
    for number in (2, 3):
        request = post(alice.activity("Like", number), key=new, key_id=alice.key_id, now_s=now_s)
        assert door.receive(request).outcome == "queued"
    assert len(peer.asked) == 2, "the first time, and once to refresh"
    with pytest.raises(SignatureMismatch):
        door.receive(alice.post(alice.activity("Like", 4), now_s=now_s))
    assert len(peer.asked) == 2


@pytest.mark.spec("SEC-069")
async def test_sec_069_concurrent_requests_share_one_refresh() -> None:
    door = door_of_a_loop()
    alice = Peer(door.network).actor()
    await remember(door.fetcher(), VerificationKey(alice.key_id, alice.id, KEYS[1].public))
    requests = [alice.post(alice.activity("Like", number)) for number in range(20)]
    receipts = await asyncio.gather(*(receive(request, door.reception()) for request in requests))
    assert [receipt.outcome for receipt in receipts] == ["queued"] * 20
    assert len(door.fetches) == 1


@pytest.mark.spec("SEC-071")
def test_sec_071_a_key_is_not_taken_from_the_payload(door: Door, peer: Peer, alice: PeerActor) -> None:
    """Update(Person) with a new key: only a fetch from the actor's id may bring it."""
    door.receive(alice.post(alice.activity()))
    new = {"id": alice.key_id, "owner": alice.id, "publicKeyPem": KEYS[1].public.pem}
    door.receive(alice.post(alice.activity("Update", 2, object=alice.document(publicKey=new))))
    assert not any(KEYS[1].public.pem.encode()[40:80] in value for value in door.stored.values())
    with pytest.raises(SignatureMismatch):
        door.receive(post(alice.activity("Like", 3), key=KEYS[1]))
    assert door.receive(alice.post(alice.activity("Like", 3))).outcome == "queued"


# ---- limits and windows of the application ---------------------------------------------------------------------------


def test_the_limits_of_the_application_hold(alice: PeerActor, peer: Peer) -> None:
    for limits, error in (
        (Limits(signature_bytes_max=64), SignatureMalformed),
        (Limits(json_depth_max=2), LimitExceeded),
        (Limits(json_nodes_max=3), LimitExceeded),
    ):
        door = Door(config=Config(limits=limits))
        with pytest.raises(error):
            door.receive(alice.post(alice.activity(object=[[["x"]]])))
        assert door.state() == ({}, 0, [])


def test_wider_limits_of_the_application_hold_at_every_step(door: Door, alice: PeerActor) -> None:
    deep: Any = "x"
    for _ in range(36):
        deep = {"https://ns.example/deep": deep}
    with pytest.raises(LimitExceeded):
        door.receive(alice.post(alice.activity(object=deep)))
    door.config = Config(limits=Limits(json_depth_max=40))
    assert door.receive(alice.post(alice.activity(object=deep))).outcome == "queued"
    (task,) = door.take()
    assert task.document["object"] == deep


def test_the_window_of_the_application_holds(door: Door, alice: PeerActor) -> None:
    request = alice.post(alice.activity())
    door.clock.advance(2 * 3600)
    with pytest.raises(FedtextError, match="expired"):
        door.receive(request)
    door.config = Config(signatures=SignaturePolicy(past_s_max=12 * 3600))
    assert door.receive(request).outcome == "queued"


# ---- what an activity must have (INB-05, INB-08) ---------------------------------------------------------------------


@pytest.mark.spec("INB-05", "INB-08")
@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"id": None}, MissingProperty),
        ({"kind": "Note"}, TypeMismatch),
        ({"kind": "OrderedCollection"}, TypeMismatch),
        ({"@context": [AS2, {"object": "as:target"}]}, ContextRefused),
        ({"kind": "Create", "object": "https://v.example.org/1"}, OriginMismatch),
        ({"kind": "Delete", "object": "https://v.example.org/1"}, OriginMismatch),
        ({"kind": "Update", "object": "https://v.example.org/1"}, OriginMismatch),
    ],
)
def test_inb_08_what_is_refused_leaves_no_more_than_a_key(
    door: Door, alice: PeerActor, members: dict[str, Any], error: type[FedtextError]
) -> None:
    with pytest.raises(error):
        door.receive(alice.post(alice.activity(**members)))
    assert door.waiting == 0
    assert all("/key" in key for key in door.stored)
    assert not any("known" in key for key in door.stored)


@pytest.mark.spec("SIG-19", "INB-15")
def test_inb_15_forwarded(door: Door, peer: Peer, alice: PeerActor) -> None:
    relay = Peer(door.network, "relay.example.org").actor("relay", KEYS[1])
    document = alice.activity("Create", object=alice.note())
    peer.serve("/activities/1", document)
    assert door.receive(relay.post(document)).outcome == "queued"
    (task,) = door.take()
    assert (task.how, task.signer) == ("origin", relay.id)
    peer.serve("/activities/2", Response(status=502))
    with pytest.raises(Unreachable):
        door.receive(relay.post(alice.activity("Create", 2, object=alice.note())))


def test_whoever_is_known_costs_two_looks_at_the_store_and_no_write(door: Door, alice: PeerActor) -> None:
    """One at his key, one at both marks: of the activity, and of having met him."""
    asked: list[str] = []

    class Counted:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(door.ports.store, name)

    door.receive(alice.post(alice.activity()))
    counted: Any = Counted()
    ports = attrs.evolve(door.ports, store=counted)
    assert run_sync(receive(alice.post(alice.activity(number=2)), door.reception(ports))).outcome == "queued"
    assert asked == ["get", "get_many"]
