"""`fedtext worker` as a process: works, ends when told, hands its leases back."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fedtext import Config, DevPolicy, Federation, connect
from fedtext.social import Social

Run = Callable[..., subprocess.CompletedProcess[str]]
ORIGIN = "http://localhost:9"


def put_to_work(folder: Path, *, mention: str | None = None) -> None:
    """Let an actor of the application in that folder write something."""

    async def write() -> None:
        database = folder / "app.sqlite3"
        federation = Federation(
            ORIGIN,
            backend=connect(f"sqlite:///{database}"),
            config=Config(dev=DevPolicy.allow_loopback()),
            worker="off",
        )
        alice = await Social(federation).create_actor("alice")
        await alice.post(f"Hello {mention}" if mention else "Hello")
        await federation.ports.close()

    asyncio.run(write())


def test_once_it_ends_when_nothing_is_due(folder: Path, run: Run) -> None:
    put_to_work(folder)
    told = run("worker", "app:social", "--once", "--json")
    assert told.returncode == 0, told.stderr
    working, ended = map(json.loads, told.stdout.splitlines())
    assert working == {"event": "working", "origin": ORIGIN}
    assert ended == {"event": "ended", "waiting": 0, "leased": 0, "buried": 0}


def test_told_to_end_it_hands_back_what_is_under_way(folder: Path, environment: dict[str, str]) -> None:
    """The lookup of a mention hangs; nobody needs to wait until its lease runs out."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        put_to_work(folder, mention=f"@bob@localhost:{hanging.getsockname()[1]}")
        reached = threading.Event()

        def accept() -> None:
            held.append(hanging.accept()[0])
            reached.set()

        held: list[socket.socket] = []
        threading.Thread(target=accept, daemon=True).start()
        with subprocess.Popen(
            [sys.executable, "-m", "fedtext", "worker", "app:fed", "--drain", "100ms", "--json"],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as worker:
            assert reached.wait(20)
            worker.send_signal(signal.SIGTERM)
            told, complaints = worker.communicate(timeout=10)
        held[0].close()
    assert worker.returncode == 0, complaints
    # the post in its place, and the look-up
    assert json.loads(told.splitlines()[-1]) == {"event": "ended", "waiting": 2, "leased": 0, "buried": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("app:app",), "no Federation in it"), (("app:fed", "--concurrency", "0"), "at least one host")],
)
def test_what_cannot_work_says_so(run: Run, arguments: tuple[str, ...], message: str) -> None:
    told = run("worker", *arguments)
    assert told.returncode == 1
    assert message in told.stderr
    assert "Traceback" not in told.stderr
