"""One serialization, one digest, for everybody and for ever."""

from __future__ import annotations

import json

import pytest

from fedtext.config import Limits
from fedtext.delivery import Provers, seal
from fedtext.errors import DocumentError, LocalProtocolError
from fedtext.fetch import SigningKey
from fedtext.jsonld.terms import DATA_INTEGRITY
from fedtext.keys import VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import VerifiedDocument, build_digest, check_owner, data_integrity, linked_data

ACTOR = "https://home.example.com/users/1"
CREATE = {"@context": "https://www.w3.org/ns/activitystreams", "id": f"{ACTOR}#1", "type": "Create", "actor": ACTOR}


def nested(depth: int) -> dict:
    """Give an activity whose JSON is that deep."""
    value: object = "x"
    for _ in range(depth - 1):
        value = [value]
    return {**CREATE, "object": value}


def test_dlv_12_the_bytes_and_their_digest_are_made_once():
    sealed = seal({**CREATE, "object": {"content": "Grüße"}}, Limits())
    assert sealed.digest == build_digest(sealed.body)
    assert "Grüße".encode() in sealed.body
    assert (sealed.activity_id, sealed.actor) == (CREATE["id"], ACTOR)


@pytest.mark.spec("INB-13", "AP-S09")
def test_sec_136_what_is_sealed_names_no_blind_recipient():
    blind = {"bto": ["https://b.example.org/secret"], "bcc": ["https://b.example.org/secret"]}
    sealed = seal({**CREATE, **blind, "object": {"object": blind, "tag": [blind]}}, Limits())
    assert b"secret" not in sealed.body
    assert b"bcc" not in sealed.body


@pytest.mark.parametrize(("depth", "fine"), [(7, True), (8, False), (5_000, False)])
def test_jld_15_what_is_deeper_than_other_servers_read_is_not_sent(depth, fine):
    if fine:
        assert seal(nested(depth), Limits()).body
    else:
        with pytest.raises(LocalProtocolError):
            seal(nested(depth), Limits())


@pytest.mark.parametrize(("spare", "fine"), [(0, True), (-1, False)])
def test_what_is_larger_than_other_servers_take_is_not_sent(spare, fine):
    size = len(seal(CREATE, Limits()).body)
    limits = Limits(body_bytes_max=size + spare)
    if fine:
        assert seal(CREATE, limits).body
    else:
        with pytest.raises(LocalProtocolError):
            seal(CREATE, limits)


@pytest.mark.parametrize(
    "change", [{"id": None}, {"id": 7}, {"actor": None}, {"actor": [ACTOR]}, {"actor": {"id": ACTOR}}]
)
def test_mod_01_mod_02_an_outgoing_activity_has_an_id_and_one_actor(change):
    with pytest.raises(LocalProtocolError):
        seal({**CREATE, **change}, Limits())


# ---- proofs ----------------------------------------------------------------------------------------------------------

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ED25519 = SigningKey(key_id=f"{ACTOR}#ed25519-key", private=generate_ed25519())
RSA = SigningKey(key_id=f"{ACTOR}#main-key", private=generate_rsa())


def sealed_document(document: dict, **provers: object) -> dict:
    return json.loads(seal(document, Limits(), Provers(now_s=1_000.7, **provers)).body)


def verified(document: dict) -> VerifiedDocument:
    keys = {ED25519.key_id: VerificationKey(ED25519.key_id, ACTOR, ED25519.private.public)}
    return data_integrity.verify(document, keys, now_s=1_000)


def test_jld_12_what_is_sealed_carries_a_proof_of_its_actor():
    document = sealed_document({**CREATE, "to": [PUBLIC], "bto": ["https://b.example.org/secret"]}, proof=ED25519)
    assert document["@context"][:2] == [CREATE["@context"], DATA_INTEGRITY]
    evidence = verified(document)
    assert check_owner(evidence) == ACTOR
    assert (evidence.suites, evidence.created_s) == (("eddsa-jcs-2022",), 1_000)
    assert "bto" not in evidence.document


def test_a_context_that_defines_proofs_already_stays():
    context = [CREATE["@context"], "https://w3id.org/security/data-integrity/v2"]
    assert sealed_document({**CREATE, "@context": context}, proof=ED25519)["@context"] == context


@pytest.mark.parametrize(
    ("change", "signed"),
    [
        ({"to": [PUBLIC]}, True),
        ({"cc": "as:Public"}, True),
        ({"type": "Announce", "to": PUBLIC}, True),
        ({"type": "Like", "to": [PUBLIC]}, False),
        ({"to": [f"{ACTOR}/followers"]}, False),
        ({}, False),
    ],
)
def test_jld_10_only_what_everybody_may_see_and_pass_on_is_signed_in_the_older_way(change, signed):
    document = sealed_document({**CREATE, "object": "https://home.example.com/1", **change}, linked_data=RSA)
    assert ("signature" in document) is signed
    if signed:
        claim = linked_data.parse_signature(document)
        assert claim.expires_s == 1_000 + 2 * 86_400
        key = VerificationKey(RSA.key_id, ACTOR, RSA.private.public)
        assert linked_data.verify(document, claim, key, now_s=1_000).signer == ACTOR


def test_jld_14_the_proof_comes_before_the_older_signature_and_both_hold():
    document = sealed_document({**CREATE, "to": [PUBLIC], "object": ACTOR}, proof=ED25519, linked_data=RSA)
    assert isinstance(document["proof"], dict)
    assert verified(document).signer == ACTOR
    claim = linked_data.parse_signature(document)
    key = VerificationKey(RSA.key_id, ACTOR, RSA.private.public)
    assert "proof" not in linked_data.verify(document, claim, key, now_s=1_000).document


def test_under_a_context_of_the_applications_own_there_is_no_older_signature():
    context = [CREATE["@context"], "https://ns.home.example.com/own"]
    document = sealed_document({**CREATE, "@context": context, "to": [PUBLIC]}, proof=ED25519, linked_data=RSA)
    assert "signature" not in document
    assert verified(document).signer == ACTOR


def test_what_has_no_canonical_form_is_not_sealed():
    with pytest.raises(DocumentError):
        sealed_document({**CREATE, "strength": 2**53}, proof=ED25519)
