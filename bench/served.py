"""A process that serves ours and, beside it, the least that any server could do; it says what its CPU time is.

Both stand behind uvicorn with httptools and uvloop, on one loop, each on a port of its own. The process that asks is
another one, so that what asking costs is not counted.

python -m bench.served BACKEND_URL KEY_FILE
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
import uvicorn

from bench import documents
from bench.g01_inbox import ACTIVITY, OURS, UNPACED, Floor, serving
from fedtext import PUBLIC, Activity, Context, Federation, Note, Person, connect
from fedtext.adapters.observers import NullObserver
from fedtext.http import Request, Response
from fedtext.keys import PrivateKey, load_private_pem
from fedtext.ports import ExchangeLimits
from fedtext.testing.peers import SharedKeys

ROOT = Path(__file__).resolve().parents[1]
COUNTERS = "/_counters"
NOTE_PATH, ACTOR_PATH = "/notes/1", "/users/bob"
KEPT_NOTE_PATH, KEPT_ACTOR_PATH = "/notes/kept", "/users/kept"
"""Of these the application keeps the models."""
FINGER_PATH = "/.well-known/webfinger?resource=acct:bob@blog.example"
KEPT_FINGER_PATH = "/.well-known/webfinger?resource=acct:kept@blog.example"

PIPELINED_MAX = 10
"""Requests that go over one connection at once (RFC 9112 section 9.3.2)."""
REST_S = 0.000_5
"""So long a client sleeps for each request that it has sent: no server here takes as long to answer it."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class OneDocument:
    """A way out that leads to one document."""

    def __init__(self, answer: Response) -> None:
        self._answer = answer

    async def send(self, request: Request, _limits: ExchangeLimits) -> Response:
        """Give it."""
        return attrs.evolve(self._answer, url=request.url)

    async def close(self) -> None:
        """Do nothing."""


@attrs.define
class Ours:
    """The federation, with one actor and one post, and how often its listener has heard something."""

    federation: Federation
    heard: int = 0
    kept_actor: Person | None = None
    kept_note: Note | None = None

    @classmethod
    def open(cls, url: str, key: PrivateKey) -> Ours:
        """Set it up."""
        made = cls(
            Federation(
                OURS,
                backend=connect(url),
                keys=SharedKeys(),
                observer=NullObserver(),
                transport=OneDocument(serving(key)),
                config=UNPACED,
            )
        )
        made.federation.actor("/users/{pk}")(made.actor)
        made.federation.object("/notes/{pk}")(made.note)
        made.federation.on(Activity)(made.hear)
        return made

    async def actor(self, context: Context, pk: str) -> Person | None:
        """Give bob, made anew; or another one, who is kept."""
        if pk == "kept":
            if self.kept_actor is None:
                self.kept_actor = context.actor(Person, handle=pk, name="Kept", summary=documents.TEXT)
            return self.kept_actor
        return context.actor(Person, handle="bob", name="Bob", summary=documents.TEXT) if pk == "bob" else None

    async def note(self, context: Context, pk: str) -> Note | None:
        """Give his post, made anew; or another one, which is kept."""
        if pk == "kept":
            if self.kept_note is None:
                author = context.actor_uri(pk)
                self.kept_note = Note(attributed_to=author, content=documents.TEXT, to=(PUBLIC,))
            return self.kept_note
        return Note(attributed_to=context.actor_uri("bob"), content=documents.TEXT, to=(PUBLIC,)) if pk == "1" else None

    async def hear(self, _context: Context, _activity: Activity) -> None:
        """Hear something."""
        self.heard += 1


@attrs.define
class Least:
    """An application that does what cannot be left out of a POST, and answers a GET with bytes that it has."""

    floor: Floor
    constant: Mapping[str, Response]
    ours: Ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] == COUNTERS:
            counters = {"cpu_s": time.process_time(), "floor": self.floor.heard, "subject": self.ours.heard}
            await self._send(200, (), json.dumps(counters).encode(), send)
        elif scope["method"] == "POST":
            body: bytes = (await receive())["body"]
            while len(body) < 2_000:
                body += (await receive())["body"]
            self.floor.take(((name.decode(), value.decode()) for name, value in scope["headers"]), body)
            await self._send(202, (), b"", send)
        else:
            query = scope["query_string"]
            answer = self.constant[f"{scope['path']}?{query.decode()}" if query else scope["path"]]
            fields = [(name.encode(), value.encode()) for name, value in answer.headers]
            await self._send(200, fields, answer.body, send)

    async def _send(self, status: int, fields: Any, body: bytes, send: Send) -> None:
        headers = [*fields, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def serve(url: str, key: PrivateKey) -> None:
    """Serve until killed; says the ports first."""
    ours = Ours.open(url, key)
    constant: dict[str, Response] = {}
    for path in (ACTOR_PATH, NOTE_PATH, FINGER_PATH, KEPT_ACTOR_PATH, KEPT_NOTE_PATH, KEPT_FINGER_PATH):
        request = Request.to(OURS + path, headers=[("accept", ACTIVITY)])
        answer = await ours.federation.engine.handle(request, ours.federation.ports.asynchronous())
        if answer is None or answer.status != 200:
            raise SystemExit(f"{path}: {answer}")
        constant[path] = answer
    servers, ports = [], []
    for app in (Least(Floor.of(key), constant, ours), ours.federation.asgi()):
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        config = uvicorn.Config(
            app, http="httptools", loop="none", log_level="warning", access_log=False, proxy_headers=False
        )
        servers.append(uvicorn.Server(config).serve(sockets=[listening]))
        ports.append(listening.getsockname()[1])
    print(json.dumps(ports), flush=True)
    await asyncio.gather(*servers)


class Client:
    """Connections that are kept, and blocking, to one port.

    Several requests go over each at once, and the client sleeps until the answers are there. Were it to wait for the
    first of them, the server would wake it with each one, and were it to send them one by one, the server might go to
    sleep between two. Either costs the server some 10 us a time, and of two that are compared it may hit only one: the
    slower, or the quicker than its client.
    """

    def __init__(self, port: int, count: int = 8) -> None:
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        self._files = [each.makefile("rb") for each in self._sockets]

    def exchange(self, requests: list[bytes], status: int) -> bytes:
        """Send requests, as many at once as connections carry; gives the last body.

        Raises:
            SystemExit: One is answered otherwise.
        """
        body = b""
        at_once = len(self._sockets) * PIPELINED_MAX
        for start in range(0, len(requests), at_once):
            part = requests[start : start + at_once]
            shares = [part[index :: len(self._sockets)] for index in range(len(self._sockets))]
            for each, share in zip(self._sockets, shares, strict=True):
                each.sendall(b"".join(share))
            time.sleep(REST_S * len(part))
            for file, share in zip(self._files, shares, strict=True):
                for _ in share:
                    body = self._read(file, status)
        return body

    def _read(self, file: Any, status: int) -> bytes:
        first = file.readline()
        length = 0
        while (line := file.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body: bytes = file.read(length)
        if int(first.split()[1]) != status:
            raise SystemExit(f"{status} was expected: {first!r} {body[:200]!r}")
        return body

    def counters(self) -> dict[str, float]:
        """Ask the process for its CPU time, and how many activities were heard on either side."""
        wire = f"GET {COUNTERS} HTTP/1.1\r\nhost: blog.example\r\n\r\n".encode()
        found: dict[str, float] = json.loads(self.exchange([wire], 200))
        return found


def wire_of(request: Request) -> bytes:
    """Write a request as it goes over a socket."""
    path = request.url.removeprefix(OURS)
    fields = {"host": "blog.example", **{name: value for name, value in request.headers if name != "connection"}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{request.method} {path} HTTP/1.1\r\n{head}\r\n".encode() + request.body


@contextmanager
def served(url: str, key: PrivateKey) -> Iterator[tuple[Client, Client]]:
    """Run the process while the block runs; gives a client of the least and one of ours."""
    if not all(map(find_spec, ("uvloop", "httptools"))):
        raise SystemExit("uvloop and httptools are missing: make bench installs them, or pip install 'fedtext[bench]'")
    with tempfile.TemporaryDirectory() as folder:
        key_file = Path(folder) / "key.pem"
        key_file.write_text(key.pem(), "ascii")
        command = [sys.executable, "-m", "bench.served", url.replace("FOLDER", folder), str(key_file)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                least, ours = json.loads(process.stdout.readline())
                yield Client(least), Client(ours)
            finally:
                process.kill()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve(sys.argv[1], load_private_pem(Path(sys.argv[2]).read_text("ascii"))))
