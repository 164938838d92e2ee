"""PEM to keys: what is taken from a remote document, and how our own keys are read.

Decides which armour is read (SEC-077); whether the key inside is good enough is for `keys.policy` to say. The armour is
read by a grammar of our own, so that exactly one block of a public kind, and nothing around it, reaches the parser of
keys.

Invariants: a remote text with anything private in it is refused, not stored; size is checked before parsing; every
refusal is `KeyRefused`. Our own keys are trusted material: their validation, 35 ms for RSA, is skipped.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ..config import SignaturePolicy
from ..errors import ConfigurationError, KeyRefused
from . import ml_dsa
from .material import PrivateKey, PrivateMaterial, PublicKey
from .policy import admit_der

# The PEM of an RSA key of 8192 bits has some 1,500 characters, that of ML-DSA-44 some 1,900.
PEM_CHARS_MAX: Final = 8_192
RSA_OWN_BITS_MIN: Final = 2_048

_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")  # RFC 7468 section 13; PKCS#1 (RFC 8017 appendix A.1.1)
_WHITE_SPACE = " \t\r\n"
_WITHOUT_WHITE_SPACE = str.maketrans("", "", _WHITE_SPACE)


def load_public_pem(text: object, policy: SignaturePolicy | None = None) -> PublicKey:
    """Read one public key: SubjectPublicKeyInfo or PKCS#1 in PEM; RSA, Ed25519, P-256 or ML-DSA-44.

    Args:
        text: As it stood in the document; any type. CRLF, missing line breaks and outer white space are tolerated.
        policy: Bounds of the RSA modulus in bits (default: 2048 to 8192).

    Raises:
        KeyRefused: Anything else: private keys, certificates, two blocks, other text, other algorithms, RSA outside
            the bounds or with an odd exponent outside 3 … 2³² - 1, Ed25519 points of small order.

    Sources:
        RFC 7468; SIG-23; SEC-074, SEC-075, SEC-077.
    """
    return admit_der(_unarmoured(text), policy)


def load_private_pem(text: str | bytes, passphrase: bytes | None = None) -> PrivateKey:
    """Read a private key of our own: PKCS#8 or PKCS#1 in PEM; RSA of at least 2048 bits, Ed25519, ML-DSA-44.

    Raises:
        ConfigurationError: It cannot be read, is encrypted otherwise than the passphrase says, or is too weak.
            The text is neither in the message nor in the context.
    """
    try:
        data = text.encode("ascii") if isinstance(text, str) else text
        material = load_pem_private_key(data, passphrase, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Threat: the causes of these errors may quote the input, so that they are cut off (SEC-170).
        raise ConfigurationError("the private key cannot be read: give one PKCS#8 PEM and its passphrase") from None
    return own_private(material)


def own_private(material: object) -> PrivateKey:
    """Take loaded private material as a key of our own.

    Raises:
        ConfigurationError: RSA of fewer than 2048 bits, or a kind with which we do not sign (as P-256).
    """
    if isinstance(material, rsa.RSAPrivateKey):
        if material.key_size < RSA_OWN_BITS_MIN:
            raise ConfigurationError("an own RSA key needs at least 2048 bits", bits=material.key_size)
        return PrivateKey(material)
    if isinstance(material, ed25519.Ed25519PrivateKey) or ml_dsa.is_material(material):
        return PrivateKey(cast(PrivateMaterial, material))
    raise ConfigurationError("an own key is RSA, Ed25519 or ML-DSA-44", kind=type(material).__name__)


def generate_rsa(bits: int = RSA_OWN_BITS_MIN) -> PrivateKey:
    """Make a new RSA key with exponent 65537.

    Raises:
        ConfigurationError: Fewer than 2048 or more than 8192 bits: peers would refuse it.
    """
    if not RSA_OWN_BITS_MIN <= bits <= SignaturePolicy().rsa_bits_max:
        raise ConfigurationError("an RSA key has 2048 to 8192 bits", bits=bits)
    return PrivateKey(rsa.generate_private_key(public_exponent=65_537, key_size=bits))


def generate_ed25519() -> PrivateKey:
    """Make a new Ed25519 key."""
    return PrivateKey(ed25519.Ed25519PrivateKey.generate())


def generate_ml_dsa() -> PrivateKey:
    """Make a new ML-DSA-44 key.

    Raises:
        AlgorithmRefused: The installed `cryptography` lacks the algorithm.
    """
    return PrivateKey(ml_dsa.generate())


def _unarmoured(text: object) -> bytes:
    """Give the DER in the one PEM block that the text is."""
    if not isinstance(text, str):
        raise KeyRefused("a PEM is text", kind=type(text).__name__)
    if len(text) > PEM_CHARS_MAX:
        raise KeyRefused("the PEM is too long", size_chars=len(text))
    block = text.strip(_WHITE_SPACE)
    for label in _LABELS:
        begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
        if block.startswith(begin) and block.endswith(end) and len(block) > len(begin) + len(end):
            inner = block[len(begin) : -len(end)]
            break
    else:
        raise KeyRefused("the text is not one PEM block of a public key")
    try:
        # A second block would bring hyphens, and headers would bring colons: strict base64 refuses both.
        return base64.b64decode(inner.translate(_WITHOUT_WHITE_SPACE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRefused("the PEM is not base64") from error
