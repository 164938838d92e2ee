"""Whether a document knows a page for people that names it as its other form; pure.

Threat: a page may name any document of its origin as its own other form, so that what somebody reads and what is
answered are two things. The document must name the page as its address or its id (DISC-02).

Sources: the SWICG draft on discovery from HTML; DISC-02.
"""

from __future__ import annotations

from typing import Final

from ..errors import DocumentError
from ..wire.iri import parse_url
from ..wire.json import JsonObject, JsonValue

_ADDRESSES_COUNT_MAX: Final = 16


def names_page(document: JsonObject, page: str) -> bool:
    """Tell whether a document names a page as its address or its id; fragments do not count.

    Args:
        document: Normalized; the first `_ADDRESSES_COUNT_MAX` of its addresses are looked at.
        page: An address.
    """
    url = document.get("url")
    named = [document.get("id"), *(url[:_ADDRESSES_COUNT_MAX] if isinstance(url, list) else [url])]
    wanted = _address(page)
    return wanted is not None and wanted in [_address(value) for value in named]


def _address(value: JsonValue) -> str | None:
    address = value.get("href") if isinstance(value, dict) else value
    try:
        return str(parse_url(address)).partition("#")[0] if isinstance(address, str) else None
    except DocumentError:
        return None
