"""URI templates: addresses with gaps, and the addresses that come out when the gaps are filled.

Decides which texts are templates of levels 1 to 3 and how values are written into them; refuses to know what an address
is used for, and whether it may be fetched.

Invariants:
    - a template is expanded wholly or refused: no part of a malformed one is passed through;
    - values are text: lists, maps, prefixes and explosions (level 4) are refused, not guessed;
    - outside of `{+name}` and `{#name}` a value cannot bring characters that mean something in a URI;
    - what comes out is ASCII and at most `EXPANDED_CHARS_MAX` long, however often a template names a value;
    - only `MalformedText` and `LimitExceeded` are raised.

Example:
    >>> expand("https://a.example/share{?uri,title}", {"uri": "https://b.example/1", "title": None})
    'https://a.example/share?uri=https%3A%2F%2Fb.example%2F1'

Sources: RFC 6570 sections 2 and 3, with erratum 6937.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final
from urllib.parse import quote

import attrs

from ..errors import LimitExceeded, MalformedText
from .uri import IPRIVATE, UCSCHAR

TEMPLATE_CHARS_MAX: Final = 8_192
EXPANDED_CHARS_MAX: Final = 65_536


@attrs.frozen(kw_only=True)
class _Operator:
    """How an expression is written (RFC 6570 appendix A)."""

    first: str = ""
    separator: str = ","
    named: bool = False
    if_empty: str = ""
    reserved: bool = False


_OPERATORS: Final = {
    "": _Operator(),
    "+": _Operator(reserved=True),
    "#": _Operator(first="#", reserved=True),
    ".": _Operator(first=".", separator="."),
    "/": _Operator(first="/", separator="/"),
    ";": _Operator(first=";", separator=";", named=True),
    "?": _Operator(first="?", separator="&", named=True, if_empty="="),
    "&": _Operator(first="&", separator="&", named=True, if_empty="="),
}

# RFC 3986 section 2.2, and the sign that begins what is escaped already.
_KEPT = ":/?#[]@!$&'()*+,;=%"
# Quantifiers are possessive and repeated groups atomic: no character is looked at twice (SEC-157).
_EXPRESSION = re.compile(r"\{([+#./;?&]?)([^{}]++)\}")
_NAME_PART = r"(?>(?:[A-Za-z0-9_]++|%[0-9A-Fa-f]{2})+)"
_NAME = re.compile(rf"{_NAME_PART}(?>(?:\.{_NAME_PART})*)")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def expand(template: str, variables: Mapping[str, str | None]) -> str:
    """Fill the gaps of a template.

    Args:
        template: As in "https://a.example/search{?q,lang}".
        variables: Name to value; a name that is absent or None is undefined and leaves nothing behind, not even its
            separator. A value is not escaped yet.

    Returns:
        A URI or a reference to one, if the template was one.

    Raises:
        MalformedText: No template of levels 1 to 3, or a value with a lone surrogate.
        LimitExceeded: More than `TEMPLATE_CHARS_MAX` characters in, or `EXPANDED_CHARS_MAX` out.

    Sources:
        RFC 6570 section 3.2.1.
    """
    if len(template) > TEMPLATE_CHARS_MAX:
        raise LimitExceeded("the template is too long", limit="TEMPLATE_CHARS_MAX", value=len(template))
    written: list[str] = []
    chars_left = EXPANDED_CHARS_MAX
    for part in _parts(template, variables):
        written.append(part)
        chars_left -= len(part)
        if chars_left < 0:
            raise LimitExceeded("what the template expands to is too long", limit="EXPANDED_CHARS_MAX")
    return "".join(written)


@cache  # to compile it takes 2 ms, and few programs fill templates
def _literals() -> re.Pattern[str]:
    return re.compile(rf"(?>(?:[!#$&-;=?-\[\]_a-z~{UCSCHAR}{IPRIVATE}]++|%[0-9A-Fa-f]{{2}})+)")


def _parts(template: str, variables: Mapping[str, str | None]) -> Iterator[str]:
    literals = _literals()
    position = 0
    while position < len(template):
        literal = literals.match(template, position)
        expression = None if literal is not None else _EXPRESSION.match(template, position)
        if literal is not None:
            position = literal.end()
            yield quote(literal[0], safe=_KEPT)
        elif expression is not None:
            position = expression.end()
            yield from _expanded(_OPERATORS[expression[1]], expression[2], variables)
        else:
            raise MalformedText("not a URI template of levels 1 to 3", template=template, position=position)


def _expanded(operator: _Operator, names: str, variables: Mapping[str, str | None]) -> Iterator[str]:
    before = operator.first
    for name in names.split(","):
        if _NAME.fullmatch(name) is None:
            raise MalformedText("not a name in a URI template of levels 1 to 3", name=name)
        value = variables.get(name)
        if value is None:
            continue
        label = "" if not operator.named else f"{name}=" if value else f"{name}{operator.if_empty}"
        yield before + label + _escaped(value, operator)
        before = operator.separator


def _escaped(value: str, operator: _Operator) -> str:
    if len(value) > EXPANDED_CHARS_MAX:
        raise LimitExceeded("a value is too long", limit="EXPANDED_CHARS_MAX", value=len(value))
    try:
        return quote(_BARE_PERCENT.sub("%25", value), safe=_KEPT) if operator.reserved else quote(value, safe="")
    except UnicodeEncodeError as error:
        raise MalformedText("a value has a lone surrogate") from error
