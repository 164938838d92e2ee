"""NodeInfo: the lenient reader, the choice among links, and what we write against the schema's examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedtext.discovery import choose_nodeinfo, parse_nodeinfo

from ..cases import Case, Overrides, as_received, listed, own_case, read_json, wanted


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the documents, the indexes, and one case an example."""
    for case, _ in listed(folder, "documents.json"):
        yield own_case(
            "documents.json", case, wanted(case), lambda case=case: _read(case["document"]), refused="refused"
        )
    for case, _ in listed(folder, "well-known.json"):
        yield own_case(
            "well-known.json", case, wanted(case), lambda case=case: _choose(case["well_known"]), refused=None
        )
    for path in sorted(folder.glob("*/example.json")):
        version = path.parent.name
        yield Case(
            file=f"{version}/example.json",
            id=f"{version}/example",
            want=("read",),
            run=lambda path=path: _read(read_json(path)),
            refused="refused",
        )


def _read(document: Any) -> str:
    parse_nodeinfo(as_received(document))
    return "read"


def _choose(document: Any) -> str | None:
    return choose_nodeinfo(as_received(document))
