"""`fedtext serve module:fed`: uvicorn with a federation."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import ConfigurationError
from .console import Console

if TYPE_CHECKING:
    from ..runtime import Federation

_LEVELS = ("critical", "error", "warning", "info", "debug")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("target", metavar="MODULE:NAME", help="a Federation, a Social, an ASGI app, or a maker of one")
    parser.add_argument("--host", default="127.0.0.1", help='address to listen on; "localhost" takes IPv4 and IPv6')
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 picks a free one (default 8000)")
    parser.add_argument("--log-level", choices=_LEVELS, default="info", help="default info")
    parser.add_argument("--access-log", action="store_true", help="also log every request")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until SIGINT or SIGTERM."""
    if importlib.util.find_spec("uvicorn") is None:
        raise ConfigurationError("uvicorn is not installed", install="pip install 'fedtext[serve]'")
    import uvicorn

    from .naming import load

    logging.basicConfig(level=arguments.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    served = load(arguments.target)
    if served.federation is not None:
        _warn(served.federation, console)
    sockets = listening(arguments.host, arguments.port)
    port = sockets[0].getsockname()[1]
    config = uvicorn.Config(
        served.app,
        log_config=None,
        access_log=arguments.access_log,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    origin = served.federation.site.origin if served.federation is not None else None
    console.tell({"event": "listening", "host": arguments.host, "port": port, "origin": origin})
    console.say(f"listening on {arguments.host}:{port}" + (f", as {origin}" if origin else "") + "; Ctrl+C ends")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _noted)  # uvicorn ends in peace, then repeats the signal for us: that is the end, no fault
    server = uvicorn.Server(config)
    server.run(sockets=sockets)
    return 0 if server.started else 1


def _warn(federation: Federation, console: Console) -> None:
    """Say what is wired wrongly before peers find out."""
    for finding in federation.check():
        console.complain(f"{finding.level.value}: {finding.message} [{finding.code}]")
        console.complain(f"  hint: {finding.hint}")


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Take a signal that has been obeyed already."""


def listening(host: str, port: int) -> list[socket.socket]:
    """Open sockets; for "localhost" on IPv4 and, where there is one, on IPv6 under the same port.

    Raises:
        ConfigurationError: The address cannot be had.
    """
    try:
        if host != "localhost":
            return [_bound(host, port)]
        sockets = [_bound("127.0.0.1", port)]
    except OSError as error:
        raise ConfigurationError(f"cannot listen: {error.strerror}", host=host, port=port) from error
    try:
        sockets.append(_bound("::1", sockets[0].getsockname()[1]))
    except OSError:  # a machine without IPv6
        return sockets
    return sockets


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(2048)  # refused connections would look like a dead server to peers
    except OSError:
        made.close()
        raise
    return made
