"""`fedtext inbox`: an actor for an hour, with an inbox that shows what arrives and why it is believed or not.

Nothing is kept: keys, followers and what arrived are gone when the command ends.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from socket import socket
from typing import Final

from ..behaviors import Follows
from ..config import Config, DevPolicy, Software
from ..errors import ConfigurationError
from ..runtime import Context, Federation, connect
from ..vocab import Service
from ..wire.iri import Origin, origin_of
from .arrivals import Arrivals
from .console import Console
from .serving import listening
from .tunnel import Tunnel

_NAME: Final = "inbox"
PK: Final = "1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    declare_reach(parser)
    parser.add_argument("--accept", action="store_true", help="accept whoever asks to follow")
    parser.add_argument("--count", type=int, metavar="N", help="end after so many requests to the inbox")


def declare_reach(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments by which somebody says where to listen, and how that is reached; see `reachable`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument(
        "--tunnel", metavar="CMD",
        help='a command that makes the port public, as "ssh -R 80:localhost:{port} tunnel.example"',
    )  # fmt: skip
    parser.add_argument("--origin", metavar="URL", help="the public address, where something else leads to the port")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve and show until SIGINT or SIGTERM."""
    with reachable(arguments, console) as (sockets, origin):
        federation = ephemeral(origin, accept=arguments.accept)
        return _serve(arguments, console, federation, sockets)


@contextmanager
def reachable(arguments: argparse.Namespace, console: Console) -> Generator[tuple[list[socket], Origin], None, None]:
    """Listen as the arguments say, and run what makes that public until the end.

    Args:
        arguments: As `declare_reach` has declared them.
        console: Is told what is run.

    Returns:
        The sockets, and the origin at which others reach them.

    Raises:
        ConfigurationError: The arguments contradict each other, there is nothing to serve with, or the address cannot
            be had.
        MalformedIri: The address that was given is none.
    """
    if importlib.util.find_spec("uvicorn") is None:
        raise ConfigurationError("uvicorn is not installed", install="pip install 'fedtext[serve]'")
    if arguments.tunnel and arguments.origin:
        raise ConfigurationError("--tunnel finds out the address; --origin is for when you know it")
    sockets = listening(arguments.host, arguments.port)
    port = int(sockets[0].getsockname()[1])
    with ExitStack() as stack:
        for one in sockets:
            stack.callback(one.close)
        origin = arguments.origin or f"http://localhost:{port}"
        if arguments.tunnel:
            console.say(f"running {arguments.tunnel}")
            origin = stack.enter_context(Tunnel(arguments.tunnel, port)).address()
        yield sockets, origin_of(origin)


def ephemeral(origin: Origin, *, accept: bool, own_pk: str = PK) -> Federation:
    """Give a federation of one actor that is kept in memory.

    Args:
        origin: Of all its ids.
        accept: Whether followers are accepted at once, or never.
        own_pk: Of the actor. Others keep keys for a while: a new actor for each run needs a new id.
    """
    is_local = origin.startswith("http://")
    federation = Federation(
        origin,
        backend=connect("memory://"),
        config=Config(dev=DevPolicy.allow_loopback() if is_local else None),
        software=Software("fedtext-inbox"),
        worker="auto",
    )

    @federation.actor("/actors/{pk}")
    def actor(context: Context, pk: str) -> Service | None:
        if pk != own_pk:
            return None
        return context.actor(
            Service,
            handle=_NAME,
            name="An inbox that shows what arrives",
            url=context.actor_uri(own_pk),  # there is no page, but PeerTube takes no actor without (ACT-01)
            manually_approves_followers=not accept,
        )

    @federation.handle
    def named(_context: Context, name: str) -> str | None:
        return own_pk if name == _NAME else None

    federation.use(Follows(accept="auto" if accept else "manual"))
    return federation


def _serve(arguments: argparse.Namespace, console: Console, federation: Federation, sockets: list[socket]) -> int:
    import uvicorn

    def done() -> None:
        server.should_exit = True

    app = Arrivals(federation, console, count=arguments.count, done=done)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", server_header=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    context = federation.context()
    handle, inbox = f"@{context.handle(_NAME)}", context.inbox_uri(PK)
    console.tell({"event": "listening", "origin": federation.site.origin, "handle": handle, "inbox": inbox})
    console.say(f"{console.style(handle, 'strong')}, whose inbox is {console.style(inbox, 'link')}; Ctrl+C ends")
    console.say()
    server.run(sockets=sockets)
    return 0 if server.started else 1
