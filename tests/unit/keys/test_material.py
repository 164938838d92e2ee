"""Keys as values: verify, sign, equality, and silence about secrets."""

from __future__ import annotations

import copy
import pickle

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fedtext.errors import AlgorithmRefused, LocalProtocolError, SignatureMismatch
from fedtext.keys import (
    Algorithm,
    EcdsaForm,
    HashName,
    PrivateKey,
    PublicKey,
    RsaPadding,
    generate_ed25519,
    load_private_pem,
    load_public_pem,
)

from .conftest import P256_SECRET


@pytest.fixture
def rsa_key(private_keys: dict[str, PrivateKey]) -> PrivateKey:
    return private_keys["rsa"]


@pytest.fixture
def ed25519_key(private_keys: dict[str, PrivateKey]) -> PrivateKey:
    return private_keys["ed25519"]


@pytest.fixture
def p256(public_keys: dict[str, PublicKey]) -> PublicKey:
    return public_keys["p256"]


@pytest.fixture(params=["rsa", "ed25519", "ml-dsa"])
def key(request: pytest.FixtureRequest, private_keys: dict[str, PrivateKey]) -> PrivateKey:
    return private_keys[request.param]


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


@pytest.mark.parametrize("kind", ["ed25519", "ml-dsa"])
def test_the_other_kinds_take_no_hash(kind: str, private_keys: dict[str, PrivateKey]) -> None:
    with pytest.raises(AlgorithmRefused):
        private_keys[kind].sign(b"data", hash_name=HashName.SHA512)


@pytest.mark.parametrize("hash_name", HashName)
def test_pss_is_asked_for_by_name(rsa_key: PrivateKey, hash_name: HashName) -> None:
    """RFC 9421 section 3.3.1: the salt is as long as the hash."""
    material = load_pem_private_key(rsa_key.pem().encode(), None)
    assert isinstance(material, RSAPrivateKey)
    chosen = {HashName.SHA256: hashes.SHA256(), HashName.SHA512: hashes.SHA512()}[hash_name]
    signature = material.sign(b"data", PSS(MGF1(chosen), chosen.digest_size), chosen)
    rsa_key.public.verify(signature, b"data", hash_name=hash_name, padding=RsaPadding.PSS)
    with pytest.raises(SignatureMismatch):
        rsa_key.public.verify(signature, b"data", hash_name=hash_name)
    with pytest.raises(SignatureMismatch):
        rsa_key.public.verify(rsa_key.sign(b"data"), b"data", padding=RsaPadding.PSS)
    short_salt = material.sign(b"data", PSS(MGF1(chosen), 0), chosen)
    with pytest.raises(SignatureMismatch):
        rsa_key.public.verify(short_salt, b"data", hash_name=hash_name, padding=RsaPadding.PSS)


@pytest.mark.parametrize("hash_name", HashName)
def test_ecdsa_in_both_forms(p256: PublicKey, hash_name: HashName) -> None:
    chosen = {HashName.SHA256: hashes.SHA256(), HashName.SHA512: hashes.SHA512()}[hash_name]
    der = P256_SECRET.sign(b"data", ECDSA(chosen))
    raw = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))
    p256.verify(der, b"data", hash_name=hash_name)
    p256.verify(raw, b"data", hash_name=hash_name, form=EcdsaForm.RAW)
    for signature, form in ((raw, EcdsaForm.DER), (der, EcdsaForm.RAW)):
        with pytest.raises(SignatureMismatch):
            p256.verify(signature, b"data", hash_name=hash_name, form=form)
    with pytest.raises(SignatureMismatch):
        p256.verify(raw, b"Data", hash_name=hash_name, form=EcdsaForm.RAW)


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_sec_076_raw_ecdsa_has_64_bytes_and_numbers_in_range(p256: PublicKey) -> None:
    r, s = decode_dss_signature(P256_SECRET.sign(b"data", ECDSA(hashes.SHA256())))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    zero, order = bytes(32), P256_ORDER.to_bytes(32, "big")
    lengths = [b"", raw[:-1], raw + b"\x00", b"\x00" + raw, raw[:32] + b"\x00" + raw[32:]]  # the last: the same numbers
    numbers = [zero + raw[32:], raw[:32] + zero, zero * 2, order * 2]
    for spoilt in (*lengths, *numbers):
        with pytest.raises(SignatureMismatch):
            p256.verify(spoilt, b"data", form=EcdsaForm.RAW)
    with pytest.raises(SignatureMismatch) as caught:
        p256.verify(b"", b"data", form=EcdsaForm.RAW)
    assert str(caught.value.__cause__) == "r and s have 32 bytes each"


def test_ber_is_not_der(p256: PublicKey) -> None:
    der = P256_SECRET.sign(b"data", ECDSA(hashes.SHA256()))
    for spoilt in (b"\x30\x81" + der[1:], der + b"\x00", b"\x30\x80" + der[2:] + bytes(2)):
        with pytest.raises(SignatureMismatch):
            p256.verify(spoilt, b"data")


@pytest.mark.spec("SEC-039", "SEC-040")
def test_sec_040_a_key_of_one_kind_takes_no_signature_of_another(
    private_keys: dict[str, PrivateKey], public_keys: dict[str, PublicKey]
) -> None:
    for signer, key in private_keys.items():
        for kind, public in public_keys.items():
            if kind != signer:
                with pytest.raises(SignatureMismatch):
                    public.verify(key.sign(b"data"), b"data")


def test_algorithms(public_keys: dict[str, PublicKey], private_keys: dict[str, PrivateKey]) -> None:
    expected = {
        "rsa": Algorithm.RSA,
        "ed25519": Algorithm.ED25519,
        "p256": Algorithm.ECDSA_P256,
        "ml-dsa": Algorithm.MLDSA44,
    }
    assert {kind: key.algorithm for kind, key in public_keys.items()} == expected
    assert all(key.algorithm is expected[kind] for kind, key in private_keys.items())


def test_keys_without_their_armour(public_keys: dict[str, PublicKey]) -> None:
    sizes = {kind: len(key.raw) for kind, key in public_keys.items()}
    assert sizes == {"rsa": 270, "ed25519": 32, "p256": 33, "ml-dsa": 1_312}


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
    assert repr(key) == f"PrivateKey({key.algorithm.name}, public={key.public.fingerprint[:16]})"


@pytest.mark.parametrize("copier", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_sec_170_a_private_key_is_not_serialized(key: PrivateKey, copier: object) -> None:
    assert callable(copier)
    with pytest.raises(LocalProtocolError):
        copier(key)


def test_a_private_key_has_no_dict_to_leak(key: PrivateKey) -> None:
    assert not hasattr(key, "__dict__")


def test_sizes_in_bits(public_keys: dict[str, PublicKey]) -> None:
    assert {kind: key.size_bits for kind, key in public_keys.items()} == {
        "rsa": 2_048,
        "ed25519": 256,
        "p256": 256,
        "ml-dsa": 10_496,
    }
