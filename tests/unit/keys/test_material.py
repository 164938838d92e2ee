"""Keys as values: verify, sign, equality, and silence about secrets."""

from __future__ import annotations

import copy
import pickle

import pytest

from fedtext.errors import AlgorithmRefused, LocalProtocolError, SignatureMismatch
from fedtext.keys import (
    Algorithm,
    HashName,
    PrivateKey,
    generate_ed25519,
    generate_rsa,
    load_private_pem,
    load_public_pem,
)


@pytest.fixture(scope="module")
def rsa_key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="module")
def ed25519_key() -> PrivateKey:
    return generate_ed25519()


@pytest.fixture(params=["rsa_key", "ed25519_key"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    value = request.getfixturevalue(request.param)
    assert isinstance(value, PrivateKey)
    return value


def test_what_is_signed_verifies(key: PrivateKey) -> None:
    key.public.verify(key.sign(b"data"), b"data")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: b"",
        lambda signature: signature[:-1],
        lambda signature: signature + b"\x00",
        lambda signature: bytes([signature[0] ^ 1]) + signature[1:],
        lambda signature: bytes(len(signature)),
    ],
    ids=["empty", "short", "long", "one bit", "zeros"],
)
def test_a_spoilt_signature_is_refused(key: PrivateKey, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(SignatureMismatch):
        key.public.verify(spoil(key.sign(b"data")), b"data")


def test_other_data_is_refused(key: PrivateKey) -> None:
    with pytest.raises(SignatureMismatch):
        key.public.verify(key.sign(b"data"), b"Data")


def test_the_hash_matters_for_rsa(rsa_key: PrivateKey) -> None:
    signature = rsa_key.sign(b"data", hash_name=HashName.SHA512)
    rsa_key.public.verify(signature, b"data", hash_name=HashName.SHA512)
    with pytest.raises(SignatureMismatch):
        rsa_key.public.verify(signature, b"data")


def test_ed25519_takes_no_hash(ed25519_key: PrivateKey) -> None:
    with pytest.raises(AlgorithmRefused):
        ed25519_key.sign(b"data", hash_name=HashName.SHA512)


def test_algorithms(rsa_key: PrivateKey, ed25519_key: PrivateKey) -> None:
    assert (rsa_key.algorithm, rsa_key.public.algorithm) == (Algorithm.RSA, Algorithm.RSA)
    assert (ed25519_key.algorithm, ed25519_key.public.algorithm) == (Algorithm.ED25519, Algorithm.ED25519)


def test_sig_23_the_public_pem_is_spki_with_plain_newlines(key: PrivateKey) -> None:
    lines = key.public.pem.split("\n")
    assert lines[0] == "-----BEGIN PUBLIC KEY-----"
    assert lines[-2:] == ["-----END PUBLIC KEY-----", ""]
    assert "\r" not in key.public.pem
    assert max(map(len, lines[1:-2])) <= 64
    assert load_public_pem(key.public.pem) == key.public


def test_public_keys_are_equal_by_material(key: PrivateKey) -> None:
    again = load_public_pem(key.public.pem)
    assert again == key.public
    assert hash(again) == hash(key.public)
    assert again.fingerprint == key.public.fingerprint
    assert generate_ed25519().public != key.public
    assert len(key.public.fingerprint) == 64


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_the_private_pem_comes_back(key: PrivateKey, passphrase: bytes | None) -> None:
    pem = key.pem(passphrase)
    assert ("ENCRYPTED" in pem) == (passphrase is not None)
    assert load_private_pem(pem, passphrase).public == key.public


def test_an_empty_passphrase_is_no_encryption(key: PrivateKey) -> None:
    with pytest.raises(LocalProtocolError):
        key.pem(b"")


def test_sec_170_a_private_key_does_not_show_itself(key: PrivateKey) -> None:
    secret = "".join(key.pem().splitlines()[1:-1])
    for shown in (repr(key), str(key), f"{key!s}", repr([key]), repr(key.public)):
        assert not any(secret[start : start + 12] in shown for start in range(0, len(secret), 12))
    assert repr(key).startswith(f"PrivateKey({key.algorithm.name}")


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_sec_170_a_private_key_is_not_serialized(key: PrivateKey, copier: object) -> None:
    assert callable(copier)
    with pytest.raises(LocalProtocolError):
        copier(key)


def test_a_private_key_has_no_dict_to_leak(key: PrivateKey) -> None:
    assert not hasattr(key, "__dict__")
