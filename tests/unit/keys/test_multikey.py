"""Multikeys, public and secret: each key in its one text."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fedtext.config import SignaturePolicy
from fedtext.errors import ConfigurationError, FedtextError, KeyRefused, LocalProtocolError
from fedtext.keys import (
    Algorithm,
    PrivateKey,
    PublicKey,
    build_multikey,
    load_private_pem,
    load_secret_multikey,
    parse_multikey,
)
from fedtext.keys.policy import admit_rsa
from fedtext.wire.multibase import Codec, encode, encode_key

HEADS = {"rsa": "z4MX", "ed25519": "z6Mk", "p256": "zDn", "ml-dsa": "ukC"}


@pytest.mark.parametrize("kind", HEADS)
def test_fep_521a_every_kind_reads_back(kind: str, public_keys: dict[str, PublicKey]) -> None:
    text = build_multikey(public_keys[kind])
    assert text.startswith(HEADS[kind])
    assert parse_multikey(text) == public_keys[kind]


def test_ml_dsa_is_read_in_both_encodings_and_written_as_asked(public_keys: dict[str, PublicKey]) -> None:
    key = public_keys["ml-dsa"]
    assert parse_multikey(build_multikey(key, encoding="z")) == key
    assert parse_multikey(build_multikey(key, encoding="u")) == key


@pytest.mark.parametrize("kind", ["rsa", "ed25519", "p256"])
def test_sec_078_the_other_kinds_are_in_base58btc_only(kind: str, public_keys: dict[str, PublicKey]) -> None:
    key = public_keys[kind]
    with pytest.raises(LocalProtocolError):
        build_multikey(key, encoding="u")
    codec = {"rsa": Codec.RSA_PUBLIC, "ed25519": Codec.ED25519_PUBLIC, "p256": Codec.P256_PUBLIC}[kind]
    with pytest.raises(KeyRefused):
        parse_multikey(encode(codec.prefix + key.raw, "u"))


def test_rsa_of_the_greatest_size() -> None:
    key = admit_rsa((1 << 8_191) + 1, 2**32 - 1)
    assert parse_multikey(build_multikey(key)) == key


def test_rsa_that_peers_do_not_take_is_not_written() -> None:
    policy = SignaturePolicy(rsa_bits_min=1_024)
    with pytest.raises(LocalProtocolError):
        build_multikey(admit_rsa((1 << 1_023) + 1, 3, policy))


@pytest.mark.spec("SEC-077", "SEC-078")
def test_sec_078_what_is_no_multikey_of_a_public_key(public_keys: dict[str, PublicKey]) -> None:
    long, ed25519 = public_keys["rsa"], public_keys["ed25519"]
    good = build_multikey(ed25519)
    refused: list[object] = [
        "",
        "z",
        good[1:],
        good + "1",
        good[:-1],
        good[:9] + "0" + good[10:],
        good + " ",
        " " + good,
        "z" * 5_000,
        encode_key(Codec.ED25519_SECRET, bytes(32)),
        encode_key(Codec.MLDSA44_SEED, bytes(32)),
        encode_key(Codec.X25519_PUBLIC, ed25519.raw),
        encode(Codec.RSA_PUBLIC.prefix + long.der),  # a SubjectPublicKeyInfo
        encode(Codec.RSA_PUBLIC.prefix + long.raw + b"\x00"),
        encode(Codec.P256_PUBLIC.prefix + ed25519.raw),
        encode(Codec.P256_PUBLIC.prefix + b"\x05" + ed25519.raw),
        encode(b"\xe7\x01" + public_keys["p256"].raw),  # secp256k1
        None,
        1,
        [good],
        good.encode(),
    ]
    for text in refused:
        with pytest.raises(KeyRefused):
            parse_multikey(text)


def rsa_secret(key: PrivateKey, form: serialization.PrivateFormat) -> bytes:
    loaded = serialization.load_pem_private_key(key.pem().encode(), None)
    return loaded.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def test_our_own_secret_keys(private_keys: dict[str, PrivateKey]) -> None:
    ed25519 = load_secret_multikey(encode_key(Codec.ED25519_SECRET, bytes(32)))
    assert ed25519.algorithm is Algorithm.ED25519
    ed25519.public.verify(ed25519.sign(b"data"), b"data")
    seed = encode_key(Codec.MLDSA44_SEED, bytes(32), "u")
    assert load_secret_multikey(seed).public == load_secret_multikey(encode_key(Codec.MLDSA44_SEED, bytes(32))).public
    der = rsa_secret(private_keys["rsa"], serialization.PrivateFormat.TraditionalOpenSSL)
    assert load_secret_multikey(encode_key(Codec.RSA_SECRET, der)).public == private_keys["rsa"].public


@pytest.mark.spec("SEC-170")
def test_sec_170_secret_keys_that_cannot_be_used_are_not_shown(public_keys: dict[str, PublicKey]) -> None:
    ed25519 = encode_key(Codec.ED25519_SECRET, b"\x07" * 32)
    refused = [
        "",
        ed25519 + "0",
        ed25519[1:],
        build_multikey(public_keys["ed25519"]),
        encode_key(Codec.X25519_SECRET, b"\x07" * 32),
        encode_key(Codec.P256_SECRET, b"\x07" * 32),
        encode_key(Codec.MLDSA44_SECRET, b"\x07" * 2_560),
        encode_key(Codec.RSA_SECRET, b"\x07" * 1_200),
    ]
    for text in refused:
        with pytest.raises(ConfigurationError) as caught:
            load_secret_multikey(text)
        shown = f"{caught.value} {caught.value.__cause__}"
        assert not text or text[2:14] not in shown
        assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_weak_rsa_secret_is_refused() -> None:
    weak = rsa.generate_private_key(65_537, 1_920)
    der = weak.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    with pytest.raises(ConfigurationError, match="2048"):
        load_secret_multikey(encode_key(Codec.RSA_SECRET, der))


def test_a_secret_is_never_taken_for_a_public_key() -> None:
    for codec in Codec:
        if codec.is_secret:
            text = encode_key(codec, b"\x07" * codec.value[1])
            with pytest.raises(FedtextError):
                parse_multikey(text)


def test_the_pem_of_a_loaded_secret_comes_back() -> None:
    key = load_secret_multikey(encode_key(Codec.MLDSA44_SEED, b"\x01" * 32))
    assert load_private_pem(key.pem(b"secret"), b"secret").public == key.public


@pytest.mark.spec("SEC-074")
def test_sec_074_the_policy_bounds_the_modulus(public_keys: dict[str, PublicKey]) -> None:
    text = build_multikey(public_keys["rsa"])
    assert parse_multikey(text, SignaturePolicy(rsa_bits_max=2_048)) == public_keys["rsa"]
    with pytest.raises(KeyRefused):
        parse_multikey(text, SignaturePolicy(rsa_bits_min=2_049))


def test_a_value_of_another_type_is_named() -> None:
    with pytest.raises(KeyRefused) as caught:
        parse_multikey(7)
    assert caught.value.context == {"kind": "int"}
