"""The examples of the Fediverse Enhancement Proposals survive loading and writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..cases import Case, Overrides, documents
from ..roundtrip import round_trip


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a block that is an object with a type; the others are for reading."""
    for name, document in documents(folder):
        for blocks in document.get("feps", {}).values():
            for block in blocks:
                example = block.get("json")
                if block["valid_json"] and isinstance(example, dict) and "type" in example:
                    yield Case(
                        file=name,
                        id=block["id"],
                        want=("accept",),
                        run=lambda example=example: round_trip(example, folder.parent),
                        own=True,
                    )
