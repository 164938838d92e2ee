"""Own types in five lines: a property whose kind follows from its annotation."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from ..errors import ConfigurationError, TypeMismatch
from ..wire.iri import Iri
from ..wire.json import JsonObject, JsonValue
from .model import Model, Property, Reading
from .references import Id, Ids, Many, One
from .values import Flag, Instant, Integer, Real, String, Strings

_SCALARS: Final[dict[Any, type[Property[Any, Any]]]] = {
    str: String,
    bool: Flag,
    int: Integer,
    float: Real,
    datetime: Instant,
    Iri: Id,
}
_LISTS: Final[dict[Any, type[Property[Any, Any]]]] = {str: Strings, Iri: Ids}


def prop(name: str | None = None) -> Any:
    """Declare a property of an own type; its annotation says how it is read and written.

    Understood are `str`, `int`, `float`, `bool`, `datetime`, `Iri`, a model class, `Iri | Model`, each with `| None`,
    and `tuple[…, ...]` of `str`, `Iri` or models. Every property is optional.

    Args:
        name: Full IRI of the property, or a term of ActivityStreams. Default: the attribute's name in camelCase.

    Raises:
        ConfigurationError: The annotation is none of these (when the class is made, or when its types are known).

    Example:
        >>> class Wave(Activity, type="https://ns.example/Wave"):
        ...     strength: int | None = prop("https://ns.example/strength")
    """
    return _Declared(name)


class _Declared(Property[Any, Any]):
    """A property that becomes of a definite kind as soon as its annotation can be read."""

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self._owner: type[Any] | None = None
        self._kind: Property[Any, Any] | None = None

    def __set_name__(self, owner: type[Any], attribute: str) -> None:
        super().__set_name__(owner, attribute)
        self._owner = owner
        try:
            self._settle()
        except NameError:
            return  # it names a type that is defined further below: settled on first use

    def _settle(self) -> Property[Any, Any]:
        if self._kind is None:
            owner = cast("type[Any]", self._owner)
            kind = _infer(_annotation(owner, self.attribute), self.name)
            if kind is None:
                raise ConfigurationError("this annotation says not how to read it", property=self.attribute)
            kind.__set_name__(owner, self.attribute)
            self._kind = kind
        return self._kind

    def absent(self) -> Any:
        return self._settle().absent()

    def decode(self, value: JsonValue, reading: Reading) -> Any:
        return self._settle().decode(value, reading)

    def write(self, document: JsonObject, value: Any) -> None:
        self._settle().write(document, value)


class _Embedded(One[Any]):
    """A model that must be embedded, since the annotation allows no id."""

    def refer(self, value: JsonValue, reading: Reading) -> Any:
        found = super().refer(value, reading)
        if not isinstance(found, Model):
            raise TypeMismatch("not embedded", property=self.name)
        return found


def _annotation(owner: type[Any], attribute: str) -> Any:
    annotation = inspect.get_annotations(owner).get(attribute)
    holder = types.SimpleNamespace(__annotations__={attribute: annotation}, __module__=owner.__module__)
    scope = vars(inspect.getmodule(owner)) if inspect.getmodule(owner) else {}
    return get_type_hints(holder, globalns=scope, localns={owner.__name__: owner}).get(attribute)


def _infer(annotation: Any, name: str) -> Property[Any, Any] | None:
    members = _members(annotation)
    if len(members) == 1 and get_origin(members[0]) is tuple:
        item, *rest = get_args(members[0])
        return _infer_list(_members(item), name) if rest == [Ellipsis] else None
    if len(members) == 1 and members[0] in _SCALARS:
        return _SCALARS[members[0]](name)
    kind = _model(members)
    if kind is None:
        return None
    return One[Any](name, kind) if Iri in members else _Embedded(name, kind)


def _infer_list(members: list[Any], name: str) -> Property[Any, Any] | None:
    if len(members) == 1 and members[0] in _LISTS:
        return _LISTS[members[0]](name)
    kind = _model(members)
    return None if kind is None else Many[Any](name, kind)


def _members(annotation: Any) -> list[Any]:
    union = get_origin(annotation) in (Union, types.UnionType)
    found: Iterable[Any] = get_args(annotation) if union else (annotation,)
    return [member for member in found if member is not type(None)]


def _model(members: list[Any]) -> type[Model] | None:
    models = [member for member in members if member is not Iri]
    if len(models) != 1 or len(members) > 2:
        return None
    cls = get_origin(models[0]) or models[0]
    return cls if isinstance(cls, type) and issubclass(cls, Model) else None
