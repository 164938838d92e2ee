"""What is taken, in every form in which it may come. What is refused is in tests/security/test_keys_import.py."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

import fedtext.keys
from fedtext.config import SignaturePolicy
from fedtext.errors import KeyRefused
from fedtext.keys import Algorithm, PublicKey
from fedtext.keys.policy import (
    admit_der,
    admit_ed25519,
    admit_ml_dsa,
    admit_p256,
    admit_pkcs1,
    admit_rsa,
)


def test_der_of_every_kind(public: PublicKey) -> None:
    assert admit_der(public.der) == public


def test_pkcs1_in_both_armours(public_keys: dict[str, PublicKey]) -> None:
    key = public_keys["rsa"]
    assert admit_der(key.raw) == key
    assert admit_pkcs1(key.raw) == key
    with pytest.raises(KeyRefused, match="PKCS#1"):
        admit_pkcs1(key.der)
    with pytest.raises(KeyRefused, match="PKCS#1"):
        admit_pkcs1(public_keys["ed25519"].der)


def test_pkcs1_behind_another_kind_is_refused(public_keys: dict[str, PublicKey], monkeypatch) -> None:
    monkeypatch.setattr("fedtext.keys.policy.admit_der", lambda der, policy: public_keys["ed25519"])
    with pytest.raises(KeyRefused):
        admit_pkcs1(public_keys["ed25519"].raw)


def test_raw_forms(public_keys: dict[str, PublicKey]) -> None:
    assert admit_ed25519(public_keys["ed25519"].raw) == public_keys["ed25519"]
    assert admit_p256(public_keys["p256"].raw) == public_keys["p256"]
    assert admit_ml_dsa(public_keys["ml-dsa"].raw) == public_keys["ml-dsa"]


def test_a_compressed_point_in_a_spki_is_the_same_key(public_keys: dict[str, PublicKey]) -> None:
    key = public_keys["p256"]
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + key.raw
    assert admit_der(compressed) == key
    assert admit_der(compressed).pem == key.pem


@pytest.mark.parametrize("size", [0, 1_311, 1_313])
def test_ml_dsa_has_1312_bytes(size: int) -> None:
    assert admit_ml_dsa(bytes(1_312)).algorithm is Algorithm.MLDSA44
    with pytest.raises(KeyRefused):
        admit_ml_dsa(bytes(size))


@pytest.mark.spec("SEC-074")
def test_sec_074_the_policy_bounds_the_modulus() -> None:
    short = (1 << 1_023) + 1
    assert admit_rsa(short, 3, SignaturePolicy(rsa_bits_min=1_024)).algorithm is Algorithm.RSA
    with pytest.raises(KeyRefused):
        admit_rsa(short, 3)
    with pytest.raises(KeyRefused):
        admit_rsa((1 << 4_096) + 1, 3, SignaturePolicy(rsa_bits_max=4_096))
    key = admit_rsa(short, 3, SignaturePolicy(rsa_bits_min=1_024))
    assert admit_pkcs1(key.raw, SignaturePolicy(rsa_bits_min=1_024)) == key
    with pytest.raises(KeyRefused):
        admit_pkcs1(key.raw)


P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x00",
        b"\x02" + bytes(31),
        b"\x05" + bytes(32),
        b"\x02" + P256_PRIME.to_bytes(32, "big"),
        b"\x02" + bytes(31) + b"\x01",
        b"\x04" + bytes(64),
        b"\x04" + bytes(63),
        b"\x06" + bytes(64),
    ],
    ids=["empty", "infinity", "short", "no form", "x = p", "no y", "not on the curve", "half", "no hybrid"],
)
def test_points_that_p256_does_not_have(encoded: bytes) -> None:
    with pytest.raises(KeyRefused):
        admit_p256(encoded)


def test_another_curve_and_a_curve_that_is_written_out(public_keys: dict[str, PublicKey]) -> None:
    """CVE-2020-0601: whoever writes the curve out may choose another base point."""
    other = ec.derive_private_key(7, ec.SECP384R1()).public_key()
    der = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyRefused) as caught:
        admit_der(der)
    assert caught.value.context == {"kind": "ECPublicKey"}
    with pytest.raises(KeyRefused):
        admit_der(written_out(public_keys["p256"]))


def written_out(key: PublicKey) -> bytes:
    """Give the same key with the parameters of its curve in place of the name (SEC 1 appendix C.2)."""

    def der(tag: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        size = len(content)
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([tag]) + (b"" if size < 128 else bytes([0x80 | len(octets)])) + octets + content

    def integer(value: int) -> bytes:
        return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))

    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    base = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    point = base.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    field = der(0x30, bytes.fromhex("06072a8648ce3d0101"), integer(P256_PRIME))
    curve = der(0x30, der(4, (P256_PRIME - 3).to_bytes(32, "big")), der(4, b.to_bytes(32, "big")))
    parameters = der(0x30, integer(1), field, curve, der(4, point), integer(order), integer(1))
    identifier = der(0x30, bytes.fromhex("06072a8648ce3d0201"), parameters)
    return der(0x30, identifier, key.der[-68:])


def test_the_parser_would_have_taken_the_written_out_curve(public_keys: dict[str, PublicKey]) -> None:
    """So that the refusal above is ours, and is for what it says."""
    loaded = serialization.load_der_public_key(written_out(public_keys["p256"]))
    assert loaded == public_keys["p256"].material


@pytest.mark.spec("SEC-074", "SEC-075")
def test_sec_075_a_public_key_is_made_by_the_policy_or_from_our_own_private_key() -> None:
    """No way in passes by the policy: nobody else wraps material."""
    makers = set()
    for path in Path(fedtext.keys.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "of" and ast.unparse(node.value) == "PublicKey":
                makers.add(path.name)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "PublicKey":
                makers.add(f"{path.name} calls it")
    assert makers == {"policy.py", "material.py"}
