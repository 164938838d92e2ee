"""Integrity proofs made and verified. Attacks: tests/security; generated documents: tests/properties."""

from __future__ import annotations

from typing import Any

import pytest
from tests.proofs import (
    ALICE,
    AS2,
    ED25519,
    INTEGRITY,
    KEYS,
    LIKE,
    METHOD,
    ML_DSA,
    ML_DSA_METHOD,
    NOW_S,
    OTHER,
    RSA,
    SECURITY,
    proved,
    proved_by_hand,
    verified,
)

from fedtext.config import Limits, SignaturePolicy
from fedtext.errors import (
    AlgorithmRefused,
    ContextRefused,
    CryptosuiteUnknown,
    DocumentError,
    KeyOwnerMismatch,
    LimitExceeded,
    LocalProtocolError,
    ProofExpired,
    ProofMalformed,
    ProofMismatch,
    ProofMissing,
)
from fedtext.jsonld import signed_options, signed_view
from fedtext.keys import VerificationKey
from fedtext.signatures import data_integrity
from fedtext.signatures.data_integrity import CRYPTOSUITES, EDDSA_JCS, EDDSA_RDFC, MLDSA44_JCS
from fedtext.wire.multibase import encode

BARE = {name: member for name, member in LIKE.items() if name != "@context"}


def twice_proved() -> dict[str, Any]:
    return data_integrity.sign(proved(), ML_DSA, verification_method=ML_DSA_METHOD, created_s=NOW_S)


def rdf_proved(document: dict[str, Any] = LIKE, **options: Any) -> dict[str, Any]:
    """Sign the RDF of a document, which the library only verifies."""
    import hashlib

    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": EDDSA_RDFC,
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "created": "2026-01-01T00:00:00Z",
        **options,
    }
    canonical = signed_options({**proof, "@context": document["@context"]}, Limits())
    texts = (canonical, signed_view(document, Limits()).canonical)
    value = ED25519.sign(b"".join(hashlib.sha256(text.encode()).digest() for text in texts))
    return {**document, "proof": {**proof, "proofValue": encode(value)}}


# ---- good ones -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("JLD-12")
def test_jld_12_what_is_signed_verifies_and_goes_on_without_its_proof():
    evidence = verified(proved())
    assert evidence.document == LIKE
    assert (evidence.signer, evidence.key, evidence.suites) == (ALICE, KEYS[METHOD], (EDDSA_JCS,))
    assert (evidence.created_s, evidence.expires_s) == (NOW_S, None)
    assert "document" not in repr(evidence)


@pytest.mark.spec("JLD-13")
def test_jld_13_values_are_multibase():
    assert str(proved()["proof"]["proofValue"]).startswith("z")
    first, second = twice_proved()["proof"]
    assert (first["proofValue"][0], second["proofValue"][0]) == ("z", "u")


def test_proofs_beside_each_other_all_hold():
    evidence = verified(twice_proved())
    assert evidence.suites == (EDDSA_JCS, MLDSA44_JCS)
    assert evidence.document == LIKE


def test_of_several_times_the_narrowest_count():
    document = proved(expires_s=NOW_S + 60)
    document = data_integrity.sign(
        document, ML_DSA, verification_method=ML_DSA_METHOD, created_s=NOW_S - 60, expires_s=NOW_S + 30
    )
    evidence = verified(document)
    assert (evidence.created_s, evidence.expires_s) == (NOW_S - 60, NOW_S + 30)


def test_a_proof_over_rdf_holds_and_gives_plain_names():
    evidence = verified(rdf_proved())
    assert evidence.suites == (EDDSA_RDFC,)
    assert {name: evidence.document[name] for name in ("id", "type", "actor", "object")} == {
        name: LIKE[name] for name in ("id", "type", "actor", "object")
    }


@pytest.mark.parametrize("context", [None, AS2, [AS2], [AS2, INTEGRITY]])
def test_any_context_may_be_signed(context):
    document = {**LIKE, "@context": context} if context else BARE
    assert verified(proved(document)).document == document


@pytest.mark.parametrize("context", [AS2, [AS2], [AS2, SECURITY]])
def test_the_signed_context_goes_on_and_not_what_was_added(context):
    signed = proved({**LIKE, "@context": context})
    entries = context if isinstance(context, list) else [context]
    evidence = verified({**signed, "@context": [*entries, {"x": "https://ns.example/x"}]})
    assert evidence.document["@context"] == context


def test_a_context_of_null_is_a_context():
    document = {**BARE, "@context": None}
    assert verified(proved(document)).document == document


def test_a_proof_without_a_context_is_over_that_of_the_document():
    assert verified(proved_by_hand(LIKE)).document == LIKE
    with pytest.raises(ProofMismatch):
        verified({**proved_by_hand(LIKE), "@context": [AS2, INTEGRITY, SECURITY]})


def test_a_legacy_signature_is_taken_away_first():
    assert verified({**proved(), "signature": {"type": "RsaSignature2017"}}).document == LIKE


def test_a_proof_of_other_members_holds_too():
    assert verified(proved_by_hand(LIKE, nonce="x", id="urn:uuid:1")).document == LIKE


# ---- refused ---------------------------------------------------------------------------------------------------------


def changed(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**document, "proof": {**document["proof"], **members}}


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        (LIKE, ProofMissing),
        (proved_by_hand(LIKE, cryptosuite="ecdsa-jcs-2019"), CryptosuiteUnknown),
        (changed(proved(), cryptosuite=MLDSA44_JCS), AlgorithmRefused),
        (changed(proved(), cryptosuite=EDDSA_RDFC), ProofMismatch),
        ({**proved(), "object": "https://b.example.com/notes/2"}, ProofMismatch),
        ({**proved(), "summary": "x"}, ProofMismatch),
        (changed(proved(), created="2026-01-01T00:00:01Z"), ProofMismatch),
        (changed(proved(), nonce="x"), ProofMismatch),
        (changed(proved(), proofValue="z1111"), ProofMismatch),
        (proved(key=OTHER), ProofMismatch),
        (changed(proved(), verificationMethod=f"{ALICE}#other"), KeyOwnerMismatch),
        (proved_by_hand({**LIKE, "@context": [SECURITY, AS2]}, **{"@context": [AS2]}), ProofMalformed),
        (proved_by_hand(LIKE, **{"@context": [AS2, INTEGRITY, SECURITY]}), ProofMalformed),
        ({k: v for k, v in proved().items() if k != "@context"}, ProofMalformed),
        ({**BARE, "proof": proved({**BARE, "@context": None})["proof"]}, ProofMalformed),
    ],
)
def test_what_is_not_what_was_signed_is_refused(document, refusal):
    with pytest.raises(refusal):
        verified(document)


def test_a_key_under_another_id_is_another_key():
    keys = {METHOD: VerificationKey(f"{ALICE}#other", ALICE, ED25519.public)}
    with pytest.raises(KeyOwnerMismatch):
        verified(proved(), keys=keys)


def test_proofs_of_two_owners_are_refused():
    keys = {**KEYS, ML_DSA_METHOD: VerificationKey(ML_DSA_METHOD, f"{ALICE}2", ML_DSA.public)}
    with pytest.raises(KeyOwnerMismatch):
        verified(twice_proved(), keys=keys)


def test_one_of_several_that_does_not_hold_refuses_all():
    document = twice_proved()
    for place in (0, 1):
        proofs = list(document["proof"])
        proofs[place] = {**proofs[place], "created": "2026-01-01T00:00:00Z"}
        with pytest.raises(ProofMismatch):
            verified({**document, "proof": proofs})


def test_proofs_over_different_contexts_are_over_different_documents():
    inner = proved({**LIKE, "@context": [AS2]})["proof"]
    outer = twice_proved()
    with pytest.raises(ProofMismatch):
        verified({**outer, "proof": [inner, outer["proof"][1]]})


@pytest.mark.parametrize(
    ("created_s", "expires_s", "fine"),
    [
        (NOW_S + 300, None, True),
        (NOW_S + 301, None, False),
        (0, None, True),
        (NOW_S, NOW_S, True),
        (NOW_S - 10, NOW_S - 1, False),
    ],
)
def test_the_window_of_a_proof(created_s, expires_s, fine):
    document = proved(created_s=created_s, expires_s=expires_s)
    if fine:
        assert verified(document)
    else:
        with pytest.raises(ProofExpired):
            verified(document)


def test_the_window_is_a_setting():
    with pytest.raises(ProofExpired):
        verified(proved(created_s=NOW_S + 1), policy=SignaturePolicy(future_s_max=0))


def test_nesting_has_a_limit():
    with pytest.raises(LimitExceeded):
        verified(proved({**LIKE, "x": {"y": {}}}), limits=Limits(json_depth_max=2))


@pytest.mark.parametrize("member", ["@graph", "@included", "@reverse", "@nest"])
def test_sec_121_parts_that_not_everybody_sees_are_refused_on_both_sides(member):
    hidden = {**LIKE, "tag": [{"name": "x", member: []}]}
    with pytest.raises(ContextRefused):
        proved(hidden)
    with pytest.raises(ContextRefused):
        verified(proved_by_hand(hidden))


def test_sec_129_over_rdf_each_option_is_signed():
    with pytest.raises(ContextRefused):
        verified(changed(rdf_proved(), nonce="x"))
    with pytest.raises(ContextRefused):
        rdf_proved({**LIKE, "@context": [AS2]})
    with pytest.raises(ProofMalformed):
        verified(changed(rdf_proved(), **{"@context": [AS2, INTEGRITY, {"cryptosuite": "x:y"}]}))
    assert verified(changed(rdf_proved(), **{"@context": LIKE["@context"]}))


# ---- making ----------------------------------------------------------------------------------------------------------


def test_signing_does_not_change_the_document():
    before = dict(LIKE)
    proved(LIKE)
    assert before == LIKE


@pytest.mark.parametrize(
    ("document", "key"),
    [
        (LIKE, RSA),
        (LIKE, ML_DSA),
        (proved_by_hand(LIKE, cryptosuite="other"), ML_DSA),
        ({**LIKE, "signature": {}}, ED25519),
    ],
)
def test_jld_14_what_is_not_made(document, key):
    with pytest.raises(LocalProtocolError):
        data_integrity.sign(document, key, verification_method=METHOD, created_s=NOW_S)


def test_a_broken_proof_that_is_there_is_told_when_another_is_made():
    with pytest.raises(ProofMalformed):
        data_integrity.sign({**LIKE, "proof": {}}, ML_DSA, verification_method=ML_DSA_METHOD, created_s=NOW_S)


@pytest.mark.parametrize("value", [2**53, float("inf"), "\ud800"])
def test_sec_130_what_has_no_canonical_form_is_not_signed(value):
    with pytest.raises(DocumentError):
        proved({**LIKE, "x": value})


def test_the_suites_that_are_verified():
    assert {EDDSA_JCS, EDDSA_RDFC, MLDSA44_JCS} == CRYPTOSUITES


def by_ml_dsa(document):
    """Give the document with a proof by ML-DSA alone, made by hand."""
    options = {"cryptosuite": MLDSA44_JCS, "verificationMethod": ML_DSA_METHOD, "@context": document["@context"]}
    return proved_by_hand(document, ML_DSA, **options)


def test_a_proof_by_ml_dsa_alone_is_over_the_whole_document():
    """Beside one by Ed25519 it would not show if it covered nothing."""
    alone = by_ml_dsa(LIKE)
    assert verified(alone).suites == (MLDSA44_JCS,)
    for changed in ({**alone, "object": "https://b.example.com/notes/2"}, {**alone, "extra": "x"}):
        with pytest.raises(ProofMismatch):
            verified(changed)


def test_one_more_proof_stands_behind_those_that_are_there():
    first, other = proved_by_hand(LIKE)["proof"], proved_by_hand(LIKE, cryptosuite="other")["proof"]
    for present in (first, [first, other]):
        document = data_integrity.sign(
            {**LIKE, "proof": present}, ML_DSA, verification_method=ML_DSA_METHOD, created_s=NOW_S
        )
        before = present if isinstance(present, list) else [present]
        assert document["proof"][:-1] == before
        assert document["proof"][-1]["cryptosuite"] == MLDSA44_JCS


def test_a_document_without_a_context_is_proved_without_one():
    options = {"cryptosuite": MLDSA44_JCS, "verificationMethod": ML_DSA_METHOD}
    assert verified(proved_by_hand(BARE, ML_DSA, **options)).document == BARE


def test_limits_are_those_that_are_given():
    limits = Limits(iri_chars_max=len(METHOD) - 1)
    with pytest.raises(ProofMalformed):
        data_integrity.check_claims(proved(), now_s=NOW_S, limits=limits)
