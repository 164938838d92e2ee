"""From a key in a document to its material: `publicKeyPem`, `publicKeyMultibase`, `publicKeyJwk`.

Decides which member gives the key where there are several; whose key it is, is decided elsewhere (`fetch.keys`).

Invariants: all forms that are there are read, and they are the same key (SEC-078); an object with a private key in it
is refused whole, so that nothing of it is stored; of an actor's document everything else is kept (SEC-077).

Sources: FEP-521a; Controlled Identifiers 1.0 section 2.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..config import SignaturePolicy
from ..errors import KeyRefused
from ..wire.json import JsonObject, JsonValue
from .jwk import PRIVATE_JWK_MEMBERS, parse_jwk
from .material import PublicKey
from .multikey import parse_multikey
from .pem import load_public_pem

_READERS: Final[Mapping[str, Callable[[object, SignaturePolicy | None], PublicKey]]] = {
    "publicKeyPem": load_public_pem,
    "publicKeyMultibase": parse_multikey,
    "publicKeyJwk": parse_jwk,
}
PRIVATE_MEMBERS: Final = frozenset(
    f"{half}Key{form}"
    for half in ("private", "secret")
    for form in ("", "Pem", "Multibase", "Jwk", "Base58", "Hex", "Base64")
)

_KEY_LISTS: Final = ("publicKey", "assertionMethod", "authentication", "verificationMethod")


def key_material(claim: Mapping[str, JsonValue], policy: SignaturePolicy | None = None) -> PublicKey:
    """Give the key that an object holds, as an entry of `publicKey` or `assertionMethod` or a key's own document.

    Args:
        claim: As parsed from JSON, untrusted. A member that is null is absent.
        policy: Bounds of the RSA modulus in bits (default: 2048 to 8192).

    Raises:
        KeyRefused: No key in any form, a form that cannot be read, two forms of different keys, a private key, or a
            key that the policy does not take.
        AlgorithmRefused: ML-DSA-44, which the installed `cryptography` lacks.
    """
    if not PRIVATE_MEMBERS.isdisjoint(claim):
        raise KeyRefused("the document holds a private key")
    found = [read(claim[name], policy) for name, read in _READERS.items() if claim.get(name) is not None]
    if not found:
        raise KeyRefused("the document holds no key")
    if any(other != found[0] for other in found):
        raise KeyRefused("the document holds different keys under one id")
    return found[0]


def without_private_keys(document: JsonObject) -> JsonObject:
    """Give a document without private keys: without each entry of its lists of keys that holds one, or its own.

    Args:
        document: As parsed from JSON, untrusted; not changed.
    """
    kept = {name: value for name, value in document.items() if name not in PRIVATE_MEMBERS}
    if _is_private(kept):
        del kept["publicKeyJwk"]
    for name in _KEY_LISTS:
        listed = kept.get(name)
        if isinstance(listed, list):
            kept[name] = [entry for entry in listed if not _is_private(entry)]
        elif _is_private(listed):
            del kept[name]
    return kept


def _is_private(entry: JsonValue) -> bool:
    if not isinstance(entry, dict):
        return False
    jwk = entry.get("publicKeyJwk")
    return not PRIVATE_MEMBERS.isdisjoint(entry) or (isinstance(jwk, dict) and not PRIVATE_JWK_MEMBERS.isdisjoint(jwk))
