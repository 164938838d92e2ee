"""How to measure: subject and anchor in turns, in one process, on one core, CPU time, medians.

A disturbance hits all cases alike, since they take turns; the ratio of medians is what is judged. Every goal prints
JSON lines of one shape, and `Measured.is_reached` says whether its reach holds.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import time
from collections.abc import Callable, Mapping

import attrs

ROUNDS = 15
ROUND_S = 0.02

Case = Callable[[], object]


@attrs.frozen(kw_only=True)
class Measured:
    """One line of a goal.

    Args:
        goal: As "G3".
        what: The case.
        anchor: Median of the anchor, in `unit`.
        subject: Median of the subject, in `unit`.
        reach: The largest ratio of subject to anchor; None: printed to be seen, not judged.
        unit: Of both.
    """

    goal: str
    what: str
    anchor: float
    subject: float
    reach: float | None
    unit: str = "us"

    @property
    def ratio(self) -> float:
        """How many times the anchor the subject costs."""
        return self.subject / self.anchor

    @property
    def is_reached(self) -> bool:
        """Whether the ratio is within reach."""
        return self.reach is None or self.ratio <= self.reach

    def line(self) -> str:
        """Give the JSON line."""
        return json.dumps(
            {
                "goal": self.goal,
                "what": self.what,
                f"anchor_{self.unit}": round(self.anchor, 3),
                f"subject_{self.unit}": round(self.subject, 3),
                "ratio": round(self.ratio, 3),
                "reach": self.reach,
            }
        )


def pin() -> None:
    """Stay on one core, the last that there is."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def unpin() -> None:
    """Run on any core: for processes of their own beside what is measured, which would else share its one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def medians_us(cases: Mapping[str, Case], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Run the cases in turns and give the median CPU time of one call of each, in microseconds."""
    loops = {name: _loops(case) for name, case in cases.items()}
    found: dict[str, list[float]] = {name: [] for name in cases}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, case in cases.items():
            count = range(loops[name])
            started = time.process_time()
            for _ in count:
                case()
            found[name].append((time.process_time() - started) / loops[name] * 1e6)
    gc.unfreeze()
    return {name: statistics.median(values) for name, values in found.items()}


def _loops(case: Case) -> int:
    """Find how many calls take about a round, after a first one that fills caches."""
    case()
    count = 1
    while True:
        started = time.perf_counter()
        for _ in range(count):
            case()
        taken = time.perf_counter() - started
        if taken > ROUND_S / 4 or count > 1_000_000:
            return max(1, int(count * ROUND_S / max(taken, 1e-9)))
        count *= 4
