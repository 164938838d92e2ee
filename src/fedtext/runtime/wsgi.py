"""The WSGI door: a plain callable, blocking ports, no event loop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import quote

import attrs

from ..errors import BodyTimeout, BodyTooLong, FedtextError
from ..http import Response
from ..sync import run_sync
from .checks import refuse_suspending, report_async
from .edges import BodyUnreadable, announced_length, build_request, fault, refusal
from .served import Served
from .worker import Worker

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_CHUNK_BYTES = 65_536


class FederationWSGI:
    """Serves the library's paths; everything else goes to the inner application.

    With `worker="auto"` a worker runs in a thread of its own from the first request on, whatever that asks for: not
    earlier, because servers may fork before they serve, and not later, because work may be waiting from before.
    """

    def __init__(self, federation: Served, app: WSGIApp | None = None) -> None:
        refuse_suspending(federation.engine.router.callbacks())
        self._federation = federation
        self._app = app
        self._first = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        self.start()
        target = _target(environ)
        if self._federation.engine.route(target.partition("?")[0]) is not None:
            response = self._answer(environ, target)
            if response is not None:
                return _start(response, start_response, head=environ["REQUEST_METHOD"] == "HEAD")
        if self._app is not None:
            return self._app(environ, start_response)
        return _start(Response(status=404), start_response, head=False)

    def _answer(self, environ: Environ, target: str) -> Response | None:
        federation = self._federation
        ports = federation.ports.blocking()
        limits = federation.config.limits
        try:
            request = build_request(
                method=environ["REQUEST_METHOD"],
                scheme=environ.get("wsgi.url_scheme", "http"),
                target=target,
                pairs=_headers(environ),
                limits=limits,
            )
            length = announced_length(request, limits)
            if request.method == "POST":
                body = _read_body(environ, length, limits.body_bytes_max, limits.inbox_s_max)
                request = attrs.evolve(request, body=body)
            return run_sync(federation.engine.handle(request, ports))
        except FedtextError as error:
            return refusal(error)
        except Exception as error:  # the edge: nothing of it may reach the peer
            return fault(error, ports.observer)

    def start(self) -> None:
        """Report mistakes in the wiring and start the worker, once; each request does this by itself."""
        if not self._first.acquire(blocking=False):  # taken once, never given back
            return
        run_sync(report_async(self._federation, self._federation.ports.blocking()))
        if self._federation.worker_mode == "auto":
            Worker(self._federation).start_thread()


def _headers(environ: Environ) -> list[tuple[str, str]]:
    pairs = [
        (name[5:].replace("_", "-").lower(), str(value)) for name, value in environ.items() if name.startswith("HTTP_")
    ]
    for name, field in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(name):
            pairs.append((field, str(environ[name])))
    return pairs


def _read_body(environ: Environ, length: int | None, bytes_max: int, seconds_max: float) -> bytes:
    """Read the body: the announced length, or until the end where the server marks it (SEC-002, SEC-004).

    Raises:
        BodyTooLong: There is more than `bytes_max`.
        BodyTimeout: It did not end in time, or the peer went away before its end.
        BodyUnreadable: The server could not read it.
    """
    stream = environ["wsgi.input"]
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""
    # Threat: `read(n)` waits for n bytes, however slowly they drip; `read1` gives what there is.
    read = getattr(stream, "read1", None)
    if read is not None:
        return _read(read, length, bytes_max, monotonic() + seconds_max)
    watch = threading.Timer(seconds_max, _stop_reading, [environ])
    watch.daemon = True
    watch.start()
    try:
        return _read(stream.read, length, bytes_max, monotonic() + seconds_max)
    finally:
        watch.cancel()


def _read(read: Callable[[int], bytes], length: int | None, bytes_max: int, deadline_s: float) -> bytes:
    body = bytearray()
    while length is None or len(body) < length:
        try:
            chunk = read(_CHUNK_BYTES if length is None else min(_CHUNK_BYTES, length - len(body)))
        except OSError as error:  # what servers raise for bad chunks, and where the peer went away
            raise (BodyTimeout if monotonic() > deadline_s else BodyUnreadable) from error
        if monotonic() > deadline_s:
            raise BodyTimeout
        if not chunk:
            break
        body += chunk
        if len(body) > bytes_max:
            raise BodyTooLong(bytes=len(body))
    if length is not None and len(body) < length:
        raise BodyTimeout("the peer went away")
    return bytes(body)


def _stop_reading(environ: Environ) -> None:
    """End the reading of a request where the server gives its socket; the answer can still be written."""
    for name in ("werkzeug.socket", "gunicorn.socket"):
        connection = environ.get(name)
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)


def _target(environ: Environ) -> str:
    """Give the raw target where the server tells it, else the nearest to it."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("#")[0]
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    target = quote(path.encode("latin-1"), safe="/-._~!$&'()*+,;=:@")
    query = environ.get("QUERY_STRING", "")
    return f"{target}?{query}" if query else target


def _start(response: Response, start_response: StartResponse, *, head: bool) -> list[bytes]:
    headers = [(name.title(), value) for name, value in response.headers if name != "connection"]
    if "content-length" not in response.headers and response.status not in (204, 304):
        headers.append(("Content-Length", str(len(response.body))))
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Status"
    start_response(f"{response.status} {phrase}", headers)
    return [b"" if head else response.body]
