"""JSON values in the several shapes that say the same: what all kinds of properties agree on.

To JSON-LD a value, a list of one, `{"@value": …}` around it, and a list or set object are the same, as are an id and
an object that has nothing but it (JLD-16). Everything that reads a document takes it apart with these functions, so
that a document says the same to every property, whichever road it came (`jsonld.normalize`).

Invariants: linear in the size of the value; nothing is changed; what is nested too deep to be copied or compared is
refused.

Sources: JSON-LD 1.1 section 9; JLD-16, MOD-16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..errors import LimitExceeded
from ..wire.json import JsonObject, JsonValue

_COPY_DEPTH_MAX: Final = 64
_CONTAINERS: Final = frozenset({dict, list})


def several(value: JsonValue) -> list[JsonValue]:
    """Give a list of values: of none, one or many, the members of JSON-LD's own lists among them."""
    found: list[JsonValue] = []
    pending = value[::-1] if isinstance(value, list) else [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict) and ("@list" in item or "@set" in item):
            inner = item.get("@list", item.get("@set"))
            pending += inner[::-1] if isinstance(inner, list) else [inner]
        elif item is not None and item != {"@value": None}:
            found.append(item)
    return found


def single(value: JsonValue) -> JsonValue:
    """Take the first of a list, since one value and a list of one are the same (JLD-16), and null is none."""
    while isinstance(value, list) or (isinstance(value, dict) and ("@list" in value or "@set" in value)):
        value = next(iter(several(value)), None)
    return value


def literal(value: JsonValue) -> JsonValue:
    """Take the first of a list, and what a literal of JSON-LD says."""
    value = single(value)
    return value["@value"] if isinstance(value, dict) and "@value" in value else value


def referred(value: JsonValue) -> JsonValue:
    """Give what a reference says in the other shapes that JSON-LD has for it: an id in an object, a literal."""
    if isinstance(value, dict):
        return value.get("id", value.get("@id", value.get("@value")))
    return value


def is_empty(value: JsonObject) -> bool:
    """Tell whether an object says nothing; null is absence."""
    return all(member is None for member in value.values())


def copied(value: JsonValue, depth: int = 0) -> JsonValue:
    """Copy a JSON value: containers anew, the rest shared.

    Raises:
        LimitExceeded: Nested deeper than anything that may be sent or received.
    """
    if depth > _COPY_DEPTH_MAX:
        raise LimitExceeded("nested too deep", value=depth)
    if isinstance(value, dict):
        return {name: copied(item, depth + 1) if type(item) in _CONTAINERS else item for name, item in value.items()}
    if isinstance(value, list):
        return [copied(item, depth + 1) if type(item) in _CONTAINERS else item for item in value]
    return value


def terms_used(value: JsonValue) -> Iterator[str]:
    """Iterate over the member names and type names in a document, for its context."""
    pending: list[JsonValue] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            kind = item.get("type")
            yield from (kind,) if isinstance(kind, str) else ()
            yield from (name for name in kind if isinstance(name, str)) if isinstance(kind, list) else ()
            for name, member in item.items():
                if name != "@context":
                    yield name
                    pending.append(member)


def alike(one: JsonValue, other: JsonValue, depth: int = 0) -> bool:
    """Tell whether two JSON values say the same: null is absence, a list of one its item; `@context` aside.

    Raises:
        LimitExceeded: Nested deeper than anything that may be sent or received.
    """
    if one is other:
        return True
    if depth > _COPY_DEPTH_MAX:
        raise LimitExceeded("nested too deep", value=depth)
    one, other = only(one), only(other)
    if isinstance(one, dict) and isinstance(other, dict):
        members, others = _members(one), _members(other)
        return members.keys() == others.keys() and all(
            alike(value, others[name], depth + 1) for name, value in members.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(*pair, depth + 1) for pair in zip(one, other, strict=True))
    # In Python 1 is True; in JSON it is not.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _members(document: JsonObject) -> JsonObject:
    return {name: value for name, value in document.items() if value is not None and name != "@context"}


def only(value: JsonValue) -> JsonValue:
    """Give the item of a list of one, at any depth of such lists."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value
