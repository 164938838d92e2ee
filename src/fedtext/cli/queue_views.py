"""The queue in lines for people and in records for machines: pure functions of what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from ..ports import Lane, LaneStatus, QueueDepth
from .console import Console, plain

if TYPE_CHECKING:
    from ..federation.host_status import HostStatus

IDLE_S: Final = 60.0
"""A job that has been due for longer than this is waiting for a worker that is not there, or is too slow."""

_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
# What a process has counted by itself is left out: this one has sent nothing.
_KNOWN: Final = ("host", "failing_days", "unavailable", "gone", "last", "failed_s", "succeeded_s", "scheme")
_SCHEMES: Final = {"draft-cavage-http-signatures-12": "as in the draft", "rfc9421": "as in RFC 9421"}
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


def lane_record(status: LaneStatus, host: HostStatus | None = None, *, now_s: float) -> dict[str, object]:
    """Give one lane, and what is known of its host, for machines.

    Args:
        status: The lane.
        host: None: it is no lane of a host.
        now_s: For how long a back-off lasts, in seconds since the epoch.
    """
    known = {} if host is None else {name: getattr(host, name) for name in _KNOWN}
    back_off_s = max(0.0, status.due_s - now_s)
    return {**attrs.asdict(status), "lane": str(status.lane), "back_off_s": round(back_off_s, 3), **known}


def worst_first(found: Iterable[LaneStatus]) -> list[LaneStatus]:
    """Order lanes: those that need somebody first, then by how much waits."""
    return sorted(found, key=lambda one: (-one.failures, -one.buried, -one.waiting, str(one.lane)))


def lane_lines(
    found: Sequence[LaneStatus], hosts: Mapping[Lane, HostStatus], console: Console, *, now_s: float, total: int
) -> list[str]:
    """Draw a table of lanes.

    Args:
        found: The ones to show.
        hosts: What is known of their hosts.
        console: For its colours.
        now_s: For how long a back-off lasts, in seconds since the epoch.
        total: How many there are.
    """
    if not found:
        return ["nothing waits"]
    rows = [_HEADS, *(_cells(status, hosts.get(status.lane), now_s) for status in found)]
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


def _cells(status: LaneStatus, host: HostStatus | None, now_s: float) -> tuple[str, ...]:
    notes: list[str] = ["paused"] if status.paused else []
    if status.due_s > now_s:
        notes.append(f"asked again in {ago(status.due_s - now_s)}")
    if status.oldest_enqueued_s is not None and now_s - status.oldest_enqueued_s >= IDLE_S:
        notes.append(f"oldest {ago(now_s - status.oldest_enqueued_s)}")
    notes += [] if host is None else _host_notes(host, now_s)
    counts = (status.waiting, status.leased, status.buried, status.failures)
    return plain(str(status.lane)), *(f"{count:,}" for count in counts), ", ".join(notes)


def _host_notes(host: HostStatus, now_s: float) -> list[str]:
    notes: list[str] = []
    if host.unavailable:
        notes.append("gone" if host.gone else "unavailable")
    if host.failing_days:
        notes.append(f"failed on {host.failing_days} day{'s' if host.failing_days > 1 else ''}")
    if host.last:
        when = "" if host.failed_s is None else f", {ago(now_s - host.failed_s)} ago"
        notes.append(f"last {plain(host.last)}{when}")
    if host.succeeded_s is not None:
        notes.append(f"took something {ago(now_s - host.succeeded_s)} ago")
    return [*notes, f"signed {_SCHEMES.get(host.scheme, plain(host.scheme))}"]


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *counts = (cell for cell, _ in zip(row, widths, strict=False))
    aligned = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(counts, widths[1:], strict=True))]
    return "  ".join([*aligned, row[-1]]).rstrip()
