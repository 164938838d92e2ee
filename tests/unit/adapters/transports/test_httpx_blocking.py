"""The blocking backend below HTTP; exchanges are tested over sockets in tests/adapters and tests/security."""

from __future__ import annotations

import socket

import httpcore
import pytest

from fedtext.adapters.transports.connecting import Resolver
from fedtext.adapters.transports.guard import AddressGuard
from fedtext.adapters.transports.httpx_blocking import BlockingGuardedBackend, BlockingHttpxTransport
from fedtext.adapters.transports.stacks import load_stack
from fedtext.config import DevPolicy
from fedtext.errors import ConfigurationError, FetchRefused, FetchTimeout
from fedtext.sync import run_sync

LOOPBACK = AddressGuard(DevPolicy.allow_loopback(hosts=("alice.example",)))


def backend(address: str, guard: AddressGuard = LOOPBACK) -> BlockingGuardedBackend:
    return BlockingGuardedBackend(guard, Resolver({"alice.example": address}), load_stack("httpx"))


def test_it_connects_to_the_checked_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        stream = backend("127.0.0.1").connect_tcp("alice.example", address[1], timeout=2)
        assert stream.get_extra_info("server_addr") == address
        stream.close()


@pytest.mark.parametrize(("guard", "address"), [(LOOPBACK, "10.0.0.1"), (AddressGuard(), "127.0.0.1")])
def test_it_refuses_before_it_connects(guard: AddressGuard, address: str) -> None:
    with pytest.raises(FetchRefused):
        backend(address, guard).connect_tcp("alice.example", 443, timeout=2)


def test_it_works_below_a_pool_of_httpcore_too() -> None:
    with httpcore.ConnectionPool(network_backend=backend("10.0.0.1")) as pool, pytest.raises(FetchRefused):
        pool.request("GET", "https://alice.example/")


def test_no_time_to_connect_is_a_timeout() -> None:
    with pytest.raises(FetchTimeout):
        backend("127.0.0.1").connect_tcp("alice.example", 443, timeout=-1)


def test_unix_sockets_are_refused() -> None:
    with pytest.raises(FetchRefused):
        backend("127.0.0.1").connect_unix_socket("/run/docker.sock")


def test_bad_wiring_is_told_at_once_and_closing_what_was_never_opened_is_fine() -> None:
    with pytest.raises(ConfigurationError):
        BlockingHttpxTransport(dev=DevPolicy.allow_loopback(ca_file="/nonexistent.pem"))
    run_sync(BlockingHttpxTransport().close())
