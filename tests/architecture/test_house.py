"""The ground on which the other tests stand: the network is closed, required vectors fail loudly."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.com", 443), ("10.0.0.1", 22)])
def test_tcp_elsewhere_is_blocked(address: tuple[str, int]) -> None:
    with socket.socket() as sock, pytest.raises(RuntimeError, match="tests stay on this machine"):
        sock.connect(address)


def test_udp_elsewhere_is_blocked() -> None:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with udp as sock, pytest.raises(RuntimeError, match="tests stay on this machine"):
        sock.sendto(b"", ("192.0.2.1", 53))


def test_names_elsewhere_are_not_resolved() -> None:
    with pytest.raises(RuntimeError, match="tests stay on this machine"):
        socket.getaddrinfo("example.com", 443)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()[:2]):
        assert socket.getaddrinfo("localhost", 80)


INNER = """
import pytest
@pytest.mark.vectors("*/*.json")
def test_first(vector_file): ...
@pytest.mark.corpus("**/*.json")
def test_second(corpus_file): ...
def test_third(vectors_root): ...
"""


def run_inner(repository: Path, folder: Path, **environment: str) -> str:
    """Run tests that want the vectors, in a folder that has none beside it."""
    tests = folder / "checkout" / "tests"
    tests.mkdir(parents=True)
    (tests / "conftest.py").write_bytes((repository / "tests" / "conftest.py").read_bytes())
    (tests / "test_inner.py").write_text(INNER)
    (folder / "checkout" / "pyproject.toml").write_bytes((repository / "pyproject.toml").read_bytes())
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FEDTEXT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder / "checkout",
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def test_missing_vectors_fold_into_one_skip_line(repository: Path, tmp_path: Path) -> None:
    report = run_inner(repository, tmp_path)
    lines = [line for line in report.splitlines() if line.startswith("SKIPPED")]
    assert len(lines) == 1
    assert "[3]" in lines[0]
    assert "no shared vectors or corpus here" in lines[0]


def test_missing_vectors_fail_where_they_are_required(repository: Path, tmp_path: Path) -> None:
    report = run_inner(repository, tmp_path, FEDTEXT_REQUIRE_VECTORS="1")
    assert "clone beside `shared/`, or export FEDTEXT_VECTORS and FEDTEXT_CORPUS as absolute paths" in report
    assert "3 error" in report or "3 failed" in report


def test_vectors_are_there_where_they_are_required(vectors_root: Path, corpus_root: Path) -> None:
    assert any(vectors_root.iterdir())
    assert any(corpus_root.iterdir())
