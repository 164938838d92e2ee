"""`fedtext followers`: whether followers are kept in step with other servers; pause it after a restore, resume it."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from .console import Console

if TYPE_CHECKING:
    from ..runtime import Federation, SynchronizationPause

    Act = Callable[[Federation], Awaitable[SynchronizationPause | None]]

_ACTIONS: Final = ("status", "pause", "resume")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "action",
        choices=_ACTIONS,
        help='"pause" after the database was restored from a copy; "resume" also lets go what was held up',
    )
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do it, and say how things are then."""
    from .naming import carried_out

    acts: dict[str, Act] = {
        "status": lambda fed: fed.synchronization_pause.aio(),
        "pause": lambda fed: fed.pause_synchronization.aio(),
        "resume": lambda fed: fed.resume_synchronization.aio(),
    }
    found = carried_out(arguments.target, acts[arguments.action])
    paused = arguments.action != "resume" and found is not None
    console.tell({"event": "followers", "paused": paused, **(_record(found) if found is not None else {})})
    if found is None:
        console.say("followers are not paused")
    else:
        console.say(f"{'paused' if paused else 'resumed; it was paused'} because {_reason(found)}")
        if paused:
            console.say(f"until {_record(found)['until']}, or: fedtext followers resume {arguments.target}")
    return 0


def _record(pause: SynchronizationPause) -> dict[str, object]:
    until = datetime.fromtimestamp(pause.until_s, UTC).isoformat(timespec="seconds")
    return {"reason": pause.reason.value, "until": until, "sender": pause.sender, "vanishing": pause.vanishing}


def _reason(pause: SynchronizationPause) -> str:
    if pause.reason.value == "restored":
        return "the database was restored from a copy"
    return f"the server of {pause.sender} knows nothing of {pause.vanishing} follows by actors of yours"
