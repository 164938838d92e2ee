"""`fedtext doctor URL`: asks a live server what its peers would ask, and says what they would refuse.

Decided here: what is asked, in which order, and the exit codes: 0 all well, 1 something fails, 2 it could not be
examined. Requests go through the guarded transport, unsigned; redirects are not followed. What is posted to the
inbox is an empty JSON object and plain text: no server can take either for an activity.
"""

from __future__ import annotations

import argparse
import asyncio
from urllib.parse import quote

import attrs

from ..discovery import claimed_handle
from ..errors import ConfigurationError, FedtextError, MalformedText
from ..http import Request, Response
from ..ports.transport import ExchangeLimits
from ..runtime import Federation
from ..vocab import Actor, load
from ..wire.acct import Handle, split
from ..wire.json import JsonObject
from ..wire.media_types import ACTIVITY_JSON, JRD_JSON, JSON
from ..wire.timestamps import parse_http_date
from .console import Console, plain
from .examining import Facts, Finding, broken_peers, document_of, examine
from .looking_up import asker, ports

_EXIT_CODES = (
    "Exit codes: 0 nothing that peers refuse; 1 they refuse something; "
    "2 the command line was wrong, or the server could not be examined."
)
_SECURE = (401, 403)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = _EXIT_CODES
    parser.add_argument("target", metavar="URL", help="the id of an actor of the server")
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also examine this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Examine and print; exit code 1 when peers would refuse something, 2 when it could not be examined."""
    if not arguments.target.startswith(("https://", "http://")):
        raise ConfigurationError("give the URL of an actor", given=arguments.target)
    facts = asyncio.run(_gather(arguments.target, arguments.dev))
    if facts.actor is None or facts.actor.status in _SECURE:
        console.tell({"examined": False, "status": facts.actor.status if facts.actor else None})
        console.complain("fedtext: the actor could not be examined: no answer, or to signed requests alone")
        return 2
    findings = examine(facts)
    _show(findings, console)
    return 1 if any(finding.severity == "failure" for finding in findings) else 0


async def _gather(actor_id: str, dev_ports: tuple[int, ...] | None) -> Facts:
    federation = asker(dev_ports)
    asking = _Asking(federation)
    try:
        page = await asking.ask("page", actor_id, "text/html")
        actor = await asking.ask("actor", actor_id, ACTIVITY_JSON)
        document = (document_of(actor) if actor is not None else None) or {}
        asked = Request.to(actor_id)
        origin = f"{asked.scheme}://{asked.authority}"
        handle, inbox = _handle(document), _own_inbox(document, origin)
        facts = Facts(
            actor_id=actor_id,
            actor=actor,
            page=page,
            nodeinfo=await asking.ask("nodeinfo", f"{origin}/.well-known/nodeinfo", JSON),
            clock_off_s=_clock_off_s(actor, federation.ports.clock.now_s()),
        )
        if handle is not None:
            # Its own host answers for a handle, which need not be that of the actor (WF-09).
            well_known = f"{asked.scheme}://{split(handle)[1]}/.well-known/webfinger"
            url = f"{well_known}?resource={quote(f'acct:{handle}', safe='')}"
            facts = attrs.evolve(facts, webfinger=await asking.ask("webfinger", url, JRD_JSON))
        if inbox is not None:
            unsigned = await asking.ask("unsigned_post", inbox, ACTIVITY_JSON, body=b"{}")
            mistyped = await asking.ask("mistyped_post", inbox, ACTIVITY_JSON, body=b"-", kind="text/plain")
            facts = attrs.evolve(facts, unsigned_post=unsigned, mistyped_post=mistyped)
    finally:
        await federation.ports.close()
    return attrs.evolve(facts, unanswered=frozenset(asking.unanswered))


class _Asking:
    """Asks, and notes what gave no answer."""

    def __init__(self, federation: Federation) -> None:
        self._user_agent = federation.engine.user_agent
        self._limits = ExchangeLimits.of(federation.config.limits)
        self._transport = federation.ports.asynchronous().transport
        self.unanswered: list[str] = []

    async def ask(
        self, name: str, url: str, accept: str, *, body: bytes | None = None, kind: str = ACTIVITY_JSON
    ) -> Response | None:
        """Send a GET, or a POST where there is a body; give the answer, or None."""
        headers = [("accept", accept), ("user-agent", self._user_agent)]
        if body is not None:
            headers.append(("content-type", kind))
        request = Request.to(url, method="GET" if body is None else "POST", headers=headers, body=body or b"")
        try:
            return await self._transport.send(request, self._limits)
        except FedtextError:
            self.unanswered.append(name)
            return None


def _handle(document: JsonObject) -> Handle | None:
    """Give the handle that the actor claims."""
    try:
        actor = load(document)
    except FedtextError:
        return None
    return claimed_handle(actor) if isinstance(actor, Actor) else None


def _own_inbox(document: JsonObject, origin: str) -> str | None:
    """Nothing is posted to other servers than the one that is examined."""
    inbox = document.get("inbox")
    return inbox if isinstance(inbox, str) and inbox.startswith(f"{origin}/") else None


def _clock_off_s(response: Response | None, now_s: float) -> float | None:
    date = response.headers.get("date") if response is not None else None
    try:
        return None if date is None else parse_http_date(date) - now_s
    except MalformedText:
        return None


def _show(findings: tuple[Finding, ...], console: Console) -> None:
    for peer, found in broken_peers(findings).items():
        console.say(console.style(peer, "strong"))
        for finding in found:
            mark = console.sign(False) if finding.severity == "failure" else console.style("!", "soft")
            console.say(f"  {mark} {' '.join(finding.rules)}: {plain(finding.seen)}")
            console.say(f"      {finding.mend}")
    for finding in findings:
        console.tell(
            {
                "rules": finding.rules,
                "severity": finding.severity,
                "peers": finding.peers,
                "seen": finding.seen,
                "mend": finding.mend,
            }
        )
    if not findings:
        console.say(f"{console.sign(True)} nothing found that peers refuse")
        console.tell({"examined": True, "findings": 0})
