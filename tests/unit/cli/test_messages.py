"""Messages in files, as values and back."""

from __future__ import annotations

from fedtext.cli.messages import as_value, written
from fedtext.http import Request, Response
from fedtext.wire.http_message import parse_http_message


def value(data: bytes, authority: str | None = None, scheme: str = "https") -> Request | Response:
    return as_value(parse_http_message(data), authority=authority, scheme=scheme)


def test_where_the_url_comes_from() -> None:
    request = value(b"GET /a?b HTTP/1.1\r\nHost: B.example\r\n\r\n", authority="c.example")
    assert isinstance(request, Request)
    assert request.url == "https://B.example/a?b"
    absolute = value(b"GET http://c.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n")
    assert isinstance(absolute, Request)
    assert absolute.url == "http://c.example/"
    named = value(b"GET / HTTP/1.1\r\n\r\n", authority="c.example", scheme="http")
    assert isinstance(named, Request)
    assert named.url == "http://c.example/"


def test_responses_have_no_url() -> None:
    response = value(b"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\nbody")
    assert isinstance(response, Response)
    assert (response.status, response.headers.get("a"), response.body) == (404, "b", b"body")


def test_names_are_spelled_as_they_were() -> None:
    request = Request.to("https://b.example/", headers=[("x-a", "1"), ("signature-input", "2")], body=b"\n")
    assert written(request, {"x-a": "X-a"}) == b"GET / HTTP/1.1\r\nX-a: 1\r\nSignature-Input: 2\r\n\r\n\n"
