"""The core of all models: a view over one JSON document, read property by property, never changed.

A model keeps the document that it was made from; nothing is converted before it is asked for. So loading costs next
to nothing, what we do not know survives, and the same document goes out that came in.

- `Property` is a descriptor: one line in a class body declares a member, its Python type and how it is read and
  written. A subclass of it knows one kind of value (see `values`).
- `Model` is the base of all types. Subclassing it with `type="…"` adds a type to the vocabulary.

Invariants: a model's document is never changed after construction, and never handed out except as a copy; models are
equal when their documents say the same (`alike`); a member that cannot be used reads as absent and is reported by
`problems`, whereas a bad `id` or `type` refuses the whole (MOD-22, SEC-031, SEC-032).

Example:
    >>> class Wave(Activity, type="https://ns.example/Wave"):
    ...     strength: int | None = prop("https://ns.example/strength")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    cast,
    dataclass_transform,
    overload,
)

import attrs

from ..errors import ConfigurationError, DocumentError, LocalProtocolError, MissingProperty, TypeMismatch
from ..jsonld import ACTIVITYSTREAMS, expand_term, is_covered, joined_context, terms_for
from ..jsonld.terms import standard_iris, standard_terms
from ..wire.json import JsonObject, JsonValue
from .shapes import alike, copied, only

ReadT = TypeVar("ReadT")
WriteT = TypeVar("WriteT")
ModelT = TypeVar("ModelT", bound="Model")

_Write: TypeAlias = Callable[[JsonObject, object], None]

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.").match
_WEB: Final = ("https://", "http://")
# The context of models that the application makes: it says nothing, and tells them from what others sent.
MADE_HERE: Final = ""
# What such a model carries in place of a fingerprint: it has built its document itself, of values that it was given.
BUILT: Final = object()
_IRI_CHARS_MAX: Final = 2_048
_RESERVED: Final = frozenset({"@context", "id", "type"})


@attrs.frozen
class Problem:
    """A member that could not be used, and why; the rest of the document stands.

    Args:
        property: JSON name.
        reason: For people; not part of the API.
    """

    property: str
    reason: str


class Reading:
    """What holds while one document is read.

    Args:
        context: What `@context` holds here, for names that only it explains.
        problems: Where reasons are noted why a value, or one item of it, is not used; None: nobody asks.
    """

    __slots__ = ("context", "problems")

    def __init__(self, context: JsonValue, problems: list[str] | None = None) -> None:
        self.context = context
        self.problems = problems

    def report(self, reason: str) -> None:
        """Note a reason."""
        if self.problems is not None:
            self.problems.append(reason)


class Property(Generic[ReadT, WriteT]):
    """One member of a document as an attribute; subclasses implement `decode` and `encode`.

    Args:
        name: JSON name: a term of the emitted context, or a full IRI. Default: the attribute's name in camelCase.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or ""
        self.attribute = ""
        self.foreign = False

    def __set_name__(self, owner: type[Any], attribute: str) -> None:
        """Learn the attribute's name."""
        self.attribute = attribute
        if not self.name:
            first, *rest = attribute.split("_")
            self.name = first + "".join(word.capitalize() for word in rest)
        if ":" in self.name:  # documents are brought to the known terms before they are read
            self.name = standard_terms().get(self.name, self.name)
        self.foreign = ":" in self.name

    @property
    def names(self) -> tuple[str, ...]:
        """JSON names of all members that this property reads or writes."""
        return (self.name,)

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, instance: Model, owner: type[Any]) -> ReadT: ...
    def __get__(self, instance: Model | None, owner: type[Any]) -> Self | ReadT:
        """Read the value on demand."""
        if instance is None:
            return self
        return self.read(instance._document, Reading(instance._context))  # pyright: ignore[reportPrivateUsage]

    def __set__(self, instance: Model, value: WriteT) -> None:
        """Refuse: models do not change. Its signature tells type checkers what the constructor takes."""
        raise AttributeError(f"models do not change: use .evolve({self.attribute}=…)")

    def read(self, document: JsonObject, reading: Reading) -> ReadT:
        """Read from a document, which is not changed."""
        value = self.find(document, reading)
        if value is None:
            return self.absent()
        try:
            return self.decode(value, reading)
        except DocumentError as error:
            reading.report(error.message)
            return self.absent()

    def find(self, document: JsonObject, reading: Reading) -> JsonValue:
        """Give the raw value, under its own name or a name that the context has for its IRI."""
        value = document.get(self.name)
        if value is None and self.foreign:
            for term in terms_for(reading.context, self.name):
                if term in document:
                    return document[term]
        return value

    def write(self, document: JsonObject, value: object) -> None:
        """Set the member in a document that is being built; None takes it away."""
        if value is None:
            document.pop(self.name, None)
        else:
            document[self.name] = self.encode(value)

    def absent(self) -> ReadT:
        """Give the value that stands for an absent member."""
        return cast("ReadT", None)

    def decode(self, value: JsonValue, reading: Reading) -> ReadT:
        """Convert a JSON value.

        Raises:
            DocumentError: It cannot be used.
        """
        raise NotImplementedError

    def encode(self, value: object) -> JsonValue:
        """Convert to a JSON value.

        Raises:
            LocalProtocolError: Of another type than the property takes.
        """
        raise NotImplementedError

    def refuse(self, value: object, wanted: str) -> LocalProtocolError:
        """Build the error for a value that the application gave."""
        return LocalProtocolError(f"{self.attribute} takes {wanted}", property=self.attribute, value=value)


def _is_property(value: Any) -> TypeGuard[Property[Any, Any]]:
    return isinstance(value, Property)


@dataclass_transform(kw_only_default=True, eq_default=False)
class ModelType(type):
    """The class of model classes: no instance dictionary, and a table of properties.

    It tells type checkers that the constructor takes the properties by name. (It does not say `frozen`: mypy then
    takes what the constructor accepts for what reading gives. Assignment is refused at run time.)
    """

    declared: Mapping[str, Property[Any, Any]]
    written_type: str

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> ModelType:
        """Create a class without an instance dictionary."""
        namespace.setdefault("__slots__", ())
        return super().__new__(mcls, name, bases, namespace, **options)

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_options: Any) -> None:
        """Collect the properties, those of the bases first."""
        super().__init__(name, bases, namespace)
        found: dict[str, Property[Any, Any]] = {}
        for base in reversed(cls.__mro__[1:]):
            if isinstance(base, ModelType):
                found.update(base.declared)
        found.update({key: value for key, value in namespace.items() if _is_property(value)})
        cls.declared = found


class _Holder:
    """The slots of a model, kept where type checkers do not take them for properties."""

    __slots__ = ("_context", "_document", "_fingerprint")
    _document: JsonObject
    _context: JsonValue
    _fingerprint: object  # see `fingerprints.sealed`; None or BUILT: it is to be made


class Model(_Holder, metaclass=ModelType):
    """The base of all types; see `Object` for what users meet.

    Class keywords:
        type: Name in ActivityStreams ("Note") or full IRI. Without it the class is known only to Python and writes
            its parent's type.
        recognized_by: Members that tell documents of an unknown type to be of this class (FEP-2277).
        also: Further names of the type, which are read and never written.
    """

    def __init_subclass__(
        cls,
        *,
        type: str | None = None,  # noqa: A002 -- the keyword that users write
        recognized_by: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
    ) -> None:
        super().__init_subclass__()
        if type is not None:
            cls.written_type = _register(cls, type)
        for name in also:
            _register(cls, name)
        if recognized_by:
            _recognized.append((frozenset(recognized_by), cls))

    if not TYPE_CHECKING:  # checkers see a constructor with the properties of each class

        def __init__(self, **values: object) -> None:
            # These hold a place, so that they stand at the beginning.
            document: JsonObject = {"id": None} if "id" in values else {}
            document["type"] = type(self).written_type
            if "actor" in values:
                document["actor"] = None
            _write(type(self), document, values)
            if None in document.values():
                document = {name: value for name, value in document.items() if value is not None}
            _set_document(self, document)
            _set_context(self, MADE_HERE)
            _set_fingerprint(self, BUILT)

    @property
    def type_name(self) -> str:
        """The type as the document gives it; of several, the one that chose the class; of an own type its IRI."""
        own = type(self).written_type
        if ":" in own:  # the document may have another name for it, by its context
            return own
        kind = self._document.get("type")
        if isinstance(kind, str):
            return kind
        names = [name for name in kind if isinstance(name, str)] if isinstance(kind, list) else []
        chosen = _most_specific(names, self._context)
        known = [name for name in names if chosen is not None and _find_class(name, self._context) is chosen]
        return next(iter(known or names), "Object")

    @property
    def document(self) -> JsonObject:
        """A copy of the document, with all members, for whatever the properties do not say."""
        return cast("JsonObject", copied(self._document))

    @property
    def extra(self) -> Mapping[str, JsonValue]:
        """A copy of the members that no property of this class stands for."""
        known = _known_names(type(self))
        return {name: copied(value) for name, value in self._document.items() if name not in known}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be used: bad values of optional members, which read as absent (MOD-22)."""
        found: dict[Problem, None] = {}
        for item in type(self).declared.values():
            reasons: list[str] = []
            try:
                item.read(self._document, Reading(self._context, reasons))
            except MissingProperty:
                continue
            except DocumentError as error:
                reasons.append(error.message)
            found.update((Problem(item.name, reason), None) for reason in reasons)
        return tuple(found)

    def evolve(self, **changes: object) -> Self:
        """Give a copy with other values; None takes a property away.

        Raises:
            LocalProtocolError: A value is of another type than the property takes.
            TypeError: There is no such property.
        """
        document = dict(self._document)
        _write(type(self), document, changes)
        if "@context" in document:
            names = [name for attribute in changes for name in type(self).declared[attribute].names]
            document["@context"] = joined_context(document["@context"], (*names, self.type_name))
        return make(type(self), document, self._context)

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: models do not change."""
        raise AttributeError(f"models do not change: use .evolve({name}=…)")

    def __delattr__(self, name: str) -> None:
        """Refuse: models do not change."""
        raise AttributeError(f"models do not change: use .evolve({name}=None)")

    def __eq__(self, other: object) -> bool:
        """Compare the documents as JSON-LD does: null is absence, a list of one its item; `@context` aside."""
        if not isinstance(other, Model):
            return NotImplemented
        return self is other or alike(self._document, other._document)

    def __hash__(self) -> int:
        """Hash the members that are text: equal documents agree on them."""
        members = ((name, only(value)) for name, value in self._document.items() if name != "@context")
        return hash(frozenset((name, value) for name, value in members if type(value) is str))

    def __repr__(self) -> str:
        """Name the type, the id and the first few members."""
        shown = [
            f"{name}={_shown(value)}" for name, value in self._document.items() if name not in ("@context", "type")
        ]
        return f"{type(self).__name__}({', '.join(shown[:5])}{', …' if len(shown) > 5 else ''})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by document."""
        return make, (type(self), self._document, self._context)


_registry: Final[dict[str, type[Model]]] = {}
_recognized: Final[list[tuple[frozenset[str], type[Model]]]] = []
_set_document: Final = _Holder.__dict__["_document"].__set__
_set_context: Final = _Holder.__dict__["_context"].__set__
_set_fingerprint: Final = _Holder.__dict__["_fingerprint"].__set__
Model.written_type = "Object"


def _fill(model: Model, document: JsonObject, context: JsonValue) -> None:
    _set_document(model, document)
    _set_context(model, context)
    _set_fingerprint(model, None)


def make(kind: type[ModelT], document: JsonObject, context: JsonValue) -> ModelT:
    """Make a model over a document without looking at it; the document is handed over.

    Args:
        kind: The class.
        document: Never to be changed by anybody from now on.
        context: The context that holds where the document stood, for a part of a larger one; its own wins.
    """
    model = kind.__new__(kind)
    _fill(model, document, document.get("@context", context))
    return model


def parts(model: Model) -> tuple[JsonObject, JsonValue]:
    """Give a model's own document and context, for this package alone: not to be changed, not to be handed out."""
    return model._document, model._context  # pyright: ignore[reportPrivateUsage]


def seal(model: Model, fingerprint: object) -> None:
    """Let a model carry its fingerprint; see `fingerprints.sealed`."""
    _set_fingerprint(model, fingerprint)


def carried(model: Model) -> Any:
    """Give the fingerprint that a model carries, None, or BUILT."""
    return model._fingerprint  # pyright: ignore[reportPrivateUsage]


def interpret(document: JsonObject, context: JsonValue) -> Model:
    """Check the id and the type of a document and make the model that its type asks for.

    Raises:
        TypeMismatch: The id is not an absolute IRI, or the type is not a name or a list of names.
    """
    check_id(document.get("id"))
    context = document.get("@context", context)
    cls = class_of(document, context)
    model = cls.__new__(cls)
    _set_document(model, document)
    _set_context(model, context)
    _set_fingerprint(model, None)
    return model


def class_of(document: JsonObject, context: JsonValue) -> type[Model]:
    """Choose the class for a document: by its type, of several the most specific one, else by its members.

    Raises:
        TypeMismatch: The type is not a name or a list of names.
    """
    kind = document.get("type")
    if isinstance(kind, str):
        return _registry.get(kind) or _find_class(kind, context) or _recognize(document)
    if kind is None:
        return _recognize(document)
    if not isinstance(kind, list) or not all(isinstance(name, str) for name in kind):
        raise TypeMismatch("the type is a name or a list of names", property="type", value=kind)
    return _most_specific([str(name) for name in kind], context) or _recognize(document)


def named_class(name: str) -> type[Model]:
    """Give the class of a type name of the vocabulary.

    Raises:
        ConfigurationError: No class has this type.
    """
    found = _registry.get(name)
    if found is None:
        raise ConfigurationError("no class has this type", type=name)
    return found


def is_named(kind: JsonValue) -> bool:
    """Tell whether a type is one name, and that of a class."""
    return isinstance(kind, str) and kind in _registry


def check_id(value: JsonValue) -> None:
    """Demand an absolute IRI or nothing; null is an explicit nothing (AP-01).

    Raises:
        TypeMismatch: Anything else.
    """
    if value is not None and (type(value) is not str or not is_absolute(value)):
        raise TypeMismatch("the id is an absolute IRI", property="id", value=value)


def is_absolute(text: str) -> bool:
    """Tell whether a text is an absolute IRI of any scheme, without spaces, control and invisible characters.

    Whoever decides or fetches by it parses it strictly first (`wire.iri`); a note that mentions a `did:` or `magnet:`
    may still be read. (SEC-026, SEC-032, SEC-165)
    """
    if len(text) > _IRI_CHARS_MAX or " " in text or not text.isprintable():
        return False
    return text not in _WEB if text.startswith(_WEB) else _SCHEME(text) is not None


def is_path(text: str) -> bool:
    """Tell whether a text is an absolute path of a site: what frameworks give as the address of a page."""
    return text.startswith("/") and not text.startswith("//") and text.isprintable() and not {" ", "\\"} & set(text)


def embedded(model: Model) -> JsonObject:
    """Give the document of a model as a part of another; its context goes along only if it says more than ours."""
    document, context = parts(model)
    if not context or is_covered(context):
        return {name: value for name, value in document.items() if name != "@context"} if context else document
    return {"@context": context, **document}


def without_default_type(model: Model) -> JsonObject:
    """Give the document of a structure as a part of another: the type that it got for want of one is left out."""
    document = embedded(model)
    return {name: value for name, value in document.items() if name != "type" or value != "Object"}


def items_of(value: object, single: type | tuple[type, ...]) -> list[object]:
    """Give what an application gave as a list: one thing of a type, or an iterable of things."""
    if type(value) is tuple or type(value) is list:
        return [*cast("Iterable[object]", value)]
    if isinstance(value, single) or not isinstance(value, Iterable):
        return [value]
    return list(cast("Iterable[object]", value))


def _register(cls: type[Model], name: str) -> str:
    """Make a type known. Names of the vocabulary belong to one class; of own types the last definition counts.

    Returns:
        The name under which documents have it: the usual term, where there is one for an IRI.
    """
    name = standard_terms().get(name, name)
    known = _registry.get(name)
    same = known is None or (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__)
    if not same and ":" not in name:
        raise ConfigurationError("another class has this type already", type=name)
    _registry[name] = cls
    if ":" not in name:
        # Interop: types of extensions are seen under ActivityStreams too ("as:EmojiReact").
        for iri in (standard_iris().get(name), f"{ACTIVITYSTREAMS}#{name}"):
            _registry.update({iri: cls} if iri else {})
    return name


def _find_class(name: str, context: JsonValue) -> type[Model] | None:
    """Look a type up, under its name or under the IRI that the context has for it (own types)."""
    found = _registry.get(name)
    if found is None and context:
        iri = expand_term(context, name)
        found = _registry.get(iri) if iri else None
    return found


def _most_specific(names: Sequence[str], context: JsonValue) -> type[Model] | None:
    """Give the class of the first known type that is no supertype of another one: of Activity and Wave, Wave."""
    known = [found for found in (_find_class(name, context) for name in names) if found is not None]
    for cls in known:
        if not any(other is not cls and issubclass(other, cls) for other in known):
            return cls
    return None


def _recognize(document: JsonObject) -> type[Model]:
    """Tell an unknown type by its members (FEP-2277)."""
    for members, cls in _recognized:
        if members <= document.keys() and all(document[name] is not None for name in members):
            return cls
    return _registry["Object"]


def _write(cls: type[Model], document: JsonObject, values: Mapping[str, object]) -> None:
    """Write values in the order in which the class declares them: what depends on another comes after it."""
    for attribute, write in _writers(cls, tuple(values)):
        write(document, values[attribute])


@lru_cache(maxsize=1_024)  # a class declares dozens of properties, and applications write the same few each time
def _writers(cls: type[Model], given: tuple[str, ...]) -> tuple[tuple[str, _Write], ...]:
    """Give what writes each of the properties that are given, in the order in which the class declares them."""
    unknown = {*given} - cls.declared.keys()
    if unknown:
        raise TypeError(f"{cls.__name__} has no property {', '.join(sorted(unknown))}")
    return tuple((attribute, item.write) for attribute, item in cls.declared.items() if attribute in given)


def _known_names(cls: type[Model]) -> frozenset[str]:
    return _RESERVED.union(*(item.names for item in cls.declared.values()))


def _shown(value: JsonValue) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if isinstance(value, dict):
        return "{…}"
    return "[…]" if isinstance(value, list) else repr(value)
