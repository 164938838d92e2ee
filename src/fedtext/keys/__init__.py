"""Key material: load it under one policy, verify and sign with it, never show what is secret.

Whose key it is, is decided elsewhere (`fetch.keys`): a `VerificationKey` is the outcome of that decision.
"""

from __future__ import annotations

from .did_key import build_did_key, parse_did_key
from .documents import PRIVATE_MEMBERS, key_material, without_private_keys
from .jwk import build_jwk, parse_jwk
from .material import Algorithm, EcdsaForm, HashName, PrivateKey, PublicKey, RsaPadding
from .multikey import build_multikey, load_secret_multikey, parse_multikey
from .pem import generate_ed25519, generate_ml_dsa, generate_rsa, load_private_pem, load_public_pem
from .ring import KeyRing
from .rotation import (
    OVERLAP_S,
    KeySet,
    OwnKey,
    PublishedKey,
    RetiredKey,
    build_key_set,
    parse_key_set,
    published,
    rotate,
)
from .verification import NamedKey, UnconfirmedKey, VerificationKey

__all__ = [
    "OVERLAP_S",
    "PRIVATE_MEMBERS",
    "Algorithm",
    "EcdsaForm",
    "HashName",
    "KeyRing",
    "KeySet",
    "NamedKey",
    "OwnKey",
    "PrivateKey",
    "PublicKey",
    "PublishedKey",
    "RetiredKey",
    "RsaPadding",
    "UnconfirmedKey",
    "VerificationKey",
    "build_did_key",
    "build_jwk",
    "build_key_set",
    "build_multikey",
    "generate_ed25519",
    "generate_ml_dsa",
    "generate_rsa",
    "key_material",
    "load_private_pem",
    "load_public_pem",
    "load_secret_multikey",
    "parse_did_key",
    "parse_jwk",
    "parse_key_set",
    "parse_multikey",
    "published",
    "rotate",
    "without_private_keys",
]
