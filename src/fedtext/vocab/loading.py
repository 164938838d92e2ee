"""From JSON to models and back.

Invariants: `load` looks at `id`, `type`, `actor` and `attributedTo` only, and keeps the document: hand it over and do
not change it afterwards. `dump` gives a new document, so that nobody can reach into a model.

Sources: ActivityStreams 2.0 sections 2 and 5; JLD-01, JLD-16, MOD-72.
"""

from __future__ import annotations

from operator import is_
from typing import Final, TypeVar, cast

from ..errors import TypeMismatch
from ..jsonld import context_for
from ..wire.json import JsonObject, JsonValue
from .activities import check_actor
from .model import interpret, is_absolute, is_path, make, parts
from .objects import Object
from .shapes import copied, terms_used

ObjectT = TypeVar("ObjectT", bound=Object)

_CONTEXT_TYPES: Final = frozenset({str, list, dict})


def load(document: JsonObject) -> Object:
    """Make a model of a document.

    Args:
        document: Normalized (`jsonld.normalize`); handed over: it is kept, not copied.

    Returns:
        A model of the class that the type asks for; of an unknown type an Object, or what its members tell it to be
        (FEP-2277). What cannot be used besides is listed in its `problems`.

    Raises:
        TypeMismatch: It is not an object, or its id, type, actor or author is not one.
    """
    if type(document) is not dict:
        raise TypeMismatch("a document is an object", value=document)
    context = document.get("@context")
    if context is not None and type(context) not in _CONTEXT_TYPES:
        raise TypeMismatch("a context is a URL, an object or a list of them", property="@context")
    for name in ("actor", "attributedTo"):
        value = document.get(name)
        if value is not None and not (type(value) is str and is_absolute(value)):
            check_actor(value)
    return cast("Object", interpret(document, None))


def load_as(document: JsonObject, kind: type[ObjectT]) -> ObjectT:
    """Make a model of a document that must be of one kind.

    Args:
        document: See `load`.
        kind: The class, or a parent of it; also an own subclass that adds properties to a known type.

    Raises:
        TypeMismatch: It is of another kind, or cannot be loaded at all.
    """
    found = load(document)
    if isinstance(found, kind):
        return found
    if issubclass(kind, type(found)) and kind.written_type == type(found).written_type:
        return make(kind, *parts(found))
    raise TypeMismatch("of another type than expected", expected=kind.__name__, type=found.type_name)


def at_origin(model: ObjectT, origin: str) -> ObjectT:
    """Make absolute what an own model gives as a path of its site: `url`, also in what it embeds.

    Args:
        model: Made by the application, for instance with `url=post.get_absolute_url()`.
        origin: "https://blog.example".

    Returns:
        The same model when there is nothing to do.
    """
    document, context = parts(model)
    changed = _absolute(document, origin)
    return model if changed is document else make(type(model), cast("JsonObject", changed), context)


def _absolute(value: JsonValue, origin: str) -> JsonValue:
    if isinstance(value, list):
        items = [_absolute(item, origin) for item in value]
        return value if all(map(is_, items, value)) else items
    if not isinstance(value, dict):
        return value
    members = {name: _absolute(member, origin) for name, member in value.items()}
    url = members.get("url")
    if isinstance(url, str) and is_path(url):
        members["url"] = origin + url
    return value if all(map(is_, members.values(), value.values())) else members


def dump(model: Object, *, context: bool = True) -> JsonObject:
    """Give the document of a model.

    Args:
        model: Any model.
        context: Whether to give it a `@context`: the one that it came with, else the smallest that defines its terms.

    Returns:
        A new document that shares nothing changeable with the model: `@context` first, then `id` and `type`.
    """
    document, own_context = parts(model)
    written: JsonObject = {}
    if context:
        given: JsonValue = own_context if own_context else context_for(terms_used(document))
        written["@context"] = copied(given)
    for name, value in document.items():
        if name != "@context":
            written[name] = copied(value)
    return written
