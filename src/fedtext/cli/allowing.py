"""`fedtext allow`: let a host or an actor in, whatever is said of a host above."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .blocking import subject_of, tell
from .console import Console

if TYPE_CHECKING:
    from ..inbox import Rule
    from ..runtime import Federation


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument("subject", metavar="WHO", help="a host, an actor's id or @user@host")
    parser.add_argument("--comment", default="", help="for those who read the list")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import carried_out

    async def allow(federation: Federation) -> Rule:
        return await federation.allow.aio(await subject_of(federation, arguments.subject), comment=arguments.comment)

    tell(carried_out(arguments.target, allow), console)
    return 0
