"""The tables of `social`, through a context of either storage."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from fedtext.behaviors import Author
from fedtext.ports import Statement
from fedtext.social import Entry, Post, Visibility
from fedtext.social.stores.sql import Sent, SocialStore, StoredActor

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOB = Author(
    id="https://p.example/bob", handle="@bob@p.example", name="Bob", avatar="https://p.example/b.png", url=None
)
EVE = Author(id="https://p.example/eve", handle="@eve@p.example", name="Eve", avatar=None, url="https://p.example/@eve")
POST = Post(
    pk="1",
    author="a",
    html="<p>hi</p>",
    text="hi",
    language="en",
    visibility=Visibility.UNLISTED,
    published=NOW,
    updated=NOW,
    in_reply_to="https://p.example/9",
    addressed=("https://p.example/bob", "acct:x@y.example"),
    handles=(("x@y.example", "acct:x@y.example"),),
    hashtags=("tag",),
    summary="cw",
    uri="https://blog.example/posts/1",
    pending=True,
)
ENTRY = Entry(
    id="https://p.example/1",
    author=BOB,
    html="<p>hi</p>",
    text="hi",
    visibility=Visibility.PUBLIC,
    published=NOW,
    updated=NOW,
    in_reply_to="https://blog.example/posts/1",
    language="en",
    summary="cw",
    boosted_by=EVE,
    url="https://p.example/@bob/1",
)
BARE = Entry(id="https://p.example/2", author=BOB, html="", text="", visibility=Visibility.DIRECT, published=None)


@pytest.fixture
def store(any_world) -> SocialStore:
    return any_world.social.store


@pytest.fixture
def context(any_world):
    return any_world.context


async def test_an_actor_is_stored_once(store, context) -> None:
    zoe = StoredActor(pk="z", name="zoe", display="Zoë", summary="s", created=NOW)
    assert await store.add_actor(context, zoe)
    assert not await store.add_actor(context, attrs.evolve(zoe, pk="other"))
    assert await store.actor(context, "z") == zoe
    assert await store.actor_named(context, "zoe") == zoe
    assert await store.actor(context, "other") is None
    assert [actor.name for actor in await store.actors(context)] == ["alice", "zoe"]


@pytest.mark.parametrize(
    "post",
    [POST, attrs.evolve(POST, language=None, updated=None, in_reply_to=None, summary=None, pending=False, handles=())],
)
async def test_a_post_comes_back_as_it_was(store, context, post: Post) -> None:
    await store.atomic(context, [store.save_post(post)])
    assert await store.post(context, "1") == post
    changed = attrs.evolve(post, text="changed", html="<p>changed</p>", hashtags=())
    await store.atomic(context, [store.save_post(changed)])
    assert await store.posts(context, "a", before=None, limit=9) == [(1, changed)]
    await store.atomic(context, [store.delete_post("1")])
    assert await store.post(context, "1") is None


async def test_posts_are_paged_newest_first(store, context) -> None:
    await store.atomic(context, [store.save_post(attrs.evolve(POST, pk=str(n))) for n in range(5)])
    first = await store.posts(context, "a", before=None, limit=2)
    second = await store.posts(context, "a", before=first[-1][0], limit=9)
    assert [post.pk for _, post in first + second] == ["4", "3", "2", "1", "0"]
    assert await store.count_posts(context, "a", [Visibility.UNLISTED, Visibility.PUBLIC]) == 5
    assert await store.count_posts(context, "a", [Visibility.PUBLIC]) == 0


@pytest.mark.parametrize("entry", [ENTRY, BARE])
async def test_an_entry_comes_back_as_it_was(store, context, entry: Entry) -> None:
    await store.atomic(context, [store.save_entry("a", entry), store.save_entry("a", entry)])
    assert await store.entries(context, "a") == [entry]
    assert await store.entries_of(context, entry.id) == [("a", entry)]
    assert await store.owners_of_entry(context, entry.id) == ["a"]


async def test_a_post_and_its_boost_are_two_entries(store, context) -> None:
    plain = attrs.evolve(ENTRY, boosted_by=None)
    await store.atomic(context, [store.save_entry("a", plain), store.save_entry("a", ENTRY)])
    assert len(await store.entries(context, "a")) == 2
    await store.remove_boost(context, ENTRY.id, EVE.id)
    assert await store.entries(context, "a") == [plain]


async def test_only_the_author_removes_an_entry(store, context) -> None:
    await store.atomic(context, [store.save_entry("a", ENTRY)])
    await store.remove_entry(context, ENTRY.id, EVE.id)
    assert len(await store.entries(context, "a")) == 1
    await store.remove_entry(context, ENTRY.id, BOB.id)
    assert await store.entries(context, "a") == []


@pytest.mark.parametrize("gone", [BOB.id, EVE.id])
async def test_who_is_gone_leaves_nothing(store, context, gone: str) -> None:
    await store.atomic(context, [store.save_entry("a", ENTRY)])
    await store.react(context, "x", "like", gone, "https://p.example/l1")
    await store.remove_author(context, gone)
    assert await store.entries(context, "a") == []
    assert await store.reactions(context, "x") == {}


@pytest.mark.spec("INB-28", "MOD-47", "AP-S17")
async def test_reactions_count_once_an_actor_and_kind(store, context) -> None:
    for activity in ("1", "2"):
        await store.react(context, "x", "like", BOB.id, activity)
    await store.react(context, "x", "announce", BOB.id, "3")
    await store.react(context, "x", "like", EVE.id, "4")
    assert await store.reactions(context, "x") == {"like": 2, "announce": 1}
    await store.unreact(context, "x", "like", BOB.id)
    await store.unreact_by_id(context, "4", BOB.id)  # somebody else's
    assert await store.reactions(context, "x") == {"like": 1, "announce": 1}
    await store.unreact_by_id(context, "4", EVE.id)
    assert await store.reactions(context, "x") == {"announce": 1}


async def test_what_was_sent_is_its_actors(store, context) -> None:
    sent = Sent(activity="https://blog.example/l", actor="a", kind="like", object="o", recipient="r")
    await store.remember_sent(context, sent)
    await store.remember_sent(context, sent)
    assert await store.sent(context, sent.activity, "a") == sent
    assert await store.sent(context, sent.activity, "b") is None
    await store.forget_sent(context, sent.activity)
    assert await store.sent(context, sent.activity, "a") is None


async def test_removing_an_actor_takes_what_is_its_own(store, context) -> None:
    await store.atomic(context, [store.save_post(POST), store.save_entry("a", ENTRY), store.save_entry("b", ENTRY)])
    await store.remove_actor(context, "a")
    assert await store.actor(context, "a") is None
    assert await store.posts(context, "a", before=None, limit=9) == []
    assert [await store.entries(context, owner) for owner in "ab"] == [[], [ENTRY]]


async def test_statements_are_all_or_nothing(store, context) -> None:
    from fedtext.errors import PortError

    with pytest.raises(PortError):
        await store.atomic(context, [store.save_post(POST), Statement("INSERT INTO nowhere VALUES (1)")])
    assert await store.post(context, "1") is None


async def test_tables_are_made_again_where_the_database_is_another(any_world) -> None:
    """Closing a memory backend drops its tables, and the next connection may live at the same address."""
    for n in range(20):
        await any_world.federation.ports.close()
        await any_world.social.create_actor(f"name{n}")
