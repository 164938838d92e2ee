"""Asking applications without a server."""

from __future__ import annotations

import pytest

from fedtext.errors import ConfigurationError
from fedtext.http import Request
from fedtext.testing.apps import ask, ask_asgi, ask_wsgi, environ_of, is_asgi

REQUEST = Request.to(
    "https://blog.example/a%2Fb?x=1",
    method="POST",
    headers=[("host", "blog.example"), ("content-type", "text/plain"), ("x-any", "1")],
    body=b"body",
)


async def asgi(scope, receive, send):
    message = await receive()
    seen = f"{scope['method']} {scope['scheme']} {scope['path']} {scope['raw_path']} {scope['query_string']}"
    await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Got", message["body"])]})
    await send({"type": "http.response.body", "body": seen.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": str(dict(scope["headers"])[b"x-any"]).encode()})


class Closing(list):
    closed = False

    def close(self):
        self.closed = True


def wsgi(environ, start_response):
    start_response("201 Created", [("X-Got", environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())])
    return [environ["REQUEST_METHOD"].encode(), environ["PATH_INFO"].encode(), environ["HTTP_X_ANY"].encode()]


class Class:
    async def __call__(self, scope, receive, send):
        await asgi(scope, receive, send)


class Method:
    async def app(self, scope, receive, send):
        await asgi(scope, receive, send)


@pytest.mark.parametrize(
    ("app", "expected"), [(asgi, True), (Class(), True), (Method().app, True), (wsgi, False), (Closing, False)]
)
def test_the_kind_is_told_by_what_calling_gives(app, expected: bool) -> None:
    assert is_asgi(app) is expected


async def test_an_asgi_application_answers() -> None:
    answer = await ask(asgi, REQUEST)
    assert (answer.status, answer.headers.get("x-got")) == (201, "body")
    assert answer.body == b"POST https /a/b b'/a%2Fb' b'x=1'b'1'"


async def test_a_wsgi_application_answers() -> None:
    answer = await ask(wsgi, REQUEST)
    assert (answer.status, answer.headers.get("x-got"), answer.body) == (201, "body", b"POST/a/b1")


def test_the_body_of_a_wsgi_answer_is_closed() -> None:
    body = Closing([b"x"])

    def app(environ, start_response):
        start_response("200 OK", [])
        return body

    assert ask_wsgi(app, REQUEST).body == b"x"
    assert body.closed


async def test_no_answer_is_a_mistake() -> None:
    async def silent(scope, receive, send):
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"

    with pytest.raises(ConfigurationError):
        await ask_asgi(silent, REQUEST)
    with pytest.raises(ConfigurationError):
        ask_wsgi(lambda environ, start_response: [], REQUEST)


def test_the_environment_is_that_of_a_server() -> None:
    environ = environ_of(REQUEST)
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/a/b",
        "QUERY_STRING": "x=1",
        "REQUEST_URI": "/a%2Fb?x=1",
        "SERVER_NAME": "blog.example",
        "SERVER_PORT": "443",
        "CONTENT_LENGTH": "4",
        "CONTENT_TYPE": "text/plain",
        "HTTP_HOST": "blog.example",
    }
    assert {name: environ[name] for name in expected} == expected
