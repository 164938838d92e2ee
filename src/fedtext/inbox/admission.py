"""The cheap checks that come before all others: pure, and nothing is fetched or stored for what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Final

import attrs

from ..config import Limits
from ..errors import (
    BodyTooLong,
    ContextRefused,
    HostRefused,
    MalformedIri,
    MediaTypeRefused,
    MethodRefused,
    MissingProperty,
    OriginMismatch,
    TypeMismatch,
)
from ..http import Request
from ..wire.iri import Url, host_to_ascii, origin_of, parse_authority, parse_url
from ..wire.json import JsonObject, JsonValue
from ..wire.media_types import is_activity

_HIDING: Final = frozenset({"@graph", "@included", "@reverse"})
# Two searches: each looks for its first character at the speed of a byte, both together would not.
_HIDING_BYTES: Final = re.compile(rb"@(?:graph|included|reverse)").search
# An escape that may spell "@" or a letter of those names: U+0040 to U+007F.
_SPELLING: Final = re.compile(rb"\\u00[4-7]").search
_ADDRESSING: Final = ("to", "cc", "bto", "bcc", "audience")
_NAMING_OTHERS: Final = (*_ADDRESSING, "tag")


def admit(request: Request, limits: Limits, authorities: Collection[str]) -> Request:
    """Check method, host, media type and size.

    Args:
        request: As received, its body already bounded by the edge.
        limits: The table of limits.
        authorities: Hosts (with port, if not the default one) that are served here.

    Returns:
        The request, which may be looked at.

    Raises:
        MethodRefused: Not a POST (405).
        HostRefused: Another host (421; SEC-010).
        MediaTypeRefused: Not an ActivityPub type, or an encoded body (415; SEC-003, 006…008).
        BodyTooLong: Longer than `body_bytes_max` (413; SEC-001, INB-04).
    """
    if request.method != "POST":
        raise MethodRefused(method=request.method)
    if _authority(request) not in authorities:
        raise HostRefused(host=request.authority)
    media_types = request.headers.get_all("content-type")
    if len(media_types) != 1 or not is_activity(media_types[0]):
        raise MediaTypeRefused(media_type=", ".join(media_types))
    if (request.headers.get("content-encoding") or "identity").lower() != "identity":
        raise MediaTypeRefused("encoded bodies are not taken", encoding=request.headers.get("content-encoding"))
    if len(request.body) > limits.body_bytes_max:
        raise BodyTooLong(bytes=len(request.body))
    return request


def _authority(request: Request) -> str:
    try:
        return parse_authority(request.authority, scheme=request.scheme)
    except MalformedIri as error:
        raise HostRefused(host=request.authority) from error


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Peeked:
    """What an unverified document claims, as plain text: never a model."""

    activity_id: str | None
    type: str
    actor: str
    object_id: str | None

    @property
    def concerns_own_actor(self) -> bool:
        """Whether it is a Delete or Update of the actor by itself (INB-06)."""
        return self.type in ("Delete", "Update") and self.object_id == self.actor


def peek(document: JsonObject) -> Peeked:
    """Read the claims that decide what to do next.

    Raises:
        MissingProperty: No type or no actor (400; INB-05).
        TypeMismatch: They are not what they must be (SEC-032).
    """
    kind = document.get("type", document.get("@type"))
    if isinstance(kind, list) and kind:
        kind = kind[0]
    if kind is None:
        raise MissingProperty("an activity has a type", property="type")
    if not isinstance(kind, str):
        raise TypeMismatch("the type is text", property="type")
    if "actor" not in document:
        raise MissingProperty("an activity has an actor", property="actor")
    actor = _identifier(document["actor"])
    if actor is None:
        raise TypeMismatch("the actor is one absolute URL", property="actor")
    activity_id = document.get("id", document.get("@id"))
    if activity_id is not None and not isinstance(activity_id, str):
        raise TypeMismatch("the id is an absolute URL", property="id")
    return Peeked(activity_id=activity_id, type=kind, actor=actor, object_id=_identifier(document.get("object")))


def check_claimed(claimed: Peeked, is_own: Callable[[Url], bool]) -> Peeked:
    """Refuse claims that no signature could make true, so that no key is fetched for them.

    Args:
        claimed: From `peek`.
        is_own: Tells whether an address is served here.

    Returns:
        The same claims.

    Raises:
        MalformedIri: The actor or the id is not an absolute http(s) URL (400).
        OriginMismatch: The actor is one of ours (SEC-083), or the id is on another origin than the actor (403;
            SEC-072).
    """
    actor = parse_url(claimed.actor)
    if is_own(actor):
        raise OriginMismatch("an actor of this server does not speak from outside", actor=claimed.actor)
    if claimed.activity_id is not None and origin_of(claimed.activity_id) != actor.origin:
        raise OriginMismatch("the activity's id is on another origin than its actor", id=claimed.activity_id)
    return claimed


def check_plain(document: JsonObject, data: bytes | None = None) -> JsonObject:
    """Refuse a body that hides something from plain readers, while readers of JSON-LD would see it (SEC-121).

    No honest server sends that; what is fetched is read without these parts (JLD-06).

    Args:
        document: As parsed.
        data: The bytes that it was parsed from, where they are at hand: nearly all show at a glance that there is no
            such name. None: each name is looked at.

    Returns:
        The same document.

    Raises:
        ContextRefused: `@graph`, `@included` or `@reverse`, at any depth.
    """
    if data is not None and not _may_hide(data):
        return document
    pending: list[JsonValue] = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if not _HIDING.isdisjoint(value):
                raise ContextRefused("a part of the document is hidden from plain readers")
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return document


def _may_hide(data: bytes) -> bool:
    """Tell by its bytes whether a JSON text, which is UTF-8, may have such a name: as it is, or spelled by escapes."""
    return _HIDING_BYTES(data) is not None or _SPELLING(data) is not None


def mentioned_ids(document: JsonObject) -> set[str]:
    """Give whom an activity is addressed to, or mentions in what it is about."""
    found: set[str] = set()
    for part in _addressed_parts(document):
        for name in _ADDRESSING:
            found |= {iri for item in listed(part.get(name)) if (iri := _identifier(item)) is not None}
        tags = (tag for tag in listed(part.get("tag")) if isinstance(tag, dict))
        found |= {href for tag in tags if isinstance(href := tag.get("href"), str)}
    return found


def mentions_count(document: JsonObject) -> int:
    """Give a number that `mentioned_ids` gives no more than: quickly, and without a look at who they are."""
    count = 0
    for part in _addressed_parts(document):
        for name in _NAMING_OTHERS:
            value = part.get(name)
            if value is not None:
                count += len(value) if isinstance(value, list) else 1
    return count


def _addressed_parts(document: JsonObject) -> list[JsonObject]:
    inner = document.get("object")
    parts = [document]
    parts += [part for part in (inner if isinstance(inner, list) else [inner]) if isinstance(part, dict)]
    return parts


def listed(value: JsonValue) -> list[JsonValue]:
    """Give the values of a member, one or several, as a list."""
    return value if isinstance(value, list) else [value]


def is_blocked(iri: str, domains: Collection[str]) -> bool:
    """Tell whether the host of an address is on a list, itself or as part of a domain on it (INB-19).

    For policies: `if is_blocked(iri, blocked): raise PolicyRefusal`. Case, script, port and a dot at the end do not
    matter; whole labels do.

    Raises:
        MalformedIri: The address, or an entry of the list, is not one.
    """
    labels = parse_url(iri).host.removesuffix(".").split(".")
    parents = {".".join(labels[cut:]) for cut in range(len(labels))}
    return any(host_to_ascii(domain).removesuffix(".") in parents for domain in domains)


def _identifier(value: JsonValue) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("id", value.get("@id"))
    return value if isinstance(value, str) and value else None
