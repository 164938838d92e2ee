"""Fetch an ActivityPub document and make sure that it is the one that was asked for.

Threat: a server that hosts other people's files can be made to serve any JSON; only a document whose id is the
address that answered may be believed (SEC-062, 063, 115, 117; CVE-2024-23832).

What people type may be the address of a page. Then the page is asked for its other form: one level, at its own origin,
within the count of redirects; and that must name the page (DISC-01, DISC-02, SEC-098).
"""

from __future__ import annotations

from typing import Final

import attrs

from ..errors import DocumentError, FetchRefused, OriginMismatch, WrongMediaType
from ..jsonld import normalize
from ..wire.iri import origin_of, parse_url
from ..wire.json import JsonObject, parse_object
from ..wire.links import HEADER_CHARS_MAX, HTML_CHARS_MAX, find_alternate
from ..wire.media_types import ACTIVITY_JSON, LD_JSON, is_activity, is_html
from .budget import Budget
from .caching import Validators
from .embedded import origin_or_none, reduce_foreign
from .fetcher import Fetched, Fetcher, Trail
from .knocking import learn_capabilities
from .pages import names_page

ACCEPT_ACTIVITY: Final = f"{ACTIVITY_JSON}, {LD_JSON}"
ACCEPT_PAGES_TOO: Final = f"{ACCEPT_ACTIVITY}, text/html;q=0.5"


@attrs.frozen(kw_only=True)
class Found:
    """A document as it was found; its id is checked only where it says so.

    Args:
        address: That answered.
        document: Normalized.
        validators: By which a later change can be told.
    """

    address: str
    document: JsonObject
    validators: Validators


async def fetch_json(fetcher: Fetcher, url: str, budget: Budget) -> tuple[str, JsonObject]:
    """Fetch and normalize one document; give the address that answered and the document, its id unchecked.

    Raises:
        FetchError: See `Fetcher.get`.
        DocumentError: Not strict JSON, or refused by its context.
    """
    found = _read(fetcher, await _get(fetcher, url, budget, fetcher.trail()))
    return found.address, found.document


async def fetch_document(fetcher: Fetcher, url: str, budget: Budget) -> JsonObject:
    """Fetch a document whose id equals the address that it came from.

    A document of the same origin that names another id is fetched once more at that id, and must then agree
    (INB-10). The fragment of `url` is not part of the address. What the document embeds of other origins is reduced
    to ids. What it says about signatures (FEP-844e) is remembered of its origin.

    Args:
        fetcher: The way out.
        url: Id of the wanted object, or an address that leads to it.
        budget: Shared by all that one message causes.

    Raises:
        FetchRefused: The document belongs to another address.
        FetchError: See `Fetcher.get`.
        DocumentError: See `fetch_json`.
    """
    return (await fetch_found(fetcher, url, budget)).document


async def fetch_found(fetcher: Fetcher, url: str, budget: Budget, *, pages: bool = False) -> Found:
    """Fetch a document as `fetch_document` does, and give with it where it was found.

    Args:
        fetcher: As `fetch_document`, as are the following.
        url: See there.
        budget: See there.
        pages: Whether `url` may be the address of a page for people that names the document as its other form.

    Raises:
        FetchRefused: See `fetch_document`; or the other form of the page is at another origin.
        OriginMismatch: The other form of the page does not name the page.
        FetchError: See there.
        DocumentError: See there.
    """
    trail = fetcher.trail()
    if not pages:
        return await _checked(fetcher, _read(fetcher, await _get(fetcher, url, budget, trail)), budget, trail)
    fetched = await fetcher.get(url, accept=ACCEPT_PAGES_TOO, accepts=_is_activity_or_page, budget=budget, trail=trail)
    if not is_html(fetched.media_type):
        return await _checked(fetcher, _read(fetcher, fetched), budget, trail)
    trail.hop(fetched.url)
    other = await _get(fetcher, _alternate(fetched), budget, trail)
    found = await _checked(fetcher, _read(fetcher, other), budget, trail)
    if not names_page(found.document, url) and not names_page(found.document, fetched.url):
        raise OriginMismatch("the document that the page names does not name the page", url=fetched.url)
    return found


async def fetch_if_changed(fetcher: Fetcher, known: Validators, budget: Budget, url: str) -> Found | None:
    """Fetch a document as `fetch_document` does, unless its host says that the copy with these validators is current.

    Returns:
        What was found, or None: nothing has changed.

    Raises:
        FetchRefused: See `fetch_document`, as are the following.
        FetchError: See there.
        DocumentError: See there.
    """
    trail = fetcher.trail()
    fetched = await fetcher.get(
        url, accept=ACCEPT_ACTIVITY, accepts=is_activity, budget=budget, trail=trail, known=known
    )
    if fetched.is_unchanged:
        return None
    return await _checked(fetcher, _read(fetcher, fetched), budget, trail)


async def _get(fetcher: Fetcher, url: str, budget: Budget, trail: Trail) -> Fetched:
    return await fetcher.get(url, accept=ACCEPT_ACTIVITY, accepts=is_activity, budget=budget, trail=trail)


def _alternate(page: Fetched) -> str:
    """Give the address of the other form of a page, which is at its own origin (SEC-098)."""
    markup = page.body[:HTML_CHARS_MAX].decode("utf-8", "replace")
    alternate = find_alternate(page.url, (page.link or "")[:HEADER_CHARS_MAX], markup)
    if alternate is None:
        raise WrongMediaType("a page that names no ActivityPub document", url=page.url)
    if origin_or_none(alternate) != origin_or_none(page.url):
        raise FetchRefused("the other form of the page is at another origin", url=page.url, alternate=alternate)
    return alternate


def _is_activity_or_page(media_type: str) -> bool:
    return is_activity(media_type) or is_html(media_type)


def _read(fetcher: Fetcher, fetched: Fetched) -> Found:
    document = normalize(parse_object(fetched.body, fetcher.config.limits))
    validators = fetched.validators or Validators(address=fetched.url)
    return Found(address=fetched.url, document=document, validators=validators)


async def _checked(fetcher: Fetcher, found: Found, budget: Budget, trail: Trail) -> Found:
    """Make sure that the id is the address; if need be, with a second look at the id."""
    document_id = _id_of(found)
    if not _same_address(document_id, found.address) and origin_or_none(document_id) == origin_or_none(found.address):
        found = _read(fetcher, await _get(fetcher, document_id, budget, trail))
        document_id = _id_of(found)
    if not _same_address(document_id, found.address):
        raise FetchRefused("the document's id is not the address that answered", url=found.address)
    reduced = reduce_foreign(found.document, origin_of(found.address))
    await learn_capabilities(fetcher.ports, fetcher.site, found.address, reduced)
    return attrs.evolve(found, document=reduced)


def _id_of(found: Found) -> str:
    document_id = found.document.get("id")
    if not isinstance(document_id, str):
        raise FetchRefused("the document has no id", url=found.address)
    return document_id


def _same_address(document_id: str, address: str) -> bool:
    if document_id == address:
        return True
    try:
        return str(parse_url(document_id)) == address
    except DocumentError:
        return False
