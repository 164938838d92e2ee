"""Whose a document is, and whether its owner signed it."""

from __future__ import annotations

import pytest
from tests.proofs import ALICE, ED25519, NOW_S

from fedtext.errors import KeyOwnerMismatch, OriginMismatch
from fedtext.keys import VerificationKey
from fedtext.signatures import VerifiedDocument, check_owner, owner_of

KEY_ID = f"{ALICE}#ed25519-key"
DID = "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
NOTE = {"id": "https://a.example.com/notes/1", "type": "Note", "attributedTo": ALICE}


def evidence(document: dict, *, key_id: str = KEY_ID, owner: str = ALICE) -> VerifiedDocument:
    key = VerificationKey(key_id, owner, ED25519.public)
    return VerifiedDocument(document=document, key=key, suites=("eddsa-jcs-2022",), created_s=NOW_S, expires_s=None)


@pytest.mark.parametrize(
    ("document", "owner"),
    [
        ({"actor": ALICE, "attributedTo": "https://b.example.com/u"}, ALICE),
        ({"actor": {"id": ALICE}}, ALICE),
        ({"actor": [ALICE]}, ALICE),
        ({"actor": [ALICE, ALICE]}, None),
        ({"actor": []}, None),
        ({"actor": 7}, None),
        ({"actor": {"type": "Person"}}, None),
        ({"actor": None, "attributedTo": ALICE}, ALICE),
        ({"attributedTo": [{"id": ALICE}]}, ALICE),
        ({"subject": DID}, DID),
        ({"id": ALICE, "inbox": f"{ALICE}/inbox"}, ALICE),
        ({"id": ALICE}, None),
        ({"inbox": f"{ALICE}/inbox"}, None),
        ({}, None),
    ],
)
def test_whose_a_document_is(document, owner):
    assert owner_of(document) == owner


@pytest.mark.parametrize(
    "given",
    [
        evidence(NOTE),
        evidence({"attributedTo": ALICE}),
        evidence({"id": ALICE, "inbox": f"{ALICE}/inbox"}),
        evidence({"subject": DID}, key_id=DID, owner=DID),
        evidence({"subject": DID, "id": f"{DID}/statements/1"}, key_id=f"{DID}#key", owner=DID),
    ],
)
def test_the_owner_signed_it(given):
    assert check_owner(given) == given.signer


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (evidence({**NOTE, "attributedTo": "https://a.example.com/users/bob"}), KeyOwnerMismatch),
        (evidence({**NOTE, "attributedTo": None}), KeyOwnerMismatch),
        (evidence({**NOTE, "actor": "https://a.example.com/users/bob"}), KeyOwnerMismatch),
        (evidence({**NOTE, "id": "https://b.example.com/notes/1"}), OriginMismatch),
        (evidence({**NOTE, "id": "http://a.example.com/notes/1"}), OriginMismatch),
        (evidence({**NOTE, "id": "https://a.example.com:8443/notes/1"}), OriginMismatch),
        (evidence({**NOTE, "id": "https://a.example.com./notes/1"}), OriginMismatch),
        (evidence({**NOTE, "id": "notes/1"}), OriginMismatch),
        (evidence({**NOTE, "id": ["https://a.example.com/notes/1"]}), OriginMismatch),
        (evidence(NOTE, key_id="https://b.example.com/key"), OriginMismatch),
        (evidence(NOTE, key_id="no key"), OriginMismatch),
        (evidence({"attributedTo": "alice"}, owner="alice"), OriginMismatch),
        (evidence({"subject": DID, "id": "did:key:other"}, key_id=DID, owner=DID), OriginMismatch),
    ],
)
def test_sec_129_somebody_elses_signature_proves_nothing(given, refusal):
    with pytest.raises(refusal):
        check_owner(given)


def test_who_it_is_not_is_named():
    other = {"actor": "https://b.example.com/u"}
    with pytest.raises(KeyOwnerMismatch) as caught:
        check_owner(evidence(other))
    assert caught.value.context == {"owner": "https://b.example.com/u", "signer": ALICE}
    elsewhere = {"id": "https://b.example.com/1", "actor": ALICE}
    with pytest.raises(OriginMismatch) as refused:
        check_owner(evidence(elsewhere))
    assert refused.value.context == {"id": "https://b.example.com/1", "owner": ALICE}


def test_a_did_url_with_a_query_is_of_its_did():
    assert check_owner(evidence({"subject": DID}, key_id=f"{DID}?v=1#key", owner=DID)) == DID
