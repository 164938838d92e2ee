"""Run all measurements, print their JSON lines and a table; exit 1 when a goal is missed.

python bench/run.py [G3 SIG …]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import (
    flat_memory,
    fuzz_seeds,
    g01_inbox,
    g02_served_inbox,
    g03_reading,
    g04_signing,
    g05_delivery,
    g06_fresh_tls,
    g07_queue,
    g08_counters,
    g09_hostile,
    g10_import,
    g11_serving,
    g12_proofs,
    g13_linked_data,
    g14_end_to_end,
    g15_crowd,
    g16_fedify,
    refusals,
    sig_verify,
)
from bench.measuring import Measured, pin

GOALS = {
    "G1": g01_inbox.measure,
    "G2": g02_served_inbox.measure,
    "G3": g03_reading.measure,
    "G4": g04_signing.measure,
    "G5": g05_delivery.measure,
    "G6": g06_fresh_tls.measure,
    "G7": g07_queue.measure,
    "G8": g08_counters.measure,
    "G9": g09_hostile.measure,
    "G10": g10_import.measure,
    "G11": g11_serving.measure,
    "G12": g12_proofs.measure,
    "G13": g13_linked_data.measure,
    "E2E": g14_end_to_end.measure,
    "CROWD": g15_crowd.measure,
    "FEDIFY": g16_fedify.measure,
    "REFUSALS": refusals.measure,
    "SIG": sig_verify.measure,
    "IDS": flat_memory.measure,
    "FUZZ": fuzz_seeds.measure,
}


def table(found: list[Measured]) -> str:
    """Give the table."""
    rows = [("goal", "what", "anchor", "subject", "ratio", "reach", "")]
    for item in found:
        verdict = "" if item.reach is None else "reached" if item.is_reached else "MISSED"
        reach = "" if item.reach is None else f"{item.reach:g}"
        figures = (f"{item.anchor:.1f} {item.unit}", f"{item.subject:.1f} {item.unit}", f"{item.ratio:.2f}", reach)
        rows.append((item.goal, item.what, *figures, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def main(names: list[str]) -> int:
    """Run it from the command line."""
    unknown = [name for name in names if name not in GOALS]
    if unknown:
        print(f"not measured: {', '.join(unknown)}", file=sys.stderr)
        return 2
    pin()
    found: list[Measured] = []
    for name in names or GOALS:
        for measured in GOALS[name]():
            print(measured.line(), flush=True)
            found.append(measured)
    print(f"\n{table(found)}")
    return 0 if all(measured.is_reached for measured in found) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
