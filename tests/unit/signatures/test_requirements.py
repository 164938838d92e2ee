"""What is asked of every signature: host and time (SEC-010, SEC-012, SEC-044, SEC-045)."""

from __future__ import annotations

import pytest

from fedtext.config import SignaturePolicy
from fedtext.errors import HostRefused, SignatureExpired, SignatureMalformed
from fedtext.http import Headers, Request
from fedtext.signatures.requirements import check_host, check_window, needs_digest, single

NOW_S = 1_790_000_000
POLICY = SignaturePolicy()


def request(
    *fields: tuple[str, str], authority: str = "b.example", target: str = "/", scheme: str = "https"
) -> Request:
    return Request(method="GET", scheme=scheme, authority=authority, target=target, headers=Headers(fields))


@pytest.mark.parametrize(
    ("method", "body", "needed"),
    [
        ("GET", b"", False),
        ("HEAD", b"", False),
        ("GET", b"x", True),
        ("POST", b"", True),
        ("DELETE", b"", True),
        ("get", b"", True),
    ],
)
def test_sec_051_what_needs_a_digest(method: str, body: bytes, needed: bool) -> None:
    message = Request(method=method, scheme="https", authority="b.example", target="/", body=body)
    assert needs_digest(message) is needed


def test_sec_012_a_header_stands_once() -> None:
    assert single(request(), "host") is None
    assert single(request(("host", " x ")), "host") == "x"
    with pytest.raises(SignatureMalformed):
        single(request(("host", "x"), ("host", "x")), "host")


@pytest.mark.parametrize(
    "message",
    [
        request(),
        request(("host", "b.example")),
        request(("host", "B.Example"), authority="b.EXAMPLE"),
        request(authority="b.example:443"),
        request(authority="b.example:80", scheme="http"),
    ],
)
def test_sig_14_our_own_host(message: Request) -> None:
    check_host(message, {"b.example"})


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (request(authority="c.example"), HostRefused),
        (request(authority="b.example:80"), HostRefused),
        (request(target="https://c.example/"), HostRefused),
        (request(("host", "c.example")), SignatureMalformed),
        (request(("host", "")), SignatureMalformed),
        (request(("host", "b.example"), ("host", "b.example")), SignatureMalformed),
    ],
)
def test_sec_010_any_other_host(message: Request, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_host(message, {"b.example"})


def window(signed_s: int, *, created_s: int | None = None, expires_s: int | None = None) -> None:
    check_window((signed_s,), created_s=created_s, expires_s=expires_s, now_s=NOW_S, policy=POLICY)


@pytest.mark.spec("SIG-11", "CAV-02")
def test_sec_045_the_window_ends_at_both_limits() -> None:
    for signed_s in (NOW_S - POLICY.past_s_max, NOW_S, NOW_S + POLICY.future_s_max):
        window(signed_s)
    for signed_s in (NOW_S - POLICY.past_s_max - 1, NOW_S + POLICY.future_s_max + 1, 0, -1, 10**14):
        with pytest.raises(SignatureExpired):
            window(signed_s)


def test_sec_044_sec_058_times_that_are_not_signed_count_too() -> None:
    window(NOW_S, created_s=NOW_S + POLICY.future_s_max, expires_s=NOW_S)
    with pytest.raises(SignatureExpired):
        window(NOW_S, created_s=NOW_S + POLICY.future_s_max + 1)
    with pytest.raises(SignatureExpired):
        window(NOW_S, expires_s=NOW_S - 1)


def test_a_value_loses_spaces_and_tabs_around_it_and_nothing_else() -> None:
    for value, expected in ((" Xa\t", "Xa"), ("\x0ca", "\x0ca"), ("aX", "aX")):
        request = Request.to("https://b.example/").with_headers(Headers((("x-a", value),)))
        assert single(request, "x-a") == expected
