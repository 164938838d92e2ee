"""Servers as processes: started, killed, started again, and ended with who started them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fedtext.cli.demo.processes import DemoFailed, Server, free_ports, is_free
from fedtext.cli.demo.settings import Settings

MakeSettings = Callable[..., Settings]


@pytest.fixture
def alice(make_settings: MakeSettings, tmp_path: Path) -> Iterator[Server]:
    server = Server(make_settings("alice", free_ports(1)[0], tied=True), tmp_path / "alice.log")
    yield server
    server.stop()


def test_a_server_that_is_killed_holds_what_it_acknowledged(alice: Server) -> None:
    alice.start()
    alice.wait_until_ready()
    assert alice.is_running()
    first, made = alice.pid, alice.tell("post", text="Hello")
    assert alice.kill() == first
    assert not alice.is_running()
    with pytest.raises(OSError, match="refused"):
        alice.home()
    alice.start()
    alice.wait_until_ready()
    assert alice.pid != first
    assert [entry["id"] for entry in alice.home()["entries"]] == [made["id"]]
    assert alice.status_for_strangers(made["id"]) == 200
    assert alice.status_for_strangers(f"{made['id']}x") == 404
    assert alice.arrivals() == {}
    with pytest.raises(DemoFailed, match="refused a command"):
        alice.tell("edit", post="nothing", text="")
    alice.stop()
    alice.stop()
    assert "Fatal" not in alice.log.read_text("utf-8")
    assert is_free(alice.port)


def test_a_server_ends_with_who_started_it(alice: Server) -> None:
    alice.start()
    alice.wait_until_ready()
    process = alice._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # as when the parent is killed
    assert process.wait(timeout=15) == 0


def test_a_server_that_cannot_start_shows_its_last_words(alice: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", alice.port))
        alice.start()
        with pytest.raises(DemoFailed, match="ended at once") as failed:
            alice.wait_until_ready()
    assert "cannot listen" in failed.value.context["log"]
    assert "Fatal" not in alice.log.read_text("utf-8")


def test_a_server_that_does_not_run_cannot_be_killed(alice: Server) -> None:
    with pytest.raises(DemoFailed, match="no process"):
        alice.kill()
    assert (alice.pid, alice.is_running()) == (0, False)


def test_free_ports_are_free_and_differ() -> None:
    ports = free_ports(3)
    assert len(set(ports)) == 3
    assert all(is_free(port) for port in ports)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        assert not is_free(ports[0])
