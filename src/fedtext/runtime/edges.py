"""What both doors share: from HTTP as it arrives to a `Request`, and from a `Response` to what leaves.

Invariants: exactly one Host (SEC-012); the raw target is kept as it was on the wire; a fault of ours becomes a 500
without a word about its insides (SEC-169).
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from ..config import Limits
from ..dispatch import failure
from ..errors import BodyTooLong, FedtextError, LimitExceeded, RequestError
from ..http import Headers, Request, Response
from ..ports import Event, Observer


class HostMalformed(RequestError):
    """The Host header is missing, doubled or malformed."""

    code = "request.host_malformed"


class TargetMalformed(RequestError):
    """The request line cannot be taken."""

    code = "request.target_malformed"


class BodyUnreadable(RequestError):
    """The server could not read the body: bad chunks, or the peer went away."""

    code = "request.body_unreadable"


def build_request(
    *, method: str, scheme: str, target: str, pairs: Iterable[tuple[str, str]], limits: Limits
) -> Request:
    """Build a request without its body; see `checked_request`."""
    return checked_request(method, scheme, target, Headers.build(pairs), limits)


def checked_request(method: str, scheme: str, target: str, headers: Headers, limits: Limits) -> Request:
    """Build a request without its body.

    Raises:
        HostMalformed: Not exactly one plain Host.
        TargetMalformed: Control characters in the target.
        LimitExceeded: Too many or too long headers.
    """
    if headers.count > limits.header_count_max:
        raise LimitExceeded("too many headers", limit="header_count_max")
    # All values in one look: a character is plain or not wherever it stands.
    names, values = headers.run_together()
    if len(values) + len(names) > limits.header_bytes_max:
        raise LimitExceeded("the headers are too long", limit="header_bytes_max")
    if _has_control(values):
        raise TargetMalformed("control characters in a header")
    if not target.startswith("/") or _has_control(target) or len(target) > limits.header_bytes_max:
        raise TargetMalformed
    return Request(method=method, scheme=scheme, authority=_host(headers), target=target, headers=headers)


def _host(headers: Headers) -> str:
    host = headers.get_only("host")
    if host is None or not (_is_host if len(host) > _HOST_KEPT_CHARS_MAX else _is_known_host)(host):
        raise HostMalformed
    return host


def _is_host(text: str) -> bool:
    """Tell whether a text is a host, and perhaps a port."""
    if not text or any(c in "@/\\,?# " for c in text):
        return False
    name, colon, port = text, "", ""
    if not name.endswith("]"):
        name, colon, port = text.rpartition(":") if ":" in name else (name, "", "")
    bracketed = name.startswith("[") and name.endswith("]")
    return bool(name) and (not colon or _is_number(port)) and (bracketed or not any(c in "[]:" for c in name))


# Nearly all requests name the same few hosts.
_HOST_KEPT_CHARS_MAX: Final = 256
_is_known_host: Final = lru_cache(maxsize=256)(_is_host)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search  # a tab may stand in a field


def _has_control(text: str) -> bool:
    return not text.isprintable() and _CONTROL(text) is not None  # the first look is quicker, and mostly the last


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def announced_length(request: Request, limits: Limits) -> int | None:
    """Give the announced length of the body, or None.

    Raises:
        BodyTooLong: More than `body_bytes_max`, before a byte of it is read (SEC-001).
        TargetMalformed: Not one number.
    """
    if "content-length" not in request.headers:
        return None
    announced = request.headers.get_only("content-length")
    if announced is None or not _is_number(announced):
        raise TargetMalformed("Content-Length is not one number")
    length = int(announced[:20])
    if length > limits.body_bytes_max:
        raise BodyTooLong(bytes=length)
    return length


def refusal(error: FedtextError) -> Response:
    """Answer an error; after a body that was not read to its end the connection is closed."""
    response = failure(error)
    if isinstance(error, BodyTooLong) or error.status_hint == 408:
        closed = response.headers.with_fields(("connection", "close"))
        return Response(status=response.status, headers=closed, body=response.body)
    return response


def fault(error: Exception, observer: Observer) -> Response:
    """Answer 500 and tell the observer all about it."""
    told = "".join(traceback.format_exception(error))[-4000:]
    observer.emit(Event(name="request.fault", fields={"error": repr(error)[:300], "traceback": told}))
    return failure(FedtextError("a fault of this server", public_detail="A fault of this server."))
