"""Requests and responses in files: from bytes on a disk to values, and back to bytes.

Sources: RFC 9112; RFC 9110 section 7.1 (the URL of a request).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from ..config import Limits
from ..errors import ConfigurationError, LimitExceeded
from ..http import Headers, Request, Response
from ..wire.http_message import HttpMessage, RequestLine, StatusLine, build_http_message, parse_http_message

STDIN: Final = "-"


def read_bytes(name: str, bytes_max: int) -> bytes:
    """Read a file, or standard input for "-".

    Args:
        name: Of the file.
        bytes_max: One byte more is refused.

    Raises:
        ConfigurationError: It cannot be read.
        LimitExceeded: It is longer.
    """
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(bytes_max + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(bytes_max + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigurationError(f"cannot read the file: {problem}", file=name) from error
    if len(data) > bytes_max:
        raise LimitExceeded("the file is too long", file=name, limit=bytes_max)
    return data


def read_message(name: str, limits: Limits, *, authority: str | None, scheme: str) -> Request | Response:
    """Read one request or response from a file.

    Args:
        name: Of the file, or "-".
        limits: Of heads and bodies.
        authority: The host, when the message does not name it.
        scheme: "https" or "http", when the message does not name it.

    Raises:
        ConfigurationError: The file cannot be read.
        MalformedText: It is no message.
        LimitExceeded: It exceeds the limits.
    """
    data = read_bytes(name, limits.header_bytes_max + limits.body_bytes_max)
    return as_value(parse_http_message(data, limits), authority=authority, scheme=scheme)


def as_value(message: HttpMessage, *, authority: str | None, scheme: str) -> Request | Response:
    """Give a message as the layers below know it.

    Args:
        message: As it was read.
        authority: The host, when neither the target nor a Host header names it.
        scheme: "https" or "http", when the target does not name it.
    """
    headers = Headers.build(message.fields)
    start = message.start
    if isinstance(start, StatusLine):
        return Response(status=start.status, headers=headers, body=message.body)
    hosts = headers.get_all("host")
    return Request(
        method=start.method,
        scheme=start.scheme or scheme,
        authority=start.authority or (hosts[0] if hosts else authority) or "",
        target=start.target,
        headers=headers,
        body=message.body,
    )


def written(request: Request, names: dict[str, str]) -> bytes:
    """Write a request as HTTP/1.1.

    Args:
        request: With all its headers.
        names: From the lower-case name of a header to how it is to be spelled.

    Raises:
        MalformedText: It cannot be written so that it could be read again.
    """
    fields = [(names.get(name) or name.title(), value) for name, value in request.headers]
    return build_http_message(RequestLine(method=request.method, target=request.target), fields, request.body)
