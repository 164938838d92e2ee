"""Keys of every kind, made once."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.spoken import _errors_say_what_is_written_down, _listening

from fedtext.keys import PrivateKey, PublicKey, generate_ed25519, generate_ml_dsa, generate_rsa
from fedtext.keys.policy import admit_p256

__all__ = ["_errors_say_what_is_written_down", "_listening"]

P256_SECRET = ec.derive_private_key(7, ec.SECP256R1())


@pytest.fixture(scope="session")
def private_keys() -> dict[str, PrivateKey]:
    """Keys that sign, by kind."""
    return {"rsa": generate_rsa(), "ed25519": generate_ed25519(), "ml-dsa": generate_ml_dsa()}


@pytest.fixture(scope="session")
def public_keys(private_keys: dict[str, PrivateKey]) -> dict[str, PublicKey]:
    """Keys that verify, by kind."""
    numbers = P256_SECRET.public_key().public_numbers()
    point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return {kind: key.public for kind, key in private_keys.items()} | {"p256": admit_p256(point)}


@pytest.fixture(params=["rsa", "ed25519", "p256", "ml-dsa"])
def public(request: pytest.FixtureRequest, public_keys: dict[str, PublicKey]) -> PublicKey:
    """A public key, of each kind in turn."""
    return public_keys[request.param]
