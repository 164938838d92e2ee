"""The signatures of documents step by step: a step is passed exactly when the library gives evidence."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proofs import (
    ALICE,
    CREATE,
    CREATOR,
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
    RSA_KEY,
    proved,
    proved_by_hand,
    signed,
)

from fedtext.cli.examining_documents import DocumentExamination, examine_document, signed_by
from fedtext.config import Limits
from fedtext.errors import FedtextError
from fedtext.keys import UnconfirmedKey, VerificationKey
from fedtext.signatures import ANY_KEY_ID, Outcome, check_owner, data_integrity, linked_data
from fedtext.wire.json import JsonObject

ALL_KEYS = [*KEYS.values(), RSA_KEY]
STEPS = ["grammar", "suite", "time", "form", "key", "algorithm", "signature", "owner"]
BOTH = proved(proved(), key=ML_DSA, verification_method=ML_DSA_METHOD)


def look(document: JsonObject, keys: Any = ALL_KEYS, now_s: float = NOW_S) -> tuple[DocumentExamination, ...]:
    return examine_document(document, keys, now_s=now_s)


def failed(found: DocumentExamination) -> list[str]:
    return [step.name for step in found.steps if step.outcome is Outcome.FAILED]


def hint(found: DocumentExamination) -> str | None:
    return next(step.hint for step in found.steps if step.outcome is Outcome.FAILED)


def test_a_proof_that_holds() -> None:
    (found,) = look(proved())
    assert [step.name for step in found.steps] == STEPS
    assert found.is_passed
    assert (found.suite, found.key_id, found.created_s, found.key) == ("eddsa-jcs-2022", METHOD, NOW_S, KEYS[METHOD])
    assert found.uncovered == ()


def test_two_proofs_and_a_signature() -> None:
    every = look(linked_data.sign(BOTH, RSA, creator=CREATOR, created_s=NOW_S))
    assert [found.suite for found in every] == ["eddsa-jcs-2022", "mldsa44-jcs-2024", "RsaSignature2017"]
    assert all(found.is_passed for found in every)


@pytest.mark.spec("SEC-123")
def test_what_a_signature_over_rdf_does_not_see_is_named() -> None:
    (found,) = look({**signed(), "nobodyKnowsThis": 1})
    assert found.is_passed
    assert found.uncovered == ("nobodyKnowsThis",)


FAULTS: list[tuple[str, JsonObject, dict[str, Any]]] = [
    ("grammar", LIKE, {}),
    ("grammar", {**proved(), "proof": "x"}, {}),
    ("grammar", proved_by_hand(LIKE, proofPurpose="authentication"), {}),
    ("grammar", {**CREATE, "signature": {"type": "RsaSignature2018"}}, {}),
    ("suite", proved_by_hand(LIKE, cryptosuite="eddsa-2022"), {}),
    ("time", proved(), {"now_s": 0.0}),
    ("time", proved(expires_s=NOW_S + 1), {"now_s": NOW_S + 2}),
    ("form", proved_by_hand({**LIKE, "@graph": []}), {}),
    ("signature", proved_by_hand(LIKE, **{"@context": ["https://c.example/ns"]}), {}),
    ("key", proved(verification_method=f"{ALICE}#rotated"), {}),
    ("algorithm", proved(), {"keys": [VerificationKey(METHOD, ALICE, RSA.public)]}),
    ("algorithm", signed(), {"keys": [VerificationKey(CREATOR, ALICE, ED25519.public)]}),
    ("signature", {**proved(), "object": "https://b.example.com/notes/2"}, {}),
    ("signature", proved(key=OTHER), {}),
    ("signature", {**signed(), "published": "2026-01-02T00:00:00Z"}, {}),
    ("owner", proved({**LIKE, "actor": "https://a.example.com/users/eve"}), {}),
    ("owner", proved({**LIKE, "id": "https://c.example.com/1"}), {}),
    ("owner", signed({**CREATE, "actor": "https://a.example.com/users/eve"}), {}),
]


@pytest.mark.parametrize(("step", "document", "more"), FAULTS)
def test_each_fault_fails_its_step(step: str, document: JsonObject, more: dict[str, Any]) -> None:
    (found,) = look(document, **more)
    assert failed(found)[0] == step
    assert not found.is_passed
    assert next(one.error for one in found.steps if one.name == step)


def test_every_step_can_fail() -> None:
    assert {step for step, _, _ in FAULTS} == set(STEPS)


@pytest.mark.parametrize("document", [proved(), BOTH, signed(), *(document for _, document, _ in FAULTS)])
def test_it_is_passed_exactly_when_there_is_evidence(document: JsonObject) -> None:
    found = look(document)
    try:
        if "signature" in document:
            linked_data.verify(document, linked_data.parse_signature(document), RSA_KEY, now_s=NOW_S)
        else:
            check_owner(data_integrity.verify(document, KEYS, now_s=NOW_S))
        is_proved = True
    except FedtextError:
        is_proved = False
    assert all(one.is_passed for one in found) is is_proved


@pytest.mark.parametrize("document", [proved(), BOTH, signed()])
def test_the_forms_are_what_is_signed(document: JsonObject) -> None:
    """They are built a second time here, to be shown: nothing else may be shown than what was verified."""
    for found in look(document):
        assert found.forms is not None
        options, canonical = found.forms
        if found.suite == linked_data.SIGNATURE_TYPE:
            claim = linked_data.parse_signature(document)
            digests = (linked_data.options_hash(claim), linked_data.document_hash(document))
            assert digests == tuple(_hex(form) for form in found.forms)
        else:
            claims = {one.cryptosuite: one for one in data_integrity.parse_proofs_or_none(document)}
            key = KEYS[str(found.key_id)].public
            key.verify(claims[str(found.suite)].value, _digest(options) + _digest(canonical))


def _digest(data: bytes) -> bytes:
    return bytes.fromhex(_hex(data))


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_without_a_key_the_other_steps_are_told() -> None:
    (found,) = look(proved(), ())
    assert {step.name for step in found.steps if step.outcome is Outcome.UNKNOWN} == {
        "key",
        "algorithm",
        "signature",
        "owner",
    }


def test_a_bare_key_is_whose_whoever_gave_it_says() -> None:
    for document, public in ((proved(), ED25519.public), (signed(), RSA.public)):
        (found,) = look(document, [UnconfirmedKey(ANY_KEY_ID, "", public)])
        assert found.is_passed
        assert found.steps[-1].detail == f"the document is by {ALICE}, if the key is"


@pytest.mark.spec("JLD-14")
def test_a_proof_over_the_older_signature_is_explained() -> None:
    both = signed({**CREATE, "@context": [*CREATE["@context"], INTEGRITY]})  # type: ignore[misc]
    proof, _ = look(proved_by_hand(both))
    assert failed(proof) == ["signature"]
    assert "JLD-14" in str(hint(proof))
    broken, _ = look({**proved_by_hand(both), "id": "https://a.example.com/9"})
    assert "changed after it was signed" in str(hint(broken))


def test_what_signatures_say_of_themselves() -> None:
    signatures = signed_by(linked_data.sign(BOTH, RSA, creator=CREATOR, created_s=NOW_S), Limits())
    assert [(one.key_id, one.is_proof) for one in signatures] == [
        (METHOD, True),
        (ML_DSA_METHOD, True),
        (CREATOR, False),
    ]
    assert {one.created_s for one in signatures} == {NOW_S}
    assert signed_by(LIKE, Limits()) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["type", "cryptosuite", "created", "proofValue", "creator"]), JSON), JSON)
def test_no_error_leaves(members: dict[str, Any], context: Any) -> None:
    proof: Any = {**dict(proved()["proof"]), **members}  # type: ignore[arg-type]
    signature: Any = {**dict(signed()["signature"]), **members}  # type: ignore[arg-type]
    for document in ({**LIKE, "@context": context, "proof": proof}, {**CREATE, "signature": signature}):
        assert look(document)
