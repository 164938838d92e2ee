"""Strict base64 as it stands in signature headers."""

from __future__ import annotations

import binascii


def parse_base64(text: str) -> bytes | None:
    """Decode the one canonical base64 text of some bytes, or give None.

    Refuses white space, the URL-safe alphabet, missing padding, and trailing bits that are not zero: two texts never
    give the same bytes.

    Sources:
        RFC 4648 sections 3.5 and 4; SEC-050.
    """
    try:
        decoded = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    return decoded if binascii.b2a_base64(decoded, newline=False).decode("ascii") == text else None
