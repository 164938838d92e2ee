"""The peers: one process on loopback sockets that answers under many names, each in its manner.

A peer applies by id: what it has taken before it takes again without effect. It writes down both. Commands come as
lines on a pipe: "heal" lets all but those who are gone take everything; "return" lets the one that was away listen.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import socket
import ssl
from pathlib import Path
from typing import Any

import attrs
import trustme

from .cast import DOMAIN, PEERS, Manner, Peer, Stage
from .records import Log

SLOW_S = 0.3
HANGING_S = 30.0
RETRY_AFTER_S = 40
AP = "application/activity+json"


@attrs.frozen(kw_only=True)
class Sockets:
    """Bound before any process is forked; those of the absent refuse connections, since nobody listens."""

    plain: socket.socket
    tls: socket.socket
    away: socket.socket
    dead: socket.socket

    @classmethod
    def bind(cls) -> Sockets:
        """Let the system choose the ports."""
        made = [socket.socket() for _ in range(4)]
        for one in made:
            one.bind(("127.0.0.1", 0))
        return cls(plain=made[0], tls=made[1], away=made[2], dead=made[3])

    @property
    def stage(self) -> Stage:
        """Where the peers are."""
        ports = [one.getsockname()[1] for one in (self.plain, self.tls, self.away, self.dead)]
        return Stage(plain_port=ports[0], tls_port=ports[1], away_port=ports[2], dead_port=ports[3])


def write_certificates(folder: Path) -> Path:
    """Make an authority, a right certificate and a wrong one; gives the authority's file."""
    authority = trustme.CA()
    for name, host in (("right", f"*.{DOMAIN}"), ("wrong", "somebody.else.test")):
        authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return folder / "authority.pem"


def describe(document: dict[str, Any]) -> str:
    """Give what an activity says, whatever its id: type, object and version; Follows have no versions, but ids."""
    if document["type"] == "Follow":
        return f"Follow {document['id']}"
    subject = document.get("object")
    inner = subject if isinstance(subject, dict) else {"id": subject}
    return f"{document['type']} {inner.get('id')} {inner.get('content') or ''}".strip()


class Peers:
    """All of them.

    Args:
        stage: Where they are met.
        folder: Holds the certificates.
        log: Gets a line for each thing that was taken.
        seed: Of what happens by chance.
    """

    def __init__(self, stage: Stage, folder: Path, log: Log, seed: int) -> None:
        self._stage, self._folder, self._log = stage, folder, log
        self._chance = random.Random(seed)
        self._by_host = {peer.host: peer for peer in PEERS}
        self._applied: set[tuple[str, str]] = set()
        self._healed = False

    async def serve(self, sockets: Sockets, commands: int) -> None:
        """Serve until the pipe is closed."""
        await asyncio.start_server(self._talk, sock=sockets.plain, backlog=512)
        await asyncio.start_server(self._talk, sock=sockets.tls, ssl=self._tls(), backlog=512)
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        pipe = os.fdopen(commands, "rb", buffering=0)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        while line := await reader.readline():
            if line == b"heal\n":
                self._healed = True
            elif line == b"return\n":
                await asyncio.start_server(self._talk, sock=sockets.away, backlog=512)

    def _tls(self) -> ssl.SSLContext:
        contexts = []
        for name in ("right", "wrong"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._folder / f"{name}.pem")
            contexts.append(context)
        right, wrong = contexts

        def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = right if self._healed else wrong

        wrong.sni_callback = choose
        return wrong

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a worker that was killed
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Carry out one exchange; False when the connection ends with it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _version = head[0].split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        peer = self._by_host[fields["host"].partition(":")[0]]
        manner = Manner.HEALTHY if self._healed and peer.manner is not Manner.GONE else peer.manner
        unwilling = self._chance.random() < 0.5
        if manner is Manner.FLAPPING and unwilling and self._chance.random() < 0.5:
            writer.transport.abort()
            return False
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        if manner is Manner.HANGING:
            await asyncio.sleep(HANGING_S)
        refusal = self._refusal(manner, unwilling)
        if refusal:
            return self._answer(writer, refusal)
        if method == "GET":
            return self._answer(writer, b"200 OK", self._actor(peer, target), AP)
        if manner is Manner.SLOW:
            await asyncio.sleep(SLOW_S)
        self._take(self._stage.origin(peer) + target, body)
        if manner is Manner.CUTTING and unwilling:
            writer.transport.abort()
            return False
        return self._answer(writer, b"202 Accepted")

    def _refusal(self, manner: Manner, unwilling: bool) -> bytes:
        if manner is Manner.GONE:
            return b"410 Gone"
        if manner is Manner.FAILING and unwilling:
            return b"500 Internal Server Error"
        if manner is Manner.FLAPPING and unwilling:
            return b"503 Service Unavailable"
        if manner is Manner.LIMITED and self._chance.random() < 0.3:
            return b"429 Too Many Requests\r\nRetry-After: %d" % RETRY_AFTER_S
        return b""

    def _answer(self, writer: asyncio.StreamWriter, status: bytes, body: bytes = b"", kind: str = "text/plain") -> bool:
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (status, kind.encode(), len(body), body)
        )
        return True

    def _actor(self, peer: Peer, target: str) -> bytes:
        origin = self._stage.origin(peer)
        actor_id = origin + target
        document = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": actor_id,
            "type": "Person",
            "preferredUsername": target.rpartition("/")[2],
            "inbox": f"{actor_id}/inbox",
            "endpoints": {"sharedInbox": self._stage.shared_inbox(peer)},
        }
        return json.dumps(document).encode()

    def _take(self, inbox: str, body: bytes) -> None:
        document = json.loads(body)
        key = (inbox, document["id"])
        self._log.write(
            inbox=inbox,
            activity_id=document["id"],
            what=describe(document),
            digest=hashlib.sha256(body).hexdigest()[:16],
            applied=key not in self._applied,
        )
        self._applied.add(key)


def run(sockets: Sockets, folder: Path, log: Log, commands: int, seed: int) -> None:
    """Be the peers' process."""
    asyncio.run(Peers(sockets.stage, folder, log, seed).serve(sockets, commands))
