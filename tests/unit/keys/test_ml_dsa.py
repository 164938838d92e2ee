"""ML-DSA-44: there or not, and what happens where it is not."""

from __future__ import annotations

import sys

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import asymmetric

from fedtext.errors import AlgorithmRefused, KeyRefused
from fedtext.keys import (
    PrivateKey,
    build_jwk,
    build_multikey,
    generate_ed25519,
    generate_ml_dsa,
    load_public_pem,
    load_secret_multikey,
    parse_jwk,
    parse_multikey,
)
from fedtext.keys.ml_dsa import PUBLIC_BYTES, generate, is_material, load_public, load_seed
from fedtext.wire.multibase import Codec, encode_key


def test_a_key_and_its_seed() -> None:
    first, again = load_seed(bytes(32)), load_seed(bytes(32))
    assert first.public_key() == again.public_key()
    assert len(load_public(bytes(PUBLIC_BYTES)).public_bytes_raw()) == PUBLIC_BYTES
    assert is_material(generate())
    assert is_material(first.public_key())
    assert not is_material(b"")


@pytest.mark.parametrize("size", [0, PUBLIC_BYTES - 1, PUBLIC_BYTES + 1])
def test_other_lengths_are_no_keys(size: int) -> None:
    with pytest.raises(ValueError, match="1312"):
        load_public(bytes(size))


def test_a_seed_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32"):
        load_seed(bytes(31))


@pytest.fixture(params=["an old cryptography", "one built on a library without it"])
def without_ml_dsa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "cryptography.hazmat.primitives.asymmetric.mldsa"
    if request.param == "an old cryptography":
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delattr(asymmetric, "mldsa", raising=False)
        return

    class Unsupported:
        @staticmethod
        def from_public_bytes(data: bytes) -> None:
            raise UnsupportedAlgorithm("no ML-DSA-44 here")

        from_seed_bytes = from_public_bytes

        @staticmethod
        def generate() -> None:
            raise UnsupportedAlgorithm("no ML-DSA-44 here")

    monkeypatch.setattr(f"{name}.MLDSA44PublicKey", Unsupported)
    monkeypatch.setattr(f"{name}.MLDSA44PrivateKey", Unsupported)


@pytest.mark.usefixtures("without_ml_dsa")
def test_where_it_is_absent_that_is_said() -> None:
    text, seed = encode_key(Codec.MLDSA44_PUBLIC, bytes(1_312)), encode_key(Codec.MLDSA44_SEED, bytes(32))
    for use in (generate_ml_dsa, lambda: parse_multikey(text), lambda: load_secret_multikey(seed)):
        with pytest.raises(AlgorithmRefused):
            use()
    assert not is_material(object())


@pytest.mark.usefixtures("without_ml_dsa")
def test_where_it_is_absent_the_other_kinds_work() -> None:
    key = generate_ed25519()
    assert load_public_pem(key.public.pem) == key.public
    assert parse_multikey(build_multikey(key.public)) == key.public
    assert parse_jwk(build_jwk(key.public)) == key.public
    key.public.verify(key.sign(b"data"), b"data")


def test_a_pem_of_a_kind_that_the_installed_release_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(der: bytes) -> None:
        raise UnsupportedAlgorithm("unknown")

    pem = generate_ml_dsa().public.pem
    monkeypatch.setattr("fedtext.keys.policy.load_der_public_key", refuse)
    with pytest.raises(KeyRefused):
        load_public_pem(pem)


def test_the_context_is_empty(private_keys: dict[str, PrivateKey]) -> None:
    """As the cryptosuite mldsa44-jcs-2024 has it."""
    key = private_keys["ml-dsa"]
    load_public(key.public.raw).verify(key.sign(b"data"), b"data", None)
