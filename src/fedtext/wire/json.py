"""Strict JSON: one document, one reading.

Decides which bytes are JSON that every parser reads alike; refuses to know what the document means. Where parsers
differ, a sender can show one document to the guard and another to the guarded: such texts are refused.

Invariants:
    - size, nesting and number of values are checked on the bytes before a parser sees them;
    - UTF-8 without byte order mark; no lone surrogates, neither raw nor escaped;
    - no name twice in an object, no U+0000 in a name;
    - numbers that a double can hold: no NaN, no Infinity, no 1e999, no integer of more than 308 digits;
    - `parse_value` raises nothing but `LimitExceeded` and `MalformedJSON`.

Example:
    >>> parse_object(b'{"type": "Note"}')
    {'type': 'Note'}
    >>> dump({"type": "Note"})
    b'{"type":"Note"}'

Sources: RFC 8259; RFC 7493 (I-JSON) sections 2.1 to 2.3; SEC-020 to SEC-028.
"""

from __future__ import annotations

import json
import re
from functools import partial
from math import isfinite
from typing import TypeAlias, cast

from ..config import Limits
from ..errors import LimitExceeded, LocalProtocolError, MalformedJSON

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

# A double holds every integer of 308 digits (with rounding) and CPython refuses to read more than 4300.
INTEGER_DIGITS_MAX = 308

_DEFAULT_LIMITS = Limits()
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A string whose escapes were taken out; the quantifiers are possessive: no byte is looked at twice (SEC-157).
_STRING = re.compile(rb'"[^"]*+"?+')
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
# A surrogate or U+0000, or a backslash before what only looks like one: a reason to look at the values.
_SUSPICIOUS_ESCAPE = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
# An escape that spells a colon, or one of those above.
_SPELLED = re.compile(rb"\\u(?:[dD][89a-fA-F]|00(?:00|3[aA]))").search
_SPACE = " \t\n\r"
_OPENING = frozenset(b"[{")
_PIECE_BYTES = 65_536
# Longer texts come seldom, and need not be written before anybody has decided to take them.
_WRITTEN_BYTES_MAX = 65_536


def parse_value(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> JsonValue:
    """Read one JSON text of any kind.

    Args:
        data: The exact bytes, UTF-8.
        limits: `document_bytes_max`, `json_depth_max` and `json_nodes_max` hold. A node is a value; an empty array or
            object counts for two.

    Returns:
        Plain Python values. Integers are `int`, other numbers `float`.

    Raises:
        LimitExceeded: Too long, too deep or too many values.
        MalformedJSON: Not strict JSON.
    """
    if len(data) > limits.document_bytes_max:
        raise LimitExceeded("the document is too long", limit="document_bytes_max", value=len(data))
    if data.startswith(_BYTE_ORDER_MARK):
        raise MalformedJSON("the document begins with a byte order mark")
    _check_structure(data, limits)
    try:
        value = _decode(data.decode("utf-8"))
    except RecursionError as error:
        raise LimitExceeded("the document is too deep for this interpreter", limit="json_depth_max") from error
    except UnicodeDecodeError as error:
        raise MalformedJSON("the document is not UTF-8", position=error.start) from error
    except json.JSONDecodeError as error:
        raise MalformedJSON("the document is not JSON", position=error.pos, problem=error.msg) from error
    if _SUSPICIOUS_ESCAPE.search(data) is not None:
        _check_surrogates(value)
        _check_names(value)
    return value


def parse_object(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> JsonObject:
    """Read one JSON object.

    Args:
        data: The exact bytes, UTF-8.
        limits: As for `parse_value`.

    Returns:
        The object, members in the order of the text.

    Raises:
        LimitExceeded: Too long, too deep or too many values.
        MalformedJSON: Not strict JSON, or JSON but no object.
    """
    value = parse_value(data, limits)
    if not isinstance(value, dict):
        raise MalformedJSON("the document is not an object", found=type(value).__name__)
    return value


def parse_written(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> tuple[JsonObject, bytes]:
    """Read one JSON object, and give it as `dump_parsed` writes it: for whoever needs both.

    Comparing the two shows that no name occurs twice, at less cost than a look at each object.

    Args:
        data: See `parse_object`.
        limits: See `parse_object`.

    Returns:
        The object, and its bytes.

    Raises:
        LimitExceeded: See `parse_object`.
        MalformedJSON: See `parse_object`.
        LocalProtocolError: It cannot be written.
    """
    found = _read_written(data, limits) if len(data) <= _WRITTEN_BYTES_MAX else None
    if found is not None:
        return found
    value = parse_object(data, limits)
    return value, dump_parsed(value)


def dump(value: JsonValue) -> bytes:
    """Write a value as compact UTF-8, members in their order.

    Args:
        value: Plain JSON values; a tuple counts as an array.

    Returns:
        Bytes that `parse_value` reads back to an equal value.

    Raises:
        LocalProtocolError: Something in it is not JSON: another type, NaN, a name that is no text, a lone surrogate.
    """
    try:
        text = _ENCODER.encode(value)
        _check_names_are_text(value)  # it ends, since the encoder has found no circle
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise LocalProtocolError("the value cannot be written as JSON", problem=error) from error


def text_of(value: JsonValue) -> str | None:
    """Write a value as text that differs wherever two values would be dumped to different bytes; for comparison alone.

    Args:
        value: Plain JSON values, or whatever else stands in their place.

    Returns:
        The text; None where the value cannot be written.
    """
    try:
        return _COMPARED.encode(value)
    except (TypeError, ValueError, RecursionError):
        return None


def dump_parsed(value: JsonValue) -> bytes:
    """Write what `parse_value` gave, or what was made of it: as `dump`, without a look at its names, which are text.

    Args:
        value: Every name in it came from a parser, or is a literal in this library.

    Raises:
        LocalProtocolError: It cannot be written.
    """
    try:
        return _PARSED.encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise LocalProtocolError("the value cannot be written as JSON", problem=error) from error


def quoted(text: str) -> str:
    """Write one text as `dump` does, for an object that is put together member by member; `utf8` ends that."""
    return _quoted(text)


def number(value: float) -> str:
    """Write one number as `dump` does, for an object that is put together member by member.

    Raises:
        LocalProtocolError: It is none that JSON has.
    """
    if not isfinite(value):
        raise LocalProtocolError("the value cannot be written as JSON", problem=value)
    return repr(value)


def utf8(text: str) -> bytes:
    """Give the bytes of an object that was put together.

    Raises:
        LocalProtocolError: There is a lone surrogate in it.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise LocalProtocolError("the value cannot be written as JSON", problem=error) from error


def _read_written(data: bytes, limits: Limits) -> tuple[JsonObject, bytes] | None:
    """Read and write an object; None where a name occurs twice, or for whatever else `parse_object` has to look at.

    Threat: of two members with one name the standard library keeps the last (SEC-021). Each member has a colon behind
    its name, and colons inside of strings are written as they came, unless an escape spelled them. So what was dropped
    is missing in the written text, and the counts of colons differ.
    """
    if not data.startswith(b"{") or len(data) > limits.document_bytes_max or _SPELLED(data) is not None:
        return None
    _check_structure(data, limits)
    try:
        text = data.decode("utf-8")
        value, end = _LAST_WINS.raw_decode(text)
        written = _PARSED.encode(value).encode("utf-8")
    except (ValueError, RecursionError):
        return None
    return (value, written) if end == len(text) and written.count(b":") == data.count(b":") else None


def _check_structure(data: bytes, limits: Limits) -> None:
    """Bound depth and values before parsing: a member counts twice, for its name and its value."""
    opened = data.count(b"[") + data.count(b"{")
    # Brackets, commas and colons inside strings only make these sums larger: small sums need no closer look.
    # A text has at least one byte for each, so that most documents need no sum at all.
    if opened <= limits.json_depth_max and (
        len(data) < limits.json_nodes_max or opened + data.count(b",") + data.count(b":") < limits.json_nodes_max
    ):
        return
    # In a run of backslashes the first escapes the second: without the pairs, what is left escapes a quote.
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth, nodes, inside = 0, 1, False
    # Piece by piece: a body that is refused is refused early, and what is taken out of it never fills the memory.
    for start in range(0, len(plain), _PIECE_BYTES):
        piece = plain[start : start + _PIECE_BYTES]
        quotes = piece.count(b'"')
        bare = _STRING.sub(b"", b'"' + piece if inside else piece)
        inside ^= quotes % 2 == 1
        for byte in bare.translate(None, _NO_BRACKETS):
            depth += 1 if byte in _OPENING else -1
            if depth > limits.json_depth_max:
                raise LimitExceeded("the document is too deep", limit="json_depth_max", value=depth)
        nodes += sum(map(bare.count, (b",", b":", b"[", b"{")))
        if nodes > limits.json_nodes_max:
            raise LimitExceeded("the document has too many values", limit="json_nodes_max", value=nodes)


def _decode(text: str) -> JsonValue:
    """Read a text that begins as an object without looking for spaces around it, which most texts do not have."""
    if text[:1] == "{":
        value, end = _DECODER.raw_decode(text)
        if end == len(text) or not text[end:].strip(_SPACE):
            return cast("JsonValue", value)
    found: JsonValue = _DECODER.decode(text)
    return found


def _object_of(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Threat: parsers differ in which of two members they take, so a guard and a reader see two documents (SEC-021).
        raise MalformedJSON("a name occurs twice in one object")
    return members


def _integer_of(text: str) -> int:
    if len(text) > INTEGER_DIGITS_MAX and len(text.lstrip("-")) > INTEGER_DIGITS_MAX:
        raise MalformedJSON("a number is too large", digits=len(text))
    return int(text)


def _float_of(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise MalformedJSON("a number is too large", number=text)
    return number


def _refuse_constant(text: str) -> float:
    raise MalformedJSON("a number is not JSON", number=text)


def _check_surrogates(value: JsonValue) -> None:
    # Writing is the shortest way to visit every string; depth and size are bounded by now.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedJSON("a string has a lone surrogate") from error


def _check_names(value: JsonValue) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            if any("\x00" in name for name in item):
                raise MalformedJSON("a name has U+0000")
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _check_names_are_text(value: object) -> None:
    # The standard library writes {1: 2} as {"1":2}; what we send must be what the application meant.
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            members = cast("dict[object, object]", item)
            if not _TEXT.issuperset(map(type, members)):
                for name in members:
                    if not isinstance(name, str):
                        raise TypeError(f"a name is {type(name).__name__}, not text")
            pending += [member for member in members.values() if type(member) not in _WITHOUT_NAMES]
        elif isinstance(item, (list, tuple)):
            items = cast("list[object]", item)
            pending += [member for member in items if type(member) not in _WITHOUT_NAMES]


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
# Without a look for circles, which a parser cannot make.
_PARSED = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), allow_nan=False)
# Of ASCII, and without a look for circles, which end at the limit of recursion: half of what the other costs.
_COMPARED = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))


_TEXT = frozenset({str})
_quoted = json.encoder.encode_basestring
_WITHOUT_NAMES = frozenset({str, int, float, bool, type(None)})
_decoder = partial(
    json.JSONDecoder,
    parse_int=_integer_of,
    parse_float=_float_of,
    parse_constant=_refuse_constant,
    strict=True,
)
_DECODER = _decoder(object_pairs_hook=_object_of)
_LAST_WINS = _decoder()
