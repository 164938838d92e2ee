"""Fetch an ActivityPub document and make sure that it is the one that was asked for.

Threat: a server that hosts other people's files can be made to serve any JSON; only a document whose id is the
address that answered may be believed (SEC-062, 063, 115, 117; CVE-2024-23832).
"""

from __future__ import annotations

from ..errors import DocumentError, FetchRefused
from ..jsonld import normalize
from ..wire.iri import origin_of, parse_url
from ..wire.json import JsonObject, parse_object
from ..wire.media_types import ACTIVITY_JSON, LD_JSON, is_activity
from .budget import Budget
from .embedded import origin_or_none, reduce_foreign
from .fetcher import Fetcher
from .knocking import learn_capabilities

ACCEPT_ACTIVITY = f"{ACTIVITY_JSON}, {LD_JSON}"


async def fetch_json(fetcher: Fetcher, url: str, budget: Budget) -> tuple[str, JsonObject]:
    """Fetch and normalize one document; give the address that answered and the document, its id unchecked.

    Raises:
        FetchError: See `Fetcher.get`.
        DocumentError: Not strict JSON, or refused by its context.
    """
    fetched = await fetcher.get(url, accept=ACCEPT_ACTIVITY, accepts=is_activity, budget=budget)
    return fetched.url, normalize(parse_object(fetched.body, fetcher.config.limits))


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
    address, document = await fetch_json(fetcher, url, budget)
    document_id = _id_of(document, address)
    if not _same_address(document_id, address) and origin_or_none(document_id) == origin_or_none(address):
        address, document = await fetch_json(fetcher, document_id, budget)
        document_id = _id_of(document, address)
    if not _same_address(document_id, address):
        raise FetchRefused("the document's id is not the address that answered", url=address)
    reduced = reduce_foreign(document, origin_of(address))
    await learn_capabilities(fetcher.ports, fetcher.site, address, reduced)
    return reduced


def _id_of(document: JsonObject, address: str) -> str:
    document_id = document.get("id")
    if not isinstance(document_id, str):
        raise FetchRefused("the document has no id", url=address)
    return document_id


def _same_address(document_id: str, address: str) -> bool:
    if document_id == address:
        return True
    try:
        return str(parse_url(document_id)) == address
    except DocumentError:
        return False
