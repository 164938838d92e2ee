"""`fedtext nodeinfo HOST`: what a server says of itself: its software, its people, its posts, who runs it."""

from __future__ import annotations

import argparse
import asyncio

import attrs

from ..discovery import NodeInfo, fetch_nodeinfo, origin_of_host
from ..fetch import Fetcher
from ..wire.iri import Origin, origin_of, parse_authority
from .cards import show_card
from .console import Console
from .looking_up import asker, ports


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST|URL", help="the server, or any address of it, or a handle at it")
    parser.add_argument(
        "--dev", type=ports, metavar="PORTS", help="for development: also ask this machine, on these ports"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Ask and print; exit code 1 when there is no answer."""
    origin, found = asyncio.run(_ask(arguments.host, arguments.dev))
    console.tell({"origin": origin, **attrs.asdict(found)})
    show_card(console, [("server", origin), *card(found)])
    return 0


async def _ask(target: str, dev_ports: tuple[int, ...] | None) -> tuple[Origin, NodeInfo]:
    federation = asker(dev_ports)
    try:
        fetcher = federation.engine.fetcher(federation.ports.asynchronous())
        origin = _origin(fetcher, target)
        return origin, await fetch_nodeinfo(fetcher, origin, fetcher.budget())
    finally:
        await federation.ports.close()


def _origin(fetcher: Fetcher, target: str) -> Origin:
    """Read what was typed.

    Raises:
        MalformedIri: It names no host.
    """
    if "://" in target:
        return origin_of(target)
    return origin_of_host(fetcher, parse_authority(target.rpartition("@")[2]))


def card(found: NodeInfo) -> list[tuple[str, str]]:
    """Give what a card shows: names and values, in order; absent ones left out."""
    counts = (
        ("users", found.users_total),
        ("in half a year", found.users_active_half_year),
        ("in a month", found.users_active_month),
        ("posts", found.posts_total),
        ("comments", found.comments_total),
    )
    rows = [
        ("name", found.name),
        ("about", found.description),
        ("software", f"{found.software} {found.version}".strip()),
        ("protocols", ", ".join(found.protocols)),
        *((name, None if count is None else f"{count:,}") for name, count in counts),
        ("registrations", "open" if found.open_registrations else "closed"),
        ("staff", ", ".join(found.staff)),
        ("source", found.repository),
        ("home page", found.homepage),
        ("schema", found.schema),
    ]
    return [(name, value) for name, value in rows if value]
