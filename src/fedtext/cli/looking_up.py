"""`fedtext lookup @user@host`: an actor or post of the network as a card."""

from __future__ import annotations

import argparse
import asyncio
import json
import textwrap
from collections.abc import Sequence

from ..config import Config, DevPolicy
from ..errors import ConfigurationError
from ..runtime import Federation, connect
from ..vocab import Actor, Object, dump, reference_id
from ..wire.html import to_text
from ..wire.timestamps import build
from .console import Console, plain

_PORT_MAX = 65_535
_WIDTH = 76
_TEXT_CHARS_MAX = 600


def ports(text: str) -> tuple[int, ...]:
    """Read "8001,8002".

    Raises:
        argparse.ArgumentTypeError: They are no ports.
    """
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and 0 < int(part[:6]) <= _PORT_MAX for part in parts):
        raise argparse.ArgumentTypeError(f"write ports such as 8001,8002, not {text!r}")
    return tuple(int(part) for part in parts)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="@USER@HOST|URL", help="whom or what to look up")
    parser.add_argument("--raw", action="store_true", help="print the document itself, as JSON")
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also look on this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look up and print; exit code 1 when it is not to be had."""
    found = asyncio.run(_look_up(arguments.target, arguments.dev))
    if arguments.raw:
        document = dump(found)
        console.tell(document)
        console.say(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    rows = card(found)
    console.tell({name.replace(" ", "_"): value for name, value in rows})
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        lines = textwrap.wrap(plain(value), _WIDTH) or [""]
        console.say(f"{console.style(name.rjust(width), 'soft')}  {lines[0]}")
        for line in lines[1:]:
            console.say(f"{' ' * width}  {line}")
    return 0


async def _look_up(target: str, dev_ports: Sequence[int] | None) -> Object:
    if not target.startswith(("@", "acct:", "https://", "http://")) and "@" not in target:
        raise ConfigurationError("give a handle (@user@host) or a URL", given=target)
    dev = None if dev_ports is None else DevPolicy.allow_loopback(ports=tuple(dev_ports))
    # Nobody needs to be reachable to ask: the instance actor of a name that cannot exist signs, and most servers
    # answer what is public to anybody.
    federation = Federation(
        "https://lookup.invalid", backend=connect("memory://"), config=Config(dev=dev), worker="off"
    )
    try:
        return await federation.lookup.aio(target)
    finally:
        await federation.ports.close()


def card(found: Object) -> list[tuple[str, str]]:
    """Give what a card shows: names and values, in order; absent ones left out."""
    rows: list[tuple[str, str | None]] = [("type", found.type_name), ("id", str(found.id))]
    rows.append(("url", found.url if isinstance(found.url, str) else None))
    rows.append(("name", found.name))
    if isinstance(found, Actor):
        rows += _actor_rows(found)
    else:
        rows.append(("author", reference_id(found.attributed_to) if found.attributed_to is not None else None))
        rows.append(("in reply to", reference_id(found.in_reply_to) if found.in_reply_to is not None else None))
        rows.append(("text", to_text(found.content)[:_TEXT_CHARS_MAX] if found.content else None))
    rows.append(("published", build(found.published) if found.published else None))
    return [(name, value) for name, value in rows if value]


def _actor_rows(actor: Actor) -> list[tuple[str, str | None]]:
    return [
        ("handle", f"@{actor.webfinger}" if actor.webfinger else actor.preferred_username),
        ("about", to_text(actor.summary)[:_TEXT_CHARS_MAX] if actor.summary else None),
        ("inbox", str(actor.inbox) if actor.inbox else None),
        ("shared inbox", actor.shared_inbox),
        ("approves", "each follower by hand" if actor.manually_approves_followers else None),
        ("keys", ", ".join(key.id for key in actor.keys)),
        ("moved to", reference_id(actor.moved_to) if actor.moved_to else None),
    ]
