"""Seeded histories of several servers that lose and find each other: what was said arrives, once and in order.

A failing seed is its own recipe: the same seed gives the same history again.
"""

from __future__ import annotations

from random import Random

import attrs
import pytest

from fedtext import Create, Delete, Update
from fedtext.social import Post
from fedtext.testing import Fediverse, PeerActor

HOSTS = ("a.example", "b.example", "c.example")
STEPS = 40
CUT_HOURS_MAX = 12.0


@attrs.define
class History:
    """What everybody did, and what should be seen of it in the end."""

    net: Fediverse
    random: Random
    actors: list[PeerActor]
    alive: dict[str, list[Post]] = attrs.field(factory=dict)
    told: dict[str, list[type]] = attrs.field(factory=dict)
    cut: dict[str, float] = attrs.field(factory=dict)

    async def step(self) -> None:
        await self.random.choice(
            (self.post, self.post, self.edit, self.delete, self.part, self.join, self.wait, self.work)
        )()

    async def post(self) -> None:
        who = self.random.choice(self.actors)
        written = await who.post(f"post {len(self.told)}")
        self.alive.setdefault(who.uri, []).append(written)
        self.told[written.uri] = [Create]

    async def edit(self) -> None:
        who, post = self.any_post()
        if post is not None:
            self.net.advance(seconds=2)
            changed = await who.edit(post, f"{post.text} edited")
            self.alive[who.uri] = [changed if known.pk == post.pk else known for known in self.alive[who.uri]]
            self.told[post.uri].append(Update)

    async def delete(self) -> None:
        who, post = self.any_post()
        if post is not None:
            await who.delete(post)
            self.alive[who.uri].remove(post)
            self.told[post.uri].append(Delete)

    def any_post(self) -> tuple[PeerActor, Post | None]:
        who = self.random.choice(self.actors)
        posts = self.alive.get(who.uri, [])
        return who, self.random.choice(posts) if posts else None

    async def part(self) -> None:
        host = self.random.choice(HOSTS)
        self.net.partition(host)
        self.cut.setdefault(host, 0.0)

    async def join(self) -> None:
        if self.cut:
            host = self.random.choice(sorted(self.cut))
            self.net.heal(host)
            del self.cut[host]

    async def wait(self) -> None:
        hours = self.random.uniform(0, 3)
        self.net.advance(hours=hours)
        for host in list(self.cut):
            self.cut[host] += hours
            if self.cut[host] > CUT_HOURS_MAX:
                self.net.heal(host)
                del self.cut[host]
        await self.net.settle()

    async def work(self) -> None:
        await self.net.settle()

    async def finish(self) -> None:
        """Heal all and let time pass until nothing is left to do."""
        self.net.heal()
        for _ in range(40):
            self.net.advance(hours=3)
            await self.net.settle()


async def run(seed: int) -> History:
    async with Fediverse(seed=seed) as net:
        actors = [await net.peer(host).actor(name) for host, name in zip(HOSTS, ("anna", "bert", "cora"), strict=True)]
        for one in actors:
            for other in actors:
                if one is not other:
                    await one.follow(other.handle)
        await net.settle()
        assert [sorted(await actor.followers()) for actor in actors] == [
            sorted(other.uri for other in actors if other is not actor) for actor in actors
        ]
        history = History(net=net, random=Random(seed), actors=actors)
        await history.part()
        for _ in range(5):
            await history.post()
        await history.work()  # some of it into the void
        for _ in range(STEPS):
            await history.step()
        await history.finish()
        await check(history)
        return history


async def check(history: History) -> None:
    everything = {post.uri: post.text for posts in history.alive.values() for post in posts}
    for actor in history.actors:
        seen = {entry.id: entry.text for entry in await actor.timeline()}
        assert seen == everything
        ids = [activity.id for activity in actor.inbox]
        assert len(ids) == len(set(ids))  # once
        arrived: dict[str, list[type]] = {}
        for activity in actor.inbox:
            if isinstance(activity, Create | Update | Delete):
                arrived.setdefault(str(activity.object_id), []).append(type(activity))
        own = {uri for uri in history.told if uri.startswith(f"https://{actor.handle.rpartition('@')[2]}/")}
        assert arrived == {uri: kinds for uri, kinds in history.told.items() if uri not in own}  # all, in order


@pytest.mark.spec("DLV-10", "SEC-152")
@pytest.mark.parametrize("seed", range(12))
async def test_what_was_said_arrives_once_and_in_order(seed: int) -> None:
    history = await run(seed)
    assert history.told
    assert any(exchange.status is None for exchange in history.net.network.exchanges)  # something was lost on the way


async def test_a_seed_is_a_recipe() -> None:
    first, second = await run(99), await run(99)
    assert [exchange.request.url for exchange in first.net.network.exchanges] == [
        exchange.request.url for exchange in second.net.network.exchanges
    ]
    assert first.told == second.told


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 400))
async def test_many_more_histories(seed: int) -> None:
    await run(seed)
