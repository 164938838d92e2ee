"""In whose name the doctor signs: a key of one's own, an actor for the time being, or one that nobody can fetch.

A signature counts only where the server can fetch its key. Without `--key`, `--tunnel` or `--origin` the key lies
nowhere: then what is sent with it must be refused, and nothing that needs a good signature is judged.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from socket import socket

import attrs

from ...config import Limits
from ...errors import ConfigurationError
from ...keys import Algorithm, PrivateKey
from ...runtime import Federation
from ...runtime.asgi import ASGIApp, Receive, Scope, Send
from ..console import Console
from ..key_files import read_private
from ..looking_up import asker
from ..receiving import declare_reach, ephemeral, reachable


class Witness:
    """Passes requests on, and notes whether there were any.

    Args:
        app: Answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.was_asked = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection scope."""
        self.was_asked = self.was_asked or scope["type"] == "http"
        await self._app(scope, receive, send)


@attrs.frozen(kw_only=True)
class Identity:
    """Who asks.

    Args:
        federation: Whose transport and name are used.
        key_id: Under which the key is published.
        private: The key.
        can_be_fetched: Whether a good signature is expected to be taken.
        witness: Sees who asks for the key; None: it is published elsewhere.
    """

    federation: Federation
    key_id: str
    private: PrivateKey = attrs.field(repr=False)
    can_be_fetched: bool
    witness: Witness | None = None

    @property
    def actor_id(self) -> str:
        """Whose key it is: what stands before the fragment."""
        return self.key_id.partition("#")[0]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments by which somebody says who asks."""
    parser.add_argument("--key", metavar="FILE", help="sign with this private key: PEM, or a secret Multikey")
    parser.add_argument("--key-id", metavar="ID", help="under which it is published: the actor's id and #main-key")
    declare_reach(parser)


@asynccontextmanager
async def identified(arguments: argparse.Namespace, console: Console) -> AsyncGenerator[Identity, None]:
    """Give who asks, and serve its actor where it has one, until the end.

    Raises:
        ConfigurationError: The arguments contradict each other, or the key cannot be read.
    """
    if (arguments.key is None) != (arguments.key_id is None):
        raise ConfigurationError("--key and --key-id go together")
    if arguments.key is not None and (arguments.tunnel or arguments.origin):
        raise ConfigurationError("--key signs as an actor that is there, --tunnel and --origin as one of the doctor's")
    if arguments.tunnel or arguments.origin:
        with reachable(arguments, console) as (sockets, origin):
            pk = secrets.token_hex(8)
            federation = ephemeral(origin, accept=False, own_pk=pk)
            witness = Witness(federation.asgi())
            async with _closing(federation), _served(witness, sockets):
                yield await _identity(federation, federation.context().actor_uri(pk), witness)
        return
    federation = asker(arguments.dev)
    async with _closing(federation):
        if arguments.key is None:
            yield await _identity(federation, federation.engine.instance_actor_id, None)
            return
        private = read_private(arguments.key, Limits())
        yield Identity(federation=federation, key_id=arguments.key_id, private=private, can_be_fetched=True)


async def _identity(federation: Federation, actor_id: str, witness: Witness | None) -> Identity:
    """Sign as an actor of a federation, which is served where there is a witness."""
    key = await federation.engine.signer(federation.ports.asynchronous(), actor_id)(Algorithm.RSA)
    return Identity(
        federation=federation,
        key_id=key.key_id,
        private=key.private,
        can_be_fetched=witness is not None,
        witness=witness,
    )


@asynccontextmanager
async def _closing(federation: Federation) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await federation.ports.close()


@asynccontextmanager
async def _served(app: ASGIApp, sockets: list[socket]) -> AsyncGenerator[None, None]:
    """Serve an application in this loop."""
    import uvicorn

    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", server_header=False,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=sockets))
    try:
        yield  # the sockets listen: who asks too early waits a moment
    finally:
        server.should_exit = True
        await task
