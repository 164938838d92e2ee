"""Keys in all their armours: what is written reads back, and whatever is read is a key or is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import ConfigurationError, KeyRefused
from fedtext.keys import (
    PublicKey,
    build_did_key,
    build_jwk,
    build_multikey,
    key_material,
    load_public_pem,
    load_secret_multikey,
    parse_did_key,
    parse_jwk,
    parse_multikey,
)
from fedtext.keys.policy import admit_der, admit_ed25519, admit_ml_dsa, admit_p256
from fedtext.wire.multibase import Codec, encode

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

ED25519 = st.binary(min_size=32, max_size=32).map(
    lambda seed: admit_ed25519(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())
)
P256 = st.integers(1, P256_ORDER - 1).map(
    lambda secret: PublicKey.of(ec.derive_private_key(secret, ec.SECP256R1()).public_key())
)
ML_DSA = st.binary(min_size=1_312, max_size=1_312).map(admit_ml_dsa)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "pub", "alg", "use", "key_ops", "d"])
VALUES = JSON | st.sampled_from(["RSA", "OKP", "EC", "AKP", "Ed25519", "P-256", "ML-DSA-44", "AQAB", "A" * 43])
CLAIMED = st.sampled_from(["publicKeyPem", "publicKeyMultibase", "publicKeyJwk", "type", "privateKey"])


@given(ED25519 | P256 | ML_DSA)
def test_every_armour_reads_back(key: PublicKey) -> None:
    multikey, jwk = build_multikey(key), build_jwk(key)
    assert load_public_pem(key.pem) == parse_multikey(multikey) == parse_jwk(jwk) == admit_der(key.der) == key
    assert key_material({"publicKeyPem": key.pem, "publicKeyMultibase": multikey, "publicKeyJwk": dict(jwk)}) == key


@given(ED25519 | P256)
def test_a_did_key_reads_back(key: PublicKey) -> None:
    assert parse_did_key(build_did_key(key)) == key


@given(st.text() | JSON)
def test_whatever_stands_there_is_a_key_or_is_refused(value: object) -> None:
    for read in (load_public_pem, parse_multikey, parse_did_key, parse_jwk):
        with pytest.raises(KeyRefused):
            read(value)


def written_again(read: Callable[[object], PublicKey], write: Callable[[PublicKey], object], value: object) -> None:
    """What is read at all is written in the same way."""
    try:
        key = read(value)
    except KeyRefused:
        return
    assert write(key) == value


@given(st.sampled_from(Codec), st.binary(max_size=40) | st.binary(min_size=1_312, max_size=1_312))
def test_a_multikey_has_one_spelling(codec: Codec, data: bytes) -> None:
    text = encode(codec.prefix + data)
    written_again(parse_multikey, lambda key: build_multikey(key, encoding="z"), text)
    written_again(parse_did_key, build_did_key, f"did:key:{text}")


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_a_jwk_is_read_or_refused(jwk: dict[str, object]) -> None:
    try:
        key = parse_jwk(jwk)
    except KeyRefused:
        return
    assert build_jwk(key).items() <= jwk.items()


@given(st.dictionaries(CLAIMED, VALUES, max_size=4))
def test_a_claim_is_read_or_refused(claim: dict[str, object]) -> None:
    with pytest.raises(KeyRefused):
        key_material(claim)  # type: ignore[arg-type]


@given(st.binary(max_size=70))
def test_bytes_are_a_key_or_are_refused(data: bytes) -> None:
    for admit in (admit_der, admit_p256):
        try:
            key = admit(data)
        except KeyRefused:
            continue
        assert admit_der(key.der) == key


@given(
    st.text(max_size=80)
    | st.sampled_from(Codec).flatmap(lambda codec: st.binary(max_size=40).map(lambda data: encode(codec.prefix + data)))
)
def test_a_secret_multikey_is_read_or_refused(text: str) -> None:
    try:
        key = load_secret_multikey(text)
    except ConfigurationError:
        return
    key.public.verify(key.sign(b"data"), b"data")
