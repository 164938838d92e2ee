"""Structured fields: typed values in the fields of HTTP messages.

Decides which texts are items, lists and dictionaries, and how these are written; refuses to know what a field is for.

Invariants:
    - a text is read wholly or refused; nothing is repaired, nothing is looked at twice;
    - reading gives the types of Python that writing takes: `int`, `float` for decimals, `str` for strings, `bytes`,
      `bool`, and `Token`, `Date`, `DisplayString` for what Python has no type of its own;
    - parameters and members keep their order; of equal keys the last value stands, in the place of the first;
    - what is written can be read again to an equal value;
    - reading raises `MalformedText` and `LimitExceeded`, writing `LocalProtocolError`.

Example:
    >>> parse_item('"a key";created=1618884473;tag=web').parameters
    {'created': 1618884473, 'tag': Token(text='web')}
    >>> build_dictionary({"sha-256": Item(b"abc"), "quiet": Item(True)})
    'sha-256=:YWJj:, quiet'

Sources: RFC 9651 sections 3 (types), 4.1 (writing) and 4.2 (reading).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, TypeAlias, TypeVar, assert_never

import attrs

from ..errors import LimitExceeded, LocalProtocolError, MalformedText

FIELD_CHARS_MAX: Final = 65_536
INTEGER_DIGITS_MAX: Final = 15
DECIMAL_WHOLE_DIGITS_MAX: Final = 12
DECIMAL_FRACTION_DIGITS_MAX: Final = 3


@attrs.frozen
class Token:
    """A short word without quotes, as in `gzip` or `text/html`.

    Args:
        text: A letter or "*", then characters of a token of HTTP, ":" and "/".
    """

    text: str


@attrs.frozen
class Date:
    """A moment, written with "@".

    Args:
        epoch_s: Whole seconds since the beginning of 1970, at most 15 digits.
    """

    epoch_s: int


@attrs.frozen
class DisplayString:
    """Text for people, in any script.

    Args:
        text: Unescaped.
    """

    text: str


BareItem: TypeAlias = bool | int | float | str | bytes | Token | Date | DisplayString
Parameters: TypeAlias = Mapping[str, BareItem]


@attrs.frozen
class Item:
    """A value and what is said about it.

    Args:
        value: Without parameters.
        parameters: Key to value, in the order of the text.
    """

    value: BareItem
    parameters: Parameters = attrs.field(factory=dict[str, BareItem])


@attrs.frozen
class InnerList:
    """Items in round brackets, and what is said about them together.

    Args:
        items: In the order of the text.
        parameters: Of the whole list.
    """

    items: tuple[Item, ...]
    parameters: Parameters = attrs.field(factory=dict[str, BareItem])


Member: TypeAlias = Item | InnerList
_T = TypeVar("_T")

# Quantifiers are possessive and repeated groups atomic: no character is looked at twice (SEC-157).
_SPACES = re.compile(r" *+")
_SPACING = frozenset({" ", "\t"})
_OPTIONAL_SPACE = re.compile(r"[ \t]*+")
_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*+")
_NUMBER = re.compile(r"(-?[0-9]++)(?:(\.)([0-9]*+))?")
_STRING = re.compile(r'"((?>(?:[ !#-\[\]-~]++|\\["\\])*))"')
# Most items of lists and most parameters, whole: strings without escapes, integers.
_PLAIN_ITEM = re.compile(r'"([ !#-\[\]-~]*+)"(?=[ )])')
_PLAIN_PARAMETER = re.compile(r'; *+([a-z*][a-z0-9_\-.*]*+)=(?:"([ !#-\[\]-~]*+)"|([0-9]{1,15}+)(?![0-9.]))')
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*+")
_BYTES = re.compile(r":([A-Za-z0-9+/]*+)(={0,2}+):")
_BOOLEAN = re.compile(r"\?([01])")
_DATE = re.compile(r"@(-?[0-9]++)")
_DISPLAY_STRING = re.compile(r'%"((?>(?:[ !#$&-~]++|%[0-9a-f]{2})*))"')
_ESCAPED = re.compile(r'\\(["\\])')
_TO_ESCAPE = re.compile(r'["\\]')
_WITH_BACKSLASH = r"\\\g<0>"
_PRINTABLE = re.compile(r"[ -~]*+")
_PERCENT = re.compile(rb"%([0-9a-f]{2})")
_TO_PERCENT = re.compile(rb'[^ -~]|[%"]')

_INTEGER_MAX = 10**INTEGER_DIGITS_MAX - 1
_DECIMAL_STEP = Decimal(1).scaleb(-DECIMAL_FRACTION_DIGITS_MAX)
_DECIMAL_MAX = Decimal(10) ** DECIMAL_WHOLE_DIGITS_MAX
# Our own: the context of the thread belongs to the application.
_DECIMALS = Context(prec=40, rounding=ROUND_HALF_EVEN)


def parse_item(text: str) -> Item:
    """Read a field that holds one item.

    Args:
        text: The value of the field; several lines are to be joined by ", " before.

    Returns:
        The item.

    Raises:
        MalformedText: Something else.
        LimitExceeded: More than `FIELD_CHARS_MAX` characters.

    Sources:
        RFC 9651 section 4.2, with header type "item".
    """
    reader = _Reader(text)
    return reader.whole(reader.item)


def parse_list(text: str) -> tuple[Member, ...]:
    """Read a field that holds a list.

    Args:
        text: As for `parse_item`; nothing but spaces is an empty list.

    Returns:
        Items and inner lists, in their order.

    Raises:
        MalformedText: Something else.
        LimitExceeded: More than `FIELD_CHARS_MAX` characters.

    Sources:
        RFC 9651 section 4.2.1.
    """
    reader = _Reader(text)
    return reader.whole(reader.members)


def parse_dictionary(text: str) -> dict[str, Member]:
    """Read a field that holds a dictionary.

    Args:
        text: As for `parse_item`; nothing but spaces is an empty dictionary.

    Returns:
        Key to item or inner list, in their order; a key without a value has `Item(True)`.

    Raises:
        MalformedText: Something else.
        LimitExceeded: More than `FIELD_CHARS_MAX` characters.

    Sources:
        RFC 9651 section 4.2.2.
    """
    reader = _Reader(text)
    return {key: member for key, member, _ in reader.whole(reader.dictionary)}


def parse_dictionary_members(text: str) -> list[tuple[str, Member, str]]:
    """Read a field that holds a dictionary, where it matters how a member is spelled or whether its key repeats.

    Args:
        text: As for `parse_item`; nothing but spaces is an empty dictionary.

    Returns:
        Every member in the order of the text: key, member, and how the member is spelled behind its "="; "" where
        there is none. Of equal keys, all.

    Raises:
        MalformedText: Something else.
        LimitExceeded: More than `FIELD_CHARS_MAX` characters.

    Sources:
        RFC 9651 section 4.2.2, before its last step.
    """
    reader = _Reader(text)
    return reader.whole(reader.dictionary)


def build_item(item: Item) -> str:
    """Write an item.

    Args:
        item: Decimals are rounded to three digits after the point, half to even.

    Raises:
        LocalProtocolError: A value that no field can hold.

    Sources:
        RFC 9651 section 4.1.3.
    """
    return _bare_text(item.value) + _parameters_text(item.parameters)


def build_list(members: Iterable[Member]) -> str:
    """Write a list.

    Args:
        members: Items and inner lists.

    Returns:
        The value of the field; empty when there are no members, and then no field is to be sent.

    Raises:
        LocalProtocolError: A value that no field can hold.

    Sources:
        RFC 9651 section 4.1.1.
    """
    return ", ".join(map(_member_text, members))


def build_dictionary(members: Mapping[str, Member]) -> str:
    """Write a dictionary.

    Args:
        members: Key to item or inner list.

    Returns:
        The value of the field; empty when there are no members, and then no field is to be sent.

    Raises:
        LocalProtocolError: A key or value that no field can hold.

    Sources:
        RFC 9651 section 4.1.2.
    """
    parts: list[str] = []
    for key, member in members.items():
        if isinstance(member, Item) and member.value is True:
            parts.append(_key_text(key) + _parameters_text(member.parameters))
        else:
            parts.append(f"{_key_text(key)}={_member_text(member)}")
    return ", ".join(parts)


class _Reader:
    """A text and how far it has been read; it is never read backwards."""

    __slots__ = ("position", "text")

    def __init__(self, text: str) -> None:
        if len(text) > FIELD_CHARS_MAX:
            raise LimitExceeded("the field is too long", limit="FIELD_CHARS_MAX", value=len(text))
        self.text = text
        self.position = 0

    def whole(self, read: Callable[[], _T]) -> _T:
        """Read everything; only spaces may stand around it."""
        self._skip(_SPACES)
        value = read()
        self._skip(_SPACES)
        if self.position < len(self.text):
            raise self._malformed("something follows the value")
        return value

    def members(self) -> tuple[Member, ...]:
        found: list[Member] = []
        more = self.position < len(self.text)
        while more:
            found.append(self._member())
            more = self._another()
        return tuple(found)

    def dictionary(self) -> list[tuple[str, Member, str]]:
        found: list[tuple[str, Member, str]] = []
        more = self.position < len(self.text)
        while more:
            key = self._key()
            if self._takes("="):
                start = self.position
                member = self._member()
                found.append((key, member, self.text[start : self.position]))
            else:
                found.append((key, Item(True, self._parameters()), ""))
            more = self._another()
        return found

    def item(self) -> Item:
        return Item(self._bare(), self._parameters())

    def _member(self) -> Member:
        if not self._takes("("):
            return self.item()
        items: list[Item] = []
        while True:
            spaced = self._skip(_SPACES)
            if self._takes(")"):
                return InnerList(tuple(items), self._parameters())
            if items and not spaced:
                raise self._malformed("items are not apart")
            plain = _PLAIN_ITEM.match(self.text, self.position)
            if plain is None:
                items.append(self.item())
            else:
                items.append(Item(plain[1], {}))
                self.position = plain.end()

    def _another(self) -> bool:
        self._skip(_OPTIONAL_SPACE)
        if self.position == len(self.text):
            return False
        if not self._takes(","):
            raise self._malformed("members are not apart")
        self._skip(_OPTIONAL_SPACE)
        if self.position == len(self.text):
            raise self._malformed("nothing follows the comma")
        return True

    def _parameters(self) -> dict[str, BareItem]:
        found: dict[str, BareItem] = {}
        while plain := _PLAIN_PARAMETER.match(self.text, self.position):
            key, text, digits = plain.groups()
            found[key] = int(digits) if text is None else text
            self.position = plain.end()
        while self._takes(";"):
            self._skip(_SPACES)
            key = self._key()
            found[key] = self._bare() if self._takes("=") else True
        return found

    def _key(self) -> str:
        return self._matched(_KEY)[0]

    def _bare(self) -> BareItem:
        first = self.text[self.position : self.position + 1]
        match first:
            case '"':
                text = self._matched(_STRING)[1]
                return _ESCAPED.sub(r"\1", text) if "\\" in text else text
            case ":":
                return self._bytes()
            case "?":
                return self._matched(_BOOLEAN)[1] == "1"
            case "@":
                return Date(self._integer(self._matched(_DATE)[1]))
            case "%":
                return DisplayString(self._display_text())
            case _ if first in "-0123456789":
                return self._number()
            case _:
                return Token(self._matched(_TOKEN)[0])

    def _number(self) -> int | float:
        whole, point, fraction = self._matched(_NUMBER).groups()
        if not point:
            return self._integer(whole)
        digits_count = len(whole.removeprefix("-"))
        if digits_count > DECIMAL_WHOLE_DIGITS_MAX or not 0 < len(fraction) <= DECIMAL_FRACTION_DIGITS_MAX:
            raise self._malformed("a decimal has too many digits, or none behind its point")
        return float(f"{whole}.{fraction}")

    def _integer(self, digits: str) -> int:
        if len(digits.removeprefix("-")) > INTEGER_DIGITS_MAX:
            raise self._malformed("an integer has too many digits")
        return int(digits)

    def _bytes(self) -> bytes:
        encoded, padding = self._matched(_BYTES).groups()
        # Section 4.2.7: padding may be missing and bits behind the last byte may be set; wrong padding is an error.
        if padding and len(encoded + padding) % 4:
            raise self._malformed("the padding is wrong")
        try:
            return base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        except binascii.Error as error:
            raise self._malformed("the bytes are not base64") from error

    def _display_text(self) -> str:
        escaped = self._matched(_DISPLAY_STRING)[1].encode("ascii")
        try:
            return _PERCENT.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), escaped).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._malformed("a display string is not UTF-8") from error

    def _matched(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise self._malformed("a key or value is malformed")
        self.position = match.end()
        return match

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        start = self.position
        if self.text[start : start + 1] not in _SPACING:
            return False
        self._matched(pattern)
        return self.position > start

    def _takes(self, character: str) -> bool:
        if not self.text.startswith(character, self.position):
            return False
        self.position += 1
        return True

    def _malformed(self, problem: str) -> MalformedText:
        return MalformedText(problem, position=self.position, field=self.text)


def _member_text(member: Member) -> str:
    if isinstance(member, Item):
        return build_item(member)
    return f"({' '.join(map(build_item, member.items))}){_parameters_text(member.parameters)}"


def _parameters_text(parameters: Parameters) -> str:
    return "".join(
        f";{_key_text(key)}" if value is True else f";{_key_text(key)}={_bare_text(value)}"
        for key, value in parameters.items()
    )


def _key_text(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise LocalProtocolError("no key of a structured field", key=key)
    return key


def _bare_text(value: BareItem) -> str:
    match value:
        case bool():
            return "?1" if value else "?0"
        case int():
            return _integer_text(value)
        case float():
            return _decimal_text(value)
        case str():
            if _PRINTABLE.fullmatch(value) is None:
                raise LocalProtocolError("a string holds what is not printable ASCII", value=value)
            return f'"{_TO_ESCAPE.sub(_WITH_BACKSLASH, value)}"'
        case bytes():
            return f":{base64.b64encode(value).decode('ascii')}:"
        case Token():
            if _TOKEN.fullmatch(value.text) is None:
                raise LocalProtocolError("not a token", value=value.text)
            return value.text
        case Date():
            return f"@{_integer_text(value.epoch_s)}"
        case DisplayString():
            return _display_string_text(value.text)
        case _:
            assert_never(value)


def _integer_text(value: int) -> str:
    if not -_INTEGER_MAX <= value <= _INTEGER_MAX:
        raise LocalProtocolError("an integer has too many digits")
    return int.__repr__(value)


def _decimal_text(value: float) -> str:
    # The digits that a person would write are rounded, not those of the double: 0.0025 lies half way between.
    exact = Decimal(float.__repr__(value))
    if exact.is_finite() and abs(exact) < _DECIMAL_MAX:
        rounded = exact.quantize(_DECIMAL_STEP, context=_DECIMALS)
        if abs(rounded) < _DECIMAL_MAX:
            whole, _, fraction = f"{rounded or abs(rounded):f}".partition(".")
            return f"{whole}.{fraction.rstrip('0') or '0'}"
    raise LocalProtocolError("a decimal has too many digits", value=value)


def _display_string_text(text: str) -> str:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LocalProtocolError("a display string has a lone surrogate") from error
    return f'%"{_TO_PERCENT.sub(lambda found: b"%%%02x" % ord(found[0]), data).decode("ascii")}"'
