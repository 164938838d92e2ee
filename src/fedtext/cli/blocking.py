"""`fedtext block`: keep a host or an actor away."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import attrs

from ..inbox import Rule, Severity
from .console import Console, plain

if TYPE_CHECKING:
    from ..runtime import Federation


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument("subject", metavar="WHO", help="a host, an actor's id or @user@host")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--suspend", dest="severity", action="store_const", const=Severity.SUSPEND, default=Severity.BLOCK,
        help="hear only that something is gone, taken back or changed",
    )  # fmt: skip
    how.add_argument(
        "--silence", dest="severity", action="store_const", const=Severity.SILENCE,
        help="hear all; nothing asks for attention by itself",
    )  # fmt: skip
    parser.add_argument("--reject-reports", action="store_true", help="keep no reports from there")
    parser.add_argument("--comment", default="", help="for those who read the list")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import carried_out

    async def block(federation: Federation) -> Rule:
        return await federation.block.aio(
            await subject_of(federation, arguments.subject),
            severity=arguments.severity,
            rejects_reports=arguments.reject_reports,
            comment=arguments.comment,
        )

    tell(carried_out(arguments.target, block), console)
    return 0


async def subject_of(federation: Federation, text: str) -> str:
    """Give what a rule is about: the id of the actor with a handle, by asking its host; else what was typed."""
    if text.startswith("@") and text.count("@") > 1:
        return str((await federation.lookup.aio(text)).id)
    return text.removeprefix("@")


def tell(rule: Rule, console: Console) -> None:
    """Say what a rule does."""
    console.tell({**attrs.asdict(rule), "severity": rule.severity.value})
    reports = ", reports rejected" if rule.rejects_reports else ""
    comment = f"  {plain(rule.comment)}" if rule.comment else ""
    console.say(f"{rule.severity.value:<8} {plain(rule.subject)}{reports}{console.style(comment, 'soft')}")
