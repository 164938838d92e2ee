"""URLs: `wire.iri.parse_url` may refuse, but never reads another host or port than a browser does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedtext.wire.iri import parse_url, resolve

from ..cases import Case, Overrides, documents

Place = tuple[str, int | None]


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case an object of each list; remarks in between are texts."""
    for name, entries in documents(folder):
        for index, entry in enumerate(entries):
            if isinstance(entry, dict):
                yield _case(name, str(index), entry)


def _case(name: str, case_id: str, entry: dict[str, Any]) -> Case:
    must_fail = entry.get("failure") is True
    return Case(
        file=name,
        id=case_id,
        want=("refuse",) if must_fail else ("refuse", _place(entry)),
        run=lambda: _read(entry["input"], entry.get("base")),
        refusal=True,
    )


def _place(entry: dict[str, Any]) -> Place:
    return entry["hostname"].strip("[]").lower(), int(entry["port"]) if entry["port"] else None


def _read(text: str, base: str | None) -> Place:
    """Read a URL; relative to `base`, as what a redirect says."""
    found = parse_url(text) if base is None else resolve(text, parse_url(base))
    return found.host.strip("[]"), found.port
