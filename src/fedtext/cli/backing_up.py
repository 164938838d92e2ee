"""`fedtext backup`: copy a federation's backend into a file, while it is used."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from .console import Console, plain

if TYPE_CHECKING:
    from ..runtime import Federation
    from ..runtime.copies import Copied


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument(
        "file", metavar="FILE", type=Path,
        help="a new file, which you alone can read: it holds private keys; .jsonl: JSON Lines, for another database",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace a file of that name")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from ..runtime.copies import back_up
    from .naming import carried_out

    async def copy(federation: Federation) -> Copied:
        with ExitStack() as stack:
            show = showing(console, "copying", stack)
            return await back_up(federation, arguments.file, force=arguments.force, show=show)

    made = carried_out(arguments.target, copy)
    console.tell({"event": "backup", "file": arguments.file, **attrs.asdict(made)})
    console.say(f"{console.sign(True)} {plain(str(arguments.file))}: {made.size_bytes:,} bytes; keep it as a secret")
    return 0


def showing(console: Console, what: str, stack: ExitStack) -> Callable[[int, int], None]:
    """Give what shows progress whose total is known only when it has begun."""
    shows: list[Callable[[int], None]] = []

    def show(done: int, total: int) -> None:
        if total and not shows:
            shows.append(stack.enter_context(console.progress(what, total)))
        for one in shows:
            one(done)

    return show
