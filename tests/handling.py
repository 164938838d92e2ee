"""A server of ours whose listeners note what they hear: Likes, which the worker confirms, and Announces, which they do.

Over a file it also keeps rows of its own, in one transaction with the confirmation, as an application would.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.receiving import NOW_S, Peer, post

from fedtext import Announce, Context, Federation, Like, Person
from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.config import Config, FetchPolicy, SignaturePolicy
from fedtext.fetch.keys import remember
from fedtext.http import Request, Response
from fedtext.keys import PrivateKey, VerificationKey
from fedtext.ports import PortSet, QueueDepth
from fedtext.runtime.worker import Worker
from fedtext.sync import run_sync
from fedtext.testing.network import VirtualNetwork
from fedtext.testing.peers import SharedKeys

from .pacing import OnePortSet, ServedBy

HOME, ALICE = "https://home.example.com", "https://a.example.com/users/alice"
KEY_ID = f"{ALICE}#main-key"
KEY = PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
"""Alice's: the same in every process."""
KINDS = ("Like", "Announce")
TEN_YEARS_S = 10 * 365 * 86_400
PATIENT = Config(signatures=SignaturePolicy(past_s_max=TEN_YEARS_S), fetch=FetchPolicy(key_fresh_s=TEN_YEARS_S))
"""However slowly a door goes on, it finds the signature young and the key known."""


def activity(kind: str, number: int = 1, text: str = "") -> dict[str, Any]:
    """Give an activity of Alice."""
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"https://a.example.com/{kind}/{number}",
        "type": kind,
        "actor": ALICE,
        "object": f"{HOME}/posts/{number}",
        "summary": text,
    }


def arriving(document: dict[str, Any], now_s: float = NOW_S) -> Request:
    """Give it as Alice sends it."""
    return post(document, key=KEY, key_id=KEY_ID, url=f"{HOME}/users/1/inbox", now_s=now_s)


class Handling:
    """The server.

    Args:
        file: Of its database; None: it keeps all in memory.
        now_s: What its clock shows at first.
        heard: Is told the id of each activity that a listener is called with.
        key_is_known: Whether Alice's key lies in the store; else it has to be fetched.
    """

    def __init__(
        self,
        file: Path | None,
        *,
        now_s: float = NOW_S,
        heard: Callable[[str], None] | None = None,
        key_is_known: bool = True,
    ) -> None:
        self.file = file
        self.backend = MemoryBackend() if file is None else SqliteBackend(file)
        self.clock = ManualClock(now_s)
        self.network = VirtualNetwork()
        self.fed = Federation(HOME, backend=self.backend, config=PATIENT, keys=SharedKeys(), worker="off")
        self.network.add(self.fed, self.clock, blocking=True)
        self.calls = Counter[str]()
        self.confirmed = set[str]()
        self.heard = heard
        self._register()
        Peer(self.network).actor(key=KEY)
        if key_is_known:
            known = VerificationKey(KEY_ID, ALICE, KEY.public)
            run_sync(remember(self.fed.engine.fetcher(self.ports), known))

    @property
    def ports(self) -> PortSet:
        """The ports, which never suspend."""
        return self.fed.ports.blocking()

    def _register(self) -> None:
        @self.fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person:
            return context.actor(Person, handle="bob")

        @self.fed.on(Like)
        async def liked(context: Context, like: Like) -> None:
            self._note(str(like.id))
            await context.store.get("something")

        @self.fed.on(Announce)
        async def announced(context: Context, announce: Announce) -> None:
            self._note(str(announce.id))
            await context.store.get("something")
            await self._keep(context, str(announce.id))
            self.confirmed.add(str(announce.id))

    def _note(self, activity_id: str) -> None:
        assert activity_id not in self.confirmed, f"{activity_id} is dispatched again after it was confirmed"
        self.calls[activity_id] += 1
        if self.heard is not None:
            self.heard(activity_id)

    async def _keep(self, context: Context, activity_id: str) -> None:
        if self.file is None:
            await context.confirm()
            return
        connection = sqlite3.connect(self.file, isolation_level=None)
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS boosts (id TEXT)")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO boosts VALUES (?)", (activity_id,))
            await context.confirm(within=connection)
            connection.execute("COMMIT")
        finally:
            connection.close()

    def rows(self) -> list[str]:
        """Give the application's own rows."""
        if self.file is None:
            return []
        connection = sqlite3.connect(self.file)
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS boosts (id TEXT)")
            return [row[0] for row in connection.execute("SELECT id FROM boosts ORDER BY id")]
        finally:
            connection.close()

    async def take(self, request: Request, ports: PortSet | None = None) -> Response:
        """Answer a request."""
        answer = await self.fed.engine.handle(request, ports or self.ports)
        assert answer is not None
        return answer

    async def step(self, ports: PortSet | None = None) -> bool:
        """Let a worker claim one lane and carry out a batch of its jobs, in turn."""
        return await Worker(self.served(OnePortSet(ports=ports or self.ports)))._step_in_turn(None)

    def served(self, ports: Any) -> Any:
        """Give the server as a worker sees it, with another record of ports."""
        return ServedBy(config=self.fed.config, engine=self.fed.engine, ports=ports)

    def settle(self) -> QueueDepth:
        """Let a worker without faults do what is left, when all leases have run out; give the depth of the queue."""
        for _ in range(60):
            self.clock.advance(3_600)
            while run_sync(self.step()):
                pass
            if run_sync(self.ports.queue.depth()).waiting == 0:
                break
        return run_sync(self.ports.queue.depth())

    def close(self) -> None:
        """Close the database."""
        self.backend.close()
