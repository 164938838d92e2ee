"""Multikey: a key as one word of text, as in `publicKeyMultibase` and `secretKeyMultibase` (FEP-521a).

Decides which Multikeys are read; whether the key inside is good enough is for `keys.policy` to say, and how it is
spelled for `wire.multibase`.

Invariants: one key has one text in each encoding: RSA is in the DER of PKCS#1, P-256 a compressed point; a secret
Multikey is never taken for a public one, and no error holds a text (SEC-078, SEC-170).

Example:
    >>> key = parse_multikey("z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd")
    >>> key.algorithm.name, build_multikey(key)
    ('ED25519', 'z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd')

Sources: Controlled Identifiers 1.0 section 2.2.2; FEP-521a.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ..config import SignaturePolicy
from ..errors import ConfigurationError, KeyRefused, LimitExceeded, MalformedText
from ..wire.multibase import BASE58BTC, BASE64URL, Codec, Encoding, decode_key, decode_secret_key, encode_key
from . import ml_dsa
from .material import Algorithm, PrivateKey, PublicKey
from .pem import own_private
from .policy import admit_ed25519, admit_ml_dsa, admit_p256, admit_pkcs1

_CODECS: Final[Mapping[Algorithm, Codec]] = {
    Algorithm.RSA: Codec.RSA_PUBLIC,
    Algorithm.ED25519: Codec.ED25519_PUBLIC,
    Algorithm.ECDSA_P256: Codec.P256_PUBLIC,
    Algorithm.MLDSA44: Codec.MLDSA44_PUBLIC,
}
_ADMIT: Final[Mapping[Codec, Callable[[bytes], PublicKey]]] = {
    Codec.ED25519_PUBLIC: admit_ed25519,
    Codec.P256_PUBLIC: admit_p256,
    Codec.MLDSA44_PUBLIC: admit_ml_dsa,
}


def parse_multikey(text: object, policy: SignaturePolicy | None = None) -> PublicKey:
    """Read the public key in a `publicKeyMultibase`.

    Args:
        text: As it stood in the document; any type. "z" and base58btc; for ML-DSA-44 also "u" and base64url.
        policy: Bounds of the RSA modulus in bits (default: 2048 to 8192).

    Raises:
        KeyRefused: Anything else: other encodings and spellings, secret keys, X25519, P-384 and other kinds, a wrong
            length, a key that the policy does not take.
        AlgorithmRefused: ML-DSA-44, which the installed `cryptography` lacks.

    Sources:
        FEP-521a; SEC-074, SEC-075, SEC-078.
    """
    if not isinstance(text, str):
        raise KeyRefused("a Multikey is text", kind=type(text).__name__)
    try:
        codec, key = decode_key(text)
    except (MalformedText, LimitExceeded) as error:
        raise KeyRefused("this is no Multikey of a public key", reason=error.message) from error
    if codec is Codec.RSA_PUBLIC:
        return admit_pkcs1(key, policy)
    if codec not in _ADMIT:
        raise KeyRefused("this kind of key signs nothing", codec=codec.name)
    return _ADMIT[codec](key)


def build_multikey(public: PublicKey, *, encoding: Encoding | None = None) -> str:
    """Write a public key as `publicKeyMultibase`.

    Args:
        public: Of any kind.
        encoding: Default: base58btc, as FEP-521a wants it; for ML-DSA-44 base64url, as its cryptosuites want it.

    Raises:
        LocalProtocolError: An RSA key that is longer or shorter than peers take; base64url for a kind that is not
            read so.
    """
    if encoding is None:
        encoding = BASE64URL if public.algorithm is Algorithm.MLDSA44 else BASE58BTC
    return encode_key(_CODECS[public.algorithm], public.raw, encoding)


def load_secret_multikey(text: str) -> PrivateKey:
    """Read a private key of our own from a `secretKeyMultibase`: Ed25519, the seed of ML-DSA-44, RSA.

    Raises:
        ConfigurationError: It cannot be read, or is of a kind with which we do not sign. The text is neither in the
            message nor in the context.
        AlgorithmRefused: ML-DSA-44, which the installed `cryptography` lacks.
    """
    try:
        codec, key = decode_secret_key(text)
    except (MalformedText, LimitExceeded):
        # Threat: causes may quote the input, so that they are cut off (SEC-170).
        raise ConfigurationError("the secret key cannot be read: give one secretKeyMultibase") from None
    if codec is Codec.ED25519_SECRET:
        return PrivateKey(Ed25519PrivateKey.from_private_bytes(key))
    if codec is Codec.MLDSA44_SEED:
        return PrivateKey(ml_dsa.load_seed(key))
    if codec is not Codec.RSA_SECRET:
        raise ConfigurationError("an own key is RSA, Ed25519 or the seed of ML-DSA-44", codec=codec.name)
    try:
        material = load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError("the secret RSA key cannot be read: give the DER of PKCS#1") from None
    return own_private(material)
