"""Raw HTTP/1.1 messages: what is read, what is not, and that nothing else happens."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.errors import DocumentError, LimitExceeded, MalformedText
from fedtext.wire.http_message import (
    START_LINE_CHARS_MAX,
    HttpMessage,
    RequestLine,
    StatusLine,
    build_http_message,
    parse_http_message,
)

POST = b'POST /inbox?x=1 HTTP/1.1\r\nHost: b.example\r\nX-A: 1\r\nX-A: 2\r\n\r\n{"a":1}'

STARTS = [
    (b"GET / HTTP/1.1", RequestLine(method="GET", target="/")),
    (b"GET / HTTP/2", RequestLine(method="GET", target="/")),
    (b"get /a?b=%20?c HTTP/1.0", RequestLine(method="get", target="/a?b=%20?c")),
    (
        b"GET HTTPS://B.example:8443/a?b HTTP/1.1",
        RequestLine(method="GET", target="/a?b", scheme="https", authority="B.example:8443"),
    ),
    (
        b"GET http://b.example HTTP/1.1",
        RequestLine(method="GET", target="/", scheme="http", authority="b.example"),
    ),
    (
        b"GET http://b.example?q HTTP/1.1",
        RequestLine(method="GET", target="/?q", scheme="http", authority="b.example"),
    ),
    (b"HTTP/1.1 200 OK", StatusLine(status=200)),
    (b"HTTP/2 202", StatusLine(status=202)),
    (b"HTTP/1.1 404 Nicht gefunden \xfc", StatusLine(status=404)),
]


@pytest.mark.parametrize(("line", "start"), STARTS)
def test_first_lines(line: bytes, start: RequestLine | StatusLine) -> None:
    assert parse_http_message(line + b"\r\n\r\n").start == start


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1 \r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\n\r\n",
        b"GET https://b.example/#a HTTP/1.1\r\n\r\n",
        b"GET ftp://b.example/ HTTP/1.1\r\n\r\n",
        b"GET https:///a HTTP/1.1\r\n\r\n",
        b"CONNECT b.example:443 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        "GET /ä HTTP/1.1\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nHost : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\n: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rB: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nab",
        b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(MalformedText):
        parse_http_message(data)


def test_fields_keep_their_order_and_number() -> None:
    assert parse_http_message(POST) == HttpMessage(
        start=RequestLine(method="POST", target="/inbox?x=1"),
        fields=(("Host", "b.example"), ("X-A", "1"), ("X-A", "2")),
        body=b'{"a":1}',
    )


@pytest.mark.parametrize("data", [POST.replace(b"\r\n", b"\n"), b"\r\n" + POST, b"\n\n" + POST])
def test_line_ends_and_empty_lines_before(data: bytes) -> None:
    assert parse_http_message(data) == parse_http_message(POST)


def test_values_are_trimmed_bytes_and_folding_is_a_space() -> None:
    data = b"GET / HTTP/1.1\r\nA: \t b\xe4 \t\r\nB:\r\nC: 1\r\n\t 2\r\n  3\r\n\r\n"
    assert parse_http_message(data).fields == (("A", "bä"), ("B", ""), ("C", "1 2 3"))


def test_a_head_without_its_end_has_no_body() -> None:
    assert parse_http_message(b"GET / HTTP/1.1\nHost: b") == parse_http_message(b"GET / HTTP/1.1\nHost: b\n\n")


@pytest.mark.parametrize(
    ("fields", "rest", "body"),
    [
        (b"", b"a\r\n\r\nb\n", b"a\r\n\r\nb\n"),
        (b"Content-Length: 1\r\n", b"a\r\n\n", b"a"),
        (b"content-length: 1\r\nContent-Length: 1\r\n", b"a\n", b"a"),
        (b"Content-Length: 9\r\n", b"ab", b"ab"),
        (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", b"ab", b"ab"),
    ],
)
def test_bodies(fields: bytes, rest: bytes, body: bytes) -> None:
    assert parse_http_message(b"POST / HTTP/1.1\r\n" + fields + b"\r\n" + rest).body == body


LIMITS = Limits(body_bytes_max=7, header_bytes_max=61, header_count_max=3)


def test_limits_at_the_limit_and_one_above() -> None:
    assert len(POST) == 61 + 7
    assert parse_http_message(POST, LIMITS).body == b'{"a":1}'
    for name in ("body_bytes_max", "header_bytes_max", "header_count_max"):
        with pytest.raises(LimitExceeded):
            parse_http_message(POST, attrs.evolve(LIMITS, **{name: getattr(LIMITS, name) - 1}))
    longest = "/" * (START_LINE_CHARS_MAX - len("GET  HTTP/1.1"))
    assert parse_http_message(f"GET {longest} HTTP/1.1\r\n\r\n".encode()).start == RequestLine(
        method="GET", target=longest
    )
    with pytest.raises(LimitExceeded):
        parse_http_message(f"GET {longest}/ HTTP/1.1\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("start", "fields"),
    [
        (RequestLine(method="GET", target="a"), ()),
        (RequestLine(method="GET ", target="/"), ()),
        (StatusLine(status=20), ()),
        (RequestLine(method="GET", target="/"), (("a b", "1"),)),
        (RequestLine(method="GET", target="/"), (("a", "1\r\nb: 2"),)),
        (RequestLine(method="GET", target="/"), (("a", "\u20ac"),)),
    ],
)
def test_what_cannot_be_written(start: RequestLine | StatusLine, fields: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(MalformedText):
        build_http_message(start, fields)


@pytest.mark.parametrize("start", [start for _, start in STARTS])
def test_what_is_written_is_read_again(start: RequestLine | StatusLine) -> None:
    message = HttpMessage(start=start, fields=(("A", "1"), ("a", ""), ("B", "ä")), body=b"\r\n\r\nx")
    assert parse_http_message(build_http_message(message.start, message.fields, message.body)) == message


@given(st.binary(max_size=300), st.booleans())
def test_only_our_errors_leave(data: bytes, headed: bool) -> None:
    try:
        message = parse_http_message(b"POST / HTTP/1.1\r\n" + data if headed else data)
    except DocumentError:
        return
    assert parse_http_message(build_http_message(message.start, message.fields, message.body)) == message
