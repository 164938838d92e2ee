"""A short run of the harness: twenty kills over SQLite. `make long` has the long ones, over both databases."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from . import run
from .driving import Found

SEED = 7


@pytest.mark.spec("DLV-10", "DLV-12")
@pytest.mark.skipif(
    bool(run.missing("sqlite")), reason="processes are forked, and die with their parent, on Linux only"
)
def test_after_kills_nothing_is_lost_doubled_or_swapped(repository):
    """In a process without threads, from which others can be forked."""
    command = [sys.executable, "-m", "tests.harness.run", "--backend", "sqlite", "--smoke", "--seed", str(SEED)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def found_over(name: str) -> Found:
    found = Found()
    found.kills.update({"worker": 300, "publisher": 200})
    found.figures = {"acknowledged": 9, "deliveries": 8, "repeated": 7, "dead letters": 6, "arrived": 5}
    found.complain([f"{name}: 1", "lost: 2", "lost: 3"])
    return found


def test_the_table_tells_what_was_wrong():
    rows = [run.row_of("sqlite", found_over("doubled")), run.row_of("postgres", found_over("waiting"))]
    drawn = run.page(rows)
    assert "| processes killed | 500: 200 publisher, 300 worker | 500: 200 publisher, 300 worker |" in drawn
    assert "| **lost** | 2 | 2 |" in drawn
    assert "| **doubled** | 1 | 0 |" in drawn
    assert "| **anything else wrong** | 0 | 1 |" in drawn


@pytest.mark.skipif(not run.TABLE.exists(), reason=f"the table has not been drawn yet: run `{run.COMMAND}`")
def test_the_table_is_of_enough_kills_and_says_that_nothing_was_wrong():
    rows = run.read_rows()
    assert {row.name for row in rows} == {backend.name for backend in run.BACKENDS.values()}
    assert sum(sum(row.kills.values()) for row in rows) >= 1_000
    assert [row.wrong for row in rows] == [{}, {}]
    assert run.PAGE.read_text("utf-8") == run.page(rows)
    assert json.loads(run.TABLE.read_text("utf-8")).keys() == {"drawn_from", "rows"}
