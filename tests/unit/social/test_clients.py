"""What owners say through clients, carried out by their actors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedtext.http import Request, Response
from fedtext.vocab import PUBLIC, Announce, Block, Create, Delete, Follow, Like, Undo, Update

AP = "application/activity+json"


class Client:
    """Alice's client."""

    def __init__(self, world: Any) -> None:
        self.world = world
        world.social.serve_clients(lambda context, pk, request: request.headers.get("authorization") == f"Bearer {pk}")

    async def say(self, token: str = "a", **members: Any) -> Response:
        federation = self.world.federation
        fields = {"host": "blog.example", "content-type": AP, "authorization": f"Bearer {token}"}
        body = json.dumps({"@context": "https://www.w3.org/ns/activitystreams", **members}).encode()
        url = f"{self.world.alice.uri}/outbox"
        request = Request.to(url, method="POST", headers=fields.items(), body=body)
        response = await federation.engine.handle(request, federation.ports.asynchronous())
        assert response is not None
        await self.world.net.settle()
        return response

    async def said(self, **members: Any) -> str:
        response = await self.say(**members)
        assert response.status == 201, response.body
        return str(response.headers.get("location"))


@pytest.fixture
def client(world: Any) -> Client:
    return Client(world)


async def peer(world: Any) -> Any:
    return await world.net.peer("mastodon.example", profile="mastodon").actor("bob")


@pytest.mark.spec("AP-C01", "AP-C03", "AP-C07")
async def test_ap_c03_a_post_stands_in_the_outbox_and_reaches_followers(client: Client) -> None:
    world, bob = client.world, await peer(client.world)
    await bob.follow("@alice@blog.example")
    await world.net.settle()
    followers = f"{world.alice.uri}/followers"
    location = await client.said(
        type="Note", content="<p>Hello <b>you</b></p>", to=[PUBLIC], cc=[followers], contentMap={"en": "x"}
    )
    assert location.endswith("#create")
    assert bob.inbox.has(Create)
    post = await world.alice.find_post(location.partition("#")[0].rpartition("/")[2])
    assert post is not None
    assert (post.text, post.visibility.value, post.addressed) == ("Hello you", "public", ())
    assert await world.texts() == ["Hello you"]


@pytest.mark.spec("AP-C08", "AP-C09")
async def test_ap_c09_a_post_is_edited_and_deleted_by_its_author(client: Client) -> None:
    world, bob = client.world, await peer(client.world)
    note = (await client.said(type="Note", content="one", to=[PUBLIC], cc=[bob.uri])).partition("#")[0]
    assert await client.said(type="Update", object={"id": note, "type": "Note", "content": "two"}) == note
    assert await world.texts() == ["two"]
    assert await client.said(type="Delete", object=note) == f"{note}#delete"
    assert await world.texts() == []
    assert bob.inbox.has(Update)
    assert bob.inbox.has(Delete)


async def test_a_direct_message_goes_to_whom_it_names(client: Client) -> None:
    world, bob = client.world, await peer(client.world)
    parent = "https://mastodon.example/1"
    note = await client.said(type="Note", content="psst", summary="secret", to=[bob.uri], inReplyTo=parent)
    post = await world.alice.find_post(note.partition("#")[0].rpartition("/")[2])
    assert post is not None
    assert (post.visibility.value, post.summary, post.in_reply_to) == ("direct", "secret", parent)
    assert bob.inbox.has(Create)


@pytest.mark.spec("AP-C14")
@pytest.mark.parametrize("kind", [Follow, Like, Announce, Block])
async def test_ap_c14_what_was_done_is_undone(client: Client, kind: Any) -> None:
    bob = await peer(client.world)
    target = bob.uri if kind in (Follow, Block) else (await bob.post("mine")).uri
    location = await client.said(type=kind.__name__, object=target, to=[PUBLIC])
    assert location.startswith(client.world.alice.uri)
    assert bob.inbox.has(kind)
    assert await client.said(type="Undo", object=location) == f"{location}/undo"
    assert bob.inbox.has(Undo)
    assert (await client.say(type="Undo", object=location)).status == 403


REFUSED = [
    ({"type": "Note", "content": "x"}, 400),
    ({"type": "Note", "content": "", "to": [PUBLIC]}, 400),
    ({"type": "Note", "to": [PUBLIC]}, 400),
    ({"type": "Note", "content": "x", "to": [PUBLIC], "bcc": ["https://b.example/1"]}, 403),
    ({"type": "Note", "content": "x", "bto": ["https://b.example/1"]}, 403),
    ({"type": "Article", "content": "x", "to": [PUBLIC]}, 403),
    ({"type": "Delete", "object": "https://blog.example/posts/9"}, 403),
    ({"type": "Delete", "object": "https://blog.example/users/a"}, 403),
    ({"type": "Delete", "object": "https://b.example/1"}, 403),
    ({"type": "Update", "object": {"id": "https://b.example/1", "type": "Note", "content": "x"}}, 403),
    ({"type": "Undo", "object": "https://blog.example/users/a#likes/9"}, 403),
    ({"type": "Flag", "object": "https://b.example/1"}, 403),
    ({"type": "Arrive"}, 403),
]


@pytest.mark.parametrize(("members", "status"), REFUSED)
async def test_what_our_actors_do_not_do(client: Client, members: dict[str, Any], status: int) -> None:
    assert (await client.say(**members)).status == status
    assert await client.world.texts() == []


@pytest.mark.spec("AP-C08")
async def test_ap_c08_posts_of_others_stay_as_they_are(client: Client) -> None:
    carol = await client.world.social.create_actor("carol", pk="c")
    post = await carol.post("hers")
    note = {"id": post.uri, "type": "Note", "content": "mine"}
    for members in ({"type": "Update", "object": note}, {"type": "Delete", "object": post.uri}):
        assert (await client.say(**members)).status == 403
    assert (await carol.find_post(post.pk)).text == "hers"


async def test_only_the_owner_speaks(client: Client) -> None:
    assert (await client.say(token="c", type="Note", content="x", to=[PUBLIC])).status == 403
