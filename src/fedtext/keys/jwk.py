"""JSON Web Keys: public keys as `publicKeyJwk` has them.

Decides which members are read and that no private one is among them; whether the key is good enough is for
`keys.policy` to say.

Invariants: a JWK with any private member is refused, not stripped, so that it is never stored (SEC-077); numbers have
one spelling: base64url without padding, no leading zeros, coordinates at full length; where a JWK says what it is for
(`use`, `key_ops`, `alg`), that is verifying with an algorithm that we have.

Example:
    >>> key = parse_jwk({"kty": "OKP", "crv": "Ed25519", "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"})
    >>> build_jwk(key)["crv"]
    'Ed25519'

Sources: RFC 7517 section 4; RFC 7518 section 6 (EC, RSA); RFC 8037 (OKP); RFC 9864 (names of algorithms); draft
    "ML-DSA for JOSE and COSE" of the IETF (AKP).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..config import SignaturePolicy
from ..errors import KeyRefused, MalformedText
from ..wire.json import JsonValue
from ..wire.multibase import BASE64URL, decode, encode
from .material import PublicKey
from .policy import admit_ed25519, admit_ml_dsa, admit_p256, admit_rsa

# ML-DSA-44 has 1750 characters, an RSA modulus of 8192 bits 1366.
MEMBER_CHARS_MAX: Final = 2_048
P256_COORDINATE_BYTES: Final = 32

PRIVATE_JWK_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", "seed"})
_UNCOMPRESSED: Final = b"\x04"  # SEC 1 section 2.3.3
# PS256 and its like are left out: such a key must not be used with PKCS1-v1_5, which is what peers sign with.
_ALGORITHMS: Final[Mapping[str, frozenset[str]]] = {
    "RSA": frozenset({"RS256", "RS512"}),
    "OKP": frozenset({"EdDSA", "Ed25519"}),
    "EC": frozenset({"ES256"}),
    "AKP": frozenset({"ML-DSA-44"}),
}


def parse_jwk(jwk: object, policy: SignaturePolicy | None = None) -> PublicKey:
    """Read the public key in a JWK.

    Args:
        jwk: As it stood in the document; any type. Members that we do not know are not looked at.
        policy: Bounds of the RSA modulus in bits (default: 2048 to 8192).

    Raises:
        KeyRefused: No object, private members, another type, curve, purpose or spelling, or a key that the policy does
            not take.
        AlgorithmRefused: ML-DSA-44, which the installed `cryptography` lacks.
    """
    if not isinstance(jwk, Mapping):
        raise KeyRefused("a JWK is an object", kind=type(jwk).__name__)
    members = cast(Mapping[str, JsonValue], jwk)
    if not PRIVATE_JWK_MEMBERS.isdisjoint(members):
        raise KeyRefused("the JWK holds a private or a shared key")
    kind = _text(members, "kty")
    _check_purpose(members, kind)
    match kind, members.get("crv"):
        case "RSA", _:
            return admit_rsa(_number(members, "n"), _number(members, "e"), policy)
        case "OKP", "Ed25519":
            return admit_ed25519(_octets(members, "x"))
        case "EC", "P-256":
            return admit_p256(_UNCOMPRESSED + _coordinate(members, "x") + _coordinate(members, "y"))
        case "AKP", _ if "alg" in members:
            return admit_ml_dsa(_octets(members, "pub"))
        case _:
            raise KeyRefused("only RSA, Ed25519, P-256 and ML-DSA-44 keys are used", kind=kind)


def build_jwk(public: PublicKey) -> dict[str, str]:
    """Write a public key as a JWK: the members that the kind needs, and nothing else."""
    material = public.material
    if isinstance(material, RSAPublicKey):
        rsa = material.public_numbers()
        return {"kty": "RSA", "n": _minimal(rsa.n), "e": _minimal(rsa.e)}
    if isinstance(material, EllipticCurvePublicKey):
        point = material.public_numbers()
        x, y = (number.to_bytes(P256_COORDINATE_BYTES, "big") for number in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": _written(x), "y": _written(y)}
    if isinstance(material, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _written(public.raw)}
    return {"kty": "AKP", "alg": "ML-DSA-44", "pub": _written(public.raw)}


def _check_purpose(members: Mapping[str, JsonValue], kind: str) -> None:
    """Refuse a key that is said to be for something else than what we do with it (RFC 7517 sections 4.2 to 4.4)."""
    algorithm, operations = members.get("alg"), members.get("key_ops")
    is_known = isinstance(algorithm, str) and algorithm in _ALGORITHMS.get(kind, ())
    if algorithm is not None and not is_known:
        raise KeyRefused("the JWK is for an algorithm that is not used", kind=kind)
    if members.get("use", "sig") != "sig":
        raise KeyRefused("the JWK is not for signatures")
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        raise KeyRefused("the JWK is not for verifying")


def _text(members: Mapping[str, JsonValue], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or len(value) > MEMBER_CHARS_MAX:
        raise KeyRefused("a member of the JWK is missing, or no text, or too long", member=name)
    return value


def _octets(members: Mapping[str, JsonValue], name: str) -> bytes:
    try:
        return decode(BASE64URL + _text(members, name))
    except MalformedText as error:
        raise KeyRefused("a member of the JWK is not base64url", member=name) from error


def _number(members: Mapping[str, JsonValue], name: str) -> int:
    octets = _octets(members, name)
    if octets[:1] in (b"", b"\x00"):
        raise KeyRefused("a number of the JWK is empty or has leading zeros", member=name)
    return int.from_bytes(octets, "big")


def _coordinate(members: Mapping[str, JsonValue], name: str) -> bytes:
    octets = _octets(members, name)
    if len(octets) != P256_COORDINATE_BYTES:
        raise KeyRefused("a coordinate of P-256 has 32 bytes", member=name, size_bytes=len(octets))
    return octets


def _minimal(number: int) -> str:
    return _written(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _written(octets: bytes) -> str:
    return encode(octets, BASE64URL)[1:]
