"""Peer servers and their actors, in both colours."""

from __future__ import annotations

import pytest

from fedtext import Accept, Activity, Create, Follow, Like, Note, Visibility
from fedtext.errors import ConfigurationError
from fedtext.testing import Fediverse
from fedtext.testing.peers.servers import PROFILES, Inbox, SharedKeys, profile_named


@pytest.mark.parametrize("name", PROFILES)
def test_profiles(name: str) -> None:
    assert profile_named(name) is PROFILES[name]


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="mastodon"):
        profile_named("friendica")


def test_an_inbox_tells_what_it_has() -> None:
    inbox = Inbox()
    note = Note(id="https://a.example/1", attributed_to="https://a.example/u", content="hi")
    create = Create(id="https://a.example/2", actor="https://a.example/u", object=note)
    assert not inbox.has(Create)
    inbox.activities.append(create)
    assert inbox.has(Create)
    assert inbox.has(Create[Note])
    assert inbox.has(Activity)
    assert not inbox.has(Like)
    assert inbox.of(Create) == [create] == list(inbox)
    assert len(inbox) == 1


async def test_keys_are_shared_between_tests_and_not_between_actors() -> None:
    pems = []
    for _ in range(2):
        async with Fediverse() as net:
            peer = net.peer("peer.example")
            ports = peer.federation.ports.asynchronous()
            keys = SharedKeys()
            site = "https://peer.example"
            pems.append([await keys.load(ports, site, f"{site}/users/{name}") for name in ("bob", "eve", "bob")])
    assert pems[0] == pems[1]
    assert pems[0][0] == pems[0][2] != pems[0][1]


async def test_what_an_actor_does_arrives() -> None:
    async with Fediverse() as net:
        alice = await net.peer("a.example").actor("alice")
        bob = await net.peer("b.example").actor("bob")
        assert await net.peer("b.example").actor("bob") is bob
        await bob.follow(alice.handle)
        await net.settle()
        assert (alice.inbox.has(Follow), bob.inbox.has(Accept)) == (True, True)
        assert await alice.followers() == [bob.uri]
        assert await bob.following(alice.uri) is not None
        post = await alice.post("one", language="en")
        quiet = await alice.post("two", visibility=Visibility.FOLLOWERS)
        await net.settle()
        assert [entry.text for entry in await bob.timeline()] == ["two", "one"]
        [entry] = [entry for entry in await bob.timeline() if entry.id == post.uri]
        reply = await bob.reply(entry, "yes")
        like = await bob.like(entry)
        boost = await bob.boost(entry)
        await net.settle()
        [own] = [entry for entry in await alice.timeline() if entry.id == post.uri]
        assert (own.likes, own.boosts) == (1, 1)
        assert await bob.undo(like)
        assert await bob.undo(boost)
        net.advance(minutes=1)
        await alice.edit(quiet, "three")
        await bob.delete(reply)
        await net.settle()
        [own] = [entry for entry in await alice.timeline() if entry.id == post.uri]
        assert (own.likes, own.boosts) == (0, 0)
        assert "three" in [entry.text for entry in await bob.timeline()]
        assert "yes" not in [entry.text for entry in await alice.timeline()]
        await bob.unfollow(alice.handle)
        await net.settle()
        assert await alice.followers() == []
        await bob.follow(alice.handle)
        await net.settle()
        await alice.block(bob.handle)
        await net.settle()
        assert await alice.followers() == []
        assert await bob.following(alice.uri) is None


def test_the_same_names_without_an_event_loop() -> None:
    with Fediverse() as net:
        alice, bob = net.peer("a.example").actor("alice"), net.peer("b.example").actor("bob")
        assert net.peer("b.example").actor("bob") is bob
        assert net.peer("b.example").host == "b.example"
        bob.follow(alice.handle)
        net.settle()
        assert alice.inbox.has(Follow)
        assert alice.followers() == [bob.uri]
        post = alice.post("one")
        net.settle()
        [entry] = bob.timeline()
        reply, like, boost = bob.reply(entry, "yes"), bob.like(entry), bob.boost(entry)
        net.settle()
        assert bob.undo(like)
        assert bob.undo(boost)
        net.advance(minutes=1)
        alice.edit(post, "two")
        bob.delete(reply)
        net.settle()
        assert [entry.text for entry in bob.timeline()] == ["two"]
        assert [entry.text for entry in alice.timeline()] == ["two"]
        assert bob.unfollow(alice.handle)
        net.settle()
        assert bob.following(alice.uri) is None
        alice.block(bob.handle)
        net.settle()
        assert len(net.peer("a.example").received) == len(alice.inbox)


async def test_what_comes_to_the_shared_inbox_concerns_whom_it_is_for() -> None:
    async with Fediverse() as net:
        alice = await net.peer("a.example").actor("alice")
        bob, eve = [await net.peer("b.example").actor(name) for name in ("bob", "eve")]
        await bob.follow(alice.handle)
        await net.settle()
        await alice.post("to followers")
        await net.settle()
        assert bob.inbox.has(Create)
        assert not eve.inbox.has(Create)
        await alice.post("hello @eve@b.example")
        await net.settle()
        assert eve.inbox.has(Create)
