"""Who gets it: recipients from the addressing properties; blind ones are used and then removed (SEC-136)."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..config import Limits
from ..errors import LimitExceeded
from ..vocab import is_public
from ..wire.json import JsonObject, JsonValue

_ADDRESSING = ("to", "cc", "bto", "bcc", "audience")


@attrs.frozen(kw_only=True)
class Audience:
    """Whom an activity goes to.

    Args:
        public: Whether Public is among the addressees, in any of its three spellings (MOD-04).
        followers_of: Identifiers of own actors whose followers get it.
        recipients: Ids of the single actors that get it, in order, without duplicates.
    """

    public: bool
    followers_of: tuple[str, ...]
    recipients: tuple[str, ...]


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
    found: dict[str, None] = {}
    for holder in _holders(document):
        for name in _ADDRESSING:
            for iri in _iris(holder.get(name)):
                found[iri] = None
    public, followers_of, recipients = False, list[str](), list[str]()
    for iri in found:
        if is_public(iri):
            public = True
        elif (owner := followers_owner(iri)) is not None:
            followers_of.append(owner)
        else:
            recipients.append(iri)
    if len(recipients) > (limits or Limits()).recipients_count_max:
        raise LimitExceeded("too many recipients", limit="recipients_count_max", value=len(recipients))
    return Audience(public=public, followers_of=tuple(followers_of), recipients=tuple(recipients))


def strip_blind(document: JsonObject) -> JsonObject:
    """Give a copy without bto and bcc, at the top and in what it embeds (ActivityPub section 6)."""
    stripped: JsonObject = {}
    for name, value in document.items():
        if name in ("bto", "bcc"):
            continue
        stripped[name] = strip_blind(value) if name == "object" and isinstance(value, dict) else value
    return stripped


def _holders(document: JsonObject) -> list[JsonObject]:
    inner = document.get("object")
    return [document, inner] if isinstance(inner, dict) else [document]


def _iris(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [iri for item in value for iri in _iris(item)]
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return [str(value["id"])]
    return []
