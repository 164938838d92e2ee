"""Inbox forwarding: what arrives here as an answer to something of ours, for those who follow us.

The server of whoever answers does not know all who see the conversation; we do, for they follow one of ours. So what is
addressed to a collection of ours and leads to something of ours is passed on to its members, byte for byte, once.

Pure: who is ours is asked for. Targets come from the addressing of the activity alone; what is inside of it may be a
forgery or a copy.

Threat: SEC-137. Without all three conditions a stranger could have us spread anything to all who follow us.

Sources: ActivityPub section 7.1.2 and its erratum; AP-S07; INB-14.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ..wire.json import JsonObject, JsonValue
from .admission import listed

LINKS_COUNT_MAX: Final = 64
"""So many ids are looked at that an activity leads to."""

_DEPTH_MAX: Final = 4
_ADDRESSING: Final = ("to", "cc", "audience")
_LINKS: Final = ("inReplyTo", "object", "target", "tag")


def forwarding_targets(
    document: JsonObject,
    *,
    is_collection: Callable[[str], bool],
    is_ours: Callable[[str], bool],
    seen_before: bool = False,
) -> tuple[str, ...]:
    """Give the collections of ours to whose members an activity is to be passed on.

    Args:
        document: The activity, normalized.
        is_collection: Tells whether an id is that of a collection that is kept here.
        is_ours: Tells whether an id is that of something of ours.
        seen_before: Whether the activity arrived earlier.

    Returns:
        Each once, in their order; none where one of the three conditions does not hold.
    """
    if seen_before:
        return ()
    addressed = [iri for name in _ADDRESSING if name in document for iri in _ids(document[name]) if is_collection(iri)]
    if not addressed or not any(is_ours(iri) for iri in linked_ids(document)):
        return ()
    return tuple(dict.fromkeys(addressed))


def linked_ids(document: JsonObject) -> tuple[str, ...]:
    """Give the ids that an activity leads to: what it is about, what that answers, whom it mentions, and so on.

    At most `LINKS_COUNT_MAX`, the nearest first, and no more than four steps deep.
    """
    found: dict[str, None] = {}
    level: list[JsonObject] = [document]
    for _ in range(_DEPTH_MAX):
        values = [value for part in level for name in _LINKS for value in listed(part.get(name))]
        for iri in (iri for value in values for iri in _ids(value)):
            if len(found) >= LINKS_COUNT_MAX:
                return tuple(found)
            found[iri] = None
        level = [value for value in values if isinstance(value, dict)]
    return tuple(found)


def _ids(value: JsonValue) -> Iterator[str]:
    """Give the ids of a value in any of its shapes: of an object or, for mentions and links, where they lead."""
    for item in listed(value):
        named = (item.get("id"), item.get("href")) if isinstance(item, dict) else (item,)
        for iri in named:
            if isinstance(iri, str):
                yield iri
