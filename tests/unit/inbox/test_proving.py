"""What an activity proves of itself: when it counts, when it refuses, when it says nothing."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from tests.receiving import AS2, GONE, NOW_S, PUBLIC, Door, Peer, PeerActor

from fedtext.config import Config, InboxPolicy, SignaturePolicy
from fedtext.errors import FedtextError, KeyOwnerMismatch, KeyUnavailable, OriginMismatch, ProofMismatch
from fedtext.http import Response
from fedtext.inbox import InboundTask
from fedtext.keys import PrivateKey, build_multikey, generate_ed25519, generate_rsa
from fedtext.signatures import data_integrity, linked_data

PROOF_KEY = generate_ed25519()
RSA_KEY = generate_rsa()
OTHER_RSA_KEY = generate_rsa()
OTHER_KEY = generate_ed25519()
DAY_S = 86_400


class Gate(Door):
    """A door that keeps what was taken last."""

    last: InboundTask


@pytest.fixture
def door() -> Gate:
    return Gate()


@pytest.fixture
def alice(door: Gate) -> PeerActor:
    peer = Peer(door.network)
    actor = peer.actor()
    peer.serve("/users/alice", actor.document(assertionMethod=[multikey(actor)]))
    return actor


@pytest.fixture
def relay(door: Gate) -> PeerActor:
    return Peer(door.network, "relay.example.com").actor("relay", key=OTHER_KEY)


def multikey(actor: PeerActor, key: PrivateKey = PROOF_KEY, **members: Any) -> dict[str, Any]:
    return {
        "id": f"{actor.id}#proof-key",
        "type": "Multikey",
        "controller": actor.id,
        "publicKeyMultibase": build_multikey(key.public),
        **members,
    }


def proved(
    actor: PeerActor, key: PrivateKey = PROOF_KEY, *, created_s: float = NOW_S, method: str = "", **members: Any
) -> dict[str, Any]:
    document = actor.activity("Create", object=actor.note(), to=[PUBLIC], **members)
    return data_integrity.sign(
        document, key, verification_method=method or f"{actor.id}#proof-key", created_s=created_s
    )


def taken(door: Gate) -> InboundTask:
    """Take what was received last."""
    door.last = door.take()[-1]
    return door.last


def outcome(door: Gate, request: Any) -> str:
    """Receive; give why it is believed, or the code of the error."""
    try:
        door.receive(request)
    except FedtextError as error:
        return error.code
    return taken(door).how


# ---- under the actor's own signature ---------------------------------------------------------------------------------


def test_a_proof_beside_the_actors_signature_is_verified_without_another_fetch(door: Gate, alice: PeerActor) -> None:
    assert outcome(door, alice.post(proved(alice))) == "signature"
    assert [request.target for request in alice.peer.asked] == ["/users/alice"]


@pytest.mark.spec("SEC-005")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: {**document, "summary": "added"},
        lambda document: {**document, "proof": {**document["proof"], "created": "2026-01-01T00:00:00Z"}},
        lambda document: {**document, "proof": {**document["proof"], "proofPurpose": "authentication"}},
        lambda document: {**document, "proof": [document["proof"]]},
        lambda document: {**document, "proof": "none"},
        lambda document: {**document, "proof": {}},
    ],
)
def test_sec_129_an_own_proof_that_does_not_hold_refuses_the_activity(door: Gate, alice: PeerActor, spoil: Any) -> None:
    assert outcome(door, alice.post(spoil(proved(alice)))).startswith("proof.")
    assert door.waiting == 0


@pytest.mark.parametrize(
    "change",
    [
        {"cryptosuite": "ecdsa-jcs-2019"},
        {"verificationMethod": "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"},
    ],
)
def test_proofs_of_other_kinds_say_nothing(door: Gate, alice: PeerActor, change: dict[str, str]) -> None:
    document = proved(alice)
    document["proof"] = {**document["proof"], **change}
    assert outcome(door, alice.post(document)) == "signature"


def test_a_key_that_is_not_for_documents_refuses(door: Gate, alice: PeerActor) -> None:
    document = proved(alice, alice.key, method=alice.key_id)
    assert outcome(door, alice.post(document)) == KeyOwnerMismatch.code


def test_a_key_of_another_host_refuses(door: Gate, alice: PeerActor) -> None:
    other = Peer(door.network, "c.example.com").actor("carol")
    other.peer.serve("/users/carol", other.document(assertionMethod=[multikey(other)]))
    assert outcome(door, alice.post(proved(alice, method=f"{other.id}#proof-key"))) == KeyOwnerMismatch.code


def test_where_the_key_cannot_be_had_now_the_peer_may_try_again(door: Gate, alice: PeerActor) -> None:
    alice.peer.serve("/keys/1", Response(status=500))
    assert outcome(door, alice.post(proved(alice, method=alice.peer.url("/keys/1")))) == KeyUnavailable.code


def test_a_change_of_keys_is_noticed(door: Gate, alice: PeerActor) -> None:
    assert outcome(door, alice.post(proved(alice))) == "signature"
    door.clock.advance(DAY_S / 2)
    alice.peer.serve("/users/alice", alice.document(assertionMethod=[multikey(alice, OTHER_KEY)]))
    now_s = door.clock.now_s()
    document = proved(alice, OTHER_KEY, created_s=now_s, id=alice.peer.url("/activities/2"))
    assert outcome(door, alice.post(document, now_s=now_s)) == "signature"


def test_inb_06_an_actor_that_is_gone_may_still_say_so(door: Gate, alice: PeerActor) -> None:
    assert outcome(door, alice.post(alice.activity())) == "signature"
    alice.peer.serve("/users/alice", GONE)
    alice.peer.serve("/keys/1", GONE)
    gone = alice.activity("Delete", number=2, object=alice.id, to=[PUBLIC])
    document = data_integrity.sign(gone, PROOF_KEY, verification_method=alice.peer.url("/keys/1"), created_s=NOW_S)
    assert outcome(door, alice.post(document)) == "signature"


# ---- passed on by somebody else --------------------------------------------------------------------------------------


def passed_on(relay: PeerActor, document: Any, **options: Any) -> Any:
    return relay.post(document, **options)


@pytest.mark.spec("SEC-131")
def test_a_proof_under_somebodys_signature_is_enough(door: Gate, alice: PeerActor, relay: PeerActor) -> None:
    document = proved(alice)
    assert outcome(door, passed_on(relay, document)) == "proof"
    task = door.last
    assert (task.signer, task.document["actor"]) == (relay.id, alice.id)
    assert "proof" not in task.document
    assert "/activities/1" not in [request.target for request in alice.peer.asked]


@pytest.mark.spec("SEC-131")
def test_sec_131_a_proof_may_count_for_nothing(door: Gate, alice: PeerActor, relay: PeerActor) -> None:
    door.config = Config(inbox=InboxPolicy(forwarded_by_proof=False))
    document = proved(alice)
    alice.peer.serve("/activities/1", document)
    assert outcome(door, passed_on(relay, document)) == "origin"


def test_sec_131_without_a_proof_it_is_asked_for_at_its_origin(door: Gate, alice: PeerActor, relay: PeerActor) -> None:
    document = alice.activity("Create", object=alice.note(), to=[PUBLIC])
    alice.peer.serve("/activities/1", document)
    assert outcome(door, passed_on(relay, document)) == "origin"


def test_what_was_added_behind_the_signed_context_does_not_go_on(
    door: Gate, alice: PeerActor, relay: PeerActor
) -> None:
    document = proved(alice)
    document["@context"] = [AS2, {"toot": "http://joinmastodon.org/ns#"}]
    assert outcome(door, passed_on(relay, document)) == "proof"
    assert door.last.document["@context"] == AS2


def test_a_proof_that_does_not_hold_is_not_made_up_for_by_the_origin(
    door: Gate, alice: PeerActor, relay: PeerActor
) -> None:
    document = {**proved(alice), "summary": "added"}
    alice.peer.serve("/activities/1", document)
    assert outcome(door, passed_on(relay, document)) == ProofMismatch.code


@pytest.mark.parametrize(("age_s", "how"), [(30 * DAY_S, "proof"), (30 * DAY_S + 1, "origin")])
def test_sec_128_what_is_passed_on_is_no_older_than_we_remember(
    door: Gate, alice: PeerActor, relay: PeerActor, age_s: int, how: str
) -> None:
    document = proved(alice, created_s=NOW_S - age_s)
    alice.peer.serve("/activities/1", document)
    assert outcome(door, passed_on(relay, document)) == how


def test_sec_128_a_second_arrival_is_known(door: Gate, alice: PeerActor, relay: PeerActor) -> None:
    document = proved(alice)
    assert door.receive(passed_on(relay, document)).outcome == "queued"
    assert door.receive(passed_on(relay, document)).outcome == "duplicate"


def test_the_proof_of_another_is_none(door: Gate, alice: PeerActor, relay: PeerActor) -> None:
    eve = Peer(door.network, "evil.example.com").actor("eve")
    eve.peer.serve("/users/eve", eve.document(assertionMethod=[multikey(eve)]))
    document = data_integrity.sign(
        alice.activity("Create", object=alice.note(), to=[PUBLIC]),
        PROOF_KEY,
        verification_method=f"{eve.id}#proof-key",
        created_s=NOW_S,
    )
    assert outcome(door, passed_on(relay, document)) == KeyOwnerMismatch.code


# ---- linked-data signatures ------------------------------------------------------------------------------------------


@pytest.fixture
def believing() -> Gate:
    return Gate(config=Config.relay_compatible())


def signed(door: Gate, **members: Any) -> tuple[PeerActor, dict[str, Any]]:
    actor = Peer(door.network).actor("alice", key=RSA_KEY)
    document = actor.activity("Create", object=actor.note(), to=[PUBLIC], **members)
    return actor, linked_data.sign(document, RSA_KEY, creator=actor.key_id, created_s=NOW_S)


def relayed(door: Gate, document: Any) -> Any:
    return Peer(door.network, "relay.example.com").actor("relay", key=OTHER_KEY).post(document)


def test_jld_09_a_linked_data_signature_counts_where_it_is_asked_for(believing: Gate) -> None:
    _, document = signed(believing)
    assert outcome(believing, relayed(believing, {**document, "unsigned_member": 1})) == "proof"
    assert "unsigned_member" not in believing.last.document


def test_by_default_it_is_passed_over(door: Gate) -> None:
    actor, document = signed(door)
    actor.peer.serve("/activities/1", document)
    assert outcome(door, relayed(door, document)) == "origin"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: {**signature, "type": "RsaSignature2018"},
        lambda signature: {**signature, "signatureValue": "AAAA"},
        lambda signature: [signature, signature],
    ],
)
def test_jld_11_one_that_does_not_hold_says_nothing(believing: Gate, spoil: Any) -> None:
    actor, document = signed(believing)
    document = {**document, "signature": spoil(document["signature"])}
    actor.peer.serve("/activities/1", document)
    assert outcome(believing, relayed(believing, document)) == "origin"


def test_sec_127_that_of_another_actor_does_not_authorize(believing: Gate) -> None:
    actor, _ = signed(believing)
    eve = Peer(believing.network, "evil.example.com").actor("eve", key=RSA_KEY)
    document = linked_data.sign(
        actor.activity("Create", object=actor.note(), to=[PUBLIC]), RSA_KEY, creator=eve.key_id, created_s=NOW_S
    )
    assert outcome(believing, relayed(believing, document)) == OriginMismatch.code


def test_the_limits_of_age_and_memory_fit_together() -> None:
    assert SignaturePolicy().forwarded_s_max <= Config().inbox.idempotency_s
    assert attrs.evolve(Config.relay_compatible(), signatures=SignaturePolicy()) == Config()


@pytest.mark.spec("JLD-08")
@pytest.mark.parametrize("config", [None, Config.relay_compatible()])
def test_jld_08_nothing_is_compacted_where_a_linked_data_signature_says_nothing(config: Config | None) -> None:
    """It came under its actor's own signature: it goes on as it was, whatever else it bears."""
    door = Gate() if config is None else Gate(config=config)
    alice = Peer(door.network).actor()
    document = linked_data.sign(
        alice.activity("Create", object=alice.note(tag={"type": "Hashtag", "name": "#one"}), to=[PUBLIC]),
        OTHER_RSA_KEY,
        creator=alice.key_id,
        created_s=NOW_S,
    )
    assert outcome(door, alice.post(document)) == "signature"
    left = {name: value for name, value in door.last.document.items() if name != "signature"}
    assert left == {name: value for name, value in document.items() if name != "signature"}
