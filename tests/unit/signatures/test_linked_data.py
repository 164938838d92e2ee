"""Linked-data signatures made and verified. Attacks: tests/security."""

from __future__ import annotations

from typing import Any

import pytest
from tests.proofs import ALICE, AS2, CREATE, CREATOR, ED25519, NOW_S, RSA, RSA_KEY, SECURITY, proved, signed
from tests.proofs import verified_signature as verified

from fedtext.config import Limits
from fedtext.errors import (
    AlgorithmRefused,
    ContextRefused,
    KeyOwnerMismatch,
    LimitExceeded,
    LocalProtocolError,
    OriginMismatch,
    ProofExpired,
    ProofMalformed,
    ProofMismatch,
    ProofMissing,
)
from fedtext.keys import VerificationKey, generate_rsa
from fedtext.signatures import linked_data

OTHER = generate_rsa()
SIGNED: Any = signed()


def with_members(**members: Any) -> dict[str, Any]:
    """Give the signed document with other members of its signature; None takes one away."""
    found = {name: value for name, value in {**SIGNED["signature"], **members}.items() if value is not None}
    return {**SIGNED, "signature": found}


@pytest.mark.spec("JLD-09")
def test_jld_09_what_is_signed_verifies_and_goes_on_with_plain_names():
    evidence = verified(SIGNED)
    assert (evidence.signer, evidence.suites, evidence.created_s) == (ALICE, ("RsaSignature2017",), NOW_S)
    document: Any = evidence.document
    assert "signature" not in document
    assert (document["id"], document["type"], document["actor"]) == (CREATE["id"], "Create", ALICE)
    assert document["object"]["content"] == "<p>Grüße</p>"
    assert document["object"]["tag"]["href"] == "https://b.example.com/users/bob"


@pytest.mark.spec("JLD-09")
def test_jld_09_the_options_are_signed_without_type_id_and_value():
    claim = linked_data.parse_signature(with_members(id="https://a.example.com/s", nonce="n", domain="d"))
    assert claim.options.keys() == {"creator", "created", "nonce", "domain"}
    assert linked_data.options_hash(claim) != linked_data.options_hash(linked_data.parse_signature(SIGNED))
    assert len(linked_data.document_hash(SIGNED)) == 64
    assert linked_data.document_hash(SIGNED) == linked_data.document_hash(CREATE)


def test_another_spelling_of_the_same_statements_verifies():
    respelt = {**SIGNED, "to": "as:Public", "@id": SIGNED["id"]}
    del respelt["id"]
    assert verified(respelt).document == verified(SIGNED).document


def test_sec_123_what_rdf_does_not_see_does_not_go_on():
    document = {**SIGNED, "unknown": "x", "object": {**SIGNED["object"], "_:b": "y", "url": "relative"}}
    assert verified(document).document == verified(SIGNED).document


def test_jld_14_beside_a_proof_both_hold():
    document = signed(proved({**CREATE, "@context": [AS2, "https://w3id.org/security/data-integrity/v1"]}))
    evidence = verified(document)
    assert "proof" not in evidence.document
    with pytest.raises(ProofMismatch):
        verified({**document, "proof": {**document["proof"], "created": "2020-01-01T00:00:00Z"}})
    with pytest.raises(ProofMismatch):
        verified({name: value for name, value in document.items() if name != "proof"})


@pytest.mark.parametrize(
    "document",
    [
        {**SIGNED, "signature": [SIGNED["signature"]]},
        {**SIGNED, "signature": [SIGNED["signature"], SIGNED["signature"]]},
        {**SIGNED, "signature": "x"},
        {**SIGNED, "signature": {}},
        with_members(type="RsaSignature2018"),
        with_members(type=["RsaSignature2017"]),
        with_members(type=None),
        with_members(**{"@context": AS2}),
        with_members(**{"@graph": []}),
        with_members(extra="x"),
        with_members(creator=None),
        with_members(creator=""),
        with_members(creator={"id": CREATOR}),
        with_members(creator=[CREATOR]),
        with_members(creator="x" * 3_000),
        with_members(created=None),
        with_members(created="yesterday"),
        with_members(created="2026-01-01T00:00:00+01:00"),
        with_members(expires="never"),
        with_members(expires=1),
        with_members(nonce=1),
        with_members(signatureValue=None),
        with_members(signatureValue=""),
        with_members(signatureValue="!!!!"),
        with_members(signatureValue=[SIGNED["signature"]["signatureValue"]]),
        with_members(signatureValue="A" * 1_404),
    ],
)
@pytest.mark.spec("JLD-11")
def test_sec_126_what_is_no_such_signature_is_refused(document):
    with pytest.raises(ProofMalformed):
        linked_data.parse_signature(document)


def test_a_document_without_one_has_none():
    for document in (CREATE, {**CREATE, "signature": None}):
        with pytest.raises(ProofMissing):
            linked_data.parse_signature(document)


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        ({**SIGNED, "published": "2026-01-02T00:00:00Z"}, ProofMismatch),
        ({**SIGNED, "summary": "added"}, ProofMismatch),
        ({name: value for name, value in SIGNED.items() if name != "cc"}, ProofMismatch),
        (with_members(nonce="x"), ProofMismatch),
        (with_members(created="2026-01-01T00:00:00Z"), ProofMismatch),
        (with_members(signatureValue="AAAA"), ProofMismatch),
        (signed(key=OTHER), ProofMismatch),
        (with_members(creator=f"{ALICE}#other"), KeyOwnerMismatch),
        (signed({**CREATE, "actor": "https://a.example.com/users/bob"}), KeyOwnerMismatch),
        (signed({**CREATE, "id": "https://b.example.com/1"}), OriginMismatch),
        (signed(created_s=NOW_S + 301), ProofExpired),
        (signed(expires_s=NOW_S - 1), ProofExpired),
        ({**SIGNED, "@context": [AS2, "https://ns.example.com/unknown"]}, ContextRefused),
    ],
)
def test_what_does_not_hold_is_refused(document, refusal):
    with pytest.raises(refusal):
        verified(document)


def test_the_end_of_a_signature_is_still_inside():
    assert verified(signed(expires_s=NOW_S)).expires_s == NOW_S


def test_only_rsa_keys_count():
    with pytest.raises(AlgorithmRefused):
        verified(SIGNED, key=VerificationKey(CREATOR, ALICE, ED25519.public))
    with pytest.raises(LocalProtocolError):
        linked_data.sign(CREATE, ED25519, creator=CREATOR, created_s=NOW_S)


@pytest.mark.parametrize(("spare", "fine"), [(0, True), (-1, False)])
def test_what_it_may_cost_has_a_limit(spare, fine):
    document = {"@context": AS2, "id": CREATE["id"], "type": "Like", "actor": ALICE, "object": f"{ALICE}/1"}
    limits = Limits(jsonld_nodes_max=6 + spare)
    signature = signed(document)
    if fine:
        assert verified(signature, limits=limits)
    else:
        with pytest.raises(LimitExceeded):
            verified(signature, limits=limits)


def test_signing_again_replaces_the_signature_and_leaves_the_document():
    again = signed(SIGNED, created_s=NOW_S + 1)
    assert again["signature"] != SIGNED["signature"]
    assert verified(again, now_s=NOW_S + 1).document == verified(SIGNED).document
    assert "signature" not in CREATE


def test_the_claim_shows_no_bytes():
    claim = linked_data.parse_signature(SIGNED)
    assert "value" not in repr(claim)
    assert linked_data.verify(SIGNED, claim, RSA_KEY, now_s=NOW_S).key is RSA_KEY
    assert RSA.public == RSA_KEY.public
    assert SECURITY in CREATE["@context"]  # type: ignore[operator]


@pytest.mark.parametrize(("member", "value"), [("created", "yesterday"), ("created", None), ("expires", "never")])
def test_a_time_that_cannot_be_read_is_named(member, value):
    with pytest.raises(ProofMalformed) as caught:
        linked_data.parse_signature(with_members(**{member: value}))
    assert caught.value.context == {"member": member}


def test_all_members_may_stand_there_and_at_their_limits():
    creator = CREATOR.ljust(Limits().iri_chars_max, "x")
    more = {"id": "https://a.example.com/s", "expires": "2026-10-01T00:00:00Z", "nonce": "n", "domain": "d"}
    claim = linked_data.parse_signature(with_members(creator=creator, signatureValue="AAAA" * 350, **more))
    assert (claim.creator, len(claim.value)) == (creator, 1_050)
