"""Canonical JSON: `wire.jcs.canonize`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedtext.wire.jcs import canonize
from fedtext.wire.json import parse_value

from ..cases import Case, Overrides, listed, own_case, wanted


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case an input file, a number, and a case of our own."""
    for path in sorted((folder / "input").glob("*")):
        yield Case(
            file=f"input/{path.name}",
            id=path.stem,
            want=((folder / "output" / path.name).read_bytes(),),
            run=lambda path=path: _through_files(folder, path),
        )
    for case, _ in listed(folder, "numbers.json"):
        yield own_case(
            "numbers.json", case, wanted(case, "json"), lambda case=case: canonize(_double(case["ieee754"])).decode()
        )
    for case, _ in listed(folder, "own.json"):
        yield own_case("own.json", case, wanted(case), lambda case=case: _through_text(case))


def _through_files(folder: Path, path: Path) -> bytes:
    written = canonize(parse_value(path.read_bytes()))
    listed_hex = (folder / "outhex" / f"{path.stem}.txt").read_text(encoding="ascii")
    return written if bytes.fromhex(listed_hex) == written else b"other than the hex: " + written


def _through_text(case: dict[str, Any]) -> str:
    # What is signed is canonized by the same function as everything else.
    return canonize(parse_value(case["raw"].encode("utf-8", "surrogatepass"))).decode("utf-8")


def _double(bits: str) -> float:
    number: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return number
