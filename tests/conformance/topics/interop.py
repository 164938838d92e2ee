"""Real documents of other projects survive loading and writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..cases import Case, Overrides, documents
from ..roundtrip import round_trip


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a document."""
    for name, document in documents(folder, "*/*.json"):
        yield Case(
            file=name,
            id=name,
            want=("accept",),
            run=lambda document=document: round_trip(document, folder.parent),
        )
