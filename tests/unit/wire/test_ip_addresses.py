"""Which addresses are read, public and loopback; the refused ones are in tests/security."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.wire.ip_addresses import is_loopback, is_public, parse_address

# First and last address outside each special block that touches public space.
PUBLIC = [
    "1.0.0.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "8.8.8.8",
    "2000::",
    "2001:200::",
    "2001:db7:ffff::1",
    "2001:db9::",
    "2003::",
    "2606:4700::1111",
    "3ffe:ffff::",
    "3fff:1000::",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"]
NO_ADDRESS = [
    "",
    "a",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4 ",
    "[::1]",
    "::1%lo",
    "fe80::1%1",
    ":::",
    "１.2.3.4",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)
    assert not is_loopback(address)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_addresses(address: str) -> None:
    assert is_loopback(address)
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["128.0.0.1", "126.255.255.255", "::2", "::", "::127.0.0.1", "localhost", "10.0.0.1"]
)
def test_other_addresses_are_not_loopback(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize("text", NO_ADDRESS, ids=repr)
def test_what_is_no_address_is_neither(text: str) -> None:
    assert parse_address(text) is None
    assert not is_public(text)
    assert not is_loopback(text)


def test_addresses_are_read_as_they_are() -> None:
    assert parse_address("192.0.2.1") == IPv4Address("192.0.2.1")
    assert parse_address("::ffff:192.0.2.1") == IPv6Address("::ffff:192.0.2.1")


@given(st.ip_addresses(v=4))
def test_an_address_in_disguise_is_judged_as_itself(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}") == is_public(str(address))
    assert not is_public(f"::{address}")
    assert not is_public(f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1")


@given(st.ip_addresses())
def test_what_the_registry_calls_private_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if ip_address(address).is_private or address.is_multicast or address.is_reserved:
        assert is_public(str(address)) <= (str(address).startswith("64:ff9b::") or str(address).startswith("::ffff:"))
