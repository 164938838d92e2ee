"""What goes out on the connection, and what its failures mean: pure translations at the edge to httpcore.

Invariants: the request line is the request's own target, byte for byte, since a signature covers it; no credential
and no hop-by-hop field of the caller leaves; whatever breaks below leaves as an error of our tree.
"""

from __future__ import annotations

import ssl

import anyio
import httpcore

from ...errors import FedtextError, FetchRefused, FetchTimeout, LocalProtocolError, Unreachable
from ...http import Request
from ...wire.iri import Url
from .guard import port_of

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

# Everything that the layers below may raise on a bad peer, name or network; ssl.SSLError and TimeoutError are OSErrors.
FAULTS = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
    UnicodeError,
)


def encode_request(request: Request, url: Url) -> httpcore.Request:
    """Put a request into the form that goes out.

    Args:
        request: Its target and its Host header, if it has one, are sent as they are: a signature may cover them.
        url: The same address, admitted by the guard.

    Raises:
        FetchRefused: The Host header, if given, names another host than the URL, or the path is not ASCII.
        LocalProtocolError: A header cannot be written.
    """
    if url.target != request.target:
        # What was judged, what is signed and what is sent must be one text.
        raise FetchRefused("the path is not in its canonical spelling", url=request.url)
    hosts = request.headers.get_all("host") or [url.authority]
    if len(hosts) > 1 or hosts[0].lower() != url.authority:
        raise FetchRefused("the Host header and the URL name different hosts", host=", ".join(hosts), url=request.url)
    fields = [("host", hosts[0])]
    fields += [(name, value) for name, value in request.headers if name not in _DROPPED]
    if "accept-encoding" not in request.headers:
        fields.append(("accept-encoding", "gzip"))
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        fields.append(("content-length", str(len(request.body))))
    try:
        return httpcore.Request(
            method=request.method.encode("ascii"),
            url=httpcore.URL(
                scheme=url.scheme.encode("ascii"),
                host=url.host.strip("[]").encode("ascii"),
                port=port_of(url),
                target=request.target.encode("ascii"),
            ),
            headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in fields],
            content=request.body,
        )
    except UnicodeError as error:
        raise LocalProtocolError("a header cannot be written in latin-1", url=request.url) from error


# Faults of a connection that stood: the path, too, may be the cause, so they say nothing of the host as a whole.
_CONNECTED = (
    httpcore.ReadError,
    httpcore.WriteError,
    httpcore.RemoteProtocolError,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    BrokenPipeError,
    ConnectionResetError,
)


def as_error(fault: Exception, url: Url) -> FedtextError:
    """Give the error of our tree for a fault of the layers below."""
    where = str(url)
    if isinstance(fault, httpcore.ConnectTimeout):  # a host that drops packets is as dead as one that refuses
        return Unreachable("no connection came about in time", url=where)
    if isinstance(fault, httpcore.TimeoutException | TimeoutError):
        return FetchTimeout("the exchange took too long", url=where)
    if isinstance(fault, httpcore.LocalProtocolError):
        return LocalProtocolError("the request cannot be written as HTTP", url=where, reason=str(fault))
    is_tls = isinstance(fault, ssl.SSLError) or isinstance(fault.__cause__ or fault.__context__, ssl.SSLError)
    if is_tls and not isinstance(fault, _CONNECTED):
        return Unreachable("TLS was not established", url=where, reason=str(fault))
    reason = str(fault) or type(fault).__name__
    if isinstance(fault, _CONNECTED):
        return Unreachable("the exchange broke", url=where, reason=reason, during="exchange")
    return Unreachable("no connection came about", url=where, reason=reason)
