"""Which algorithm of RFC 9421 a key stands for, and how its bytes are checked.

The key decides; a name in the message may only agree (HMS-05, SEC-054). This is the only place that knows which names
are used: RSA with PKCS#1 and SHA-256, Ed25519, and ECDSA over P-256, whose signatures are verified but not made.

Invariants: shared secrets are in no table, so that no public key can ever serve as one (SEC-039, SEC-040); a kind of
key without a name verifies nothing.

Sources: RFC 9421 section 3.3; SIG-28, HMS-F3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..errors import AlgorithmRefused
from ..keys import Algorithm, EcdsaForm, NamedKey, PublicKey

# What is verified, by the kind of key.
NAMES: Final[Mapping[Algorithm, str]] = {
    Algorithm.RSA: "rsa-v1_5-sha256",
    Algorithm.ED25519: "ed25519",
    Algorithm.ECDSA_P256: "ecdsa-p256-sha256",
}
ACCEPTED: Final = frozenset(NAMES.values())

# What our own keys sign.
EMITTED: Final[Mapping[Algorithm, str]] = {kind: NAMES[kind] for kind in (Algorithm.RSA, Algorithm.ED25519)}


def check_name(name: str | None) -> None:
    """Refuse a named algorithm that is never accepted, before any key is fetched for it.

    Raises:
        AlgorithmRefused: It is named, and not one of ours.
    """
    if name is not None and name not in ACCEPTED:
        raise AlgorithmRefused("the named algorithm is never accepted", algorithm=name)


def check_fits(name: str | None, key: NamedKey) -> None:
    """Refuse a named algorithm that is not the one of the key, and keys that have none.

    Raises:
        AlgorithmRefused: They differ.
    """
    own = NAMES.get(key.public.algorithm)
    if own is None or (name is not None and name != own):
        raise AlgorithmRefused("the algorithm does not fit the key", algorithm=name, key_id=key.key_id)


def verify_bytes(public: PublicKey, signature: bytes, base: bytes) -> None:
    """Check a signature with the algorithm of the key.

    Args:
        public: Of a kind that `check_fits` has passed.
        signature: RSA: as long as the modulus; Ed25519: 64 bytes; P-256: r and s, 32 bytes each, big-endian.
        base: The signature base.

    Raises:
        SignatureMismatch: It is not this key's signature over this base.
    """
    public.verify(signature, base, form=EcdsaForm.RAW)
