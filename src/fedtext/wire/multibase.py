r"""Multibase and multicodec: keys and signatures as one word of text.

Decides which texts name bytes and which bytes name a key of a known kind; refuses to know whether a key is a good one.

Invariants:
    - two encodings are read, base58btc ("z") and base64url without padding ("u"); keys are in base58btc, as FEP-521a
      wants them, but for ML-DSA, whose cryptosuites write base64url and of whose keys both are met;
    - one sequence of bytes has one text in each encoding: padding, spare bits and other spellings are refused;
    - a key has exactly the prefix and the length of its kind; a secret key is never taken for a public one;
    - at most `TEXT_CHARS_MAX` characters are read, since time for base58 grows with the square of the length;
    - no error holds the text: it may be a secret;
    - reading raises `MalformedText` and `LimitExceeded`, writing `LocalProtocolError`.

Example:
    >>> decode("zCn8eVZg")
    b'hello'
    >>> decode_key(encode_key(Codec.ED25519_PUBLIC, bytes(32))) == (Codec.ED25519_PUBLIC, bytes(32))
    True

Sources: Controlled Identifiers 1.0 section 2.4 (Multibase) and 2.2.2 (Multikey); FEP-521a; unsigned-varint; JLD-13;
    SEC-078.
"""

from __future__ import annotations

import base64
import binascii
from enum import Enum
from typing import Final, Literal, TypeAlias, assert_never

from ..errors import LimitExceeded, LocalProtocolError, MalformedText

Encoding: TypeAlias = Literal["z", "u"]

BASE58BTC: Final = "z"
BASE64URL: Final = "u"
# The longest honest text is a signature by ML-DSA-44: 2420 bytes, 3305 characters in base58btc.
TEXT_CHARS_MAX: Final = 4_096
DATA_BYTES_MAX: Final = 2_998

_ALPHABET = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_NO_DIGIT = 255
_DIGITS = bytes(_ALPHABET.index(byte) if byte in _ALPHABET else _NO_DIGIT for byte in range(256))
# Ten digits at a time: 58 ** 10 fits into 64 bits, and long division is done a tenth as often.
_STEP_DIGITS = 10
_STEP = 58**_STEP_DIGITS
# Two digits at once, the lower one first.
_HALF = 58 ** (_STEP_DIGITS // 2)
_SINGLES = [bytes((digit,)) for digit in _ALPHABET]
_PAIR = 58 * 58
_PAIR_SQUARED = _PAIR * _PAIR
_PAIRS = [bytes((low, high)) for high in _ALPHABET for low in _ALPHABET]


class Codec(Enum):
    """A kind of key: its multicodec code, and the least and greatest length of a key in bytes.

    RSA keys are PKCS #1 structures of 2048 to 8192 bits, P-256 keys compressed points.
    """

    X25519_PUBLIC = (0xEC, 32, 32)
    ED25519_PUBLIC = (0xED, 32, 32)
    P256_PUBLIC = (0x1200, 33, 33)
    RSA_PUBLIC = (0x1205, 268, 1_040)
    MLDSA44_PUBLIC = (0x1210, 1_312, 1_312)
    ED25519_SECRET = (0x1300, 32, 32)
    X25519_SECRET = (0x1302, 32, 32)
    RSA_SECRET = (0x1305, 1_000, 2_900)
    P256_SECRET = (0x1306, 32, 32)
    MLDSA44_SECRET = (0x1317, 2_560, 2_560)
    MLDSA44_SEED = (0x131A, 32, 32)

    @property
    def code(self) -> int:
        """Give the number that the table of multicodecs has."""
        return self.value[0]

    @property
    def prefix(self) -> bytes:
        """Give what stands before the key: the code as an unsigned varint."""
        return _varint(self.code)

    @property
    def is_secret(self) -> bool:
        """Tell whether such a key must not be shown."""
        return 0x1300 <= self.code < 0x1400

    def fits(self, length_bytes: int) -> bool:
        """Tell whether a key of this kind can be so long."""
        return self.value[1] <= length_bytes <= self.value[2]


def decode(text: str) -> bytes:
    """Read bytes from their text.

    Args:
        text: "z" and base58btc, or "u" and base64url without padding.

    Returns:
        The bytes, perhaps none.

    Raises:
        MalformedText: Another encoding, a character that it does not have, or a spelling that we would not write.
        LimitExceeded: More than `TEXT_CHARS_MAX` characters.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise LimitExceeded("the text is too long", limit="TEXT_CHARS_MAX", value=len(text))
    try:
        encoded = text[1:].encode("ascii")
    except UnicodeEncodeError as error:
        raise MalformedText("a character that no encoding has") from error
    match text[:1]:
        case "z":
            return _from_base58(encoded)
        case "u":
            return _from_base64url(encoded)
        case _:
            raise MalformedText("neither base58btc nor base64url", encoding=text[:1])


def encode(data: bytes, encoding: Encoding = BASE58BTC) -> str:
    """Write bytes as text.

    Args:
        data: At most `DATA_BYTES_MAX` bytes.
        encoding: `BASE58BTC` or `BASE64URL`.

    Returns:
        Text that `decode` reads.

    Raises:
        LocalProtocolError: Too many bytes.
    """
    if len(data) > DATA_BYTES_MAX:
        raise LocalProtocolError("too many bytes", limit="DATA_BYTES_MAX", value=len(data))
    match encoding:
        case "z":
            return BASE58BTC + _to_base58(data).decode("ascii")
        case "u":
            return BASE64URL + _to_base64url(data).decode("ascii")
        case _:
            assert_never(encoding)


def decode_key(text: str) -> tuple[Codec, bytes]:
    """Read a public key from its text, as in `publicKeyMultibase`.

    Args:
        text: "z" and base58btc of the prefix and the key; for ML-DSA also "u" and base64url.

    Returns:
        The kind and the raw bytes of the key, for RSA the DER of PKCS #1.

    Raises:
        MalformedText: Another encoding, an unknown kind, a secret key, or one that is too short or too long.
        LimitExceeded: More than `TEXT_CHARS_MAX` characters.

    Sources:
        Controlled Identifiers 1.0 section 2.2.2; draft "Quantum-Resistant Cryptosuites" of the W3C; SEC-078.
    """
    codec, key = _key(text)
    if codec.is_secret:
        raise MalformedText("a secret key where a public one belongs", codec=codec.name)
    return codec, key


def decode_secret_key(text: str) -> tuple[Codec, bytes]:
    """Read a secret key from its text, as in `secretKeyMultibase`.

    Args:
        text: As in `decode_key`.

    Returns:
        The kind and the raw bytes of the key.

    Raises:
        MalformedText: Another encoding, an unknown kind, a public key, or one that is too short or too long.
        LimitExceeded: More than `TEXT_CHARS_MAX` characters.
    """
    codec, key = _key(text)
    if not codec.is_secret:
        raise MalformedText("a public key where a secret one belongs", codec=codec.name)
    return codec, key


def encode_key(codec: Codec, key: bytes, encoding: Encoding = BASE58BTC) -> str:
    """Write a key as text.

    Args:
        codec: Its kind.
        key: Raw bytes, for RSA the DER of PKCS #1.
        encoding: `BASE64URL` only for kinds that are read so.

    Returns:
        Text that `decode_key` or `decode_secret_key` reads.

    Raises:
        LocalProtocolError: The key is too short or too long for its kind, or the kind is not written so.
    """
    if not codec.fits(len(key)):
        raise LocalProtocolError("the key has a wrong length", codec=codec.name, length_bytes=len(key))
    if encoding not in _encodings(codec):
        raise LocalProtocolError("this kind of key is in base58btc", codec=codec.name)
    return encode(codec.prefix + key, encoding)


def _encodings(codec: Codec) -> str:
    return BASE58BTC + BASE64URL if codec in _ML_DSA else BASE58BTC


def _key(text: str) -> tuple[Codec, bytes]:
    data = decode(text)
    # The prefixes are canonical and none begins another: at most one fits, and never a varint with idle zeros.
    for prefix, codec in _PREFIXES.items():
        if data.startswith(prefix):
            key = data[len(prefix) :]
            if not codec.fits(len(key)):
                raise MalformedText("the key has a wrong length", codec=codec.name, length_bytes=len(key))
            if text[0] not in _encodings(codec):
                raise MalformedText("this kind of key is in base58btc", codec=codec.name)
            return codec, key
    raise MalformedText("a key of an unknown kind", prefix=data[:3].hex())


def _varint(number: int) -> bytes:
    """Write seven bits a byte, the lowest first; the highest bit says that more follow."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _from_base58(encoded: bytes) -> bytes:
    digits = encoded.translate(_DIGITS)
    if _NO_DIGIT in digits:
        raise MalformedText("a character that base58btc does not have")
    number = 0
    for start in range(0, len(digits), _STEP_DIGITS):
        step = digits[start : start + _STEP_DIGITS]
        part = 0
        for digit in step:
            part = part * 58 + digit
        number = number * 58 ** len(step) + part
    zeros = len(digits) - len(digits.lstrip(b"\x00"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _to_base58(data: bytes) -> bytes:
    number = int.from_bytes(data, "big")
    digits: list[bytes] = []  # the lowest ones first
    while number:
        number, part = divmod(number, _STEP)
        high, low = divmod(part, _HALF)  # small enough for the fast arithmetic of Python
        digits += (_PAIRS[low % _PAIR], _PAIRS[low // _PAIR % _PAIR], _SINGLES[low // _PAIR_SQUARED])
        digits += (_PAIRS[high % _PAIR], _PAIRS[high // _PAIR % _PAIR], _SINGLES[high // _PAIR_SQUARED])
    zeros = len(data) - len(data.lstrip(b"\x00"))
    return _ALPHABET[:1] * zeros + b"".join(digits)[::-1].lstrip(_ALPHABET[:1])


def _from_base64url(encoded: bytes) -> bytes:
    try:
        data = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise MalformedText("not base64url") from error
    # Spare bits, and "+" and "/", which Python takes for "-" and "_" too, would be second spellings.
    if _to_base64url(data) != encoded:
        raise MalformedText("not base64url in its one spelling")
    return data


def _to_base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


_ML_DSA: Final = frozenset({Codec.MLDSA44_PUBLIC, Codec.MLDSA44_SECRET, Codec.MLDSA44_SEED})
_PREFIXES: Final = {codec.prefix: codec for codec in Codec}
