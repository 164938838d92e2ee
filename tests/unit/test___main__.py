"""`python -m fedtext` is the command `fedtext`."""

from __future__ import annotations

import runpy
import sys

import pytest


def test_it_is_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["fedtext", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("fedtext", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("fedtext ")


def test_importing_it_runs_nothing() -> None:
    runpy.run_module("fedtext.__main__", run_name="fedtext.__main__")
