"""From the page for people to its document.

Decides which document a page stands for; refuses to believe a page that its document does not know.

Threat: a page may name any document as its own other form, so that what somebody reads and what is answered are two
things. The document must name the page as its address or its id (DISC-02).

Sources: the SWICG draft on discovery from HTML; DISC-01 to DISC-03; ACT-26; SEC-115; SEC-116.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..errors import DocumentError, MalformedText, MissingProperty, OriginMismatch
from ..fetch import Budget, Fetcher, get_object
from ..http import Request, Response
from ..ports import ExchangeLimits, Transport
from ..vocab import Object, dump
from ..wire.iri import Iri, parse_url
from ..wire.json import JsonValue
from ..wire.links import find_alternate
from ..wire.media_types import parse_media_type

ACCEPT_PAGE: Final = "text/html, application/xhtml+xml;q=0.9"
_PAGE_TYPES: Final = ("text/html", "application/xhtml+xml")
_ADDRESSES_COUNT_MAX: Final = 16


async def lookup_page(fetcher: Fetcher, url: str, budget: Budget) -> Object:
    """Find the object that a page is about, by its Link field or its `<link rel="alternate">` (DISC-01).

    Args:
        fetcher: The way out.
        url: Of the page.
        budget: Shared by all steps.

    Raises:
        MissingProperty: The page names no document.
        OriginMismatch: The document does not name the page.
        FetchError: One of the two is not to be had.
        DocumentError: The document is no object.
    """
    page, document_id = await find_document(fetcher, url, budget)
    if document_id is None:
        raise MissingProperty("the page names no ActivityPub document", url=page)
    found = await get_object(fetcher, document_id, budget)
    if not names_page(found, url) and not names_page(found, page):
        raise OriginMismatch("the document that the page names does not name the page", url=page, id=found.id or "")
    return found


async def find_document(fetcher: Fetcher, url: str, budget: Budget) -> tuple[str, Iri | None]:
    """Fetch a page; give the address that answered, and that of the document that it names."""
    noting = _Noting(fetcher.ports.transport)
    listening = attrs.evolve(fetcher, ports=attrs.evolve(fetcher.ports, transport=noting))
    fetched = await listening.get(url, accept=ACCEPT_PAGE, accepts=_is_page, budget=budget, signed=False)
    header = ", ".join(noting.last.headers.get_all("link")) or None
    return fetched.url, find_alternate(fetched.url, header, fetched.body.decode("utf-8", "replace"))


def names_page(found: Object, page: str) -> bool:
    """Tell whether an object names a page as its address or its id; fragments do not count (DISC-02)."""
    url = dump(found).get("url")
    named = [found.id, *(url[:_ADDRESSES_COUNT_MAX] if isinstance(url, list) else [url])]
    wanted = _address(page)
    return wanted is not None and wanted in [_address(value) for value in named]


def _address(value: JsonValue) -> str | None:
    address = value.get("href") if isinstance(value, dict) else value
    try:
        return str(parse_url(address)).partition("#")[0] if isinstance(address, str) else None
    except DocumentError:
        return None


def _is_page(content_type: str) -> bool:
    try:
        return parse_media_type(content_type).type in _PAGE_TYPES
    except MalformedText:
        return False


class _Noting:
    """A transport that keeps the last response: its Link field is part of what a page says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.last = Response(status=0)

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange and note it."""
        self.last = await self._transport.send(request, limits)
        return self.last

    async def close(self) -> None:
        """Leave the transport open: it is not ours."""
