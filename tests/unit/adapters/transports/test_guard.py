"""The address guard as a table: which URLs and which answers of DNS pass."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from fedtext.adapters.transports import guard as guard_module
from fedtext.adapters.transports.guard import AddressGuard, literal_address, port_of
from fedtext.config import DevPolicy
from fedtext.errors import FetchRefused

STRICT = AddressGuard()
LOOPBACK = AddressGuard(DevPolicy.allow_loopback(hosts=("localhost", "127.0.0.1", "::1", "alice.example")))

SEC_092_HOSTS = [
    "127.0.0.1",
    "8.8.8.8",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "0",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "[::1]",
    "[2606:4700::1111]",
    "localhost",
    "localhost.",
    "a.localhost",
    "printer.local",
    "db.internal",
    "metadata.google.internal",
    "router.home.arpa",
    "hidden.onion",
    "hidden.I2P",
    "a.test",
    "a.invalid.",
    "host.localdomain",
    "intranet",
    "LOCALHOST",
]

SEC_099_URLS = [
    "https://user:pw@a.example/",
    "https://a.example:443@evil.example/",
    "https://a.example\\@127.0.0.1/",
    "https://127.0.0.1\\.a.example/",
    "https://a.example%2f@b.example/",
    "https:/x",
    "https:///x",
    "https://a.example/\tx",
    "https://a.example/x\r\ny: z",
    "https://a.exam ple/",
    "https://a.example\n/",
    "https://ex%61mple.com/",
    "https://a.example:0/",
    "https://a.example:65536/",
    "https://a.example:0443/",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/",
    "https://a..b.example/",
    "https://a_b.example/",
    "",
    "a.example",
    "//a.example/",
]


@pytest.mark.spec("INB-27", "AP-S19")
@pytest.mark.parametrize("host", SEC_092_HOSTS)
def test_sec_092_refuses_literals_and_private_names_before_dns(host: str) -> None:
    with pytest.raises(FetchRefused):
        STRICT.admit_url(f"https://{host}/users/a")


@pytest.mark.parametrize("url", SEC_099_URLS)
def test_sec_099_refuses_urls_that_parsers_read_differently(url: str) -> None:
    with pytest.raises(FetchRefused):
        STRICT.admit_url(url)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What httpx said of a URL before, and what it is made to say here, is not remembered."""
    guard_module._as_httpx_reads.cache_clear()
    yield
    guard_module._as_httpx_reads.cache_clear()


@pytest.mark.parametrize("other", ["https://127.0.0.1/", "https://social.example:444/", "http://social.example/"])
def test_sec_099_refuses_what_httpx_reads_as_another_place(
    monkeypatch: pytest.MonkeyPatch, forgotten: None, other: str
) -> None:
    theirs = httpx.URL(other)
    monkeypatch.setattr(guard_module.httpx, "URL", lambda _text: theirs)
    with pytest.raises(FetchRefused):
        STRICT.admit_url("https://social.example/")


def test_sec_099_refuses_what_httpx_cannot_read(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> None:
    def refuse(_text: str) -> httpx.URL:
        raise httpx.InvalidURL("no")

    monkeypatch.setattr(guard_module.httpx, "URL", refuse)
    with pytest.raises(FetchRefused):
        STRICT.admit_url("https://social.example/")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://social.example/users/a?page=1", "social.example"),
        ("https://SOCIAL.example:443/", "social.example"),
        ("https://localhost.social.example/", "localhost.social.example"),
        ("https://notlocal.example/", "notlocal.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ],
)
def test_public_urls_pass(url: str, host: str) -> None:
    admitted = STRICT.admit_url(url)
    assert (admitted.host, port_of(admitted)) == (host, 443)


@pytest.mark.spec("INB-27", "AP-S19")
@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "data:,x"])
@pytest.mark.parametrize("guard", [STRICT, LOOPBACK])
def test_sec_096_refuses_other_schemes(guard: AddressGuard, url: str) -> None:
    with pytest.raises(FetchRefused):
        guard.admit_url(url)


@pytest.mark.parametrize(
    ("guard", "url", "passes"),
    [
        (STRICT, "http://social.example/", False),
        (LOOPBACK, "http://alice.example:8000/", True),
        (LOOPBACK, "http://localhost/", True),
        # The exception is for the hosts that are named, not for everybody while developing.
        (LOOPBACK, "http://social.example/", False),
        (AddressGuard(DevPolicy(hosts=("alice.example",))), "http://alice.example/", False),
        (AddressGuard(DevPolicy.allow_loopback(hosts=("*",))), "http://social.example/", True),
    ],
)
def test_http_needs_an_exception(guard: AddressGuard, url: str, passes: bool) -> None:
    _expect(guard, url, passes=passes)


@pytest.mark.parametrize(
    ("guard", "url", "passes"),
    [(STRICT, f"https://social.example:{port}/", False) for port in (22, 25, 80, 6379, 8080, 8443, 11211)]
    + [
        (AddressGuard(ports=(443, 8443)), "https://social.example:8443/", True),
        (AddressGuard(ports=(8443,)), "https://social.example/", False),
        (LOOPBACK, "https://alice.example:8443/", True),
        (LOOPBACK, "https://social.example:8443/", False),
        (AddressGuard(DevPolicy.allow_loopback(ports=(8000,))), "http://localhost:8000/", True),
        (AddressGuard(DevPolicy.allow_loopback(ports=(8000,))), "http://localhost:8001/", False),
        (AddressGuard(DevPolicy.allow_loopback(ports=(8000,))), "https://localhost/", True),
    ],
)
def test_sec_100_ports(guard: AddressGuard, url: str, passes: bool) -> None:
    _expect(guard, url, passes=passes)


@pytest.mark.parametrize(
    ("host", "passes"),
    [("127.0.0.1", True), ("[::1]", True), ("127.0.0.2", False), ("localhost", True), ("localhost.", False)],
)
def test_only_the_literals_and_names_that_are_named_are_excepted(host: str, passes: bool) -> None:
    _expect(LOOPBACK, f"https://{host}/", passes=passes)


def test_a_fragment_is_no_part_of_a_request() -> None:
    with pytest.raises(FetchRefused):
        STRICT.admit_url("https://social.example/users/a#main-key")


@pytest.mark.spec("INB-27", "AP-S19")
@pytest.mark.parametrize(
    ("guard", "host", "addresses", "admitted"),
    [
        (STRICT, "a.example", ["8.8.8.8", "2606:4700::1111"], ["8.8.8.8", "2606:4700::1111"]),
        (STRICT, "a.example", ["64:ff9b::808:808"], ["64:ff9b::808:808"]),
        (STRICT, "a.example", ["8.8.8.8", "8.8.4.4", "8.8.8.8"], ["8.8.8.8", "8.8.4.4"]),
        (STRICT, "a.example", ["127.0.0.1"], None),
        (STRICT, "a.example", ["8.8.8.8", "10.0.0.1"], None),
        (STRICT, "a.example", ["8.8.8.8", "fd00::1"], None),
        (STRICT, "a.example", ["fe80::1%eth0"], None),
        (STRICT, "a.example", ["not an address"], None),
        (STRICT, "a.example", [], None),
        (LOOPBACK, "alice.example", ["127.0.0.1"], ["127.0.0.1"]),
        (LOOPBACK, "alice.example", ["127.0.0.1", "8.8.8.8"], ["127.0.0.1", "8.8.8.8"]),
        # Nothing private but loopback, and that only for the hosts that are named.
        (LOOPBACK, "alice.example", ["10.0.0.1"], None),
        (LOOPBACK, "alice.example", ["169.254.169.254"], None),
        (LOOPBACK, "social.example", ["127.0.0.1"], None),
    ],
)
def test_sec_093_and_095_every_answer_must_pass(
    guard: AddressGuard, host: str, addresses: list[str], admitted: list[str] | None
) -> None:
    if admitted is None:
        with pytest.raises(FetchRefused):
            guard.admit_addresses(host, addresses)
    else:
        assert guard.admit_addresses(host, addresses) == admitted


@pytest.mark.parametrize("address", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "::1"])
def test_a_refusal_tells_the_peer_nothing_of_the_address(address: str) -> None:
    with pytest.raises(FetchRefused) as refusal:
        STRICT.admit_addresses("a.example", [address])
    assert address not in refusal.value.public_detail


@pytest.mark.parametrize(("count", "passes"), [(16, True), (17, False), (1000, False)])
def test_sec_095_bounds_the_number_of_answers(count: int, passes: bool) -> None:
    addresses = [f"8.8.{number // 250}.{number % 250 + 1}" for number in range(count)]
    if passes:
        assert STRICT.admit_addresses("a.example", addresses) == addresses
    else:
        with pytest.raises(FetchRefused):
            STRICT.admit_addresses("a.example", addresses)


@pytest.mark.parametrize(
    ("host", "address"),
    [("[::1]", "::1"), ("::1", "::1"), ("127.0.0.1", "127.0.0.1"), ("a.example", None), ("127.1", None)],
)
def test_literals_are_known_as_such(host: str, address: str | None) -> None:
    assert literal_address(host) == address


def _expect(guard: AddressGuard, url: str, *, passes: bool) -> None:
    if passes:
        guard.admit_url(url)
    else:
        with pytest.raises(FetchRefused):
            guard.admit_url(url)
