"""Handles in the place of ids: "acct:bob@mastodon.example" in the addressing of an activity, until it is sealed."""

from __future__ import annotations

from collections.abc import Mapping

from ..wire.json import JsonObject, JsonValue

ACCT = "acct:"
_ADDRESSING = ("to", "cc", "bto", "bcc", "audience")


def unresolved_handles(document: JsonObject) -> tuple[str, ...]:
    """Give the handles that stand where ids will, in order, each once; of the activity and of the object inside it."""
    inner = document.get("object")
    found: dict[str, None] = {}
    for holder in (document, inner if isinstance(inner, dict) else {}):
        for name in _ADDRESSING:
            for value in _listed(holder.get(name)):
                if isinstance(value, str) and value.startswith(ACCT):
                    found[value.removeprefix(ACCT)] = None
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
        tags = holder.get("tag")
        if isinstance(tags, list):
            holder["tag"] = [kept for tag in tags if (kept := _tag(tag, found)) is not None]
    return resolved


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
    if isinstance(value, str) and value.startswith(ACCT):
        return found.get(value.removeprefix(ACCT))
    return value


def _tag(tag: JsonValue, found: Mapping[str, str]) -> JsonValue:
    """Give a tag whose href is an id; None for a mention of somebody who was not found."""
    if not isinstance(tag, dict):
        return tag
    href = _with_id(tag.get("href"), found)
    if href is None and tag.get("href") is not None:
        return None
    return tag if href == tag.get("href") else {**tag, "href": href}
