"""The Content-Digest field: that what is signed speaks of these very bytes.

Decides which hashes count and what a field must look like; knows nothing of signatures. The successor of `digest`.

Invariants:
    - SHA-256 and SHA-512 are checked, each that stands and at least one; a wrong one is never outvoted by a right one;
    - members with other hashes say nothing and are passed over, whatever they hold; among them are the weak ones;
    - what is malformed, unsupported and mismatched are three errors.

Example:
    >>> build_content_digest(b"hello")
    'sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:'

Sources: RFC 9530 sections 2, 5 and 6.6; RFC 9651 section 3.2; CD-01 to CD-04; SEC-051, SEC-057.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from hmac import compare_digest
from typing import Final

from ..errors import DigestMalformed, DigestMismatch, DigestUnsupported, LimitExceeded, MalformedText
from ..wire.structured_fields import Item, parse_dictionary

FIELD_CHARS_MAX: Final = 2_048


def _sha256(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _sha512(body: bytes) -> bytes:
    return hashlib.sha512(body).digest()


HASHES: Final[Mapping[str, Callable[[bytes], bytes]]] = {"sha-256": _sha256, "sha-512": _sha512}


def build_content_digest(body: bytes) -> str:
    """Build the value of the Content-Digest field: one SHA-256 member.

    Args:
        body: The content as it is sent, after any content coding (CD-01).

    Sources:
        RFC 9530 section 2. Peers read only `sha-256`.
    """
    return f"sha-256=:{binascii.b2a_base64(hashlib.sha256(body).digest(), newline=False).decode('ascii')}:"


def verify_content_digest(values: Sequence[str], body: bytes) -> None:
    """Check the Content-Digest field against the content.

    Args:
        values: Every value of the field, in order of arrival.
        body: The exact bytes, before any decoding.

    Raises:
        DigestMalformed: Too long, no dictionary, or a known hash with something else than bytes.
        DigestUnsupported: Absent, or without both SHA-256 and SHA-512.
        DigestMismatch: A digest is of another body, or of another length than its hash.

    Sources:
        RFC 9530 section 2; SEC-057: all known members must match.
    """
    # As nearly everybody sends it.
    if len(values) == 1 and values[0].isascii() and compare_digest(values[0], build_content_digest(body)):
        return
    found = _parse(", ".join(values))
    if not found:
        raise DigestUnsupported("the Content-Digest field has neither sha-256 nor sha-512")
    for name, digest in found.items():
        if not compare_digest(digest, HASHES[name](body)):
            raise DigestMismatch("the digest is of another body", hash=name)


def _parse(text: str) -> dict[str, bytes]:
    """Give the digests by the hashes that are known; of equal keys the last one stands, as in every dictionary."""
    if len(text) > FIELD_CHARS_MAX:
        raise DigestMalformed("the Content-Digest field is too long", size_chars=len(text))
    try:
        members = parse_dictionary(text)
    except (MalformedText, LimitExceeded) as error:
        raise DigestMalformed("the Content-Digest field is not a dictionary of byte sequences", field=text) from error
    found: dict[str, bytes] = {}
    for name in HASHES.keys() & members.keys():
        member = members[name]
        if not isinstance(member, Item) or not isinstance(member.value, bytes):
            raise DigestMalformed("a digest is not a byte sequence", hash=name)
        found[name] = member.value
    return found
