r"""Canonical JSON: one value, one sequence of bytes, so that many signers sign the same.

Decides how a value is written before it is hashed; refuses to know what is signed and by whom.

Invariants:
    - equal values give equal bytes, whatever the order of their members was and however their numbers were spelled;
    - numbers are doubles, written as ECMAScript writes them; names are sorted by their UTF-16 code units;
    - an integer that a double may not hold exactly is refused: signers would round it differently;
    - only `MalformedJSON` and `LimitExceeded` are raised; time is linear but for the sorting of names.

Example:
    >>> canonize({"b": [1.0, 1e-7, -0.0], "a": "\u20ac"})
    b'{"a":"\xe2\x82\xac","b":[1,1e-7,0]}'

Sources: RFC 8785 sections 3.2.2 to 3.2.4; RFC 7493 section 2.2; ECMA-262 section 6.1.6.1.20; SEC-130.
"""

from __future__ import annotations

from collections.abc import Iterable
from json.encoder import JSONEncoder, encode_basestring
from typing import Any, Final, cast

from ..errors import LimitExceeded, MalformedJSON
from .json import JsonValue

# RFC 7493 section 2.2: beyond it, integers that differ are the same double.
INTEGER_MAX: Final = 2**53 - 1
DEPTH_MAX: Final = 128
_SIMPLE: Final = JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False, allow_nan=False
)


def canonize(value: JsonValue) -> bytes:
    """Write a value in its one canonical form.

    Args:
        value: What `parse_value` gives, or built by hand; a tuple counts as an array.

    Returns:
        UTF-8 without any space: members sorted, numbers and strings as ECMAScript serialises them.

    Raises:
        MalformedJSON: An integer beyond `INTEGER_MAX`, NaN or an infinity, a lone surrogate, or no JSON at all.
        LimitExceeded: Arrays and objects more than `DEPTH_MAX` deep.

    Sources:
        RFC 8785 section 3.2.
    """
    parts: list[str] = []
    try:
        if _is_simple(value):
            return _SIMPLE.encode(value).encode("utf-8")
        _write(value, parts, 0)
        return "".join(parts).encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedJSON("a string has a lone surrogate") from error
    except RecursionError as error:
        raise LimitExceeded("the document is too deep for this interpreter", limit="DEPTH_MAX") from error


def number_text(number: float) -> str:
    """Write a double as ECMAScript does: the shortest digits that give it back.

    Args:
        number: Finite; minus zero counts as zero.

    Raises:
        MalformedJSON: NaN or an infinity.

    Sources:
        RFC 8785 section 3.2.2.3; ECMA-262 section 6.1.6.1.20 (Number::toString).
    """
    if number == 0:
        return "0"
    # Both find the same digits; they differ in where the exponent begins and in how it looks.
    mantissa, _, exponent = float.__repr__(number).partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    if not whole.isdigit():
        raise MalformedJSON("a number is not JSON", number=mantissa)
    digits = (whole + fraction).lstrip("0")
    # The value is 0.<digits> times ten to the power of `point`.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _positioned(digits, point)


def _positioned(digits: str, point: int) -> str:
    """Set the decimal point, with an exponent where ECMAScript has one."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _is_simple(value: object) -> bool:
    """Tell whether the standard library's encoder writes a value in its canonical form, and writes it at all.

    It does where no number needs care and all names are ASCII, which sort alike by code points and UTF-16 units: that
    is nearly every document, and takes a fraction of the time.
    """
    level: list[dict[str, Any] | list[Any]] = [[value]]
    try:
        for _ in range(DEPTH_MAX):
            inner: list[dict[str, Any] | list[Any]] = []
            for container in level:
                if isinstance(container, dict):
                    if not "".join(container).isascii():
                        return False
                    items: Iterable[Any] = container.values()
                else:
                    items = container
                for item in items:
                    kind = item.__class__
                    if kind is str:
                        continue
                    if kind is dict or kind is list:
                        inner.append(item)
                    elif kind is int:
                        if not -INTEGER_MAX <= item <= INTEGER_MAX:
                            return False
                    elif kind is not bool and item is not None:
                        return False
            if not inner:
                return True
            level = inner
    except TypeError:  # a name is no text
        return False
    return False


def _write(value: object, parts: list[str], depth: int) -> None:
    match value:
        case str():
            parts.append(encode_basestring(value))
        case True:
            parts.append("true")
        case False:
            parts.append("false")
        case None:
            parts.append("null")
        case int():
            if not -INTEGER_MAX <= value <= INTEGER_MAX:
                raise MalformedJSON("an integer is too large to be the same for every signer")
            parts.append(int.__repr__(value))
        case float():
            parts.append(number_text(value))
        case dict():
            _write_object(cast("dict[object, object]", value), parts, _deeper(depth))
        case list() | tuple():
            _write_array(cast("list[object]", value), parts, _deeper(depth))
        case _:
            raise MalformedJSON("a value is not JSON", found=type(value).__name__)


def _write_object(members: dict[object, object], parts: list[str], depth: int) -> None:
    separator = "{"
    for name in _sorted_names(members):
        parts.append(f"{separator}{encode_basestring(name)}:")
        _write(members[name], parts, depth)
        separator = ","
    parts.append("}" if members else "{}")


def _write_array(items: list[object], parts: list[str], depth: int) -> None:
    separator = "["
    for item in items:
        parts.append(separator)
        _write(item, parts, depth)
        separator = ","
    parts.append("]" if items else "[]")


def _sorted_names(members: dict[object, object]) -> list[str]:
    names: list[str] = []
    for name in members:
        if not isinstance(name, str):
            raise MalformedJSON("a name is not text", found=type(name).__name__)
        names.append(name)
    # Code points and UTF-16 units sort alike unless surrogate pairs meet U+E000 to U+FFFF.
    return sorted(names) if all(map(str.isascii, names)) else sorted(names, key=_code_units)


def _code_units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _deeper(depth: int) -> int:
    if depth >= DEPTH_MAX:
        raise LimitExceeded("the document is too deep", limit="DEPTH_MAX", value=depth + 1)
    return depth + 1
