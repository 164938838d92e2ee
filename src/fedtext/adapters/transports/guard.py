"""Which addresses may be reached: pure decisions, made before DNS and again on every answer of DNS.

Invariants: a URL passes only if our parser and the one that connects agree on its host; a name passes only if every
one of its addresses does; an exception of a `DevPolicy` holds for the hosts named in it and opens loopback alone.

Example:
    >>> AddressGuard().admit_url("https://social.example/users/a").host
    'social.example'
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable

import attrs
import httpx

from ...config import DevPolicy
from ...errors import FetchRefused, MalformedIri
from ...wire.ip_addresses import is_loopback, is_public
from ...wire.iri import Url, parse_url

# Names that never lead to the public network: RFC 6761 sections 6.2 to 6.4 (test, localhost, invalid), RFC 6762
# (local), RFC 7686 (onion), I2P's own (INB-27), RFC 8375 (home.arpa), ICANN's reserved internal (2024), and localdomain
# from old resolver set-ups. `.example` is left to DNS, which has no answer for it.
PRIVATE_SUFFIXES = ("localhost", "local", "internal", "localdomain", "home.arpa", "onion", "i2p", "test", "invalid")

# At most 2 kB each (`Limits.iri_chars_max`).
_URLS_READ_MAX = 1_024

_DEFAULT_PORTS = {"https": 443, "http": 80}


@attrs.frozen
class AddressGuard:
    """Decides on URLs and addresses.

    Args:
        dev: Exceptions for development; None for none.
        ports: Ports that may be connected to.
        addresses_max: More answers than this for one name are refused.
    """

    dev: DevPolicy | None = None
    ports: tuple[int, ...] = (443,)
    addresses_max: int = 16

    def admit_url(self, url: str) -> Url:
        """Parse a URL and let it through if it may be fetched.

        Raises:
            FetchRefused: Ambiguous or malformed, another scheme or port, an address literal, or a name that is not
                a public one.

        Sources:
            SEC-092, SEC-099, SEC-100.
        """
        try:
            parsed = parse_url(url)
        except MalformedIri as error:
            raise FetchRefused("the URL is not one that all parsers read alike", url=url) from error
        if parsed.fragment is not None:
            raise FetchRefused("a fragment is not part of a request", url=url)
        excepted = self.is_excepted(parsed.host)
        self._check_scheme(parsed, excepted)
        self._check_port(parsed, excepted)
        if not excepted:
            _check_name(parsed.host)
        _check_same_host(parsed)
        return parsed

    def admit_addresses(self, host: str, addresses: Iterable[str]) -> list[str]:
        """Let the addresses of a host through if every one of them may be connected to.

        Args:
            host: As in the URL.
            addresses: All answers, as text of addresses.

        Returns:
            The same addresses in their order, without repetitions.

        Raises:
            FetchRefused: None, too many, or one among them is not public.

        Sources:
            SEC-093, SEC-094, SEC-095.
        """
        distinct = list(dict.fromkeys(addresses))
        if not distinct:
            raise FetchRefused("the host has no address", host=host)
        if len(distinct) > self.addresses_max:
            raise FetchRefused("the host has too many addresses", host=host, count=len(distinct))
        excepted = self.is_excepted(host)
        for address in distinct:
            # Threat: one private answer among public ones; the connection would choose. All or nothing.
            if not is_public(address) and not (excepted and is_loopback(address)):
                raise FetchRefused("an address of the host is not public", host=host, address=address)
        return distinct

    def is_excepted(self, host: str) -> bool:
        """Tell whether the development policy names this host (exactly, or all hosts by "*")."""
        return self.dev is not None and ("*" in self.dev.hosts or host.strip("[]") in self.dev.hosts)

    def _check_scheme(self, url: Url, excepted: bool) -> None:
        if url.scheme == "https":
            return
        if not (excepted and self.dev is not None and url.scheme in self.dev.schemes):
            raise FetchRefused("only https is fetched", url=str(url))

    def _check_port(self, url: Url, excepted: bool) -> None:
        port = port_of(url)
        if port in self.ports:
            return
        if not (excepted and self.dev is not None and (not self.dev.ports or port in self.dev.ports)):
            raise FetchRefused("this port is not connected to", url=str(url), port=port)


def port_of(url: Url) -> int:
    """Give the port that a URL connects to."""
    return url.port if url.port is not None else _DEFAULT_PORTS[url.scheme]


def literal_address(host: str) -> str | None:
    """Give the address if the host is an address literal (IPv6 with or without brackets), else None."""
    bare = host.strip("[]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return None
    return bare


def _check_name(host: str) -> None:
    if literal_address(host) is not None:
        raise FetchRefused("address literals are not fetched", host=host)
    name = host.removesuffix(".")
    last = name.rpartition(".")[2]
    if "." not in name or last.isdigit():
        raise FetchRefused("the host is not a public name", host=host)
    if any(name == suffix or name.endswith("." + suffix) for suffix in PRIVATE_SUFFIXES):
        raise FetchRefused("the host is not a public name", host=host)


def _check_same_host(url: Url) -> None:
    # Threat: two parsers, two hosts, as in "https://a.example" + backslash + "@127.0.0.1/" (SEC-099). What httpx would
    # connect to must be what we have judged.
    text = str(url)
    if _as_httpx_reads(text) != (url.scheme, url.host.strip("[]"), url.port):
        raise FetchRefused("the URL is not one that all parsers read alike", url=text)


@functools.lru_cache(maxsize=_URLS_READ_MAX)
def _as_httpx_reads(text: str) -> tuple[str, str, int | None] | None:
    """Give scheme, host and port. Kept: the same inboxes are asked for, and this takes as long as all other checks."""
    try:
        url = httpx.URL(text)
        return url.scheme, url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, UnicodeError):
        return None
