"""What a command says: lines for people, or one JSON object per line; colours on a terminal only."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

_BAR_WIDTH: Final = 24
_COLOUR: Final = re.compile(r"(\x1b\[[0-9;]*m)")
_STYLES = {"good": "32", "bad": "31", "soft": "2", "strong": "1", "link": "36"}


class Console:
    """Writes to standard output, and what went wrong to standard error.

    Args:
        machine: Write JSON lines instead of text.
        out: Where answers go.
        err: Where complaints go.
    """

    def __init__(self, *, machine: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.machine = machine
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._coloured = _is_coloured(self._out)
        self._unicode = (getattr(self._out, "encoding", None) or "ascii").lower().replace("-", "").startswith("utf")

    def say(self, line: str = "") -> None:
        """Write a line for people; nothing when machines read."""
        if not self.machine:
            self._write(self._out, line)

    def tell(self, record: Mapping[str, object]) -> None:
        """Write a JSON line for machines; nothing when people read."""
        if self.machine:
            self._write(self._out, json.dumps(record, ensure_ascii=False, default=str))

    def complain(self, line: str) -> None:
        """Write a line to standard error."""
        self._write(self._err, line)

    def style(self, text: str, name: str) -> str:
        """Colour a piece of text: "good", "bad", "soft", "strong" or "link"; on a terminal only."""
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if self._coloured and text else text

    def sign(self, good: bool) -> str:
        """Give a tick or a cross, in words where the terminal has no such letters."""
        marks = ("✓", "✗") if self._unicode else ("ok", "FAILED")
        return self.style(marks[0], "good") if good else self.style(marks[1], "bad")

    @contextmanager
    def progress(self, what: str, total: int) -> Generator[Callable[[int], None], None, None]:
        """Show how far long work has come: a line on standard error, on a terminal only, gone when it ends.

        Args:
            what: Is done.
            total: How much there is at most.

        Returns:
            To be called with how much is done.
        """
        shown = self._err.isatty() and not self.machine and os.environ.get("TERM") != "dumb"

        def show(done: int) -> None:
            if shown:
                filled = min(_BAR_WIDTH, done * _BAR_WIDTH // max(1, total))
                bar = "#" * filled + "." * (_BAR_WIDTH - filled)
                self._err.write(f"\r\x1b[2K{what} [{bar}] {done}/{total}")
                self._err.flush()

        show(0)
        try:
            yield show
        finally:
            if shown:
                self._err.write("\r\x1b[2K")
                self._err.flush()

    @contextmanager
    def live(self) -> Generator[Callable[[Sequence[str]], None], None, None]:
        """Show lines that replace the ones before them: in place on a terminal, below them elsewhere.

        Returns:
            To be called with the lines; nothing is written when machines read. What the terminal has no room for is
            left out.
        """
        in_place = self._out.isatty() and not self.machine and os.environ.get("TERM") != "dumb"
        shown = 0

        def show(lines: Sequence[str]) -> None:
            nonlocal shown
            if not in_place:
                for line in lines:
                    self.say(line)
                return
            room = shutil.get_terminal_size()
            fitting = [_cut(line, room.columns) for line in lines[: max(1, room.lines - 1)]]
            self._out.write(f"\x1b[{shown}F\x1b[J" if shown else "")
            for line in fitting:
                self._write(self._out, line)
            shown = len(fitting)

        self._out.write("\x1b[?25l" if in_place else "")  # the cursor would blink in the middle of it
        try:
            yield show
        finally:
            self._out.write("\x1b[?25h" if in_place else "")
            self._out.flush()

    def _write(self, stream: TextIO, line: str) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()


def _is_coloured(stream: TextIO) -> bool:
    """Colours on a terminal, unless NO_COLOR is set or the terminal is dumb."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _cut(line: str, columns: int) -> str:
    """Cut a line to a width, not counting colours, and end them."""
    found, width = "", 0
    for part in _COLOUR.split(line):
        if part.startswith("\x1b"):
            found += part
        else:
            found += part[: max(0, columns - width)]
            width += len(part)
    return found


def plain(text: str) -> str:
    """Make a stranger's text safe for a terminal: no control characters, one line."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
