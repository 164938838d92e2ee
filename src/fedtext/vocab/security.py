"""Keys as documents have them: claims, of which nothing is verified here.

What a proof of an object says stands with objects (`DataIntegrityProof`).

Sources: FEP-521a (keys of actors); the security v1 vocabulary; Controlled Identifiers 1.0 section 2.2; ACT-06, JLD-13.
"""

from __future__ import annotations

from .objects import Object
from .references import Id
from .values import Instant, String


class CryptographicKey(Object, type="CryptographicKey", recognized_by=("publicKeyPem",), also=("Key",)):
    """A key in a document of its own, to which `publicKey` of an actor may lead (ACT-06).

    Args:
        owner: Id of the actor that it is said to belong to.
        public_key_pem: SPKI or PKCS#1 as text.
    """

    owner: Id = Id()
    public_key_pem: String = String()


class Multikey(Object, type="Multikey", recognized_by=("publicKeyMultibase",)):
    """A public key of any kind, in one text.

    Args:
        id: Key id: the id of its controller and a fragment.
        controller: Id of the actor that it is said to belong to.
        public_key_multibase: Multibase of the multicodec of the key, as "z6Mk…".
    """

    controller: Id = Id()
    public_key_multibase: String = String()
    expires: Instant = Instant()
    revoked: Instant = Instant()
