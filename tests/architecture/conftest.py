"""The source as the architecture tests see it: the package that is installed, be it a checkout or a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

import fedtext

PACKAGE = Path(fedtext.__file__).parent
SCRIPTS = Path(sys.executable).parent


def layer_names(repository: Path) -> list[str]:
    """Read the packages that the layers contract names, from the top to the bottom."""
    settings = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    names = [part.strip(" ()") for layer in contract["layers"] for part in layer.split("|")]
    return [name for name in names if name != "__main__"]


@attrs.frozen
class Copy:
    """A copy of the source in which a violation may be seeded."""

    root: Path

    def write(self, module: str, text: str) -> None:
        """Write the module "inbox.seeded", making packages on the way."""
        path = self.root / "src" / "fedtext" / Path(*module.split(".")).with_suffix(".py")
        for parent in reversed(path.relative_to(self.root / "src" / "fedtext").parents[:-1]):
            folder = self.root / "src" / "fedtext" / parent
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
        path.write_text(f'"""A seeded module."""\n\n{text}\n')

    def lint_imports(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Check the contracts of the copy."""
        return self._run(str(SCRIPTS / "lint-imports"), "--no-logo", "--no-cache", *options)

    def ruff(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Check the style of the copy."""
        return self._run(sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise", *options)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(self.root / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, timeout=120, check=False
        )


def copy_to(root: Path, repository: Path) -> Copy:
    """Copy the Python files and give every layer that has no package yet an empty one."""
    for path in PACKAGE.rglob("*.py"):
        target = root / "src" / "fedtext" / path.relative_to(PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for name in layer_names(repository):
        folder = root / "src" / "fedtext" / name
        if not folder.with_suffix(".py").exists():
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
    shutil.copyfile(repository / "pyproject.toml", root / "pyproject.toml")
    return Copy(root)


@pytest.fixture
def source_copy(repository: Path, tmp_path: Path) -> Copy:
    """A fresh copy of the source."""
    return copy_to(tmp_path, repository)


@pytest.fixture(scope="session")
def module_files() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("fedtext", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@pytest.fixture(scope="session")
def fresh() -> Callable[[str], str]:
    """Run code in a fresh interpreter, warnings being errors, and give what it prints."""

    def run(code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=900, check=False
        )
        if done.returncode:
            pytest.fail(done.stderr[-4_000:], pytrace=False)
        return done.stdout

    return run
