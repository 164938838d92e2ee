"""One scene at three edges: the engine in memory, and real servers on loopback sockets before the ASGI and WSGI doors.

What a rule of security promises is promised at each of them. A test says at which by a marker, and runs once for each:

    @pytest.mark.edges("pure", "asgi", "wsgi")
    def test_sec_005_nothing_is_taken_without_a_signature(scene: Scene) -> None: ...

The servers run once per session; what they serve changes from test to test. They stand behind a proxy, as servers do:
it tells them by `X-Forwarded-Proto` that they were asked over TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

import uvicorn
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import BaseWSGIServer, make_server

from fedtext import Federation
from fedtext.errors import FedtextError
from fedtext.http import Headers, Request, Response
from fedtext.ports import PortSet
from fedtext.runtime.edges import fault, refusal
from fedtext.sync import run_sync

T = TypeVar("T")

EDGES: Final = ("pure", "asgi", "wsgi")
HANG_UP: Final = Response(status=0)
"""What stands for a connection that was closed without a word."""


class Edge:
    """Where a federation is asked; this one is the engine itself, in memory."""

    name = "pure"
    blocking = True
    """Whether all that happens there is done by ports that never suspend."""

    def __init__(self) -> None:
        self._federation: Federation

    def serve(self, federation: Federation) -> None:
        """Serve this federation from now on."""
        self._federation = federation

    @property
    def ports(self) -> PortSet:
        """The ports that are used here."""
        return self._federation.ports.blocking()

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let something be done where the federation runs."""
        return run_sync(coroutine)

    def send(self, request: Request) -> Response:
        """Ask, and give the answer."""
        try:
            answer = run_sync(self._federation.engine.handle(request, self.ports))
        except FedtextError as error:
            return refusal(error)
        except Exception as error:  # as the doors do
            return fault(error, self.ports.observer)
        return answer or Response(status=404)

    def work(self) -> None:
        """Let the worker do all that waits."""
        worker = self._federation.worker()
        while worker.step_blocking():
            pass

    def close(self) -> None:
        """End what runs."""


class SocketEdge(Edge):
    """What both servers share: requests go over a connection, byte by byte as they are given."""

    port: int

    def send(self, request: Request) -> Response:
        """Ask over a connection of its own."""
        return self.exchange(raw(request))

    def exchange(self, data: bytes) -> Response:
        """Send bytes, and read the answer to its end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sock:
            with contextlib.suppress(OSError):  # it may answer and hang up before it has all
                sock.sendall(data)
            return read_response(sock)


class AsgiEdge(SocketEdge):
    """uvicorn, on a thread with an event loop of its own."""

    name = "asgi"
    blocking = False

    def __init__(self) -> None:
        sock = socket.create_server(("127.0.0.1", 0))
        self.port = sock.getsockname()[1]
        self._app: Any = None
        self._loop: asyncio.AbstractEventLoop
        config = uvicorn.Config(
            self._serve, log_level="critical", interface="asgi3", lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(sock)), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    async def _run(self, sock: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[sock])

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    def serve(self, federation: Federation) -> None:
        """Serve this federation from now on; what the door reports at its start is reported when this returns."""
        super().serve(federation)
        self._app = federation.asgi()
        self.send(Request.to("https://nobody.example/nothing"))
        self.do(self._started())

    async def _started(self) -> None:
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "fedtext worker"))

    @property
    def ports(self) -> PortSet:
        """The ports that are used here."""
        return self._federation.ports.asynchronous()

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let something be done on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def work(self) -> None:
        """Let the worker do all that waits, on the server's loop."""
        self.do(self._federation.worker().drain())

    def close(self) -> None:
        """End the server."""
        self._server.should_exit = True
        self._thread.join(10)


class WsgiEdge(SocketEdge):
    """The server of werkzeug, a thread for each request."""

    name = "wsgi"

    def __init__(self) -> None:
        self._app: Any = None
        app = ProxyFix(lambda environ, start_response: self._app(environ, start_response), x_for=0, x_proto=1)
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, app, threaded=True)
        self._server.RequestHandlerClass.log = lambda *_args: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        run = {"target": self._server.serve_forever, "kwargs": {"poll_interval": 0.05}}
        self._thread = threading.Thread(**run, daemon=True)  # type: ignore[arg-type]
        self._thread.start()

    def serve(self, federation: Federation) -> None:
        """Serve this federation from now on; what the door reports at its start is reported when this returns."""
        super().serve(federation)
        self._app = federation.wsgi()
        self._app.start()

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def raw(request: Request, more: Iterable[tuple[str, str]] = ()) -> bytes:
    """Give a request as it stands on the wire; one without Host or length gets them."""
    fields = [*request.headers, *more]
    names = {name for name, _value in fields}
    if "host" not in names:
        fields.insert(0, ("host", request.authority))
    if "content-length" not in names and "transfer-encoding" not in names:
        fields.append(("content-length", str(len(request.body))))
    fields += [("x-forwarded-proto", request.scheme), ("connection", "close")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{request.method} {request.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + request.body


def read_response(sock: socket.socket) -> Response:
    """Read one answer."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while chunk := sock.recv(65_536):
            data += chunk
            head, found, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if found and length is not None and len(body) >= int(length[1]):
                break
    if not data:
        return HANG_UP
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [(name, value) for name, _, value in (line.partition(":") for line in lines)]
    return Response(status=int(first.split()[1]), headers=Headers.build(fields), body=body)


class Servers:
    """The edges of one session; each is opened when it is first needed."""

    def __init__(self) -> None:
        self._open: dict[str, Edge] = {}

    def edge(self, name: str) -> Edge:
        """Give an edge by its name."""
        if name not in self._open:
            self._open[name] = {"pure": Edge, "asgi": AsgiEdge, "wsgi": WsgiEdge}[name]()
        return self._open[name]

    def close(self) -> None:
        """End them all."""
        for edge in self._open.values():
            edge.close()
