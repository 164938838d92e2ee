"""What a document says about its proofs, read and refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.proofs import LIKE, METHOD, proved

from fedtext.config import Limits
from fedtext.errors import ProofMalformed, ProofMissing
from fedtext.signatures import parse_proofs
from fedtext.signatures.proof_claim import PROOFS_COUNT_MAX, parse_time

PROOF: Any = proved()["proof"]


def having(proof: Any) -> dict[str, Any]:
    return {**LIKE, "proof": proof}


def changed(**members: Any) -> dict[str, Any]:
    """Give the proof with other members; None takes one away."""
    return {name: value for name, value in {**PROOF, **members}.items() if value is not None}


def test_a_proof_is_read_member_by_member():
    (claim,) = parse_proofs(having(changed(created="2026-01-01T00:00:01.5Z", expires="2026-01-02T00:00:00Z")))
    assert (claim.cryptosuite, claim.verification_method) == ("eddsa-jcs-2022", METHOD)
    assert (claim.created_s, claim.expires_s) == (1_767_225_601.5, 1_767_312_000.0)
    assert len(claim.value) == 64
    assert "proofValue" not in claim.options
    assert "proofPurpose" in claim.options
    assert "value" not in repr(claim)


@pytest.mark.parametrize("document", [LIKE, having(None)])
def test_no_proof_is_none(document):
    with pytest.raises(ProofMissing):
        parse_proofs(document)


def suites(number: int) -> list[dict[str, Any]]:
    return [changed(cryptosuite=f"suite-{n}") for n in range(number)]


@pytest.mark.parametrize(("number", "fine"), [(0, False), (1, False), (2, True), (PROOFS_COUNT_MAX, True), (5, False)])
def test_sec_129_a_list_has_two_to_four_proofs(number, fine):
    if fine:
        assert len(parse_proofs(having(suites(number)))) == number
    else:
        with pytest.raises(ProofMalformed):
            parse_proofs(having(suites(number)))


def test_sec_129_two_proofs_of_one_suite_are_refused():
    with pytest.raises(ProofMalformed):
        parse_proofs(having([PROOF, PROOF]))


MALFORMED = [
    "text",
    7,
    True,
    [],
    {},
    [[PROOF], PROOF],
    changed(type="Ed25519Signature2020"),
    changed(type=["DataIntegrityProof"]),
    changed(type=None),
    changed(proofPurpose="authentication"),
    changed(proofPurpose=["assertionMethod"]),
    changed(proofPurpose=None),
    changed(previousProof="urn:uuid:1"),
    changed(domain="b.example.com"),
    changed(challenge="x"),
    changed(cryptosuite=None),
    changed(cryptosuite=""),
    changed(cryptosuite=["eddsa-jcs-2022"]),
    changed(cryptosuite="x" * 65),
    changed(cryptosuite="eddsa jcs"),
    changed(cryptosuite="eddsa-jcs-2022\n"),
    changed(cryptosuite="eddsä"),
    changed(verificationMethod=None),
    changed(verificationMethod={"id": METHOD}),
    changed(verificationMethod=[METHOD]),
    changed(created=None),
    changed(created=0),
    changed(created="2026-01-01"),
    changed(created="2026-01-01T00:00:00"),
    changed(created="2026-01-01T00:00:00+00:00"),
    changed(created="2026-01-01T01:00:00+01:00"),
    changed(created="2026-02-30T00:00:00Z"),
    changed(expires="soon"),
    changed(expires=1),
    changed(proofValue=None),
    changed(proofValue=["z1"]),
    changed(proofValue="m" + PROOF["proofValue"][1:]),
    changed(proofValue="z0"),
    changed(proofValue="z" + "1" * 5_000),
]


@pytest.mark.parametrize("proof", MALFORMED)
def test_sec_129_what_is_no_proof_of_this_network_is_refused(proof):
    with pytest.raises(ProofMalformed):
        parse_proofs(having(proof))


@pytest.mark.parametrize(("spare", "fine"), [(0, True), (-1, False)])
def test_the_id_of_a_key_has_a_limit(spare, fine):
    limits = Limits(iri_chars_max=len(METHOD) + spare)
    if fine:
        assert parse_proofs(having(PROOF), limits)
    else:
        with pytest.raises(ProofMalformed):
            parse_proofs(having(PROOF), limits)


def test_a_suite_may_have_a_name_of_64_characters():
    (claim,) = parse_proofs(having(changed(cryptosuite="x" * 64)))
    assert claim.cryptosuite == "x" * 64


def test_an_error_names_the_member_and_not_its_value():
    with pytest.raises(ProofMalformed) as caught:
        parse_time({"secret": "x" * 100}, "created")
    assert caught.value.context == {"member": "created"}
    with pytest.raises(ProofMalformed) as caught:
        parse_proofs(having(changed(type="x" * 10_000)))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("proof", "context"),
    [
        (changed(type=["x"]), {"type": "['x']"}),
        (changed(proofPurpose="p" * 100), {"purpose": "'" + "p" * 63}),
        (changed(created="yesterday"), {"member": "created"}),
        (changed(expires="never"), {"member": "expires"}),
        (changed(created="2026-01-01T00:00:00+01:00"), {"member": "created"}),
    ],
)
def test_what_is_wrong_is_named(proof, context):
    with pytest.raises(ProofMalformed) as caught:
        parse_proofs(having(proof))
    assert caught.value.context == context


def test_a_suite_may_have_a_name_of_one_character():
    assert parse_proofs(having(changed(cryptosuite="x")))[0].cryptosuite == "x"
