"""Structured fields: read, compare, write; over the tests of the HTTP working group."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..cases import Case, NotYet, Overrides, documents


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a record."""
    for pattern in ("*.json", "serialisation-tests/*.json"):
        for name, records in documents(folder, pattern):
            for record in records:
                yield Case(file=name, id=f"{Path(name).stem}#{record['name']}", want=("right",), run=_not_yet)


def _not_yet() -> str:
    raise NotYet
