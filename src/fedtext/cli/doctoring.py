"""`fedtext doctor URL`: asks a live server what its peers would ask, and says what they would refuse.

Decided here: what is asked, in which order, and the exit codes: 0 all well, 1 something fails, 2 it could not be
examined. Requests go through the guarded transport, unsigned; redirects are not followed. What is posted to the
inbox is an empty JSON object and plain text: no server can take either for an activity.
"""

from __future__ import annotations

import argparse
import asyncio
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from ..config import Config, DevPolicy
from ..errors import ConfigurationError, FedtextError
from ..http import Request, Response
from ..ports.transport import ExchangeLimits
from ..runtime import Federation, connect
from ..wire.json import JsonObject, parse_object
from .console import Console, plain
from .examining import Facts, Finding, broken_peers, examine
from .looking_up import ports

_AS2 = "application/activity+json"
_SECURE = (401, 403)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
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
    dev = None if dev_ports is None else DevPolicy.allow_loopback(ports=dev_ports)
    config = Config(dev=dev)
    federation = Federation("https://doctor.invalid", backend=connect("memory://"), config=config, worker="off")
    port_set = federation.ports.asynchronous()

    async def ask(url: str, accept: str, *, body: bytes | None = None, kind: str = _AS2) -> Response | None:
        headers = [("accept", accept), ("user-agent", federation.engine.user_agent)]
        method = "GET" if body is None else "POST"
        if body is not None:
            headers.append(("content-type", kind))
        request = Request.to(url, method=method, headers=headers, body=body or b"")
        try:
            return await port_set.transport.send(request, ExchangeLimits.of(config.limits))
        except FedtextError:
            return None

    try:
        page = await ask(actor_id, "text/html")
        actor = await ask(actor_id, _AS2)
        document = _document(actor)
        asked = Request.to(actor_id)
        origin = f"{asked.scheme}://{asked.authority}"
        name, inbox = document.get("preferredUsername"), _own_inbox(document, origin)
        facts = Facts(
            actor_id=actor_id,
            actor=actor,
            page=page,
            nodeinfo=await ask(f"{origin}/.well-known/nodeinfo", "application/json"),
            clock_off_s=_clock_off_s(actor, port_set.clock.now_s()),
            webfinger=await ask(
                f"{origin}/.well-known/webfinger?resource=acct:{quote(name, safe='')}@{asked.authority}",
                "application/jrd+json",
            )
            if isinstance(name, str)
            else None,
            unsigned_post=await ask(inbox, _AS2, body=b"{}") if inbox else None,
            mistyped_post=await ask(inbox, _AS2, body=b"-", kind="text/plain") if inbox else None,
        )
    finally:
        await federation.ports.close()
    return facts


def _own_inbox(document: JsonObject, origin: str) -> str | None:
    """Nothing is posted to other servers than the one that is examined."""
    inbox = document.get("inbox")
    return inbox if isinstance(inbox, str) and inbox.startswith(f"{origin}/") else None


def _document(response: Response | None) -> JsonObject:
    try:
        return parse_object(response.body) if response is not None else {}
    except FedtextError:
        return {}


def _clock_off_s(response: Response | None, now_s: float) -> float | None:
    try:
        return parsedate_to_datetime((response and response.headers.get("date")) or "").timestamp() - now_s
    except (TypeError, ValueError, OverflowError):
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
