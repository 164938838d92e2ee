"""How long the first reading of an input takes, in a process that has read all seeds: as a peer's message finds us.

    python -m tests.fuzz.timing TARGET FOLDER

Prints the CPU time in ms and the name of each file of the folder. The second reading of the same text would be cheaper:
what was read lately is kept in some places.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.tables import ROOT

from .target import Target, tried
from .targets import TARGETS, seeds

FRESH_PROCESSES = 3
CANDIDATES = 5


def first_ms(target: Target, data: bytes) -> float:
    """Read an input once and give the CPU time."""
    gc.disable()
    begun_s = time.process_time()
    tried(target.read, data)
    taken_s = time.process_time() - begun_s
    gc.enable()
    gc.collect(0)
    return taken_s * 1e3


def measured(name: str, folder: Path) -> dict[str, float]:
    """Time all files of a folder in a new process, by name."""
    command = [sys.executable, "-m", "tests.fuzz.timing", name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    rows = [line.split(" ", 1) for line in done.stdout.splitlines()]
    return {file: float(taken_ms) for taken_ms, file in rows}


def slowest(name: str, folder: Path) -> tuple[float, Path]:
    """Give the dearest file of a folder and the least of some timings of it; the others are removed from the folder."""
    found = measured(name, folder)
    for file in sorted(found, key=lambda file: found[file])[:-CANDIDATES]:
        (folder / file).unlink()
        del found[file]
    for _ in range(FRESH_PROCESSES):
        for file, taken_ms in measured(name, folder).items():
            found[file] = min(found[file], taken_ms)
    file = max(found, key=lambda file: found[file])
    return found[file], folder / file


def main(name: str, files: Iterable[Path]) -> None:
    """Print the times."""
    target = TARGETS[name]
    for seed in seeds(name):
        tried(target.read, seed.read_bytes())
    for file in sorted(files):
        sys.stdout.write(f"{first_ms(target, file.read_bytes()):.3f} {file.name}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).iterdir())
