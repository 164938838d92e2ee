"""Keys and proofs as documents have them: claims, of which nothing is verified here.

Sources: FEP-521a (keys of actors); FEP-8b32 (proofs); Controlled Identifiers 1.0 section 2.2; Data Integrity 1.0
section 2.1; JLD-12, JLD-13.
"""

from __future__ import annotations

from .model import Model
from .references import Id, Identifier
from .values import Instant, String


class Multikey(Model, type="Multikey"):
    """A public key of any kind, in one text.

    Args:
        id: Key id: the id of its controller and a fragment.
        controller: Id of the actor that it is said to belong to.
        public_key_multibase: Multibase of the multicodec of the key, as "z6Mk…".
    """

    id: Identifier = Identifier()
    controller: Id = Id()
    public_key_multibase: String = String()
    expires: Instant = Instant()
    revoked: Instant = Instant()


class DataIntegrityProof(Model, type="DataIntegrityProof"):
    """A signature inside of the document that it is about.

    Args:
        cryptosuite: How it was made, as "eddsa-jcs-2022".
        verification_method: Key id.
        proof_purpose: What it was made for: "assertionMethod".
        proof_value: Multibase of the signature.
    """

    id: Identifier = Identifier()
    cryptosuite: String = String()
    created: Instant = Instant()
    expires: Instant = Instant()
    verification_method: Id = Id()
    proof_purpose: String = String()
    proof_value: String = String()
