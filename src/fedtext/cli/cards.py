"""Cards: what was found, as names and values in two columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

from .console import Console, plain

_WIDTH: Final = 76


def show_card(console: Console, rows: Sequence[tuple[str, str]]) -> None:
    """Show rows of names and values to people; long values go on below themselves.

    Args:
        console: Where they are shown.
        rows: In order; the values may be texts of strangers.
    """
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        lines = textwrap.wrap(plain(value), _WIDTH) or [""]
        console.say(f"{console.style(name.rjust(width), 'soft')}  {lines[0]}")
        for line in lines[1:]:
            console.say(f"{' ' * width}  {line}")
