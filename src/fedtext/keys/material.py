"""Loaded keys as values: a public one that verifies, a private one that signs and keeps its secret.

Invariants: the algorithm belongs to the key, never to the message (CAV-06, SEC-039); `verify` raises and returns
nothing; a private key is in no `repr`, no exception and no pickle (SEC-170).

Example:
    >>> key = generate_ed25519()
    >>> key.public.verify(key.sign(b"hello"), b"hello")
"""

from __future__ import annotations

import base64
import hashlib
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from ..errors import AlgorithmRefused, LocalProtocolError, SignatureMismatch

if TYPE_CHECKING:
    # Not every `cryptography` that we run on has this module: see `keys.ml_dsa`.
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

PublicMaterial: TypeAlias = "RSAPublicKey | Ed25519PublicKey | EllipticCurvePublicKey | MLDSA44PublicKey"
PrivateMaterial: TypeAlias = "RSAPrivateKey | Ed25519PrivateKey | MLDSA44PrivateKey"

_PEM_LINE_CHARS: Final = 64  # RFC 7468 section 2
_P256_SCALAR_BYTES: Final = 32


class Algorithm(Enum):
    """What kind of key it is, and so which signatures it makes."""

    RSA = "rsa-v1_5"
    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"
    MLDSA44 = "mldsa44"

    __hash__ = object.__hash__  # members are single; what `Enum` has is made in Python


class HashName(Enum):
    """The hash under a signature by RSA or ECDSA; Ed25519 and ML-DSA have their own inside and take none."""

    SHA256 = "sha-256"
    SHA512 = "sha-512"


class RsaPadding(Enum):
    """How RSA fills what it signs up to the length of the modulus (RFC 8017 section 8)."""

    PKCS1_V15 = "pkcs1-v1_5"
    PSS = "pss"


class EcdsaForm(Enum):
    """How the two numbers of an ECDSA signature are written.

    `DER`: Ecdsa-Sig-Value of RFC 3279. `RAW`: r and s, 32 bytes each, as RFC 9421 and the cryptosuites of the W3C have.
    """

    DER = "der"
    RAW = "raw"


_HASHES: Final[dict[HashName, hashes.HashAlgorithm]] = {
    HashName.SHA256: hashes.SHA256(),
    HashName.SHA512: hashes.SHA512(),
}
# `hashlib` finds its hash in a tenth of the time that OpenSSL's signatures need for it.
_DIGESTS: Final = {HashName.SHA256: hashlib.sha256, HashName.SHA512: hashlib.sha512}
_PREHASHED: Final = {name: Prehashed(algorithm) for name, algorithm in _HASHES.items()}
_PREHASHED_SHA256: Final = _PREHASHED[HashName.SHA256]
_PKCS1: Final = PKCS1v15()
# To read a member of an `Enum` costs ten times what a global does, and each signature does it three times.
_RSA: Final = Algorithm.RSA
_SHA256: Final = HashName.SHA256
_PKCS1_V15: Final = RsaPadding.PKCS1_V15


@attrs.frozen
class PublicKey:
    """A public key that has passed import; two are equal when their material is.

    Made by `keys.policy`. `der` is the SubjectPublicKeyInfo, `material` the same thing loaded.
    """

    algorithm: Algorithm
    der: bytes = attrs.field(repr=False)
    material: PublicMaterial = attrs.field(eq=False, repr=False)

    @classmethod
    def of(cls, material: PublicMaterial) -> PublicKey:
        """Wrap loaded material; it is not judged here (see `keys.policy`)."""
        der = material.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return cls(_algorithm_of(material), der, material)

    def verify(
        self,
        signature: bytes,
        data: bytes,
        *,
        hash_name: HashName = HashName.SHA256,
        padding: RsaPadding = RsaPadding.PKCS1_V15,
        form: EcdsaForm = EcdsaForm.DER,
    ) -> None:
        """Check a signature over data; options for other kinds of keys are not looked at.

        Args:
            signature: RSA: as long as the modulus; Ed25519: 64 bytes; P-256: as `form` says; ML-DSA-44: 2420 bytes.
            data: The exact bytes that were signed.
            hash_name: For RSA and ECDSA.
            padding: For RSA. PSS is that of RFC 9421 section 3.3.1: MGF1 with the same hash, salt as long as the hash.
            form: For ECDSA.

        Raises:
            SignatureMismatch: It is not this key's signature over this data.
        """
        material = self.material
        try:
            # Nearly every signature is of this kind; `algorithm` is asked at a fifth of what `isinstance` costs.
            if self.algorithm is _RSA and hash_name is _SHA256 and padding is _PKCS1_V15:
                usual: Any = material
                usual.verify(signature, hashlib.sha256(data).digest(), _PKCS1, _PREHASHED_SHA256)
            elif isinstance(material, RSAPublicKey):
                digest, prehashed = _DIGESTS[hash_name](data).digest(), _PREHASHED[hash_name]
                material.verify(signature, digest, _padding(padding, hash_name), prehashed)
            elif isinstance(material, EllipticCurvePublicKey):
                material.verify(_ecdsa_der(signature, form), data, ECDSA(_HASHES[hash_name]))
            else:
                material.verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise SignatureMismatch("the signature does not verify under the key", key=self.fingerprint) from error

    @property
    def raw(self) -> bytes:
        """The key without its armour, as a Multikey has it.

        Ed25519 and ML-DSA-44: 32 and 1312 bytes. P-256: the compressed point, 33 bytes. RSA: the DER of PKCS#1.
        """
        encoding, form = _RAW_FORMS[self.algorithm]
        return self.material.public_bytes(encoding, form)

    @property
    def size_bits(self) -> int:
        """Bits: of the modulus for RSA, of the field for P-256, of the key as it is written for the others."""
        material = self.material
        if isinstance(material, RSAPublicKey | EllipticCurvePublicKey):
            return material.key_size
        return 8 * len(self.raw)

    @property
    def pem(self) -> str:
        r"""The SubjectPublicKeyInfo as PEM, lines of 64 ended by "\n" (SIG-23)."""
        text = base64.b64encode(self.der).decode("ascii")
        lines = [text[start : start + _PEM_LINE_CHARS] for start in range(0, len(text), _PEM_LINE_CHARS)]
        return "\n".join(("-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()


class PrivateKey:
    """A private key of ours: signs, gives its public half, and shows itself to nobody.

    Made by `keys.pem`; the secret leaves only through `pem`, which is asked for by name.
    """

    __slots__ = ("_material", "public")

    public: PublicKey

    def __init__(self, material: PrivateMaterial) -> None:
        self._material = material
        self.public = PublicKey.of(material.public_key())

    @property
    def algorithm(self) -> Algorithm:
        """What kind of key it is."""
        return self.public.algorithm

    def sign(self, data: bytes, *, hash_name: HashName = HashName.SHA256) -> bytes:
        """Sign data: RSASSA-PKCS1-v1_5 over the hash, Ed25519, or ML-DSA-44 with an empty context.

        Raises:
            AlgorithmRefused: A hash other than the default one for Ed25519 or ML-DSA, which take none.
        """
        if isinstance(self._material, RSAPrivateKey):
            return self._material.sign(_DIGESTS[hash_name](data).digest(), _PKCS1, _PREHASHED[hash_name])
        if hash_name is not HashName.SHA256:
            raise AlgorithmRefused("this kind of key takes no hash", hash_name=hash_name.value)
        return self._material.sign(data)

    def pem(self, passphrase: bytes | None = None) -> str:
        """Give the secret as PKCS#8 PEM, encrypted when there is a passphrase.

        Raises:
            LocalProtocolError: The passphrase is empty.
        """
        if passphrase == b"":
            raise LocalProtocolError("an empty passphrase encrypts nothing; give None to write the key in the clear")
        encryption: serialization.KeySerializationEncryption = (
            serialization.NoEncryption() if passphrase is None else serialization.BestAvailableEncryption(passphrase)
        )
        written = self._material.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        return written.decode("ascii")

    def __repr__(self) -> str:
        """Name the public half only."""
        return f"PrivateKey({self.algorithm.name}, public={self.public.fingerprint[:16]})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: queue payloads and caches must not hold secrets."""
        raise LocalProtocolError("a private key is never serialized; store its PEM where secrets are kept")


_RAW_FORMS: Final = {
    Algorithm.RSA: (serialization.Encoding.DER, serialization.PublicFormat.PKCS1),
    Algorithm.ED25519: (serialization.Encoding.Raw, serialization.PublicFormat.Raw),
    Algorithm.ECDSA_P256: (serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint),
    Algorithm.MLDSA44: (serialization.Encoding.Raw, serialization.PublicFormat.Raw),
}


def _algorithm_of(material: PublicMaterial) -> Algorithm:
    if isinstance(material, RSAPublicKey):
        return Algorithm.RSA
    if isinstance(material, Ed25519PublicKey):
        return Algorithm.ED25519
    return Algorithm.ECDSA_P256 if isinstance(material, EllipticCurvePublicKey) else Algorithm.MLDSA44


def _padding(padding: RsaPadding, hash_name: HashName) -> PKCS1v15 | PSS:
    if padding is RsaPadding.PKCS1_V15:
        return _PKCS1
    chosen = _HASHES[hash_name]
    return PSS(MGF1(chosen), chosen.digest_size)


def _ecdsa_der(signature: bytes, form: EcdsaForm) -> bytes:
    """Give the form that OpenSSL reads; it refuses BER, and numbers out of range, by itself.

    Raises:
        ValueError: Not twice 32 bytes.
    """
    if form is EcdsaForm.DER:
        return signature
    if len(signature) != 2 * _P256_SCALAR_BYTES:
        raise ValueError("r and s have 32 bytes each")
    r, s = signature[:_P256_SCALAR_BYTES], signature[_P256_SCALAR_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
