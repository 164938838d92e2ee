"""What our actors do, and that it is all or nothing."""

from __future__ import annotations

import pytest

from fedtext import Create, Delete, Federation, Follow, Like, Undo, Update, Visibility, connect
from fedtext.behaviors import FollowState
from fedtext.errors import ConfigurationError, PortError, StoreError
from fedtext.social import Social
from fedtext.testing import FailNth, ManualClock, VirtualNetwork
from fedtext.testing.faults import Moment
from fedtext.testing.network import OneColour
from fedtext.testing.peers import SharedKeys

BOB = "@bob@peer.example"


@pytest.fixture
async def bob(any_world):
    """Bob, who follows Alice and is followed by her."""
    found = await any_world.net.peer("peer.example").actor("bob")
    await found.follow(any_world.alice.handle)
    await any_world.alice.follow(found.handle)
    await any_world.net.settle()
    return found


async def entries(actor):
    return [entry async for entry in actor.timeline()]


async def test_a_whole_conversation(any_world, bob) -> None:
    world, alice = any_world, any_world.alice
    assert await alice.followers() == [bob.uri]
    assert await alice.following(bob.uri) is FollowState.ACCEPTED
    post = await alice.post(f"Hello {BOB} #intro")
    await world.net.settle()
    [got] = await bob.timeline()
    assert (got.id, got.text, got.visibility) == (post.uri, "Hello @bob #intro", Visibility.PUBLIC)
    await bob.reply(got, "hi back")
    like, boost = await bob.like(got), await bob.boost(got)
    await world.net.settle()
    said = [(entry.text, entry.boosted_by is not None) for entry in await entries(alice)]
    assert sorted(said) == [("Hello @bob #intro", True), (f"Hello {BOB} #intro", False), ("hi back", False)]
    [own] = [entry for entry in await entries(alice) if entry.own and not entry.boosted_by]
    assert (own.likes, own.boosts) == (1, 1)
    await bob.undo(like)
    await bob.undo(boost)
    world.net.advance(minutes=1)
    await alice.edit(post, "Hello again")
    await world.net.settle()
    assert [entry.text for entry in await bob.timeline()][-1] == "Hello again"
    [own] = [entry for entry in await entries(alice) if entry.own]
    assert (own.likes, own.boosts) == (0, 0)
    await alice.delete(post)
    await world.net.settle()
    assert post.uri not in [entry.id for entry in await bob.timeline()]
    assert await world.texts() == ["hi back"]
    assert [type(activity) for activity in bob.inbox if isinstance(activity, Create | Update | Delete)] == [
        Create,
        Update,
        Delete,
    ]


async def test_a_mention_of_a_stranger_is_looked_up_by_the_worker(any_world) -> None:
    world = any_world
    bob = await world.net.peer("peer.example").actor("bob")
    before = len(world.net.network.exchanges)
    post = await world.alice.post(f"Hello {BOB} and @nobody@peer.example")
    assert post.pending
    assert len(world.net.network.exchanges) == before  # no network in the call
    await world.net.settle()
    for _ in range(6):
        world.net.advance(hours=1)
        await world.net.settle()
    [create] = bob.inbox.of(Create)
    assert bob.uri in (*create.to, *create.cc)
    assert [tag.href for tag in create.object.tag] == [bob.uri]
    assert not any("acct:" in iri for iri in (*create.to, *create.cc, *create.object.to, *create.object.cc))


async def test_a_mention_of_one_of_ours_needs_nobody(any_world) -> None:
    carol = await any_world.social.create_actor("carol")
    post = await any_world.alice.post("Hello @carol@blog.example")
    assert not post.pending
    await any_world.net.settle()
    assert await any_world.texts(carol) == ["Hello @carol"]
    assert not any(exchange.request.method == "POST" for exchange in any_world.net.network.exchanges)


@pytest.mark.spec("SEC-134")
async def test_followers_only_reaches_followers_only(any_world, bob) -> None:
    eve = await any_world.net.peer("other.example").actor("eve")
    await any_world.alice.post("for followers", visibility=Visibility.FOLLOWERS)
    await any_world.alice.post(f"{BOB} psst", visibility=Visibility.DIRECT)
    await any_world.net.settle()
    assert {entry.text for entry in await bob.timeline()} == {"for followers", "@bob psst"}
    assert not eve.inbox
    posted = [exchange.request.authority for exchange in any_world.net.network.exchanges if exchange.request.body]
    assert "other.example" not in posted


async def test_a_direct_message_needs_somebody(any_world) -> None:
    with pytest.raises(ConfigurationError):
        await any_world.alice.post("hello", visibility=Visibility.DIRECT)


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_an_answer_is_shown_to_no_more_than_its_parent(any_world, bob, visibility: Visibility) -> None:
    sent = await bob.post(f"{any_world.alice.handle} hi", visibility=visibility)
    await any_world.net.settle()
    [parent] = [entry for entry in await entries(any_world.alice) if entry.id == sent.uri]
    reply = await any_world.alice.reply(parent, "yes")
    assert reply.visibility is visibility
    await any_world.net.settle()
    [got] = [entry for entry in await bob.timeline() if entry.id == reply.uri]
    assert (got.in_reply_to, got.visibility) == (sent.uri, visibility)


async def test_an_answer_names_whom_it_answers(any_world, bob) -> None:
    """Interop: Mastodon tells its people of an answer only where it mentions them."""
    sent = await bob.post("hello")
    await any_world.net.settle()
    [parent] = await entries(any_world.alice)
    reply = await any_world.alice.reply(parent, "yes")
    named = await any_world.alice.reply(parent, f"yes {BOB}")
    own = await any_world.alice.reply(reply, "and more")
    any_world.net.advance(minutes=1)
    await any_world.alice.edit(reply, "no")
    await any_world.net.settle()
    for post, mentions in (
        (reply, [("@bob@peer.example", bob.uri)]),
        (named, [("@bob@peer.example", bob.uri)]),
        (own, []),
    ):
        note = await any_world.context.get(post.uri)
        assert [(tag.name, tag.href) for tag in note.tag] == mentions
    [update] = bob.inbox.of(Update)
    assert [tag.href for tag in update.object.tag] == [bob.uri]
    assert sent.uri == parent.id


async def test_what_was_done_is_undone_once(any_world, bob) -> None:
    sent = await bob.post("like me")
    await any_world.net.settle()
    alice = any_world.alice
    for act in (alice.like, alice.boost):
        activity = await act(sent.uri)
        await any_world.net.settle()
        assert await alice.undo(activity)
        assert not await alice.undo(activity)
    followed = bob.inbox.of(Follow)[0].id
    assert await alice.undo(followed)
    await any_world.net.settle()
    assert len(bob.inbox.of(Undo)) == 3
    assert bob.inbox.has(Like)
    assert await bob.followers() == []
    assert not await alice.undo("https://blog.example/never")


async def test_whom_she_blocks_is_out_until_she_undoes_it(any_world, bob) -> None:
    world, alice = any_world, any_world.alice
    block = await alice.block(BOB)
    await world.net.settle()
    assert await alice.followers() == []
    await bob.follow(alice.handle)
    await bob.post(f"{alice.handle} are you there?")
    await world.net.settle()
    assert await alice.followers() == []
    assert await world.texts() == []
    assert await alice.undo(block)
    await bob.follow(alice.handle)
    await bob.post(f"{alice.handle} hello?")
    await world.net.settle()
    assert await alice.followers() == [bob.uri]
    assert await world.texts() == ["@alice hello?"]


async def test_her_own_posts_are_found(any_world) -> None:
    post = await any_world.alice.post("mine", pk="1")
    carol = await any_world.social.create_actor("carol")
    assert await any_world.alice.find_post("1") == post
    assert await carol.find_post("1") is None
    assert await any_world.alice.find_post("2") is None


# -- all or nothing --------------------------------------------------------------------------------------------------


class Faulty(OneColour):
    """Ports of which one call fails."""

    fault: FailNth

    def asynchronous(self):
        return self.fault.wrap_all(self.blocking())


async def counted(federation: Federation) -> tuple[int, int]:
    """Give how many posts there are, and how many jobs wait."""
    ports = federation.ports.blocking()
    posts = await ports.sql.execute("SELECT COUNT(*) FROM social_posts")
    return posts[0][0], (await ports.queue.depth()).waiting


@pytest.mark.parametrize("moment", list(Moment))
async def test_a_post_and_its_job_are_written_together_or_not_at_all(tmp_path, moment: Moment) -> None:
    """Every call of every port fails once: what was written is whole each time."""
    outcomes = set()
    for nth in range(1, 50):
        fault = FailNth(nth, error=StoreError("full"), moment=moment)
        found, failed = await attempt(f"sqlite:///{tmp_path}/{nth}.sqlite3", fault)
        assert found in {(0, 0), (1, 1)}
        outcomes.add((found, failed))
        if fault.fired is None:
            break
    assert outcomes >= {((0, 0), True), ((1, 1), False)}
    assert fault.fired is None  # the flow came to its end


async def attempt(url: str, fault: FailNth):
    """Post once with a fault; give what was written and whether it failed."""
    federation = Federation("https://blog.example", backend=connect(url), keys=SharedKeys())
    social = Social(federation)
    VirtualNetwork().add(federation, ManualClock(), blocking=True)
    alice = await social.create_actor("alice")
    before = federation.ports
    faulty = Faulty(
        backend=before.backend,
        async_transport=before.async_transport,
        blocking_transport=before.blocking_transport,
        clock=before.clock,
    )
    faulty.fault = fault
    federation.ports = faulty
    failed = False
    try:
        await alice.post("hello")
    except PortError:
        failed = True
    federation.ports = before
    found = await counted(federation)
    await federation.ports.close()
    return found, failed


@pytest.mark.spec("DLV-02")
@pytest.mark.parametrize("how", ["like", "boost", "reply"])
async def test_dlv_02_who_has_interacted_is_told_of_edits_and_removals(any_world, how) -> None:
    """Eve follows nobody; her server holds a copy all the same."""
    world, alice = any_world, any_world.alice
    eve = await world.net.peer("other.example").actor("eve")
    post = await alice.post("Hello")
    await getattr(eve, how)(post.uri, *(["hm"] if how == "reply" else []))
    await world.net.settle()
    assert await world.social.store.interactors(world.context, post.uri) == [eve.uri]
    edited = await alice.edit(post, "Hello all")
    await world.net.settle()
    await alice.delete(edited)
    await world.net.settle()
    server = world.net.peer("other.example")
    told = [type(activity) for activity in server.received if isinstance(activity, Update | Delete)]
    assert told == [Update, Delete]
