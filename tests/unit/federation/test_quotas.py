"""How much own actors may say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from fedtext import PUBLIC, Context, Note, Person
from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.config import Config, OutboundPolicy
from fedtext.errors import PolicyRefusal, QuotaExceeded, StoreError, TooManyMentions
from fedtext.federation.quotas import Said, over, said_by
from fedtext.runtime import Batch
from fedtext.sync import run_sync
from fedtext.vocab import Create, Like, Mention, Update

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
FOLLOWERS = f"{ALICE}/followers"


def people(count: int) -> list[str]:
    return [f"https://b.example.org/users/{number}" for number in range(count)]


def create(world: Any, number: int, *, mentions: int = 0, kind: Any = Create) -> None:
    tags = [Mention(href=iri) for iri in people(mentions)]
    note = Note(id=f"{HOME}/posts/{number}", attributed_to=ALICE, content="x", to=PUBLIC, cc=people(mentions), tag=tags)
    activity = kind(id=f"{HOME}/posts/{number}#c", actor=ALICE, object=note, to=PUBLIC, cc=people(mentions))
    world.context.send(activity)


# ---- what counts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "besides", "said"),
    [
        ({"type": "Create", "to": [PUBLIC], "cc": [FOLLOWERS], "object": {}}, [], Said(posts=1)),
        (
            {"type": "Create", "to": people(2), "cc": people(3), "object": {"to": people(4)}},
            [],
            Said(posts=1, mentions=4),
        ),
        (
            {"type": "Create", "to": PUBLIC, "bcc": "https://b/x", "object": {}},
            ["https://b/y"],
            Said(posts=1, mentions=2),
        ),
        (
            {"type": "Create", "object": {"tag": [{"type": "Mention", "href": "https://b/x"}, {"type": "Hashtag"}, 7]}},
            [],
            Said(posts=1, mentions=1),
        ),
        (
            {"type": "Create", "object": {"tag": {"type": "Mention", "href": "https://b/x"}}},
            [],
            Said(posts=1, mentions=1),
        ),
        ({"type": "Create", "to": ["acct:bob@b.example"], "object": {}}, [], Said(posts=1, mentions=1)),
        ({"type": "Create", "actor": ALICE, "to": [ALICE], "object": {}}, [], Said(posts=1)),
        ({"type": "Update", "to": people(2), "object": {}}, [], Said(mentions=2)),
        ({"type": "Create", "object": "https://home.example.com/posts/1"}, [], Said(posts=1)),
        ({"type": "Like", "to": people(200)}, [], Said()),
        ({"type": "Follow", "to": people(1)}, [], Said()),
    ],
)
def test_what_counts(document, besides, said):
    assert said_by(document, besides, followers_owner=lambda iri: "1" if iri == FOLLOWERS else None) == said


@pytest.mark.parametrize(
    ("said", "policy", "quota"),
    [
        (Said(posts=3, mentions=9), {}, None),
        (Said(posts=3), {"new_account_posts_per_hour_max": 3}, None),
        (Said(posts=4), {"new_account_posts_per_hour_max": 3}, "new_account_posts_per_hour_max"),
        (Said(mentions=4), {"new_account_mentions_per_hour_max": 3}, "new_account_mentions_per_hour_max"),
    ],
)
def test_which_quota_is_exceeded(said, policy, quota):
    assert over(said, OutboundPolicy(**policy)) == quota


# ---- mentions of one post --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "count", "refused"), [(50, 50, False), (50, 51, True), (3, 4, True), (0, 200, False)]
)
def test_a_post_mentions_so_many_people(make_world, limit, count, refused):
    world = make_world(config=Config(outbound=OutboundPolicy(mentions_count_max=limit)))
    if not refused:
        create(world, 1, mentions=count)
        return
    with pytest.raises(TooManyMentions) as caught:
        create(world, 1, mentions=count)
    assert (caught.value.code, caught.value.status_hint) == ("policy_refusal.mentions", 403)
    assert "OutboundPolicy" in str(caught.value)
    assert isinstance(caught.value, PolicyRefusal)
    assert world.depth().waiting == 0


def test_fifty_is_the_default_as_it_is_for_what_comes_in():
    assert OutboundPolicy().mentions_count_max == Config().inbox.mentions_count_max == 50


@pytest.mark.parametrize("way", ["publish", "revise"])
def test_the_application_s_own_things_are_bounded_too(make_world, way):
    world = make_world(config=Config(outbound=OutboundPolicy(mentions_count_max=2)))
    with pytest.raises(TooManyMentions):
        getattr(world.fed, way)(world.post(1, cc=tuple(people(3))))
    assert world.depth().waiting == 0


def test_what_is_withdrawn_is_not_bounded(make_world):
    world = make_world(config=Config(outbound=OutboundPolicy(mentions_count_max=2)))
    world.fed.withdraw(world.post(1, cc=tuple(people(3))))
    assert world.depth().waiting == 1


# ---- new accounts ----------------------------------------------------------------------------------------------------


class Town:
    """A server whose one actor has been there for so many days."""

    def __init__(self, make_world: Any, age_days: float | None, **policy: int) -> None:
        self.world = make_world(config=Config(outbound=OutboundPolicy(**policy)), app=False)
        now = datetime.fromtimestamp(self.world.clock.now_s(), UTC)
        published = None if age_days is None else now - timedelta(days=age_days)
        self.context = self.world.context

        @self.world.fed.actor("/users/{pk}")
        def actor(context: Context, pk: str) -> Person:
            return context.actor(Person, handle="alice", published=published)


@pytest.fixture
def town(make_world):
    return lambda age_days, **policy: Town(make_world, age_days, **policy)


def test_a_new_account_says_so_much_in_an_hour(town):
    new = town(1, new_account_posts_per_hour_max=3)
    new.world.clock.advance(3_600 - new.world.clock.now_s() % 3_600)  # at the hour
    for number in range(3):
        create(new, number)
    new.world.clock.advance(1_000)
    with pytest.raises(QuotaExceeded) as caught:
        create(new, 4)
    error = caught.value
    assert (error.code, error.status_hint, error.permanent) == ("policy_refusal.quota", 429, False)
    assert error.retry_after_s == 2_601
    assert QuotaExceeded().retry_after_s == 3_600
    create(new, 5, kind=Update)  # an edit is no new post
    new.context.send(Like(actor=ALICE, object="https://b.example.org/1"), to="https://b.example.org/users/1")
    new.world.clock.advance(error.retry_after_s)
    create(new, 6)


def test_its_mentions_are_counted_over_all_its_posts(town):
    new = town(1, new_account_mentions_per_hour_max=5)
    create(new, 1, mentions=3)
    create(new, 2, mentions=2)
    with pytest.raises(QuotaExceeded) as caught:
        create(new, 3, mentions=1)
    assert caught.value.context["quota"] == "new_account_mentions_per_hour_max"
    create(new, 4)


@pytest.mark.parametrize(
    ("age_days", "new_days", "refused"), [(6.9, 7, True), (7.1, 7, False), (None, 7, False), (1, 0, False)]
)
def test_who_is_new(town, age_days, new_days, refused):
    someone = town(age_days, new_account_posts_per_hour_max=1, new_account_days=new_days)
    create(someone, 1)
    if refused:
        with pytest.raises(QuotaExceeded):
            create(someone, 2)
    else:
        create(someone, 2)


def test_without_quotas_nobody_is_asked_for_the_actor(make_world):
    world = make_world()
    world.fed.publish(world.post(1))
    assert [asked for asked in world.asked if asked.startswith("actor")] == []


def test_a_count_that_changes_too_often_is_a_failure_of_the_store(town):
    new = town(1, new_account_posts_per_hour_max=3)
    ports = new.world.ports

    class Busy:
        """A store in which somebody else always comes first."""

        async def compare_and_set(self, *_arguments: Any, **_named: Any) -> bool:
            return False

        def __getattr__(self, name: str) -> Any:
            return getattr(ports.store, name)

    new.world.fed.ports._blocking = attrs.evolve(ports, store=Busy())
    new.context = new.world.context
    with pytest.raises(StoreError):
        create(new, 1)


def test_the_count_is_written_through_the_application_s_transaction(tmp_path, make_world):
    """Rolled back means not said."""
    path = str(tmp_path / "app.db")
    new = Town(lambda **options: make_world(SqliteBackend(path), **options), 1, new_account_posts_per_hour_max=2)
    run_sync(new.world.ports.queue.depth())
    connection = sqlite3.connect(path, isolation_level=None)
    note = Note(id=f"{HOME}/posts/1", attributed_to=ALICE, content="x", to=PUBLIC)
    for outcome in ("rollback", "rollback", "rollback", "commit", "commit"):
        connection.execute("begin")
        new.context.send(Create(id=f"{HOME}/posts/{outcome}#c", actor=ALICE, object=note, to=PUBLIC), within=connection)
        connection.execute(outcome)
    connection.execute("begin")
    with pytest.raises(QuotaExceeded):
        new.context.send(Create(actor=ALICE, object=note, to=PUBLIC), within=connection)
    connection.execute("rollback")
    connection.close()
    new.world.fed.ports.backend.close()


class Ways:
    """Transactions of an application over one SQLite file, in which several things are said."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)

    @contextmanager
    def sqlite3(self, _world: Any) -> Iterator[Any]:
        self.connection.execute("begin")
        yield self.connection
        self.connection.execute("commit")

    @contextmanager
    def batch(self, world: Any) -> Iterator[Any]:
        batch = Batch()
        yield batch
        run_sync(world.ports.sql.atomic(batch.statements))


@pytest.mark.parametrize("way", ["sqlite3", "batch"])
def test_all_that_is_said_in_one_transaction_counts(tmp_path, make_world, way):
    path = str(tmp_path / "app.db")
    new = Town(lambda **options: make_world(SqliteBackend(path), **options), 1, new_account_posts_per_hour_max=5)
    run_sync(new.world.ports.queue.depth())
    ways = Ways(path)
    note = Note(id=f"{HOME}/posts/1", attributed_to=ALICE, content="x", to=PUBLIC)

    def say(number: int, within: Any) -> None:
        new.context.send(Create(id=f"{HOME}/posts/1#{number}", actor=ALICE, object=note, to=PUBLIC), within=within)

    with getattr(ways, way)(new.world) as within:
        say(1, within)
        say(2, within)
    with getattr(ways, way)(new.world) as within:
        for number in range(3, 6):
            say(number, within)
        with pytest.raises(QuotaExceeded):
            say(6, within)
    with pytest.raises(QuotaExceeded):
        say(7, None)
    assert new.world.depth().waiting == 5
    ways.connection.close()
    new.world.fed.ports.backend.close()


async def test_what_is_said_in_an_awaited_transaction_counts_too(tmp_path, make_world):
    path = str(tmp_path / "app.db")
    new = Town(lambda **options: make_world(SqliteBackend(path), **options), 1, new_account_posts_per_hour_max=2)
    run_sync(new.world.ports.queue.depth())
    context = new.world.fed.engine.context(new.world.ports)
    note = Note(id=f"{HOME}/posts/1", attributed_to=ALICE, content="x", to=PUBLIC)
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    async with engine.begin() as connection:
        for number in range(2):
            activity = Create(id=f"{HOME}/posts/1#{number}", actor=ALICE, object=note, to=PUBLIC)
            await context.send(activity, within=connection)
        with pytest.raises(QuotaExceeded):
            await context.send(Create(actor=ALICE, object=note, to=PUBLIC), within=connection)
    await engine.dispose()
    new.world.fed.ports.backend.close()


def test_a_store_without_sql_counts_what_goes_through_a_transaction_at_once(tmp_path, make_world):
    """Such as Redis: nothing of it can be written by the application's connection."""
    path = str(tmp_path / "app.db")
    new = Town(lambda **options: make_world(SqliteBackend(path), **options), 1, new_account_posts_per_hour_max=2)
    ports = new.world.ports
    apart = MemoryBackend().blocking(ports.clock).store
    new.world.fed.ports._blocking = attrs.evolve(ports, store=apart)
    new.context = new.world.context
    note = Note(id=f"{HOME}/posts/1", attributed_to=ALICE, content="x", to=PUBLIC)
    run_sync(ports.queue.depth())
    with closing(sqlite3.connect(path)) as connection:
        for number in range(2):
            activity = Create(id=f"{HOME}/posts/1#{number}", actor=ALICE, object=note, to=PUBLIC)
            new.context.send(activity, within=connection)
            connection.commit()
        with pytest.raises(QuotaExceeded):
            new.context.send(Create(actor=ALICE, object=note, to=PUBLIC), within=connection)
    new.world.fed.ports.backend.close()
