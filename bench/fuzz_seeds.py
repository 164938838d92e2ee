"""FUZZ: no seed of the fuzz targets, the slowest inputs that were found among them, costs more than 20 ms.

The anchor is that bound, the subject the dearest seed of each target, read in a process that has
not seen it before.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.fuzz.run import CPU_MS_MAX
from tests.fuzz.targets import CORPUS, TARGETS
from tests.fuzz.timing import slowest

from bench.measuring import Measured


def measure() -> list[Measured]:
    """Measure each target's dearest seed."""
    found = []
    for name in TARGETS:
        with tempfile.TemporaryDirectory() as made:
            folder = shutil.copytree(CORPUS / name, Path(made) / name)
            cpu_ms, seed = slowest(name, folder)
        what = f"{name}: {seed.name}"
        found.append(Measured(goal="FUZZ", what=what, anchor=CPU_MS_MAX, subject=cpu_ms, reach=1.0, unit="ms"))
    return found


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
