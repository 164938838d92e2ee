"""Path templates: "/ap/users/{pk}" to and from parameters.

Invariants: a parameter is one path segment; what is matched expands to exactly the path that was matched, so that
no two paths name one thing (SEC-015).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

import attrs

from ..errors import ConfigurationError

_SAFE = "-._~!$'()*+,;=:@"
_SEGMENT_CHARS_MAX = 512
# What most identifiers are made of: such a segment is its own value, and the other way round.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_~-]{1,512}").fullmatch


@attrs.frozen(cache_hash=True)
class PathTemplate:
    """A parsed template; build one with `parse_template`.

    `parts` holds one entry a segment: (literal, None) or (parameter name, converter), where the converter is "str"
    or "int".
    """

    text: str
    parts: tuple[tuple[str, str | None], ...]
    parameters: tuple[str, ...] = attrs.field(
        default=attrs.Factory(lambda self: _names_in(self.parts), takes_self=True), init=False, eq=False, repr=False
    )
    """Names of the parameters, in order."""

    def is_below(self, other: PathTemplate) -> bool:
        """Tell whether each path of this template lies below one of the other, and has the same parameters."""
        depth = len(other.parts)
        return self.parameters == other.parameters and len(self.parts) > depth and self.parts[:depth] == other.parts

    def match(self, path: str) -> dict[str, str] | None:
        """Give the parameters of a raw path, or None when it does not match."""
        segments = path.split("/")
        if len(segments) != len(self.parts):
            return None
        found: dict[str, str] = {}
        for segment, (name, converter) in zip(segments, self.parts, strict=True):
            if converter is None:
                if segment != name:
                    return None
                continue
            value = _decode(segment, converter)
            if value is None:
                return None
            found[name] = value
        return found

    def expand(self, parameters: Mapping[str, object]) -> str:
        """Give the path for these parameters.

        Raises:
            ConfigurationError: A parameter is missing, empty or cannot stand in a path.
        """
        segments: list[str] = []
        for name, converter in self.parts:
            if converter is None:
                segments.append(name)
                continue
            if name not in parameters:
                raise ConfigurationError("the path needs another parameter", path=self.text, parameter=name)
            segment = str(parameters[name])
            if _PLAIN(segment) is None:
                segment = quote(segment, safe=_SAFE)
            if _decode(segment, converter) is None:
                raise ConfigurationError("this value cannot stand in a path", path=self.text, parameter=name)
            segments.append(segment)
        return "/".join(segments)


def parse_template(text: str) -> PathTemplate:
    """Parse a template such as "/ap/users/{pk}" or "/posts/{pk:int}".

    Raises:
        ConfigurationError: Not a path, or a parameter that is not a whole segment.
    """
    if not text.startswith("/") or text.endswith("/") or "//" in text or "?" in text or "#" in text:
        raise ConfigurationError("a path begins with '/' and does not end with it", path=text)
    parts: list[tuple[str, str | None]] = []
    for segment in text.split("/"):
        if segment.startswith("{") and segment.endswith("}"):
            name, _, converter = segment[1:-1].partition(":")
            if not name.isidentifier() or converter not in ("", "str", "int"):
                raise ConfigurationError("a parameter is written {name} or {name:int}", path=text)
            parts.append((name, converter or "str"))
        elif "{" in segment or "}" in segment:
            raise ConfigurationError("a parameter takes a whole segment of the path", path=text)
        else:
            parts.append((segment, None))
    names = [name for name, converter in parts if converter is not None]
    if len(set(names)) != len(names):
        raise ConfigurationError("a parameter stands twice", path=text)
    return PathTemplate(text, tuple(parts))


def _names_in(parts: tuple[tuple[str, str | None], ...]) -> tuple[str, ...]:
    return tuple(name for name, converter in parts if converter is not None)


def _decode(segment: str, converter: str) -> str | None:
    if not segment or len(segment) > _SEGMENT_CHARS_MAX:
        return None
    value = segment if _PLAIN(segment) is not None else _unquoted(segment)
    if value is None:
        return None
    if converter == "int" and not (value.isascii() and value.isdigit() and str(int(value[:18])) == value):
        return None
    return value


def _unquoted(segment: str) -> str | None:
    try:
        value = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
    if "/" in value or value in (".", "..") or not value.isprintable():
        return None
    if quote(value, safe=_SAFE) != segment:
        return None
    return value
