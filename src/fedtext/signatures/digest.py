"""The Digest header: that the signed fields speak of these very bytes.

The body is hashed as received, before any decoding (SEC-018).

Sources: RFC 3230 section 4.3.2; RFC 5843; SIG-03, SIG-04, SEC-041, SEC-172.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Sequence
from hmac import compare_digest

from ..errors import DigestMismatch
from .base64_text import parse_base64

_MEMBERS_COUNT_MAX = 8


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _sha512(body: bytes) -> bytes:
    return hashlib.sha512(body).digest()


_HASHES: dict[str, Callable[[bytes], bytes]] = {"sha-256": _sha256, "sha-512": _sha512}


def build_digest(body: bytes) -> str:
    """Build the value of the Digest header: one SHA-256 member.

    Interop: the token is in upper case, since PeerTube, Takahē and BookWyrm compare text (SIG-03).
    """
    return "SHA-256=" + binascii.b2a_base64(hashlib.sha256(body).digest(), newline=False).decode("ascii")


def verify_digest(values: Sequence[str], body: bytes) -> None:
    """Check the Digest header against the body.

    Members with hashes that we do not use are passed over; SHA-256 and SHA-512 may each stand once, one of them must,
    and each that stands must match.

    Args:
        values: Every value of the header, in order of arrival.
        body: The exact bytes.

    Raises:
        DigestMismatch: Absent, malformed, ambiguous, of no known hash, or of another body.
    """
    # As nearly everybody sends it.
    if len(values) == 1 and values[0].isascii() and compare_digest(values[0], build_digest(body)):
        return
    members = ",".join(values).split(",", _MEMBERS_COUNT_MAX) if values else []
    if not 1 <= len(members) <= _MEMBERS_COUNT_MAX:
        raise DigestMismatch("there is no Digest header, or it has too many members", members=len(members))
    found: dict[str, bytes] = {}
    for member in members:
        name, separator, encoded = member.strip(" \t").partition("=")
        name = name.lower()
        if not separator or not name:
            raise DigestMismatch("a member of the Digest header has no value", member=member)
        if name not in _HASHES:
            continue
        if name in found:
            raise DigestMismatch("the Digest header names one hash twice", hash=name)
        decoded = parse_base64(encoded)
        if decoded is None:
            raise DigestMismatch("the digest is not base64", digest=encoded)
        found[name] = decoded
    if not found:
        raise DigestMismatch("the Digest header has no SHA-256")
    for name, claimed in found.items():
        if not compare_digest(claimed, _HASHES[name](body)):
            raise DigestMismatch("the digest is of another body", hash=name)
