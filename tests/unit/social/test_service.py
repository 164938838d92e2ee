"""`Social`: names, documents, outbox, and who sees what."""

from __future__ import annotations

import json

import pytest

from fedtext import Federation, Visibility, connect
from fedtext.errors import ConfigurationError
from fedtext.http import Request
from fedtext.social import Social
from fedtext.social.service import is_public_post
from fedtext.testing.apps import ask_asgi

AP = [("host", "blog.example"), ("accept", "application/activity+json")]


async def get(world, url: str):
    answer = await ask_asgi(world.federation.asgi(), Request.to(url, headers=AP))
    return answer.status, json.loads(answer.body or b"{}")


@pytest.mark.parametrize("name", ["", "Alice", "al ice", "a-b", "a.b", "a@b", "ä", "x" * 31, "../x", "a/b"])
async def test_what_is_no_name(world, name: str) -> None:
    with pytest.raises(ConfigurationError, match="a name takes"):
        await world.social.create_actor(name)


@pytest.mark.parametrize("name", ["a", "x" * 30, "under_score", "007"])
async def test_names(world, name: str) -> None:
    actor = await world.social.create_actor(name, name="Any <b>", summary="First!\nSecond")
    assert (actor.name, actor.handle, actor.display_name) == (name, f"@{name}@blog.example", "Any <b>")
    status, document = await get(world, actor.uri)
    assert (status, document["preferredUsername"], document["name"]) == (200, name, "Any <b>")
    assert document["summary"].startswith("<p>First!<br")
    status, jrd = await get(world, f"https://blog.example/.well-known/webfinger?resource=acct:{name}@blog.example")
    assert (status, actor.uri in json.dumps(jrd)) == (200, True)


async def test_a_name_is_one_actor(world) -> None:
    again = await world.social.create_actor("alice", name="Another")
    assert (again.pk, again.display_name) == (world.alice.pk, "alice")
    assert [actor.name for actor in await world.social.actors()] == ["alice"]
    with pytest.raises(ConfigurationError):
        await world.social.actor("nobody")


async def test_pending_follows_are_announced_where_they_wait() -> None:
    """An actor who accepts by hand says so."""
    from fedtext.behaviors import Follows

    federation = Federation("https://blog.example", backend=connect("memory://"), worker="off")
    social = Social(federation, follows=Follows(accept="manual"))
    actor = await social.create_actor("alice")
    document = (await federation.context().get(actor.uri)).document
    assert document["manuallyApprovesFollowers"] is True


@pytest.mark.parametrize(
    ("visibility", "status"),
    [
        (Visibility.PUBLIC, 200),
        (Visibility.UNLISTED, 200),
        (Visibility.FOLLOWERS, 404),
        (Visibility.DIRECT, 404),
    ],
)
@pytest.mark.spec("SEC-134", "COL-11")
async def test_sec_134_strangers_see_what_is_for_all(world, visibility, status: int) -> None:
    bob = await world.net.peer("peer.example").actor("bob")
    post = await world.alice.post("hello", visibility=visibility, to=bob.uri)
    assert (await get(world, post.uri))[0] == status
    assert is_public_post(post) is (status == 200)
    _, outbox = await get(world, f"{world.alice.uri}/outbox?page=true")
    assert [item["object"]["id"] for item in outbox["orderedItems"]] == ([post.uri] if status == 200 else [])
    assert outbox["totalItems"] == (1 if status == 200 else 0)


async def test_an_entitled_reader_gets_it_by_signed_fetch(world) -> None:
    bob = await world.net.peer("peer.example").actor("bob")
    await bob.follow(world.alice.handle)
    await world.net.settle()
    post = await world.alice.post("for followers", visibility=Visibility.FOLLOWERS)
    await world.net.settle()
    assert [entry.id for entry in await bob.timeline()] == [post.uri]


async def test_the_outbox_pages_without_gaps(world) -> None:
    written = [(await world.alice.post(f"post {n}")).uri for n in range(45)]
    for n in range(3):
        await world.alice.post(f"hidden {n}", visibility=Visibility.FOLLOWERS)
    url, read = f"{world.alice.uri}/outbox?page=true", []
    while url:
        _, page = await get(world, url)
        read += [item["object"]["id"] for item in page["orderedItems"]]
        url = page.get("next")
    assert read == written[::-1]


async def test_a_note_says_all_of_a_post(world) -> None:
    post = await world.alice.post("Hallo #Welt", language="de", summary="Vorsicht")
    _, note = await get(world, post.uri)
    assert note["type"] == "Note"
    assert note["contentMap"] == {"de": note["content"]}
    assert (note["summary"], note["sensitive"]) == ("Vorsicht", True)
    assert note["tag"][0]["name"] == "#Welt"
    assert note["url"] == f"https://blog.example/@alice/{post.pk}"
    assert note["published"].endswith("Z")
    assert note["attributedTo"] == world.alice.uri
