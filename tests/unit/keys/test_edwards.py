"""Points of Ed25519: what may be a key (SEC-075)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from fedtext.errors import KeyRefused
from fedtext.keys.edwards import check_point

PRIME = 2**255 - 19
# One of the four points of order 8 (the others are its negatives); RFC 8032 section 5.1 gives the curve.
ORDER_8_Y = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"


def encoded(y: int, *, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


ORDER_8 = int.from_bytes(bytes.fromhex(ORDER_8_Y), "little")

SMALL_ORDER = {
    "order 1": encoded(1),
    "order 2": encoded(PRIME - 1),
    "order 4": encoded(0),
    "order 4, negative": encoded(0, sign=1),
    "order 8": encoded(ORDER_8),
    "order 8, negative x": encoded(ORDER_8, sign=1),
    "order 8, negative y": encoded(PRIME - ORDER_8),
    "order 8, both negative": encoded(PRIME - ORDER_8, sign=1),
}
NOT_CANONICAL = {
    "y = p": encoded(PRIME),
    "y = p, sign": encoded(PRIME, sign=1),
    "y = p + 1": encoded(PRIME + 1),
    "y = p + 1, sign": encoded(PRIME + 1, sign=1),
    "y = 2**255 - 1": encoded(2**255 - 1),
}
MINUS_ZERO = {"order 1": encoded(1, sign=1), "order 2": encoded(PRIME - 1, sign=1)}


@pytest.mark.parametrize("point", SMALL_ORDER.values(), ids=SMALL_ORDER.keys())
def test_sec_075_points_of_small_order_are_refused(point: bytes) -> None:
    with pytest.raises(KeyRefused, match="small order"):
        check_point(point)


@pytest.mark.parametrize("point", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_sec_075_other_encodings_of_points_are_refused(point: bytes) -> None:
    with pytest.raises(KeyRefused, match="canonical"):
        check_point(point)


@pytest.mark.parametrize("point", MINUS_ZERO.values(), ids=MINUS_ZERO.keys())
def test_sec_075_minus_zero_is_refused(point: bytes) -> None:
    with pytest.raises(KeyRefused):
        check_point(point)


def test_the_table_of_small_orders_is_worth_refusing() -> None:
    """Under the neutral point, the same signature fits any message: this is what the check is for."""
    fits_all = encoded(1) + bytes(32)
    Ed25519PublicKey.from_public_bytes(SMALL_ORDER["order 1"]).verify(fits_all, b"any message")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_other_lengths_are_refused(size: int) -> None:
    with pytest.raises(KeyRefused):
        check_point(bytes(size))


def test_a_y_without_x_is_refused() -> None:
    with pytest.raises(KeyRefused, match="not a point"):
        check_point(encoded(2))


@given(st.binary(min_size=32, max_size=32))
def test_every_honest_key_passes(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    check_point(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


@given(st.binary(max_size=40))
def test_any_bytes_pass_or_are_refused(data: bytes) -> None:
    try:
        check_point(data)
    except KeyRefused:
        return
    assert len(data) == 32
