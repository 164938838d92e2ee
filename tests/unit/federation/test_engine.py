"""What is fixed at start-up, and the addresses that follow from it."""

from __future__ import annotations

import pytest

from fedtext.errors import ConfigurationError
from fedtext.federation.context import Local
from fedtext.federation.routes import RouteKind
from fedtext.ports import Batch, Statement
from fedtext.sync import run_sync

HOME = "https://home.example.com"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/users/1", "actor"),
        ("/posts/7", "object"),
        ("/users/1/followers", "collection"),
        ("/users/1/following", "collection"),
        ("/users/1/outbox", "collection"),
    ],
)
def test_what_of_ours_a_path_names(world, path, kind):
    local = world.fed.engine.parse_path(path)
    assert local is not None
    assert (local.kind, local.pk) == (kind, path.split("/")[2])


@pytest.mark.parametrize(
    "path", ["", "/", "/users/1/inbox", "/ap/inbox", "/ap/instance", "/.well-known/webfinger", "/x"]
)
def test_what_names_nothing_that_is_spoken_of(world, path):
    assert world.fed.engine.parse_path(path) is None


def test_a_local_knows_its_template(world):
    assert world.fed.engine.parse_path("/posts/7") == Local(kind="object", path="/posts/{pk}", parameters={"pk": "7"})


@pytest.mark.parametrize(
    ("iri", "owner"),
    [
        (f"{HOME}/users/1/followers", "1"),
        (f"{HOME}/users/1/followers?page=1", None),
        (f"{HOME}/users/1/followers#x", None),
        (f"{HOME}/users/1/following", None),
        (f"{HOME}.evil.example.org/users/1/followers", None),
        ("http://home.example.com/users/1/followers", None),
        ("https://b.example.org/users/1/followers", None),
        ("", None),
    ],
)
def test_sec_139_only_our_own_followers_collections_have_an_owner(world, iri, owner):
    assert world.fed.engine.followers_owner(iri) == owner


def test_addresses(world):
    engine = world.fed.engine
    assert engine.instance_actor_id == f"{HOME}/ap/instance"
    assert engine.actor_path("1") == "/users/1"
    assert engine.collection_path("outbox", "1") == "/users/1/outbox"
    assert engine.own_origins == {HOME}
    assert engine.handle_uri("Alice") == "acct:alice@home.example.com"
    route = engine.route("/users/1/inbox")
    assert route is not None
    assert route.kind is RouteKind.INBOX


def test_without_actors_there_are_no_addresses(make_world):
    engine = make_world(app=False).fed.engine
    with pytest.raises(ConfigurationError):
        engine.actor_path("1")
    assert engine.parse_path("/users/1") is None


def test_an_outbox_that_is_not_registered_lies_below_the_actor(make_world):
    world = make_world(app=False)
    world.fed.actor("/u/{name}")(print)
    assert world.fed.engine.collection_path("outbox", "x") == "/u/x/outbox"


def test_a_batch_collects_what_would_run(world):
    batch, statements = Batch(), [Statement("SELECT 1"), Statement("SELECT 2")]
    run_sync(world.fed.engine.run_within(batch, statements[:1]))
    run_sync(world.fed.engine.run_within(batch, statements[1:]))
    assert batch.statements == statements


def test_memory_shares_no_transaction(world):
    with pytest.raises(ConfigurationError):
        world.fed.publish(world.post(1), within=object())


async def test_memory_shares_no_transaction_that_is_awaited_either(world):
    class Session:
        async def __aenter__(self):
            return self

    with pytest.raises(ConfigurationError):
        await world.fed.engine.run_within(Session(), [Statement("SELECT 1")])


@pytest.mark.spec("TRU-04")
def test_what_is_fetched_is_signed_by_the_instance_actor(world):
    """SIG-24."""
    b = world.remote()
    world.context.get(b.actor("bob"))
    request = world.network.exchanges[-1].request
    assert 'keyId="https://home.example.com/ap/instance#main-key"' in (request.headers.get("signature") or "")


def test_a_tombstone_is_kept_under_its_id(world):
    engine = world.fed.engine
    assert run_sync(engine.is_removed(world.ports, f"{HOME}/users/1")) is None
    world.fed.remove_actor("1")
    kept = run_sync(engine.is_removed(world.ports, f"{HOME}/users/1"))
    assert kept is not None
    assert (kept["type"], kept["formerType"]) == ("Tombstone", "Person")
