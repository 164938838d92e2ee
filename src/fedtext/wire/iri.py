"""http(s) URLs that all parsers read alike, and the origins that follow from them.

Decides what an absolute http or https URL is and which canonical parts it has; refuses to know which hosts may be
reached (that is the transport's guard) and what lives at a URL.

Invariants:
    - characters come from an allow-list; user information, backslashes, spaces, controls, invisible and bidirectional
      formatting, percent signs in hosts, dot segments and empty ports are refused, never repaired;
    - a host is lower case, A-labels only; text that merely maps to an IPv4 address is refused, as are its old forms;
    - equality of origins is equality of canonical (scheme, host, port); a trailing dot makes another origin;
    - an `Iri` is returned as it was given: identifiers compare as text;
    - only `MalformedIri` is raised.

Example:
    >>> parse_url("HTTPS://Social.EXAMPLE:443/users/a?x#y").origin
    'https://social.example'

Sources: RFC 3986; RFC 3987 section 3.1; UTS #46; URL Standard (IPv6 serializer); FEP-fe34; SEC-073, SEC-092, SEC-099.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import NewType
from unicodedata import bidirectional
from urllib.parse import quote, urljoin

import attrs
import idna

from ..config import Limits
from ..errors import MalformedIri
from .ip_addresses import is_public, parse_address

Iri = NewType("Iri", str)
Origin = NewType("Origin", str)

HOST_CHARS_MAX = 253
LABEL_CHARS_MAX = 63
PORT_MAX = 65_535

_DEFAULT_LIMITS = Limits()
_DEFAULT_PORTS = {"https": 443, "http": 80}
# Quantifiers are possessive and repeated groups atomic: no character is looked at twice (SEC-157).
_URL = re.compile(r"([A-Za-z]++)://([^/?#]*+)([^?#]*+)(?:\?([^#]*+))?(?:#(.*+))?", re.DOTALL)
_PATH = re.compile(r"(?>(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]++|%[0-9A-Fa-f]{2}|[^\x00-\x7f]++)*)")
_QUERY = re.compile(r"(?>(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]++|%[0-9A-Fa-f]{2}|[^\x00-\x7f]++)*)")
# What most URLs are: nothing in them is encoded, escaped or spelled in capitals before the path. The rest looks closer.
_USUAL = re.compile(
    r"(https?)://([a-z0-9.\-]++)((?:/[A-Za-z0-9\-._~!$&'()*+,;=:@/]*+)?)"
    r"(?:\?([A-Za-z0-9\-._~!$&'()*+,;=:@/?]*+))?(?:\#([A-Za-z0-9\-._~!$&'()*+,;=:@/?]*+))?"
)
# A reference that begins with an authority and has an empty one, with or without a scheme before it.
_NO_AUTHORITY = re.compile(r"(?>(?:[A-Za-z][A-Za-z0-9+.\-]*+:)?)//(?:[/?#]|\Z)")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ASCII_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
# RFC 6761, RFC 6762, RFC 2606 and the name that ICANN set aside for private networks.
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "test", "example", "invalid")


@attrs.frozen(slots=False)  # made for every new id, in half the time
class Url:
    """A parsed absolute http(s) URL in canonical spelling.

    Args:
        scheme: "http" or "https".
        host: Lower-case A-labels, an IPv4 address, or an IPv6 address in brackets.
        port: None for the default port of the scheme.
        path: Empty or beginning with "/"; what is not ASCII is percent-encoded UTF-8.
        query: Without "?"; None when there is none.
        fragment: Without "#"; None when there is none.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def authority(self) -> str:
        """Give host and, if it is not the default one, port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> Origin:
        """Give scheme, host and port; equal texts mean equal origins."""
        return Origin(f"{self.scheme}://{self.authority}")

    @property
    def target(self) -> str:
        """Give what stands in the request line: path and query."""
        path = self.path or "/"
        return path if self.query is None else f"{path}?{self.query}"

    def __str__(self) -> str:
        """Write the URL in canonical spelling."""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{self.authority}{self.path}{query}{fragment}"


def parse_url(text: str, *, limits: Limits = _DEFAULT_LIMITS) -> Url:
    """Read an absolute http or https URL.

    Args:
        text: The URL and nothing else.
        limits: `iri_chars_max` holds.

    Returns:
        Its canonical parts.

    Raises:
        MalformedIri: Not a URL that all parsers read alike.
    """
    if len(text) > limits.iri_chars_max:
        raise MalformedIri("the URL is too long", limit="iri_chars_max", value=len(text))
    return _parse_url(text)


@lru_cache(maxsize=1_024)  # one message names few URLs, but each of them many times
def _parse_url(text: str) -> Url:
    usual = _USUAL.fullmatch(text)
    if usual is not None and "/." not in usual[3]:
        scheme, host, path, query, fragment = usual.groups()
        return Url(scheme, host_to_ascii(host), None, path, query, fragment)
    match = _URL.fullmatch(text)
    if match is None:
        raise MalformedIri("not an absolute URL", url=text)
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise MalformedIri("the scheme is neither http nor https", url=text)
    if not text.isprintable():
        # Threat: invisible and bidirectional characters make one identifier look like another (SEC-165).
        raise MalformedIri("the URL has a character that cannot be seen", url=text)
    host, port = _split_authority(authority)
    if _PATH.fullmatch(path) is None or not all(part is None or _QUERY.fullmatch(part) for part in (query, fragment)):
        raise MalformedIri("the URL has a character that must be percent-encoded", url=text)
    if _has_dot_segment(path):
        # Threat: some clients remove dot segments before sending, others do not; what we sign must be what is sent.
        raise MalformedIri("the path has dot segments", url=text)
    return Url(
        scheme=scheme,
        host=host,
        port=None if port == _DEFAULT_PORTS[scheme] else port,
        path=_encoded(path),
        query=None if query is None else _encoded(query),
        fragment=None if fragment is None else _encoded(fragment),
    )


def resolve(reference: str, base: Url) -> Url:
    """Read what a redirect or a link says, relative to the address that said it.

    Args:
        reference: A URL, or a part of one.
        base: The address at which it stood.

    Returns:
        The canonical parts of the target.

    Raises:
        MalformedIri: Not a reference that all parsers read alike.

    Sources:
        RFC 3986 section 5.2; SEC-099.
    """
    # Threat: resolving drops line breaks and reads backslashes; and where the authority is empty, as in "///host/" and
    # "https:///host/", browsers take the host from the path or refuse, and others stay at the base.
    if not reference.isprintable() or " " in reference or "\\" in reference or _NO_AUTHORITY.match(reference):
        raise MalformedIri("not a reference that all parsers read alike", reference=reference)
    try:
        target = urljoin(str(base), reference)
    except ValueError as error:
        raise MalformedIri("not a reference", reference=reference) from error
    return parse_url(target)


def parse_iri(text: object) -> Iri:
    """Check an identifier.

    Args:
        text: Any JSON value.

    Returns:
        The very same text: identifiers compare as text.

    Raises:
        MalformedIri: Not a string, or not a URL that `parse_url` reads.
    """
    if not isinstance(text, str):
        raise MalformedIri("the identifier is not text", found=type(text).__name__)
    parse_url(text)
    return Iri(text)


def parse_origin(text: str) -> Origin:
    """Read an origin: scheme, host and perhaps a port, without even a slash at the end.

    Args:
        text: As in "https://social.example" or "http://localhost:8000".

    Returns:
        The origin in canonical spelling.

    Raises:
        MalformedIri: Something else.
    """
    url = parse_url(text)
    if url.path or url.query is not None or url.fragment is not None:
        raise MalformedIri("an origin has no path", origin=text)
    return url.origin


def origin_of(iri: str) -> Origin:
    """Give the canonical origin of a URL.

    Raises:
        MalformedIri: Not a URL that `parse_url` reads.
    """
    return _origin_of(iri) if len(iri) <= _DEFAULT_LIMITS.iri_chars_max else parse_url(iri).origin


@lru_cache(maxsize=1_024)
def _origin_of(iri: str) -> Origin:
    usual = _USUAL.fullmatch(iri)
    if usual is not None and "/." not in usual[3]:
        return Origin(f"{usual[1]}://{host_to_ascii(usual[2])}")
    return parse_url(iri).origin


def host_of(iri: str) -> str:
    """Give the canonical authority of a URL: "host" or "host:port".

    Raises:
        MalformedIri: Not a URL that `parse_url` reads.
    """
    return parse_url(iri).authority


@lru_cache(maxsize=1_024)  # the same few hosts are named by every request
def parse_authority(text: str, *, scheme: str = "https") -> str:
    """Read "host" or "host:port" as it stands in a Host header or a handle.

    Args:
        text: Host and perhaps a port.
        scheme: Whose default port is left out.

    Returns:
        The authority in canonical spelling.

    Raises:
        MalformedIri: Not a host that `parse_url` would take.
    """
    if len(text) > 2 * HOST_CHARS_MAX or not text.isprintable():
        raise MalformedIri("not a host", host=text)
    host, port = _split_authority(text)
    return host if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{host}:{port}"


@lru_cache(maxsize=4_096)
def host_to_ascii(host: str) -> str:
    """Write a host name in lower-case A-labels.

    Args:
        host: A name in any script, perhaps with a dot at its end, or an IPv4 address in four decimal numbers.

    Returns:
        The name as DNS and TLS see it; a dot at the end is kept.

    Raises:
        MalformedIri: An empty or overlong label, an underscore, a hyphen at an edge, text that IDNA refuses, or a
            number that some resolvers would take for an address.

    Sources:
        UTS #46, non-transitional, STD3 rules.
    """
    if not host or len(host) > 2 * HOST_CHARS_MAX:  # the length first: encoding is not linear in it (CVE-2024-3651)
        raise MalformedIri("the host is empty or too long", host=host)
    name = host.lower()
    if not name.isascii() or _needs_idna(name):
        name = _encode_name(host)
    bare = name.removesuffix(".")
    labels = bare.split(".")
    if len(bare) > HOST_CHARS_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise MalformedIri("the host is not a name", host=host)
    if _NUMERIC_LABEL.fullmatch(labels[-1]) and (not host.isascii() or parse_address(name) is None):
        # Threat: resolvers read "127.1", "0x7f.1" and circled digits as 127.0.0.1 (SEC-092).
        raise MalformedIri("the host is a number in an unusual form", host=host)
    return name


def is_public_host(host: str) -> bool:
    """Tell whether a host can be one of the public network, judged by its name alone.

    Args:
        host: As in `Url.host`; a port is ignored.

    Returns:
        False for addresses that are not public, single labels, and names under localhost, local, internal, test,
        example and invalid.
    """
    if host.startswith("["):
        return is_public(host[1:].partition("]")[0])
    name = host.partition(":")[0].lower().removesuffix(".")
    if parse_address(name) is not None:
        return is_public(name)
    return "." in name and name.rpartition(".")[2] not in _PRIVATE_SUFFIXES


def _split_authority(authority: str) -> tuple[str, int | None]:
    if authority.startswith("["):
        literal, bracket, rest = authority[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise MalformedIri("the host is malformed", host=authority)
        return _ipv6_host(literal), _port_of(rest[1:], authority) if rest else None
    host, colon, port = authority.partition(":")
    return host_to_ascii(host), _port_of(port, authority) if colon else None


def _ipv6_host(literal: str) -> str:
    try:
        if "%" in literal:
            raise MalformedIri("the address has a scope", host=literal)
        address = IPv6Address(literal)
    except AddressValueError as error:
        raise MalformedIri("the address is malformed", host=literal) from error
    # URL Standard, IPv6 serializer: hexadecimal groups only. Python writes mapped addresses with dots from 3.13 on.
    mapped = address.ipv4_mapped
    return f"[{address}]" if mapped is None else f"[::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}]"


def _port_of(text: str, authority: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and not text.startswith("0")) or int(text) > PORT_MAX:
        raise MalformedIri("the port is malformed", host=authority)
    return int(text)


def _has_dot_segment(path: str) -> bool:
    if "/." not in path and "%2" not in path:
        return False
    return any(segment in (".", "..") for segment in path.lower().replace("%2e", ".").split("/"))


def _encoded(part: str) -> str:
    return part if part.isascii() else quote(part, safe=_ASCII_PRINTABLE)


def _needs_idna(name: str) -> bool:
    # A-labels must be checked, and hyphens in third and fourth place are kept for such prefixes.
    return "--" in name and any(label[2:4] == "--" for label in name.split("."))


def _encode_name(host: str) -> str:
    try:
        name = idna.encode(host, uts46=True, std3_rules=True, transitional=False).decode("ascii")
        _check_directions([idna.ulabel(label) for label in name.removesuffix(".").split(".")])
        return name
    except (idna.IDNAError, UnicodeError, ValueError, IndexError) as error:
        raise MalformedIri("the host is not a name", host=host) from error


def _check_directions(labels: list[str]) -> None:
    # RFC 5893 section 1.4: one label written from right to left puts all labels of the name under its rules.
    if any(bidirectional(character) in _RIGHT_TO_LEFT for label in labels for character in label):
        for label in labels:
            idna.check_bidi(label, check_ltr=True)
