"""WebFinger's answer: which resource is asked for, and what of its descriptor is given.

Decides how a question is read and which links are left of a descriptor; refuses to know whom a resource names, which is
for the application and its actors to say.

Invariants:
    - exactly one resource, as text that stands in the query once decoded; no answer echoes it (SEC-156);
    - `rel` narrows the links and nothing else: subject, aliases and properties stay (WF-05);
    - every answer is open to every page, errors too (WF-07);
    - what is unknown is answered in one way, whatever it would be (SEC-156).

Example:
    >>> parse_question("resource=acct%3Aalice%40a.example&rel=self").rels
    ('self',)

Sources: RFC 7033 sections 4 and 5; RFC 3986 section 3.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final
from urllib.parse import parse_qsl

import attrs

from ..errors import MalformedText, MethodRefused, NotFound, RemoteProtocolError
from ..http import Headers, Request, Response
from ..wire.acct import parse_acct_uri, parse_handle
from ..wire.iri import parse_url
from ..wire.json import JsonObject, dump
from ..wire.media_types import JRD_JSON
from ..wire.uri import parse_any_iri

QUERY_FIELDS_MAX: Final = 64
QUERY_CHARS_MAX: Final = 8_192
OPEN_FIELDS: Final = (("access-control-allow-origin", "*"), ("cache-control", "public, max-age=3600"))

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+\-.]*+):")


@attrs.frozen(kw_only=True)
class Question:
    """What is asked for: one resource, and the relations that are wanted (none: all)."""

    resource: str
    rels: tuple[str, ...] = ()


class ResourceKind(Enum):
    """How a resource is written."""

    HANDLE = "handle"
    URL = "url"
    URI = "uri"


def parse_question(query: str) -> Question:
    """Read the query of a request to `/.well-known/webfinger`; parameters may come in any order.

    Args:
        query: As on the request line, without "?".

    Raises:
        MalformedText: No resource, more than one, more than `QUERY_FIELDS_MAX` parameters, or more than
            `QUERY_CHARS_MAX` characters.
    """
    try:
        if len(query) > QUERY_CHARS_MAX:
            raise ValueError("too long")
        fields = parse_qsl(query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise MalformedText("the query cannot be read", public_detail="The query cannot be read.") from error
    resources = [value for name, value in fields if name == "resource"]
    if len(resources) != 1 or not resources[0]:
        raise MalformedText("WebFinger takes exactly one resource", public_detail="Give exactly one resource.")
    return Question(resource=resources[0], rels=tuple(value for name, value in fields if name == "rel"))


def canonical_resource(resource: str) -> tuple[ResourceKind, str]:
    """Give how a resource is written, and its one spelling: by this, descriptors are found.

    Args:
        resource: An acct URI, a handle, an address, or a URI of any other scheme (WF-08).

    Returns:
        The kind, and the spelling: handles as "acct:user@host" in lower case (names of one's own are the same in any
        case), addresses as `parse_url` writes them, all others as they are.

    Raises:
        DocumentError: It is none of these.
    """
    scheme = _SCHEME.match(resource)
    if scheme is None:
        return ResourceKind.HANDLE, f"acct:{parse_handle(resource)}".lower()
    name = scheme[1].lower()
    if name == "acct":
        return ResourceKind.HANDLE, f"acct:{parse_acct_uri(resource)}".lower()
    if name in ("https", "http"):
        return ResourceKind.URL, str(parse_url(resource))
    return ResourceKind.URI, str(parse_any_iri(resource))


def select_links(descriptor: JsonObject, rels: Collection[str]) -> JsonObject:
    """Leave only the links of these relations; with none named, all stay (RFC 7033 section 4.3)."""
    links = descriptor.get("links")
    if not rels or not isinstance(links, list):
        return descriptor
    return {**descriptor, "links": [link for link in links if isinstance(link, dict) and link.get("rel") in rels]}


def answer_webfinger(request: Request, resources: Mapping[str, JsonObject]) -> Response:
    """Answer one question from descriptors that are at hand; for servers that are not a `Federation`.

    Args:
        request: GET or HEAD to `/.well-known/webfinger`.
        resources: Descriptors by resource, each under its spelling of `canonical_resource`.

    Returns:
        200 with the descriptor, its links narrowed to those that are wanted; 400, 404 or 405.
    """
    try:
        if request.method not in ("GET", "HEAD"):
            raise MethodRefused(method=request.method)
        question = parse_question(request.query)
        descriptor = resources.get(question.resource) or resources.get(canonical_resource(question.resource)[1])
        if descriptor is None:
            raise NotFound
    except RemoteProtocolError as error:
        return _refusal(error)
    return Response(
        status=200,
        headers=Headers.build([("content-type", JRD_JSON), *OPEN_FIELDS]),
        body=dump(select_links(descriptor, question.rels)),
    )


def _refusal(error: RemoteProtocolError) -> Response:
    """Answer an error as problem+json: its code and safe text, never its input."""
    problem: JsonObject = {"title": error.public_detail, "status": error.status_hint, "code": error.code}
    fields = [("content-type", "application/problem+json"), OPEN_FIELDS[0], ("cache-control", "no-store")]
    fields += [("allow", "GET, HEAD")] if error.status_hint == 405 else []
    return Response(status=error.status_hint, headers=Headers.build(fields), body=dump(problem))
