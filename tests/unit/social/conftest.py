"""Alice on a blog, on every storage, in a small network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from fedtext import Federation, connect
from fedtext.social import Social, SocialActor
from fedtext.testing import Fediverse
from fedtext.testing.peers import SharedKeys


@attrs.frozen
class World:
    """A network, our blog on it, and Alice who writes there."""

    net: Fediverse
    federation: Federation
    social: Social
    alice: SocialActor

    @property
    def context(self):
        return self.federation.context()

    async def texts(self, actor=None) -> list[str]:
        """Give what stands in a timeline, oldest first."""
        entries = [entry async for entry in (actor or self.alice).timeline()]
        return [entry.text for entry in reversed(entries)]


async def make_world(url: str, seed: int = 7, queue: str | None = None) -> AsyncIterator[World]:
    federation = Federation("https://blog.example", backend=connect(url, queue=queue), keys=SharedKeys())
    social = Social(federation)
    async with Fediverse(seed=seed) as net:
        net.bind(federation)
        yield World(net=net, federation=federation, social=social, alice=await social.create_actor("alice", pk="a"))
    await federation.ports.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async for made in make_world("memory://"):
        yield made


@pytest.fixture(params=["memory", "sqlite", "postgresql", "redis"])
async def any_world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """The same on every storage; Redis has its queue in SQLite."""
    file = f"sqlite:///{tmp_path}/app.sqlite3"
    match request.param:
        case "memory":
            world = make_world("memory://")
        case "sqlite":
            world = make_world(file)
        case "postgresql":
            world = make_world(request.getfixturevalue("postgres_url"))
        case _:
            world = make_world(request.getfixturevalue("redis_url"), queue=file)
    async for made in world:
        yield made
