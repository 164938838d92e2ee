"""The queue in lines for people and in records for machines: pure functions of what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from ..ports import LaneStatus, QueueDepth
from .console import Console, plain

IDLE_S: Final = 60.0
"""A job that has been due for longer than this is waiting for a worker that is not there, or is too slow."""

_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
_HEADS: Final = ("lane", "waiting", "leased", "given up", "failures", "")


def ago(seconds: float) -> str:
    """Give a span in its largest unit: "4 min"."""
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), _UNITS[-1])
    return f"{max(0.0, seconds) / size:.0f} {unit}"


def status_record(depth: QueueDepth, paused: Sequence[str]) -> dict[str, object]:
    """Give the measures for machines."""
    return {"event": "queue", **attrs.asdict(depth), "paused": list(paused)}


def status_lines(
    depth: QueueDepth, paused: Sequence[str], console: Console, *, target: str, before: QueueDepth | None = None
) -> list[str]:
    """Say how much waits, and what stands in its way.

    Args:
        depth: As measured.
        paused: Lanes and kinds, as "out:mastodon.example" and "out:*".
        console: For its colours.
        target: As typed; for what to do next.
        before: As measured the last time; changes since then are shown.
    """
    change = 0 if before is None else depth.waiting - before.waiting
    counted = [
        f"{depth.waiting:,} waiting{f' ({change:+,})' if change else ''}",
        f"{depth.leased:,} worked on",
        console.style(f"{depth.buried:,} given up", "bad" if depth.buried else "soft"),
        f"{depth.lanes:,} lanes",
    ]
    lines = [", ".join(counted)]
    if depth.oldest_due_age_s >= 1:
        late = depth.oldest_due_age_s >= IDLE_S and not depth.leased
        lines.append(f"the oldest has been due for {ago(depth.oldest_due_age_s)}")
        if late and not paused:
            lines.append(console.style(f"nobody works on it: fedtext worker {target}", "bad"))
    lines += [f"paused: {plain(name)}; fedtext queue resume {target} {plain(_typed(name))}".rstrip() for name in paused]
    if depth.buried:
        lines.append(f"given up: fedtext queue retry {target}, or fedtext queue purge {target}")
    return lines


def _typed(name: str) -> str:
    kind, _, rest = name.partition(":")
    if rest == "*":
        return f"--kind {kind}"
    return rest if kind == "out" else name


def lane_record(status: LaneStatus) -> dict[str, object]:
    """Give one lane for machines."""
    return {**attrs.asdict(status), "lane": str(status.lane)}


def worst_first(found: Iterable[LaneStatus]) -> list[LaneStatus]:
    """Order lanes: those that need somebody first, then by how much waits."""
    return sorted(found, key=lambda one: (-one.failures, -one.buried, -one.waiting, str(one.lane)))


def lane_lines(found: Sequence[LaneStatus], console: Console, *, now_s: float, total: int) -> list[str]:
    """Draw a table of lanes.

    Args:
        found: The ones to show.
        console: For its colours.
        now_s: For how long a back-off lasts, in seconds since the epoch.
        total: How many there are.
    """
    if not found:
        return ["nothing waits"]
    rows = [_HEADS, *(_cells(status, now_s) for status in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS) - 1)]
    lines = [_row(row, widths) for row in rows]
    lines[0] = console.style(lines[0], "strong")
    for place, status in enumerate(found, start=1):
        if status.failures or status.buried:
            lines[place] = console.style(lines[place], "bad")
        elif status.paused:
            lines[place] = console.style(lines[place], "soft")
    if total > len(found):
        lines.append(console.style(f"and {total - len(found):,} more", "soft"))
    return lines


def _cells(status: LaneStatus, now_s: float) -> tuple[str, ...]:
    notes: list[str] = []
    if status.paused:
        notes.append("paused")
    if status.due_s > now_s:
        notes.append(f"asked again in {ago(status.due_s - now_s)}")
    if status.oldest_enqueued_s is not None and now_s - status.oldest_enqueued_s >= IDLE_S:
        notes.append(f"oldest {ago(now_s - status.oldest_enqueued_s)}")
    counts = (status.waiting, status.leased, status.buried, status.failures)
    return plain(str(status.lane)), *(f"{count:,}" for count in counts), ", ".join(notes)


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *counts = (cell for cell, _ in zip(row, widths, strict=False))
    aligned = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(counts, widths[1:], strict=True))]
    return "  ".join([*aligned, row[-1]]).rstrip()
