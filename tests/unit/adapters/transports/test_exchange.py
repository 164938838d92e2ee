"""What goes out, and what a failure below is called."""

from __future__ import annotations

import re
import ssl

import httpcore
import pytest

from fedtext.adapters.transports.exchange import encode_fields
from fedtext.adapters.transports.stacks import load_stack
from fedtext.errors import FedtextError, FetchRefused, FetchTimeout, LocalProtocolError, Unreachable
from fedtext.http import USUAL_NAMES, Headers, Request
from fedtext.wire.iri import parse_url

URL = parse_url("https://social.example/users/a?x=1")
HTTPX = load_stack("httpx")


def encoded(**changes: object) -> tuple[httpcore.Request, dict[bytes, bytes]]:
    request = Request(
        **{"method": "GET", "scheme": "https", "authority": "social.example", "target": "/users/a?x=1"} | changes  # type: ignore[arg-type]
    )
    outgoing = HTTPX.encode(request, URL, encode_fields(request, URL))
    return outgoing, dict(outgoing.headers)


def test_the_target_goes_out_byte_for_byte() -> None:
    outgoing, fields = encoded()
    assert (outgoing.method, outgoing.url.scheme, outgoing.url.host, outgoing.url.port, outgoing.url.target) == (
        b"GET",
        b"https",
        b"social.example",
        443,
        b"/users/a?x=1",
    )
    assert fields == {b"host": b"social.example", b"accept-encoding": b"gzip"}


def test_a_body_has_a_length_and_the_host_comes_first() -> None:
    headers = Headers.build([("Date", "now"), ("Host", "Social.Example"), ("Accept-Encoding", "identity")])
    outgoing, _ = encoded(method="POST", body=b"abc", headers=headers)
    assert outgoing.headers == [
        (b"host", b"Social.Example"),  # as it was signed
        (b"date", b"now"),
        (b"accept-encoding", b"identity"),
        (b"content-length", b"3"),
    ]


def test_an_empty_post_has_a_length_too() -> None:
    assert encoded(method="POST")[1][b"content-length"] == b"0"


@pytest.mark.parametrize(
    "name",
    ["Cookie", "Connection", "Transfer-Encoding", "Content-Length", "Expect", "TE", "Upgrade", "Proxy-Authorization"],
)
def test_fields_of_the_connection_and_cookies_stay_here(name: str) -> None:
    assert name.lower().encode() not in encoded(headers=Headers.build([(name, "x")]))[1]


@pytest.mark.parametrize("name", sorted(USUAL_NAMES))
def test_what_is_not_looked_at_closely_is_a_name_of_a_field(name: str) -> None:
    assert re.fullmatch("[a-z-]+", name)


@pytest.mark.parametrize("hosts", [["other.example"], ["social.example", "social.example"], ["social.example:8443"]])
def test_a_host_header_that_names_another_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(FetchRefused):
        encoded(headers=Headers.build([("Host", host) for host in hosts]))


@pytest.mark.parametrize("target", ["/users/b?x=1", "/users/a", "/users/%61?x=1", "/users/ä?x=1"])
def test_what_was_judged_is_what_is_sent(target: str) -> None:
    with pytest.raises(FetchRefused):
        encoded(target=target)


@pytest.mark.parametrize(
    "pair", [("x", "☃"), ("ø", "x"), ("x", "a\r\nb: c"), ("x", "\x00"), ("x y", "z"), ("", "z"), ("x:", "z")]
)
def test_what_cannot_be_written_is_our_own_fault(pair: tuple[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        encoded(headers=Headers((pair,)))


@pytest.mark.parametrize("method", ["get", "GET /x", "", "CONNECT", "G\r\nX"])
def test_a_method_is_what_it_looks_like(method: str) -> None:
    with pytest.raises(LocalProtocolError):
        encoded(method=method)


def _tls_fault() -> httpcore.ConnectError:
    error = httpcore.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLError("certificate verify failed")
    return error


@pytest.mark.parametrize(
    ("fault", "expected", "permanent"),
    [
        (httpcore.ConnectTimeout(), Unreachable, False),
        (httpcore.ReadTimeout(), FetchTimeout, False),
        (TimeoutError(), FetchTimeout, False),
        (httpcore.ConnectError("refused"), Unreachable, False),
        (httpcore.ReadError(), Unreachable, False),
        (httpcore.RemoteProtocolError("illegal status line"), Unreachable, False),
        (_tls_fault(), Unreachable, False),
        (ssl.SSLError("bad record mac"), Unreachable, False),
        (ConnectionResetError(), Unreachable, False),
        (UnicodeError("label too long"), Unreachable, False),
        (httpcore.LocalProtocolError("illegal header value"), LocalProtocolError, True),
    ],
)
def test_faults_become_errors_of_the_tree(fault: Exception, expected: type[FedtextError], permanent: bool) -> None:
    assert isinstance(fault, HTTPX.faults.any_of_them)
    error = HTTPX.faults.as_error(fault, URL)
    assert (type(error), error.permanent) == (expected, permanent)
    assert error.context["url"] == "https://social.example/users/a?x=1"


@pytest.mark.spec("SEC-118")
@pytest.mark.parametrize(
    ("fault", "connected"),
    [
        (httpcore.ConnectError("refused"), False),
        (_tls_fault(), False),
        (UnicodeError("label too long"), False),
        (httpcore.ReadError(), True),
        (httpcore.WriteError(), True),
        (httpcore.RemoteProtocolError("illegal status line"), True),
    ],
)
def test_sec_118_a_fault_of_a_connection_that_stood_is_not_that_of_its_host(fault: Exception, connected: bool) -> None:
    assert ("during" in HTTPX.faults.as_error(fault, URL).context) is connected
