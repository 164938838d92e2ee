"""Documents that prove something of themselves: keys, and the means to sign what nobody honest would."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from fedtext.keys import (
    PrivateKey,
    VerificationKey,
    generate_ed25519,
    generate_ml_dsa,
    generate_rsa,
)
from fedtext.signatures import VerifiedDocument, data_integrity, linked_data
from fedtext.wire import jcs
from fedtext.wire.json import JsonObject
from fedtext.wire.multibase import encode

NOW_S: Final = 1_790_000_000.0
AS2: Final = "https://www.w3.org/ns/activitystreams"
SECURITY: Final = "https://w3id.org/security/v1"
INTEGRITY: Final = "https://w3id.org/security/data-integrity/v1"
ALICE: Final = "https://a.example.com/users/alice"
METHOD: Final = f"{ALICE}#ed25519-key"
ML_DSA_METHOD: Final = f"{ALICE}#mldsa44-key"
CREATOR: Final = f"{ALICE}#main-key"

ED25519: Final = generate_ed25519()
OTHER: Final = generate_ed25519()
ML_DSA: Final = generate_ml_dsa()
RSA: Final = generate_rsa()

KEYS: Final = {
    METHOD: VerificationKey(METHOD, ALICE, ED25519.public),
    ML_DSA_METHOD: VerificationKey(ML_DSA_METHOD, ALICE, ML_DSA.public),
}
RSA_KEY: Final = VerificationKey(CREATOR, ALICE, RSA.public)

LIKE: Final[JsonObject] = {
    "@context": [AS2, INTEGRITY],
    "id": "https://a.example.com/activities/1",
    "type": "Like",
    "actor": ALICE,
    "object": "https://b.example.com/notes/1",
}
CREATE: Final[JsonObject] = {
    "@context": [AS2, SECURITY],
    "id": "https://a.example.com/activities/2",
    "type": "Create",
    "actor": ALICE,
    "published": "2026-01-01T00:00:00Z",
    "to": [f"{AS2}#Public"],
    "cc": [f"{ALICE}/followers"],
    "object": {
        "id": "https://a.example.com/notes/1",
        "type": "Note",
        "attributedTo": ALICE,
        "content": "<p>Grüße</p>",
        "contentMap": {"de": "<p>Grüße</p>", "en": "<p>Hello</p>"},
        "to": [f"{AS2}#Public"],
        "tag": [{"type": "Mention", "href": "https://b.example.com/users/bob", "name": "@bob"}],
    },
}


def proved(document: JsonObject = LIKE, **options: Any) -> JsonObject:
    """Add a proof by Ed25519."""
    given = {"verification_method": METHOD, "created_s": NOW_S, **options}
    return data_integrity.sign(document, given.pop("key", ED25519), **given)


def verified(document: JsonObject, now_s: float = NOW_S, **options: Any) -> VerifiedDocument:
    """Verify the proofs of a document."""
    return data_integrity.verify(document, options.pop("keys", KEYS), now_s=now_s, **options)


def proved_by_hand(document: JsonObject, key: PrivateKey = ED25519, **options: Any) -> JsonObject:
    """Add a proof that is right in its cryptography, whatever its options say; None takes one away."""
    members = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": METHOD,
        "proofPurpose": "assertionMethod",
        "created": "2026-01-01T00:00:00Z",
        **options,
    }
    proof = {name: value for name, value in members.items() if value is not None}
    digests = [hashlib.sha256(jcs.canonize(value)).digest() for value in (proof, document)]
    return {**document, "proof": {**proof, "proofValue": encode(key.sign(b"".join(digests)))}}


def signed(document: JsonObject = CREATE, **options: Any) -> JsonObject:
    """Add a linked-data signature."""
    given = {"creator": CREATOR, "created_s": NOW_S, **options}
    return linked_data.sign(document, given.pop("key", RSA), **given)


def verified_signature(document: JsonObject, now_s: float = NOW_S, **options: Any) -> VerifiedDocument:
    """Verify the linked-data signature of a document."""
    claim = linked_data.parse_signature(document)
    return linked_data.verify(document, claim, options.pop("key", RSA_KEY), now_s=now_s, **options)
