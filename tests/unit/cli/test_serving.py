"""`fedtext serve` as a process."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fedtext.cli.serving import listening
from fedtext.errors import ConfigurationError

Run = Callable[..., subprocess.CompletedProcess[str]]


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_end(folder: Path, environment: dict[str, str], ending: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "fedtext", "serve", "app:social", "--host", "localhost", "--port", str(port), "--json"],
        cwd=folder,
        env={**environment, "PORT": str(port), "WORKER": "auto"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        assert told == {"event": "listening", "host": "localhost", "port": port, "origin": f"http://localhost:{port}"}
        try:
            answers = [status(port, path) for path in ("/", "/nothing", "/.well-known/nodeinfo", "/users/none")]
        finally:
            server.send_signal(ending)
        _, complaints = server.communicate(timeout=20)
    assert answers == [200, 404, 200, 404]
    assert server.returncode == 0, complaints.decode()
    assert b"Traceback" not in complaints
    assert b"hint:" not in complaints, "there is nothing to mend"


def test_what_is_wired_wrongly_is_told_at_the_start(folder: Path, run: Run) -> None:
    """The port is taken, so it ends; the origin is another one than the last time."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        for origin_port in ("8001", "8002"):
            told = run("serve", "app:social", "--port", port, PORT=origin_port)
            assert told.returncode == 1
            assert "cannot listen" in told.stderr
    assert "error: the origin was http://localhost:8001 when it last started [origin.changed]" in told.stderr


def test_a_name_that_is_wrong_ends_at_once(run: Run) -> None:
    told = run("serve", "app:nothing")
    assert told.returncode == 1
    assert "the module has no such name [configuration]" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="cannot listen"):
            listening("127.0.0.1", taken.getsockname()[1])


def test_localhost_is_both_versions_under_one_port() -> None:
    sockets = listening("localhost", 0)
    try:
        assert {one.getsockname()[1] for one in sockets} == {sockets[0].getsockname()[1]}
        assert sockets[0].getsockname()[0] == "127.0.0.1"
    finally:
        for one in sockets:
            one.close()
