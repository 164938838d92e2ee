"""Two servers of ours and a relay between them, in both styles (FEP-ae0c): what one says in public the other hears."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from tests.scripted_relay import PUBLIC, ScriptedRelay

from fedtext import Config, Context, Create, Delete, Federation, Update, connect
from fedtext.config import DeliveryPolicy
from fedtext.http import Request
from fedtext.keys import VerificationKey, load_public_pem
from fedtext.runtime import RelayState, RelayStyle
from fedtext.signatures import linked_data
from fedtext.social import Social, SocialActor, Visibility
from fedtext.testing import Fediverse
from fedtext.testing.peers import SharedKeys

pytestmark = pytest.mark.spec("DLV-20")
PLAIN, BELIEVING = Config(), Config.relay_compatible()
WITHOUT_PROOFS = Config(delivery=DeliveryPolicy(proofs=False))
STYLES = pytest.mark.parametrize("style", RelayStyle, ids=lambda style: style.value)


@attrs.define
class Server:
    """One of the two: what it hears, and why it believes that."""

    social: Social
    heard: list[tuple[str, str]] = attrs.field(factory=list)

    @property
    def fed(self) -> Federation:
        return self.social.federation


@attrs.define
class Scene:
    """Alice at a.example, who follows nobody and whom nobody follows; b.example; a relay."""

    net: Fediverse
    here: Server
    there: Server
    relay: ScriptedRelay
    alice: SocialActor

    @classmethod
    async def set(
        cls, net: Fediverse, config: Config = PLAIN, *, said: Config = PLAIN, answer: str = "Accept"
    ) -> Scene:
        here, there = server(net, "a.example", said), server(net, "b.example", config)
        alice = await here.social.create_actor("alice", pk="alice")
        return cls(net, here, there, ScriptedRelay(net, answer=answer), alice)

    async def join(self, style: RelayStyle, *servers: Server) -> None:
        address = self.relay.inbox if style is RelayStyle.MASTODON else self.relay.id
        for one in servers or (self.here, self.there):
            await one.fed.join_relay.aio(address, style=style)
        await self.go_on()

    async def go_on(self) -> None:
        """Let all that waits be done, by the servers and the relay, until nothing waits."""
        for _ in range(6):
            await self.net.settle()
            await self.relay.work()
        await self.net.settle()

    async def state(self) -> RelayState:
        (relay,) = await self.here.fed.relays.aio()
        return relay.state


def server(net: Fediverse, host: str, config: Config) -> Server:
    federation = Federation(f"https://{host}", backend=connect("memory://"), config=config, keys=SharedKeys())
    made = Server(Social(federation))

    @federation.on(Create)
    @federation.on(Update)
    @federation.on(Delete)
    async def hear(context: Context, activity: Any) -> None:
        found = activity.object
        text = getattr(found, "content", None) or activity.type_name.rpartition("/")[2]
        made.heard.append((context.evidence.how, text))

    net.bind(federation)
    return made


@STYLES
async def test_dlv_20_whoever_joins_waits_for_an_answer(style):
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net)
        address = scene.relay.inbox if style is RelayStyle.MASTODON else scene.relay.id
        asked = await scene.here.fed.join_relay.aio(address, style=style)
        assert asked.state is RelayState.PENDING
        await net.settle()
        (follow,) = scene.relay.got
        assert (follow["type"], follow["actor"]) == ("Follow", "https://a.example/ap/instance")
        assert follow["object"] == (PUBLIC if style is RelayStyle.MASTODON else scene.relay.id)
        assert await scene.state() is RelayState.PENDING
        net.advance(hours=30)
        await scene.go_on()
        (relay,) = await scene.here.fed.relays.aio()
        assert (relay.state, relay.actor, relay.inbox) == (RelayState.ACCEPTED, scene.relay.id, scene.relay.inbox)
        assert relay.since_s == net.clock.now_s()


@STYLES
async def test_dlv_20_a_relay_that_refuses_gets_nothing(style):
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net, answer="Reject")
        await scene.join(style, scene.here)
        assert await scene.state() is RelayState.REJECTED
        await scene.alice.post("Hello")
        await scene.go_on()
        assert scene.relay.types() == ["Follow"]


@pytest.mark.parametrize(
    ("style", "said", "config", "heard"),
    [
        (RelayStyle.MASTODON, PLAIN, PLAIN, ["proof"]),
        (RelayStyle.MASTODON, WITHOUT_PROOFS, BELIEVING, ["proof"]),
        (RelayStyle.MASTODON, WITHOUT_PROOFS, PLAIN, []),
        (RelayStyle.LITEPUB, PLAIN, PLAIN, ["origin"]),
        (RelayStyle.LITEPUB, WITHOUT_PROOFS, BELIEVING, ["origin"]),
    ],
    ids=[
        "integrity proof",
        "linked-data signature",
        "linked-data signature, not believed",
        "announced",
        "announced, too",
    ],
)
async def test_dlv_20_what_one_says_in_public_the_other_hears(style, said, config, heard):
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net, config, said=said)
        await scene.join(style)
        await scene.alice.post("Hello")
        await scene.go_on()
        assert scene.there.heard == [(how, "<p>Hello</p>") for how in heard]
        assert scene.here.heard == []


async def test_dlv_20_edits_and_removals_go_there_too():
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net, BELIEVING)
        await scene.join(RelayStyle.MASTODON)
        post = await scene.alice.post("Hello")
        await scene.go_on()
        edited = await scene.alice.edit(post, "Hello all")
        await scene.go_on()
        await scene.alice.delete(edited)
        await scene.go_on()
        said = [("proof", text) for text in ("<p>Hello</p>", "<p>Hello all</p>", "Delete")]
        assert scene.there.heard == said


async def test_dlv_20_a_relay_alone_gets_the_older_signature_and_it_holds():
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net)
        await scene.join(RelayStyle.MASTODON, scene.here)
        bob = await scene.there.social.create_actor("bob", pk="bob")
        await bob.follow("@alice@a.example")
        await net.settle()
        await scene.alice.post("Hello")
        await net.settle()
        bodies = [json.loads(e.request.body) for e in net.network.exchanges if b'"Create"' in e.request.body]
        (given,) = [body for body in bodies if "signature" in body]
        assert len(bodies) == 2
        assert given == scene.relay.got[-1]
        assert given["signature"]["creator"] == "https://a.example/users/alice#main-key"
        document = json.loads((await net.network.carry(_get("https://a.example/users/alice"))).body)["publicKey"]
        public = load_public_pem(document["publicKeyPem"])
        key = VerificationKey(key_id=document["id"], owner=document["owner"], public=public)
        claim = linked_data.parse_signature(given)
        assert linked_data.verify(given, claim, key, now_s=net.clock.now_s()).signer == document["owner"]


@STYLES
@pytest.mark.parametrize("visibility", [Visibility.UNLISTED, Visibility.FOLLOWERS])
async def test_dlv_20_what_is_not_for_everybody_to_find_stays_away(style, visibility):
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net)
        await scene.join(style, scene.here)
        await scene.alice.post("Hello", visibility=visibility)
        await scene.go_on()
        assert {"Create", "Announce"}.isdisjoint(scene.relay.types())


@STYLES
async def test_dlv_20_who_has_left_gets_and_sends_nothing(style):
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net)
        await scene.join(style)
        address = scene.relay.inbox if style is RelayStyle.MASTODON else scene.relay.id
        assert await scene.here.fed.leave_relay.aio(address)
        assert not await scene.here.fed.leave_relay.aio(address)
        await scene.go_on()
        undo = scene.relay.got[-1]
        asked = [got for got in scene.relay.got if (got["type"], got["actor"]) == ("Follow", undo["actor"])]
        assert (undo["type"], [undo["object"]["id"]]) == ("Undo", [follow["id"] for follow in asked])
        assert list(scene.relay.members) == ["https://b.example/ap/instance"]
        before = len(scene.relay.got)
        await scene.alice.post("Hello")
        await scene.go_on()
        assert (len(scene.relay.got), await scene.here.fed.relays.aio()) == (before, [])


async def test_sec_131_what_a_relay_writes_itself_is_not_believed():
    """Only the id counts; what stands beside it is the relay's word about somebody else."""
    async with Fediverse(seed=7) as net:
        scene = await Scene.set(net)
        await scene.join(RelayStyle.LITEPUB)
        post = await scene.alice.post("Hello")
        await scene.net.settle()
        scene.relay.waiting.clear()
        forged = {"id": post.uri, "type": "Note", "attributedTo": scene.alice.uri, "content": "Buy", "to": [PUBLIC]}
        await scene.relay.spread(scene.relay.announce(forged))
        await scene.go_on()
        assert scene.there.heard == [("origin", "<p>Hello</p>")]


def _get(url: str) -> Request:
    return Request.to(url, method="GET", headers=[("accept", "application/activity+json")])
