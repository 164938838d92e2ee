"""What a document embeds of other origins is not its to say: it is reduced to ids.

Threat: an object copied into somebody else's document looks like the real one and says what the copier likes
(INB-09, SEC-079, SEC-091). Its id is true in any case: whoever wants the object fetches it from there.

Pure. Invariants: the given value is not changed, and given back as it is where nothing in it is foreign; what has no
id is kept and searched; keys, pictures and tags are kept whole, since they are shown or checked by rules of their own
and never taken for somebody's word.
"""

from __future__ import annotations

from operator import is_
from typing import Final

from ..errors import MalformedIri
from ..wire.iri import Origin, origin_of
from ..wire.json import JsonObject, JsonValue

_KEPT: Final = frozenset(
    {"@context", "assertionMethod", "attachment", "icon", "image", "proof", "publicKey", "signature", "tag"}
)
# What holds nothing: most members are so, and need no further look.
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def reduce_foreign(document: JsonObject, origin: Origin) -> JsonObject:
    """Reduce every embedded object of another origin to its id.

    Args:
        document: Normalized; nested no deeper than `json_depth_max`. It is not changed.
        origin: Of whoever vouches for the document.

    Returns:
        A new document where something was reduced; the same one where nothing was foreign. Parts may be shared.
    """
    changed: JsonObject | None = None
    for name, value in document.items():
        if type(value) not in _SCALARS and name not in _KEPT:
            reduced = _reduce(value, origin)
            if reduced is not value:
                changed = dict(document) if changed is None else changed
                changed[name] = reduced
    return document if changed is None else changed


def origin_or_none(iri: JsonValue) -> Origin | None:
    """Give the origin of an identifier; None for what is no http(s) URL."""
    if not isinstance(iri, str):
        return None
    try:
        return origin_of(iri)
    except MalformedIri:
        return None


def _reduce(value: JsonValue, origin: Origin) -> JsonValue:
    if isinstance(value, dict):
        object_id = value.get("id")
        if isinstance(object_id, str) and origin_or_none(object_id) != origin:
            return object_id
        return reduce_foreign(value, origin)
    if isinstance(value, list):
        items = [item if type(item) in _SCALARS else _reduce(item, origin) for item in value]
        return value if all(map(is_, items, value)) else items
    return value
