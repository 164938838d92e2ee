"""The transport port over loopback sockets: one suite, both colours."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from tests.transport_kinds import ASYNC_KINDS, KINDS, Kind, kind_name

from fedtext.adapters.transports.httpx_blocking import BlockingHttpxTransport
from fedtext.config import DevPolicy, Limits
from fedtext.errors import FetchError, LocalProtocolError, Unreachable
from fedtext.http import Request, Response
from fedtext.ports.transport import ExchangeLimits, Transport
from fedtext.sync import run_sync
from fedtext.testing.loopback import Answer, ScriptedPeer
from fedtext.testing.port_transports import TRANSPORT_CASES, TransportCase, run_transport_case
from fedtext.testing.ports import Colour, case_name

LOOPBACK = DevPolicy.allow_loopback(
    hosts=("localhost", "127.0.0.1", "alice.example"), resolver={"alice.example": "127.0.0.1"}
)
LIMITS = ExchangeLimits(body_bytes_max=100_000, connect_s_max=2.0, exchange_s_max=5.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def peer(answer: Answer | bytes) -> Iterator[ScriptedPeer]:
    server = ScriptedPeer(answer if callable(answer) else lambda _request: [answer])
    try:
        yield server
    finally:
        server.stop()


class Sender:
    """Drives a transport of any kind from a test."""

    def __init__(self, kind: Kind, transport: Transport) -> None:
        self.kind = kind
        self.transport = transport

    async def send(self, request: Request, limits: ExchangeLimits = LIMITS) -> Response:
        return await self.kind.send(self.transport, request, limits)


@pytest.fixture(params=KINDS, ids=kind_name)
async def sender(request: pytest.FixtureRequest) -> AsyncIterator[Sender]:
    transport = request.param.make(dev=LOOPBACK, limits=Limits(header_bytes_max=4096))
    yield Sender(request.param, transport)
    await transport.close()


@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
@pytest.mark.parametrize("case", TRANSPORT_CASES, ids=case_name)
def test_the_suite_of_the_port(case: TransportCase, kind: Kind) -> None:
    run_transport_case(case, kind.make, Colour.BLOCKING if kind.blocking else Colour.ASYNCHRONOUS)


def get(server: ScriptedPeer, target: str = "/", **options: object) -> Request:
    return Request.to(f"http://alice.example:{server.port}{target}", **options)  # type: ignore[arg-type]


async def test_a_request_goes_out_as_it_is_and_the_answer_comes_back(sender: Sender) -> None:
    answer = (
        b"HTTP/1.1 418 Teapot\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=b\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 3\r\n\r\n\x00\xffz"
    )
    with peer(answer) as server:
        request = get(server, "/in%62ox?x=%2F", method="POST", headers=[("Date", "now"), ("Digest", "d")], body=b"{}\n")
        response = await sender.send(request)
        assert (response.status, response.body, response.url) == (418, b"\x00\xffz", request.url)
        assert response.headers.get_all("x-a") == ["1", "2"]
        assert response.media_type == "text/plain"
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert body == b"{}\n"
        assert head.split(b"\r\n") == [
            b"POST /in%62ox?x=%2F HTTP/1.1",
            b"host: alice.example:%d" % server.port,
            b"date: now",
            b"digest: d",
            b"accept-encoding: gzip",
            b"content-length: 3",
        ]


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" + gzip.compress(b"abc"), b"abc"),
    ],
    ids=["chunked", "no content", "informational", "gzip"],
)
async def test_framings_are_read_whole_and_byte_by_byte(sender: Sender, wire: bytes, body: bytes) -> None:
    with peer(wire) as whole, peer(lambda _request: (wire[i : i + 1] for i in range(len(wire)))) as split:
        for server in (whole, split):
            assert (await sender.send(get(server))).body == body


async def test_a_body_may_end_with_the_connection(sender: Sender) -> None:
    with peer(lambda _request: [b"HTTP/1.0 200 OK\r\n\r\nab", b"cd", b""]) as server:
        assert (await sender.send(get(server))).body == b"abcd"


async def test_a_head_request_has_no_body(sender: Sender) -> None:
    with peer(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n") as server:
        for _ in range(2):
            assert (await sender.send(get(server, method="HEAD"))).body == b""
        assert len(server.connections) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_returned_and_not_followed(sender: Sender, status: int) -> None:
    with peer(b"HTTP/1.1 %d Go\r\nLocation: http://127.0.0.1/x\r\nContent-Length: 0\r\n\r\n" % status) as server:
        response = await sender.send(get(server))
        assert (response.status, response.headers.get("location")) == (status, "http://127.0.0.1/x")
        assert len(server.requests) == 1


async def test_cookies_are_not_kept(sender: Sender) -> None:
    with peer(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nContent-Length: 0\r\n\r\n") as server:
        for _ in range(2):
            await sender.send(get(server))
        assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_connections_are_kept_and_used_again(sender: Sender) -> None:
    with peer(OK) as server:
        for number in range(3):
            await sender.send(get(server, f"/{number}"))
        assert (len(server.connections), len(server.requests)) == (1, 3)
        await sender.transport.close()
        await sender.send(get(server, "/after-close"))
        assert (len(server.connections), len(server.requests)) == (2, 4)


async def test_many_at_once_get_their_own_answers(sender: Sender) -> None:
    def echo(request: bytes) -> list[bytes]:
        target = request.split(b" ")[1]
        return [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(target), target)]

    with peer(echo) as server:
        for _ in range(3):
            answers = await asyncio.gather(*(sender.send(get(server, f"/{number}")) for number in range(12)))
            assert [answer.body for answer in answers] == [b"/%d" % number for number in range(12)]
        await asyncio.sleep(0.05)
        # No more than four of them were kept.
        before = len(server.connections)
        await asyncio.gather(*(sender.send(get(server, "/")) for _ in range(3)))
        assert len(server.connections) == before


async def test_an_idle_connection_that_was_hung_up_is_replaced(sender: Sender) -> None:
    with peer(OK) as server:
        await sender.send(get(server))
        server.connections[0].shutdown(socket.SHUT_RDWR)
        await asyncio.sleep(0.05)
        assert (await sender.send(get(server))).body == b"ok"
        assert len(server.connections) == 2


async def test_a_connection_that_is_hung_up_in_the_race_is_tried_anew_once(sender: Sender) -> None:
    def answer(_request: bytes) -> list[bytes]:
        return [b""] if len(server.requests) in {2, 4, 5} else [OK]

    with peer(answer) as server:
        await sender.send(get(server, "/1"))
        assert (await sender.send(get(server, "/2", method="POST", body=b"x"))).body == b"ok"
        assert [request.split(b" ")[1] for request in server.requests] == [b"/1", b"/2", b"/2"]
        with pytest.raises(Unreachable):
            await sender.send(get(server, "/3"))
        assert len(server.requests) == 5


async def test_an_answer_that_breaks_off_is_not_asked_for_again(sender: Sender) -> None:
    with peer(lambda _request: [OK] if len(server.requests) == 1 else [OK[:-1], b""]) as server:
        await sender.send(get(server))
        with pytest.raises(Unreachable):
            await sender.send(get(server))
        assert (len(server.connections), len(server.requests)) == (1, 2)


async def test_a_fresh_connection_that_is_hung_up_is_not_tried_anew(sender: Sender) -> None:
    with peer(lambda _request: [b""]) as server:
        with pytest.raises(Unreachable):
            await sender.send(get(server))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "extra", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"], ids=["garbage", "an answer"]
)
async def test_what_follows_an_answer_is_not_the_next_one(sender: Sender, extra: bytes) -> None:
    with peer(lambda _request: [OK + (extra if len(server.requests) == 1 else b"")]) as server:
        first = asyncio.ensure_future(sender.send(get(server)))
        await asyncio.wait([first])
        refuses = sender.kind.name == "aiohttp" and extra == b"x"  # as `aiohttp_async` says
        assert isinstance(first.exception(), Unreachable) if refuses else first.result().body == b"ok"
        assert (await sender.send(get(server))).body == b"ok"
        assert len(server.connections) == 2


async def test_connection_close_is_honoured(sender: Sender) -> None:
    with peer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") as server:
        for _ in range(2):
            await sender.send(get(server))
        assert len(server.connections) == 2


async def test_nobody_listens(sender: Sender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable) as error:
        await sender.send(Request.to(f"http://alice.example:{port}/"))
    assert not error.value.permanent


async def test_the_next_address_is_tried_when_one_fails(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = socket.getaddrinfo

    def lookup(host: str | bytes, port: int, *args: int, **options: int) -> list[object]:
        if host != "localhost":
            return list(genuine(host, port, *args, **options))
        # Nobody listens on 127.0.0.9.
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("127.0.0.9", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with peer(OK) as server:
        assert (await sender.send(Request.to(f"http://localhost:{server.port}/"))).body == b"ok"


async def test_an_unknown_name_is_unreachable(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(*_args: object, **_options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(Unreachable):
        await sender.send(Request.to("https://localhost/"))


async def test_a_resolver_that_hangs_ends_with_the_time_to_connect(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: release.wait(10) and [])
    limits = ExchangeLimits(body_bytes_max=1, connect_s_max=0.2, exchange_s_max=5)
    start_s = time.monotonic()
    try:
        with pytest.raises(Unreachable):
            await sender.send(Request.to("https://localhost/"), limits)
        assert time.monotonic() - start_s < 2
    finally:
        release.set()


@pytest.mark.parametrize(
    "pair", [("x", "a\r\nb: c"), ("x", "\x00"), ("x\n", "y")], ids=["line break", "NUL", "in the name"]
)
async def test_a_header_that_would_break_the_request_is_not_sent(sender: Sender, pair: tuple[str, str]) -> None:
    with peer(OK) as server:
        with pytest.raises(LocalProtocolError):
            await sender.send(get(server, headers=[pair]))
        assert server.requests == []


async def test_only_errors_of_the_tree_leave_whatever_the_peer_says(sender: Sender) -> None:
    wires = [
        b"\x16\x03\x01",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\n\x00: x\r\n\r\n",
        b"HTTP/9.9 1 x\r\n\r\n",
        b"\r\n" * 9,
    ]
    wires += [OK[:cut] for cut in range(1, len(OK))]
    for wire in wires:
        with peer(lambda _request, wire=wire: [wire, b""]) as server, pytest.raises(FetchError):
            await sender.send(get(server))


@pytest.mark.parametrize("kind", ASYNC_KINDS, ids=kind_name)
async def test_cancellation_passes_and_hangs_up(kind: Kind) -> None:
    asked, hung_up = threading.Event(), threading.Event()

    def answer(_request: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
        asked.set()
        if server.connections[0].recv(1) == b"":
            hung_up.set()
        yield b""

    transport = kind.make(dev=LOOPBACK)
    with peer(answer) as server:
        task = asyncio.create_task(transport.send(get(server), LIMITS))
        assert await asyncio.to_thread(asked.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(hung_up.wait, 5)
    await transport.close()


def test_the_blocking_colour_never_suspends_even_inside_a_loop() -> None:
    transport = BlockingHttpxTransport(dev=LOOPBACK)

    async def inside() -> Response:
        return run_sync(transport.send(get(server), LIMITS))

    with peer(OK) as server:
        assert run_sync(transport.send(get(server), LIMITS)).body == b"ok"
        assert asyncio.run(inside()).body == b"ok"
        assert len(server.connections) == 1
        run_sync(transport.close())


@pytest.mark.parametrize("kind", ASYNC_KINDS, ids=kind_name)
def test_the_async_colour_has_connections_for_each_loop(kind: Kind) -> None:
    transport = kind.make(dev=LOOPBACK)

    async def once() -> bytes:
        body = (await transport.send(get(server), LIMITS)).body
        await transport.close()
        return body

    with peer(OK) as server:
        assert [asyncio.run(once()) for _ in range(2)] == [b"ok", b"ok"]


def test_a_forked_process_opens_its_own_connections() -> None:
    transport = BlockingHttpxTransport(dev=LOOPBACK)
    with peer(OK) as server:
        run_sync(transport.send(get(server), LIMITS))
        transport._pid = -1
        transport._lock.acquire()  # as if another thread had held it when the process forked
        run_sync(transport.send(get(server), LIMITS))
        run_sync(transport.send(get(server), LIMITS))
        assert len(server.connections) == 2
        run_sync(transport.close())
