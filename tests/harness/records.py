"""What the processes of a run write down, a line of JSON each, and how it is read.

A line is written by one call, so it is there as a whole or not at all, whenever its writer is killed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

EVERYBODY = "*"


class Log:
    """A file that several processes add lines to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, **fields: Any) -> None:
        """Add a line."""
        os.write(self._file, json.dumps(fields).encode() + b"\n")


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Read what was written."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


@attrs.frozen(kw_only=True)
class Intent:
    """Something that a publisher has set out to say.

    Args:
        what: Type, object and version: what is said, under whatever id.
        about: What has an order: a post, or one pair of Follow and Undo.
        to: An inbox, or "*": those of all followers.
        tries: How often it was tried; each may have brought about an activity.
        acknowledged: Whether the library has said that it is queued.
    """

    what: str
    about: str
    to: str
    tries: int = 1
    acknowledged: bool = True


@attrs.frozen(kw_only=True)
class Receipt:
    """Something that a peer has taken, for the first time (`applied`) or again."""

    inbox: str
    activity_id: str
    what: str
    digest: str
    applied: bool = True


def read_intents(path: Path) -> list[Intent]:
    """Read what publishers have said, in the order in which they first set out to say it."""
    found: dict[str, Intent] = {}
    for line in lines_of(path):
        what = line["what"]
        if line["say"] == "intent":
            known = found.get(what)
            found[what] = (
                Intent(what=what, about=line["about"], to=line["to"], acknowledged=False)
                if known is None
                else attrs.evolve(known, tries=known.tries + 1)
            )
        else:
            found[what] = attrs.evolve(found[what], acknowledged=True)
    return list(found.values())


def read_receipts(path: Path) -> list[Receipt]:
    """Read what peers have taken, in that order."""
    return [Receipt(**line) for line in lines_of(path)]
