"""The application under test: two authors, followers at every peer, posts that are values, a listener with rows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from fedtext import PUBLIC, Announce, Context, Federation, Note, Page, PageRequest, Person, connect
from fedtext.adapters.observers import NullObserver
from fedtext.config import Config, DeliveryPolicy, DevPolicy, FetchPolicy, InboxPolicy, Limits, SignaturePolicy
from fedtext.delivery import Follower
from fedtext.http import Request, Response
from fedtext.ports import ExchangeLimits, Transport

from .cast import HOME, PEERS, Stage
from .clock import SharedClock
from .records import Log

EXCHANGE_S_MAX = 1.0
LEASE_S = 1.0
YEAR_S = 365 * 86_400
FOLLOWERS_EACH = 2


@attrs.frozen
class Post:
    """A post in one of its versions."""

    pk: str
    author: str
    version: int


@attrs.frozen
class Followers:
    """Followers at every peer, in an order that does not change."""

    stage: Stage

    def all(self) -> list[Follower]:
        """Give all of them."""
        return [
            Follower(
                actor_id=self.stage.user(peer, number),
                inbox=f"{self.stage.user(peer, number)}/inbox",
                shared_inbox=self.stage.shared_inbox(peer),
            )
            for number in range(FOLLOWERS_EACH)
            for peer in PEERS
        ]

    async def page(self, _context: Context, _pk: str, page: PageRequest) -> Page[Follower]:
        """Give one page."""
        start, everybody = int(page.cursor or 0), self.all()
        end = start + page.size
        return Page(everybody[start:end], next=str(end) if end < len(everybody) else None)

    async def contains(self, _context: Context, _pk: str, actor_id: str) -> bool:
        """Tell whether somebody is one."""
        return any(follower.actor_id == actor_id for follower in self.all())

    async def count(self, _context: Context, _pk: str) -> int:
        """Count them."""
        return len(self.all())

    async def following_count(self, _context: Context, _pk: str) -> int:
        """Nobody counts."""
        return 0


def kept_waiting_s() -> float:
    """Give how long this thread has waited for a core so far: what the machine, not a peer, has cost."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Timed:
    """A transport that writes down how long each exchange held the worker, but for what it waited for a core."""

    def __init__(self, inner: Transport, log: Log) -> None:
        self._inner, self._log = inner, log

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange."""
        started = time.monotonic() - kept_waiting_s()
        try:
            return await self._inner.send(request, limits)
        finally:
            self._log.write(
                pid=os.getpid(), host=request.authority, seconds=round(time.monotonic() - kept_waiting_s() - started, 3)
            )

    async def close(self) -> None:
        """Close idle connections."""
        await self._inner.close()


@attrs.frozen(kw_only=True)
class Setting:
    """What every process of a run must know to build the application."""

    url: str
    stage: Stage
    folder: Path
    keep: Callable[[Context, str], Any] | None = None

    def config(self) -> Config:
        """Give the settings: deadlines and leases short enough for many kills in a minute."""
        hosts = tuple(peer.host for peer in PEERS)
        dev = DevPolicy.allow_loopback(
            hosts=hosts, resolver=dict.fromkeys(hosts, "127.0.0.1"), ca_file=str(self.folder / "authority.pem")
        )
        return Config(
            limits=Limits(connect_s_max=0.5, exchange_s_max=EXCHANGE_S_MAX, host_fetches_per_minute_max=100_000),
            delivery=DeliveryPolicy(lease_s=LEASE_S, batch_max=8, followers_page_max=9),
            fetch=FetchPolicy(key_fresh_s=YEAR_S),
            inbox=InboxPolicy(
                actor_activities_per_minute_max=0, host_activities_per_minute_max=0, idempotency_s=YEAR_S
            ),
            signatures=SignaturePolicy(),
            dev=dev,
        )

    def build(self, *, transport: Any = "httpx") -> Federation:
        """Build it, on the shared clock."""
        fed = Federation(
            HOME,
            backend=connect(self.url),
            config=self.config(),
            worker="off",
            observer=NullObserver(),
            transport=transport,
        )
        fed.ports.clock = SharedClock(self.folder / "clock")
        log, make = Log(self.folder / "exchanges"), fed.ports.async_transport
        fed.ports.async_transport = lambda: Timed(make(), log)
        fed.followers(Followers(self.stage))
        self._register(fed)
        return fed

    def _register(self, fed: Federation) -> None:
        @fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person:
            return context.actor(Person, handle=pk)

        @fed.object("/posts/{pk}", source=Post)
        def note(context: Context, post: Post) -> Note:
            author, cc = context.actor_uri(post.author), [context.followers_uri(post.author)]
            return Note(attributed_to=author, content=f"<p>{post.version}</p>", to=PUBLIC, cc=cc)

        @fed.on(Announce)
        async def announced(context: Context, announce: Announce) -> None:
            if self.keep is not None:
                await self.keep(context, str(announce.id))
