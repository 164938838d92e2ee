"""`fedtext rules`: an empty list says so, and a rule that is not there cannot be taken away."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_no_rules(run: Run) -> None:
    assert run("rules", "app:fed").stdout == "there are no rules\n"
    done = run("rules", "app:fed", "--remove", "x.example", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"subject": "x.example", "removed": False})
