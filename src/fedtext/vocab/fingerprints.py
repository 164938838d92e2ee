"""What tells a model from every model that would be dumped, or read, in another way: to be compared, not to be kept.

Invariants: whoever compares two fingerprints learns whether the models say the same to the letter, types and order of
members included; a fingerprint shares nothing changeable with its model.
"""

from __future__ import annotations

from typing import Final, TypeAlias, TypeVar, cast

from ..wire.json import JsonValue, text_of
from .model import BUILT, carried, parts, seal
from .objects import Object

ObjectT = TypeVar("ObjectT", bound=Object)

Said: TypeAlias = "str | bool | tuple[Said, ...] | None"
Fingerprint: TypeAlias = tuple[type[Object], Said]

_OWN_CLASSES: Final = f"{__name__.partition('.')[0]}."
# Not numbers: to Python 1 is True, and 1.0.
_PLAIN: Final = frozenset({str, bool, type(None)})


class _Numbered(Exception):
    """There is a number in it, or what is no JSON."""


def fingerprint(model: Object) -> Fingerprint | None:
    """Give what tells a model from every model that would be dumped, or read, in another way.

    It costs a tenth of a dump, or nothing where the model is sealed: whoever keeps what was made of a model keeps this
    beside it, and asks whether the model of the next request says the same to the letter.

    Args:
        model: Any model.

    Returns:
        To be compared for equality, within this process; None: nothing can tell.
    """
    known = carried(model)
    if known is not None and known is not BUILT:
        return cast("Fingerprint", known)
    said = _said_by([*parts(model)])
    return None if said is None else (type(model), said)


def said_chars(found: Fingerprint) -> int:
    """Count the characters that are kept with a fingerprint, about."""
    return _chars(found[1])


def sealed(model: ObjectT) -> ObjectT:
    """Let a model carry its fingerprint, which is not made again.

    Args:
        model: Made of plain values alone, by a class of the library: then nobody has a part of its document in hands.
    """
    seal(model, fingerprint(model))
    return model


def seal_if_closed(model: Object) -> None:
    """Seal a model if nobody but itself has a hold of any part of its document.

    That is one that was built of values, by a class of the library, and holds plain values and lists of texts: what is
    embedded may belong to somebody else.

    Args:
        model: Any model.
    """
    if carried(model) is BUILT and type(model).__module__.startswith(_OWN_CLASSES):
        document, _ = parts(model)
        if all(map(_is_closed, document.values())):
            sealed(model)


def _is_closed(value: JsonValue) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return not isinstance(value, dict)


def _said_by(value: list[JsonValue]) -> Said:
    """Give what a value says: in tuples, which nearly all models allow, else as JSON; None: neither can be had."""
    try:
        return _of_list(value)
    except _Numbered:
        return text_of(value)
    except RecursionError:
        return None


def _of_list(items: list[JsonValue]) -> Said:
    if _PLAIN.issuperset(map(type, items)):
        return "[", *cast("list[str | bool | None]", items)
    return "[", *map(_of_item, items)


def _of_item(value: JsonValue) -> Said:
    kind = type(value)
    if kind in _PLAIN:
        return cast("str | bool | None", value)
    if kind is dict:
        return _of_object(cast("dict[str, JsonValue]", value))
    if kind is list:
        return _of_list(cast("list[JsonValue]", value))
    if isinstance(value, str):  # as templates have them
        return str.__str__(value)
    raise _Numbered


def _of_object(members: dict[str, JsonValue]) -> Said:
    if not _PLAIN.issuperset(map(type, members)):  # a name may be a text of another class
        raise _Numbered
    if _PLAIN.issuperset(map(type, members.values())):
        return "{", *members, *cast("list[str | bool | None]", members.values())
    return "{", *members, *map(_of_item, members.values())


def _chars(said: Said) -> int:
    if isinstance(said, tuple):
        return sum(map(_chars, said))
    return len(said) if isinstance(said, str) else 1
