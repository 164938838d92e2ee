"""One target under Atheris, for some seconds: started by `run.py`, in a process of its own.

    python -m tests.fuzz.child TARGET FOLDER [libFuzzer options]

The folder gets what is found: inputs that reach new code in `corpus`, the slowest in `slow`, and a file for one that
crashes, hangs or takes too much memory. Times are those under instrumentation: they choose what is worth timing again.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

import atheris

SLOWEST_COUNT = 8


def main(name: str, folder: Path, options: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    with atheris.instrument_imports(include=["fedtext", "pyld", "idna"]):
        from .targets import CORPUS, TARGETS, seeds

        target = TARGETS[name]
        for seed in seeds(name):  # what is imported at first use is instrumented, too
            target(seed.read_bytes())

    slowest: list[float] = []

    def one(data: bytes) -> None:
        begun_s = time.process_time()
        target(data)
        taken_s = time.process_time() - begun_s
        if len(slowest) < SLOWEST_COUNT or taken_s > slowest[0]:
            slowest.append(taken_s)
            slowest.sort()
            del slowest[:-SLOWEST_COUNT]
            (folder / "slow" / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    arguments = [sys.argv[0], f"-max_len={target.bytes_max}", f"-artifact_prefix={folder}/", *options]
    atheris.Setup([*arguments, str(folder / "corpus"), str(CORPUS / name)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
