"""Both doors behind real servers on loopback sockets: bad input is refused, and leaves nothing behind.

The ASGI door stands behind uvicorn, the WSGI door behind a threaded server of werkzeug; both keep what they have in
SQLite. Each case asserts the answer, that the storage is what it was, that no job waits and that nothing was fetched.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import select
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import attrs
import pytest
import uvicorn
from werkzeug.serving import make_server

from fedtext import Config, DevPolicy, Federation, Limits, Note, Person, connect
from fedtext.adapters.observers import RecordingObserver
from fedtext.errors import ConfigurationError, Unreachable
from fedtext.http import Request
from fedtext.keys import PrivateKey, generate_rsa
from fedtext.runtime.wsgi import FederationWSGI
from fedtext.signatures import build_digest, sign
from fedtext.sync import run_sync
from fedtext.testing.peers import SharedKeys

pytestmark = pytest.mark.edges("asgi", "wsgi")

DEADLINE_S = 1.0
MIB = 1_048_576
BOB = "https://peer.example/users/bob"
AP = "application/activity+json"


class Scripted:
    """A way out on which nothing is to be had; counts what was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def send(self, request, limits):
        self.asked.append(request.url)
        raise Unreachable("nothing is to be had here", url=request.url)

    async def close(self) -> None:
        """Nothing is open."""


@attrs.frozen
class Door:
    """A server that listens, and what lies behind it."""

    federation: Federation
    port: int
    path: str
    transport: Scripted
    observer: RecordingObserver

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def snapshot(self) -> list[Any]:
        """Give all that is stored and queued."""
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            tables = ("fedtext_store", "fedtext_lanes", "fedtext_jobs")
            return [sorted(map(repr, connection.execute(f"SELECT * FROM {table}"))) for table in tables]

    def faults(self) -> list[str]:
        """Give the faults of ours, apart from the one that a test asks for."""
        told = [str(event.fields["error"]) for event in self.observer.named("request.fault")]
        return [error for error in told if "hunter2" not in error]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, head: str | bytes, body: bytes = b"") -> Answer:
        """Send raw bytes and read the answer to its end."""
        raw = head if isinstance(head, bytes) else head.replace("\n", "\r\n").encode("latin-1")
        with self.connect() as sock:
            with contextlib.suppress(OSError):  # it may answer and hang up before it has all
                sock.sendall(raw + b"\r\n" + body)
            return read_answer(sock)

    def post(self, body: bytes = b"{}", *, path: str = "/ap/inbox", **headers: str | None) -> Answer:
        """POST with headers of one's choice; None leaves one out."""
        given = {"host": self.host, "content-type": AP, "content-length": str(len(body)), "connection": "close"}
        fields = {**given, **{name.replace("_", "-"): value for name, value in headers.items()}}
        lines = "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None)
        return self.ask(f"POST {path} HTTP/1.1\n{lines}", body)

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        fields = {"host": self.host, "accept": AP, "connection": "close", **headers}
        lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
        return self.ask(f"{method} {path} HTTP/1.1\n{lines}")


@attrs.frozen
class Answer:
    """What came back; status 0: the connection was closed without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        return json.loads(self.body)


def read_answer(sock: socket.socket) -> Answer:
    data = b""
    with contextlib.suppress(ConnectionError):
        while chunk := sock.recv(65_536):
            data += chunk
            head, found, body = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            if found and length is not None and len(body) >= int(length[1]):
                break
    if not data:
        return Answer(0, {}, b"")
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, body)


def federate(port: int, path: str) -> tuple[Federation, Scripted, RecordingObserver]:
    limits = attrs.evolve(Limits(), inbox_s_max=DEADLINE_S)
    federation = Federation(
        f"http://localhost:{port}",
        backend=connect(f"sqlite:///{path}"),
        config=Config(limits=limits, dev=DevPolicy.allow_loopback()),
        keys=SharedKeys(),
        worker="off",
        observer=RecordingObserver(),
    )
    transport = Scripted()
    federation.ports.async_transport = federation.ports.blocking_transport = lambda: transport

    @federation.actor("/users/{pk}")
    def actor(context, pk):
        return context.actor(Person, handle="alice") if pk in ("7", "removed") else None

    @federation.object("/broken/{pk}")
    def broken(context, pk):
        raise RuntimeError("the password is hunter2")

    @federation.object("/posts/{pk}")
    def post(context, pk):
        return Note(
            attributed_to=context.actor_uri("7"), content="x", to="https://www.w3.org/ns/activitystreams#Public"
        )

    return federation, transport, federation.ports.observer  # type: ignore[return-value]


def free_port() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


@contextlib.contextmanager
def behind_uvicorn(federation: Federation, sock: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(federation.asgi(), log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def behind_werkzeug(federation: Federation, sock: socket.socket) -> Iterator[None]:
    port = sock.getsockname()[1]
    sock.close()
    app: FederationWSGI = federation.wsgi()  # type: ignore[assignment]
    server = make_server("127.0.0.1", port, app, threaded=True)
    server.RequestHandlerClass.log = lambda *_args: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
        run_sync(federation.ports.close())


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def open_door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that is open while the tests of this file run."""
    path = str(tmp_path_factory.mktemp("door") / "app.sqlite3")
    sock = free_port()
    port = sock.getsockname()[1]
    federation, transport, observer = federate(port, path)
    serve = behind_uvicorn if request.param == "asgi" else behind_werkzeug
    with serve(federation, sock):
        door = Door(federation, port, path, transport, observer)
        federation.remove_actor("removed")
        for _ in range(100):  # the start's own entries are written
            if door.get("/users/7").status == 200 and observer.named("dev_policy.active"):
                break
            time.sleep(0.02)
        time.sleep(0.1)
        yield door


@pytest.fixture
def door(open_door: Door) -> Iterator[Door]:
    """A door; whatever a test does at it leaves nothing behind."""
    before, asked = open_door.snapshot(), list(open_door.transport.asked)
    yield open_door
    assert open_door.snapshot() == before
    assert open_door.transport.asked == asked
    assert open_door.faults() == []


def signed(door: Door, body: bytes, *, host: str | None = None, path: str = "/ap/inbox") -> dict[str, str]:
    """Give the headers of a well-formed signature by a key that nobody can fetch."""
    key = own_key()
    request = Request.to(f"http://{host or door.host}{path}", method="POST", headers=[("content-type", AP)], body=body)
    made = sign(
        request, key, key_id="https://peer.example/users/bob#main-key", now_s=time.time(), digest=build_digest(body)
    )
    return {name: value for name, value in made.headers if name in ("host", "date", "digest", "signature")}


@cache
def own_key() -> PrivateKey:
    return generate_rsa()


def activity() -> bytes:
    like = {"id": "https://peer.example/1", "type": "Like", "actor": BOB, "object": "https://a.example/1"}
    return json.dumps(like).encode()


# -- what is not even read -------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-001")
def test_sec_001_what_is_announced_too_long_is_refused_before_a_byte_is_read(door: Door) -> None:
    """Threat: GHSA-gg8q."""
    begun_s = time.monotonic()
    answer = door.ask(f"POST /ap/inbox HTTP/1.1\nHost: {door.host}\nContent-Type: {AP}\nContent-Length: 1073741824\n")
    assert answer.status == 413
    assert time.monotonic() - begun_s < DEADLINE_S  # nothing was waited for


@pytest.mark.spec("SEC-001")
@pytest.mark.parametrize(("size", "status"), [(MIB, 401), (MIB + 1, 413)])
def test_sec_001_the_limit_is_exact(door: Door, size: int, status: int) -> None:
    assert door.post(b" " * size).status == status


@pytest.mark.spec("SEC-002")
def test_sec_002_an_endless_stream_ends_at_the_limit(door: Door) -> None:
    """Threat: CVE-2026-96623."""
    head = f"POST /ap/inbox HTTP/1.1\nHost: {door.host}\nContent-Type: {AP}\nTransfer-Encoding: chunked\n"
    chunk, sent = b"8000\r\n" + b"x" * 0x8000 + b"\r\n", 0
    with door.connect() as sock:
        sock.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            for _ in range(64 * 32):  # 64 MiB, were they taken
                sock.sendall(chunk)
                sent += 0x8000
                if select.select([sock], [], [], 0)[0]:
                    break
        answer = read_answer(sock)
    assert answer.status in (413, 0)  # 0: hung up so early that the answer was lost with the rest of the stream
    assert sent < 16 * MIB  # what was sent beyond the limit lay in the buffers of the two sockets


@pytest.mark.spec("SEC-004")
def test_sec_004_a_body_that_drips_ends_at_the_deadline(door: Door) -> None:
    """Threat: CVE-2023-36461."""
    head = f"POST /ap/inbox HTTP/1.1\nHost: {door.host}\nContent-Type: {AP}\nContent-Length: 1000\n"
    begun_s = time.monotonic()
    with door.connect() as sock:
        sock.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
        sock.settimeout(0.1)
        answer = b""
        for _ in range(100):
            with contextlib.suppress(OSError):
                sock.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                answer = sock.recv(65_536)
                break
    took_s = time.monotonic() - begun_s
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert DEADLINE_S * 0.9 < took_s < DEADLINE_S * 3


@pytest.mark.spec("SEC-004")
def test_sec_004_a_chunked_body_that_drips_ends_at_the_deadline(door: Door) -> None:
    head = f"POST /ap/inbox HTTP/1.1\nHost: {door.host}\nContent-Type: {AP}\nTransfer-Encoding: chunked\n"
    begun_s = time.monotonic()
    with door.connect() as sock:
        sock.sendall(head.replace("\n", "\r\n").encode() + b"\r\n")
        sock.settimeout(0.1)
        answer = b""
        for _ in range(100):
            with contextlib.suppress(OSError):
                sock.sendall(b"1\r\nx\r\n")
            with contextlib.suppress(TimeoutError):
                answer = sock.recv(65_536)
                break
    assert time.monotonic() - begun_s < DEADLINE_S * 3
    assert b" 40" in answer.split(b"\r\n")[0]


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-005")
@pytest.mark.parametrize("path", ["/ap/inbox", "/users/7/inbox"])
def test_sec_005_nothing_is_taken_without_a_signature(door: Door, path: str) -> None:
    answer = door.post(activity(), path=path)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.spec("SEC-006")
@pytest.mark.parametrize(
    "media_type",
    [
        "text/html",
        "application/json",
        "application/ld+json",
        None,
        f"{AP}, text/html",
        f"{AP}; charset=utf-16",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreamsX"',
    ],
)
def test_sec_006_other_media_types_are_not_taken(door: Door, media_type: str | None) -> None:
    """Threat: CVE-2024-25623."""
    assert door.post(activity(), content_type=media_type, **signed(door, activity())).status == 415


@pytest.mark.spec("SEC-003")
def test_sec_003_encoded_bodies_are_not_taken(door: Door) -> None:
    body = gzip.compress(b"[" * MIB)
    assert door.post(body, content_encoding="gzip", **signed(door, body)).status == 415


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{", b'{"a":1,"a":2}', b"\xff\xfe", b"[" * 100, b"null", b"{}"])
def test_what_is_not_a_json_object_with_type_and_actor_is_not_taken(door: Door, body: bytes) -> None:
    assert door.post(body, **signed(door, body)).status == 400


@pytest.mark.spec("SEC-016")
@pytest.mark.parametrize(("who", "status"), [("nobody", 404), ("removed", 410)])
def test_sec_016_whose_inbox_it_is_is_asked_before_anything_is_parsed(door: Door, who: str, status: int) -> None:
    for body in (activity(), b"{", b"\x00"):
        assert door.post(body, path=f"/users/{who}/inbox").status == status


@pytest.mark.spec("SEC-009")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", ["/ap/inbox", "/users/7/inbox"])
def test_sec_009_an_inbox_takes_post_only(door: Door, method: str, path: str) -> None:
    answer = door.get(path, method)
    assert answer.status == 405
    assert "POST" in answer.headers["allow"]
    if method == "HEAD":
        assert answer.body == b""


@pytest.mark.spec("SEC-009")
@pytest.mark.parametrize("path", ["/users/7", "/posts/1", "/.well-known/webfinger", "/nodeinfo/2.1"])
def test_sec_009_documents_are_not_posted_to(door: Door, path: str) -> None:
    answer = door.post(activity(), path=path)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


# -- whose name it is asked under ------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-012")
@pytest.mark.parametrize("hosts", [["{host}", "{host}"], ["{host}", "evil.example"], ["a@{host}"], ["a:80:90"], []])
def test_sec_012_there_is_one_plain_host(door: Door, hosts: list[str]) -> None:
    lines = "".join(f"Host: {host.format(host=door.host)}\n" for host in hosts)
    answer = door.ask(f"GET /users/7 HTTP/1.1\n{lines}Accept: {AP}\nConnection: close\n")
    assert answer.status == 400


@pytest.mark.spec("SEC-010")
def test_sec_010_somebody_elses_name_is_not_answered_to(door: Door) -> None:
    body = activity()
    fields = signed(door, body, host="evil.example")
    assert door.post(body, **fields).status == 421
    assert door.get("/users/7", host="evil.example").status == 421


@pytest.mark.spec("SEC-011")
def test_sec_011_a_forwarded_host_is_not_believed(door: Door) -> None:
    answer = door.get("/users/7", **{"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
    assert answer.status == 200
    assert b"evil" not in answer.body
    assert answer.problem["id"] == f"http://{door.host}/users/7"


# -- what no server should send --------------------------------------------------------------------------------------


@pytest.mark.spec("SEC-014", "SEC-169")
@pytest.mark.parametrize(
    "line",
    [
        b"X-Any: a\x00b",
        b"X-Any: a\x01b",
        b"X-Any: a\rb",
        b"X-Any: a\r\n folded",
        b"X-Any: \x7f",
        b"X-Any: " + b"v" * 70_000,
    ],
)
def test_sec_014_control_characters_and_too_much_are_refused_in_silence(door: Door, line: bytes) -> None:
    head = f"POST /ap/inbox HTTP/1.1\r\nHost: {door.host}\r\nContent-Type: {AP}\r\nContent-Length: 2\r\n".encode()
    answer = door.ask(head + line + b"\r\n", b"{}")
    assert answer.status in (400, 401, 431, 0)
    assert b"Traceback" not in answer.body
    assert not door.faults()


@pytest.mark.spec("SEC-014")
@pytest.mark.parametrize("line", [b"X-Any: \xff\xfe", b"Signature: \xff"])
def test_sec_014_bytes_beyond_ascii_are_no_fault(door: Door, line: bytes) -> None:
    head = f"POST /ap/inbox HTTP/1.1\r\nHost: {door.host}\r\nContent-Type: {AP}\r\nContent-Length: 2\r\n".encode()
    assert door.ask(head + line + b"\r\n", b"{}").status in (400, 401)


@pytest.mark.spec("SEC-015")
@pytest.mark.parametrize(
    "path",
    [
        "/users/a/../7/inbox",
        "/users/%2e%2e/inbox",
        "/users//7/inbox",
        "/users/7;x/inbox",
        "/users/7%00/inbox",
        "/users/7%2finbox",
        "/users/%37/inbox",
        "/users/7/inbox/",
    ],
)
def test_sec_015_one_thing_has_one_path(door: Door, path: str) -> None:
    assert door.post(activity(), path=path, **signed(door, activity())).status in (400, 404, 308)
    assert door.get(path.removesuffix("/inbox")).status in (400, 404, 308) or path == "/users/7/inbox/"


@pytest.mark.spec("SEC-169")
def test_sec_169_no_answer_tells_of_our_insides_or_echoes_theirs(door: Door) -> None:
    broken = door.get("/broken/1")
    assert broken.status == 500
    assert b"hunter2" not in broken.body
    assert b"Traceback" not in broken.body
    marked = b'{"type":"Note","actor":"https://peer.example/<script>"}'
    for answer in (door.post(b"<script>"), door.post(marked), door.get("/users/nobody-<script>"), broken):
        assert b"<script>" not in answer.body
        assert "server" not in answer.headers or "fedtext" not in answer.headers["server"]


@pytest.mark.spec("SEC-178")
def test_sec_178_exceptions_for_development_are_told_of_at_each_start(open_door: Door) -> None:
    """Both to the observer and to the log, and refused where the origin is a public one."""
    (told,) = open_door.observer.named("dev_policy.active")
    assert "localhost" in str(told.fields["hosts"])
    with pytest.raises(ConfigurationError):
        Federation("https://blog.example.org", backend=connect("memory://"), config=open_door.federation.config)


# -- and what a good request leaves ----------------------------------------------------------------------------------


def test_the_measure_can_tell(open_door: Door) -> None:
    """A well-signed activity does cause a fetch of its key: the counts above are able to fail."""
    before, body = open_door.snapshot(), activity()
    assert open_door.post(body, **signed(open_door, body)).status == 503
    assert open_door.transport.asked == [BOB]
    assert open_door.snapshot() != before
