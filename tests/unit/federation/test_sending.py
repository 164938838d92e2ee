"""From an activity to a durable task: no network, and in the application's own transaction if it likes."""

from __future__ import annotations

import sqlite3

import attrs
import pytest

from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.stores.memory import MemoryStore
from fedtext.delivery import FanoutTask, ResolveTask, decode_task
from fedtext.errors import ConfigurationError, LimitExceeded, LocalProtocolError, QueueError, StoreError
from fedtext.federation import sending
from fedtext.federation.sending import Mark, ordering_key, removal_marks
from fedtext.ports import Batch, LaneKind
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import (
    PUBLIC,
    Accept,
    Announce,
    Block,
    Create,
    Delete,
    Follow,
    Like,
    Note,
    Person,
    Reject,
    Undo,
    Update,
)

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
BOB, POST = "https://b.example.org/users/bob", "https://home.example.com/posts/7"


def queued(world):
    """Give the tasks that wait."""
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=100))
    return [] if claim is None else [decode_task(job.payload) for job in claim.jobs]


def test_an_id_is_minted_and_the_recipients_stand_in_to(world):
    activity_id = world.context.send(Like(actor=ALICE, object=f"{BOB}/1"), to=[BOB, BOB, Person(id=f"{BOB}2")])
    (task,) = queued(world)
    assert isinstance(task, FanoutTask)
    assert activity_id.startswith(f"{ALICE}#likes/")
    assert (task.activity_id, task.recipients) == (activity_id, (BOB, f"{BOB}2"))
    assert f'"to":["{BOB}","{BOB}2"]' in task.body
    assert world.network.exchanges == []


def test_two_activities_have_two_ids(world):
    sent = {world.context.send(Like(actor=ALICE, object=f"{BOB}/1"), to=BOB) for _ in range(5)}
    assert len(sent) == 5


def test_own_ids_and_addressing_stand(world):
    like = Like(id=f"{ALICE}#mine", actor=ALICE, object=f"{BOB}/1", cc=[f"{BOB}3"])
    assert world.context.send(like, to=BOB) == f"{ALICE}#mine"
    (task,) = queued(world)
    assert (task.recipients, task.blind) == ((BOB, f"{BOB}3"), (BOB,))
    assert f'"to":[],"cc":["{BOB}3"]' in task.body


def test_ap_s04_neither_the_author_nor_public_is_a_recipient(world):
    world.context.send(Like(actor=ALICE, object=f"{BOB}/1", to=[ALICE, PUBLIC, BOB]))
    (task,) = queued(world)
    assert task.recipients == (BOB,)


def test_own_followers_may_be_given_too(world):
    world.context.send(Announce(actor=ALICE, object=POST, to=[PUBLIC]), to=[BOB, f"{ALICE}/followers"])
    (task,) = queued(world)
    assert (task.recipients, task.followers_of, task.shared) == ((BOB,), ("1",), True)


@pytest.mark.parametrize(
    ("activity", "to", "error"),
    [
        (Like(actor=BOB, object=POST), BOB, ConfigurationError),
        (Like(actor=POST, object=POST), BOB, ConfigurationError),
        (Like(actor=f"{HOME}.evil.example.org/users/1", object=POST), BOB, ConfigurationError),
        (Like(object=POST), BOB, ConfigurationError),
        (Like(actor=ALICE, object=POST), None, ConfigurationError),
        (Like(actor=ALICE, object=POST), [], ConfigurationError),
        (Like(actor=ALICE, object=POST), [7], ConfigurationError),
        (Like(actor=ALICE, object=POST), Person(name="x"), ConfigurationError),
        (Like(actor=ALICE, object=POST, to=[ALICE]), None, ConfigurationError),
        (Like(actor=ALICE, object=POST), [f"{BOB}{n}" for n in range(1_001)], LimitExceeded),
        (Create(actor=ALICE, object=Note(content="x" * 1_048_576), to=[BOB]), None, LocalProtocolError),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(world, activity, to, error):
    with pytest.raises(error):
        world.context.send(activity, to=to)
    assert world.depth().waiting == 0


def test_the_same_activity_waits_once(world):
    post = world.post(7)
    for _ in range(3):
        world.fed.publish(post)
    assert world.depth().waiting == 1


def test_handles_are_resolved_by_the_worker(world):
    note = Note(attributed_to=ALICE, content="x", to=["acct:bob@b.example.org"])
    world.context.send(Create(actor=ALICE, object=note, bcc=["acct:eve@b.example.org"]), to=BOB)
    (task,) = queued(world)
    assert isinstance(task, ResolveTask)
    assert task.mentions == ("eve@b.example.org", "bob@b.example.org")
    assert task.recipients == (BOB,)
    assert world.network.exchanges == []


FOLLOW = Follow(id=f"{ALICE}#f", actor=ALICE, object=BOB)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Create(actor=ALICE, object=Note(id=POST)), Update(actor=ALICE, object=Note(id=POST))),
        (Update(actor=ALICE, object=Note(id=POST)), Delete(actor=ALICE, object=POST)),
        (FOLLOW, Undo(actor=ALICE, object=FOLLOW)),
        (Like(actor=ALICE, object=f"{BOB}/1"), Undo(actor=ALICE, object=Like(actor=ALICE, object=f"{BOB}/1"))),
        (Block(actor=ALICE, object=BOB), Undo(actor=ALICE, object=Block(actor=ALICE, object=BOB))),
        (
            Accept(actor=ALICE, object=Follow(actor=BOB, object=ALICE)),
            Reject(actor=ALICE, object=Follow(actor=BOB, object=ALICE)),
        ),
    ],
)
def test_dlv_10_what_belongs_together_keeps_its_order(first, second):
    assert ordering_key(first) == ordering_key(second)


def test_other_things_do_not_wait_for_it():
    keys = {ordering_key(Like(id=f"{ALICE}#{n}", actor=ALICE, object=f"{BOB}/{n}")) for n in range(3)}
    assert len(keys) == 3
    assert ordering_key(Like(actor=ALICE, object=POST)) != ordering_key(Like(actor=f"{HOME}/users/2", object=POST))


# ---- transactions ----------------------------------------------------------------------------------------------------


@pytest.fixture
def on_file(tmp_path, make_world):
    backend = SqliteBackend(tmp_path / "app.sqlite3")
    yield make_world(backend)
    backend.close()


@pytest.mark.parametrize(("end", "waiting"), [("commit", 1), ("rollback", 0)])
def test_rolled_back_means_never_sent_committed_means_sent(on_file, tmp_path, end, waiting):
    with sqlite3.connect(tmp_path / "app.sqlite3", isolation_level=None) as connection:
        connection.execute("BEGIN")
        on_file.fed.publish(on_file.post(7), within=connection)
        connection.execute(end)
    connection.close()
    assert on_file.depth().waiting == waiting


@pytest.mark.parametrize(("end", "status"), [("commit", 410), ("rollback", 200)])
def test_a_withdrawal_and_its_tombstone_are_one(on_file, tmp_path, end, status):
    post = on_file.post(7)
    with sqlite3.connect(tmp_path / "app.sqlite3", isolation_level=None) as connection:
        connection.execute("BEGIN")
        on_file.fed.withdraw(post, within=connection)
        connection.execute(end)
    connection.close()
    assert on_file.status("/posts/7") == status
    assert on_file.depth().waiting == (1 if status == 410 else 0)


def test_another_database_is_refused(on_file, tmp_path):
    connection = sqlite3.connect(tmp_path / "other.sqlite3")
    with pytest.raises(ConfigurationError):
        on_file.fed.publish(on_file.post(7), within=connection)
    connection.close()


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_without_a_transaction_a_withdrawal_is_whole_or_not_at_all(on_file, nth):
    fault = FailNth(nth, error=StoreError("full"), methods={"enqueue", "put", "atomic"})
    ports = fault.wrap_all(on_file.ports)
    post = on_file.post(7)
    try:
        run_sync(on_file.fed._withdraw(ports, post))
        failed = False
    except StoreError:
        failed = True
    assert failed is (nth == 1)
    assert (on_file.status("/posts/7"), on_file.depth().waiting) == ((200, 0) if failed else (410, 1))


@pytest.mark.parametrize(("method", "error"), [("enqueue", QueueError), ("put", StoreError)])
def test_in_memory_no_tombstone_stands_without_its_delete(world, method, error):
    fault = FailNth(1, error=error("full"), methods={method})
    post = world.post(7)
    with pytest.raises(error):
        run_sync(world.fed._withdraw(fault.wrap_all(world.ports), post))
    assert (world.status("/posts/7"), world.depth().waiting) == (200, 0 if method == "enqueue" else 1)
    world.settle()
    assert world.status("/posts/7") == (200 if method == "enqueue" else 410)


class StoreElsewhere(SqliteBackend):
    """A queue in a file, and a store that takes no part in its transactions, as one in Redis does not."""

    def blocking(self, clock):
        opened = super().blocking(clock)
        return attrs.evolve(opened, store=self.__dict__.setdefault("elsewhere", MemoryStore(clock)))


@pytest.mark.parametrize("is_within", [True, False])
def test_a_store_elsewhere_gets_its_tombstone_from_the_worker_at_the_latest(tmp_path, make_world, is_within):
    backend = StoreElsewhere(tmp_path / "app.sqlite3")
    world = make_world(backend)
    post = world.post(7)
    with sqlite3.connect(tmp_path / "app.sqlite3") as connection:
        world.fed.withdraw(post, within=connection if is_within else None)
    connection.close()
    assert (world.depth().waiting, world.status("/posts/7")) == (1, 200 if is_within else 410)
    world.settle()
    assert world.status("/posts/7") == 410
    backend.close()


def test_a_batch_of_the_application_gets_task_and_mark(on_file):
    batch = Batch()
    on_file.fed.withdraw(on_file.post(7), within=batch)
    assert (on_file.depth().waiting, on_file.status("/posts/7")) == (0, 200)
    run_sync(on_file.ports.sql.atomic(batch.statements))
    assert (on_file.depth().waiting, on_file.status("/posts/7")) == (1, 410)


# ---- marks -----------------------------------------------------------------------------------------------------------


def test_marks_of_a_removed_actor(world):
    engine = world.fed.engine
    with_handle = removal_marks(engine, ALICE, Person(id=ALICE, preferred_username="Alice"))
    assert [mark.key for mark in with_handle] == [
        engine.tombstone_key(ALICE),
        engine.tombstone_key("acct:alice@home.example.com"),
    ]
    assert len(removal_marks(engine, ALICE, None)) == len(removal_marks(engine, ALICE, Person(id=ALICE))) == 1


def test_a_mark_says_what_was_there_and_for_whom(world):
    engine = world.fed.engine
    assert b'"formerType":"Note"' in Mark.tombstone(engine, POST, "Note").value
    assert b'"public":false' in Mark.tombstone(engine, POST, None, public=False).value
    assert b"formerType" not in Mark.tombstone(engine, POST, None).value


def test_a_task_waits_in_the_lane_of_its_site(world):
    task = sending.fanout_task(world.fed.engine, world.ports, Like(id=f"{ALICE}#1", actor=ALICE, object=POST, to=[BOB]))
    assert (task.lane.kind, task.lane.name, task.site) == (LaneKind.FANOUT, HOME, HOME)
    assert attrs.evolve(task) == task


def test_only_own_actors_have_an_identifier(world):
    assert sending.identifier_of_actor(world.fed.engine, ALICE) == "1"
    assert sending.identifier_of_actor(world.fed.engine, f"{HOME}/ap/instance") == ""
    with pytest.raises(ConfigurationError):
        sending.identifier_of_actor(world.fed.engine, POST)


@pytest.mark.spec("MOD-69")
def test_mod_69_a_post_that_not_every_server_reads_is_noted(world):
    """Of 64 KiB and more; it goes out all the same."""
    world.crowd.of["1"] = [world.remote().follower("bob")]
    world.get("/users/1")
    world.fed.publish(world.post(7, text="x" * 60_000))
    assert world.events("activity.large") == []
    world.fed.publish(world.post(8, text="x" * 66_000))
    noted = world.events("activity.large")
    assert [event["id"] for event in noted] == [f"{HOME}/posts/8#create"]
    assert noted[0]["bytes"] > 65_536
    assert world.depth().waiting == 2
