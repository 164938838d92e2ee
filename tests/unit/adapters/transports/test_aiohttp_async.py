"""The fast transport below HTTP; exchanges are tested over sockets in tests/adapters and tests/security."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from fedtext.adapters.transports.aiohttp_async import AiohttpTransport, _address_of, _Connection, _OneConnection
from fedtext.adapters.transports.reading import LIMITS as LIMITS_OF_HEADS
from fedtext.adapters.transports.reading import Meter
from fedtext.config import DevPolicy
from fedtext.errors import ConfigurationError
from fedtext.http import Request
from fedtext.ports.transport import ExchangeLimits
from fedtext.wire.iri import parse_url

LIMITS = ExchangeLimits(body_bytes_max=1000, connect_s_max=2, exchange_s_max=5)


@pytest.mark.parametrize("target", ["/", "/in%62ox?x=%2F", "/a?", "/a?b=c+d&e", "/%E2%82%AC?q='", "//x"])
def test_a_target_is_not_written_anew(target: str) -> None:
    assert _address_of(parse_url(f"https://social.example{target}")).raw_path_qs == target


async def test_aiohttp_gets_one_connection_and_no_second() -> None:
    """Each exchange gets it once; while it lies idle nobody does."""
    connection = _Connection(asyncio.get_running_loop())
    connector = _OneConnection(connection)
    request = aiohttp.ClientRequest("GET", _address_of(parse_url("https://a.example/")), loop=connection._loop)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await connector.connect(request, [], None)
    for _ in range(2):
        connection.meter = Meter.of(LIMITS_OF_HEADS, LIMITS, deadline_s=1.0)
        handed = await connector.connect(request, [], None)
        assert handed.protocol is connection
        handed.close()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await connector.connect(request, [], None)


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
            shelf = next(iter(transport._idle._shelves.values()))
            left = shelf.clear()[0]
            assert not left.is_connected()
            left.hang_up()
        await transport.close()


async def test_bad_wiring_is_told_at_once_and_closing_what_was_never_opened_is_fine() -> None:
    with pytest.raises(ConfigurationError):
        AiohttpTransport(dev=DevPolicy.allow_loopback(ca_file="/nonexistent.pem"))
    await AiohttpTransport().close()
