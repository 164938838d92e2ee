r"""HTTP/1.1 messages as bytes: what a file or a capture holds, taken apart and written again.

Decides where a message begins, where its head ends, and what its fields are; refuses to know hosts, signatures, and
what any field means, but for the length of the body.

Invariants:
    - one message at most: what stands behind the body that `Content-Length` announces may only be line breaks;
    - fields keep their order, their number and the bytes of their values (as latin-1), trimmed of spaces and tabs;
    - lines end in CRLF or LF; a lone CR, a NUL, a space before the colon are errors; obsolete folding is one space;
    - without `Content-Length` the body is the rest of the bytes, exactly;
    - every message is read in linear time, below the limits of bodies and headers.

Example:
    >>> parse_http_message(b"GET /users/1 HTTP/1.1\r\nHost: b.example\r\n\r\n").start
    RequestLine(method='GET', target='/users/1', scheme=None, authority=None)

Sources: RFC 9112 sections 2.2, 3, 3.2, 4, 5, 5.1, 5.2, 6.3; RFC 9110 section 5.6.2 (tokens).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import attrs

from ..config import Limits
from ..errors import LimitExceeded, MalformedText

START_LINE_CHARS_MAX: Final = 8_192

_DEFAULT_LIMITS: Final = Limits()
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"  # noqa: S105 (a token of RFC 9110, no secret)
_VERSION: Final = r"HTTP/[0-9](?:\.[0-9])?"
_REQUEST_LINE: Final = re.compile(rf"({_TOKEN}) ([\x21-\x7e]++) {_VERSION}")
_STATUS_LINE: Final = re.compile(rf"{_VERSION} ([1-9][0-9][0-9])(?: [^\x00-\x08\x0a-\x1f\x7f]*+)?")
_FIELD: Final = re.compile(rf"({_TOKEN}):[ \t]*+(.*+)", re.DOTALL)
_ABSOLUTE: Final = re.compile(r"([Hh][Tt][Tt][Pp][Ss]?)://([^/?#]++)([/?][^#]*+)?")
_ORIGIN: Final = re.compile(r"/[^#]*+")
_UNFIT: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


@attrs.frozen(kw_only=True)
class RequestLine:
    """The first line of a request.

    Args:
        method: As written.
        target: Path and query, as written; of the absolute form what stands behind the authority.
        scheme: Of the absolute form, lower case; else None.
        authority: Of the absolute form, as written; else None.
    """

    method: str
    target: str
    scheme: str | None = None
    authority: str | None = None


@attrs.frozen(kw_only=True)
class StatusLine:
    """The first line of a response.

    Args:
        status: 100 to 999.
    """

    status: int


@attrs.frozen(kw_only=True)
class HttpMessage:
    """One message, its parts as they stood there.

    Args:
        start: Tells requests from responses.
        fields: Name as written and trimmed value, in order, repeated ones too.
        body: Exact bytes.
    """

    start: RequestLine | StatusLine
    fields: tuple[tuple[str, str], ...]
    body: bytes = attrs.field(repr=lambda body: f"<{len(body)} bytes>")


def parse_http_message(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> HttpMessage:
    r"""Read one request or response.

    Args:
        data: All of it; empty lines may stand before it. A head without the empty line behind it has no body.
        limits: `header_bytes_max` and `header_count_max` bound the head, `body_bytes_max` the body.

    Raises:
        MalformedText: The first line or a field breaks the grammar, the target is of another form than origin or
            absolute, or a second message follows.
        LimitExceeded: Head, number of fields or body exceed their limits.

    Sources:
        RFC 9112; line ends of LF alone are taken as in section 2.2, since editors write them.
    """
    data = data.lstrip(b"\r\n")
    start, *lines = _head_lines(data, limits)
    first = _parse_start(start)
    fields = _parse_fields(lines, limits)
    body = _cut_body(data[_body_offset(data) :], fields)
    if len(body) > limits.body_bytes_max:
        raise LimitExceeded("the body is too long", size_bytes=len(body), limit=limits.body_bytes_max)
    return HttpMessage(start=first, fields=fields, body=body)


def build_http_message(start: RequestLine | StatusLine, fields: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    r"""Write one message, lines ended by "\r\n"; the body as it is.

    Args:
        start: A request is written in the form that it has: origin, or absolute when it names its authority.
        fields: Name and value, in order.
        body: Exact bytes.

    Raises:
        MalformedText: A line could not be read again as what it is.
    """
    if isinstance(start, StatusLine):
        first = f"HTTP/1.1 {start.status}"
    else:
        origin = "" if start.authority is None else f"{start.scheme or 'https'}://{start.authority}"
        first = f"{start.method} {origin}{start.target} HTTP/1.1"
    _parse_start(first)
    lines = [first]
    for name, value in fields:
        if _FIELD.fullmatch(line := f"{name}: {value}") is None or _UNFIT.search(line):
            raise MalformedText("a field cannot stand in a message", field=name)
        lines.append(line)
    try:
        head = "\r\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise MalformedText("a field holds letters that no message can hold") from error
    return head + b"\r\n\r\n" + body


def _body_offset(data: bytes) -> int:
    """Tell where the body begins: behind the first empty line."""
    ends = (data.find(mark) + len(mark) for mark in (b"\n\r\n", b"\n\n") if mark in data)
    return min(ends, default=len(data))


def _head_lines(data: bytes, limits: Limits) -> list[str]:
    head = data[: _body_offset(data)]
    if len(head) > limits.header_bytes_max:
        raise LimitExceeded("the head of the message is too long", size_bytes=len(head), limit=limits.header_bytes_max)
    lines = [line.removesuffix("\r") for line in head.decode("latin-1").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise MalformedText("there is no message")
    if any(_UNFIT.search(line) for line in lines):
        raise MalformedText("a line of the head holds a control character")
    return lines


def _parse_start(line: str) -> RequestLine | StatusLine:
    if len(line) > START_LINE_CHARS_MAX:
        raise LimitExceeded("the first line is too long", size_chars=len(line), limit=START_LINE_CHARS_MAX)
    if status := _STATUS_LINE.fullmatch(line):
        return StatusLine(status=int(status[1]))
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        raise MalformedText("the first line is neither that of a request nor that of a response", line=line)
    method, target = request[1], request[2]
    if _ORIGIN.fullmatch(target):
        return RequestLine(method=method, target=target)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise MalformedText("the target is neither a path nor a URL without a fragment", target=target)
    path = absolute[3] or "/"
    path = path if path.startswith("/") else "/" + path
    return RequestLine(method=method, target=path, scheme=absolute[1].lower(), authority=absolute[2])


def _parse_fields(lines: Iterable[str], limits: Limits) -> tuple[tuple[str, str], ...]:
    fields: list[tuple[str, list[str]]] = []
    for line in lines:
        if line[:1] in (" ", "\t"):
            if not fields:
                raise MalformedText("the first field begins with a space")
            fields[-1][1].append(line.strip(" \t"))
            continue
        match = _FIELD.fullmatch(line)
        if match is None:
            raise MalformedText("a line of the head is no field", line=line)
        fields.append((match[1], [match[2].rstrip(" \t")]))
        if len(fields) > limits.header_count_max:
            raise LimitExceeded("the message has too many fields", limit=limits.header_count_max)
    return tuple((name, " ".join(parts).strip(" ")) for name, parts in fields)


def _cut_body(rest: bytes, fields: Iterable[tuple[str, str]]) -> bytes:
    """Take the body off what follows the head; a line break that an editor put behind it is not of it."""
    by_name = [(name.lower(), value) for name, value in fields]
    lengths = {value for name, value in by_name if name == "content-length"}
    if any(name == "transfer-encoding" for name, _ in by_name) or not lengths:
        return rest
    if len(lengths) > 1 or not _LENGTH.fullmatch(text := lengths.pop()):
        raise MalformedText("the length of the body cannot be read")
    length = int(text)
    if rest[length:].strip(b"\r\n"):
        raise MalformedText("more follows behind the body", length_bytes=length, size_bytes=len(rest))
    return rest[:length]
