"""URIs and IRIs of any scheme: the generic grammars, without meaning.

Decides which texts are URIs, IRIs and references to them, and where their components begin and end; refuses to know
what a scheme means, and never says that something may be fetched: `wire.iri` alone decides which addresses are read
alike by everyone, and what their hosts and origins are.

Invariants:
    - components are given as they are spelled: nothing is decoded, mapped, put into lower case or resolved;
    - the text of the components is the text that was read;
    - every URI is an IRI, and each of the two is a reference; what is not ASCII is in IRIs only;
    - reading takes linear time and raises `MalformedIri` only.

Example:
    >>> parse_uri("ldap://[2001:db8::7]:389/c=GB?one").host
    '[2001:db8::7]'
    >>> parse_any_iri("urn:example:städte").path
    'example:städte'

Sources: RFC 3986 sections 3, 4 and 5.3 and appendix A; RFC 3987 section 2.2; SEC-157.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import attrs

from ..config import Limits
from ..errors import MalformedIri
from .ip_addresses import parse_address

# RFC 3987 section 2.2, for use inside of a character class. Each plane ends with two code points that are no
# characters, and the first 4096 of plane 14 are for tags that cannot be seen.
UCSCHAR: Final = "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    f"{chr((plane << 16) + (0x1000 if plane == 14 else 0))}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 15)
)
IPRIVATE: Final = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"

_DEFAULT_LIMITS: Final = Limits()
_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB_DELIMS: Final = "!$&'()*+,;="


@attrs.frozen(kw_only=True)
class UriParts:
    """The components of a URI, an IRI, or a reference to one, as they are spelled.

    Args:
        scheme: Without ":"; None in a relative reference.
        userinfo: What stands before "@"; None when there is no "@".
        host: A name, perhaps empty, an IPv4 address, or an IP literal in its brackets; None without "//".
        port: Digits, perhaps none; None when there is no ":" behind the host.
        path: Perhaps empty.
        query: Without "?"; None when there is none.
        fragment: Without "#"; None when there is none.
    """

    scheme: str | None = None
    userinfo: str | None = None
    host: str | None = None
    port: str | None = None
    path: str = ""
    query: str | None = None
    fragment: str | None = None

    @property
    def authority(self) -> str | None:
        """Give user information, host and port; None without "//"."""
        if self.host is None:
            return None
        before = "" if self.userinfo is None else f"{self.userinfo}@"
        return before + self.host + ("" if self.port is None else f":{self.port}")

    def __str__(self) -> str:
        """Give the text that was read (RFC 3986 section 5.3)."""
        scheme = "" if self.scheme is None else f"{self.scheme}:"
        authority = "" if self.host is None else f"//{self.authority}"
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return scheme + authority + self.path + query + fragment


def _all_of(characters: str) -> re.Pattern[str]:
    # Quantifiers are possessive and repeated groups atomic: no character is looked at twice (SEC-157).
    return re.compile(rf"(?>(?:[{_UNRESERVED}{_SUB_DELIMS}{characters}]++|%[0-9A-Fa-f]{{2}})*)")


@attrs.frozen(kw_only=True)
class _Grammar:
    """What the components are made of."""

    name: str
    registered_name: re.Pattern[str]
    userinfo: re.Pattern[str]
    path: re.Pattern[str]
    query: re.Pattern[str]
    fragment: re.Pattern[str]


def _grammar(name: str, beyond: str, private: str) -> _Grammar:
    return _Grammar(
        name=name,
        registered_name=_all_of(beyond),
        userinfo=_all_of(f":{beyond}"),
        path=_all_of(f":@/{beyond}"),
        query=_all_of(f":@/?{beyond}{private}"),
        fragment=_all_of(f":@/?{beyond}"),
    )


@cache
def _uris() -> _Grammar:
    return _grammar("URI", "", "")


@cache  # to compile it takes 7 ms, and few programs read IRIs of any scheme
def _iris() -> _Grammar:
    return _grammar("IRI", UCSCHAR, IPRIVATE)


_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+\-.]*+")
_LITERAL: Final = re.compile(r"\[([^\[\]]*+)\]")
_FUTURE_ADDRESS: Final = re.compile(rf"[Vv][0-9A-Fa-f]++\.[{_UNRESERVED}{_SUB_DELIMS}:]++")
_PORT: Final = re.compile(r"[0-9]*+")


def parse_uri(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> UriParts:
    """Read a URI of any scheme, with or without a fragment.

    Args:
        text: The URI and nothing else, ASCII.
        limits: `iri_chars_max` holds.

    Returns:
        Its components.

    Raises:
        MalformedIri: Something else, or a reference without a scheme, or more than `iri_chars_max` characters.

    Sources:
        RFC 3986 section 3.
    """
    return _with_scheme(_read(text, _uris(), limits), _uris())


def parse_uri_reference(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> UriParts:
    """Read a URI, or a reference that is relative to one.

    Args:
        text: The reference and nothing else, ASCII; empty text is a reference to the same document.
        limits: `iri_chars_max` holds.

    Returns:
        Its components, unresolved.

    Raises:
        MalformedIri: Something else, or more than `iri_chars_max` characters.

    Sources:
        RFC 3986 sections 4.1 and 4.2.
    """
    return _read(text, _uris(), limits)


def parse_any_iri(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> UriParts:
    """Read an IRI of any scheme, with or without a fragment.

    Args:
        text: The IRI and nothing else.
        limits: `iri_chars_max` holds.

    Returns:
        Its components. They may hold characters that cannot be seen: it is not for display, and not for fetching.

    Raises:
        MalformedIri: Something else, or a reference without a scheme, or more than `iri_chars_max` characters.

    Sources:
        RFC 3987 section 2.2.
    """
    return _with_scheme(_read(text, _iris(), limits), _iris())


def parse_iri_reference(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> UriParts:
    """Read an IRI, or a reference that is relative to one.

    Args:
        text: The reference and nothing else; empty text is a reference to the same document.
        limits: `iri_chars_max` holds.

    Returns:
        Its components, unresolved.

    Raises:
        MalformedIri: Something else, or more than `iri_chars_max` characters.

    Sources:
        RFC 3987 section 2.2.
    """
    return _read(text, _iris(), limits)


def _read(text: str, grammar: _Grammar, limits: Limits) -> UriParts:
    if len(text) > limits.iri_chars_max:
        raise MalformedIri(f"the {grammar.name} is too long", limit="iri_chars_max", value=len(text))
    scheme, authority, path, query, fragment = _split(text)
    userinfo, host, port = (None, None, None) if authority is None else _split_authority(authority, grammar)
    whole = (
        (scheme, _SCHEME),
        (userinfo, grammar.userinfo),
        (port, _PORT),
        (path, grammar.path),
        (query, grammar.query),
        (fragment, grammar.fragment),
    )
    if not all(part is None or pattern.fullmatch(part) for part, pattern in whole):
        raise _malformed(grammar, text)
    return UriParts(scheme=scheme, userinfo=userinfo, host=host, port=port, path=path, query=query, fragment=fragment)


def _split(text: str) -> tuple[str | None, str | None, str, str | None, str | None]:
    """Find the components, whatever they are made of, as the pattern of RFC 3986 appendix B does."""
    rest, hash_sign, fragment = text.partition("#")
    rest, question_mark, query = rest.partition("?")
    # A colon in the first segment ends a scheme: relative references may not have one there (section 4.2).
    before, colon, after = rest.partition(":")
    scheme, rest = (before, after) if colon and "/" not in before else (None, rest)
    authority = None
    if rest.startswith("//"):
        authority, slash, rest = rest[2:].partition("/")
        rest = slash + rest
    return scheme, authority, rest, query if question_mark else None, fragment if hash_sign else None


def _split_authority(authority: str, grammar: _Grammar) -> tuple[str | None, str, str | None]:
    """Split at the first "@": neither user information nor a host may hold another one."""
    before, at, rest = authority.partition("@")
    userinfo, rest = (before, rest) if at else (None, authority)
    if rest.startswith("["):
        literal = _LITERAL.match(rest)
        if literal is None or not _is_address(literal[1]):
            raise _malformed(grammar, authority)
        host, rest = literal[0], rest[literal.end() :]
        if rest and not rest.startswith(":"):
            raise _malformed(grammar, authority)
        return userinfo, host, rest[1:] if rest else None
    host, colon, port = rest.partition(":")
    # An IPv4 address has the form of a name, and so has what only looks like one (RFC 3986 section 3.2.2).
    if grammar.registered_name.fullmatch(host) is None:
        raise _malformed(grammar, authority)
    return userinfo, host, port if colon else None


def _is_address(literal: str) -> bool:
    if _FUTURE_ADDRESS.fullmatch(literal) is not None:
        return True
    address = parse_address(literal)
    return address is not None and address.version == 6


def _with_scheme(components: UriParts, grammar: _Grammar) -> UriParts:
    if components.scheme is None:
        raise _malformed(grammar, str(components))
    return components


def _malformed(grammar: _Grammar, text: str) -> MalformedIri:
    return MalformedIri(f"the text does not have the form of {grammar.name}s", text=text)
