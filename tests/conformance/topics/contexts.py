"""Bundled contexts: each is answered from the package, equal to the file, whose hash is the listed one.

A context that we do not bundle is skipped only where its licence forbids shipping it with a library under MIT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..cases import Case, Overrides, library, read_json

_COPYLEFT = re.compile(r"\b[AL]?GPL\b")


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case an address."""
    index = folder / "index.json"
    for entry in read_json(index)["contexts"] if index.is_file() else []:
        for url in entry["urls"]:
            yield Case(
                file="index.json",
                id=url,
                want=("equal",),
                run=lambda entry=entry, url=url: _compare(folder / entry["file"], entry, url),
                skip=_COPYLEFT.search(entry["licence"]) is not None
                and not library("fedtext.jsonld", "is_bundled")(url),
            )


def _compare(path: Path, entry: dict[str, Any], url: str) -> str:
    answered = library("fedtext.jsonld", "bundled_context")(url)
    if sha256(path.read_bytes()).hexdigest() != entry["sha256"]:
        return "the file is not the listed one"
    return "equal" if answered == read_json(path) else "another document"
