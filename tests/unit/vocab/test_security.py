"""Keys and proofs as documents have them."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.vocab import CryptographicKey, DataIntegrityProof, Multikey, Note, Object, Person, dump, load, load_as

ALICE = "https://a.example/alice"
KEY = {"id": f"{ALICE}#k", "type": "Multikey", "controller": ALICE, "publicKeyMultibase": "z6Mk1"}


@pytest.mark.spec("JLD-16", "ACT-06")
@pytest.mark.parametrize("value", [KEY, [KEY], [f"{ALICE}#other", KEY]])
def test_keys_of_an_actor(value: Any) -> None:
    person = load_as({"type": "Person", "assertionMethod": value}, Person)
    key = person.assertion_method[-1]
    assert isinstance(key, Multikey)
    assert (key.id, key.controller, key.public_key_multibase) == (f"{ALICE}#k", ALICE, "z6Mk1")


@pytest.mark.spec("SEC-068")
def test_keys_are_bounded_at_the_limit_and_one_above() -> None:
    person = load_as({"type": "Person", "assertionMethod": [KEY] * 16}, Person)
    assert (len(person.assertion_method), person.problems) == (16, ())
    person = load_as({"type": "Person", "assertionMethod": [KEY] * 17}, Person)
    assert (len(person.assertion_method), len(person.problems)) == (16, 1)


def test_a_proof() -> None:
    proof = DataIntegrityProof(
        cryptosuite="eddsa-jcs-2022",
        verification_method=f"{ALICE}#k",
        proof_purpose="assertionMethod",
        proof_value="z1",
    )
    note = Note(id="https://a.example/1", proof=proof)
    assert dump(note)["proof"] == {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": f"{ALICE}#k",
        "proofPurpose": "assertionMethod",
        "proofValue": "z1",
    }
    (read,) = load(dump(note)).proof
    assert read == proof


def test_a_proof_of_a_kind_that_nobody_knows_is_not_taken_for_one() -> None:
    note = load({"type": "Note", "proof": {"type": "Other", "proofValue": "z1"}})
    assert note.proof == ()
    assert [problem.property for problem in note.problems] == ["proof"]


@pytest.mark.spec("ACT-06")
@pytest.mark.parametrize("kind", ["CryptographicKey", "Key", "https://w3id.org/security#Key", "Unheard"])
def test_a_key_in_a_document_of_its_own(kind: str) -> None:
    found = load({"id": f"{ALICE}#main-key", "type": kind, "owner": ALICE, "publicKeyPem": "PEM"})
    assert isinstance(found, CryptographicKey)
    assert (found.owner, found.public_key_pem) == (ALICE, "PEM")


@pytest.mark.spec("SEC-031")
@pytest.mark.parametrize("kind", ["Multikey", "CryptographicKey", "DataIntegrityProof"])
def test_whatever_is_loaded_is_an_object(kind: str) -> None:
    """Who reads `attributed_to` of what came must not fall over a key."""
    found = load({"type": kind, "attributedTo": ALICE, "actor": ALICE})
    assert isinstance(found, Object)
    assert found.author_id == ALICE
