"""`fedtext webfinger @user@host`: what a host says about a handle, an address or any other URI.

It is shown as the host says it; whether the other side agrees is for `fedtext lookup` to find out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from typing import Final

import attrs

from ..discovery import JRD, JRDLink, fetch_descriptor
from ..errors import ConfigurationError
from ..wire.acct import parse_handle, split
from ..wire.iri import parse_authority, parse_url
from .cards import show_card
from .console import Console
from .looking_up import asker, ports

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("resource", metavar="@USER@HOST|URI", help="whom or what to ask about")
    parser.add_argument("--host", metavar="HOST", help="whom to ask (default: the host in the handle or URI)")
    parser.add_argument("--raw", action="store_true", help="print the descriptor itself, as JSON")
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also ask this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Ask and print; exit code 1 when there is no answer."""
    resource, host = question(arguments.resource, arguments.host)
    jrd = asyncio.run(_ask(resource, host, arguments.dev))
    document = as_document(jrd)
    console.tell(document)
    if arguments.raw:
        console.say(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        show_card(console, card(jrd))
    return 0


async def _ask(resource: str, host: str, dev_ports: tuple[int, ...] | None) -> JRD:
    federation = asker(dev_ports)
    try:
        fetcher = federation.engine.fetcher(federation.ports.asynchronous())
        return await fetch_descriptor(fetcher, resource, host, fetcher.budget())
    finally:
        await federation.ports.close()


def question(target: str, host: str | None = None) -> tuple[str, str]:
    """Give the resource that is asked about, and the host that is asked (RFC 7033 section 4); pure.

    Args:
        target: As typed: a handle, or a URI of any scheme.
        host: As typed; None: the one in the target.

    Raises:
        MalformedText: A handle that is none.
        MalformedIri: An address or host that is none.
        ConfigurationError: A URI without a host, and none is given.
    """
    scheme = _SCHEME.match(target)
    name = scheme[1].lower() if scheme is not None else "acct"
    resource, found = target, None
    if name == "acct":
        handle = parse_handle(target)
        resource, found = f"acct:{handle}", split(handle)[1]
    elif name in ("https", "http"):
        found = parse_url(target).authority
    elif name == "mailto":
        found = target.rpartition("@")[2]
    asked = host if host is not None else found
    if asked is None:
        raise ConfigurationError("name the host that knows about it with --host", resource=target)
    return resource, parse_authority(asked)


def card(jrd: JRD) -> list[tuple[str, str]]:
    """Give what a card shows: names and values, in order; absent ones left out."""
    rows = [("subject", jrd.subject), ("actor", jrd.actor_id())]
    rows += [("alias", alias) for alias in jrd.aliases]
    rows += [(_name(link), _text(link)) for link in jrd.links]
    rows += [("property", f"{name}: {'none' if value is None else value}") for name, value in jrd.properties.items()]
    return [(name, value) for name, value in rows if value]


def _name(link: JRDLink) -> str:
    """Give the last word of a relation, which people know it by."""
    return re.split(r"[/#]", link.rel.rstrip("/#"))[-1][:24] or "link"


def _text(link: JRDLink) -> str:
    place = link.href or link.template or "nowhere"
    return place if link.type is None else f"{place} ({link.type})"


def as_document(jrd: JRD) -> dict[str, object]:
    """Give a descriptor as JSON has it (RFC 7033 section 4.4); what is not there is left out."""
    members: dict[str, object] = {
        "subject": jrd.subject,
        "aliases": list(jrd.aliases),
        "properties": jrd.properties,
        "links": [{name: value for name, value in attrs.asdict(link).items() if value} for link in jrd.links],
    }
    return {name: value for name, value in members.items() if value}
