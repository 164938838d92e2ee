"""Tables of what slow runs have found, and the hash by which each tells what it was drawn from.

A table is committed with the hash of the packages that it speaks of and of the files that draw it. A quick test
compares; it reads no table's figures and runs nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("keys", "signatures")


def sources(package: str) -> list[Path]:
    """Give the modules of a package, sorted."""
    return sorted((ROOT / "src" / "fedtext" / package).rglob("*.py"))


def normalized(path: Path) -> bytes:
    """Give the bytes of a file with lines that end in one way, whoever checked it out."""
    return path.read_bytes().replace(b"\r\n", b"\n").rstrip() + b"\n"


def hash_of(paths: Iterable[Path]) -> str:
    """Give a hash over the names and bytes of files below the root, in any order."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        whole.update(hashlib.sha256(normalized(path)).digest())
    return whole.hexdigest()[:32]


def drawn_from(harness: Iterable[Path]) -> dict[str, str]:
    """Give the hashes that a table is committed with: of each package, and of the files that draw the table."""
    return {**{package: hash_of(sources(package)) for package in PACKAGES}, "harness": hash_of(harness)}
