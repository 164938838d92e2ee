"""Kinds of properties: how a JSON value is read as a Python value and written again.

Reading is generous in shape (a value, a list of one, an `{id}`: JLD-16, see `shapes`) and strict in type: what cannot
be used reads as absent and is reported. Writing gives the one shape that every server takes: ids as plain strings
(MOD-02), lists of addressees as arrays (MOD-03), booleans as booleans.

A new kind is one class; a new property is one line in a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Generic, TypeVar, cast

from ..errors import MalformedText, TypeMismatch
from ..wire.durations import Duration, build_duration, parse_duration_lenient
from ..wire.json import JsonObject, JsonValue
from ..wire.language_tags import is_language_tag, parse_language_tag
from ..wire.timestamps import build, parse_lenient
from .model import Property, Reading, items_of
from .shapes import copied, literal, referred, several, single
from .text import Text

ReadT = TypeVar("ReadT")
WriteT = TypeVar("WriteT")

_INTEGER_MAX: Final = 2**63 - 1
# Tags that name no language: JSON-LD's word for it, and "undetermined".
_NO_LANGUAGES: Final = ("@none", "und")


@lru_cache(maxsize=1_024)
def language_tag(text: str) -> str | None:
    """Give a language tag in the case that BCP 47 recommends, or None when it is none; "zh_CN" is one, for readers."""
    try:
        return text if text in _NO_LANGUAGES else parse_language_tag(text.replace("_", "-"))
    except MalformedText:
        return None


def limited(items: list[JsonValue], count_max: int | None, reading: Reading) -> list[JsonValue]:
    """Give the first so many of a list, and report that there are more (SEC-029)."""
    if count_max is None or len(items) <= count_max:
        return items
    reading.report("too many")
    return items[:count_max]


class Scalar(Property[ReadT | None, WriteT | None], Generic[ReadT, WriteT]):
    """A property with at most one plain value."""

    def decode(self, value: JsonValue, reading: Reading) -> ReadT | None:  # noqa: ARG002 -- a plain value needs no context
        """Convert the value, or the first of a list."""
        value = literal(value)
        return None if value is None else self.convert(value)

    def convert(self, value: JsonValue) -> ReadT:
        """Convert a value that is neither null nor a list."""
        raise NotImplementedError


class String(Scalar[str, str]):
    """A text that programs read: a media type, an identifier, a code."""

    def convert(self, value: JsonValue) -> str:
        """Take a text, or the id that JSON-LD makes of one; NUL is taken out (MOD-71, SEC-026)."""
        return _text(referred(value), self.name)

    def encode(self, value: object) -> JsonValue:
        """Take a text."""
        if not isinstance(value, str):
            raise self.refuse(value, "a text")
        return str(value)


class NaturalText(Property[Text | None, str | None]):
    """A text that people read, in one language or, in its sibling `…Map`, in several (MOD-20).

    Args:
        name: JSON name.
        html: Whether it is HTML; with `mediaType` in the document, which is of the content, what that says.
    """

    def __init__(self, name: str | None = None, *, html: bool = False) -> None:
        super().__init__(name)
        self.html = html

    def read(self, document: JsonObject, reading: Reading) -> Text | None:
        """Read the text, or the first one of its languages when it is given only so (MOD-20)."""
        texts = document.get(self.name + "Map")
        found = super().read(document, reading)
        if not isinstance(texts, dict):
            return found if found is None else self._made(found, document, found.language)
        if found is None and document.get(self.name) is None:
            found = _first_of(texts)
        return found if found is None else self._made(found, document, language_of(found, texts) or found.language)

    def decode(self, value: JsonValue, reading: Reading) -> Text | None:  # noqa: ARG002 -- a text needs no context
        """Take a text; NUL is taken out (MOD-71, SEC-026)."""
        value = single(value)
        text = literal(value)
        tag = value.get("@language") if isinstance(value, dict) else None
        language = language_tag(tag) if isinstance(tag, str) else None
        return None if text is None else Text(_text(text, self.name), language=_known(language))

    def write(self, document: JsonObject, value: object) -> None:
        """Set the text; the sibling map follows it, or goes when it held several languages."""
        name = self.name + "Map"
        if type(value) is str and name not in document:  # nearly always
            document[self.name] = value
            return
        texts = document.get(name)
        language = value.language if isinstance(value, Text) else None
        super().write(document, value)
        if isinstance(texts, dict):
            del document[name]
            if isinstance(value, str) and len(texts) == 1:
                document[name] = dict.fromkeys(texts, str(value))
        if language is not None and isinstance(value, str):
            document[name] = {language: str(value)}

    def encode(self, value: object) -> JsonValue:
        """Take a text."""
        if not isinstance(value, str):
            raise self.refuse(value, "a text")
        return str(value)

    def _made(self, text: str, document: JsonObject, language: str | None) -> Text:
        html = self.html
        if html and self.name == "content" and "mediaType" in document:
            html = document["mediaType"] in (None, "text/html")
        return Text(text.replace("\x00", ""), is_html=html, language=language)


def _first_of(texts: JsonObject) -> Text | None:
    """Give the text of no language, as it would stand outside of the map, else the first one."""
    plain = [text for tag, text in texts.items() if tag.lower() in _NO_LANGUAGES]
    found = (text for text in map(literal, [*plain, *texts.values()]) if isinstance(text, str))
    first = next(found, None)
    return None if first is None else Text(first)


def language_of(text: str, texts: JsonObject) -> str | None:
    """Give the tag under which a text stands in a map of languages, else the first of its tags (MOD-20)."""
    tags = [(_known(language_tag(name)), literal(value)) for name, value in texts.items()]
    known = [(tag, value) for tag, value in tags if tag is not None and isinstance(value, str)]
    return next((tag for tag, value in known if value == text), next((tag for tag, _ in known), None))


def _known(tag: str | None) -> str | None:
    return None if tag in _NO_LANGUAGES else tag


def _text(value: JsonValue, name: str) -> str:
    if type(value) is not str:
        raise TypeMismatch("not a text", property=name)
    return value if "\x00" not in value else value.replace("\x00", "")


class Texts(Property[Mapping[str, Text], Mapping[str, str] | None]):
    """The same text in several languages: BCP 47 tag to text (AS2-07).

    Args:
        of: JSON name of the text itself; it is set to the first language when it is missing.
        html: Whether they are HTML.
    """

    def __init__(self, of: str, *, html: bool = False) -> None:
        super().__init__(of + "Map")
        self.of = of
        self.html = html

    def absent(self) -> Mapping[str, Text]:
        """Give no text in any language."""
        return {}

    def decode(self, value: JsonValue, reading: Reading) -> Mapping[str, Text]:
        """Take the entries whose tag and text are ones; tags come in the case that BCP 47 recommends."""
        value = single(value)
        if not isinstance(value, dict):
            raise TypeMismatch("not a map of languages", property=self.name)
        found: dict[str, Text] = {}
        for name, text in value.items():
            tag = language_tag(name)
            text = literal(text)
            if tag is None:
                reading.report("not a language tag")
            elif tag in _NO_LANGUAGES:
                continue
            elif not isinstance(text, str):
                reading.report("not a text")
            else:
                found[tag] = Text(_text(text, self.name), is_html=self.html, language=tag)
        return found

    def write(self, document: JsonObject, value: object) -> None:
        """Set the map, and the text itself when it is missing."""
        super().write(document, value)
        texts = document.get(self.name)
        if isinstance(texts, dict) and document.get(self.of) is None:
            document[self.of] = next(iter(texts.values()), None)

    def encode(self, value: object) -> JsonValue:
        """Take a mapping of language tags to texts."""
        if not isinstance(value, Mapping):
            raise self.refuse(value, "a mapping of language tags to texts")
        written: JsonObject = {}
        for tag, text in cast("Mapping[object, object]", value).items():
            if not _is_own_tag(tag) or not isinstance(text, str):
                raise self.refuse(tag, "a mapping of language tags to texts")
            written[str(tag)] = str(text)
        return written


class Language(Property[str | None, str | None]):
    """The language of the content, which stands nowhere but in `contentMap` (MOD-20)."""

    def __init__(self, of: str = "content") -> None:
        super().__init__(of + "Map")
        self.of = of

    def read(self, document: JsonObject, reading: Reading) -> str | None:  # noqa: ARG002 -- reads two members
        """Give the tag whose text is the content itself, else the first."""
        texts = document.get(self.name)
        if not isinstance(texts, dict):
            return None
        content = literal(document.get(self.of))
        return language_of((content if isinstance(content, str) else _first_of(texts)) or "", texts)

    def write(self, document: JsonObject, value: object) -> None:
        """Say in which language the content is."""
        content = document.get(self.of)
        if value is None:
            document.pop(self.name, None)
        elif not _is_own_tag(value):
            raise self.refuse(value, "a language tag")
        elif isinstance(content, str):
            document[self.name] = {str(value): content}


def _is_own_tag(value: object) -> bool:
    """Tell whether an application may write a language so: with hyphens; "@none" and "und" are none."""
    return isinstance(value, str) and (value in _NO_LANGUAGES or is_language_tag(value))


class Flag(Scalar[bool, bool]):
    """True or false; nothing else counts as either."""

    def convert(self, value: JsonValue) -> bool:
        """Take a boolean."""
        if not isinstance(value, bool):
            raise TypeMismatch("neither true nor false", property=self.name)
        return value

    def encode(self, value: object) -> JsonValue:
        """Take a boolean."""
        if not isinstance(value, bool):
            raise self.refuse(value, "True or False")
        return value


class Integer(Scalar[int, int]):
    """A whole number that fits into 64 bits.

    Args:
        name: JSON name.
        least: The smallest value taken; counts are never negative.
    """

    def __init__(self, name: str | None = None, *, least: int = -_INTEGER_MAX) -> None:
        super().__init__(name)
        self.least = least

    def convert(self, value: JsonValue) -> int:
        """Take a whole number, also one written as 3.0."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= _INTEGER_MAX:
            raise TypeMismatch("not a whole number in range", property=self.name)
        return value

    def encode(self, value: object) -> JsonValue:
        """Take a whole number."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= _INTEGER_MAX:
            raise self.refuse(value, "a whole number in range")
        return value


class Real(Scalar[float, float]):
    """A number."""

    def convert(self, value: JsonValue) -> float:
        """Take any number that a float can hold."""
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _INTEGER_MAX:
            raise TypeMismatch("not a number in range", property=self.name)
        return float(value)

    def encode(self, value: object) -> JsonValue:
        """Take a finite number."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _INTEGER_MAX:
            raise self.refuse(value, "a number in range")
        return value


class Instant(Scalar[datetime, datetime]):
    """A point in time, always with a zone; what cannot be read is dropped, never the object (MOD-22)."""

    def convert(self, value: JsonValue) -> datetime:
        """Read generously."""
        found = parse_lenient(value) if isinstance(value, str) else None
        if found is None:
            raise TypeMismatch("not a date and time", property=self.name)
        return found

    def encode(self, value: object) -> JsonValue:
        """Write RFC 3339 in UTC."""
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.refuse(value, "a datetime with a zone")
        return build(value)


class Length(Scalar[Duration, Duration | timedelta]):
    """A length of time (`xsd:duration`); what cannot be read is dropped, never the object."""

    def convert(self, value: JsonValue) -> Duration:
        """Read generously."""
        found = parse_duration_lenient(value)
        if found is None:
            raise TypeMismatch("not a duration", property=self.name)
        return found

    def encode(self, value: object) -> JsonValue:
        """Write it as XML Schema defines it."""
        if not isinstance(value, Duration | timedelta):
            raise self.refuse(value, "a Duration or a timedelta")
        return build_duration(value)


class Moment(Scalar[datetime | bool, datetime | bool]):
    """When it happened, or only whether (`closed` of a poll, MOD-36)."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._instant = Instant(name)

    def convert(self, value: JsonValue) -> datetime | bool:
        """Take a boolean or a date and time."""
        return value if isinstance(value, bool) else self._instant.convert(value)

    def encode(self, value: object) -> JsonValue:
        """Take a boolean or a datetime with a zone."""
        if isinstance(value, bool):
            return value
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.refuse(value, "True, False or a datetime with a zone")
        return build(value)


class Strings(Property[tuple[str, ...], str | Iterable[str] | None]):
    """Any number of texts.

    Args:
        name: JSON name.
        count_max: What comes after so many is not read (SEC-029).
    """

    def __init__(self, name: str | None = None, *, count_max: int | None = None) -> None:
        super().__init__(name)
        self.count_max = count_max

    def absent(self) -> tuple[str, ...]:
        """Give none."""
        return ()

    def decode(self, value: JsonValue, reading: Reading) -> tuple[str, ...]:
        """Read the texts among the values."""
        items = [referred(item) for item in limited(several(value), self.count_max, reading)]
        found = tuple(item.replace("\x00", "") for item in items if isinstance(item, str))
        if len(found) != len(items):
            reading.report("not a text")
        return found

    def encode(self, value: object) -> JsonValue:
        """Take texts; a single one is written plainly."""
        texts: list[JsonValue] = []
        for item in items_of(value, str):
            if not isinstance(item, str):
                raise self.refuse(item, "texts")
            texts.append(item)
        return texts[0] if len(texts) == 1 else texts


class Reals(Property[tuple[float, ...], Iterable[float] | None]):
    """Some numbers in an order that counts, written as an array; read only as a whole.

    Args:
        name: JSON name.
        count: How many there must be.
        least: The smallest value that counts.
        most: The largest one.
    """

    def __init__(self, name: str | None = None, *, count: int, least: float, most: float) -> None:
        super().__init__(name)
        self.count = count
        self.least = least
        self.most = most

    def absent(self) -> tuple[float, ...]:
        """Give none."""
        return ()

    def decode(self, value: JsonValue, reading: Reading) -> tuple[float, ...]:  # noqa: ARG002 -- plain values
        """Take as many numbers in range as there must be."""
        found = tuple(item for item in map(literal, several(value)) if self._fits(item))
        if len(found) != self.count or len(found) != len(several(value)):
            raise TypeMismatch("not as many numbers in range as there must be", property=self.name)
        return cast("tuple[float, ...]", found)

    def encode(self, value: object) -> JsonValue:
        """Take as many numbers in range as there must be."""
        items = items_of(value, (int, float))
        if len(items) != self.count or not all(map(self._fits, items)):
            raise self.refuse(items, f"{self.count} numbers from {self.least} to {self.most}")
        return cast("JsonValue", items)

    def _fits(self, value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.least <= value <= self.most


class Raw(Property[JsonValue, JsonValue]):
    """Whatever stands there, as JSON: carried, and not looked into."""

    def decode(self, value: JsonValue, reading: Reading) -> JsonValue:  # noqa: ARG002 -- see above
        """Give a copy."""
        return copied(value)

    def encode(self, value: object) -> JsonValue:
        """Take a copy."""
        return copied(cast("JsonValue", value))


class Structure(Scalar[JsonObject, Mapping[str, JsonValue]]):
    """An object without a type of its own, given as plain JSON."""

    def convert(self, value: JsonValue) -> JsonObject:
        """Give a copy."""
        if not isinstance(value, dict):
            raise TypeMismatch("not an object", property=self.name)
        return cast("JsonObject", copied(value))

    def encode(self, value: object) -> JsonValue:
        """Take a copy."""
        if not isinstance(value, Mapping):
            raise self.refuse(value, "a mapping")
        return copied(dict(cast("Mapping[str, JsonValue]", value)))
