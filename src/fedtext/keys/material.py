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
from typing import NoReturn, TypeAlias

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from ..errors import AlgorithmRefused, LocalProtocolError, SignatureMismatch

PublicMaterial: TypeAlias = RSAPublicKey | Ed25519PublicKey
PrivateMaterial: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

_PEM_LINE_CHARS = 64  # RFC 7468 section 2


class Algorithm(Enum):
    """What kind of key it is, and so which signatures it makes."""

    RSA = "rsa-v1_5"
    ED25519 = "ed25519"


class HashName(Enum):
    """The hash under an RSA signature; Ed25519 has its own inside and takes none."""

    SHA256 = "sha-256"
    SHA512 = "sha-512"


_HASHES: dict[HashName, hashes.HashAlgorithm] = {
    HashName.SHA256: hashes.SHA256(),
    HashName.SHA512: hashes.SHA512(),
}


@attrs.frozen
class PublicKey:
    """A public key that has passed import; two are equal when their material is.

    Made by `keys.pem`. `der` is the SubjectPublicKeyInfo, `material` the same thing loaded.
    """

    algorithm: Algorithm
    der: bytes = attrs.field(repr=False)
    material: PublicMaterial = attrs.field(eq=False, repr=False)

    @classmethod
    def of(cls, material: PublicMaterial) -> PublicKey:
        """Wrap loaded material; it is not judged here (see `keys.pem`)."""
        der = material.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return cls(Algorithm.RSA if isinstance(material, RSAPublicKey) else Algorithm.ED25519, der, material)

    def verify(self, signature: bytes, data: bytes, *, hash_name: HashName = HashName.SHA256) -> None:
        """Check a signature over data.

        Args:
            signature: RSASSA-PKCS1-v1_5 as long as the modulus, or 64 bytes of Ed25519.
            data: The exact bytes that were signed.
            hash_name: For RSA; not looked at for Ed25519.

        Raises:
            SignatureMismatch: It is not this key's signature over this data.
        """
        try:
            if isinstance(self.material, RSAPublicKey):
                self.material.verify(signature, data, PKCS1v15(), _HASHES[hash_name])
            else:
                self.material.verify(signature, data)
        except (InvalidSignature, ValueError) as error:
            raise SignatureMismatch("the signature does not verify under the key", key=self.fingerprint) from error

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
        """Sign data: RSASSA-PKCS1-v1_5 over the hash, or Ed25519.

        Raises:
            AlgorithmRefused: A hash other than the default one for Ed25519, which takes none.
        """
        if isinstance(self._material, RSAPrivateKey):
            return self._material.sign(data, PKCS1v15(), _HASHES[hash_name])
        if hash_name is not HashName.SHA256:
            raise AlgorithmRefused("Ed25519 takes no hash", hash_name=hash_name.value)
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
