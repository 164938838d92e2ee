"""Round trip: what the library loads and writes again says the same.

Either both documents have the same expanded JSON-LD, with bundled contexts only and no base; or, where the document
names a context that is not bundled, has none, or cannot be expanded, every member of the one is in the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pyld import jsonld

from fedtext.jsonld import normalize
from fedtext.vocab import dump, load

from .cases import read_json

Expanded = Any
_ACTIVITYSTREAMS: Final = "https://www.w3.org/ns/activitystreams"
_OLD_SPELLINGS: Final = (
    "http://www.w3.org/ns/activitystreams",
    "http://www.w3.org/ns/activitystreams#",
    f"{_ACTIVITYSTREAMS}#",
    f"{_ACTIVITYSTREAMS}.jsonld",
)


class NotBundled(Exception):
    """A document names a context that is not bundled."""


def round_trip(document: Any, root: Path) -> str:
    """Load a document, write it, and compare.

    Args:
        document: As parsed; not changed.
        root: Folder of the vectors, whose contexts the comparison uses.

    Returns:
        "accept", or what differs.
    """
    copied = json.loads(json.dumps(document))
    written = dump(load(normalize(copied) if isinstance(copied, dict) else copied))
    try:
        before, after = expand(document, root), expand(written, root)
    except (NotBundled, jsonld.JsonLdError):
        lost = lost_members(document, written)
        return f"lost: {', '.join(lost)}" if lost else "accept"
    return "accept" if before == after else f"expands otherwise: {_first_difference(before, after)}"


def expand(document: Mapping[str, Any], root: Path) -> Expanded:
    """Expand a document; the order of arrays does not count outside of lists.

    Raises:
        NotBundled: It names no context, or one that is not bundled.
    """
    if "@context" not in document:
        raise NotBundled("no context at all")
    options = {"documentLoader": loader(root), "base": None, "processingMode": "json-ld-1.1"}
    try:
        return unordered(jsonld.expand(document, options))
    except jsonld.JsonLdError as error:
        if error.code == "loading remote context failed":
            raise NotBundled(str(error)) from error
        raise


@lru_cache(maxsize=8)
def loader(root: Path) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    """Give a loader of documents that knows the bundled contexts and no network."""
    index = root / "contexts" / "index.json"
    entries = read_json(index)["contexts"] if index.is_file() else []
    files = {url: root / "contexts" / entry["file"] for entry in entries for url in entry["urls"]}
    if _ACTIVITYSTREAMS in files:
        files.update(dict.fromkeys(_OLD_SPELLINGS, files[_ACTIVITYSTREAMS]))
    loaded: dict[Path, Any] = {}

    def load_document(url: str, _options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        path = files.get(url)
        if path is None or not path.is_file():
            raise jsonld.JsonLdError("not bundled", "jsonld.LoadDocumentError", code="loading document failed")
        if path not in loaded:
            loaded[path] = read_json(path)
        return {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": url, "document": loaded[path]}

    return load_document


def unordered(value: Any) -> Any:
    """Sort all arrays but those of a list."""
    if isinstance(value, dict):
        return {
            name: [unordered(item) for item in member] if name == "@list" else unordered(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return sorted((unordered(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def lost_members(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the members that are not in the other document with an equal value."""
    return [name for name, value in before.items() if name not in after or not alike(value, after[name])]


def alike(one: Any, other: Any) -> bool:
    """Tell whether two values are equal; a single one equals a list of it."""
    if isinstance(one, list) != isinstance(other, list):
        one, other = (item if isinstance(item, list) else [item] for item in (one, other))
    if isinstance(one, list):
        return len(one) == len(other) and all(alike(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[name]) for name, value in one.items())
    return type(one) is type(other) and one == other


def _first_difference(before: Any, after: Any) -> str:
    one, other = (json.dumps(value, sort_keys=True, ensure_ascii=False) for value in (before, after))
    at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    return f"…{one[max(0, at - 30) : at + 40]} / …{other[max(0, at - 30) : at + 40]}"
