"""Multibase: two of the encodings are read, the others are refused; and the codes of the keys that we know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from fedtext.errors import MalformedText
from fedtext.wire.multibase import BASE58BTC, BASE64URL, Encoding, decode, encode

from ..cases import Case, Overrides

# Which letter the encodings that we write have.
_WRITTEN: Final[Mapping[str, Encoding]] = {"base58btc": BASE58BTC, "base64url": BASE64URL}


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a row of each file with the head `encoding, "text"`; tables of codes are resources."""
    for path in sorted(folder.glob("*.csv")):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        label, _, plain = head.partition(",")
        plain = plain.strip()
        if not (label.strip() and plain.startswith('"') and plain.endswith('"')):
            continue
        for row in rows:
            encoding, _, text = row.partition(",")
            if text.strip():
                yield _case(path, encoding.strip(), text.strip()[1:-1], _unquoted(plain))


def _unquoted(plain: str) -> bytes:
    r"""Read the plain text, in which bytes stand as \x00."""
    return plain[1:-1].encode("utf-8").decode("unicode_escape").encode("latin-1")


def _case(path: Path, encoding: str, text: str, plain: bytes) -> Case:
    return Case(
        file=path.name, id=f"{path.stem}:{encoding}", want=("refuse",), run=lambda: _read(encoding, text, plain)
    )


def _read(encoding: str, text: str, plain: bytes) -> str:
    decoded = decode(text)
    if decoded != plain:
        return f"read as {decoded!r}"
    if encoding in _WRITTEN:
        written = encode(plain, _WRITTEN[encoding])
        if written != text:
            raise MalformedText("written otherwise", written=written)
    return "accept"
