"""The example of many workers: one process says something, two others deliver it, a database is all that they share."""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.live import Asked, Reply, serving

from fedtext import Federation
from fedtext.behaviors.followings import FollowState, Record

from .engines import EngineWorker, wait_for
from .launch import EXAMPLES

FOLDER = EXAMPLES / "many_workers"
HOSTS = 4
LINES_MAX = 40


@contextmanager
def followers(got: list[str]) -> Iterator[None]:
    """Have someone on each of some servers follow the clock; what their inboxes get is in `got`."""

    def answering(asked: Asked) -> Reply:
        got.append(f"{asked.headers['host']} {json.loads(asked.body)['object']['content'][:5]}")
        return Reply(status=202)

    fed = runpy.run_path(str(FOLDER / "clock.py"))["fed"]
    with ExitStack() as stack:
        bases = [f"http://localhost:{stack.enter_context(serving(answering)).port}" for _ in range(HOSTS)]
        asyncio.run(follow(fed, bases))
        yield


async def follow(fed: Federation, bases: Sequence[str]) -> None:
    """Write down that bob of each server follows the clock."""
    context = fed.context()
    for base in bases:
        record = Record(state=FollowState.ACCEPTED, follow_id=f"{base}/follow", inbox=f"{base}/inbox")
        await context.store.put(context.key("follower", "1", f"{base}/bob"), record.encode())
    await fed.ports.close()


@pytest.fixture(params=["sqlite", "postgres"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the README exports; a file does as well on one machine."""
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'clock.sqlite3'}" if is_file else request.getfixturevalue("postgres_url")
    monkeypatch.setenv("CLOCK_DATABASE", url)
    # a script ends with its connection open, which psycopg warns of
    return {**os.environ, "PYTHONPATH": str(FOLDER), "PYTHONWARNINGS": "error,ignore::ResourceWarning"}


def test_what_one_process_says_the_workers_deliver_once(environment: dict[str, str], tmp_path: Path) -> None:
    got: list[str] = []
    with followers(got), ExitStack() as stack:
        said = subprocess.run(
            [sys.executable, "-m", "clock"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert (said.returncode, said.stderr) == (0, "")
        assert got == []  # it is only written down
        command = ["fedtext", "worker", "clock:fed"]
        workers = [EngineWorker(command, environment, tmp_path / f"{number}.log") for number in range(2)]
        for worker in workers:
            stack.callback(worker.close)
        # One may have done all before the other is up, and listens to no wish to stop yet.
        wait_for(lambda: all("working for" in worker.said() for worker in workers), "not both workers are up")
        wait_for(lambda: len(got) >= HOSTS, "not all who follow have got it")
        assert [worker.stop() for worker in workers] == [0, 0], [worker.said() for worker in workers]
    assert len(set(got)) == len(got) == HOSTS
    assert all(line.endswith("It is") for line in got)


def test_it_stays_small() -> None:
    assert len((FOLDER / "clock.py").read_text("utf-8").splitlines()) <= LINES_MAX
