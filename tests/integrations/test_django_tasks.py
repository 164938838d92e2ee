"""Django's tasks carry the deliveries; each scene in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.live import Reply

from .engines import Gate, Peers, peers, wait_for

SCRIPT = Path(__file__).with_name("django_task_scenes.py")
needs_database = pytest.mark.skipif(
    find_spec("django_tasks_db") is None, reason="the package django-tasks-db is not installed"
)


def command(scene: str, folder: Path, found: Peers) -> list[str]:
    return [sys.executable, "-W", "error", str(SCRIPT), scene, str(folder), *found.inboxes]


def play(scene: str, folder: Path, found: Peers) -> None:
    """Play a scene to its end."""
    done = subprocess.run(command(scene, folder, found), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def found() -> Iterator[Peers]:
    """Two peers that take everything."""
    with peers("one", "two") as there:
        yield there


def test_a_transaction_is_called_for_when_it_commits(tmp_path: Path, found: Peers) -> None:
    play("immediate_commits", tmp_path, found)
    texts = ("kept", "without a transaction")
    assert found.counts() == {(name, text): 1 for name in ("one", "two") for text in texts}


@pytest.mark.parametrize("scene", ["immediate_requests", "immediate_refusals"])
def test_sec_150_scene(scene: str, tmp_path: Path, found: Peers) -> None:
    play(scene, tmp_path, found)


@needs_database
@pytest.mark.parametrize(("scene", "text"), [("database_carries", "one"), ("database_loses", "found")])
def test_the_worker_of_the_database_delivers(scene: str, text: str, tmp_path: Path, found: Peers) -> None:
    play(scene, tmp_path, found)
    assert found.counts() == {("one", text): 1, ("two", text): 1}


@needs_database
def test_dlv_06_a_dead_host_comes_back_when_it_is_due(tmp_path: Path) -> None:
    asked = []

    def fail() -> Reply:
        asked.append(1)
        return Reply(status=503)

    with peers("dead") as found:
        found.answers["dead"] = fail
        play("database_backs_off", tmp_path, found)
        assert len(asked) == 1


@needs_database
def test_dlv_19_a_worker_that_is_killed_in_a_batch_loses_nothing(tmp_path: Path) -> None:
    gate = Gate()
    with peers("stuck", "other") as found, (tmp_path / "log").open("w") as log:
        found.answers["stuck"] = gate.answer
        play("database_publishes", tmp_path, found)
        running = [subprocess.Popen(command("database_works", tmp_path, found), stdout=log, stderr=log)]
        try:
            wait_for(gate.entered.is_set, "nobody delivers")
            running[0].kill()
            running[0].wait()
            del found.answers["stuck"]
            gate.opened.set()
            commands = [command(scene, tmp_path, found) for scene in ("database_works", "database_sweeps")]
            running += [subprocess.Popen(each, stdout=log, stderr=log) for each in commands]
            wanted = {(name, f"post {number}") for name in ("stuck", "other") for number in range(3)}
            wait_for(lambda: set(found.got) == wanted, "something was lost")
            for process in running[1:]:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
        finally:
            gate.opened.set()
            for process in running:
                process.kill()
                process.wait()
