"""The one door for people does its own set-up, and says what to install where it cannot."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make and sh")


def set_up(repository: Path, folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Ask for an environment where there is no uv and `python` is the only interpreter that is named."""
    (folder / "bin").mkdir(exist_ok=True)
    for tool in ("sh", "rm", "dirname"):
        link = folder / "bin" / tool
        if not link.exists():
            link.symlink_to(next(path for base in ("/bin", "/usr/bin") if (path := Path(base, tool)).exists()))
    return subprocess.run(
        [repository / "tools" / "set-up", folder / "venv", "dev"],
        cwd=repository,
        env={"PATH": str(folder / "bin"), "PYTHON": python, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_one_package_is_named_where_venv_is_missing(repository: Path, tmp_path: Path) -> None:
    python = script(tmp_path / "python", f'case "$*" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"')
    done = set_up(repository, tmp_path, python)
    assert done.returncode == 1
    assert re.findall(r"apt install (\S+)", done.stderr) == [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"]
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("python", ["/no/such/python", "old"])
def test_an_old_or_missing_python_is_named(repository: Path, tmp_path: Path, python: str) -> None:
    if python == "old":
        python = script(tmp_path / "python3.9", "exit 1")
    done = set_up(repository, tmp_path, python)
    assert done.returncode == 1
    assert f"Python 3.11 or newer is needed and {python} is not that" in done.stderr


def test_every_target_is_listed(repository: Path) -> None:
    """`make` alone shows what there is."""
    done = subprocess.run(["make"], cwd=repository, capture_output=True, text=True, timeout=60, check=True)
    shown = set(re.findall(r"\b[a-z]+\b", done.stdout))
    assert {"demo", "test", "check", "interop", "bench", "long", "docs", "clean"} <= shown


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["demo"], r"bin/fedtext demo\s*$"),
        (["demo", "ONCE=1"], r"bin/fedtext demo --once\s*$"),
        (["demo", "ONCE=0"], r"bin/fedtext demo\s*$"),
        (["test", "ARGS=-k audience"], r"-m pytest .*-k audience$"),
    ],
)
def test_targets_do_their_own_set_up(repository: Path, tmp_path: Path, arguments: list[str], command: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-n", f"VENV={tmp_path}/venv", *arguments],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tools/set-up ")
    assert re.search(command, lines[-1])


def test_scripts_are_sound(repository: Path) -> None:
    for shell, name in (("sh", "tools/set-up"), ("bash", "tools/servers"), ("bash", ".ci/run"), ("bash", ".ci/test-wheel")):
        subprocess.run([shell, "-n", repository / name], check=True, timeout=60)
        assert os.access(repository / name, os.X_OK)
