"""`fedtext restore`: fills what is empty, says that followers are paused, and replaces only when told to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.live import in_terminal

from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import SystemClock
from fedtext.sync import run_sync

Run = Callable[..., subprocess.CompletedProcess[str]]


def value(folder: Path, key: str) -> bytes | None:
    backend = SqliteBackend(folder / "app.sqlite3")
    found = run_sync(backend.blocking(SystemClock()).store.get(key))
    backend.close()
    return found


def put(folder: Path, key: str) -> None:
    backend = SqliteBackend(folder / "app.sqlite3")
    run_sync(backend.blocking(SystemClock()).store.put(key, b"v"))
    backend.close()


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize("name", ["copy.sqlite3", "copy.jsonl"])
def test_sec_141_a_backend_comes_back_paused(folder: Path, run: Run, name: str) -> None:
    put(folder, "k")
    assert run("backup", "app:fed", name).returncode == 0
    put(folder, "younger")
    done = run("restore", "app:fed", name)
    assert done.returncode == 1
    assert "--force replaces all that is in it" in done.stderr
    assert "fedtext_store" in done.stderr
    done = run("restore", "app:fed", name, "--force")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.endswith(f"restored from {name}")
    assert second == "followers are not kept in step for now: fedtext followers status app:fed"
    assert (value(folder, "k"), value(folder, "younger")) == (b"v", None)
    assert "the database was restored" in run("followers", "status", "app:fed").stdout
    told = json.loads(run("restore", "app:fed", name, "--force", "--json").stdout)
    assert (told["event"], told["synchronization"]) == ("restore", "paused")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["restore", "app:fed"], 2, "FILE"),
        (["restore", "app:fed", "missing"], 1, "cannot read the file"),
        (["restore", "app:fed", "app.py"], 1, "not whole, or none of ours"),
    ],
)
def test_what_was_typed_wrong_is_explained(run: Run, given: list[str], code: int, said: str) -> None:
    done = run(*given)
    assert done.returncode == code
    assert said in done.stderr


def test_a_terminal_shows_how_far_it_is(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "k")
    run("backup", "app:fed", "copy.jsonl")
    monkeypatch.chdir(folder)
    code, shown = in_terminal("restore", "app:fed", "copy.jsonl", "--force")
    assert code == 0
    assert "restoring [########################] 1/1" in shown
