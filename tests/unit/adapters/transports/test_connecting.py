"""Trust, name resolution and idle connections, without a network."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from fedtext.adapters.transports import connecting
from fedtext.adapters.transports.connecting import IdleConnections, IdlePerLoop, Resolver, build_ssl_context, peer_of
from fedtext.config import DevPolicy
from fedtext.errors import ConfigurationError
from fedtext.wire.iri import parse_url

A = ("https", "a.example", 443)
B = ("https", "b.example", 443)


def test_tls_is_verified_and_recent() -> None:
    context = build_ssl_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert build_ssl_context(DevPolicy.allow_loopback()) is context


def test_a_missing_file_of_authorities_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        build_ssl_context(DevPolicy.allow_loopback(ca_file=str(tmp_path / "none.pem")))


def test_an_own_file_of_authorities_replaces_the_public_ones(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("not a certificate")
    with pytest.raises(ConfigurationError):
        build_ssl_context(DevPolicy.allow_loopback(ca_file=str(empty)))


def test_peers_differ_by_scheme_host_and_port() -> None:
    urls = ["https://a.example/", "http://a.example/", "https://a.example:8443/", "https://b.example/"]
    assert len({peer_of(parse_url(url)) for url in urls}) == 4
    assert peer_of(parse_url("https://A.example:443/x")) == A


@pytest.mark.parametrize(
    ("host", "known"),
    [("a.example", ["127.0.0.1"]), ("127.0.0.2", ["127.0.0.2"]), ("::1", ["::1"]), ("b.example", None)],
)
def test_mapped_names_and_literals_need_no_question(host: str, known: list[str] | None) -> None:
    assert Resolver({"a.example": "127.0.0.1"}).known(host) == known


def test_the_resolver_gives_every_answer_and_lives_on_after_close(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.8.{n}", 443)) for n in (8, 4)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answers)
    resolver = Resolver({})
    for _ in range(2):
        assert resolver.ask("a.example", 443).result(5) == ["8.8.8.8", "8.8.8.4"]
        resolver.close()


def test_the_resolver_starts_anew_after_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []

    def lookup(*_args: object, **_options: object) -> list[object]:
        names.append(threading.current_thread().name)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    resolver = Resolver({})
    resolver.ask("a.example", 443).result(5)
    first = resolver._threads
    resolver._pid = -1
    resolver.ask("a.example", 443).result(5)
    assert resolver._threads is not first
    assert first is not None
    first.shutdown()
    resolver.close()


def test_the_connection_used_last_is_taken_first_and_only_by_its_peer() -> None:
    shelf: IdleConnections[str] = IdleConnections()
    for peer, name in ((A, "a1"), (B, "b1"), (A, "a2")):
        assert shelf.give(peer, name) == []
    assert [shelf.take(A), shelf.take(A), shelf.take(A), shelf.take(B)] == ["a2", "a1", None, "b1"]


def test_a_host_keeps_four_and_all_together_a_hundred() -> None:
    shelf: IdleConnections[str] = IdleConnections()
    assert [shelf.give(A, f"a{n}") for n in range(5)] == [[], [], [], [], ["a0"]]
    surplus = [name for n in range(97) for name in shelf.give(("https", f"{n}.example", 443), f"x{n}")]
    assert (len(shelf), surplus) == (100, ["a1"])
    assert len(shelf.clear()) == 100
    assert len(shelf) == 0


def test_what_lay_too_long_is_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf: IdleConnections[str] = IdleConnections()
    start_s = time.monotonic()
    monkeypatch.setattr(connecting.time, "monotonic", lambda: start_s)
    shelf.give(A, "old")
    monkeypatch.setattr(connecting.time, "monotonic", lambda: start_s + 30.0)
    assert shelf.expired() == []
    monkeypatch.setattr(connecting.time, "monotonic", lambda: start_s + 30.1)
    assert shelf.give(B, "new") == ["old"]
    assert (shelf.take(A), shelf.take(B)) == (None, "new")


async def test_loops_that_have_ended_are_forgotten_and_live_ones_are_not() -> None:
    idle: IdlePerLoop[str] = IdlePerLoop()
    here = idle.here()
    here.give(A, "a")

    async def elsewhere() -> None:
        assert idle.here() is not here

    for _ in range(2):
        thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
        thread.start()
        thread.join()
    assert idle.here() is here
    assert len(idle) == 2
    assert (idle.clear_here(), idle.clear_here(), len(idle)) == (["a"], [], 1)
