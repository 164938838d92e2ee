"""The generic syntax of URIs and IRIs, of any scheme: is it one, and what are its parts?

For identifiers that are carried and shown. Whatever is decided or fetched by is read by `iri`, which takes fewer
forms and knows what a host is.

Invariants: a text is cut into its parts by one pass and each part is checked by one more; nothing is decoded,
resolved or normalized.

Example:
    >>> parse_uri("mailto:alice@a.example?subject=x").path
    'alice@a.example'

Sources: RFC 3986 appendix A (grammar) and B (taking apart); RFC 3987 section 2.2 (IRIs).
"""

from __future__ import annotations

import re
from typing import Final

import attrs

from ..errors import MalformedIri
from .ip_addresses import parse_address

CHARS_MAX: Final = 8_192

_PARTS: Final = re.compile(r"(?:([^:/?#]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_PORT: Final = re.compile(r"[0-9]*")
_IPV_FUTURE: Final = re.compile(r"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+")

_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB_DELIMS: Final = r"!$&'()*+,;="
# RFC 3987 section 2.2: ucschar, and iprivate, which only a query may have.
_UCS: Final = (
    "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    "\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd\U00040000-\U0004fffd"
    "\U00050000-\U0005fffd\U00060000-\U0006fffd\U00070000-\U0007fffd\U00080000-\U0008fffd"
    "\U00090000-\U0009fffd\U000a0000-\U000afffd\U000b0000-\U000bfffd\U000c0000-\U000cfffd"
    "\U000d0000-\U000dfffd\U000e1000-\U000efffd"
)
_PRIVATE: Final = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"


def _of(characters: str) -> re.Pattern[str]:
    """Make a pattern of texts of these characters and percent-encoded bytes."""
    return re.compile(rf"(?:[{characters}]|%[0-9A-Fa-f]{{2}})*")


@attrs.frozen
class _Grammar:
    """The parts of one of the two grammars."""

    userinfo: re.Pattern[str]
    name: re.Pattern[str]
    path: re.Pattern[str]
    query: re.Pattern[str]
    fragment: re.Pattern[str]

    @classmethod
    def of(cls, letters: str, private: str) -> _Grammar:
        """Make the grammar in which these characters stand for themselves besides those of RFC 3986."""
        plain = _UNRESERVED + letters + _SUB_DELIMS
        return cls(
            userinfo=_of(plain + ":"),
            name=_of(plain),
            path=_of(plain + ":@/"),
            query=_of(plain + ":@/?" + private),
            fragment=_of(plain + ":@/?"),
        )


_URI: Final = _Grammar.of("", "")
_IRI: Final = _Grammar.of(_UCS, _PRIVATE)


@attrs.frozen
class UriParts:
    """A URI or IRI, taken apart; nothing is decoded.

    Args:
        scheme: As written; None in a relative reference.
        authority: What stands behind "//"; None without.
        path: May be empty.
        query: What stands behind "?"; None without.
        fragment: What stands behind "#"; None without.
    """

    scheme: str | None
    authority: str | None
    path: str
    query: str | None
    fragment: str | None


def parse_uri(text: str) -> UriParts:
    """Read a URI: ASCII, with a scheme.

    Raises:
        MalformedIri: It is none, or has more than 8,192 characters.
    """
    return _parse(text, _URI, is_reference=False)


def parse_uri_reference(text: str) -> UriParts:
    """Read a URI or a relative reference to one.

    Raises:
        MalformedIri: It is neither, or has more than 8,192 characters.
    """
    return _parse(text, _URI, is_reference=True)


def parse_any_iri(text: str) -> UriParts:
    """Read an IRI of any scheme.

    Raises:
        MalformedIri: It is none, or has more than 8,192 characters.
    """
    return _parse(text, _IRI, is_reference=False)


def parse_iri_reference(text: str) -> UriParts:
    """Read an IRI of any scheme or a relative reference to one.

    Raises:
        MalformedIri: It is neither, or has more than 8,192 characters.
    """
    return _parse(text, _IRI, is_reference=True)


def _parse(text: str, grammar: _Grammar, *, is_reference: bool) -> UriParts:
    match = _PARTS.fullmatch(text) if len(text) <= CHARS_MAX else None
    if match is None:
        raise MalformedIri("longer than an IRI may be", size_chars=len(text))
    parts = UriParts(*match.groups())
    if not _is_whole(parts, grammar) or not (is_reference or parts.scheme is not None):
        raise MalformedIri("not an IRI", iri=text)
    return parts


def _is_whole(parts: UriParts, grammar: _Grammar) -> bool:
    if parts.scheme is not None and _SCHEME.fullmatch(parts.scheme) is None:
        return False
    if parts.authority is not None:
        if not _is_authority(parts.authority, grammar) or parts.path[:1] not in ("", "/"):
            return False
    elif parts.path.startswith("//"):
        return False
    return (
        grammar.path.fullmatch(parts.path) is not None
        and (parts.query is None or grammar.query.fullmatch(parts.query) is not None)
        and (parts.fragment is None or grammar.fragment.fullmatch(parts.fragment) is not None)
    )


def _is_authority(text: str, grammar: _Grammar) -> bool:
    userinfo, at, rest = text.rpartition("@")
    if at and grammar.userinfo.fullmatch(userinfo) is None:
        return False
    if rest.startswith("["):
        host, bracket, port = rest[1:].partition("]")
        if not bracket or port[:1] not in ("", ":"):
            return False
        address = parse_address(host)
        is_literal = (address is not None and address.version == 6 and "%" not in host) or _IPV_FUTURE.fullmatch(host)
        return bool(is_literal) and _PORT.fullmatch(port.removeprefix(":")) is not None
    name, _, port = rest.partition(":")
    return grammar.name.fullmatch(name) is not None and _PORT.fullmatch(port) is not None
