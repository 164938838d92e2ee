"""The command line itself: help, exit codes, errors that help."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from fedtext.cli import main
from fedtext.cli.console import Console
from fedtext.cli.entry import explain
from fedtext.errors import ConfigurationError

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = ["demo", "serve", "worker", "lookup"]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_names_the_exit_codes(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "Exit codes: 0" in told
    assert all(name in told for name in COMMANDS) if not command else "--json" in told


@pytest.mark.parametrize(
    "arguments",
    [[], ["unknown"], ["serve"], ["lookup"], ["lookup", "@a@b", "--dev", "0"], ["worker", "a:b", "--drain", "soon"]],
)
def test_a_wrong_command_line_is_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: fedtext" in capsys.readouterr().err


def test_what_does_not_work_is_1_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lookup", "nonsense"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "[configuration]" in told.err
    assert "given: nonsense" in told.err


def test_errors_are_json_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    explain(ConfigurationError("not so", name="x"), Console(machine=True))
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "configuration"
    assert told["message"] == "not so"
    assert told["context"] == {"name": "x"}
    assert told["hint"]


IMPORTED = """
import sys
from fedtext.cli import main
try:
    main(['--help'])
except SystemExit:
    print({'httpx', 'cryptography', 'pyld', 'uvicorn', 'asyncio'} & {*sys.modules})
"""


def test_help_costs_little() -> None:
    told = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.splitlines()[-1] == "set()"


def test_it_runs_as_a_module(run: Run) -> None:
    told = run("--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("fedtext ")
