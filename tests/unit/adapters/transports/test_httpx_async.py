"""The suspending backend below HTTP; exchanges are tested over sockets in tests/adapters and tests/security."""

from __future__ import annotations

import socket

import httpcore
import pytest

from fedtext.adapters.transports.connecting import Resolver
from fedtext.adapters.transports.guard import AddressGuard
from fedtext.adapters.transports.httpx_async import AsyncGuardedBackend, AsyncHttpxTransport
from fedtext.adapters.transports.stacks import load_stack
from fedtext.config import DevPolicy
from fedtext.errors import ConfigurationError, FetchRefused, FetchTimeout

LOOPBACK = AddressGuard(DevPolicy.allow_loopback(hosts=("alice.example",)))


def backend(address: str, guard: AddressGuard = LOOPBACK) -> AsyncGuardedBackend:
    return AsyncGuardedBackend(guard, Resolver({"alice.example": address}), load_stack("httpx"))


async def test_it_connects_to_the_checked_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        stream = await backend("127.0.0.1").connect_tcp("alice.example", address[1], timeout=2)
        assert stream.get_extra_info("server_addr") == address
        await stream.aclose()


@pytest.mark.parametrize(("guard", "address"), [(LOOPBACK, "10.0.0.1"), (AddressGuard(), "127.0.0.1")])
async def test_it_refuses_before_it_connects(guard: AddressGuard, address: str) -> None:
    with pytest.raises(FetchRefused):
        await backend(address, guard).connect_tcp("alice.example", 443, timeout=2)


async def test_it_works_below_a_pool_of_httpcore_too() -> None:
    async with httpcore.AsyncConnectionPool(network_backend=backend("10.0.0.1")) as pool:
        with pytest.raises(FetchRefused):
            await pool.request("GET", "https://alice.example/")


async def test_no_time_to_connect_is_a_timeout() -> None:
    with pytest.raises(FetchTimeout):
        await backend("127.0.0.1").connect_tcp("alice.example", 443, timeout=-1)


async def test_unix_sockets_are_refused() -> None:
    with pytest.raises(FetchRefused):
        await backend("127.0.0.1").connect_unix_socket("/run/docker.sock")


async def test_bad_wiring_is_told_at_once_and_closing_what_was_never_opened_is_fine() -> None:
    with pytest.raises(ConfigurationError):
        AsyncHttpxTransport(dev=DevPolicy.allow_loopback(ca_file="/nonexistent.pem"))
    await AsyncHttpxTransport().close()
