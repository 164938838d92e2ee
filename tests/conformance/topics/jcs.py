"""Canonical JSON: `wire.jcs.canonicalize`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fedtext.wire.json import parse_value

from ..cases import Case, Overrides, library, listed, own_case, wanted


def _canonical(value: Any) -> bytes:
    return library("fedtext.wire.jcs", "canonicalize")(value)


def _canonical_for_proof(value: Any) -> bytes:
    return library("fedtext.wire.jcs", "canonicalize_for_proof")(value)


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
            "numbers.json", case, (case["json"],), lambda case=case: _canonical(_double(case["ieee754"])).decode()
        )
    for case, _ in listed(folder, "own.json"):
        yield own_case("own.json", case, wanted(case), lambda case=case: _through_text(case))


def _through_files(folder: Path, path: Path) -> bytes:
    written = _canonical(parse_value(path.read_bytes()))
    listed_hex = (folder / "outhex" / f"{path.stem}.txt").read_text(encoding="ascii")
    return written if bytes.fromhex(listed_hex) == written else b"other than the hex: " + written


def _through_text(case: dict[str, Any]) -> str:
    write = _canonical_for_proof if case.get("use") == "proof" else _canonical
    return write(parse_value(case["raw"].encode("utf-8", "surrogatepass"))).decode("utf-8")


def _double(bits: str) -> float:
    number: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    return number
