"""`fedtext doctor URL|@user@host`: is this server interoperable? A table by peer software, with reasons.

Exit codes: 0 nothing that peers refuse; 1 they refuse something; 2 it could not be examined.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Final

from ...errors import ConfigurationError
from ..console import Console
from ..looking_up import ports
from . import actor_checks, discovery_checks, identity, inbox_checks
from .facts import Facts, Question
from .gathering import STEPS_COUNT, Gathering
from .judging import Check, Outcome, examine
from .reporting import show

CHECKS: Final[tuple[Check, ...]] = (*discovery_checks.CHECKS, *actor_checks.CHECKS, *inbox_checks.CHECKS)

_EXIT_CODES: Final = (
    "Exit codes: 0 nothing that peers refuse; 1 they refuse something; "
    "2 the command line was wrong, or the server could not be examined."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EXIT_CODES
    parser.add_argument("target", metavar="@USER@HOST|URL", help="an actor of the server: its handle, id or page")
    identity.configure(parser)
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also examine this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Examine and print; exit code 1 when peers would refuse something, 2 when it could not be examined."""
    if "@" not in arguments.target and not arguments.target.startswith(("https://", "http://")):
        raise ConfigurationError("give a handle (@user@host) or the URL of an actor", given=arguments.target)
    facts = asyncio.run(_gather(arguments, console))
    findings = examine(facts, CHECKS)
    show(console, facts, findings)
    failures = sum(finding.outcome is Outcome.FAILED for finding in findings)
    warnings = sum(finding.outcome is Outcome.WARNING for finding in findings)
    examined = is_examined(facts)
    console.tell({"examined": examined, "failures": failures, "warnings": warnings})
    if not examined:
        console.complain("fedtext: the actor could not be examined: no answer, or to signed requests alone")
        return 2
    return 1 if failures else 0


def is_examined(facts: Facts) -> bool:
    """Tell whether the server has answered for its actor, well or badly; secure mode keeps strangers from telling."""
    answer = facts.of(Question.WEBFINGER if facts.actor_id is None else Question.ACTOR)
    return facts.document is not None or (answer is not None and answer.response is not None and not facts.is_secure)


async def _gather(arguments: argparse.Namespace, console: Console) -> Facts:
    async with identity.identified(arguments, console) as who:
        with console.progress("asking", STEPS_COUNT) as progress:
            return await Gathering(who, progress).facts(arguments.target)
