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
    # What strict mode lets through is at most loose in its last four characters.
    last = binascii.b2a_base64(decoded[(len(decoded) - 1) // 3 * 3 :], newline=False)
    return decoded if text.endswith(last.decode("ascii")) else None
