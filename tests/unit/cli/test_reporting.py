"""`fedtext reports`: an empty box says so, and only what lies in it can be closed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_an_empty_box(run: Run) -> None:
    assert run("reports", "app:fed").stdout == "nothing was reported\n"
    done = run("reports", "app:fed", "--close", "x", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (1, {"report_id": "x", "closed": False})
