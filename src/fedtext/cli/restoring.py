"""`fedtext restore`: fill a federation's backend from a copy, and say what to do before it is served again."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from .backing_up import showing
from .console import Console, plain

if TYPE_CHECKING:
    from ..runtime import Federation
    from ..runtime.copies import Copied


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social; its servers do not run")
    parser.add_argument("file", metavar="FILE", type=Path, help="made by `fedtext backup`")
    parser.add_argument("--force", action="store_true", help="replace what is in the backend")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from ..runtime.copies import restore
    from .naming import carried_out

    async def fill(federation: Federation) -> Copied:
        with ExitStack() as stack:
            show = showing(console, "restoring", stack)
            return await restore(federation, arguments.file, force=arguments.force, show=show)

    found = carried_out(arguments.target, fill)
    console.tell({"event": "restore", "file": arguments.file, "synchronization": "paused", **attrs.asdict(found)})
    console.say(f"{console.sign(True)} restored from {plain(str(arguments.file))}")
    console.say(f"followers are not kept in step for now: fedtext followers status {arguments.target}")
    return 0
