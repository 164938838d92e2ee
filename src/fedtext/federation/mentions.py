"""Stand-ins for ids that only the network knows, until the worker has looked them up and the activity is sealed.

"acct:bob@mastodon.example" stands for the id of the actor with this handle, "author-of:https://…" for the id of whom
an object is attributed to; in the addressing, in Mention tags, and as the object of a Follow, a Block or their Undo.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..wire.json import JsonObject, JsonValue

ACCT = "acct:"
AUTHOR_OF = "author-of:"
_ADDRESSING = ("to", "cc", "bto", "bcc", "audience")


def unresolved_handles(document: JsonObject) -> tuple[str, ...]:
    """Give what stands where ids will, in order, each once: handles without "acct:", authors with "author-of:"."""
    inner = document.get("object")
    found: dict[str, None] = {}
    for holder in (document, inner if isinstance(inner, dict) else {}):
        for name in (*_ADDRESSING, "object"):
            for value in _listed(holder.get(name)):
                if _is_stand_in(value):
                    found[str(value).removeprefix(ACCT)] = None
    return tuple(found)


def with_ids(document: JsonObject, found: Mapping[str, str]) -> JsonObject:
    """Give the document with ids in the place of handles, in the addressing and in Mention tags.

    Args:
        document: Not changed.
        found: Ids by handle; those that are missing here fall away, and stay plain text in the content.
    """
    resolved = dict(document)
    inner = document.get("object")
    holders = [resolved]
    if isinstance(inner, dict):
        embedded = dict(inner)
        resolved["object"] = embedded
        holders.append(embedded)
    for holder in holders:
        for name in _ADDRESSING:
            if name in holder:
                holder[name] = _with_ids(_listed(holder[name]), found)
        if _is_stand_in(holder.get("object")):
            holder["object"] = _with_id(holder["object"], found)
        tags = holder.get("tag")
        if isinstance(tags, list):
            holder["tag"] = [kept for tag in tags if (kept := _tag(tag, found)) is not None]
    return resolved


def lost_object(before: JsonObject, after: JsonObject) -> bool:
    """Tell whether an activity, or one inside it, has lost its object because that was not found."""
    if before.get("object") is not None and after.get("object") is None:
        return True
    inner, resolved = before.get("object"), after.get("object")
    return isinstance(inner, dict) and isinstance(resolved, dict) and lost_object(inner, resolved)


def _listed(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _with_ids(values: list[JsonValue], found: Mapping[str, str]) -> list[JsonValue]:
    """Give a list of addressees, each once: two handles may lead to one actor."""
    resolved: list[JsonValue] = []
    for value in values:
        iri = _with_id(value, found)
        if iri is not None and iri not in resolved:
            resolved.append(iri)
    return resolved


def _with_id(value: JsonValue, found: Mapping[str, str]) -> JsonValue:
    if isinstance(value, str) and _is_stand_in(value):
        return found.get(value.removeprefix(ACCT))
    return value


def _is_stand_in(value: JsonValue) -> bool:
    return isinstance(value, str) and value.startswith((ACCT, AUTHOR_OF))


def _tag(tag: JsonValue, found: Mapping[str, str]) -> JsonValue:
    """Give a tag whose href is an id; None for a mention of somebody who was not found."""
    if not isinstance(tag, dict):
        return tag
    href = _with_id(tag.get("href"), found)
    if href is None and tag.get("href") is not None:
        return None
    return tag if href == tag.get("href") else {**tag, "href": href}
