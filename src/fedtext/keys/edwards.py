"""Which 32 bytes are an Ed25519 public key worth having.

OpenSSL takes any 32 bytes as a key and finds out while verifying, and it takes points of small order, under which one
fixed signature fits most messages. Both are refused here, at import (SEC-075).

Invariants: only the canonical encoding of a point on the curve passes; a point that eight times itself makes neutral
never does. Nothing here is secret, so that nothing needs to run in constant time.

Sources: RFC 8032 section 5.1 (curve), 5.1.3 (decoding), 5.1.4 (doubling).
"""

from __future__ import annotations

from ..errors import KeyRefused

ENCODED_BYTES = 32

_PRIME = 2**255 - 19
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_SQRT_MINUS_ONE = pow(2, (_PRIME - 1) // 4, _PRIME)
_DOUBLINGS = 3  # the cofactor is 8


def check_point(encoded: bytes) -> None:
    """Refuse what is not the one encoding of a curve point of large order.

    Args:
        encoded: The raw public key, little-endian y with the sign of x in the highest bit.

    Raises:
        KeyRefused: Wrong length, not canonical, not on the curve, or of small order.
    """
    if len(encoded) != ENCODED_BYTES:
        raise KeyRefused("an Ed25519 key has 32 bytes", size_bytes=len(encoded))
    value = int.from_bytes(encoded, "little")
    # The highest bit is the sign of x. It does not change the order of the point, and where x is zero and has no sign
    # the order is small: so it is not looked at.
    y = value & (2**255 - 1)
    if y >= _PRIME:
        raise KeyRefused("the Ed25519 key is not in its canonical encoding")
    x = _recover_x(y)
    if x is None:
        raise KeyRefused("the Ed25519 key is not a point of the curve")
    if _is_of_small_order(x, y):
        raise KeyRefused("the Ed25519 key is a point of small order")


def _recover_x(y: int) -> int | None:
    """Give one root of x² = (y² - 1) / (d·y² + 1), or None when there is none."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME
    root = pow(square, (_PRIME + 3) // 8, _PRIME)
    if (root * root - square) % _PRIME != 0:
        root = root * _SQRT_MINUS_ONE % _PRIME
    return root if (root * root - square) % _PRIME == 0 else None


def _is_of_small_order(x: int, y: int) -> bool:
    """Double three times in projective coordinates; the neutral point is (0, 1)."""
    z = 1
    for _ in range(_DOUBLINGS):
        xx, yy, zz2 = x * x, y * y, 2 * z * z
        h = xx + yy
        e = h - (x + y) ** 2
        g = xx - yy
        f = zz2 + g
        x, y, z = e * f % _PRIME, g * h % _PRIME, f * g % _PRIME
    return x == 0 and y == z
