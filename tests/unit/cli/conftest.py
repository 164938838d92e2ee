"""The command line as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

APP = """
import os
from fedtext import Config, DevPolicy, Federation, connect
from fedtext.social import Social

port = int(os.environ.get("PORT", "9"))
fed = Federation(f"http://localhost:{port}", backend=connect("sqlite:///app.sqlite3"),
                 config=Config(dev=DevPolicy.allow_loopback()), worker=os.environ.get("WORKER", "off"))
social = Social(fed)
number = 7

async def app(scope, receive, send): ...

def make():
    return social

def broken():
    import no_such_module
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an application in it: app.py."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "unfinished.py").write_text("import no_such_module\n")
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a person without a terminal."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "error", "COLUMNS": "100"}


@pytest.fixture
def run(folder: Path, environment: dict[str, str]) -> Run:
    """Run `python -m fedtext` in that folder to its end."""

    def command(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "fedtext", *arguments],
            cwd=folder,
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return command
