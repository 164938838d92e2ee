"""What this library sends by default is shown by every reader model, as it arrives: document, signature and all.

Where a server shows such a document to nobody, that is stated here by kind and rule.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from fedtext import Context, Federation, Person, Service, connect
from fedtext.social import Social, Visibility
from fedtext.testing import Fediverse, assert_readable
from fedtext.testing.peers import SERVERS, Delivery, SharedKeys, Verdict, read_as
from fedtext.wire.json import JsonObject

ALICE, BOB, CAROL = "@alice@blog.example", "@bob@mastodon.example", "@carol@other.example"

# Server -> the rules by which it shows sound documents of this kind to nobody.
NOT_FOR: dict[tuple[str, str], set[str]] = {
    ("lemmy", "post"): {"MOD-08"},
    ("lemmy", "followers-only post"): {"MOD-05", "MOD-08"},
    ("lemmy", "edit"): {"MOD-08"},
}


def kind_of(document: JsonObject) -> str:
    """Name what arrives: "post", "reply", "edit", or types such as "Undo Like"."""
    inner = document["object"]
    kind = str(document["type"])
    if not isinstance(inner, dict):
        return kind
    if inner["type"] != "Note":
        return f"{kind} {inner['type']}"
    if kind == "Update":
        return "edit"
    if inner.get("inReplyTo"):
        return "reply"
    to = json.dumps([inner.get("to"), inner.get("cc")])
    return "post" if "#Public" in to else "followers-only post" if "/followers" in to else "direct message"


async def conversation() -> list[tuple[str, bytes, Delivery]]:
    """Do everything that an actor can do, once; gives what arrived at the peers: kind, body, delivery."""
    fed = Federation("https://blog.example", backend=connect("memory://"), keys=SharedKeys())
    social = Social(fed)
    async with Fediverse(seed=7) as net:
        net.bind(fed)
        alice = await social.create_actor("alice", name="Alice", summary="First!")
        bob = await net.peer("mastodon.example").actor("bob")
        carol = await net.peer("other.example").actor("carol")
        await bob.follow(ALICE)
        await carol.follow(ALICE)
        await alice.follow(BOB)
        await net.settle()
        await bob.post("Hello from over there")
        await net.settle()
        theirs = [entry async for entry in alice.timeline() if entry.author.id == bob.uri][0]  # noqa: RUF015
        post = await alice.post(f"Hello {BOB} and {CAROL}, my first #introduction: https://a.test/?x=1", language="en")
        await alice.post("For all who look", visibility=Visibility.UNLISTED, summary="tea")
        await alice.post("For followers", visibility=Visibility.FOLLOWERS)
        await alice.post(f"For {BOB} alone", visibility=Visibility.DIRECT)
        await net.settle()
        await alice.edit(post, f"Hello all, and {BOB}")
        await alice.reply(theirs, "an answer")
        undone = [await alice.like(theirs), await alice.boost(theirs), await alice.block(CAROL)]
        await net.settle()
        for activity in undone:
            assert await alice.undo(activity)
        await alice.reject(bob.uri)
        await alice.delete(post)
        await alice.unfollow(BOB)
        await net.settle()
        await carol.follow(ALICE)
        await net.settle()
        await fed.rotate_key.aio(alice.pk)
        await net.settle()
        await fed.remove_actor.aio(alice.pk)
        await net.settle()
        now_s = net.clock.now_s()
        posts = [exchange.request for exchange in net.network.exchanges if exchange.request.method == "POST"]
    found = [(json.loads(request.body), request) for request in posts if request.authority != "blog.example"]
    return [
        (kind_of(document), request.body, Delivery.of(request, now_s=now_s))
        for document, request in found
        if document["actor"] == alice.uri
    ]


KINDS = {
    "Accept Follow", "Announce", "Block", "Delete", "Delete Tombstone", "Follow", "Like", "Reject Follow",
    "Undo Announce", "Undo Block", "Undo Follow", "Undo Like", "Update Person", "direct message", "edit",
    "followers-only post", "post", "reply",
}  # fmt: skip


async def test_what_we_send_is_shown_by_every_server() -> None:
    arrived = await conversation()
    assert {kind for kind, _, _ in arrived} == KINDS
    seen: dict[tuple[str, str], set[str]] = {}
    for kind, body, delivery in arrived:
        assert_readable(body, delivery=delivery)
        for server in SERVERS:
            reading = read_as(body, server, delivery)
            if reading.verdict is Verdict.NOT_MEANT:
                seen.setdefault((server, kind), set()).update(finding.rule for finding in reading.findings)
    assert seen == NOT_FOR


@pytest.mark.parametrize("kind", [Person, Service])
async def test_actors_are_shown_by_every_server(kind: type[Person] | type[Service]) -> None:
    await _served(lambda context, pk: context.actor(kind, handle="alice", name="Alice", url="/@alice"))


async def test_actors_without_anything_that_can_be_left_out_are_shown_by_every_server() -> None:
    await _served(lambda context, pk: context.actor(Person, handle="alice"))


async def _served(actor: Callable[[Context, str], Person]) -> None:
    fed = Federation("https://blog.example", backend=connect("memory://"), keys=SharedKeys())
    fed.actor("/users/{pk}")(actor)
    async with Fediverse() as net:
        net.bind(fed)
        peer = net.peer("mastodon.example")
        found = await peer.federation.context().get(fed.context().actor_uri("1"))
    assert_readable(found)


async def test_the_actor_of_the_server_is_shown_by_every_server() -> None:
    fed = Federation("https://blog.example", backend=connect("memory://"), keys=SharedKeys())
    async with Fediverse() as net:
        net.bind(fed)
        peer = net.peer("mastodon.example")
        assert_readable(await peer.federation.context().get(fed.engine.instance_actor_id))
