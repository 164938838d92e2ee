"""JWKs: one spelling each, nothing private, and for verifying only."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from fedtext.config import SignaturePolicy
from fedtext.errors import KeyRefused
from fedtext.keys import PublicKey, build_jwk, parse_jwk
from fedtext.keys.jwk import MEMBER_CHARS_MAX
from fedtext.keys.policy import admit_rsa

MEMBERS = {
    "rsa": {"kty", "n", "e"},
    "ed25519": {"kty", "crv", "x"},
    "p256": {"kty", "crv", "x", "y"},
    "ml-dsa": {"kty", "alg", "pub"},
}
ALGORITHMS = {
    "rsa": ("RS256", "RS512"),
    "ed25519": ("EdDSA", "Ed25519"),
    "p256": ("ES256",),
    "ml-dsa": ("ML-DSA-44",),
}


def octets(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", MEMBERS)
def test_every_kind_reads_back(kind: str, public_keys: dict[str, PublicKey]) -> None:
    jwk = build_jwk(public_keys[kind])
    assert set(jwk) == MEMBERS[kind]
    assert parse_jwk(jwk) == public_keys[kind]


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_members_that_say_what_it_is_for(kind: str, public_keys: dict[str, PublicKey]) -> None:
    jwk = build_jwk(public_keys[kind])
    for algorithm in ALGORITHMS[kind]:
        more = {"use": "sig", "key_ops": ["verify", "sign"], "alg": algorithm, "kid": "d", "x5c": ["…"]}
        assert parse_jwk({**jwk, **more}) == public_keys[kind]
    for wrong in (
        {"alg": "PS256"},
        {"alg": 1},
        {"alg": []},
        {"alg": {}},
        {"alg": "HS256"},
        {"use": "enc"},
        {"use": None},
    ):
        with pytest.raises(KeyRefused):
            parse_jwk({**jwk, **wrong})
    for operations in (["encrypt"], [], "verify", {"verify": 1}):
        with pytest.raises(KeyRefused):
            parse_jwk({**jwk, "key_ops": operations})


@pytest.mark.spec("SEC-077")
@pytest.mark.parametrize("kind", MEMBERS)
@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", "seed"])
def test_sec_077_any_private_member_refuses(kind: str, member: str, public_keys: dict[str, PublicKey]) -> None:
    jwk = build_jwk(public_keys[kind])
    for value in ("AQAB", "", None, 1):
        with pytest.raises(KeyRefused, match="private"):
            parse_jwk({**jwk, member: value})


Change = Callable[[dict[str, Any]], dict[str, Any]]

SPOILT: dict[str, tuple[str, Change]] = {
    "rsa: no n": ("rsa", lambda jwk: {**jwk, "n": None}),
    "rsa: empty n": ("rsa", lambda jwk: {**jwk, "n": ""}),
    "rsa: leading zeros": ("rsa", lambda jwk: {**jwk, "e": octets(b"\x00\x01\x00\x01")}),
    "rsa: padding": ("rsa", lambda jwk: {**jwk, "n": jwk["n"] + "=="}),
    "rsa: spare bits": ("rsa", lambda jwk: {**jwk, "e": "AQAC=", "n": jwk["n"]}),
    "rsa: not url-safe": ("rsa", lambda jwk: {**jwk, "n": "+/" + jwk["n"][2:]}),
    "rsa: a number": ("rsa", lambda jwk: {**jwk, "e": 65_537}),
    "rsa: e = 1": ("rsa", lambda jwk: {**jwk, "e": octets(b"\x01")}),
    "rsa: too short": ("rsa", lambda jwk: {**jwk, "n": octets(b"\x80" + bytes(126) + b"\x01")}),
    "rsa: too long": ("rsa", lambda jwk: {**jwk, "n": "A" * (MEMBER_CHARS_MAX + 1)}),
    "ed25519: short": ("ed25519", lambda jwk: {**jwk, "x": octets(bytes(31))}),
    "ed25519: small order": ("ed25519", lambda jwk: {**jwk, "x": octets(bytes(32))}),
    "ed25519: X25519": ("ed25519", lambda jwk: {**jwk, "crv": "X25519"}),
    "ed25519: as EC": ("ed25519", lambda jwk: {**jwk, "kty": "EC"}),
    "p256: another curve": ("p256", lambda jwk: {**jwk, "crv": "P-384"}),
    "p256: secp256k1": ("p256", lambda jwk: {**jwk, "crv": "secp256k1"}),
    "p256: no curve": ("p256", lambda jwk: {name: jwk[name] for name in ("kty", "x", "y")}),
    "p256: no y": ("p256", lambda jwk: {name: jwk[name] for name in ("kty", "crv", "x")}),
    "p256: a short coordinate": ("p256", lambda jwk: {**jwk, "x": octets(bytes(31))}),
    "p256: a long coordinate": ("p256", lambda jwk: {**jwk, "x": octets(bytes(33))}),
    "p256: not on the curve": ("p256", lambda jwk: {**jwk, "x": jwk["y"], "y": jwk["x"]}),
    "ml-dsa: no alg": ("ml-dsa", lambda jwk: {name: jwk[name] for name in ("kty", "pub")}),
    "ml-dsa: another size": ("ml-dsa", lambda jwk: {**jwk, "alg": "ML-DSA-65"}),
    "ml-dsa: short": ("ml-dsa", lambda jwk: {**jwk, "pub": octets(bytes(1_311))}),
    "no kty": ("rsa", lambda jwk: {**jwk, "kty": None}),
    "another kty": ("rsa", lambda jwk: {**jwk, "kty": "oct"}),
}


@pytest.mark.parametrize("case", SPOILT)
def test_other_spellings_and_other_keys_are_refused(case: str, public_keys: dict[str, PublicKey]) -> None:
    kind, change = SPOILT[case]
    with pytest.raises(KeyRefused):
        parse_jwk(change(build_jwk(public_keys[kind])))


@pytest.mark.parametrize("value", [None, "", 1, [], [{}], {}])
def test_what_is_no_jwk(value: object) -> None:
    with pytest.raises(KeyRefused):
        parse_jwk(value)


def test_the_policy_bounds_the_modulus() -> None:
    policy = SignaturePolicy(rsa_bits_min=1_024)
    key = admit_rsa((1 << 1_023) + 1, 3, policy)
    assert parse_jwk(build_jwk(key), policy) == key
    with pytest.raises(KeyRefused):
        parse_jwk(build_jwk(key))
    greatest = admit_rsa((1 << 8_191) + 1, 3)
    assert parse_jwk(build_jwk(greatest)) == greatest


@pytest.mark.parametrize(
    ("jwk", "problem"),
    [
        ({"kty": "x" * MEMBER_CHARS_MAX}, "only RSA"),
        ({"kty": "x" * (MEMBER_CHARS_MAX + 1)}, "too long"),
        ({"kty": "oct", "alg": "HS256"}, "algorithm that is not used"),
        ({"kty": "RSA", "n": "", "e": "AQAB"}, "leading zeros"),
        ({"kty": "RSA", "n": "AQAB", "e": ""}, "leading zeros"),
    ],
    ids=["a long kind", "too long a kind", "an unknown kind for something", "no modulus", "no exponent"],
)
def test_what_is_said_of_a_jwk(jwk: object, problem: str) -> None:
    with pytest.raises(KeyRefused, match=problem):
        parse_jwk(jwk)


def test_a_value_of_another_type_is_named() -> None:
    with pytest.raises(KeyRefused) as caught:
        parse_jwk(7)
    assert caught.value.context == {"kind": "int"}
