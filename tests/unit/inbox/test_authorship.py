"""The one place where an activity becomes authentic: by its actor's signature, from its origin, or by a 410 there."""

from __future__ import annotations

import copy
import json
from typing import Any

import attrs
import pytest
from tests.receiving import GONE, KEYS, NOW_S, SITE, Door, Peer, PeerActor, answer, redirect

from fedtext.config import Config, InboxPolicy
from fedtext.errors import (
    FedtextError,
    KeyRefused,
    KeyUnavailable,
    OriginMismatch,
    TypeMismatch,
    Unreachable,
)
from fedtext.fetch import get_object
from fedtext.http import Response
from fedtext.inbox import AuthenticActivity, Departed, Evidence, InboundTask, authenticate, authorship, restore
from fedtext.inbox.authorship import known_key
from fedtext.jsonld import normalize
from fedtext.keys import VerificationKey
from fedtext.signatures import VerifiedRequest, parse_claim, verify
from fedtext.sync import run_sync
from fedtext.vocab import Like, load


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def peer(door: Door) -> Peer:
    return Peer(door.network)


@pytest.fixture
def alice(peer: Peer) -> PeerActor:
    return peer.actor()


@pytest.fixture
def relay(door: Door) -> PeerActor:
    """Somebody else, who forwards."""
    return Peer(door.network, "relay.example.org").actor("relay", KEYS[1])


def verified(signer: PeerActor, document: Any) -> VerifiedRequest:
    request = signer.post(document)
    key = VerificationKey(signer.key_id, signer.id, signer.key.public)
    return verify(request, parse_claim(request), key, now_s=NOW_S, authorities=["b.example.com"])


def judge(door: Door, evidence: VerifiedRequest | Departed, document: dict[str, Any]) -> AuthenticActivity:
    fetcher = door.fetcher()
    return run_sync(authenticate(evidence, normalize(document), fetcher=fetcher, budget=fetcher.budget()))


# ---- by signature ----------------------------------------------------------------------------------------------------


def test_the_actor_itself_has_signed(door: Door, alice: PeerActor) -> None:
    document = alice.activity()
    authentic = judge(door, verified(alice, document), document)
    assert isinstance(authentic.activity, Like)
    assert authentic.evidence == Evidence(
        signer=alice.id,
        key_id=alice.key_id,
        scheme="draft-cavage-http-signatures-12",
        how="signature",
        received_s=NOW_S,
    )
    assert door.fetches == []
    assert repr(authentic) == f"<AuthenticActivity Like {document['id']} by {alice.id}>"


@pytest.mark.spec("SEC-087")
def test_sec_087_what_is_dispatched_is_what_was_judged(door: Door, alice: PeerActor) -> None:
    """The model reads the judged document and no other: what was reduced cannot be seen any more."""
    document = alice.activity(object={"id": "https://v.example.org/1", "type": "Note", "content": "never said"})
    authentic = judge(door, verified(alice, document), document)
    assert authentic.activity.document == authentic.document
    assert authentic.activity.object == "https://v.example.org/1"
    assert "never said" not in json.dumps(authentic.document)


@pytest.mark.spec("SEC-087")
def test_sec_087_nobody_else_makes_one(door: Door, alice: PeerActor) -> None:
    document = alice.activity()
    authentic = judge(door, verified(alice, document), document)
    for seal in (None, object(), True):
        with pytest.raises(TypeError):
            AuthenticActivity(seal, authentic.activity, document, authentic.evidence)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        authentic.other = 1  # type: ignore[attr-defined]
    assert copy.copy(authentic).activity is authentic.activity


@pytest.mark.spec("SEC-083")
@pytest.mark.parametrize("actor", [f"{SITE}/users/bob", "https://B.example.com./users/bob", "http://b.example.com/u"])
def test_sec_083_local_actors(door: Door, alice: PeerActor, actor: str) -> None:
    document = alice.activity(actor=actor, id=actor + "/1")
    with pytest.raises(OriginMismatch):
        judge(door, verified(alice, document), document)
    assert door.fetches == []


@pytest.mark.parametrize("kind", ["Note", "Person", "OrderedCollection", "Tombstone"])
def test_only_activities(door: Door, alice: PeerActor, kind: str) -> None:
    document = alice.activity(kind)
    with pytest.raises(TypeMismatch):
        judge(door, verified(alice, document), document)


@pytest.mark.parametrize("actor", [None, [], {}, ["https://a.example.com/users/alice"] * 2])
def test_without_one_actor(door: Door, alice: PeerActor, actor: Any) -> None:
    document = {**alice.activity(), "actor": actor}
    with pytest.raises(TypeMismatch):
        judge(door, verified(alice, document), document)


@pytest.mark.spec("INB-17", "SEC-085")
def test_inb_17_an_answer_to_somebody_elses_follow(door: Door, alice: PeerActor) -> None:
    for follower, taken in ((f"{SITE}/users/bob", True), ("https://v.example.org/users/victim", False)):
        document = alice.activity("Accept", object={"type": "Follow", "actor": follower, "object": alice.id})
        if taken:
            assert judge(door, verified(alice, document), document).activity.actor_id == alice.id
        else:
            with pytest.raises(OriginMismatch):
                judge(door, verified(alice, document), document)


# ---- what we hold ----------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-081", "SEC-082")
@pytest.mark.parametrize("kind", ["Update", "Delete", "Undo"])
def test_sec_082_a_neighbours_object_that_we_hold(door: Door, peer: Peer, alice: PeerActor, kind: str) -> None:
    """Same server, same origin: only what we know of the object tells whose it is."""
    bo = peer.actor("bo", KEYS[1])
    url = peer.serve("/notes/1", bo.note())
    fetcher = door.fetcher()
    document = alice.activity(kind, object=url)
    judge(door, verified(alice, document), document)
    run_sync(get_object(fetcher, url, fetcher.budget()))
    with pytest.raises(OriginMismatch):
        judge(door, verified(alice, document), document)
    own = bo.activity(kind, object=url)
    assert judge(door, verified(bo, own), own).activity.object_id == url


@pytest.mark.spec("SEC-082")
def test_sec_082_a_neighbour_whom_we_know(door: Door, peer: Peer, alice: PeerActor) -> None:
    bo = peer.url("/users/bo")
    document = alice.activity("Delete", object=bo)
    run_sync(door.ports.store.put(known_key(SITE, bo), b"1"))
    with pytest.raises(OriginMismatch):
        judge(door, verified(alice, document), document)


# ---- forwarded: by origin (INB-15, SEC-131, SIG-19) ------------------------------------------------------------------


@pytest.mark.spec("SIG-19", "SEC-131", "INB-15")
def test_sec_131_a_forwarded_activity_is_fetched_from_its_origin(
    door: Door, peer: Peer, alice: PeerActor, relay: PeerActor
) -> None:
    """What goes on is what the origin says, not what the relay sent."""
    genuine = alice.activity("Create", object=alice.note(content="said"))
    peer.serve("/activities/1", genuine)
    sent = alice.activity("Create", object=alice.note(content="never said"))
    authentic = judge(door, verified(relay, sent), sent)
    assert authentic.document["object"]["content"] == "said"  # type: ignore[index, call-overload]
    assert (authentic.evidence.how, authentic.evidence.signer) == ("origin", relay.id)
    assert door.fetches == [genuine["id"]]


@pytest.mark.spec("SEC-131")
def test_sec_131_what_others_sign_may_count_for_nothing(
    door: Door, peer: Peer, alice: PeerActor, relay: PeerActor
) -> None:
    document = alice.activity()
    peer.serve("/activities/1", document)
    door.config = Config(inbox=InboxPolicy(forwarded_by_fetch=False))
    with pytest.raises(OriginMismatch):
        judge(door, verified(relay, document), document)
    assert door.fetches == []
    assert judge(door, verified(alice, document), document).evidence.how == "signature"


@pytest.mark.spec("SIG-19", "SEC-131")
@pytest.mark.parametrize(
    ("at_origin", "fetches"),
    [
        (Response(status=404), 1),
        (GONE, 1),
        (answer({}, "text/html"), 1),
        (answer(b"{"), 1),
        (answer({"id": "https://a.example.com/activities/1", "type": "Like"}), 1),
        (
            answer(
                {"id": "https://a.example.com/activities/1", "type": "Like", "actor": "https://a.example.com/users/bo"}
            ),
            1,
        ),
        (redirect("https://evil.example.org/"), 1),
        (redirect("/activities/2"), 4),
        (redirect("/activities/3"), 2),
    ],
)
def test_sec_131_what_its_origin_does_not_confirm(
    door: Door, peer: Peer, alice: PeerActor, relay: PeerActor, at_origin: Response, fetches: int
) -> None:
    peer.serve("/activities/1", at_origin)
    peer.serve("/activities/2", alice.activity())
    peer.serve("/activities/3", alice.activity("Like", 3))
    Peer(door.network, "evil.example.org").serve("/", alice.activity())
    document = alice.activity()
    with pytest.raises(OriginMismatch) as caught:
        judge(door, verified(relay, document), document)
    assert caught.value.status_hint == 403
    assert len([url for url in door.fetches if "evil" not in url]) <= fetches


@pytest.mark.spec("INB-15")
def test_inb_15_an_origin_that_cannot_be_asked_now(door: Door, peer: Peer, alice: PeerActor, relay: PeerActor) -> None:
    peer.serve("/activities/1", Response(status=503))
    document = alice.activity()
    with pytest.raises(Unreachable) as caught:
        judge(door, verified(relay, document), document)
    assert not caught.value.permanent


@pytest.mark.spec("SEC-131", "SEC-072")
@pytest.mark.parametrize(
    "activity_id",
    [None, "https://relay.example.org/1", "https://a.example.com:8443/1", "https://a.example.com/users/alice#likes/1"],
)
def test_sec_131_what_cannot_be_asked_for_is_dropped(
    door: Door, alice: PeerActor, relay: PeerActor, activity_id: str | None
) -> None:
    document = alice.activity("Add", id=activity_id, target=f"{alice.id}/featured")
    with pytest.raises(OriginMismatch):
        judge(door, verified(relay, document), document)
    assert door.fetches == []


@pytest.mark.spec("SEC-081", "SEC-080")
def test_sec_080_an_origin_may_not_say_everything_either(
    door: Door, peer: Peer, alice: PeerActor, relay: PeerActor
) -> None:
    document = alice.activity("Create", object={"id": "https://v.example.org/1", "type": "Note"})
    peer.serve("/activities/1", document)
    with pytest.raises(OriginMismatch):
        judge(door, verified(relay, document), document)


# ---- departed: by a 410 (INB-06, SEC-070) ----------------------------------------------------------------------------


def departed(alice: PeerActor, **members: Any) -> tuple[Departed, dict[str, Any]]:
    document = alice.activity(**{"kind": "Delete", "object": alice.id, **members})
    return Departed(parse_claim(alice.post(document))), document


@pytest.mark.spec("INB-06", "SEC-070")
@pytest.mark.parametrize("spelling", ["string", "object", "list"])
def test_inb_06_who_is_gone_has_deleted_itself(door: Door, peer: Peer, alice: PeerActor, spelling: str) -> None:
    peer.serve("/users/alice", GONE)
    spelled: Any = {"string": alice.id, "object": {"id": alice.id, "type": "Person"}, "list": [alice.id]}[spelling]
    claim, document = departed(alice, object=spelled)
    authentic = judge(door, claim, document)
    assert (authentic.evidence.how, authentic.evidence.signer) == ("gone", alice.id)
    assert authentic.activity.object_id == alice.id


@pytest.mark.spec("INB-06", "SEC-070")
@pytest.mark.parametrize(
    "members",
    [
        {"object": "https://a.example.com/notes/1"},
        {"object": "https://a.example.com/users/bo"},
        {"kind": "Update"},
        {"kind": "Undo"},
        {"kind": "Like"},
    ],
)
def test_sec_070_nothing_else_is_believed_of_who_is_gone(
    door: Door, peer: Peer, alice: PeerActor, members: dict[str, Any]
) -> None:
    peer.serve("/users/alice", GONE)
    claim, document = departed(alice, **members)
    with pytest.raises(KeyRefused):
        judge(door, claim, document)
    assert door.fetches == []


@pytest.mark.spec("INB-06", "SEC-070")
@pytest.mark.parametrize(
    ("served", "error"),
    [
        (None, KeyRefused),
        (Response(status=404), KeyRefused),
        (answer(b"{"), KeyRefused),
        (Response(status=500), KeyUnavailable),
    ],
)
def test_inb_06_who_is_still_there_has_not(
    door: Door, peer: Peer, alice: PeerActor, served: Response | None, error: type[FedtextError]
) -> None:
    """A key on some host that says 410 does not delete anybody."""
    if served is not None:
        peer.serve("/users/alice", served)
    claim, document = departed(alice)
    with pytest.raises(error):
        judge(door, claim, document)


@pytest.mark.spec("SEC-083")
def test_sec_083_nobody_of_ours_departs_from_outside(door: Door, alice: PeerActor) -> None:
    claim, _document = departed(alice)
    ours = f"{SITE}/users/bob"
    with pytest.raises(OriginMismatch):
        judge(door, claim, {"id": f"{ours}#delete", "type": "Delete", "actor": ours, "object": ours})


@pytest.mark.spec("SEC-072")
def test_sec_072_the_id_of_a_departure_is_the_actors(door: Door, peer: Peer, alice: PeerActor) -> None:
    peer.serve("/users/alice", GONE)
    claim, document = departed(alice, id="https://evil.example.org/1")
    with pytest.raises(OriginMismatch):
        judge(door, claim, document)


# ---- restored --------------------------------------------------------------------------------------------------------

TASK = InboundTask(
    site=SITE,
    inbox="/inbox",
    recipient=None,
    signer="https://a.example.com/u",
    key_id="k",
    scheme="s",
    how="signature",
    received_s=1.0,
    content_hash="h",
    document={"id": "https://a.example.com/1", "type": "Like", "actor": "https://a.example.com/u", "object": "x:y"},
)


def test_the_worker_takes_up_what_was_authenticated() -> None:
    authentic = restore(TASK)
    assert authentic.activity.id == "https://a.example.com/1"
    assert authentic.evidence == Evidence(signer=TASK.signer, key_id="k", scheme="s", how="signature", received_s=1.0)


@pytest.mark.spec("SEC-150")
def test_sec_150_an_envelope_without_an_activity() -> None:
    with pytest.raises(TypeMismatch):
        restore(attrs.evolve(TASK, document={"type": "Note"}))


def test_only_an_activity_can_be_authentic() -> None:
    """A step that gives way and makes none lets nothing pass (SEC-089)."""
    evidence = Evidence(signer="https://a.example/1", key_id="k", scheme="s", how="signature", received_s=NOW_S)
    nothing: Any = None
    with pytest.raises(TypeError, match="activity"):
        AuthenticActivity(authorship._SEAL, nothing, {}, evidence)


def test_what_has_nothing_of_others_is_loaded_once(
    door: Door, alice: PeerActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Any] = []

    def counted(document: Any) -> Any:
        loaded.append(document)
        return load(document)

    monkeypatch.setattr(authorship, "load", counted)
    document = alice.activity()
    authentic = judge(door, verified(alice, document), document)
    assert authentic.document is loaded[0]
    assert len(loaded) == 1
    assert (authentic.actor, authentic.activity_id) == (alice.id, document["id"])


def test_without_an_id_it_has_none(door: Door, alice: PeerActor) -> None:
    document = {**alice.activity("Add", target=f"{alice.id}/featured"), "id": None}
    assert judge(door, verified(alice, document), document).activity_id is None


def test_the_actor_is_known_however_it_stands_there() -> None:
    """What waits in a queue was written by us, or by whoever can write there."""
    for actor in ("https://a.example.com/u", ["https://a.example.com/u"], {"id": "https://a.example.com/u"}):
        assert (
            restore(attrs.evolve(TASK, document={**TASK.document, "actor": actor})).actor == "https://a.example.com/u"
        )
