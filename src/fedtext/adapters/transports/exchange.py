"""What goes out on the connection, and what its failures mean: pure translations at the edge to the libraries below.

Invariants: the request line is the request's own target, byte for byte, since a signature covers it; no credential
and no hop-by-hop field of the caller leaves; whatever breaks below leaves as an error of our tree.
"""

from __future__ import annotations

import re
import ssl

import attrs

from ...errors import FedtextError, FetchRefused, FetchTimeout, LocalProtocolError, Unreachable
from ...http import USUAL_NAMES, Request
from ...wire.iri import Url

# Fields that belong to the connection (RFC 9110 section 7.6.1) or that only the transport may set.
_DROPPED = frozenset(
    {
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# RFC 9110 section 9.1 with the case in which methods are registered; sections 5.1 and 5.5 for fields. Not every library
# below refuses what would break the request, so none is relied upon.
_METHOD = re.compile(r"[A-Z][A-Z0-9_-]*+")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")
_USUAL_METHODS = frozenset({"GET", "HEAD", "POST"})
_ENCODINGS = ("accept-encoding", "gzip")

Field = tuple[bytes, bytes]


def encode_fields(request: Request, url: Url) -> list[Field]:
    """Give the header fields that go out as bytes; see `outgoing_fields`."""
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in outgoing_fields(request, url)]


def outgoing_fields(request: Request, url: Url) -> list[tuple[str, str]]:
    """Give the header fields that go out, Host first: names of ASCII, values of latin-1.

    Args:
        request: Its target and its Host header, if it has one, are sent as they are: a signature may cover them.
        url: The same address, admitted by the guard.

    Raises:
        FetchRefused: The Host header, if given, names another host than the URL, or the path is not ASCII.
        LocalProtocolError: The method or a header cannot be written.
    """
    if url.target != request.target:
        # What was judged, what is signed and what is sent must be one text.
        raise FetchRefused("the path is not in its canonical spelling", url=request.url)
    if (request.method not in _USUAL_METHODS and not _METHOD.fullmatch(request.method)) or request.method == "CONNECT":
        raise LocalProtocolError("this is no method of an exchange", method=request.method, url=request.url)
    authority = url.authority
    host, encodes, fields = "", False, [("host", authority)]
    for field in request.headers:
        name, value = field
        if name not in _DROPPED:
            encodes = encodes or name == "accept-encoding"
            fields.append(field)
        elif name == "host":
            if host or (value != authority and value.lower() != authority):
                raise FetchRefused("the Host header and the URL name different hosts", host=value, url=request.url)
            host, fields[0] = value, field
    if not encodes:
        fields.append(_ENCODINGS)
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        fields.append(("content-length", str(len(request.body))))
    if not _are_usual(fields):
        for name, value in fields:
            _check_field(name, value, request.url)
    return fields


def _are_usual(fields: list[tuple[str, str]]) -> bool:
    """Tell, in one look at all of them, whether fields are as nearly all are."""
    values = "".join([value for _, value in fields])
    return values.isascii() and values.isprintable() and USUAL_NAMES.issuperset([name for name, _ in fields])


def _check_field(name: str, value: str, url: str) -> None:
    try:
        name.encode("ascii")
        value.encode("latin-1")
    except UnicodeError as error:
        raise LocalProtocolError("a header cannot be written in latin-1", url=url) from error
    if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value)):
        raise LocalProtocolError("a header would break the request", url=url)


class ConnectTimedOut(TimeoutError):
    """The time to connect is over."""


@attrs.frozen(kw_only=True)
class Faults:
    """What a library below raises on a bad peer, name or network, by what it means.

    Args:
        any_of_them: All of it; ssl.SSLError and TimeoutError are OSErrors.
        connect_timeouts: No connection in time.
        timeouts: Nothing more in time, on a connection that stood.
        ours: What we wanted to send cannot be written.
        connected: Faults of a connection that stood: the path, too, may be the cause, so they say nothing of the host
            as a whole.
        hung_up: How a connection ends that the peer closed while it lay idle.
    """

    any_of_them: tuple[type[Exception], ...]
    connect_timeouts: tuple[type[Exception], ...] = ()
    timeouts: tuple[type[Exception], ...] = ()
    ours: tuple[type[Exception], ...] = ()
    connected: tuple[type[Exception], ...] = ()
    hung_up: tuple[type[Exception], ...] = ()

    def as_error(self, fault: Exception, url: Url) -> FedtextError:
        """Give the error of our tree for a fault of the layers below."""
        where = str(url)
        if isinstance(fault, (ConnectTimedOut, *self.connect_timeouts)):
            # A host that drops packets is as dead as one that refuses.
            return Unreachable("no connection came about in time", url=where)
        if isinstance(fault, (TimeoutError, *self.timeouts)):
            return FetchTimeout("the exchange took too long", url=where)
        if isinstance(fault, self.ours):
            return LocalProtocolError("the request cannot be written as HTTP", url=where, reason=str(fault))
        is_tls = isinstance(fault, ssl.SSLError) or isinstance(fault.__cause__ or fault.__context__, ssl.SSLError)
        if is_tls and not isinstance(fault, self.connected):
            return Unreachable("TLS was not established", url=where, reason=str(fault))
        reason = str(fault) or type(fault).__name__
        if isinstance(fault, self.connected):
            return Unreachable("the exchange broke", url=where, reason=reason, during="exchange")
        return Unreachable("no connection came about", url=where, reason=reason)
