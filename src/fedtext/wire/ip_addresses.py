"""Which IP addresses belong to the public network.

Decides on literal addresses only; refuses to know names, resolvers and connections. It is an allow-list: what is
neither public unicast nor listed here as a form of it is not public. (`ipaddress.is_global` answers another question,
calls multicast, 6to4 and IPv4-compatible addresses global, and answers otherwise from one Python to the next.)

Invariants:
    - an IPv4 address inside an IPv6 one (mapped, NAT64) is judged as that IPv4 address;
    - an address with a scope, and everything that is not an address, is not public.

Example:
    >>> is_public("93.184.215.14"), is_public("::ffff:127.0.0.1")
    (True, False)

Sources: IANA special-purpose address registries (RFC 6890); RFC 6052 (64:ff9b::/96); SEC-093.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA IPv4 special-purpose address registry and multicast, pinned by test_sec_093_*.
_SPECIAL_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # former 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Only 2000::/3 is handed out for global unicast; these parts of it are not.
_GLOBAL_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_LOOPBACK_V4 = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6 = IPv6Address("::1")


def parse_address(address: str) -> IPv4Address | IPv6Address | None:
    """Read a literal address.

    Args:
        address: IPv4 in four decimal numbers, or IPv6 without brackets.

    Returns:
        The address; None if it is none or has a scope.
    """
    # Names are asked about far more often than addresses: of these IPv6 has colons, and IPv4 a digit at its end.
    if "%" in address or (":" not in address and not address[-1:].isdigit()):
        return None
    try:
        return ip_address(address)
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Tell whether an address may be connected to on behalf of a stranger.

    Args:
        address: A literal address, as a resolver gives it.

    Returns:
        True for global unicast only.
    """
    parsed = _unmapped(parse_address(address))
    if isinstance(parsed, IPv6Address) and parsed in _NAT64:
        parsed = IPv4Address(int(parsed) & 0xFFFF_FFFF)
    if isinstance(parsed, IPv4Address):
        return not any(parsed in block for block in _SPECIAL_V4)
    return parsed is not None and parsed in _GLOBAL_V6 and not any(parsed in block for block in _SPECIAL_V6)


def is_loopback(address: str) -> bool:
    """Tell whether an address is this machine: 127.0.0.0/8, ::1, or the former written as IPv6."""
    parsed = _unmapped(parse_address(address))
    return parsed in _LOOPBACK_V4 if isinstance(parsed, IPv4Address) else parsed == _LOOPBACK_V6


def _unmapped(parsed: IPv4Address | IPv6Address | None) -> IPv4Address | IPv6Address | None:
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed
