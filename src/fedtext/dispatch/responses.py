"""Answers as values: documents with ETag and Vary, collections and their pages, errors that teach and never echo."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from hashlib import sha256
from urllib.parse import quote

from ..errors import ConfigurationError, FedtextError, TooManyActivities
from ..http import Headers, Request, Response
from ..jsonld import context_for
from ..vocab.shapes import terms_used
from ..wire.json import JsonObject, JsonValue, dump
from ..wire.media_types import ACTIVITY_JSON
from .paging import Page

_RETRY_AFTER_S = 60
_ACCEPTED = Response(status=202, headers=Headers.build([("content-length", "0")]))
_ANSWERS_MAX = 8  # as many as there are ways of sharing, twice
CURSOR_CHARS_MAX = 500
"""How long a cursor may be: it stands in a URL."""


class Sharing(Enum):
    """With whom caches may share what was served: the Cache-Control and Vary fields (SEC-019, COL-11, COL-14)."""

    ANYBODY = "anybody"
    """It is the same for whoever asks."""
    UNSIGNED = "unsigned"
    """It is what nobody in particular sees; somebody may see more."""
    SIGNED = "signed"
    """It is the same for all who may ask: not for shared caches, which do not know who may."""
    VIEWER = "viewer"
    """It is for this viewer alone."""

    def fields(self, max_age_s: int) -> tuple[tuple[str, str], tuple[str, str]]:
        """Give the Vary and Cache-Control fields."""
        vary = "Accept" if self is Sharing.ANYBODY else "Accept, Signature, Authorization"
        if self is Sharing.VIEWER:
            return ("vary", vary), ("cache-control", "private, no-store")
        reach = "private" if self is Sharing.SIGNED else "public"
        return ("vary", vary), ("cache-control", f"{reach}, max-age={max_age_s}")


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
    document: JsonObject,
    request: Request,
    *,
    sharing: Sharing = Sharing.ANYBODY,
    status: int = 200,
    max_age_s: int = 180,
) -> Response:
    """Serve an ActivityPub document (COL-01, COL-14): ETag over its bytes, conditional GET, Vary.

    Args:
        document: With @context.
        request: Its If-None-Match is honoured, and HEAD gets no body from the edge.
        sharing: Who else may see it (SEC-019).
        status: 200, or 410 for a Tombstone.
        max_age_s: For how long it may be kept, where it may.
    """
    return Written(document).answer(request, sharing=sharing, status=status, max_age_s=max_age_s)


class Written:
    """A document as it goes out: its bytes and their ETag, made once; it may answer any number of requests.

    Args:
        document: With @context.
    """

    __slots__ = ("_answers", "body", "etag")

    def __init__(self, document: JsonObject) -> None:
        self.body = dump(document)
        self.etag = f'"{sha256(self.body).hexdigest()[:32]}"'
        # By what else an answer depends on, which is little: replaced as a whole, since threads may share this.
        self._answers: tuple[tuple[Sharing, int, int, Response], ...] = ()

    def answer(
        self, request: Request, *, sharing: Sharing = Sharing.ANYBODY, status: int = 200, max_age_s: int = 180
    ) -> Response:
        """Answer a request; see `document_response`."""
        if status == 200 and "if-none-match" in request.headers and self._is_known(request):
            fields = self._answer(sharing, status, max_age_s).headers.without("content-type")
            return Response(status=304, headers=fields)
        return self._answer(sharing, status, max_age_s)

    def _is_known(self, request: Request) -> bool:
        return not {self.etag, "*"}.isdisjoint(_if_none_match(request))

    def _answer(self, sharing: Sharing, status: int, max_age_s: int) -> Response:
        for known_sharing, known_status, known_age_s, answer in self._answers:
            if known_sharing is sharing and known_status == status and known_age_s == max_age_s:
                return answer
        fields = [
            ("content-type", ACTIVITY_JSON),
            ("etag", self.etag),
            *sharing.fields(max_age_s),
            ("access-control-allow-origin", "*"),
        ]
        made = Response(status=status, headers=Headers.build(fields), body=self.body)
        self._answers = (*self._answers[-_ANSWERS_MAX + 1 :], (sharing, status, max_age_s, made))
        return made


def _if_none_match(request: Request) -> list[str]:
    """Give the tags of the header; of which strength they are does not matter here (RFC 9110 section 13.1.2)."""
    tags = (request.headers.get("if-none-match") or "").split(",")[:32]
    return [tag.strip().removeprefix("W/") for tag in tags]


def gone(
    object_id: str, request: Request, *, former_type: str | None = None, sharing: Sharing = Sharing.ANYBODY
) -> Response:
    """Answer 410 with a Tombstone (COL-12)."""
    tombstone: JsonObject = {"@context": context_for(()), "id": object_id, "type": "Tombstone"}
    if former_type is not None:
        tombstone["formerType"] = former_type
    return document_response(tombstone, request, status=410, sharing=sharing)


def accepted() -> Response:
    """Answer 202 to a delivery (INB-03): the same value to all of them."""
    return _ACCEPTED


def created(iri: str) -> Response:
    """Answer 201 to what a client said (AP-C01).

    Args:
        iri: Id of the activity.
    """
    open_to_scripts = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "location"))
    return Response(status=201, headers=Headers.build([("location", iri), *open_to_scripts, ("content-length", "0")]))


def alternate_link(iri: str) -> tuple[str, str]:
    """Give the header field by which a page for people names the actor or object that it shows (ACT-26).

    Args:
        iri: Id of the actor or object.

    Returns:
        Name and value of the field: "link" and `<…>; rel="alternate"; type="application/activity+json"`.
    """
    return "link", f'<{iri}>; rel="alternate"; type="{ACTIVITY_JSON}"'


def redirect_to_html(url: str, iri: str, *, sharing: Sharing = Sharing.ANYBODY) -> Response:
    """Send a browser to the page for people of an actor or object (ACT-26).

    Args:
        url: Where the page is.
        iri: Id of what it shows.
        sharing: Who else may learn of it.
    """
    fields = [("location", url), alternate_link(iri), *sharing.fields(0), ("content-length", "0")]
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


def collection(collection_id: str, page: Page[JsonValue], *, ordered: bool = True, whole: bool = False) -> JsonObject:
    """Build a collection; its pages are withheld when its members are hidden (COL-03, COL-04).

    Args:
        collection_id: Its id.
        page: The first page.
        ordered: Whether its order says something.
        whole: Whether the members stand in it, instead of in pages.
    """
    document: JsonObject = {
        "@context": context_for(terms_used(list(page.items) if whole else [])),
        "id": collection_id,
        "type": "OrderedCollection" if ordered else "Collection",
    }
    if page.total is not None:
        document["totalItems"] = page.total
    if page.hidden:
        return document
    if whole:
        document["orderedItems" if ordered else "items"] = list(page.items)
        return document
    document["first"] = page_id(collection_id, None)
    if page.last is not None:
        document["last"] = page_id(collection_id, page.last)
    return document


def collection_page(
    collection_id: str, cursor: str | None, page: Page[JsonValue], *, ordered: bool = True
) -> JsonObject:
    """Build one page of a collection.

    Raises:
        ConfigurationError: One of the application's cursors is too long to be read again.
    """
    document: JsonObject = {
        "@context": context_for(terms_used(list(page.items))),
        "id": page_id(collection_id, cursor),
        "type": "OrderedCollectionPage" if ordered else "CollectionPage",
        "partOf": collection_id,
        "orderedItems" if ordered else "items": list(page.items),
    }
    if page.total is not None:
        document["totalItems"] = page.total
    for name, neighbour in (("next", page.next), ("prev", page.prev)):
        if neighbour is not None:
            document[name] = page_id(collection_id, neighbour)
    return document


def page_id(collection_id: str, cursor: str | None) -> str:
    """Give the id of a page: the collection's with `?page=true` or `?cursor=…`.

    Raises:
        ConfigurationError: The cursor is too long to be read again.
    """
    if cursor is not None and len(cursor) > CURSOR_CHARS_MAX:
        raise ConfigurationError("a cursor has at most 500 characters", cursor=cursor)
    suffix = "page=true" if cursor is None else f"cursor={quote(cursor, safe='')}"
    return f"{collection_id}?{suffix}"
