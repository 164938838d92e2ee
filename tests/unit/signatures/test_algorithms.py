"""Which algorithm a key stands for: HMS-05, SEC-039, SEC-040, SEC-054."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from fedtext.errors import AlgorithmRefused, SignatureMismatch
from fedtext.keys import Algorithm, PublicKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures.algorithms import ACCEPTED, check_fits, check_name, verify_bytes

RSA = generate_rsa()
ED25519 = generate_ed25519()
P256 = ec.generate_private_key(ec.SECP256R1())
PUBLIC = {
    "rsa-v1_5-sha256": RSA.public,
    "ed25519": ED25519.public,
    "ecdsa-p256-sha256": PublicKey.of(P256.public_key()),
}


def owned(public: PublicKey) -> VerificationKey:
    return VerificationKey("k", "https://a.example/", public)


def ecdsa(data: bytes, key: ec.EllipticCurvePrivateKey = P256) -> bytes:
    """Sign as RFC 9421 section 3.3.4 wants it: r and s, 32 bytes each."""
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_sec_054_a_name_fits_its_kind_of_key_and_no_other(name: str) -> None:
    check_fits(None, owned(PUBLIC[name]))
    for other in [*ACCEPTED, "rsa-pss-sha512", "hmac-sha256", "RSA-v1_5-sha256", "hs2019", ""]:
        if other == name:
            check_fits(other, owned(PUBLIC[name]))
        else:
            with pytest.raises(AlgorithmRefused):
                check_fits(other, owned(PUBLIC[name]))


@pytest.mark.parametrize("name", [None, "mldsa44", "ed25519"])
def test_a_kind_of_key_without_a_name_fits_nothing(name: str | None) -> None:
    nameless = PublicKey(Algorithm.MLDSA44, b"", ED25519.public.material)
    with pytest.raises(AlgorithmRefused):
        check_fits(name, owned(nameless))


@pytest.mark.parametrize("name", ["hmac-sha256", "rsa-pss-sha512", "ecdsa-p384-sha384", "none", "", "ED25519"])
def test_sec_039_sec_040_other_names_are_refused_before_any_key(name: str) -> None:
    with pytest.raises(AlgorithmRefused):
        check_name(name)


def test_accepted_names_and_no_name_pass() -> None:
    for name in (None, *ACCEPTED):
        check_name(name)


def test_bytes_verify_under_the_key_that_made_them() -> None:
    for name, signature in [
        ("rsa-v1_5-sha256", RSA.sign(b"base")),
        ("ed25519", ED25519.sign(b"base")),
        ("ecdsa-p256-sha256", ecdsa(b"base")),
    ]:
        verify_bytes(PUBLIC[name], signature, b"base")
        for spoilt in (b"", signature[:-1], signature + b"\x00", signature[:-1] + bytes([signature[-1] ^ 1])):
            with pytest.raises(SignatureMismatch):
                verify_bytes(PUBLIC[name], spoilt, b"base")
        with pytest.raises(SignatureMismatch):
            verify_bytes(PUBLIC[name], signature, b"other base")


@pytest.mark.parametrize("signature", [b"\x00" * 64, b"\xff" * 64, b"\x00" * 32 + b"\x01" * 32])
def test_numbers_out_of_range_are_no_signature(signature: bytes) -> None:
    with pytest.raises(SignatureMismatch):
        verify_bytes(PUBLIC["ecdsa-p256-sha256"], signature, b"base")


def test_the_form_of_x_509_is_no_signature() -> None:
    with pytest.raises(SignatureMismatch):
        verify_bytes(PUBLIC["ecdsa-p256-sha256"], P256.sign(b"base", ec.ECDSA(SHA256())), b"base")


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(AlgorithmRefused) as caught:
        check_fits("ed25519", owned(RSA.public))
    assert caught.value.context == {"algorithm": "ed25519", "key_id": "k"}
