"""Ask an ASGI or WSGI application without a server: one request in, one answer out."""

from __future__ import annotations

import inspect
import io
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, TypeAlias, cast
from urllib.parse import unquote_to_bytes

from ..errors import ConfigurationError
from ..http import Headers, Request, Response
from ..runtime.asgi import ASGIApp
from ..runtime.wsgi import WSGIApp

App: TypeAlias = ASGIApp | WSGIApp


def is_asgi(app: App) -> bool:
    """Tell an ASGI application from a WSGI one: calling it gives an awaitable."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


async def ask(app: App, request: Request) -> Response:
    """Give an application's answer to a request."""
    if is_asgi(app):
        return await ask_asgi(cast("ASGIApp", app), request)
    return ask_wsgi(cast("WSGIApp", app), request)


async def ask_asgi(app: ASGIApp, request: Request) -> Response:
    """Give an ASGI application's answer.

    Raises:
        ConfigurationError: It did not answer.
    """
    path, _, query = request.target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "server": (request.authority, None),
        "client": None,
    }
    waiting = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        raise ConfigurationError("the application did not answer", target=request.target)
    fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0].get("headers", [])]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Response(status=sent[0]["status"], headers=Headers.build(fields), body=body)


def ask_wsgi(app: WSGIApp, request: Request) -> Response:
    """Give a WSGI application's answer.

    Raises:
        ConfigurationError: It did not answer.
    """
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
        started.append((status, headers))

    chunks: Iterable[bytes] = app(environ_of(request), start_response)
    body = b"".join(chunks)
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    if not started:
        raise ConfigurationError("the application did not answer", target=request.target)
    status, headers = started[-1]
    return Response(status=int(status.partition(" ")[0]), headers=Headers.build(headers), body=body)


def environ_of(request: Request) -> dict[str, Any]:
    """Give a request as a WSGI environment (PEP 3333)."""
    path, _, query = request.target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": request.target,
        "SERVER_NAME": request.authority.partition(":")[0],
        "SERVER_PORT": request.authority.partition(":")[2] or "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        if name not in ("content-type", "content-length"):
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    media_type = request.headers.get("content-type")
    if media_type is not None:
        environ["CONTENT_TYPE"] = media_type
    return environ
