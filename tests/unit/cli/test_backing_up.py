"""`fedtext backup`: a file for its owner alone, never over another, and progress on a terminal."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.live import in_terminal

from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import SystemClock
from fedtext.sync import run_sync

Run = Callable[..., subprocess.CompletedProcess[str]]


def fill(folder: Path) -> None:
    backend = SqliteBackend(folder / "app.sqlite3")
    run_sync(backend.blocking(SystemClock()).store.put("k", b"v"))
    backend.close()


def test_a_copy_is_made_once(folder: Path, run: Run) -> None:
    fill(folder)
    done = run("backup", "app:fed", "copy.sqlite3")
    assert (done.returncode, done.stderr) == (0, "")
    size = (folder / "copy.sqlite3").stat().st_size
    assert done.stdout.endswith(f"copy.sqlite3: {size:,} bytes; keep it as a secret\n")
    assert stat.S_IMODE((folder / "copy.sqlite3").stat().st_mode) == 0o600
    done = run("backup", "app:fed", "copy.sqlite3")
    assert done.returncode == 1
    assert "--force replaces it" in done.stderr
    done = run("backup", "app:social", "copy.sqlite3", "--force", "--json")
    told = json.loads(done.stdout)
    assert told == {"event": "backup", "file": "copy.sqlite3", "form": "sqlite", "size_bytes": size, "rows": {}}


def test_lines_are_counted(folder: Path, run: Run) -> None:
    fill(folder)
    told = json.loads(run("backup", "app:fed", "copy.jsonl", "--json").stdout)
    assert (told["form"], told["rows"]["fedtext_store"]) == ("jsonl", 1)
    assert json.loads((folder / "copy.jsonl").read_text().splitlines()[0])["kind"] == "fedtext-backup"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["backup"], 2, "MODULE:NAME"),
        (["backup", "app:fed"], 2, "FILE"),
        (["backup", "app:fed", "no/such/folder"], 1, "cannot write there"),
        (["backup", "app:number", "copy"], 1, "no Federation"),
    ],
)
def test_what_was_typed_wrong_is_explained(run: Run, given: list[str], code: int, said: str) -> None:
    done = run(*given)
    assert done.returncode == code
    assert said in done.stderr


def test_a_terminal_shows_how_far_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(folder)
    monkeypatch.chdir(folder)
    code, shown = in_terminal("backup", "app:fed", "copy.sqlite3")
    assert code == 0
    assert "copying [########################]" in shown
    assert shown.endswith("keep it as a secret\n")
