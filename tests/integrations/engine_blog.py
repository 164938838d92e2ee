"""A blog whose deliveries an engine carries; imported by web process and workers alike, which read the same settings.

ENGINE_BLOG holds JSON: "database", "inboxes" (of the followers), "engine", "broker", "lease_s".
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import attrs

from fedtext import PUBLIC, Config, Context, Federation, Note, Page, PageRequest, Person, connect
from fedtext.config import DeliveryPolicy, DevPolicy
from fedtext.runtime import CarryPolicy, Follower
from fedtext.testing.peers import SharedKeys

ORIGIN = "http://localhost:9"  # nobody is served there: these peers believe everything
POLICY = CarryPolicy(sweep_s=1)


@attrs.define
class Post:
    """A post of the one actor's."""

    pk: int
    text: str = "hello"


class Followers:
    """All that follow, by their inboxes."""

    def __init__(self, inboxes: Sequence[str]) -> None:
        self._inboxes = inboxes

    async def page(self, context: Context, pk: str, page: PageRequest) -> Page[Follower]:
        return Page([Follower(actor_id=inbox.replace("/inbox", "/actor"), inbox=inbox) for inbox in self._inboxes])

    async def contains(self, context: Context, pk: str, actor_id: str) -> bool:
        return True

    async def count(self, context: Context, pk: str) -> int:
        return len(self._inboxes)

    async def following_count(self, context: Context, pk: str) -> int:
        return 0


def make_blog(backend: str, inboxes: Sequence[str], *, lease_s: float = 60.0, **options: Any) -> Federation:
    """Make the federation; names below .test are this machine."""
    hosts = {inbox.split("/")[2].split(":")[0]: "127.0.0.1" for inbox in inboxes}
    config = Config(
        dev=DevPolicy.allow_loopback(hosts=("*",), resolver=hosts),
        delivery=DeliveryPolicy(lease_s=lease_s, proofs=False, batch_max=3),
    )
    fed = Federation(ORIGIN, backend=connect(backend), config=config, keys=SharedKeys(), **options)

    @fed.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice") if pk == "7" else None

    @fed.object("/posts/{pk:int}", source=Post, load=lambda context, pk: Post(int(pk)))
    def note(context: Context, post: Post) -> Note:
        followers = context.followers_uri("7")
        return Note(attributed_to=context.actor_uri("7"), content=post.text, to=PUBLIC, cc=[followers])

    fed.followers(Followers(inboxes))
    return fed


def from_settings() -> tuple[Federation, dict[str, Any]]:
    """Make the federation that ENGINE_BLOG describes."""
    settings = json.loads(os.environ["ENGINE_BLOG"])
    fed = make_blog(f"sqlite:///{settings['database']}", settings["inboxes"], lease_s=settings["lease_s"])
    return fed, settings


if os.environ.get("ENGINE_BLOG"):
    fed, SETTINGS = from_settings()
    if SETTINGS["engine"] == "celery":
        from celery import Celery

        from fedtext.integrations.celery import carry_deliveries

        app = Celery("blog", broker=SETTINGS["broker"])
        app.conf.broker_connection_retry_on_startup = True
        carry_deliveries(fed, app, policy=POLICY)
    else:
        from taskiq_redis import RedisStreamBroker

        from fedtext.integrations.taskiq import carry_deliveries as carry_by_taskiq

        broker = RedisStreamBroker(SETTINGS["broker"])
        carry_by_taskiq(fed, broker, policy=POLICY)
