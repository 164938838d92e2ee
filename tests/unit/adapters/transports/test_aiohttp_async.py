"""The fast transport below HTTP; exchanges are tested over sockets in tests/adapters and tests/security."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import aiohttp
import pytest

from fedtext.adapters.transports.aiohttp_async import (
    _JOINED_BYTES_MAX,
    AiohttpTransport,
    _Connection,
    _head_of,
)
from fedtext.config import DevPolicy
from fedtext.errors import ConfigurationError, Unreachable
from fedtext.http import Request
from fedtext.ports.transport import ExchangeLimits

LIMITS = ExchangeLimits(body_bytes_max=1000, connect_s_max=2, exchange_s_max=5)


@pytest.mark.parametrize("target", ["/", "/in%62ox?x=%2F", "/a?", "/a?b=c+d&e", "/%E2%82%AC?q='", "//x"])
def test_a_target_is_not_written_anew(target: str) -> None:
    head = _head_of(Request.to(f"https://social.example{target}", method="POST"), [("host", "social.example")])
    assert head == f"POST {target} HTTP/1.1\r\nhost: social.example\r\n\r\n".encode()


def test_values_are_latin_1() -> None:
    assert b"\r\nuser-agent: \xe9\r\n\r\n" in _head_of(Request.to("https://a.example/"), [("user-agent", "\xe9")])


async def test_a_connection_that_is_lost_takes_nothing() -> None:
    with pytest.raises(aiohttp.ServerDisconnectedError):
        _Connection(asyncio.get_running_loop()).write(b"GET / HTTP/1.1\r\n\r\n", b"")


@pytest.fixture
def peer() -> Iterator[tuple[AiohttpTransport, socket.socket, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dev = DevPolicy.allow_loopback(hosts=("alice.example",), resolver={"alice.example": "127.0.0.1"})
        yield AiohttpTransport(dev=dev), listener, f"http://alice.example:{listener.getsockname()[1]}/"


async def test_a_body_is_written_whole_whatever_its_size(peer: tuple[AiohttpTransport, socket.socket, str]) -> None:
    transport, listener, url = peer
    for size_bytes in (0, _JOINED_BYTES_MAX, _JOINED_BYTES_MAX + 1, 4_000_000):
        request = Request.to(url, method="POST", body=(b"\x00\xffx" * size_bytes)[:size_bytes])
        sending = asyncio.ensure_future(transport.send(request, LIMITS))
        arrived = await asyncio.to_thread(_taken, listener, len(request.body))
        assert (await sending).status == 200
        assert arrived == request.body
        await transport.close()


def _taken(listener: socket.socket, size_bytes: int) -> bytes:
    """Take one request, answer it when all is there, and give its body."""
    connection, _ = listener.accept()
    with connection:
        head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
        assert f"content-length: {size_bytes}".encode() in head
        while len(body) < size_bytes:
            body += connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return body


async def test_a_connection_is_not_used_again_while_a_request_is_being_written(
    peer: tuple[AiohttpTransport, socket.socket, str],
) -> None:
    """The peer has refused before it took the whole body; the rest of that would be taken for the next request."""
    transport, listener, url = peer
    sending = asyncio.ensure_future(transport.send(Request.to(url, method="POST", body=b"x" * 8_000_000), LIMITS))
    connection, _ = await asyncio.to_thread(listener.accept)
    with connection:
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        assert (await sending).status == 413
        assert not len(transport._kept.here().idle)
    await transport.close()


@pytest.mark.parametrize("answer", [b"\x00\x01", b"HTTP/1.1 abc", b"HTTP/1.1 200 OK\r\nContent-Length: x"])
async def test_an_answer_that_is_no_http_is_an_error_of_ours(
    peer: tuple[AiohttpTransport, socket.socket, str], answer: bytes
) -> None:
    transport, listener, url = peer
    sending = asyncio.ensure_future(transport.send(Request.to(url), LIMITS))
    connection, _ = await asyncio.to_thread(listener.accept)
    with connection:
        await asyncio.to_thread(connection.recv, 65_536)
        connection.sendall(answer + b"\r\n\r\n")
        with pytest.raises(Unreachable):
            await sending
    await transport.close()


async def test_what_comes_while_a_connection_lies_idle_ends_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dev = DevPolicy.allow_loopback(hosts=("alice.example",), resolver={"alice.example": "127.0.0.1"})
        transport = AiohttpTransport(dev=dev)
        url = f"http://alice.example:{listener.getsockname()[1]}/"
        sending = asyncio.ensure_future(transport.send(Request.to(url), LIMITS))
        peer, _ = await asyncio.to_thread(listener.accept)
        with peer:
            await asyncio.to_thread(peer.recv, 65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert (await sending).status == 200
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await asyncio.sleep(0.05)
            shelf = transport._kept.here().idle
            left = shelf.clear()[0]
            assert not left.is_connected()
            left.hang_up()
        await transport.close()


async def test_bad_wiring_is_told_at_once_and_closing_what_was_never_opened_is_fine() -> None:
    with pytest.raises(ConfigurationError):
        AiohttpTransport(dev=DevPolicy.allow_loopback(ca_file="/nonexistent.pem"))
    await AiohttpTransport().close()
