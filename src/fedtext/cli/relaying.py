"""`fedtext relays`: join a relay, leave one, or list those that were asked."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ..errors import ConfigurationError
from .console import Console, plain

if TYPE_CHECKING:
    from ..runtime import Federation, Relay

_ACTIONS: Final = ("list", "add", "remove")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=_ACTIONS, help='"add" asks a relay; "list" says what it has answered')
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation or a Social")
    parser.add_argument(
        "address", metavar="RELAY", nargs="?", help="its inbox, such as https://relay.example/inbox; see --litepub"
    )
    parser.add_argument("--litepub", action="store_true", help="RELAY is the id of its actor, in the LitePub style")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do what was asked for."""
    from .naming import carried_out

    if (arguments.address is None) != (arguments.action == "list"):
        raise ConfigurationError('"add" and "remove" need the address of a relay, and "list" takes none')
    return carried_out(arguments.target, lambda federation: _act(federation, arguments, console))


async def _act(federation: Federation, arguments: argparse.Namespace, console: Console) -> int:
    from ..runtime import RelayStyle

    if arguments.action == "remove":
        return _left(arguments.address, await federation.leave_relay.aio(arguments.address), console)
    if arguments.action == "add":
        style = RelayStyle.LITEPUB if arguments.litepub else RelayStyle.MASTODON
        tell(await federation.join_relay.aio(arguments.address, style=style), console)
        return 0
    found = await federation.relays.aio()
    for relay in found:
        tell(relay, console)
    if not found:
        console.say("no relay was asked")
    return 0


def _left(address: str, was_there: bool, console: Console) -> int:
    console.tell({"relay": address, "removed": was_there})
    console.say(f"{console.sign(was_there)} {plain(address)}: {'left' if was_there else 'it was never asked'}")
    return 0 if was_there else 1


def tell(relay: Relay, console: Console) -> None:
    """Say what a relay has answered, and since when that is so."""
    since = datetime.fromtimestamp(relay.since_s, UTC).isoformat(timespec="seconds")
    state, style = relay.state.value, relay.style.value
    console.tell({"relay": relay.address, "state": state, "style": style, "since": since, "actor": relay.actor})
    console.say(f"{state:<8} {plain(relay.address)} ({style}) {console.style(f'since {since}', 'soft')}")
