"""Keys as people have them at hand: PEM, JWK, Multikey, did:key, and documents of actors, in files.

A person says with the file whose key it is; nothing is confirmed here. What the library itself believes goes through
`fetch.keys`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ..config import Limits, SignaturePolicy
from ..errors import FedtextError, KeyOwnerMismatch, KeyRefused
from ..keys import (
    PrivateKey,
    PublicKey,
    UnconfirmedKey,
    key_material,
    load_private_pem,
    load_public_pem,
    load_secret_multikey,
    parse_did_key,
    parse_jwk,
    parse_multikey,
)
from ..signatures import ANY_KEY_ID
from ..wire.json import JsonObject, JsonValue, parse_object
from .messages import read_bytes

_DID_KEY: Final = "did:key:"
_KEY_MEMBERS: Final = ("publicKey", "assertionMethod", "verificationMethod")
_MATERIAL: Final = frozenset({"publicKeyPem", "publicKeyMultibase", "publicKeyJwk"})


def read_keys(name: str, limits: Limits) -> tuple[UnconfirmedKey, ...]:
    """Read the public keys that a file holds, or the one that "did:key:…" is.

    Args:
        name: Of the file, or a did:key.
        limits: `document_bytes_max` bounds the file, `keys_per_actor_max` the keys of an actor.

    Returns:
        One with `ANY_KEY_ID` for a bare key; those that the document of an actor lists, each under its id.

    Raises:
        ConfigurationError: The file cannot be read.
        DocumentError: It is JSON that cannot be used.
        KeyRefused: It holds no key, or one that is not taken.
        KeyOwnerMismatch: A listed key names another owner.
    """
    if name.startswith(_DID_KEY):
        return parse_keys(name, limits)
    return parse_keys(read_bytes(name, limits.document_bytes_max).decode("utf-8", "replace"), limits)


def parse_keys(text: str, limits: Limits) -> tuple[UnconfirmedKey, ...]:
    """Read keys from text, whatever form they have.

    Args:
        text: PEM, JWK, Multikey, did:key, a key's own document, or that of an actor.
        limits: As in `read_keys`.

    Raises:
        DocumentError: As `read_keys`, as are the following.
        KeyRefused: See there.
        KeyOwnerMismatch: See there.
    """
    text = text.strip()
    if text.startswith("{"):
        return _of_document(parse_object(text.encode("utf-8"), limits), limits)
    if "PRIVATE KEY-----" in text:
        return (_bare(load_private_pem(text).public),)
    if text.startswith("-----"):
        return (_bare(load_public_pem(text)),)
    return (_bare(parse_did_key(text) if text.startswith(_DID_KEY) else parse_multikey(text)),)


def read_private(name: str, limits: Limits, *, passphrase: bytes | None = None) -> PrivateKey:
    """Read a private key of one's own: PEM, or a secret Multikey.

    Args:
        name: Of the file.
        limits: `document_bytes_max` bounds the file.
        passphrase: With which the PEM is encrypted.

    Raises:
        ConfigurationError: The file or the key cannot be read.
    """
    data = read_bytes(name, limits.document_bytes_max)
    if data.lstrip().startswith(b"z"):
        return load_secret_multikey(data.decode("ascii", "replace").strip())
    return load_private_pem(data, passphrase)


def _bare(public: PublicKey) -> UnconfirmedKey:
    return UnconfirmedKey(ANY_KEY_ID, "", public)


def _of_document(document: JsonObject, limits: Limits) -> tuple[UnconfirmedKey, ...]:
    if "kty" in document:
        return (_bare(parse_jwk(document)),)
    if not _MATERIAL.isdisjoint(document):
        return (_listed(document, None),)
    entries = [entry for member in _KEY_MEMBERS for entry in _objects(document.get(member))]
    found: dict[str, UnconfirmedKey] = {}
    refused: FedtextError | None = None
    for entry in entries[: limits.keys_per_actor_max]:
        try:
            key = _listed(entry, document.get("id"))
        except KeyRefused as error:  # one that cannot be used takes nothing from the others
            refused = error
        else:
            found.setdefault(key.key_id, key)
    if not found:
        raise refused or KeyRefused("the document lists no key")
    return tuple(found.values())


def _objects(value: JsonValue) -> Iterator[JsonObject]:
    entries = value if isinstance(value, list) else [value]
    return (entry for entry in entries if isinstance(entry, dict))


def _listed(entry: Mapping[str, JsonValue], actor_id: JsonValue) -> UnconfirmedKey:
    key_id = entry.get("id")
    owner = entry.get("owner") or entry.get("controller") or actor_id
    if not isinstance(key_id, str) or not isinstance(owner, str):
        raise KeyRefused("a listed key has no id or no owner")
    if actor_id is not None and owner != actor_id:
        raise KeyOwnerMismatch("the listed key names another owner", key_id=key_id, owner=owner)
    return UnconfirmedKey(key_id, owner, key_material(entry, SignaturePolicy()))
