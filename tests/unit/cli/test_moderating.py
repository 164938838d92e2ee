"""`fedtext block`, `allow` and `reports`: rules and reports of an application, for a person and for a program."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

REPORT = """
import app
from fedtext.federation.reports import keep_report
from fedtext.inbox import Rules
from fedtext.sync import run_sync
from fedtext.vocab import Flag
flag = Flag(id="https://b.example/f", actor="https://b.example/actor", object="http://localhost:9/x",
            content="<p>rude\\x1b[31m</p>")
ports = app.fed.ports.blocking()
run_sync(keep_report(ports, app.fed.site.origin, flag, Rules(), received_s=1_790_000_000.0))
"""


def test_a_rule_is_set_listed_and_taken_away(run: Run) -> None:
    blocked = run("block", "app:fed", "Evil.Example", "--comment", "spam", "--reject-reports", "--json")
    assert blocked.returncode == 0, blocked.stderr
    rule = {"subject": "evil.example", "severity": "block", "rejects_reports": True, "comment": "spam"}
    assert json.loads(blocked.stdout) == rule
    assert "no rules" not in run("rules", "app:fed").stdout
    assert run("block", "app:social", "--silence", "@loud.example").stdout == "silence  loud.example\n"
    assert run("block", "app:fed", "https://x.example/users/eve", "--suspend").returncode == 0
    assert run("allow", "app:fed", "good.example").stdout == "allow    good.example\n"
    assert run("rules", "app:fed").stdout.splitlines() == [
        "block    evil.example, reports rejected  spam",
        "allow    good.example",
        "suspend  https://x.example/users/eve",
        "silence  loud.example",
    ]
    assert run("rules", "app:fed", "--remove", "evil.example").returncode == 0
    assert run("rules", "app:fed", "--remove", "evil.example").returncode == 1
    assert len(run("rules", "app:fed", "--json").stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["block", "app:fed", "a b"], 1),
        (["block", "app:fed", "localhost"], 1),
        (["allow", "app:fed"], 2),
        (["block"], 2),
        (["block", "app:fed", "x.example", "--silence", "--suspend"], 2),
        (["reports", "app:fed", "--close", "no-such-report"], 1),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: list[str], code: int) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert done.stderr or done.stdout


def test_reports_are_shown_and_closed(run: Run, folder: Path, environment: dict[str, str]) -> None:
    assert run("reports", "app:fed").stdout == "nothing was reported\n"
    subprocess.run([sys.executable, "-c", REPORT], cwd=folder, env=environment, check=True, timeout=60)
    shown = run("reports", "app:fed")
    assert "by https://b.example/actor" in shown.stdout
    assert "about http://localhost:9/x" in shown.stdout
    assert "rude" in shown.stdout
    assert "\x1b" not in shown.stdout
    (report,) = [json.loads(line) for line in run("reports", "app:fed", "--json").stdout.splitlines()]
    assert (report["reporter"], report["objects"]) == ("https://b.example/actor", ["http://localhost:9/x"])
    assert run("reports", "app:fed", "--close", report["report_id"]).returncode == 0
    assert run("reports", "app:fed", "--json").stdout == ""
