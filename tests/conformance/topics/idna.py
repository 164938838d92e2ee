"""Host names in any script: `wire.iri.host_to_ascii` over the lines of the UTS #46 test file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fedtext.wire.iri import host_to_ascii

from ..cases import Case, Overrides

_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x\{([0-9A-Fa-f]+)\}")


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give one case a line."""
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            text = line.partition("#")[0].strip(" \t\r")
            if text:
                yield _case(path.name, text)


def _case(name: str, line: str) -> Case:
    columns = [column.strip(" \t") for column in line.split(";")]
    columns += [""] * (7 - len(columns))
    source = _unescaped(columns[0], "")
    unicode_form = _unescaped(columns[1], source)
    status = columns[4] or columns[2]
    return Case(
        file=name,
        id=line,
        want=(_unescaped(columns[3], unicode_form) if status in ("", "[]") else "refuse",),
        run=lambda: host_to_ascii(source),
    )


def _unescaped(column: str, blank: str) -> str:
    """Read a column: blank stands for another column, two quotes for the empty text."""
    if not column:
        return blank
    if column == '""':
        return ""
    text = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)), column)
    # A pair of escaped surrogates is one character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
