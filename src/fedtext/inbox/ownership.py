"""Who may say what: the identifiers of one activity must belong together.

Pure functions over the normalized document. What an actor says about objects of other origins is reduced to ids
(INB-09, SEC-079); what it claims to have made, changed or removed must be its own (INB-08, INB-18, SEC-080…082).
Sources: FEP-fe34 (origin-based security model), FEP-2277.
"""

from __future__ import annotations

from ..errors import MalformedIri, MissingProperty, OriginMismatch, TypeMismatch
from ..wire.iri import Origin, origin_of
from ..wire.json import JsonObject, JsonValue

_REDUCED = ("object", "target", "instrument", "result", "origin", "inReplyTo")
_WITHOUT_ID = ("Add", "Remove")  # Interop: MOD-56, Mastodon's Add and Remove have no id


def check_identity(document: JsonObject, actor: str) -> None:
    """Demand an id on the actor's origin (SEC-072).

    Raises:
        MissingProperty: No id, and the type is not one that is seen without.
        OriginMismatch: The id is on another origin.
        MalformedIri: The id is not an absolute URL.
    """
    activity_id = document.get("id")
    if activity_id is None:
        if document.get("type") not in _WITHOUT_ID:
            raise MissingProperty("an activity has an id", property="id")
        return
    if not isinstance(activity_id, str):
        raise TypeMismatch("the id is an absolute URL", property="id")
    if origin_of(activity_id) != origin_of(actor):
        raise OriginMismatch("the activity's id is on another origin than its actor", id=activity_id, actor=actor)


def confine(document: JsonObject, actor: str) -> JsonObject:
    """Check that the actor may say this and reduce what it says of others to ids.

    Args:
        document: Normalized; `actor` is already authenticated.
        actor: The actor's id.

    Returns:
        A new document; the given one is not changed.

    Raises:
        OriginMismatch: It claims what is not its own.
        MissingProperty: It does not say whose the object is.
    """
    origin = origin_of(actor)
    kind = document.get("type")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is not None:
        check(document, actor, origin)
    confined = dict(document)
    confined["actor"] = actor
    for name in _REDUCED:
        if name in confined:
            confined[name] = _reduce(confined[name], actor, origin, announced=kind == "Announce")
    return confined


def identifier(value: JsonValue) -> str | None:
    """Give the id of a reference in any of its shapes, or None (JLD-16)."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def _reduce(value: JsonValue, actor: str, origin: Origin, *, announced: bool) -> JsonValue:
    if isinstance(value, list):
        return [_reduce(item, actor, origin, announced=announced) for item in value]
    if not isinstance(value, dict):
        return value
    object_id = value.get("id")
    if not isinstance(object_id, str):
        return value
    if _origin(object_id) != origin:
        return object_id
    if announced and identifier(value.get("attributedTo")) != actor:
        return object_id  # MOD-43: an embedded object counts only when it is the announcer's own
    nested = dict(value)
    for name in _REDUCED:
        if name in nested:
            nested[name] = _reduce(nested[name], actor, origin, announced=False)
    return nested


def _origin(iri: str) -> Origin | None:
    try:
        return origin_of(iri)
    except MalformedIri:
        return None


def _check_authored(document: JsonObject, actor: str, origin: Origin) -> None:
    for value in _objects(document):
        object_id = identifier(value)
        if object_id is None:
            raise MissingProperty("the object has no id", property="object")
        if _origin(object_id) != origin:
            raise OriginMismatch("the object is on another origin than its actor", object=object_id, actor=actor)
        if isinstance(value, dict) and object_id != actor:
            author = value.get("attributedTo", value.get("actor"))
            if identifier(author) != actor:
                raise OriginMismatch("the object is attributed to somebody else", object=object_id, actor=actor)


def _check_removed(document: JsonObject, actor: str, origin: Origin) -> None:
    for value in _objects(document):
        object_id = identifier(value)
        if object_id is None:
            raise MissingProperty("the object has no id", property="object")
        if _origin(object_id) != origin:
            raise OriginMismatch("the object is on another origin than its actor", object=object_id, actor=actor)
        if isinstance(value, dict):
            author = value.get("attributedTo", value.get("actor"))
            if author is not None and identifier(author) != actor:
                raise OriginMismatch("the object is attributed to somebody else", object=object_id, actor=actor)


def _check_undone(document: JsonObject, actor: str, origin: Origin) -> None:
    for value in _objects(document):
        object_id = identifier(value)
        if object_id is not None and _origin(object_id) != origin:
            raise OriginMismatch("what is undone is on another origin", object=object_id, actor=actor)
        if isinstance(value, dict) and identifier(value.get("actor")) != actor:
            raise OriginMismatch("what is undone is somebody else's", actor=actor)


def _check_answered(document: JsonObject, actor: str, _origin_of_actor: Origin) -> None:
    """An Accept or Reject of an embedded Follow comes from whom the Follow is for (INB-17, SEC-085)."""
    for value in _objects(document):
        if isinstance(value, dict) and value.get("type") == "Follow" and identifier(value.get("object")) != actor:
            raise OriginMismatch("the Follow that is answered is for somebody else", actor=actor)


def _check_collected(document: JsonObject, actor: str, origin: Origin) -> None:
    target = identifier(document.get("target"))
    if target is None or _origin(target) != origin:
        raise OriginMismatch("the collection is on another origin than its actor", target=target or "", actor=actor)


def _check_moved(document: JsonObject, actor: str, _origin_of_actor: Origin) -> None:
    if identifier(document.get("object")) != actor:
        raise OriginMismatch("an actor moves itself only", actor=actor)


_CHECKS = {
    "Create": _check_authored,
    "Update": _check_authored,
    "Delete": _check_removed,
    "Undo": _check_undone,
    "Accept": _check_answered,
    "Reject": _check_answered,
    "Add": _check_collected,
    "Remove": _check_collected,
    "Move": _check_moved,
}


def _objects(document: JsonObject) -> list[JsonValue]:
    value = document.get("object")
    if value is None:
        raise MissingProperty("the activity has no object", property="object")
    return value if isinstance(value, list) else [value]
