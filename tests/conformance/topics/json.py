"""Strict JSON: `wire.json.parse_value` over the JSON parsing test suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fedtext.wire.json import parse_value

from ..cases import OVERRIDES, Case, Overrides, accepts

_UPSTREAM = {"y": ("accept",), "n": ("refuse",), "i": ("accept", "refuse")}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a file; the first letter of the name is the verdict."""
    for path in sorted(folder.glob("*.json")):
        if path.name != OVERRIDES and path.stem[:2] in ("y_", "n_", "i_"):
            data = path.read_bytes()
            yield Case(
                file=path.name,
                id=path.stem,
                want=_UPSTREAM[path.stem[0]],
                upstream=(path.stem[0],) if path.stem[0] == "i" else (path.stem[0], *_UPSTREAM[path.stem[0]]),
                run=accepts(lambda data=data: parse_value(data)),
            )
