"""`fedtext restore`: fill a federation's backend from a copy, and say what to do before it is served again."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from .backing_up import showing
from .console import Console, plain

if TYPE_CHECKING:
    from ..runtime import Federation


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social; its servers do not run")
    parser.add_argument("file", metavar="FILE", type=Path, help="made by `fedtext backup`")
    parser.add_argument("--force", action="store_true", help="replace what is in the backend")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import load_federation

    return asyncio.run(_run(load_federation(arguments.target), arguments, console))


async def _run(federation: Federation, arguments: argparse.Namespace, console: Console) -> int:
    from ..runtime.copies import restore

    try:
        with ExitStack() as stack:
            show = showing(console, "restoring", stack)
            found = await restore(federation, arguments.file, force=arguments.force, show=show)
    finally:
        await federation.ports.close()
    console.tell({"event": "restore", "file": arguments.file, "synchronization": "paused", **attrs.asdict(found)})
    console.say(f"{console.sign(True)} restored from {plain(str(arguments.file))}")
    console.say(f"followers are not kept in step for now: fedtext followers status {arguments.target}")
    return 0
