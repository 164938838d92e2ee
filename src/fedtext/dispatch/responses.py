"""Answers as values: documents with ETag and Vary, collections and their pages, errors that teach and never echo."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

from ..errors import ConfigurationError, FedtextError, TooManyActivities
from ..http import Headers, Request, Response
from ..jsonld import context_for
from ..vocab.shapes import terms_used
from ..wire.json import JsonObject, JsonValue, dump
from ..wire.media_types import ACTIVITY_JSON

_RETRY_AFTER_S = 60
CURSOR_CHARS_MAX = 500
"""How long a cursor may be: it stands in a URL."""


def json_response(
    document: JsonObject,
    *,
    status: int = 200,
    media_type: str = ACTIVITY_JSON,
    headers: Sequence[tuple[str, str]] = (),
) -> Response:
    """Build an answer with a JSON body."""
    fields = [("content-type", media_type), *headers]
    return Response(status=status, headers=Headers.build(fields), body=dump(document))


def document_response(
    document: JsonObject, request: Request, *, public: bool = True, status: int = 200, max_age_s: int = 180
) -> Response:
    """Serve an ActivityPub document (COL-01, COL-14): ETag, conditional GET, Vary; private ones are not cached.

    Args:
        document: With @context.
        request: Its If-None-Match is honoured, and HEAD gets no body from the edge.
        public: Whether everybody may see it (SEC-019).
        status: 200, or 410 for a Tombstone.
        max_age_s: For public documents.
    """
    body = dump(document)
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    caching = f"public, max-age={max_age_s}" if public else "private, no-store"
    fields = [
        ("content-type", ACTIVITY_JSON),
        ("etag", etag),
        ("vary", "Accept" if public else "Accept, Signature"),
        ("cache-control", caching),
        ("access-control-allow-origin", "*"),
    ]
    if status == 200 and not {etag, "*"}.isdisjoint(_if_none_match(request)):
        return Response(status=304, headers=Headers.build(fields[1:]))
    return Response(status=status, headers=Headers.build(fields), body=body)


def _if_none_match(request: Request) -> list[str]:
    """Give the tags of the header; of which strength they are does not matter here (RFC 9110 section 13.1.2)."""
    tags = (request.headers.get("if-none-match") or "").split(",")[:32]
    return [tag.strip().removeprefix("W/") for tag in tags]


def gone(object_id: str, request: Request, *, former_type: str | None = None) -> Response:
    """Answer 410 with a Tombstone (COL-12)."""
    tombstone: JsonObject = {"@context": context_for(()), "id": object_id, "type": "Tombstone"}
    if former_type is not None:
        tombstone["formerType"] = former_type
    return document_response(tombstone, request, status=410)


def accepted() -> Response:
    """Answer 202 to a delivery (INB-03)."""
    return Response(status=202, headers=Headers.build([("content-length", "0")]))


def redirect_to_html(url: str) -> Response:
    """Send a browser to the page for people (ACT-26)."""
    fields = [("location", url), ("vary", "Accept"), ("content-length", "0")]
    return Response(status=303, headers=Headers.build(fields))


def failure(error: FedtextError, *, allow: str | None = None, challenge: str | None = None) -> Response:
    """Answer an error as problem+json (RFC 9457, FEP-c180): its code and safe text, never its input (SEC-169).

    Args:
        error: What went wrong.
        allow: For 405: the methods that are allowed.
        challenge: For 401: the Accept-Signature field, which says how to sign (RFC 9421 section 5).
    """
    problem: JsonObject = {
        "type": "about:blank",
        "title": error.public_detail or "The request cannot be carried out.",
        "status": error.status_hint,
        "code": error.code,
    }
    if error.hint and error.status_hint < 500:
        problem["hint"] = error.hint
    headers: list[tuple[str, str]] = [("cache-control", "no-store"), ("vary", "Accept")]
    if allow is not None:
        headers.append(("allow", allow))
    if challenge is not None and error.status_hint == 401:
        headers.append(("accept-signature", challenge))
    if error.status_hint in (429, 503):
        asked_s = error.retry_after_s if isinstance(error, TooManyActivities) else _RETRY_AFTER_S
        headers.append(("retry-after", str(asked_s)))
    return json_response(problem, status=error.status_hint, media_type="application/problem+json", headers=headers)


def collection(collection_id: str, *, total: int | None, first: bool, ordered: bool = True) -> JsonObject:
    """Build a collection; `first` is withheld when its members are hidden (COL-03, COL-04)."""
    document: JsonObject = {
        "@context": context_for(()),
        "id": collection_id,
        "type": "OrderedCollection" if ordered else "Collection",
    }
    if total is not None:
        document["totalItems"] = total
    if first:
        document["first"] = page_id(collection_id, None)
    return document


def collection_page(
    collection_id: str, cursor: str | None, items: Sequence[JsonValue], *, next_cursor: str | None, total: int | None
) -> JsonObject:
    """Build one page of an ordered collection.

    Raises:
        ConfigurationError: The application's cursor is too long to be read again.
    """
    if next_cursor is not None and len(next_cursor) > CURSOR_CHARS_MAX:
        raise ConfigurationError("a cursor has at most 500 characters", cursor=next_cursor)
    document: JsonObject = {
        "@context": context_for(terms_used(list(items))),
        "id": page_id(collection_id, cursor),
        "type": "OrderedCollectionPage",
        "partOf": collection_id,
        "orderedItems": list(items),
    }
    if total is not None:
        document["totalItems"] = total
    if next_cursor is not None:
        document["next"] = page_id(collection_id, next_cursor)
    return document


def page_id(collection_id: str, cursor: str | None) -> str:
    """Give the id of a page: the collection's with `?page=true` or `?cursor=…`."""
    suffix = "page=true" if cursor is None else f"cursor={quote(cursor, safe='')}"
    return f"{collection_id}?{suffix}"
