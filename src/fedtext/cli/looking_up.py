"""`fedtext lookup @user@host`: an actor or post of the network as a card."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing

from ..config import Config, DevPolicy
from ..errors import ConfigurationError
from ..runtime import Context, Federation, connect
from ..vocab import Actor, Collection, Object, dump, reference_id
from ..wire.html import to_text
from ..wire.timestamps import build
from .cards import show_card
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
    parser.add_argument("--items", type=int, metavar="N", help="also list N items of the collection, or of the outbox")
    parser.add_argument("--thread", type=int, metavar="N", help="also show the conversation: N posts of it at most")
    parser.add_argument("--raw", action="store_true", help="print the document itself, as JSON")
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also look on this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Look up and print; exit code 1 when it is not to be had."""
    return asyncio.run(_run(arguments, console))


async def _run(arguments: argparse.Namespace, console: Console) -> int:
    target: str = arguments.target
    if not target.startswith(("@", "acct:", "https://", "http://")) and "@" not in target:
        raise ConfigurationError("give a handle (@user@host) or a URL", given=target)
    federation = asker(arguments.dev)
    try:
        found = await federation.lookup.aio(target)
        if arguments.raw:
            document = dump(found)
            console.tell(document)
            console.say(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            _show(found, console)
        if arguments.items:
            await _show_items(federation.context(), found, arguments.items, console)
        if arguments.thread:
            await _show_thread(federation.context(), found, arguments.thread, console)
    finally:
        await federation.ports.close()
    return 0


def _show(found: Object, console: Console) -> None:
    rows = card(found)
    console.tell({name.replace(" ", "_"): value for name, value in rows})
    show_card(console, rows)


async def _show_items(context: Context, found: Object, count: int, console: Console) -> None:
    """List members as the collection names them; what it says of them is shown as its word."""
    outbox = reference_id(found.outbox) if isinstance(found, Actor) else None
    collection = found if isinstance(found, Collection) else outbox
    if collection is None:
        raise ConfigurationError("--items goes with collections, and with actors that have an outbox")
    shown = 0
    with console.progress("reading", count) as progress:
        async with aclosing(context.traverse(collection, pause=asyncio.sleep)) as items:
            async for item in items:
                shown += 1
                progress(shown)
                kind = item.claimed.type_name if item.claimed is not None else None
                console.tell({"item": item.id, "type": kind})
                console.say(f"{str(shown).rjust(5)}  {plain(kind or '')} {console.style(plain(item.id or ''), 'link')}")
                if shown >= count:
                    break
    if not shown:
        console.say("it shows no items")


async def _show_thread(context: Context, found: Object, count: int, console: Console) -> None:
    shown = 0
    with console.progress("reading the conversation", count) as progress:
        async with aclosing(context.ancestors(found)) as above:
            async for post in above:
                shown += 1
                _show_post(post, "above", console)
                progress(shown)
        async with aclosing(context.conversation(found, posts_max=count, pause=asyncio.sleep)) as others:
            async for post in others:
                shown += 1
                _show_post(post, "in it", console)
                progress(shown)
    if not shown:
        console.say("nothing else of the conversation is to be found")


def _show_post(post: Object, place: str, console: Console) -> None:
    author = reference_id(post.attributed_to) if post.attributed_to is not None else None
    text = to_text(post.content) if post.content else ""
    console.tell({"post": post.id, "place": place, "author": author, "text": text[:_TEXT_CHARS_MAX]})
    console.say(f"{console.style(place.rjust(5), 'soft')}  {console.style(plain(str(post.id)), 'link')}")
    console.say(f"       {plain(author or '')}: {plain(text)[:_WIDTH]}")


def asker(dev_ports: Sequence[int] | None) -> Federation:
    """Give a federation that only asks: nobody needs to be reachable for that.

    The instance actor of a name that cannot exist signs, and most servers answer what is public to anybody.

    Args:
        dev_ports: Ports of this machine that may be asked, too; None: none.
    """
    dev = None if dev_ports is None else DevPolicy.allow_loopback(ports=tuple(dev_ports))
    return Federation("https://lookup.invalid", backend=connect("memory://"), config=Config(dev=dev), worker="off")


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
