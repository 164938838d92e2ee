"""`fedtext allow`: the closest rule counts, so that one host of many can be let in."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_one_host_is_let_in(run: Run) -> None:
    done = run("allow", "app:fed", "Good.Example", "--comment", "friends", "--json")
    assert json.loads(done.stdout) == {
        "subject": "good.example",
        "severity": "allow",
        "rejects_reports": False,
        "comment": "friends",
    }
    assert run("allow", "app:fed", "a b").returncode == 1
