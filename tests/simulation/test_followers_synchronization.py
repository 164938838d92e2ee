"""Two servers that disagree on who follows whom, and find out (FEP-8fcf): both sides, over the virtual network."""

from __future__ import annotations

import attrs
import pytest

from fedtext import Config, Federation, connect
from fedtext.behaviors import Follows, FollowState
from fedtext.behaviors.followings import Record
from fedtext.config import SynchronizationPolicy
from fedtext.delivery import SYNCHRONIZATION_HEADER
from fedtext.social import Social, Visibility
from fedtext.testing import Fediverse
from fedtext.testing.peers import SharedKeys

FREELY = SynchronizationPolicy(vanish_share_max=1.0)
CAREFULLY = SynchronizationPolicy()


@attrs.define
class Server:
    """One of the two."""

    social: Social

    @property
    def fed(self) -> Federation:
        return self.social.federation

    async def lose(self, kind: str, pk: str, iri: str) -> None:
        """Forget a row, as after a crash or a restore."""
        context = self.fed.context()
        assert await context.store.delete(context.key(kind, pk, iri))
        if kind == "following":
            await context.store.delete(context.key("followed", iri, pk))
            await context.store.delete(context.key("followings-digest", iri))
        else:
            await context.store.delete(context.key("followers-digest", pk, "https://b.example"))


def server(net: Fediverse, host: str, policy: SynchronizationPolicy, *, complete: bool = True) -> Server:
    config = Config(synchronization=policy)
    federation = Federation(f"https://{host}", backend=connect("memory://"), config=config, keys=SharedKeys())
    social = Social(federation, follows=Follows(complete=complete))
    net.bind(federation)
    return Server(social)


@attrs.define
class Scene:
    """Alice at a.example; Bob and Carol at b.example, who follow her."""

    net: Fediverse
    here: Server
    there: Server

    @classmethod
    async def play(cls, net: Fediverse, policy: SynchronizationPolicy = FREELY, *, complete: bool = True) -> Scene:
        scene = cls(net, server(net, "a.example", FREELY, complete=complete), server(net, "b.example", policy))
        await scene.here.social.create_actor("alice", pk="alice")
        for name in ("bob", "carol"):
            actor = await scene.there.social.create_actor(name, pk=name)
            await actor.follow("@alice@a.example")
        await net.settle()
        await scene.post()
        return scene

    async def post(self, visibility: Visibility = Visibility.PUBLIC) -> None:
        alice = await self.here.social.actor("alice")
        await alice.post("Hello", visibility=visibility)
        await self.net.settle()

    async def follows(self) -> list[str]:
        """Name those at b.example who take themselves for followers of Alice."""
        found = [await self.there.social.actor(name) for name in ("bob", "carol")]
        return [actor.pk for actor in found if await actor.following(ALICE) is FollowState.ACCEPTED]

    async def followers(self) -> list[str]:
        """Name those whom a.example takes for followers of Alice."""
        alice = await self.here.social.actor("alice")
        return [iri.rpartition("/")[2] for iri in await alice.followers()]

    def headers(self) -> list[str | None]:
        posts = [exchange.request for exchange in self.net.network.exchanges if exchange.request.method == "POST"]
        return [request.headers.get(SYNCHRONIZATION_HEADER) for request in posts if b'"Create"' in request.body]

    def lists(self) -> int:
        """Count how often a list was read."""
        asked = [exchange.request.path for exchange in self.net.network.exchanges]
        return len([path for path in asked if path.endswith("/followers_synchronization")])


ALICE, BOB, CAROL = "https://a.example/users/alice", "https://b.example/users/bob", "https://b.example/users/carol"


@pytest.mark.spec("DLV-16", "DLV-17", "COL-13")
@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.FOLLOWERS])
async def test_dlv_17_a_follower_that_his_server_alone_remembers_is_found(visibility):
    async with Fediverse(seed=7) as net:
        scene = await Scene.play(net)
        assert await scene.follows() == ["bob", "carol"]
        assert scene.lists() == 0
        await scene.here.lose("follower", "alice", BOB)
        await scene.post(visibility)
        assert (await scene.follows(), await scene.followers()) == (["carol"], ["carol"])
        assert scene.lists() == 1


@pytest.mark.spec("DLV-16", "DLV-17", "COL-13")
async def test_dlv_17_a_follower_that_his_server_does_not_know_is_undone():
    async with Fediverse(seed=7) as net:
        scene = await Scene.play(net)
        await scene.there.lose("following", "carol", ALICE)
        await scene.post()
        assert (await scene.follows(), await scene.followers()) == (["bob"], ["bob"])


async def test_dlv_17_an_accept_that_was_lost_is_made_up_for():
    async with Fediverse(seed=7) as net:
        scene = await Scene.play(net)
        await scene.there.lose("following", "carol", ALICE)
        context, waits = scene.there.fed.context(), Record(state=FollowState.PENDING, follow_id=f"{CAROL}#follows/1")
        await context.store.put(context.key("following", "carol", ALICE), waits.encode())
        assert await scene.follows() == ["bob"]
        await scene.post()
        assert await scene.follows() == ["bob", "carol"]
        assert await scene.followers() == ["bob", "carol"]


@pytest.mark.spec("SEC-141")
async def test_sec_141_a_store_that_does_not_say_that_it_is_complete_tells_nothing():
    async with Fediverse(seed=7) as net:
        scene = await Scene.play(net, complete=False)
        await scene.here.lose("follower", "alice", BOB)
        await scene.post()
        assert await scene.follows() == ["bob", "carol"]
        assert scene.headers() == [None, None]


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize("side", ["here", "there"])
async def test_sec_141_after_a_restore_nobody_loses_a_follower_for_seven_days(side):
    async with Fediverse(seed=7) as net:
        scene = await Scene.play(net)
        await scene.here.lose("follower", "alice", BOB)
        await getattr(scene, side).fed.pause_synchronization.aio()
        for _ in range(3):
            await scene.post()
            net.advance(days=2)
        assert (await scene.follows(), scene.lists()) == (["bob", "carol"], 0)
        net.advance(days=1, seconds=1)
        await scene.post()
        assert await scene.follows() == ["carol"]


@pytest.mark.spec("SEC-141")
async def test_sec_141_more_than_five_in_a_hundred_wait_for_a_command():
    async with Fediverse(seed=7) as net:
        scene = await Scene.play(net, CAREFULLY)
        await scene.here.lose("follower", "alice", BOB)
        await scene.post()
        assert await scene.follows() == ["bob", "carol"]
        paused = await scene.there.fed.synchronization_pause.aio()
        assert paused is not None
        assert (paused.reason.value, paused.sender, paused.vanishing) == ("vanishing", ALICE, 1)
        assert await scene.there.fed.resume_synchronization.aio() == paused
        await scene.post()
        assert await scene.follows() == ["carol"]
