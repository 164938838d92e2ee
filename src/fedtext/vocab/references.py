"""Kinds of properties that point to other things: by their id, or with the thing embedded.

What is read from an embedded thing is what the document says of it; whether its author may say so is decided before
(`inbox`), not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

from ..errors import DocumentError, MissingProperty, TypeMismatch
from ..wire.iri import Iri, parse_iri
from ..wire.json import JsonObject, JsonValue
from .audience import PUBLIC, is_public
from .model import (
    Model,
    Property,
    Reading,
    check_id,
    embedded,
    interpret,
    is_absolute,
    items_of,
    make,
    named_class,
    parts,
    without_default_type,
)
from .shapes import copied, is_empty, literal, referred, several, single
from .values import Scalar, limited

_ONLY_ID: Final = frozenset({"id", "@id", "@context"})
_KEPT_CHARS_MAX: Final = 512

T = TypeVar("T")
ReadT = TypeVar("ReadT")
WriteT = TypeVar("WriteT")

Reference: TypeAlias = Iri | T
"""The id of a T, or the T itself: what a document says where it points to another."""


def reference_id(reference: str | Model | None) -> Iri | None:
    """Give the id of what a reference points to, or None when it has none."""
    return None if reference is None else _id_of(reference)


def _id_of(value: object) -> Iri | None:
    if isinstance(value, Model):
        value = parts(value)[0].get("id")
    return Iri(value) if isinstance(value, str) else None


class Identifier(Scalar[Iri, str]):
    """The id of the document itself; checked when it was loaded."""

    def read(self, document: JsonObject, reading: Reading) -> Iri | None:
        """Read the id, which is plain text nearly always."""
        value = document.get(self.name)
        if type(value) is str and is_absolute(value):
            return Iri(value)
        return super().read(document, reading)

    def convert(self, value: JsonValue) -> Iri:
        """Take an absolute IRI."""
        check_id(value)
        return Iri(str(value))

    def encode(self, value: object) -> JsonValue:
        """Take an absolute IRI."""
        if type(value) is not str or not is_absolute(value):
            raise self.refuse(value, "an absolute IRI")
        return value


class Id(Scalar[Iri, str | Model]):
    """A reference of which only the id matters: read from any shape, written as a plain string."""

    def convert(self, value: JsonValue) -> Iri:
        """Take an id of any scheme, or the id of what is embedded."""
        value = referred(value)
        if not isinstance(value, str) or not is_absolute(value):
            raise TypeMismatch("not an absolute IRI", property=self.name)
        return Iri(value)

    def encode(self, value: object) -> JsonValue:
        """Take an id, or a model that has one."""
        found = _id_of(value)
        if found is None or not is_absolute(found):
            raise self.refuse(value, "an absolute IRI, or an object with an id")
        return str(found)


class Address(Id):
    """The address of an endpoint or collection: http or https only (ACT-04, SEC-164)."""

    def convert(self, value: JsonValue) -> Iri:
        """Take an address that all parsers read alike."""
        return parse_iri(super().convert(value))

    def encode(self, value: object) -> JsonValue:
        """Take an address that all parsers read alike."""
        if type(value) is str and len(value) <= _KEPT_CHARS_MAX and _is_address(value):
            return value
        found = super().encode(value)
        try:
            return parse_iri(found)
        except DocumentError as error:
            raise self.refuse(value, "an http or https URL") from error


@lru_cache(maxsize=1_024)  # own actors are made again and again, with the same addresses
def _is_address(text: str) -> bool:
    try:
        return is_absolute(text) and bool(parse_iri(text))
    except DocumentError:
        return False


class _Referring(Property[ReadT, WriteT]):
    """What properties with references share.

    Args:
        name: JSON name.
        kind: Class, or type name, of what may be embedded; anything for None.
        by_id: Whether a model is written as its id, if it has one.
    """

    def __init__(self, name: str | None = None, kind: type[Model] | str | None = None, *, by_id: bool = False) -> None:
        super().__init__(name)
        self.kind = kind
        self.by_id = by_id

    def refer(self, value: JsonValue, reading: Reading) -> Any:
        """Read one reference: an id, or a model over what is embedded."""
        if isinstance(value, dict) and (value.keys() <= _ONLY_ID or "@value" in value):
            value = referred(value)
        if isinstance(value, str):
            if is_absolute(value):
                return value
            raise TypeMismatch("not an absolute IRI", property=self.name)
        if not isinstance(value, dict):
            raise TypeMismatch("neither an IRI nor an object", property=self.name)
        if is_empty(value):
            raise TypeMismatch("an empty object", property=self.name)
        found = interpret(value, reading.context)
        if self.kind is None or isinstance(found, self._kind()):
            return found
        # A type that nobody here knows may well be of the right kind: it is taken by its id.
        if type(found) is named_class("Object") and isinstance(value.get("id"), str):
            return value["id"]
        raise TypeMismatch("an object of another type than the property takes", property=self.name)

    def _kind(self) -> type[Model]:
        return named_class(self.kind) if isinstance(self.kind, str) else cast("type[Model]", self.kind)

    def write_reference(self, value: object) -> JsonValue:
        """Write one reference."""
        if type(value) is str and is_absolute(value):
            return value
        if isinstance(value, Model):
            document_id = _id_of(value) if self.by_id else None
            return embedded(value) if document_id is None else document_id
        if isinstance(value, str) and is_absolute(value):
            return str(value)
        raise self.refuse(value, "absolute IRIs and objects")


class One(_Referring[Iri | T | None, str | T | None], Generic[T]):
    """At most one reference; of several the first counts."""

    def decode(self, value: JsonValue, reading: Reading) -> Iri | T | None:
        """Read the reference, or the first of a list."""
        first = single(value)
        return None if first is None else cast("Iri | T", self.refer(first, reading))

    def encode(self, value: object) -> JsonValue:
        """Write the reference."""
        return self.write_reference(value)


class Needed(_Referring[ReadT, WriteT]):
    """A reference without which the object makes no sense: reading what is missing raises."""

    def read(self, document: JsonObject, reading: Reading) -> ReadT:
        """Read the reference, or the first of a list.

        Raises:
            MissingProperty: It is absent.
            TypeMismatch: It cannot be used.
        """
        value = single(self.find(document, reading))
        if value is None:
            raise MissingProperty("a property that is needed is missing", property=self.name)
        return cast("ReadT", self.refer(value, reading))

    def encode(self, value: object) -> JsonValue:
        """Write one reference plainly, several as an array."""
        if isinstance(value, tuple | list):
            items = cast("tuple[object, ...] | list[object]", value)
            return [self.write_reference(item) for item in items]
        return self.write_reference(value)


class Required(Needed[T, T | tuple[T, ...] | list[T]]):
    """A needed reference of any kind, or several of them."""


class Many(_Referring[tuple[Iri | T, ...], str | T | Iterable[str | T] | None], Generic[T]):
    """Any number of references.

    Args:
        name: JSON name.
        kind: Class, or type name, of what may be embedded; anything for None.
        count_max: What comes after so many is not read (SEC-029).
        by_id: Whether models are written as their ids, if they have one.
        plain: Whether a single one is written without an array.
    """

    def __init__(
        self,
        name: str | None = None,
        kind: type[Model] | str | None = None,
        *,
        count_max: int | None = None,
        by_id: bool = False,
        plain: bool = False,
    ) -> None:
        super().__init__(name, kind, by_id=by_id)
        self.count_max = count_max
        self.plain = plain

    def absent(self) -> tuple[Iri | T, ...]:
        """Give none."""
        return ()

    def decode(self, value: JsonValue, reading: Reading) -> tuple[Iri | T, ...]:
        """Read what can be used and report the rest (MOD-16)."""
        items = limited(several(value), self.count_max, reading)
        found: list[Any] = []
        for item in items:
            try:
                found.append(self.refer(item, reading))
            except DocumentError as error:
                reading.report(error.message)
        return tuple(found)

    def encode(self, value: object) -> JsonValue:
        """Write an array."""
        written = [self.write_reference(item) for item in items_of(value, (str, Model))]
        return written[0] if self.plain and len(written) == 1 else written


class Part(Property[T | None, T | Mapping[str, JsonValue] | None], Generic[T]):
    """A structure inside of a document that has no identity, and often no type, of its own.

    Args:
        kind: Class of the structure.
        name: JSON name.
        by_name: Whether an id in its place is read as nothing said, without complaint.
    """

    def __init__(self, kind: type[Model], name: str | None = None, *, by_name: bool = False) -> None:
        super().__init__(name)
        self.kind = kind
        self.by_name = by_name

    def decode(self, value: JsonValue, reading: Reading) -> T | None:
        """Give a model over the structure, or the first of a list of them."""
        value = literal(value)
        if value is None or (self.by_name and isinstance(referred(value), str)):
            return None
        if not isinstance(value, dict):
            raise TypeMismatch("not an object", property=self.name)
        return cast("T", make(self.kind, value, reading.context))

    def encode(self, value: object) -> JsonValue:
        """Write the structure without a type, unless it came with one; plain JSON does as well."""
        if isinstance(value, Mapping):
            return copied(dict(cast("Mapping[str, JsonValue]", value)))
        if not isinstance(value, self.kind):
            raise self.refuse(value, self.kind.__name__)
        return without_default_type(value)


class Ids(Property[tuple[Iri, ...], str | Model | Iterable[str | Model] | None]):
    """Any number of references of which only the ids matter; written as an array.

    Args:
        name: JSON name.
        count_max: What comes after so many is not read (SEC-029).
    """

    def __init__(self, name: str | None = None, *, count_max: int | None = None) -> None:
        super().__init__(name)
        self.count_max = count_max

    def absent(self) -> tuple[Iri, ...]:
        """Give none."""
        return ()

    def decode(self, value: JsonValue, reading: Reading) -> tuple[Iri, ...]:
        """Read the ids of all that is named or embedded."""
        items = limited(several(value), self.count_max, reading)
        found: list[Iri] = []
        for item in items:
            iri = self.identify(item)
            if iri is not None:
                found.append(iri)
            else:
                reading.report("not an absolute IRI")
        return tuple(found)

    def identify(self, value: JsonValue) -> Iri | None:
        """Give the id that a value is or has."""
        value = referred(value)
        return Iri(value) if isinstance(value, str) and is_absolute(value) else None

    def write(self, document: JsonObject, value: object) -> None:
        """Set the list; an empty one is none (AS2-01)."""
        super().write(document, value)
        if document.get(self.name) == []:
            del document[self.name]

    def encode(self, value: object) -> JsonValue:
        """Take ids, or models that have one, each once."""
        found: dict[str, None] = {}
        for item in items_of(value, (str, Model)):
            item_id = item if type(item) is str else _id_of(item)
            if item_id is None or not is_absolute(item_id):
                raise self.refuse(item, "absolute IRIs, or objects with an id")
            found[str(item_id)] = None
        written: list[JsonValue] = [*found]
        return written


class Addressees(Ids):
    """Who a thing is addressed to: ids of actors and collections, and the public.

    The public is read as `PUBLIC` in all of its three spellings (MOD-04); the document keeps its own. The lists are
    written as arrays (MOD-03).

    Args:
        name: JSON name.
        count_max: What comes after so many is not read (SEC-029).
        paired: JSON name of a property that is present, if only as an empty array, when this one is.
    """

    def __init__(self, name: str | None = None, *, count_max: int | None = None, paired: str | None = None) -> None:
        super().__init__(name, count_max=count_max)
        self.paired = paired

    def identify(self, value: JsonValue) -> Iri | None:
        """Give the id that a value is or has, or that of the public."""
        value = referred(value)
        return PUBLIC if isinstance(value, str) and is_public(value) else super().identify(value)

    def write(self, document: JsonObject, value: object) -> None:
        """Set the list, and the one that it is paired with."""
        if self.paired is None or value is None:
            super().write(document, value)
            return
        document[self.name] = self.encode(value)
        document.setdefault(self.paired, [])
