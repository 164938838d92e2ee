"""The suite that every transport must pass, over real loopback sockets.

A case is a coroutine over a `TransportRig`, which makes transports and serves scripted answers. `run_transport_case`
runs it in a colour. With pytest:

    @pytest.mark.parametrize("case", TRANSPORT_CASES, ids=case_name)
    def test_transport(case):
        run_transport_case(case, MyTransport, Colour.ASYNCHRONOUS)

Peers speak plain HTTP here: that certificates are judged by name is for you to show. Nothing here needs pytest.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import attrs

from ..config import DevPolicy, Limits
from ..errors import (
    BodyTooLarge,
    FedtextError,
    FetchRefused,
    FetchTimeout,
    LocalProtocolError,
    Unreachable,
    WrongMediaType,
)
from ..http import Request, Response
from ..ports import ExchangeLimits, Transport
from ..sync import run_sync
from .loopback import HOST, Answer, ScriptedPeer
from .ports import Colour, case_name, expect

BODY_BYTES_MAX = 1_000
LIMITS = ExchangeLimits(body_bytes_max=BODY_BYTES_MAX, connect_s_max=2.0, exchange_s_max=5.0)
HURRIED_S = 0.3
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class MakeTransport(Protocol):
    """Makes a transport that may reach the hosts of a development policy."""

    def __call__(self, *, dev: DevPolicy | None, limits: Limits) -> Transport:
        """Make one."""
        ...


@attrs.frozen(kw_only=True)
class TransportRig:
    """What a case works with: a transport that may reach `HOST`, a strict one, and peers."""

    transport: Transport
    strict: Transport

    @contextmanager
    def peer(self, answer: Answer | bytes) -> Generator[ScriptedPeer]:
        """Serve a script, or one answer again and again, while the block runs."""
        server = ScriptedPeer(answer if callable(answer) else lambda _request: [answer])
        try:
            yield server
        finally:
            server.stop()

    async def send(self, target: str, limits: ExchangeLimits = LIMITS, **options: Any) -> Response:
        """Send one request."""
        return await self.transport.send(Request.to(target, **options), limits)

    async def expect_error(self, target: str, *errors: type[FedtextError], **options: Any) -> None:
        """Send one request, and insist on one of these errors; see `expect_error_of`."""
        limits = options.pop("limits", LIMITS)
        await expect_error_of(self.transport, Request.to(target, **options), *errors, limits=limits)


async def expect_error_of(
    transport: Transport, request: Request, *errors: type[FedtextError], limits: ExchangeLimits = LIMITS
) -> None:
    """Send one request, and insist on one of these errors.

    Raises:
        AssertionError: It was answered, or failed otherwise.
    """
    expected = " or ".join(error.__name__ for error in errors)
    try:
        response = await transport.send(request, limits)
    except errors:
        return
    except Exception as error:
        raise AssertionError(f"{request.url}: expected {expected}, got {error!r}") from error
    raise AssertionError(f"{request.url}: expected {expected}, got {response!r}")


TransportCase: TypeAlias = Callable[[TransportRig], Coroutine[Any, Any, None]]

TRANSPORT_CASES: list[TransportCase] = []


def run_transport_case(case: TransportCase, make: MakeTransport, colour: Colour) -> None:
    """Run one case on new transports and close them.

    Args:
        case: Of `TRANSPORT_CASES`.
        make: Is given a policy that names `HOST`, or None for a strict transport, and the bounds of an answer's head.
        colour: BLOCKING drives it without a loop: a transport that suspends fails.

    Raises:
        AssertionError: The transport does not do what the port says.
    """
    dev = DevPolicy.allow_loopback(hosts=(HOST,), resolver={HOST: "127.0.0.1"})
    limits = Limits(header_bytes_max=4_096, header_count_max=20)

    async def run() -> None:
        rig = TransportRig(transport=make(dev=dev, limits=limits), strict=make(dev=None, limits=limits))
        try:
            await case(rig)
        finally:
            await rig.transport.close()
            await rig.strict.close()

    if colour is Colour.BLOCKING:
        run_sync(run(), what=case_name(case))
    else:
        asyncio.run(run())


def _case(case: TransportCase) -> TransportCase:
    TRANSPORT_CASES.append(case)
    return case


def _says(*pieces: bytes) -> Answer:
    return lambda _request: pieces


def _answer(*fields: bytes, body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    head = b"\r\n".join([b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)])
    return head + b"\r\n\r\n" + body


# --- what goes out -------------------------------------------------------------------------------------------------


@_case
async def _request_goes_out_as_it_is(rig: TransportRig) -> None:
    with rig.peer(OK) as server:
        fields = [("Date", "now"), ("User-Agent", "blog/1.0"), ("Digest", "d")]
        await rig.send(server.url("/in%62ox?x=%2F"), method="POST", headers=fields, body=b"{}\n")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        expect(body, b"{}\n", "the body, byte for byte")
        first, *lines = head.split(b"\r\n")
        expect(first, b"POST /in%62ox?x=%2F HTTP/1.1", "the target, byte for byte")
        sent = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip() for line in lines}
        expect(sent[b"host"], b"%s:%d" % (HOST.encode(), server.port), "Host")
        expect([sent[b"date"], sent[b"user-agent"], sent[b"digest"]], [b"now", b"blog/1.0", b"d"], "the fields")
        expect(sent[b"content-length"], b"3", "Content-Length")
        expect(sent.get(b"accept-encoding"), b"gzip", "Accept-Encoding")


@_case
async def _request_gets_no_field_that_changes_its_meaning(rig: TransportRig) -> None:
    with rig.peer(OK) as server:
        await rig.send(server.url())
        names = {line.partition(b":")[0].lower() for line in server.requests[0].split(b"\r\n")[1:] if line}
        expect(names <= {b"host", b"accept-encoding", b"connection"}, True, f"only these fields: {sorted(names)}")


@_case
async def _request_that_cannot_be_written_is_not_sent(rig: TransportRig) -> None:
    with rig.peer(OK) as server:
        for pair in (("x", "a\r\nb: c"), ("x", "\x00"), ("x\n", "y")):
            await rig.expect_error(server.url(), LocalProtocolError, headers=[pair])
        expect(server.requests, [], "requests")


# --- what comes in -------------------------------------------------------------------------------------------------


@_case
async def _answer_comes_back_as_it_is(rig: TransportRig) -> None:
    wire = _answer(b"X-A: 1", b"x-a: 2", b"Content-Type: text/plain", body=b"\x00\xffz", status=b"418 Teapot")
    with rig.peer(wire) as server:
        response = await rig.send(server.url("/x"))
        expect((response.status, response.body, response.url), (418, b"\x00\xffz", server.url("/x")), "the answer")
        expect(response.headers.get_all("x-a"), ["1", "2"], "fields that repeat")


@_case
async def _answer_is_read_whole_and_byte_by_byte(rig: TransportRig) -> None:
    packed = gzip.compress(b"abc")
    for wire, body in (
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok"),
        (_answer(b"Content-Encoding: gzip", body=packed), b"abc"),
    ):
        with rig.peer(wire) as whole, rig.peer(_says(*[bytes([byte]) for byte in wire])) as split:
            for server in (whole, split):
                expect((await rig.send(server.url())).body, body, "the body")


@_case
async def _answer_may_end_with_the_connection(rig: TransportRig) -> None:
    with rig.peer(lambda _request: [b"HTTP/1.0 200 OK\r\n\r\nab", b"cd", b""]) as server:
        expect((await rig.send(server.url())).body, b"abcd", "the body")


@_case
async def _answer_to_head_has_no_body(rig: TransportRig) -> None:
    with rig.peer(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n") as server:
        for _ in range(2):
            expect((await rig.send(server.url(), method="HEAD")).body, b"", "the body")


@_case
async def _answer_that_breaks_off_is_none(rig: TransportRig) -> None:
    for wire in (b"\x16\x03\x01", b"SSH-2.0-x\r\n", *[OK[:cut] for cut in range(1, len(OK), 5)]):
        with rig.peer(_says(wire, b"")) as server:
            await rig.expect_error(server.url(), Unreachable)


@_case
async def _redirect_is_returned_and_not_followed(rig: TransportRig) -> None:
    for status in (301, 302, 303, 307, 308):
        with rig.peer(_answer(b"Location: /elsewhere", status=b"%d Go" % status)) as server:
            response = await rig.send(server.url())
            expect((response.status, response.headers.get("location")), (status, "/elsewhere"), "the answer")
            expect(len(server.requests), 1, "requests")


@_case
async def _cookies_are_not_kept(rig: TransportRig) -> None:
    with rig.peer(_answer(b"Set-Cookie: id=1; Path=/")) as server:
        for _ in range(2):
            await rig.send(server.url())
        expect([b"cookie" in request.lower() for request in server.requests], [False, False], "cookies sent back")


# --- limits --------------------------------------------------------------------------------------------------------


@_case
async def _body_is_limited_to_the_byte(rig: TransportRig) -> None:
    for size in (BODY_BYTES_MAX, BODY_BYTES_MAX + 1):
        body = bytes(size)
        for wire in (
            _answer(body=body),
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (size, body),
            _answer(b"Content-Encoding: gzip", body=gzip.compress(body)),
        ):
            with rig.peer(wire) as server:
                if size <= BODY_BYTES_MAX:
                    expect((await rig.send(server.url())).body, body, "the body at the limit")
                else:
                    await rig.expect_error(server.url(), BodyTooLarge)


@_case
async def _body_without_end_is_left(rig: TransportRig) -> None:
    def endless(_request: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.0 200 OK\r\n\r\n"
        for _ in range(1_000):
            yield bytes(65_536)
        raise AssertionError("64 MB were read")

    with rig.peer(endless) as server:
        await rig.expect_error(server.url(), BodyTooLarge)


@_case
async def _body_in_other_codings_is_refused(rig: TransportRig) -> None:
    for coding in (b"br", b"zstd", b"deflate", b"gzip, gzip"):
        with rig.peer(_answer(b"Content-Encoding: " + coding, body=b"ok")) as server:
            await rig.expect_error(server.url(), WrongMediaType)
    with rig.peer(_answer(b"Content-Encoding: gzip", body=gzip.compress(b"ok") + b"x")) as server:
        await rig.expect_error(server.url(), WrongMediaType)


@_case
async def _head_is_limited(rig: TransportRig) -> None:
    for fields in ([b"a: b"] * 20, [b"x: " + b"y" * 8_000], [b"x: " + b"y" * 1_000_000]):
        with rig.peer(_answer(*fields)) as server:
            await rig.expect_error(server.url(), BodyTooLarge, Unreachable)
    with rig.peer(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100 + OK) as server:
        await rig.expect_error(server.url(), BodyTooLarge, Unreachable)


@_case
async def _deadline_is_for_the_whole_exchange(rig: TransportRig) -> None:
    hurried = ExchangeLimits(body_bytes_max=BODY_BYTES_MAX, connect_s_max=HURRIED_S, exchange_s_max=HURRIED_S)

    def drip(_request: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"
        for _ in range(30):
            yield b"x"
            time.sleep(HURRIED_S / 6)
        yield b""

    def silent(_request: bytes) -> Iterator[bytes]:
        time.sleep(HURRIED_S * 5)
        yield b""

    for answer in (drip, silent):
        with rig.peer(answer) as server:
            await rig.expect_error(server.url(), FetchTimeout, limits=hurried)


# --- addresses -----------------------------------------------------------------------------------------------------


@_case
async def _address_that_is_not_public_is_not_reached(rig: TransportRig) -> None:
    with rig.peer(OK) as server:
        port = server.port
        for url in (
            f"https://127.0.0.1:{port}/",
            f"https://localhost:{port}/",
            f"https://[::1]:{port}/",
            f"http://{HOST}:{port}/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://intranet/",
        ):
            await expect_error_of(rig.strict, Request.to(url), FetchRefused)
        expect(server.connections, [], "connections")


@_case
async def _address_that_is_ambiguous_is_not_reached(rig: TransportRig) -> None:
    with rig.peer(OK) as server:
        for authority in (f"x@{HOST}:{server.port}", f"{HOST}:{server.port}\\@evil.example", f"{HOST}:0", ""):
            request = Request(method="GET", scheme="http", authority=authority, target="/")
            await expect_error_of(rig.transport, request, FetchRefused)
        expect(server.connections, [], "connections")


@_case
async def _nobody_listens(rig: TransportRig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    await rig.expect_error(f"http://{HOST}:{port}/", Unreachable)


# --- connections ---------------------------------------------------------------------------------------------------


@_case
async def _what_follows_an_answer_is_not_the_next_one(rig: TransportRig) -> None:
    extra = _answer(body=b"evil")
    with rig.peer(lambda _request: [OK + (extra if len(server.requests) == 1 else b"")]) as server:
        expect([(await rig.send(server.url())).body for _ in range(2)], [b"ok", b"ok"], "the answers")


@_case
async def _idle_connection_that_was_hung_up_is_replaced(rig: TransportRig) -> None:
    with rig.peer(lambda _request: [b""] if len(server.requests) == 2 else [OK]) as server:
        for _ in range(2):
            expect((await rig.send(server.url(), method="POST", body=b"x")).body, b"ok", "the answer")


@_case
async def _closed_transport_opens_anew(rig: TransportRig) -> None:
    with rig.peer(OK) as server:
        for _ in range(2):
            expect((await rig.send(server.url())).body, b"ok", "the answer")
            await rig.transport.close()
