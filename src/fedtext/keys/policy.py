"""The one policy through which every public key comes in, whatever it was written as.

PEM, Multikey, did:key and JWK each take their own armour off; what is inside is judged here and nowhere else: which
kinds, which sizes, which exponents, which points (SEC-074, SEC-075, SEC-077).

Invariants: sizes are checked before anything is computed with them; a `PublicKey` is made only by a function of this
module, or from our own private key; every refusal is `KeyRefused`, and `AlgorithmRefused` where the installed
`cryptography` lacks an algorithm that we would take.

Sources: RFC 8017 (RSA), RFC 8032 (Ed25519), RFC 5480 and SEC 1 (P-256), FIPS 204 (ML-DSA).
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ..config import SignaturePolicy
from ..errors import KeyRefused
from . import ml_dsa
from .edwards import check_point
from .material import PublicKey, PublicMaterial

RSA_EXPONENT_MIN: Final = 3
RSA_EXPONENT_MAX: Final = 2**32 - 1  # measured: an exponent of 3072 bits makes a verification 300 times dearer

# RFC 4055 section 1.2: a key under this identifier must not be used with PKCS1-v1_5, which is what peers sign with.
_RSA_PSS_OID: Final = bytes.fromhex("06092a864886f70d01010a")
# RFC 5480 section 2.1.1: id-ecPublicKey with the curve by its name. A curve that is written out may have another base
# point, under which anybody can make a private key for a given public one (CVE-2020-0601).
_P256_IDENTIFIER: Final = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
_P256_IDENTIFIER_AT: Final = 2  # behind tag and length of the outer sequence, which is shorter than 128 bytes
_IDENTIFIER_WITHIN_BYTES: Final = 32


def admit_der(der: bytes, policy: SignaturePolicy | None = None) -> PublicKey:
    """Judge a key in DER: a SubjectPublicKeyInfo of any kind that we take, or the RSAPublicKey of PKCS#1.

    Args:
        der: Exactly the structure, nothing behind it; its size is bounded by the caller.
        policy: Bounds of the RSA modulus in bits (default: 2048 to 8192).

    Raises:
        KeyRefused: It cannot be read, or is of a kind, size or shape that is not taken.
    """
    if _RSA_PSS_OID in der[:_IDENTIFIER_WITHIN_BYTES]:
        raise KeyRefused("an RSASSA-PSS key cannot be used for these signatures")
    try:
        material = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyRefused("this is no public key that can be read") from error
    if isinstance(material, rsa.RSAPublicKey):
        numbers = material.public_numbers()
        _check_rsa(numbers.n, numbers.e, policy)
        return PublicKey.of(material)
    if isinstance(material, ed25519.Ed25519PublicKey):
        return admit_ed25519(material.public_bytes(Encoding.Raw, PublicFormat.Raw))
    if isinstance(material, ec.EllipticCurvePublicKey) and der.startswith(_P256_IDENTIFIER, _P256_IDENTIFIER_AT):
        return PublicKey.of(material)
    if ml_dsa.is_material(material):
        return admit_ml_dsa(material.public_bytes(Encoding.Raw, PublicFormat.Raw))
    raise KeyRefused("only RSA, Ed25519, P-256 and ML-DSA-44 keys are used", kind=type(material).__name__)


def admit_pkcs1(der: bytes, policy: SignaturePolicy | None = None) -> PublicKey:
    """Judge an RSA key as Multikey has it: the RSAPublicKey of PKCS#1 in DER, and no other way to write the same key.

    Args:
        der: As in `admit_der`.
        policy: As in `admit_der`.

    Raises:
        KeyRefused: A SubjectPublicKeyInfo, BER that is not DER, or a key that is not taken.
    """
    key = admit_der(der, policy)
    if key.raw != der or not isinstance(key.material, rsa.RSAPublicKey):
        raise KeyRefused("this is no RSA key in the DER of PKCS#1")
    return key


def admit_rsa(modulus: int, exponent: int, policy: SignaturePolicy | None = None) -> PublicKey:
    """Judge an RSA key by its numbers.

    Raises:
        KeyRefused: The modulus is even or outside the bounds of the policy, the exponent is even or not between
            3 and 2³² - 1.
    """
    _check_rsa(modulus, exponent, policy)
    return PublicKey.of(rsa.RSAPublicNumbers(exponent, modulus).public_key())


def admit_ed25519(encoded: bytes) -> PublicKey:
    """Judge an Ed25519 key by its 32 bytes.

    Raises:
        KeyRefused: Another length, not canonical, not on the curve, or of small order (SEC-075).
    """
    check_point(encoded)
    return PublicKey.of(ed25519.Ed25519PublicKey.from_public_bytes(encoded))


def admit_p256(encoded: bytes) -> PublicKey:
    """Judge a P-256 key by its point: compressed, 33 bytes, or uncompressed, 65 bytes (SEC 1 section 2.3.3).

    Raises:
        KeyRefused: Another length or form, the point at infinity, a coordinate outside the field, or not on the curve.
    """
    try:
        material = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encoded)
    except ValueError as error:
        raise KeyRefused("this is no point of P-256") from error
    return PublicKey.of(material)


def admit_ml_dsa(encoded: bytes) -> PublicKey:
    """Judge an ML-DSA-44 key by its 1312 bytes; each such sequence is a key.

    Raises:
        KeyRefused: Another length.
        AlgorithmRefused: The installed `cryptography` lacks the algorithm.
    """
    if len(encoded) != ml_dsa.PUBLIC_BYTES:
        raise KeyRefused("an ML-DSA-44 key has 1312 bytes", size_bytes=len(encoded))
    material: PublicMaterial = ml_dsa.load_public(encoded)
    return PublicKey.of(material)


def _check_rsa(modulus: int, exponent: int, policy: SignaturePolicy | None) -> None:
    bounds, bits = policy or SignaturePolicy(), modulus.bit_length()
    if not bounds.rsa_bits_min <= bits <= bounds.rsa_bits_max:
        raise KeyRefused("the RSA modulus is too short or too long", bits=bits)
    if modulus % 2 == 0:
        raise KeyRefused("the RSA modulus is even")
    if exponent % 2 == 0 or not RSA_EXPONENT_MIN <= exponent <= RSA_EXPONENT_MAX:
        raise KeyRefused("the RSA exponent is not an odd number from 3 to 2**32 - 1", bits=exponent.bit_length())
