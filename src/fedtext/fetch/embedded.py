"""What a document embeds of other origins is not its to say: it is reduced to ids.

Threat: an object copied into somebody else's document looks like the real one and says what the copier likes
(INB-09, SEC-079, SEC-091). Its id is true in any case: whoever wants the object fetches it from there.

Pure. Invariants: the given value is not changed; what has no id is kept and searched; keys, pictures and tags are kept
whole, since they are shown or checked by rules of their own and never taken for somebody's word.
"""

from __future__ import annotations

from typing import Final

from ..errors import MalformedIri
from ..wire.iri import Origin, origin_of
from ..wire.json import JsonObject, JsonValue

_KEPT: Final = frozenset(
    {"@context", "assertionMethod", "attachment", "icon", "image", "proof", "publicKey", "signature", "tag"}
)


def reduce_foreign(document: JsonObject, origin: Origin) -> JsonObject:
    """Give a copy in which every embedded object of another origin is only its id.

    Args:
        document: Normalized; nested no deeper than `json_depth_max`.
        origin: Of whoever vouches for the document.
    """
    return {name: value if name in _KEPT else _reduce(value, origin) for name, value in document.items()}


def origin_or_none(iri: JsonValue) -> Origin | None:
    """Give the origin of an identifier; None for what is no http(s) URL."""
    if not isinstance(iri, str):
        return None
    try:
        return origin_of(iri)
    except MalformedIri:
        return None


def _reduce(value: JsonValue, origin: Origin) -> JsonValue:
    if isinstance(value, list):
        return [_reduce(item, origin) for item in value]
    if not isinstance(value, dict):
        return value
    object_id = value.get("id")
    if isinstance(object_id, str) and origin_or_none(object_id) != origin:
        return object_id
    return reduce_foreign(value, origin)
