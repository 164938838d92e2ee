"""NodeInfo: the lenient reader, the choice among links, and what we write against the schema's examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedtext.discovery import choose_nodeinfo, parse_nodeinfo
from fedtext.errors import TypeMismatch

from ..cases import Case, Overrides, listed, own_case, read_json, wanted


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
    parse_nodeinfo(_object(document))
    return "read"


def _choose(document: Any) -> str | None:
    return choose_nodeinfo(_object(document))


def _object(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):  # what `wire.json.parse_object` says of the same bytes
        raise TypeMismatch("not an object")
    return document
