"""Kill workers and publishers while peers misbehave, check what came of it, and draw the table.

    python -m tests.harness.run                          both databases, 1 000 kills in all; draws the table
    python -m tests.harness.run --backend sqlite --kills 300 --seed 7      one of them; draws nothing

Each run forks its processes and kills them with SIGKILL. Files of a run that went wrong are kept.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from .databases import Database, PostgresDatabase, SqliteDatabase
from .driving import Driver, Found, Plan

COMMAND = "python -m tests.harness.run"
BACKENDS = {"sqlite": SqliteDatabase, "postgres": PostgresDatabase}
KILLS, SEED = 500, 7


def run(backend: str, plan: Plan) -> Found:
    """Carry out one run; its folder is kept when something is wrong."""
    folder = Path(tempfile.mkdtemp(prefix=f"harness-{backend}-"))
    database: Database = BACKENDS[backend](folder)
    found = Driver(plan, database, folder).run()
    print(f"{backend}: {dict(found.kills)} {dict(found.faults)} {found.figures} in {found.seconds:.0f} s", flush=True)
    if found.complaints:
        print("\n".join([*found.complaints, f"see {folder}"]), flush=True)
    else:
        shutil.rmtree(folder)
    return found


def main(arguments: list[str]) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--backend", choices=BACKENDS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    found = run(given.backend or "sqlite", Plan(kills=given.kills, seed=given.seed))
    return 1 if found.complaints else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
