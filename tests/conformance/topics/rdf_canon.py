"""Canonical RDF datasets: `jsonld.canonize` over the RDFC-1.0 suite of the W3C."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..cases import Case, Overrides, library, read_json


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case an entry of the manifest."""
    path = folder / "manifest.jsonld"
    for entry in read_json(path)["entries"] if path.is_file() else []:
        fails = "NegativeEval" in entry["type"]
        yield Case(
            file=path.name,
            id=entry["id"].removeprefix("#"),
            want=("refuse",) if fails else ("equal",),
            run=partial(_run, folder, entry),
        )


def _run(folder: Path, entry: Mapping[str, Any]) -> str:
    """Canonize the dataset under the default budget and compare the bytes."""
    options = {"hash_name": entry["hashAlgorithm"].lower()} if "hashAlgorithm" in entry else {}
    quads = (folder / entry["action"]).read_bytes().decode("utf-8")
    got: str = library("fedtext.jsonld", "canonize")(quads, **options)
    if "result" not in entry:
        return "accept"
    return "equal" if got.encode("utf-8") == (folder / entry["result"]).read_bytes() else f"other: {got}"
