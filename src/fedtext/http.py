"""HTTP messages as plain values: what the core decides upon, whoever carried them.

Invariants: header names compare without case and keep their order; bodies are exact bytes, never decoded here;
nothing in this module performs I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import attrs

from .errors import MalformedIri

USUAL_NAMES: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-signature",
        "authorization",
        "connection",
        "content-digest",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "digest",
        "host",
        "if-none-match",
        "signature",
        "signature-input",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-proto",
    }
)
"""Names of nearly all header fields that come and go: a look at these costs a fraction of reading or checking one."""

_USUAL_AS_BYTES: Final = {name: name.encode("ascii") for name in USUAL_NAMES}
_USUAL_AS_TEXT: Final = {as_bytes: name for name, as_bytes in _USUAL_AS_BYTES.items()}


class Headers:
    """An immutable list of header fields; names are lower case, values are trimmed text (latin-1 on the wire).

    Args:
        fields: Names and values in their order, as they are to be given again.
    """

    # What came over the wire is read when somebody asks: of most requests three fields are looked at. What is made when
    # first asked is published whole, since threads may share a value.
    __slots__ = ("_by_name", "_fields", "_pairs", "_wire")

    def __init__(self, fields: tuple[tuple[str, str], ...] = ()) -> None:
        self._fields: tuple[tuple[str, str], ...] | None = fields
        self._by_name: dict[str, str | list[str]] | None = None
        self._pairs: tuple[tuple[bytes, bytes], ...] = ()
        self._wire: dict[bytes, bytes] | None = None

    @classmethod
    def build(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """Build from any pairs, lower-casing names and trimming values."""
        return cls(tuple([(name.lower(), value.strip(" \t")) for name, value in pairs]))

    @classmethod
    def decode(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Build from pairs as they came over the wire; see `build`."""
        made = cls.__new__(cls)
        made._fields = made._by_name = made._wire = None
        made._pairs = given = tuple(pairs)
        wire = dict(given)
        if not b"".join(wire).islower():
            wire = {name.lower(): value for name, value in given}
        if len(wire) == len(given):  # no name stands there twice: a field can be found before anything is read
            made._wire = wire
        return made

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and values in order of arrival."""
        fields = self._fields
        if fields is None:
            fields = self._fields = tuple([_decoded(name, value) for name, value in self._pairs])
        return fields

    def run_together(self) -> tuple[str, str]:
        """Give all names and all values, each in one text, to be looked at in one go."""
        wire = self._wire
        if wire is not None:
            return b"".join(wire).decode("latin-1"), b"".join(wire.values()).decode("latin-1")
        fields = self.fields
        return "".join([name for name, _ in fields]), "".join([value for _, value in fields])

    def get(self, name: str) -> str | None:
        """Give the values of one header joined by ", " (RFC 9110 section 5.2), or None."""
        only = self.get_only(name)  # nearly always
        if only is not None or self._by_name is None:  # where nobody has read the fields, no name stands there twice
            return only
        found = self.get_all(name)
        return ", ".join(found) if found else None

    def get_all(self, name: str) -> list[str]:
        """Give every value of one header in order of arrival."""
        by_name = self._by_name
        if by_name is None:
            by_name = self._index()
        found = by_name.get(name)
        if found is None:
            if name.islower():  # nearly always: nothing else to look under
                return []
            found = by_name.get(name.lower(), [])
        return [found] if isinstance(found, str) else found[:]

    def get_only(self, name: str) -> str | None:
        """Give the value of a header that stands there once, or None; the name in lower case."""
        by_name = self._by_name
        if by_name is None:
            if self._wire is not None and (wire_name := _USUAL_AS_BYTES.get(name)) is not None:
                value = self._wire.get(wire_name)
                return None if value is None else value.decode("latin-1").strip(" \t")
            by_name = self._index()
        found = by_name.get(name)
        return found if isinstance(found, str) else None

    def _index(self) -> dict[str, str | list[str]]:
        by_name = self._by_name = _indexed(self.fields)
        return by_name

    def with_fields(self, *pairs: tuple[str, str]) -> Headers:
        """Give a copy in which each named header has exactly the given value."""
        names = {name.lower() for name, _ in pairs}
        kept = [pair for pair in self.fields if pair[0] not in names]
        return Headers((*kept, *[(name.lower(), value.strip(" \t")) for name, value in pairs]))

    def without(self, *names: str) -> Headers:
        """Give a copy without the named headers."""
        dropped = {name.lower() for name in names}
        return Headers(tuple([pair for pair in self.fields if pair[0] not in dropped]))

    @property
    def count(self) -> int:
        """How many fields there are."""
        return len(self._pairs if self._fields is None else self._fields)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Iterate over (name, value)."""
        return iter(self.fields)

    def __contains__(self, name: object) -> bool:
        """Tell whether a header is present."""
        if not isinstance(name, str):
            return False
        by_name = self._by_name
        if by_name is None:
            if self._wire is not None and (wire_name := _USUAL_AS_BYTES.get(name)) is not None:
                return wire_name in self._wire
            by_name = self._index()
        return name in by_name or (not name.islower() and name.lower() in by_name)

    def __eq__(self, other: object) -> bool:
        """Tell whether the same fields stand there in the same order."""
        return self.fields == other.fields if isinstance(other, Headers) else NotImplemented

    def __hash__(self) -> int:
        """Hash as what is equal."""
        return hash(self.fields)

    def __repr__(self) -> str:
        """Name the headers, not their values: they may hold secrets."""
        return f"Headers({', '.join(name for name, _ in self.fields)})"


_NO_FIELDS: Final = Headers()


def _decoded(name: bytes, value: bytes) -> tuple[str, str]:
    known = _USUAL_AS_TEXT.get(name)
    return name.decode("latin-1").lower() if known is None else known, value.decode("latin-1").strip(" \t")


def _indexed(fields: tuple[tuple[str, str], ...]) -> dict[str, str | list[str]]:
    """Give what stands under each name: the one value, or the list of them where a name repeats."""
    single: dict[str, str | list[str]] = dict(fields)
    if len(single) == len(fields):
        return single
    several: dict[str, list[str]] = {}
    for name, value in fields:
        several.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in several.items()}


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request.

    Args:
        method: Upper case.
        scheme: "http" or "https".
        authority: Host and, if not the default one, port, as in the Host header.
        target: Path and query as on the request line, never decoded: "/users/a?x=1".
        headers: As received, or to be sent.
        body: Exact bytes.
    """

    method: str
    scheme: str
    authority: str
    target: str
    headers: Headers = _NO_FIELDS
    body: bytes = attrs.field(default=b"", repr=lambda body: f"<{len(body)} bytes>")

    @classmethod
    def to(
        cls, url: str, *, method: str = "GET", headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Request:
        """Build an outgoing request to an absolute URL that `wire.iri` has parsed; the fragment is cut off."""
        scheme, authority, target = _parts_of(url)
        fields = headers if isinstance(headers, Headers) else Headers.build(headers)
        return cls(method=method, scheme=scheme, authority=authority, target=target, headers=fields, body=body)

    def with_headers(self, headers: Headers) -> Request:
        """Give a copy with other headers, at a fifth of what a general copy costs."""
        return Request(
            method=self.method,
            scheme=self.scheme,
            authority=self.authority,
            target=self.target,
            headers=headers,
            body=self.body,
        )

    def with_body(self, body: bytes) -> Request:
        """Give a copy with a body, as cheaply."""
        return Request(
            method=self.method,
            scheme=self.scheme,
            authority=self.authority,
            target=self.target,
            headers=self.headers,
            body=body,
        )

    @property
    def url(self) -> str:
        """The absolute URL, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def path(self) -> str:
        """The path as on the request line, not decoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query without "?", not decoded; "" when there is none."""
        return self.target.partition("?")[2]


@lru_cache(maxsize=256)  # many things go to one place
def _parts_of(url: str) -> tuple[str, str, str]:
    """Give scheme, authority and target of an absolute URL."""
    scheme, separator, rest = url.partition("#")[0].partition("://")
    if not separator:
        raise MalformedIri("an absolute URL is needed", url=url)
    cut = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
    authority, target = rest[:cut], rest[cut:]
    return scheme, authority, target if target.startswith("/") else f"/{target}"


@attrs.frozen(kw_only=True)
class Response:
    """One HTTP response; `url` is the address that answered (outgoing requests only)."""

    status: int
    headers: Headers = _NO_FIELDS
    body: bytes = attrs.field(default=b"", repr=lambda body: f"<{len(body)} bytes>")
    url: str = ""
    # Made when first asked: what is kept answers again and again. Published whole, since threads may share a value.
    _encoded: tuple[tuple[bytes, bytes], ...] | None = attrs.field(init=False, default=None, eq=False, repr=False)

    def encoded_fields(self) -> list[tuple[bytes, bytes]]:
        """Give the fields as they go over the wire, the length of the body among them where there may be one."""
        encoded = self._encoded
        if encoded is None:
            fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
            if "content-length" not in self.headers and self.status not in (204, 304):
                fields.append((b"content-length", str(len(self.body)).encode("ascii")))
            encoded = tuple(fields)
            object.__setattr__(self, "_encoded", encoded)
        return [*encoded]

    @property
    def media_type(self) -> str:
        """The Content-Type as received, or ""."""
        return self.headers.get("content-type") or ""
