"""Key material: load it under one policy, verify and sign with it, never show what is secret.

Whose key it is, is decided elsewhere (`fetch.keys`): a `VerificationKey` is the outcome of that decision.
"""

from __future__ import annotations

from .material import Algorithm, HashName, PrivateKey, PublicKey
from .pem import generate_ed25519, generate_rsa, load_private_pem, load_public_pem
from .ring import KeyRing
from .verification import VerificationKey

__all__ = [
    "Algorithm",
    "HashName",
    "KeyRing",
    "PrivateKey",
    "PublicKey",
    "VerificationKey",
    "generate_ed25519",
    "generate_rsa",
    "load_private_pem",
    "load_public_pem",
]
