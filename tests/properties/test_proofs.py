"""Integrity proofs over generated documents: what is signed verifies, and nothing else does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.proofs import ALICE, AS2, KEYS, LIKE, ML_DSA, ML_DSA_METHOD, NOW_S, RSA_KEY, proved, signed, verified

from fedtext.errors import FedtextError
from fedtext.signatures import VerifiedDocument, data_integrity, linked_data
from fedtext.wire.json import dump, parse_object

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAMES = TEXTS.filter(lambda name: name[:1] != "@" and name not in ("proof", "signature"))
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
)
MEMBERS = st.dictionaries(NAMES, VALUES, max_size=5)
KINDS = ["eddsa-jcs-2022", "both"]


def proofs_of(document: dict[str, Any], kind: str) -> dict[str, Any]:
    found = proved(document)
    if kind == "both":
        found = data_integrity.sign(found, ML_DSA, verification_method=ML_DSA_METHOD, created_s=NOW_S)
    return found


def received(document: Any) -> Any:
    return parse_object(dump(document))


@pytest.mark.parametrize("kind", KINDS)
@given(members=MEMBERS)
def test_what_is_signed_verifies_and_is_what_goes_on(kind: str, members: dict[str, Any]) -> None:
    document = {**LIKE, **members}
    evidence = verified(received(proofs_of(document, kind)))
    assert evidence.document == received(document)


@given(members=MEMBERS, order=st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(members: dict[str, Any], order: Any) -> None:
    document = proved({**LIKE, **members})
    names = list(document)
    order.shuffle(names)
    assert verified({name: document[name] for name in names}).document == verified(document).document


@given(members=MEMBERS, data=st.data())
def test_a_changed_bit_is_refused(members: dict[str, Any], data: st.DataObject) -> None:
    """Any bit of the JSON: what can still be read either says the same, or is refused."""
    body = bytearray(dump(proved({**LIKE, **members})))
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    body[place // 8] ^= 1 << place % 8
    try:
        document = parse_object(bytes(body))
    except FedtextError:
        return
    try:
        evidence = verified(document)
    except FedtextError:
        return
    assert evidence.document == received({**LIKE, **members})


@given(data=st.data())
def test_a_changed_bit_of_the_value_is_refused(data: st.DataObject) -> None:
    document = proved()
    (claim,) = data_integrity.parse_proofs(document)
    place = data.draw(st.integers(0, len(claim.value) * 8 - 1))
    value = bytearray(claim.value)
    value[place // 8] ^= 1 << place % 8
    changed = copy.deepcopy(document)
    changed["proof"]["proofValue"] = data_integrity.encode(bytes(value), "z")  # type: ignore[index]
    with pytest.raises(FedtextError):
        verified(changed)


@given(proof=VALUES | st.dictionaries(st.sampled_from([*proved()["proof"], "@context", "expires"]), VALUES))  # type: ignore[misc]
def test_whatever_stands_for_a_proof_gives_evidence_or_an_error_of_ours(proof: Any) -> None:
    try:
        evidence = verified({**LIKE, "proof": proof})
    except FedtextError:
        return
    assert isinstance(evidence, VerifiedDocument)


@given(
    signature=VALUES | st.dictionaries(st.sampled_from(["type", "creator", "created", "signatureValue", "x"]), VALUES)
)
def test_whatever_stands_for_a_signature_gives_evidence_or_an_error_of_ours(signature: Any) -> None:
    document = {**LIKE, "signature": signature}
    try:
        claim = linked_data.parse_signature(document)
        linked_data.verify(document, claim, RSA_KEY, now_s=NOW_S)
    except FedtextError:
        pass


STATEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "summary": TEXTS,
        "content": TEXTS,
        "published": st.just("2026-01-01T00:00:00Z"),
        "to": st.lists(st.sampled_from([f"{AS2}#Public", ALICE, "https://b.example.com/u"]), min_size=1, max_size=3),
        "sensitive": st.booleans(),
        "startIndex": st.integers(0, 9),
        "tag": st.lists(st.fixed_dictionaries({"type": st.just("Mention"), "name": TEXTS}), max_size=3),
        "unknown": VALUES,
    },
)


@given(members=STATEMENTS)
def test_a_signature_over_rdf_verifies_and_its_view_is_signed_by_it_too(members: dict[str, Any]) -> None:
    """What goes on has the same statements: under the same signature it would verify again."""
    document = {"@context": AS2, **{name: value for name, value in LIKE.items() if name != "@context"}, **members}
    try:
        sealed = signed(document)
    except FedtextError:
        assume(False)
    claim = linked_data.parse_signature(sealed)
    evidence = linked_data.verify(received(sealed), claim, RSA_KEY, now_s=NOW_S)
    again = linked_data.verify({**evidence.document, "signature": sealed["signature"]}, claim, RSA_KEY, now_s=NOW_S)
    assert again.document == evidence.document
    assert "unknown" not in evidence.document
    assert KEYS
