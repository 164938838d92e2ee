"""Read every document of a corpus of real ones and count which road it took, by producer.

    python tests/corpus/roads.py [--write] [FOLDER]

A document of the network is what has a context, or a type without one; other JSON (NodeInfo, WebFinger) is left out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from fedtext.errors import FedtextError
from fedtext.jsonld import normalize_by
from fedtext.wire.json import parse_object

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "roads.md"
ROADS = ("fast", "slow", "plain", "refused")

# Whose documents are read without a processor, all of them (performance rule G3).
FAST = ("gotosocial", "mastodon", "misskey", "pleroma", "takahe", "wordpress")
# Fixtures of other projects that lie among them, and what they do that those servers do not. Who adds a document to
# this list has looked at it.
NO_SHAPES = {
    "mastodon/bonfire__mooglenet_person_actor.json": "defines `totalItems` anew, and a broken prefix `schema`",
    "misskey/ktistec__object_spec.json": "spells `id` and `type` as `@id` and `@type`",
    "pleroma/akkoma__pleroma_followers.json": "names a context on `localhost`",
    "takahe/akkoma__takahe_user.json": "has `toot:discoverable`, whose plain name its context lacks",
}

Table = dict[str, Counter[str]]


def documents(folder: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Iterate over the documents of the network: producer, file, document; hostile ones left out."""
    for path in sorted(folder.glob("*/*.json")):
        if path.parent.name == "hostile":
            continue
        try:
            document = parse_object(path.read_bytes())
        except FedtextError:
            continue
        if "@context" in document or "type" in document:
            yield path.parent.name, path, document


def count(folder: Path) -> Table:
    """Count the roads."""
    found: Table = {}
    for producer, _, document in documents(folder):
        counter = found.setdefault(producer, Counter())
        try:
            counter[normalize_by(document)[1].value] += 1
        except FedtextError:
            counter["refused"] += 1
    return found


def slow_ones(folder: Path) -> dict[str, str]:
    """Give the documents of servers that should be read fast, and are not, with their roads."""
    found: dict[str, str] = {}
    for producer, path, document in documents(folder):
        if producer in FAST:
            try:
                road = normalize_by(document)[1].value
            except FedtextError:
                road = "refused"
            if road != "fast":
                found[path.relative_to(folder).as_posix()] = road
    return found


def fingerprint(folder: Path) -> str:
    """Name the corpus by what is in it."""
    digest = sha256()
    for path in sorted(folder.glob("*/*.json")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def render(table: Table, slow: dict[str, str], name: str) -> str:
    """Give the page."""
    total: Counter[str] = sum(table.values(), Counter())
    rows = [(producer, counter) for producer, counter in sorted(table.items())] + [("**all**", total)]
    lines = [
        "# Which road real documents take",
        "",
        "Known contexts with plain names take the **fast** road: no JSON-LD processor runs. What is unusual under",
        "contexts that are at hand takes the **slow** one, through a processor. What names a context that is not at",
        "hand, or breaks the rules of JSON-LD, is read by its **plain** member names. The roads are explained in",
        "[how documents are read](../explanation/reading-documents.md).",
        "",
        "Counted over a corpus of real documents, sorted by the software whose shape they have. Test suites are among",
        "the producers: theirs contain what no server sends.",
        "",
        "This page is made by `python tests/corpus/roads.py --write`.",
        "",
        f"{sum(total.values())} documents; corpus `{name}`.",
        "",
        "| producer | " + " | ".join(ROADS) + " | fast |",
        "|---|" + "---:|" * (len(ROADS) + 1),
    ]
    for producer, counter in rows:
        cells = [str(counter[road]) if counter[road] else "" for road in ROADS]
        share = 100 * counter["fast"] / sum(counter.values())
        lines.append(f"| {producer} | {' | '.join(cells)} | {share:.0f} % |")
    lines += ["", "Of the servers whose documents are all to be read fast, these are not:", ""]
    lines += [f"- `{name}` ({road}): {NO_SHAPES.get(name, 'to be looked at')}" for name, road in sorted(slow.items())]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description="Count which road real documents take.")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    folder = options.folder or Path(os.environ.get("FEDTEXT_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        print(f"no corpus at {folder}", file=sys.stderr)
        return 2
    page = render(count(folder), slow_ones(folder), fingerprint(folder))
    if options.write:
        PAGE.write_text(page, encoding="utf-8")
    print(page)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
