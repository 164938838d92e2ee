"""ML-DSA-44, the signatures meant to outlive quantum computers, where the installed `cryptography` has them.

Decides only whether the algorithm is there: older releases of `cryptography`, and builds on other libraries, lack it.

Invariants: nothing is looked for before a key of this kind may be met; where it is absent, what needs it raises
`AlgorithmRefused`, and nothing else of this library is touched by that.

Sources: FIPS 204; draft "Quantum-Resistant Cryptosuites" of the W3C for its use in proofs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

from ..errors import AlgorithmRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

PUBLIC_BYTES: Final = 1_312

Material = TypeVar("Material")


def load_public(encoded: bytes) -> MLDSA44PublicKey:
    """Load a public key from its encoding of 1312 bytes; any bytes of this length are a key.

    Raises:
        AlgorithmRefused: The installed `cryptography` lacks the algorithm.
        ValueError: Another length.
    """
    return _with_algorithm(lambda: _classes()[0].from_public_bytes(encoded))


def load_seed(seed: bytes) -> MLDSA44PrivateKey:
    """Load a private key from the 32 bytes that it was made from.

    Raises:
        AlgorithmRefused: The installed `cryptography` lacks the algorithm.
        ValueError: Another length.
    """
    return _with_algorithm(lambda: _classes()[1].from_seed_bytes(seed))


def generate() -> MLDSA44PrivateKey:
    """Make a private key.

    Raises:
        AlgorithmRefused: The installed `cryptography` lacks the algorithm.
    """
    return _with_algorithm(lambda: _classes()[1].generate())


def is_material(loaded: object) -> bool:
    """Tell whether a loaded key, public or private, is of ML-DSA-44; False where the algorithm is absent."""
    try:
        return isinstance(loaded, _classes())
    except ImportError:
        return False


def _with_algorithm(make: Callable[[], Material]) -> Material:
    try:
        return make()
    except (ImportError, UnsupportedAlgorithm) as error:
        raise AlgorithmRefused("the installed cryptography has no ML-DSA-44") from error


def _classes() -> tuple[type[MLDSA44PublicKey], type[MLDSA44PrivateKey]]:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return mldsa.MLDSA44PublicKey, mldsa.MLDSA44PrivateKey
