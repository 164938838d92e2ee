"""What a peer has before it: a document, and how it came.

Decided here: which part of a document is the post, the profile or the activity, and what is usual about a delivery.
Values may be one thing, a list or an object with an id, as everywhere on the network (JLD-16); whatever stands in a
document, asking a case about it gives an answer and no error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import attrs

from ...config import Scheme
from ...errors import FedtextError
from ...http import Request
from ...signatures import SignatureClaim, parse_claims
from ...vocab import is_public
from ...wire.iri import host_of
from ...wire.json import JsonObject, JsonValue
from ...wire.media_types import ACTIVITY_JSON
from ...wire.timestamps import parse_http_date

Subject: TypeAlias = Literal["activity", "actor", "post"]

ACTOR_TYPES: Final = frozenset({"Person", "Service", "Application", "Group", "Organization"})
POST_TYPES: Final = frozenset(
    {"Note", "Article", "Page", "Question", "Event", "Image", "Audio", "Video", "ChatMessage"}
)
ACTIVITY_TYPES: Final = frozenset({
    "Accept", "Add", "Announce", "Block", "Create", "Delete", "Dislike", "EmojiReact", "Flag", "Follow", "Like", "Move",
    "QuoteRequest", "Reject", "Remove", "Undo", "Update",
})  # fmt: skip

_AUTHORITY: Final = re.compile(r"https?://([^/?#\s]++)")

TARGET: Final = "(request-target)"
CAVAGE_COVERED: Final = (TARGET, "host", "date", "digest")
RFC9421_COVERED: Final = ("@method", "@target-uri", "content-type", "content-digest")


@attrs.frozen(kw_only=True)
class Delivery:
    """What a peer sees beside a document; by default all is as this library does it.

    Args:
        method: "POST": it came to an inbox; "GET": it was fetched. None: activities come, others are fetched.
        content_type: Of the request that brought it, or of the answer.
        url: Where it was fetched in the end; None: at its id.
        scheme: How the POST is signed; None: it is not.
        covered: What the signature covers; None: the usual.
        algorithm: The parameter of the signature; None: there is none.
        digest: The names of hashes in `Digest`, as they are spelled, joined by ",".
        key_id: None: the actor's id and "#main-key".
        signer: Whose key it is; None: the actor's.
        is_tidy: Whether the parameters are quoted, and joined by commas alone.
        age_s: Seconds between its `Date` and its arrival; negative: it is from the future.
        has_query: Whether the inbox it was sent to has a query.
        is_own_host: Whether its `Host` is the peer's own.
        host: Of the peer; None: whichever it is for.
        follows: Ids of the actors that somebody there follows; None: the author is among them.
        now_s: Seconds since the epoch; None: dates in the document are not compared with the clock.
    """

    method: Literal["POST", "GET"] | None = None
    content_type: str = ACTIVITY_JSON
    url: str | None = None
    scheme: Scheme | None = Scheme.CAVAGE
    covered: tuple[str, ...] | None = None
    algorithm: str | None = "rsa-sha256"
    digest: str = "SHA-256"
    key_id: str | None = None
    signer: str | None = None
    is_tidy: bool = True
    age_s: float = 0
    has_query: bool = False
    is_own_host: bool = True
    host: str | None = None
    follows: frozenset[str] | None = None
    now_s: float | None = None

    @classmethod
    def of(cls, request: Request, *, now_s: float) -> Delivery:
        """Read a POST as it arrives.

        Args:
            request: To an inbox; whether its signature verifies is not looked at.
            now_s: Seconds since the epoch.
        """
        claim = _claim_of(request)
        digests = (request.headers.get("digest") or "").split(",")
        return cls(
            method="POST",
            content_type=request.headers.get("content-type") or "",
            scheme=None if claim is None else claim.scheme,
            covered=None if claim is None else claim.covered,
            algorithm=None if claim is None else claim.algorithm,
            digest=",".join(part.partition("=")[0].strip() for part in digests),
            key_id=None if claim is None else claim.key_id,
            is_tidy=claim is None or claim.scheme is Scheme.RFC9421 or _is_tidy(request, claim),
            age_s=_age_s(request, now_s),
            has_query=bool(request.query),
            is_own_host=(request.headers.get("host") or request.authority) == request.authority,
            host=request.authority,
            now_s=now_s,
        )


def _claim_of(request: Request) -> SignatureClaim | None:
    try:
        return parse_claims(request)[0]
    except FedtextError:
        return None


def _is_tidy(request: Request, claim: SignatureClaim) -> bool:
    plain = ",".join(f'{name}="{value}"' for name, value in claim.parameters)
    return (request.headers.get("signature") or "").lower() == plain.lower()


def _age_s(request: Request, now_s: float) -> float:
    try:
        return now_s - parse_http_date(request.headers.get("date") or "")
    except FedtextError:
        return 0


@attrs.frozen(kw_only=True)
class Case:
    """A document that was delivered.

    Args:
        document: As it is on the wire.
        delivery: How it came.
        size_bytes: Of the document.
    """

    document: JsonObject
    delivery: Delivery
    size_bytes: int

    @property
    def kind(self) -> str:
        """Its type."""
        return kind_of(self.document)

    @property
    def subject(self) -> Subject | None:
        """Whether it is an activity, an actor or a post; None: something else."""
        if self.kind in ACTIVITY_TYPES or (self.kind and "actor" in self.document and self.kind not in POST_TYPES):
            return "activity"
        if self.kind in ACTOR_TYPES or "inbox" in self.document:
            return "actor"
        return "post" if self.kind in POST_TYPES else None

    @property
    def is_posted(self) -> bool:
        """Whether it came to an inbox."""
        method = self.delivery.method or ("POST" if self.subject == "activity" else "GET")
        return method == "POST"

    @property
    def actor(self) -> str:
        """The id of who acts, or whose document it is."""
        if self.subject == "actor":
            return text_of(self.document, "id")
        return first_id(self.document.get("actor" if self.subject == "activity" else "attributedTo"))

    @property
    def inner(self) -> JsonObject | None:
        """What an activity embeds."""
        value = self.document.get("object") if self.subject == "activity" else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return value if isinstance(value, dict) else None

    @property
    def object_id(self) -> str:
        """The id of what an activity is about."""
        return first_id(self.document.get("object"))

    @property
    def post(self) -> JsonObject | None:
        """The post itself, or that which a Create or Update brings."""
        if self.subject == "post":
            return self.document
        if self.kind in ("Create", "Update") and self.inner is not None and kind_of(self.inner) in POST_TYPES:
            return self.inner
        return None

    @property
    def profile(self) -> JsonObject | None:
        """The actor itself, or that which an Update brings."""
        if self.subject == "actor":
            return self.document
        inner = self.inner if self.kind == "Update" else None
        return inner if inner is not None and ("inbox" in inner or kind_of(inner) in ACTOR_TYPES) else None

    @property
    def holders(self) -> tuple[JsonObject, ...]:
        """Whatever has addressees: the document, and the post in it."""
        return (self.document,) if self.post in (None, self.document) else (self.document, self.post or {})

    @property
    def addressed(self) -> list[str]:
        """Whom the post is for; where it does not say so, whom its activity is for (MOD-06)."""
        holder = self.post if self.post is not None and ("to" in self.post or "cc" in self.post) else self.document
        return [*ids(holder.get("to")), *ids(holder.get("cc"))]

    @property
    def is_public(self) -> bool:
        """Whether everybody may see it."""
        return any(is_public(iri) for iri in self.addressed)

    @property
    def is_vote(self) -> bool:
        """Whether it is the choice of somebody in a poll: a Note with a name and without content (MOD-37)."""
        post = self.post
        is_note = post is not None and kind_of(post) == "Note" and not has_content(post)
        return is_note and post is not None and bool(text_of(post, "name") and first_id(post.get("inReplyTo")))

    @property
    def is_private_message(self) -> bool:
        """Whether it is for one actor alone."""
        found = self.addressed
        return self.post is not None and len(found) == 1 and not self.is_public and not found[0].endswith("/followers")


def kind_of(document: JsonObject) -> str:
    """Give a type; of several the first that is known."""
    value = document.get("type")
    names = [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]
    known = [name for name in names if name in ACTIVITY_TYPES | ACTOR_TYPES | POST_TYPES]
    return next(iter([*known, *names]), "")


def items(value: JsonValue) -> list[JsonValue]:
    """Give the members of a list; one value alone is a list of one, nothing is an empty one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def objects(value: JsonValue, *kinds: str) -> list[JsonObject]:
    """Give the objects of these types among one or several."""
    return [item for item in items(value) if isinstance(item, dict) and (not kinds or kind_of(item) in kinds)]


def ids(value: JsonValue) -> list[str]:
    """Give the ids of what is referred to."""
    found = [item.get("id") if isinstance(item, dict) else item for item in items(value)]
    return [iri for iri in found if isinstance(iri, str)]


def first_id(value: JsonValue) -> str:
    """Give the first of them; empty: there is none."""
    return next(iter(ids(value)), "")


def text_of(document: JsonObject, name: str) -> str:
    """Give a text; empty: there is none."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def has_content(post: JsonObject) -> bool:
    """Tell whether a post says something, in one language or several."""
    return isinstance(post.get("content"), str) or bool(post.get("contentMap"))


def links(value: JsonValue) -> list[str]:
    """Give the addresses in a `url`: texts, and Links."""
    found = [item.get("href") or item.get("url") if isinstance(item, dict) else item for item in items(value)]
    return [address for address in found if isinstance(address, str)]


def is_web(iri: str) -> bool:
    """Tell whether it is an address of the web, with a host."""
    return iri.startswith(("https://", "http://")) and bool(host(iri))


def host(iri: str) -> str:
    """Give the host of an address, lower case; empty: it has none."""
    try:
        return host_of(iri)
    except FedtextError:  # stricter than others are: names with "_", for example
        found = _AUTHORITY.match(iri)
        return found[1].lower() if found else ""


def are_related(first: str, second: str) -> bool:
    """Tell whether two addresses are of one site: the same host, or the same last two labels of it."""
    one, other = host(first), host(second)
    return bool(one) and (one == other or (one.count(".") > 0 and one.split(".")[-2:] == other.split(".")[-2:]))


def walk(document: JsonObject) -> Iterator[tuple[int, JsonObject | list[JsonValue]]]:
    """Iterate over all objects and lists in a document, with their depths; its own is 1."""
    level: list[JsonObject | list[JsonValue]] = [document]
    depth = 0
    while level:
        depth += 1
        yield from ((depth, one) for one in level)
        inner = [value for one in level for value in (one.values() if isinstance(one, dict) else one)]
        level = [value for value in inner if isinstance(value, dict | list)]
