"""What callbacks get."""

from __future__ import annotations

import inspect

import attrs
import pytest

from fedtext import BlockingContext, Context, Note, Person
from fedtext.errors import ConfigurationError, FetchError, LocalProtocolError, MalformedText
from fedtext.federation.context import Scope
from fedtext.signatures import parse_claim
from fedtext.vocab import Like, dump

HOME = "https://home.example.com"


def test_ids_without_any_i_o(world):
    context = world.context
    assert context.actor_uri(1) == f"{HOME}/users/1"
    assert context.inbox_uri(1) == f"{HOME}/users/1/inbox"
    assert context.outbox_uri(1) == f"{HOME}/users/1/outbox"
    assert context.followers_uri(1) == f"{HOME}/users/1/followers"
    assert context.following_uri(1) == f"{HOME}/users/1/following"
    assert context.shared_inbox_uri() == f"{HOME}/ap/inbox"
    assert context.object_uri("/posts/{pk}", pk=7) == f"{HOME}/posts/7"
    assert context.handle("Alice") == "Alice@home.example.com"
    assert context.key("a", "b/c").endswith("/a/b%2Fc")
    assert context.now_s() == world.clock.now_s()
    assert len({context.token() for _ in range(9)}) == 9
    assert world.network.exchanges == []


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (f"{HOME}/users/1", ("actor", "1")),
        (f"{HOME}/users/1#main-key", ("actor", "1")),
        (f"{HOME}/posts/7", ("object", "7")),
        (f"{HOME}/posts/7?x=1", ("object", "7")),
        (Note(id=f"{HOME}/posts/7", to="as:Public"), ("object", "7")),
        (f"{HOME}/users/1/followers", ("collection", "1")),
        (f"{HOME}/users/1/inbox", None),
        (f"{HOME}/nothing", None),
        (f"{HOME}.evil.example.org/users/1", None),
        ("https://home.example.com@evil.example.org/users/1", None),
        ("https://home.example.com:8443/users/1", None),
        ("http://home.example.com/users/1", None),
        ("https://HOME.example.com/users/1", None),
        ("javascript:alert(1)", None),
        ("", None),
        (Note(content="x"), None),
        (None, None),
        (7, None),
    ],
)
def test_what_of_ours_a_reference_names(world, reference, expected):
    local = world.context.parse(reference)
    assert (local and (local.kind, local.pk)) == expected


def test_act_01_act_03_an_actor_has_all_that_others_need_on_its_own_host(world):
    made = dump(world.context.actor(Person, handle="alice", pk=1, name="Alice", url="/@alice"))
    ends = {name: made[name] for name in ("id", "inbox", "outbox", "followers", "following", "url")}
    assert all(str(end).startswith(f"{HOME}/") for end in ends.values()), ends
    assert made["endpoints"] == {"sharedInbox": f"{HOME}/ap/inbox"}
    assert (made["preferredUsername"], made["webfinger"], made["name"]) == ("alice", "alice@home.example.com", "Alice")


def test_an_actor_s_properties_may_be_given_otherwise(world):
    made = world.context.actor(Person, handle="alice", pk=1, followers=None, summary="x")
    assert (made.followers, made.summary) == (None, "x")


def test_the_identifier_is_known_in_the_actor_callback_only(world):
    with pytest.raises(ConfigurationError):
        world.context.actor(Person, handle="alice")
    scoped = world.fed.engine.context(world.ports, Scope(identifier="1"))
    assert scoped.actor(Person, handle="alice").id == f"{HOME}/users/1"


def test_what_there_is_in_listeners_only(world):
    context = world.context
    assert context.recipient is None
    with pytest.raises(ConfigurationError):
        _ = context.evidence
    with pytest.raises(ConfigurationError):
        context.confirm()


def test_a_handle_must_be_one(world):
    with pytest.raises(MalformedText):
        world.context.handle("a b")


def test_storage_of_one_s_own(world):
    context = world.context
    assert context.store is world.ports.store
    assert context.sql.dialect == "sqlite"


def test_a_backend_without_sql_has_none(world):
    context = world.fed.engine.context(attrs.evolve(world.ports, sql=None))
    with pytest.raises(ConfigurationError):
        _ = context.sql


def test_both_contexts_have_the_same_names():
    names = [{name for name in dir(kind) if not name.startswith("_")} for kind in (Context, BlockingContext)]
    assert names[0] - names[1] == {"blocking"}
    assert names[1] - names[0] == set()
    for name in ("get", "get_actor", "lookup", "handle_of", "send", "confirm"):
        awaited, called = getattr(Context, name), getattr(BlockingContext, name)
        assert inspect.signature(awaited).parameters.keys() == inspect.signature(called).parameters.keys()
        assert inspect.iscoroutinefunction(awaited)
        assert not inspect.iscoroutinefunction(called)


async def test_get_and_send_in_both_colours(make_world):
    world = make_world(asynchronous=True)
    b = world.remote()
    bob = b.actor("bob")
    async_context, blocking = world.fed.context(), world.fed.blocking_context()
    assert (await async_context.get_actor(bob)).id == blocking.get_actor(bob).id == bob
    assert (await async_context.lookup("@bob@b.example.org")).id == blocking.lookup("@bob@b.example.org").id == bob
    assert await async_context.handle_of(bob) == blocking.handle_of(bob) == "bob@b.example.org"
    like = Like(actor=async_context.actor_uri(1), object=f"{bob}/1")
    sent = [await async_context.send(like, to=bob), blocking.send(like, to=bob)]
    await world.fed.worker().drain()
    assert sorted(body["id"] for body in b.bodies()) == sorted(sent)


def test_who_is_no_actor_is_not_given_as_one(world):
    b = world.remote()
    b.documents["/1"] = {"id": "https://b.example.org/1", "type": "Note", "content": "x"}
    assert world.context.get("https://b.example.org/1").type_name == "Note"
    with pytest.raises(LocalProtocolError):
        world.context.get_actor("https://b.example.org/1")


async def test_collections_and_conversations_in_both_colours(make_world):
    world = make_world(asynchronous=True)
    b = world.remote()
    notes = [f"{b.origin}/notes/{number}" for number in range(3)]
    b.documents["/outbox"] = {"id": f"{b.origin}/outbox", "type": "OrderedCollection", "orderedItems": notes[1:]}
    for number, note in enumerate(notes):
        b.documents[f"/notes/{number}"] = {"id": note, "type": "Note", "content": str(number)}
    b.documents["/notes/2"]["inReplyTo"] = notes[1]
    b.documents["/notes/1"]["inReplyTo"] = notes[0]
    b.documents["/notes/0"]["replies"] = f"{b.origin}/outbox"
    async_context, blocking = world.fed.context(), world.fed.blocking_context()
    collection = f"{b.origin}/outbox"
    assert [item.id async for item in async_context.traverse(collection)] == notes[1:]
    assert [item.id for item in blocking.traverse(collection, pages_max=1)] == notes[1:]
    first, last = await async_context.get(notes[0]), await async_context.get(notes[2])
    assert [post.content async for post in async_context.ancestors(last)] == ["1", "0"]
    assert [post.content for post in blocking.ancestors(last)] == ["1", "0"]
    assert [post.content async for post in async_context.conversation(first)] == ["1", "2"]
    assert [post.content for post in blocking.conversation(first, posts_max=1)] == ["1"]


def test_on_behalf_of_an_own_actor(world):
    """The request bears its signature, and the answer is for nobody else."""
    b = world.remote()
    b.documents["/1"] = {"id": f"{b.origin}/1", "type": "Note", "content": "for followers"}
    assert world.context.get(f"{b.origin}/1", as_actor=1).content == "for followers"
    (exchange,) = world.network.exchanges
    assert parse_claim(exchange.request).key_id == f"{HOME}/users/1#main-key"
    del b.documents["/1"]
    assert world.context.get(f"{b.origin}/1", as_actor=1).content == "for followers"
    for other in (2, None):
        with pytest.raises(FetchError):
            world.context.get(f"{b.origin}/1", as_actor=other)
        keys = [parse_claim(exchange.request).key_id for exchange in world.network.exchanges]
        assert keys[-1] == (f"{HOME}/users/{other}#main-key" if other else f"{HOME}/ap/instance#main-key")
