"""Strict base64 as it stands in signature headers."""

from __future__ import annotations

import binascii
from typing import Final

# By the length of the padding: those whose two or four spare bits are zero.
_LAST_CHARACTERS: Final = ("", "AEIMQUYcgkosw048", "AQgw")


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
    # What strict mode lets through has at most too much padding, or spare bits in its last character.
    padding = 0 if text[-1:] != "=" else 1 if text[-2:-1] != "=" else 2
    is_whole = 4 * (len(decoded) + padding) == 3 * len(text)
    return decoded if is_whole and (not padding or text[-padding - 1] in _LAST_CHARACTERS[padding]) else None
