"""Multikeys and did:key, read and written by `keys`."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.keys import (
    PublicKey,
    build_did_key,
    build_jwk,
    build_multikey,
    load_public_pem,
    load_secret_multikey,
    parse_did_key,
    parse_multikey,
)
from fedtext.wire.multibase import Encoding, decode, decode_secret_key, encode_key

from ..cases import Case, Overrides, documents, listed, own_case, wanted

_MULTIKEY: Final = "multikey.json"
# Where an upstream entry has the key; what is under "didDocument" and "keyAgreementKeyPair" is not compared.
_PLACES: Final = ("verificationMethod", "verificationKeyPair")


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a Multikey and a DID."""
    for case, _ in listed(folder, _MULTIKEY):
        read = _read_secret if "public_multibase" in case else _read_public
        yield own_case(_MULTIKEY, case, wanted(case), lambda case=case, read=read: read(case))
    for name, document in documents(folder):
        if name != _MULTIKEY:
            for did, entry in document.items():
                if did.startswith("did:"):
                    yield _did_case(name, did, entry)


def _did_case(name: str, did: str, entry: Mapping[str, Any]) -> Case:
    # Every verdict is an override's: upstream gives keys of all kinds.
    return Case(
        file=name, id=f"{name.removesuffix('.json')}#{did}", want=("refuse",), run=lambda: _read_did(did, entry)
    )


def _read_public(case: Mapping[str, Any]) -> str:
    text: str = case["multibase"]
    key = parse_multikey(text)
    if "hex" in case and key.raw.hex() != case["hex"]:
        return f"other bytes: {key.raw.hex()}"
    if "spki_pem" in case and key != load_public_pem(case["spki_pem"]):
        return "another key than the PEM"
    if build_multikey(key, encoding=_encoding(text)) != text:
        return "written otherwise"
    return "read"


def _read_secret(case: Mapping[str, Any]) -> str:
    text: str = case["multibase"]
    key = load_secret_multikey(text)
    codec, secret = decode_secret_key(text)
    if "hex" in case and secret.hex() != case["hex"]:
        return "other bytes"
    if build_multikey(key.public) != case["public_multibase"]:
        return "another public key"
    if encode_key(codec, secret, _encoding(text)) != text:
        return "written otherwise"
    return "read"


def _encoding(text: str) -> Encoding:
    return "u" if text.startswith("u") else "z"


def _read_did(did: str, entry: Mapping[str, Any]) -> str:
    key = parse_did_key(did)
    if build_did_key(key) != did:
        return "written otherwise"
    expected = [found for found in _expected(entry) if found is not None]
    if not expected:
        return "no key to compare"
    return "read" if all(_is_same(key, found) for found in expected) else "another key"


def _expected(entry: Mapping[str, Any]) -> Iterator[Any]:
    """Give the keys that an upstream entry has: JWKs, and bytes in base58."""
    places: list[Any] = [entry]
    for name in _PLACES:
        place = entry.get(name, [])
        places += place if isinstance(place, list) else [place]
    for place in places:
        yield place.get("publicKeyJwk")
        yield place.get("publicKeyBase58")


def _is_same(key: PublicKey, expected: Any) -> bool:
    if isinstance(expected, str):
        return key.raw == decode("z" + expected)
    return all(_number(text) == _number(expected[name]) for name, text in build_jwk(key).items() if len(name) == 1)


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
