"""`fedtext rules`: list who is kept away or let in, or take a rule away."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .blocking import subject_of, tell
from .console import Console, plain

if TYPE_CHECKING:
    from ..runtime import Federation


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument("--remove", metavar="WHO", help="take the rule about a host, an actor's id or @user@host away")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import carried_out

    async def act(federation: Federation) -> int:
        if arguments.remove is None:
            return await _list(federation, console)
        return await _remove(federation, await subject_of(federation, arguments.remove), console)

    return carried_out(arguments.target, act)


async def _list(federation: Federation, console: Console) -> int:
    rules = await federation.rules.aio()
    for rule in rules:
        tell(rule, console)
    if not rules:
        console.say("there are no rules")
    return 0


async def _remove(federation: Federation, subject: str, console: Console) -> int:
    removed = await federation.unrule.aio(subject)
    console.tell({"subject": subject, "removed": removed})
    console.say(f"{console.sign(removed)} {plain(subject)}: {'the rule is gone' if removed else 'there was no rule'}")
    return 0 if removed else 1
