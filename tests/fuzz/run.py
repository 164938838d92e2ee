"""Fuzz the targets and draw the table of what was seen.

    python -m tests.fuzz.run                      fuzz those whose row is stale, and draw the table
    python -m tests.fuzz.run --anew               fuzz all of them
    python -m tests.fuzz.run --seconds 600 html   fuzz some for longer, draw nothing

Each target runs under Atheris (libFuzzer: guided by which code an input reaches), in a process of its own that begins
with the committed seeds. Afterwards the slowest inputs are read again without instrumentation, and the dearest of each
target becomes its seed `slowest`. It is a fault when an input crashes, hangs, or costs more than 20 ms (G9).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
from tests.tables import ROOT, hash_of, sources

from .targets import CORPUS, TARGETS, seeds
from .timing import slowest

HERE = Path(__file__).resolve().parent
TABLE, PAGE = HERE / "table.json", HERE / "table.md"
COMMAND = "python -m tests.fuzz.run"
HARNESS = [*sorted(set(HERE.glob("*.py")) - set(HERE.glob("test_*.py"))), ROOT / "tests" / "tables.py"]
SECONDS, JOBS = 60, 2
CPU_MS_MAX = 20.0
SLOWEST = "slowest"
OPTIONS = ["-len_control=0", "-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1"]


@attrs.frozen(kw_only=True)
class Row:
    """What was seen of one target."""

    name: str
    drawn_from: str
    seconds: int
    executions: int
    features: int
    faults: list[str]
    slowest_ms: float
    slowest_bytes: int

    def complaints(self) -> list[str]:
        """Say what is wrong."""
        said = [f"{self.name}: {fault}" for fault in self.faults]
        if self.slowest_ms > CPU_MS_MAX:
            said.append(f"{self.name}: an input costs {self.slowest_ms} ms, {CPU_MS_MAX} is the most")
        if self.executions == 0:
            said.append(f"{self.name}: nothing was run")
        return said


def drawn_from(name: str) -> str:
    """Give the hash of what a row depends on: the packages of its target, its seeds and the harness."""
    packages = [path for package in TARGETS[name].packages.split() for path in sources(package)]
    return hash_of([*packages, *HARNESS, *seeds(name)])


def hashes() -> dict[str, str]:
    """Give the hashes of all rows, as they should be."""
    return {name: drawn_from(name) for name in TARGETS}


def read_table() -> dict[str, Any]:
    """Read the table for machines."""
    table: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return table


def fuzz(name: str, folder: Path, seconds: int) -> tuple[int, int, list[str]]:
    """Run one target: how many inputs, how much of the code they told apart, and what went wrong."""
    for part in ("corpus", "slow"):
        (folder / part).mkdir(parents=True)
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(folder), f"-max_total_time={seconds}", *OPTIONS]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    executions = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said)
    features = re.findall(r" ft: (\d+)", said)
    faults = [kept(name, path) for path in sorted(folder.iterdir()) if path.is_file()]
    if done.returncode != 0:
        faults.append("; ".join(line for line in said.splitlines() if "Error" in line)[:500] or said[-500:])
    return int((executions or ["0"])[0]), int((features or ["0"])[-1]), faults


def kept(name: str, path: Path) -> str:
    """Keep an input that went wrong where it can be looked at, and say where."""
    place = Path(tempfile.gettempdir()) / f"fuzz-{name}-{path.name}"
    shutil.copyfile(path, place)
    return f"{path.name.partition('-')[0]}, see {place}"


def run(name: str, seconds: int) -> tuple[Row, bytes]:
    """Fuzz one target; give its row and its dearest input."""
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as made:
        folder = Path(made)
        executions, features, faults = fuzz(name, folder, seconds)
        for seed in seeds(name):
            shutil.copyfile(seed, folder / "slow" / seed.name)
        taken_ms, file = slowest(name, folder / "slow")
        data = file.read_bytes()
    row = Row(
        name=name,
        drawn_from="",
        seconds=seconds,
        executions=executions,
        features=features,
        faults=faults,
        slowest_ms=round(taken_ms, 2),
        slowest_bytes=len(data),
    )
    print(line_of(row), *row.complaints(), sep="\n", flush=True)
    return row, data


def line_of(row: Row) -> str:
    """Write one line of the table for people."""
    figures = (row.seconds, row.executions, row.features, len(row.faults), f"{row.slowest_ms:.2f}", row.slowest_bytes)
    return f"| {row.name} | {' | '.join(map(str, figures))} |"


def page(rows: list[Row]) -> str:
    """Write the table for people."""
    lines = [
        "# Fuzzing",
        "",
        f"Drawn by `{COMMAND}`; do not edit. By its features, pieces of code and how often they ran, libFuzzer",
        "tells inputs apart. The slowest is read without instrumentation, for the first time in a process (CPU time).",
        "It lies in `corpus` as `slowest`, where a test counts its steps; `make bench` times all seeds.",
        "",
        "| target | seconds | inputs | features | faults | slowest (ms) | its bytes |",
        "|---|---|---|---|---|---|---|",
        *map(line_of, rows),
    ]
    return "\n".join(lines) + "\n"


def fuzz_all(names: Collection[str], seconds: int, jobs: int) -> dict[str, tuple[Row, bytes]]:
    """Fuzz some targets, so many at once."""
    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(names, pool.map(lambda name: run(name, seconds), names), strict=True))


def draw(seconds: int, jobs: int, *, anew: bool) -> int:
    """Fuzz what is stale and write both tables; exit code 1 when there was a fault."""
    known = {row["name"]: Row(**row) for row in read_table()["rows"]} if TABLE.exists() and not anew else {}
    stale = [name for name in TARGETS if name not in known or known[name].drawn_from != drawn_from(name)]
    print(f"to run: {' '.join(stale) or 'none'}", flush=True)
    for name, (row, data) in fuzz_all(stale, seconds, jobs).items():
        (CORPUS / name / SLOWEST).write_bytes(data)
        known[name] = attrs.evolve(row, drawn_from=drawn_from(name))
    rows = [known[name] for name in TARGETS]
    written = {"drawn_from": {row.name: row.drawn_from for row in rows}, "rows": [attrs.asdict(row) for row in rows]}
    TABLE.write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    PAGE.write_text(page(rows), "utf-8")
    said = [complaint for row in rows for complaint in row.complaints()]
    print("\n".join(said))
    return 1 if said else 0


def main(arguments: list[str]) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("target", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--anew", action="store_true")
    given = parser.parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        print("nothing is fuzzed: there is no Atheris here (pip install 'fedtext[fuzz]' where it is made for)")
        return 0
    if given.target:
        found = fuzz_all(given.target, given.seconds, given.jobs)
        return 1 if any(row.complaints() for row, _data in found.values()) else 0
    return draw(given.seconds, given.jobs, anew=given.anew)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
