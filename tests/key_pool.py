"""RSA keys made once and used again by every process that is forked later: to make one costs more than most tests.

Only runs that start thousands of sessions from one process ask for it, as that of the mutants does. Within a session no
key is given twice; the next session gets the same keys in the same order.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

_make = rsa.generate_private_key
_pool: dict[tuple[int, int], list[rsa.RSAPrivateKey]] = {}


def install() -> None:
    """Give keys of the pool from its beginning; what it lacks is made and put there."""
    given: dict[tuple[int, int], int] = {}

    def generate_private_key(public_exponent: int, key_size: int, backend: Any = None) -> rsa.RSAPrivateKey:
        kind = public_exponent, key_size
        number = given.get(kind, 0)
        keys = _pool.setdefault(kind, [])
        if number == len(keys):
            keys.append(_make(public_exponent, key_size))
        given[kind] = number + 1
        return keys[number]

    rsa.generate_private_key = generate_private_key
