"""What the tests of the engines share: peers that count, a Redis of their own, workers as processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import attrs
import pytest
from tests.live import Asked, Reply, Server, serving

from .servers import free_port

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 60.0


@attrs.define
class Peers:
    """Servers under names below .test, on one socket: each takes what comes, or as it is told."""

    server: Server
    names: tuple[str, ...]
    answers: dict[str, Callable[[], Reply]] = attrs.field(factory=dict[str, Callable[[], Reply]])
    got: list[tuple[str, str]] = attrs.field(factory=list[tuple[str, str]])

    @property
    def inboxes(self) -> list[str]:
        return [f"http://{name}.test:{self.server.port}/inbox" for name in self.names]

    def counts(self) -> Counter[tuple[str, str]]:
        return Counter(self.got)


@contextmanager
def peers(*names: str) -> Iterator[Peers]:
    found: Peers | None = None

    def answering(asked: Asked) -> Reply:
        assert found is not None
        name = asked.headers["host"].partition(".")[0]
        reply = found.answers.get(name, lambda: Reply(status=202))()
        if reply.status == 202:
            found.got.append((name, json.loads(asked.body)["object"]["content"]))
        return reply

    with serving(answering) as server:
        found = Peers(server, names)
        yield found


def wait_for(what: Callable[[], bool], told: str = "it does not come") -> None:
    """Wait until something is so; how long it takes decides nothing."""
    end_s = monotonic() + WAIT_S
    while not what():
        if monotonic() > end_s:
            raise AssertionError(told)
        sleep(0.02)


@contextmanager
def redis_server() -> Iterator[str]:
    """Give the address of a Redis: the one of FEDTEXT_TEST_REDIS, or one that is started here."""
    if address := os.environ.get("FEDTEXT_TEST_REDIS"):
        yield address
        return
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on this machine and no FEDTEXT_TEST_REDIS")
    port = free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(port), "redis-server does not start")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


class EngineWorker:
    """A worker of an engine, as a process (group) of its own, whose log is a file."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it and its children with SIGKILL, in the middle of whatever they do."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """Tell it to end, and give its exit code."""
        self._process.terminate()
        return self._process.wait(WAIT_S)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")


def settings(database: Path, found: Peers, engine: str, broker: str, **more: Any) -> dict[str, str]:
    """Give the environment of a worker of `engine_blog`."""
    values = {"database": str(database), "inboxes": found.inboxes, "engine": engine, "broker": broker, "lease_s": 60.0}
    return {"ENGINE_BLOG": json.dumps({**values, **more})}


class Gate:
    """Holds requests of a peer until it is opened."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def answer(self) -> Reply:
        self.entered.set()
        self.opened.wait(WAIT_S)
        return Reply(status=202)
