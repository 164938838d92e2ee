"""`fedtext followers`: says whether followers are synchronized, pauses and resumes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fedtext.cli import synchronizing
from fedtext.runtime import PauseReason, SynchronizationPause

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.spec("SEC-141")
def test_sec_141_a_command_pauses_and_resumes(folder: Path, run: Run) -> None:
    def told(action: str) -> dict[str, object]:
        done = run("followers", action, "app:social", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert told("status") == {"event": "followers", "paused": False}
    paused = told("pause")
    assert (paused["paused"], paused["reason"]) == (True, "restored")
    assert told("status") == paused
    assert told("resume") == {**paused, "paused": False}
    assert told("resume") == {"event": "followers", "paused": False}


def test_people_are_told_why_and_until_when(folder: Path, run: Run) -> None:
    assert run("followers", "status", "app:fed").stdout == "followers are not paused\n"
    first, second = run("followers", "pause", "app:fed").stdout.splitlines()
    assert first == "paused because the database was restored from a copy"
    assert second.startswith("until 2")
    assert second.endswith("or: fedtext followers resume app:fed")
    assert run("followers", "resume", "app:fed").stdout == (
        "resumed; it was paused because the database was restored from a copy\n"
    )


def test_a_wrong_action_is_a_wrong_command_line(run: Run) -> None:
    assert run("followers", "delete", "app:fed").returncode == 2


def test_whose_word_was_held_up_is_named() -> None:
    bob = "https://b.example/users/bob"
    pause = SynchronizationPause(reason=PauseReason.VANISHING, until_s=0, sender=bob, vanishing=3)
    assert synchronizing._reason(pause) == f"the server of {bob} knows nothing of 3 follows by actors of yours"
