"""Strict base64 as it stands in signature headers."""

from __future__ import annotations

import base64
import binascii


def parse_base64(text: str) -> bytes | None:
    """Decode the one canonical base64 text of some bytes, or give None.

    Refuses white space, the URL-safe alphabet, missing padding, and trailing bits that are not zero: two texts never
    give the same bytes.

    Sources:
        RFC 4648 sections 3.5 and 4; SEC-050.
    """
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode("ascii") == text else None
