"""What a client says at the outbox of its actor, as an activity of that actor: pure.

Invariants: ids that a client gives are not believed, the server gives ids; an activity is by the owner of the outbox,
and so is what it creates; an activity and what it creates are for the same people. `bto` and `bcc` stay, for whoever
sends it: sealing and serving remove them.

Sources: ActivityPub section 6; AP-C01, AP-C05 to AP-C07.
"""

from __future__ import annotations

from typing import Final

from ..errors import MissingProperty, OriginMismatch
from ..vocab import Activity, Add, Block, Create, Delete, Follow, Like, Remove, Undo, Update, load, load_as
from ..wire.json import JsonObject, JsonValue

_ADDRESSING: Final = ("to", "cc", "bto", "bcc", "audience")
_WITH_OBJECT: Final = (Create, Update, Delete, Follow, Add, Remove, Like, Block, Undo)
_WITH_TARGET: Final = (Add, Remove)


def owners_activity(document: JsonObject, actor_id: str) -> Activity:
    """Give what a client said as an activity of its actor, without ids of its own.

    Args:
        document: As parsed and normalized; an object that is no activity is to be created (AP-C07).
        actor_id: Id of the owner of the outbox.

    Returns:
        The activity, without an id; of a Create the object has none either.

    Raises:
        MissingProperty: No type, or nothing that it is done to (AP-C05).
        OriginMismatch: It is said in somebody else's name.
    """
    if not document.get("type"):
        raise MissingProperty("what is said has a type", property="type")
    said = {name: value for name, value in document.items() if name != "id"}
    if not isinstance(load(said), Activity):
        said = _in_create(said)
    said["actor"] = _own(said.get("actor"), actor_id)
    activity = load_as(said, Activity)
    for name, classes in (("object", _WITH_OBJECT), ("target", _WITH_TARGET)):
        if isinstance(activity, classes) and not said.get(name):
            raise MissingProperty("this activity is done to something", property=name)
    made = said["object"] if isinstance(activity, Create) else None
    return load_as(_created(said, made, actor_id), Activity) if isinstance(made, dict) else activity


def _in_create(created: JsonObject) -> JsonObject:
    context = created.pop("@context", None)
    return {"@context": context, "type": "Create", "object": created}


def _created(said: JsonObject, created: JsonObject, actor_id: str) -> JsonObject:
    """Let the new object be by the same actor and for the same people as the activity (AP-C06)."""
    made = {name: value for name, value in created.items() if name != "id"}
    made["attributedTo"] = _own(made.get("attributedTo"), actor_id)
    shared: JsonObject = {}
    for name in _ADDRESSING:
        both = (_id_of(value) for value in (*_listed(said.get(name)), *_listed(created.get(name))))
        if found := list(dict.fromkeys(filter(None, both))):
            shared[name] = [*found]
    made |= shared
    return {**said, **shared, "object": made}


def _own(given: JsonValue, actor_id: str) -> str:
    for value in _listed(given):
        if _id_of(value) != actor_id:
            raise OriginMismatch("nobody speaks in the name of somebody else", actor=_id_of(value))
    return actor_id


def _listed(value: JsonValue) -> list[JsonValue]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _id_of(value: JsonValue) -> str:
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""
