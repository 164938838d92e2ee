"""What somebody has typed, which may be the address of a page for people.

The fetch of it follows a page to its other form, at its own origin (DISC-01, SEC-098). Here it is asked whether that
document knows the page.

Threat: a page may name any document of its origin as its own other form, so that what somebody reads and what is
answered are two things. The document must name the page as its address or its id (DISC-02).

Sources: the SWICG draft on discovery from HTML; DISC-01 to DISC-03; ACT-26; SEC-098; SEC-116.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..errors import DocumentError, OriginMismatch
from ..fetch import Budget, Fetcher, forget_object, get_object
from ..http import Request, Response
from ..ports import ExchangeLimits, Transport
from ..vocab import Object, dump
from ..wire.iri import parse_url
from ..wire.json import JsonValue
from ..wire.media_types import is_html

_ADDRESSES_COUNT_MAX: Final = 16


async def lookup_address(fetcher: Fetcher, url: str, budget: Budget) -> Object:
    """Find the object at an address, or the one that the page there is about.

    Args:
        fetcher: The way out.
        url: As typed.
        budget: Shared by all steps.

    Raises:
        OriginMismatch: There is a page, and the document that it names does not name it.
        FetchError: Not to be had; `WrongMediaType` where a page names no document, `FetchRefused` where one of another
            origin.
        DocumentError: The document is no object.
    """
    noting = _Noting(fetcher.ports.transport)
    listening = attrs.evolve(fetcher, ports=attrs.evolve(fetcher.ports, transport=noting))
    found = await get_object(listening, url, budget, elsewhere=True)
    page = noting.page
    if page is not None and not names_page(found, url) and not names_page(found, page):
        await forget_object(fetcher, url)
        raise OriginMismatch("the document that the page names does not name the page", url=page, id=found.id or "")
    return found


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


class _Noting:
    """A transport that notes which page answered, if one did."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.page: str | None = None

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange."""
        response = await self._transport.send(request, limits)
        if response.status == 200 and is_html(response.media_type):
            self.page = request.url
        return response

    async def close(self) -> None:
        """Leave the transport open: it is not ours."""
