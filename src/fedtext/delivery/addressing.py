"""Who gets it: recipients from the addressing properties; blind ones are used and then removed (SEC-136)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..config import Limits
from ..errors import LimitExceeded
from ..vocab import is_public
from ..wire.json import JsonObject, JsonValue

_BLIND = ("bto", "bcc")
_ADDRESSING = ("to", "cc", *_BLIND, "audience")


@attrs.frozen(kw_only=True)
class Audience:
    """Whom an activity goes to.

    Args:
        public: Whether Public is among the addressees, in any of its three spellings (MOD-04).
        followers_of: Identifiers of own actors whose followers get it.
        recipients: Ids of the single actors that get it, in order, without duplicates.
        blind: Those of them that only bto or bcc name: nobody can tell from the document that it is for them.
        shared: Whether shared inboxes may be used: it says openly that it is for the public or for followers
            (AP-S08, DLV-01).
    """

    public: bool
    followers_of: tuple[str, ...]
    recipients: tuple[str, ...]
    blind: tuple[str, ...]
    shared: bool


def audience(
    document: JsonObject, *, followers_owner: Callable[[str], str | None], limits: Limits | None = None
) -> Audience:
    """Compute the audience of an activity and of the object inside it.

    Args:
        document: The activity as dumped, still with bto and bcc.
        followers_owner: Gives the identifier of the own actor whose followers collection an IRI is, else None;
            collections of others are never expanded (SEC-139).
        limits: The table of limits.

    Raises:
        LimitExceeded: More recipients than `recipients_count_max`.
    """
    found: dict[str, bool] = {}
    for holder in _holders(document):
        for name in _ADDRESSING:
            for iri in iris(holder.get(name)):
                found[iri] = found.get(iri, True) and name in _BLIND
    public, shared, followers_of, recipients = False, False, list[str](), list[str]()
    for iri, only_blind in found.items():
        owner = followers_owner(iri)
        if is_public(iri):
            public = True
        elif owner is not None:
            followers_of.append(owner)
        else:
            recipients.append(iri)
            continue
        shared = shared or not only_blind
    if len(recipients) > (limits or Limits()).recipients_count_max:
        raise LimitExceeded("too many recipients", limit="recipients_count_max", value=len(recipients))
    blind = tuple(iri for iri in recipients if found[iri])
    return Audience(
        public=public, followers_of=tuple(followers_of), recipients=tuple(recipients), blind=blind, shared=shared
    )


def strip_blind(document: JsonObject) -> JsonObject:
    """Give a copy without bto and bcc, at the top and in whatever it embeds (ActivityPub section 6, SEC-136)."""
    return {name: _stripped(value) for name, value in document.items() if name not in _BLIND}


def _stripped(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return strip_blind(value)
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    return value


def _holders(document: JsonObject) -> list[JsonObject]:
    inner = document.get("object")
    embedded = inner if isinstance(inner, list) else [inner]
    return [document, *(value for value in embedded if isinstance(value, dict))]


def iris(value: JsonValue) -> list[str]:
    """Give the ids in one property of the addressing, in any of its shapes."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [iri for item in value for iri in iris(item)]
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return [str(value["id"])]
    return []


def is_for_everybody(document: JsonObject) -> bool:
    """Tell whether everybody may see what is addressed so: it is public, or unlisted."""
    for name in ("to", "cc"):
        value = document.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and is_public(item):
                return True
    return False
