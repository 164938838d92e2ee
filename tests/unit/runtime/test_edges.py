"""From HTTP as it arrives to a request, and from errors to answers (SEC-001, SEC-012, SEC-014, SEC-169)."""

from __future__ import annotations

import json

import pytest

from fedtext.adapters.observers import RecordingObserver
from fedtext.config import Limits
from fedtext.errors import BodyTimeout, BodyTooLong, LimitExceeded, RequestError
from fedtext.runtime.edges import HostMalformed, TargetMalformed, announced_length, build_request, fault, refusal


def build(*pairs: tuple[str, str], target: str = "/users/a?x=1", limits: Limits | None = None):
    return build_request(method="POST", scheme="https", target=target, pairs=pairs, limits=limits or Limits())


HOST = ("Host", "blog.example")


@pytest.mark.parametrize("host", ["blog.example", "blog.example:8443", "127.0.0.1:80", "[::1]", "[::1]:8080"])
def test_a_plain_host_is_taken_as_it_is(host: str) -> None:
    request = build(("Host", host), ("X-Forwarded-Host", "evil.example"))
    assert (request.authority, request.path, request.query) == (host, "/users/a", "x=1")


@pytest.mark.spec("SEC-012")
@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["a", "a"],
        ["a", "b"],
        [""],
        ["a@b"],
        ["a:80:90"],
        ["a/b"],
        ["a\\b"],
        ["a, b"],
        ["a b"],
        ["a:x"],
        ["a:"],
        [":80"],
        ["a:٣"],
        ["[::1"],
        ["::1]"],
        ["::1"],
        ["[::1]x"],
        ["[::1]:"],
        ["a[b]"],
        ["a#b"],
    ],
)
def test_sec_012_anything_but_one_plain_host_is_refused(hosts: list[str]) -> None:
    with pytest.raises(HostMalformed) as caught:
        build(*[("host", host) for host in hosts])
    assert refusal(caught.value).status == 400


@pytest.mark.spec("SEC-014")
@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\n b", "a\x00b", "\x1f", "a\x7f"])
def test_sec_014_control_characters_are_refused_wherever_they_stand(value: str) -> None:
    with pytest.raises(TargetMalformed):
        build(HOST, ("X-Any", value))
    with pytest.raises(TargetMalformed):
        build(HOST, target=f"/{value}")


def test_a_tab_inside_of_a_value_is_plain() -> None:
    assert build(HOST, ("X-Any", "a\tb")).headers.get("x-any") == "a\tb"


@pytest.mark.parametrize("target", ["", "users", "*", "https://blog.example/users/a"])
def test_a_target_begins_with_a_slash(target: str) -> None:
    with pytest.raises(TargetMalformed):
        build(HOST, target=target)


@pytest.mark.parametrize(("count", "allowed"), [(3, True), (4, False)])
def test_headers_are_counted(count: int, allowed: bool) -> None:
    pairs = [HOST, *[(f"x-{n}", "v") for n in range(count - 1)]]
    limits = Limits(header_count_max=3)
    if allowed:
        assert len(build(*pairs, limits=limits).headers.fields) == count
    else:
        with pytest.raises(LimitExceeded):
            build(*pairs, limits=limits)


@pytest.mark.spec("SEC-014")
@pytest.mark.parametrize(("size", "allowed"), [(100, True), (101, False)])
def test_headers_and_targets_are_measured(size: int, allowed: bool) -> None:
    limits = Limits(header_bytes_max=100)
    fill = ("x", "v" * (size - len("hostblog.examplex")))
    if allowed:
        build(HOST, fill, limits=limits)
        build(HOST, target="/" * size, limits=limits)
        return
    with pytest.raises(LimitExceeded):
        build(HOST, fill, limits=limits)
    with pytest.raises(RequestError):
        build(HOST, target="/" * size, limits=limits)


@pytest.mark.spec("SEC-001")
@pytest.mark.parametrize(("announced", "expected"), [(None, None), ("0", 0), ("10", 10)])
def test_the_announced_length(announced: str | None, expected: int | None) -> None:
    pairs = [HOST] if announced is None else [HOST, ("content-length", announced)]
    assert announced_length(build(*pairs), Limits(body_bytes_max=10)) == expected


@pytest.mark.spec("SEC-001")
@pytest.mark.parametrize("announced", ["11", "1073741824", "9" * 400])
def test_sec_001_too_long_is_known_before_a_byte_is_read(announced: str) -> None:
    with pytest.raises(BodyTooLong) as caught:
        announced_length(build(HOST, ("content-length", announced)), Limits(body_bytes_max=10))
    answer = refusal(caught.value)
    assert (answer.status, answer.headers.get("connection")) == (413, "close")


@pytest.mark.parametrize("announced", ["", "-1", "+1", "1.0", "0x1", "1 1", "¹", "1,1"])
def test_a_length_is_one_number(announced: str) -> None:
    with pytest.raises(TargetMalformed):
        announced_length(build(HOST, ("content-length", announced)), Limits())
    with pytest.raises(TargetMalformed):
        announced_length(build(HOST, ("content-length", "1"), ("content-length", "1")), Limits())


@pytest.mark.parametrize(
    ("error", "closes"), [(BodyTooLong(), True), (BodyTimeout(), True), (TargetMalformed(), False)]
)
def test_a_connection_with_a_rest_of_a_body_is_closed(error: RequestError, closes: bool) -> None:
    assert (refusal(error).headers.get("connection") == "close") is closes


@pytest.mark.spec("SEC-169")
def test_sec_169_a_fault_tells_the_observer_all_and_the_peer_nothing() -> None:
    observer = RecordingObserver()
    try:
        raise KeyError("the password is hunter2")
    except KeyError as error:
        answer = fault(error, observer)
    assert answer.status == 500
    assert answer.headers.get("content-type") == "application/problem+json"
    assert "hunter2" not in answer.body.decode()
    assert "Traceback" not in answer.body.decode()
    assert json.loads(answer.body)["status"] == 500
    [event] = observer.named("request.fault")
    assert "hunter2" in str(event.fields["error"])
    assert "test_edges.py" in str(event.fields["traceback"])
