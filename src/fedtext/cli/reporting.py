"""`fedtext reports`: show what was reported to a server, and close what was dealt with."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from .console import Console, plain

if TYPE_CHECKING:
    from ..federation.reports import Report
    from ..runtime import Federation

_PAGE: Final = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument("--close", metavar="ID", help="take a report out of the box")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import carried_out

    async def act(federation: Federation) -> int:
        if arguments.close is None:
            return await _list(federation, console)
        return await _close(federation, arguments.close, console)

    return carried_out(arguments.target, act)


async def _close(federation: Federation, report_id: str, console: Console) -> int:
    closed = await federation.close_report.aio(report_id)
    console.tell({"report_id": report_id, "closed": closed})
    console.say(f"{console.sign(closed)} {'closed' if closed else 'there is no such report'}")
    return 0 if closed else 1


async def _list(federation: Federation, console: Console) -> int:
    after, count = "", 0
    while page := await federation.reports.aio(after=after, limit=_PAGE):
        for report in page:
            _tell(report, console)
        after, count = page[-1].report_id, count + len(page)
    if not count:
        console.say("nothing was reported")
    return 0


def _tell(report: Report, console: Console) -> None:
    console.tell(attrs.asdict(report))
    received = datetime.fromtimestamp(report.received_s, UTC).isoformat(timespec="seconds")
    console.say(f"{console.style(report.report_id, 'soft')}  {received}  by {plain(report.reporter)}")
    for iri in report.objects:
        console.say(f"  about {plain(iri)}")
    for line in report.comment.splitlines():
        console.say(f"  {plain(line)}")
