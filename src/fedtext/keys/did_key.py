"""did:key: an identifier that is its own public key.

Decides which did:key names a key that we verify with; the key itself is read as a Multikey.

Invariants: one key has one did:key; no fragment, path, query or version is taken along; Ed25519, P-256 and RSA are
read, whatever else Multikey can hold is refused (X25519 signs nothing; ML-DSA-44 is not in the method's table).

Example:
    >>> build_did_key(parse_did_key("did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"))
    'did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd'

Sources: The did:key Method v0.7 sections 2 and 3.1; FEP-c390.
"""

from __future__ import annotations

from typing import Final

from ..config import SignaturePolicy
from ..errors import KeyRefused, LocalProtocolError
from .material import Algorithm, PublicKey
from .multikey import build_multikey, parse_multikey

_PREFIX: Final = "did:key:"
_BASE58BTC: Final = _PREFIX + "z"
_KINDS: Final = frozenset({Algorithm.ED25519, Algorithm.ECDSA_P256, Algorithm.RSA})


def parse_did_key(did: object, policy: SignaturePolicy | None = None) -> PublicKey:
    """Read the public key that a did:key is.

    Args:
        did: "did:key:" and a Multikey in base58btc; any type, untrusted.
        policy: Bounds of the RSA modulus in bits (default: 2048 to 8192).

    Raises:
        KeyRefused: Another method, a DID URL with more than the DID, another kind of key, or one that the policy
            does not take.
    """
    if not isinstance(did, str) or not did.startswith(_BASE58BTC):
        raise KeyRefused("this is no did:key in base58btc")
    # What a DID URL may add ("#", "/", "?", ":") is not in the alphabet of base58btc: it is refused there.
    key = parse_multikey(did[len(_PREFIX) :], policy)
    if key.algorithm not in _KINDS:
        raise KeyRefused("did:key has no such kind of key", algorithm=key.algorithm.value)
    return key


def build_did_key(public: PublicKey) -> str:
    """Give the did:key of a public key.

    Raises:
        LocalProtocolError: It is of a kind that the method does not have.
    """
    if public.algorithm not in _KINDS:
        raise LocalProtocolError("did:key has no such kind of key", algorithm=public.algorithm.value)
    return _PREFIX + build_multikey(public)
