"""Who may say what: the identifiers of one activity must belong together.

Pure functions over the normalized document. What an actor says about objects of other origins is reduced to ids
(INB-09, SEC-079); what it claims to have made, changed or removed must be its own (INB-08, INB-18, SEC-080…082).

Invariant: which check holds follows from the class that the activity is dispatched by, never from a spelling of its
type; so no spelling reaches a listener unchecked.

Sources: FEP-fe34 (origin-based security model), FEP-2277.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from ..errors import MissingProperty, OriginMismatch, TypeMismatch
from ..fetch import origin_or_none, reduce_foreign
from ..vocab import (
    Accept,
    Activity,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    Dislike,
    EmojiReact,
    Flag,
    Follow,
    InteractionRequest,
    Like,
    Move,
    Reject,
    Remove,
    Undo,
    Update,
    is_public,
)
from ..wire.iri import Origin, Url, origin_of, parse_url
from ..wire.json import JsonObject, JsonValue

HELD_COUNT_MAX: Final = 32
"""So many objects of one activity are compared with what is held of them."""

# Bound once: to write `Accept | Reject` in a function makes a new union each time.
_ANSWERS: Final = (Accept, Reject)
_ABOUT_HELD: Final = (Update, Delete, Undo, *_ANSWERS)
_WITHOUT_ID: Final = (Add, Remove)  # Interop: MOD-56, Mastodon's Add and Remove have no id


def confine(document: JsonObject, activity: Activity, actor: str) -> JsonObject:
    """Check that the actor may say this and reduce what it says of others to ids.

    Args:
        document: Normalized.
        activity: The model of the same document.
        actor: Id of the actor, which is authentic.

    Returns:
        A new document; the same one where nothing has to be reduced. The given one is not changed.

    Raises:
        OriginMismatch: It claims what is not its own.
        MissingProperty: It has no id, or does not say whose the object is.
        TypeMismatch: The id is not text, or the object is neither an id nor an object.
        MalformedIri: The id is not an absolute URL.
    """
    origin = origin_of(actor)
    _check_identity(document, activity, actor, origin)
    is_transitive, checks = _checks_of(type(activity))
    if is_transitive:
        _check_object(document)
    for check in checks:
        check(document, actor, origin)
    _check_nameless(document.get("object"), actor)
    confined = reduce_foreign(document, origin)
    if confined.get("actor") != actor:  # it came as an object, or as a list of one
        confined = {**confined, "actor": actor}
    if isinstance(activity, Announce) and "object" in confined:
        announced = _announced(confined["object"], actor)
        if announced != confined["object"]:
            confined = {**confined, "object": announced}
    return confined


def identifier(value: JsonValue) -> str | None:
    """Give the id of a reference in any of its shapes, or None (JLD-16)."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def held_ids(document: JsonObject, activity: Activity, actor: str) -> list[str]:
    """Give the ids of those objects whose owner we may know better than the sender says."""
    if not isinstance(activity, _ABOUT_HELD):
        return []
    ids = [identifier(value) for value in _objects(document)[:HELD_COUNT_MAX]]
    return [found for found in ids if found is not None and found != actor]


def check_held(
    document: JsonObject, activity: Activity, actor: str, held: Mapping[str, JsonObject], known: frozenset[str]
) -> None:
    """Compare what an activity claims with what we hold under the ids that it names (SEC-081, SEC-082).

    An id says who serves an object, not whose it is: neighbours on one server share an origin.

    Args:
        document: As in `confine`.
        activity: As in `confine`.
        actor: As in `confine`.
        held: Id -> document, as its origin gave it to us.
        known: Those ids that are known to be actors.

    Raises:
        OriginMismatch: It is somebody else's.
    """
    for object_id in held_ids(document, activity, actor):
        found = held.get(object_id, {})
        if isinstance(activity, _ANSWERS):
            if _is_a(found, "Follow") and identifier(found.get("object")) != actor:
                raise OriginMismatch("the Follow that is answered is for somebody else", object=object_id, actor=actor)
            continue
        owner = identifier(found.get("actor", found.get("attributedTo")))
        if object_id in known or "inbox" in found or owner not in (None, actor):
            raise OriginMismatch("the object is known as somebody else's", object=object_id, actor=actor)


def check_ours(document: JsonObject, activity: Activity, is_own: Callable[[Url], bool]) -> None:
    """Refuse answers to a Follow that is not of one of our actors: nobody else's concerns us (INB-17, SEC-085).

    Whether we ever sent it, and still wait, is known by whoever keeps the followings.

    Raises:
        OriginMismatch: It says that somebody else wants to follow.
        MalformedIri: Who wants to follow is no address.
    """
    for value in _objects(document) if isinstance(activity, _ANSWERS) else ():
        if isinstance(value, dict) and _is_a(value, "Follow"):
            follower = identifier(value.get("actor"))
            if follower is None or not is_own(parse_url(follower)):
                raise OriginMismatch("the Follow that is answered is none of ours", actor=follower or "")


def _check_identity(document: JsonObject, activity: Activity, actor: str, origin: Origin) -> None:
    """Demand an id on the actor's origin (SEC-072)."""
    activity_id = document.get("id")
    if activity_id is None:
        if not isinstance(activity, _WITHOUT_ID):
            raise MissingProperty("an activity has an id", property="id")
        return
    if not isinstance(activity_id, str):
        raise TypeMismatch("the id is an absolute URL", property="id")
    if origin_of(activity_id) != origin:
        raise OriginMismatch("the activity's id is on another origin than its actor", id=activity_id, actor=actor)


def _check_object(document: JsonObject) -> None:
    """Demand something that is done to (INB-05)."""
    values = _objects(document)
    if not values or not all(_names_something(value) for value in values):
        raise TypeMismatch("the object is an id or an object, or several", property="object")


def _names_something(value: JsonValue) -> bool:
    """Tell whether a value is an id or an object, also where JSON-LD has it as a literal."""
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    return isinstance(value, str | dict) and bool(value)


def _check_nameless(value: JsonValue, actor: str) -> None:
    """Refuse words in somebody else's name that have no id: nobody could ask him (SEC-079).

    What others did to the actor, such as the Follow that it accepts, may stand without an id.
    """
    if isinstance(value, list):
        for item in value:
            _check_nameless(item, actor)
    if not isinstance(value, dict) or isinstance(value.get("id"), str):
        return
    author, doer = value.get("attributedTo"), value.get("actor")
    done_to_actor = identifier(value.get("object")) == actor
    if (author is not None and identifier(author) != actor) or (
        doer is not None and identifier(doer) != actor and not done_to_actor
    ):
        raise OriginMismatch("an object without an id is attributed to somebody else", actor=actor)
    _check_nameless(value.get("object"), actor)


def _announced(value: JsonValue, actor: str) -> JsonValue:
    """Keep an announced object only when it is the announcer's own (MOD-43)."""
    if isinstance(value, list):
        return [_announced(item, actor) for item in value]
    if isinstance(value, dict) and isinstance(value.get("id"), str) and identifier(value.get("attributedTo")) != actor:
        return value["id"]
    return value


def _is_a(value: JsonObject, name: str) -> bool:
    kinds = value.get("type")
    return name in kinds if isinstance(kinds, list) else kinds == name


def _says_something(value: JsonValue) -> bool:
    """Tell an embedded object from a reference written as an object (JLD-16)."""
    return isinstance(value, dict) and value.keys() != {"id"}


def _check_authored(document: JsonObject, actor: str, origin: Origin) -> None:
    for value in _objects(document):
        object_id = _own_id(value, actor, origin)
        if isinstance(value, dict) and _says_something(value) and object_id != actor:
            author = value.get("attributedTo", value.get("actor"))
            if identifier(author) != actor:
                raise OriginMismatch("the object is attributed to somebody else", object=object_id, actor=actor)


def _check_removed(document: JsonObject, actor: str, origin: Origin) -> None:
    for value in _objects(document):
        object_id = _own_id(value, actor, origin)
        if isinstance(value, dict) and object_id != actor:
            author = value.get("attributedTo", value.get("actor"))
            if "inbox" in value or (author is not None and identifier(author) != actor):
                raise OriginMismatch("the object is attributed to somebody else", object=object_id, actor=actor)


def _check_undone(document: JsonObject, actor: str, origin: Origin) -> None:
    for value in _objects(document):
        object_id = identifier(value)
        if object_id is not None and origin_or_none(object_id) != origin:
            raise OriginMismatch("what is undone is on another origin", object=object_id, actor=actor)
        if isinstance(value, dict) and _says_something(value) and identifier(value.get("actor")) != actor:
            raise OriginMismatch("what is undone is somebody else's", actor=actor)


def _check_answered(document: JsonObject, actor: str, _origin: Origin) -> None:
    """An Accept or Reject of an embedded Follow comes from whom the Follow is for (INB-17, SEC-085).

    Interop: DLV-20, relays are asked for the public; whoever keeps the relays knows whom that was.
    """
    for value in _objects(document):
        if not isinstance(value, dict) or not _is_a(value, "Follow"):
            continue
        followed = identifier(value.get("object"))
        if followed != actor and not is_public(followed or ""):
            raise OriginMismatch("the Follow that is answered is for somebody else", actor=actor)


def _check_collected(document: JsonObject, actor: str, origin: Origin) -> None:
    target = identifier(document.get("target"))
    if target is None or origin_or_none(target) != origin:
        raise OriginMismatch("the collection is on another origin than its actor", target=target or "", actor=actor)


def _check_moved(document: JsonObject, actor: str, _origin: Origin) -> None:
    if identifier(document.get("object")) != actor:
        raise OriginMismatch("an actor moves itself only", actor=actor)


def _check_asked(document: JsonObject, actor: str, origin: Origin) -> None:
    """Whoever asks whether he may quote, answer or feature asks it for what is his own (FEP-044f, FEP-7aa9)."""
    value = document.get("instrument")
    if value is None:
        return
    instrument_id = identifier(value)
    if instrument_id is None or origin_or_none(instrument_id) != origin:
        raise OriginMismatch("what is asked for is on another origin than its actor", actor=actor)
    if not isinstance(value, dict) or not _says_something(value) or instrument_id == actor:
        return
    if identifier(value.get("attributedTo", value.get("actor"))) != actor:
        raise OriginMismatch("what is asked for is somebody else's", object=instrument_id, actor=actor)


_CHECKS: Final[tuple[tuple[type[Activity], Callable[[JsonObject, str, Origin], None]], ...]] = (
    (Create, _check_authored),
    (Update, _check_authored),
    (Delete, _check_removed),
    (Undo, _check_undone),
    (Accept, _check_answered),
    (Reject, _check_answered),
    (Add, _check_collected),
    (Remove, _check_collected),
    (Move, _check_moved),
    (InteractionRequest, _check_asked),
)


_TRANSITIVE: Final[tuple[type[Activity], ...]] = (
    *(cls for cls, _check in _CHECKS),
    *(Announce, Block, Dislike, EmojiReact, Flag, Follow, Like),
)


@lru_cache(maxsize=1_024)
def _checks_of(kind: type[Activity]) -> tuple[bool, tuple[Callable[[JsonObject, str, Origin], None], ...]]:
    """Tell whether activities of a class need an object, and what they are checked for: asked once for each class."""
    checks = tuple(check for cls, check in _CHECKS if issubclass(kind, cls))
    return issubclass(kind, _TRANSITIVE), checks


def _own_id(value: JsonValue, actor: str, origin: Origin) -> str:
    object_id = identifier(value)
    if object_id is None:
        raise MissingProperty("the object has no id", property="object")
    if origin_or_none(object_id) != origin:
        raise OriginMismatch("the object is on another origin than its actor", object=object_id, actor=actor)
    return object_id


def _objects(document: JsonObject) -> list[JsonValue]:
    value = document.get("object")
    if value is None:
        raise MissingProperty("the activity has no object", property="object")
    return value if isinstance(value, list) else [value]
