"""Kill workers and publishers while peers misbehave, check what came of it, and draw the table.

    python -m tests.harness.run                                        500 kills over each database; draws the table
    python -m tests.harness.run --backend sqlite --kills 300 --seed 8  over one of them; draws nothing
    python -m tests.harness.run --backend sqlite --smoke               20 kills, in a few seconds

Each run forks its processes and kills them with SIGKILL. The files of a run that went wrong are kept.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs
from tests.tables import ROOT, hash_of, sources

from .databases import Database, PostgresDatabase, SqliteDatabase
from .driving import Driver, Found, Plan

HERE = Path(__file__).resolve().parent
TABLE, PAGE = HERE / "table.json", HERE / "table.md"
COMMAND = "python -m tests.harness.run"
BACKENDS: dict[str, type[SqliteDatabase] | type[PostgresDatabase]] = {
    "sqlite": SqliteDatabase,
    "postgres": PostgresDatabase,
}
KILLS, SEED = 500, 7
HARNESS = [*sorted(set(HERE.glob("*.py")) - set(HERE.glob("test_*.py"))), ROOT / "tests" / "tables.py"]
KINDS = ("lost", "doubled", "swapped")
FEDERATION = ("fanning", "handles", "mentions", "outcomes", "publishing", "sending", "step")


@attrs.frozen(kw_only=True)
class Row:
    """What was seen over one database."""

    name: str
    kills: dict[str, int]
    faults: dict[str, int]
    figures: dict[str, int]
    wrong: dict[str, int]
    seconds: int


def hashes() -> dict[str, str]:
    """Give the hashes of what the table speaks of: what lies between an acknowledged post and its arrival."""
    package = ROOT / "src" / "fedtext"
    federation = [package / "federation" / f"{name}.py" for name in FEDERATION]
    return {
        **{name: hash_of(sources(name)) for name in ("adapters", "delivery", "ports")},
        "federation": hash_of(federation),
        "worker": hash_of([package / "runtime" / "worker.py"]),
        "harness": hash_of(HARNESS),
    }


def missing(backend: str) -> str:
    """Say what keeps a backend from being tried here; "" for nothing."""
    if sys.platform != "linux":
        return "processes are forked, and die with their parent, on Linux only"
    if backend == "postgres":
        if importlib.util.find_spec("psycopg") is None:
            return "psycopg is not installed"
        if PostgresDatabase.programs() is None:
            return "PostgreSQL is not installed"
    return ""


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


def row_of(backend: str, found: Found) -> Row:
    """Give the row of a run."""
    return Row(
        name=BACKENDS[backend].name,
        kills=dict(sorted(found.kills.items())),
        faults=dict(sorted(found.faults.items())),
        figures=found.figures,
        wrong=dict(sorted(found.wrong.items())),
        seconds=round(found.seconds),
    )


def counted(numbers: dict[str, int]) -> str:
    """Write counts in words."""
    return ", ".join(f"{count} {name}" for name, count in numbers.items()) or "none"


def page(rows: list[Row]) -> str:
    """Write the table for people: a column for each database."""
    told: dict[str, list[object]] = {
        "processes killed": [f"{sum(row.kills.values())}: {counted(row.kills)}" for row in rows],
        "other faults": [counted(row.faults) for row in rows],
        "activities acknowledged": [row.figures["acknowledged"] for row in rows],
        "applied by peers": [row.figures["deliveries"] for row in rows],
        "sent again, without effect": [row.figures["repeated"] for row in rows],
        "given up, with a reason": [row.figures["dead letters"] for row in rows],
        "acknowledged by the inbox": [row.figures["arrived"] for row in rows],
        **{f"**{kind}**": [row.wrong.get(kind, 0) for row in rows] for kind in KINDS},
        "**anything else wrong**": [sum(n for kind, n in row.wrong.items() if kind not in KINDS) for row in rows],
    }
    lines = [
        f"| | {' | '.join(row.name for row in rows)} |",
        "|---" * (len(rows) + 1) + "|",
        *(f"| {name} | {' | '.join(map(str, values))} |" for name, values in told.items()),
    ]
    return "\n".join([f"Drawn by `{COMMAND}`.", "", *lines]) + "\n"


def read_rows() -> list[Row]:
    """Read the table for machines."""
    table: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return [Row(**row) for row in table["rows"]]


def draw(kills: int, seed: int) -> int:
    """Run over every database and write both tables; exit code 1 when something is wrong."""
    lacking = [f"{backend}: {reason}" for backend in BACKENDS if (reason := missing(backend))]
    if lacking:
        print("\n".join(["nothing is killed", *lacking]))
        return 0
    rows = [row_of(backend, run(backend, Plan(kills=kills, seed=seed))) for backend in BACKENDS]
    table = {"drawn_from": hashes(), "rows": [attrs.asdict(row) for row in rows]}
    TABLE.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    PAGE.write_text(page(rows), "utf-8")
    return 1 if any(row.wrong for row in rows) else 0


def main(arguments: list[str]) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--backend", choices=BACKENDS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args(arguments)
    if given.backend is None:
        return draw(given.kills, given.seed)
    reason = missing(given.backend)
    if reason:
        print(f"nothing is killed: {reason}")
        return 2
    plan = Plan.smoke(given.seed) if given.smoke else Plan(kills=given.kills, seed=given.seed)
    return 1 if run(given.backend, plan).complaints else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
