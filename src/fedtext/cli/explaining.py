"""`fedtext explain FILE|URL`: what other servers would show, alter or drop of a document, and why.

Decided here: how a document is got, and how the readings of the models are shown. A file is read as it would be
delivered by this library; an address is asked for its document, which is read as it was served.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Final

import attrs

from ..errors import WrongMediaType
from ..fetch.documents import ACCEPT_ACTIVITY
from ..runtime import Federation
from ..testing.peers import SERVERS, Delivery, Reading, Verdict
from ..testing.peers.cases import text_of
from ..testing.peers.readers import READING_LIMITS, RULES, build_case
from ..testing.peers.reading import read
from ..wire.media_types import is_html
from .console import Console, plain
from .looking_up import asker, ports
from .messages import read_bytes

_EXIT_CODES = (
    "Exit codes: 0 every server shows it, some perhaps altered; 1 a server drops it, or it cannot be read; "
    "2 the command line was wrong."
)
_NAME_WIDTH: Final = 11
_MARGIN: Final = " " * 4


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EXIT_CODES
    parser.add_argument("target", metavar="FILE|URL", help='an activity, post or actor; "-" is standard input')
    parser.add_argument(
        "--as",
        dest="servers",
        action="append",
        metavar="SERVER",
        choices=tuple(SERVERS),
        help=f"as which server reads it, again for more; all of them by default: {', '.join(SERVERS)}",
    )
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also ask this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Read and print; exit code 1 when a server drops it."""
    target: str = arguments.target
    if target.startswith(("https://", "http://")):
        body, delivery = asyncio.run(_fetched(asker(arguments.dev), target))
    else:
        body, delivery = read_bytes(target, READING_LIMITS.document_bytes_max), Delivery()
    case = build_case(body, attrs.evolve(delivery, now_s=time.time()))
    servers: list[str] = arguments.servers or list(SERVERS)
    readings = [read(case, server, RULES) for server in dict.fromkeys(servers)]
    console.say(console.style(plain(f"{case.kind} {text_of(case.document, 'id')}"), "strong"))
    for reading in readings:
        _show(reading, console)
    return 1 if any(reading.verdict is Verdict.DROPPED for reading in readings) else 0


async def _fetched(federation: Federation, url: str) -> tuple[bytes, Delivery]:
    """Ask for a document; gives it as it was served, whatever it was served as.

    Raises:
        WrongMediaType: There is a page for people.
        FetchError: It is not to be had.
    """
    fetcher = federation.engine.fetcher(federation.ports.asynchronous())
    try:
        found = await fetcher.get(url, accept=ACCEPT_ACTIVITY, accepts=_is_anything, budget=fetcher.budget())
    finally:
        await federation.ports.close()
    if is_html(found.media_type):
        raise WrongMediaType("this is a page for people: give the id of what is on it", url=found.url)
    return found.body, Delivery(method="GET", content_type=found.media_type, url=found.url)


def _is_anything(media_type: str) -> bool:
    del media_type
    return True


def _show(reading: Reading, console: Console) -> None:
    """Show one reading: as lines, or as one record."""
    console.tell(as_record(reading))
    marks = {
        Verdict.SHOWN: console.sign(True),
        Verdict.ALTERED: console.style("!", "soft"),
        Verdict.NOT_MEANT: console.style("-", "soft"),
        Verdict.DROPPED: console.sign(False),
    }
    name = SERVERS[reading.server].ljust(_NAME_WIDTH)
    console.say(f"{marks[reading.verdict]} {name} {reading.verdict.value}")
    for finding in reading.findings:
        doubt = " (second hand)" if finding.second_hand else ""
        console.say(f"{_MARGIN}{console.style(finding.rule, 'link')} {plain(finding.what)}{doubt}")
        console.say(f"{_MARGIN * 2}{finding.mend}")


def as_record(reading: Reading) -> dict[str, object]:
    """Give a reading as JSON has it."""
    return {
        "server": reading.server,
        "verdict": reading.verdict.value,
        "findings": [
            {
                "rule": finding.rule,
                "effect": finding.effect.value,
                "what": finding.what,
                "mend": finding.mend,
                "second_hand": finding.second_hand,
            }
            for finding in reading.findings
        ],
    }
