"""G8: what is dear and can be kept is done once a process, and never again for an activity.

Anchor: how many activities were sent and received after the first one of each. Subject: how many private keys were
parsed, TLS contexts built, and documents fetched that are no actor, post or collection of the two servers (as a JSON-LD
context would be) meanwhile. Every transport that a process opens is counted in, too.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import attrs

from bench.measuring import Measured
from fedtext import PUBLIC, Context, Federation, Note, Person, connect
from fedtext.adapters.transports import AsyncHttpxTransport, connecting
from fedtext.behaviors import Follows, Replies
from fedtext.keys import pem
from fedtext.runtime.outgoing import TransportName
from fedtext.testing import Fediverse

POSTS = 10
OURS, THEIRS = "blog.example", "mastodon.example"


@attrs.define
class Blog:
    """What the application has to keep."""

    posts: dict[int, Post] = attrs.field(factory=dict)
    replies: list[str] = attrs.field(factory=list)

    def save(self, reply: Any) -> None:
        """Keep a reply."""
        self.replies.append(reply.id)

    def remove(self, reply_id: str, author_id: str) -> None:
        """Never asked for here."""

    def remove_author(self, author_id: str) -> None:
        """Never asked for here."""


@attrs.define
class Post:
    """One post."""

    pk: int
    author: str = "1"


def application(blog: Blog) -> Federation:
    """Give a blog of one author."""
    fed = Federation(f"https://{OURS}", backend=connect("memory://"))
    fed.use(Follows(), Replies(blog))

    @fed.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice") if pk == "1" else None

    @fed.handle
    def pk_of(_context: Context, name: str) -> str | None:
        return "1" if name == "alice" else None

    @fed.object("/posts/{pk:int}", source=Post, load=lambda _context, pk: blog.posts.get(int(pk)))
    def note(context: Context, post: Post) -> Note:
        return Note(attributed_to=context.actor_uri(post.author), content="hello", to=PUBLIC)

    return fed


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """Count while the block runs."""
    counts = {"private keys parsed": 0, "TLS contexts built": 0}
    load, create = pem.load_pem_private_key, ssl.SSLContext.__new__

    def counting_load(*arguments: Any, **options: Any) -> Any:
        counts["private keys parsed"] += 1
        return load(*arguments, **options)

    def counting_create(kind: Any, *arguments: Any, **options: Any) -> Any:
        counts["TLS contexts built"] += 1
        return create(kind, *arguments, **options)

    pem.load_pem_private_key = counting_load
    ssl.SSLContext.__new__ = counting_create  # type: ignore[method-assign]
    try:
        yield counts
    finally:
        pem.load_pem_private_key = load
        ssl.SSLContext.__new__ = create  # type: ignore[method-assign]


async def transports_of_an_application() -> None:
    """Make all transports of both colours, as another application of this process does."""
    for name in get_args(TransportName):
        ports = Federation(f"https://{OURS}", backend=connect("memory://"), transport=name, worker="off").ports
        await ports.asynchronous().transport.made.close()  # type: ignore[attr-defined]
        await ports.blocking().transport.made.close()  # type: ignore[attr-defined]


async def conversation() -> tuple[int, dict[str, int]]:
    """Let two servers talk; give how many activities crossed after the first ones, and the counts."""
    blog = Blog()
    fed = application(blog)
    async with Fediverse(seed=8) as net:
        net.bind(fed)
        bob = await net.peer(THEIRS, profile="mastodon").actor("bob")

        async def one(pk: int) -> None:
            blog.posts[pk] = Post(pk)
            fed.publish(blog.posts[pk])
            await net.settle()
            await bob.reply((await bob.timeline())[0], "nice")
            await net.settle()

        connecting._public_ssl_context.cache_clear()  # what ran before in this process may have built it
        with counted() as first:
            await AsyncHttpxTransport().close()
            await bob.follow(f"@alice@{OURS}")
            await net.settle()
            await one(0)
        if not all(first.values()):
            raise SystemExit(f"the counters do not count: {first}")
        before = len(net.network.exchanges)
        await transports_of_an_application()  # each kind builds its context once a process
        with counted() as counts:
            for pk in range(1, POSTS + 1):
                await one(pk)
            await transports_of_an_application()
        crossed = [exchange.request for exchange in net.network.exchanges[before:]]
    sent = [request for request in crossed if request.method == "POST"]
    fetched = [request for request in crossed if request.method == "GET"]
    if len(blog.replies) != POSTS + 1 or len(sent) < 2 * POSTS:
        raise SystemExit(f"{len(sent)} activities and {len(blog.replies)} replies are too few")
    counts["contexts downloaded"] = sum(request.authority not in (OURS, THEIRS) for request in fetched)
    return len(sent), counts


def measure() -> list[Measured]:
    """Measure."""
    activities, counts = asyncio.run(conversation())
    return [
        Measured(goal="G8", what=f"{what}, per activity", anchor=activities, subject=count, reach=0.0, unit="count")
        for what, count in counts.items()
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
