"""Try the negative controls: change one line for each rule, and see the tests fail that are to notice.

    python -m tests.controls.run              try all and draw the table
    python -m tests.controls.run SEC-043      try those of some rules, draw nothing

Every control is tried in a copy of the tree. First the tests must pass there without any change.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import attrs
from tests.tables import ROOT, drawn_from, hash_of

HERE = Path(__file__).resolve().parent
CONTROLS = HERE / "controls.toml"
TABLE = HERE / "table.json"
PAGE = HERE / "table.md"
HARNESS = [Path(__file__).resolve(), CONTROLS, ROOT / "tests" / "tables.py"]
COMMAND = "python -m tests.controls.run"

PASSED, FAILED = 0, 1


@attrs.frozen(kw_only=True)
class Control:
    """One changed line; `says` is what the code would do then."""

    rule: str
    says: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = attrs.field(converter=tuple)

    @property
    def path(self) -> Path:
        """Where the line stands, below the root."""
        return Path("src", "fedtext", self.file)


@attrs.frozen(kw_only=True)
class Without:
    """Rules without a control, and why."""

    rules: tuple[str, ...] = attrs.field(converter=tuple)
    reason: str


def without() -> list[Without]:
    """Give the rules without a control."""
    return [Without(**row) for row in tomllib.loads(CONTROLS.read_text("utf-8"))["without"]]


def controls() -> list[Control]:
    """Read them all."""
    return [Control(**row) for row in tomllib.loads(CONTROLS.read_text("utf-8"))["control"]]


def hashes() -> dict[str, str]:
    """Give what the table is drawn from: both packages, other files that have a control, and this harness."""
    return {**drawn_from(HARNESS), "files": hash_of({ROOT / control.path for control in controls()})}


def run_tests(scratch: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run some tests in the copy; give the exit code of pytest and its last line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FEDTEXT_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--tb=no"]
        + [f"tests/{test}" for test in tests],
        cwd=scratch,
        env=kept
        | {"PYTHONPATH": str(scratch / "src"), "PYTHONDONTWRITEBYTECODE": "1", "FEDTEXT_HYPOTHESIS": "mutation"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return done.returncode, lines[-1] if lines else done.stderr[-1_000:]


def tried(scratch: Path, control: Control) -> tuple[int, str]:
    """Change the line, run the tests, and put the line back."""
    path = scratch / control.path
    text = path.read_text("utf-8")
    if text.count(f"{control.old}\n") != 1:
        raise SystemExit(f"{control.rule}: {control.file} has {text.count(control.old)} times: {control.old}")
    path.write_text(text.replace(f"{control.old}\n", f"{control.new}\n"), "utf-8")
    try:
        return run_tests(scratch, control.tests)
    finally:
        path.write_text(text, "utf-8")


def page(rows: list[tuple[Control, str]], drawn: dict[str, str]) -> str:
    """Write the table for people."""
    lines = [
        "# Negative controls",
        "",
        f"Drawn by `{COMMAND}`; do not edit. Each row is a change of one line with which the named tests fail;",
        "`controls.toml` has the lines.",
        "",
        *(f"- {name}: `{value}`" for name, value in drawn.items()),
        "",
        "| rule | if | in | then this fails | seen |",
        "|---|---|---|---|---|",
    ]
    for control, seen in rows:
        tests = "; ".join(f"`{test.rpartition('::')[2]}`" for test in control.tests)
        lines.append(f"| {control.rule} | {control.says} | `{control.file}` | {tests} | {seen} |")
    return "\n".join(lines) + "\n"


def main(rules: list[str]) -> int:
    """Run it from the command line."""
    chosen = [control for control in controls() if not rules or control.rule in rules]
    with tempfile.TemporaryDirectory(prefix="controls-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(os.cpu_count() or 1):
            copies.put(copied(Path(folder, str(number))))
        first = copies.get()
        code, last = run_tests(first, sorted({test for control in chosen for test in control.tests}))
        copies.put(first)
        if code != PASSED:
            print(f"without any change: {last}")
            return 1
        with ThreadPoolExecutor(os.cpu_count()) as workers:
            rows = list(workers.map(lambda control: attempt(copies, control), chosen))
    green = [control for control, code, _ in rows if code != FAILED]
    for control in green:
        print(f"{control.rule}: nothing has failed when {control.says}")
    if green:
        return 1
    if not rules:
        draw([(control, seen) for control, _, seen in rows])
    return 0


def copied(scratch: Path) -> Path:
    """Copy what the tests need."""
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "interop", "*.egg-info")
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, scratch / name, ignore=ignored)
    shutil.copyfile(ROOT / "pyproject.toml", scratch / "pyproject.toml")
    return scratch


def attempt(copies: SimpleQueue[Path], control: Control) -> tuple[Control, int, str]:
    """Try one control in a copy that nobody uses."""
    scratch = copies.get()
    try:
        code, last = tried(scratch, control)
    finally:
        copies.put(scratch)
    seen = re.sub(r" in [0-9.]+s.*", "", last.strip("= "))
    print(f"{control.rule}  {control.says}: {seen}", flush=True)
    return control, code, seen


def draw(rows: list[tuple[Control, str]]) -> None:
    """Write both tables."""
    drawn = hashes()
    written = {"drawn_from": drawn, "rows": [{**attrs.asdict(control), "seen": seen} for control, seen in rows]}
    TABLE.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(rows, drawn), "utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
