"""What is known of the hosts that we deliver to: unavailable ones, their signs of life, and what need not be sent."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.config import Config, DeliveryPolicy
from fedtext.delivery import HostHealth, decode_health
from fedtext.errors import QueueError, StoreError
from fedtext.federation.hosts import begin_turn, end_turn, health_key, heard_from
from fedtext.federation.registry import PermanentFailure
from fedtext.federation.turns import Turn, TurnResult
from fedtext.ports import Lane, LaneKind, Task
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import Like

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
HOST = "b.example.org"
DAY_S = 86_400
FEW = DeliveryPolicy(unavailable_days=3, attempts_max=100)


@pytest.fixture(params=["memory", "sqlite"])
def backend(request, tmp_path):
    if request.param == "memory":
        yield MemoryBackend()
        return
    opened = SqliteBackend(str(tmp_path / "queue.db"))
    yield opened
    opened.close()


def health(world: Any, host: str = HOST) -> HostHealth:
    return decode_health(run_sync(world.ports.store.get(health_key(HOME, host))))


def keep(world: Any, kept: HostHealth, host: str = HOST) -> None:
    run_sync(world.ports.store.put(health_key(HOME, host), kept.encode()))


def unavailable(world: Any, days: int = 7) -> HostHealth:
    today = int(world.clock.now_s() // DAY_S)
    kept = HostHealth(days=tuple(range(today - days, today)), reason="status 503")
    keep(world, kept)
    return kept


def lane(world: Any, host: str = HOST) -> Any:
    found = run_sync(world.ports.queue.lanes(kinds=[LaneKind.OUT]))
    return next((status for status in found if status.lane.name == host), None)


def fail_for_days(world: Any, days: int) -> None:
    for _ in range(days * 24):
        world.clock.advance(3_600)
        world.settle()


# ---- unavailable hosts -----------------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-08")
def test_dlv_08_what_waits_for_a_host_that_is_away_for_days_is_given_up_and_told(make_world, backend):
    world = make_world(backend, config=Config(delivery=FEW))
    told: list[PermanentFailure] = []
    world.fed.on_permanent_failure(lambda _context, failure: told.append(failure))
    b, c = world.remote(), world.remote("c.example.org")
    world.crowd.of["1"] = [b.follower("x"), c.follower("y")]
    world.network.partition(HOST)
    for number in range(30):  # more than one batch
        world.fed.publish(world.post(number))
    world.settle()
    assert len(c.got) == 30
    fail_for_days(world, 4)
    assert world.depth().waiting == 0
    assert set(world.buried()) == {"the host is unavailable"}
    assert len(world.buried()) == len(told) == 30
    assert {(one.inbox, one.host, one.status) for one in told} == {("https://b.example.org/inbox", HOST, None)}
    assert len({one.activity_id for one in told}) == 30
    assert {event["host"] for event in world.events("delivery.host_given_up")} == {HOST}


@pytest.mark.spec("DLV-08")
def test_dlv_08_six_days_are_not_enough(world):
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    unavailable(world, days=5)
    b.answer = lambda _request: 503
    world.fed.publish(world.post(1))
    world.settle()
    assert len(health(world).days) == 6
    assert world.depth().waiting == 1
    assert world.buried() == []


@pytest.mark.spec("DLV-08")
@pytest.mark.parametrize("way", ["follower", "mention"])
def test_dlv_08_nothing_new_is_queued_for_an_unavailable_host(world, way):
    b, c = world.remote(), world.remote("c.example.org")
    world.crowd.of["1"] = [*([b.follower("x")] if way == "follower" else []), c.follower("y")]
    unavailable(world)
    world.fed.publish(world.post(1, cc=(b.actor("bob"),) if way == "mention" else ()))
    world.settle()
    assert (b.got, b.asked, len(c.got)) == ([], [], 1)
    assert (world.depth().waiting, world.buried()) == (0, [])
    assert [event["host"] for event in world.events("delivery.host_unavailable")] == [HOST]


@pytest.mark.spec("DLV-08")
def test_dlv_08_a_dead_host_costs_one_write_a_day(make_world):
    world = make_world(config=Config(delivery=DeliveryPolicy(attempts_max=100)))
    b = world.remote()
    b.answer = lambda _request: 503
    world.crowd.of["1"] = [b.follower("x")]
    world.fed.publish(world.post(1))
    writes = FailNth(0, methods={"put"})
    ports = world.fed.ports.blocking()
    world.fed.ports._blocking = attrs.evolve(ports, store=writes.wrap(ports.store))
    seen: set[bytes] = set()
    for _ in range(24 * 6):
        world.clock.advance(600)
        world.settle()
        seen.add(run_sync(ports.store.get(health_key(HOME, HOST))))
    assert len(b.got) > 6
    assert len(seen) <= 2  # in a day's time, on two days of the calendar
    assert writes.calls <= 4  # those two, and the keys of our actor


# ---- signs of life ---------------------------------------------------------------------------------------------------


def speak(world: Any, bob: str, number: int) -> None:
    activity = {"id": f"{bob}#{number}", "type": "Like", "actor": bob, "object": f"{HOME}/posts/1"}
    assert world.deliver(activity, by=bob).status == 202
    world.settle()


@pytest.mark.spec("DLV-08")
def test_dlv_08_a_verified_activity_of_the_host_revives_it(make_world, backend):
    world = make_world(backend)
    b = world.remote()
    bob = b.actor("bob")
    world.crowd.of["1"] = [b.follower("x")]
    speak(world, bob, 1)  # his key is known from here on: nothing need be fetched
    world.clock.advance(61)
    unavailable(world)
    asked = len(b.asked)
    speak(world, bob, 2)
    assert len(b.asked) == asked
    assert not health(world).is_failing
    assert [event["host"] for event in world.events("delivery.host_revived")] == [HOST]
    world.fed.publish(world.post(1))
    world.settle()
    assert [kind for _path, kind in b.deliveries()] == ["Create"]


@pytest.mark.spec("DLV-08")
def test_dlv_08_what_is_not_verified_revives_nobody(world):
    b = world.remote()
    bob = b.actor("bob")
    unavailable(world)
    activity = {"id": f"{bob}#1", "type": "Like", "actor": bob, "object": f"{HOME}/posts/1"}
    assert world.deliver(activity).status == 401
    world.settle()
    assert health(world).is_failing


@pytest.mark.spec("DLV-08")
def test_dlv_08_an_answer_to_a_fetch_revives_it(world):
    b = world.remote()
    bob = b.actor("bob")
    unavailable(world)
    world.context.get(bob)
    assert not health(world).is_failing


@pytest.mark.spec("DLV-08")
def test_dlv_08_a_success_revives_it_and_what_waits_goes_out_at_once(make_world, backend):
    world = make_world(backend)
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    b.answer = lambda _request: 503
    for number in range(5):
        world.fed.publish(world.post(number))
    world.settle()
    fail_for_days(world, 1)
    assert len(health(world).days) >= 1
    b.answer = lambda _request: 202
    failed = len(b.got)
    for _ in range(60 * 9):  # the lane's longest pause
        if len(b.got) > failed:
            break
        world.clock.advance(60)
        world.settle()
    world.clock.advance(60)
    world.settle()
    assert not health(world).is_failing
    taken = [json.loads(request.body)["id"] for request in b.got[failed:]]
    assert len(taken) == len(set(taken)) == 5
    assert world.depth().waiting == 0


OUT = Lane(LaneKind.OUT, HOST)


def turn_with_one_put_off(world: Any, failures: int) -> Any:
    """Claim a lane of two jobs, of which one is put off for a day of its own."""
    queue, now_s = world.ports.queue, world.clock.now_s()
    tasks = [Task(site=HOME, lane=OUT, payload=b'{"v":1,"kind":"x"}', due_s=due_s) for due_s in (now_s, now_s + DAY_S)]
    run_sync(queue.enqueue(tasks))
    claim = run_sync(queue.claim(lease_s=60, batch_max=5))
    assert len(claim.jobs) == 1
    return attrs.evolve(claim, failures=failures)


@pytest.mark.spec("DLV-08")
@pytest.mark.parametrize(("failures", "recovered_s", "woken"), [(5, 0.0, True), (4, 0.0, False), (5, -3_600.0, False)])
def test_dlv_08_after_an_outage_what_was_put_off_is_due(world, failures, recovered_s, woken):
    """Not after each stumble, and not again and again."""
    if recovered_s:
        recovered_s += world.clock.now_s()
    claim = turn_with_one_put_off(world, failures)
    turn = Turn(health=HostHealth(days=(1,), recovered_s=recovered_s))
    result = TurnResult(delivered=True, failure="", sent_count=1, pause_s=0.0)
    run_sync(end_turn(world.fed.engine, claim, turn, result, world.ports))
    run_sync(world.ports.queue.ack_all(claim, claim.jobs))
    run_sync(world.ports.queue.release(claim))
    assert (run_sync(world.ports.queue.claim(lease_s=60, batch_max=5)) is not None) is woken
    assert not health(world).is_failing


@pytest.mark.spec("DLV-08")
def test_dlv_08_what_was_put_off_is_given_up_at_once(world):
    claim = turn_with_one_put_off(world, failures=9)
    turn = Turn(health=HostHealth(days=(1, 2, 3, 4, 5, 6)))
    result = TurnResult(delivered=False, failure="status 503", sent_count=1, pause_s=28_800.0)
    pause_s = run_sync(end_turn(world.fed.engine, claim, turn, result, world.ports))
    assert pause_s == 0.0
    run_sync(world.ports.queue.release(claim, failures=10))
    given_up = run_sync(world.ports.queue.claim(lease_s=60, batch_max=5))
    assert len(given_up.jobs) == 2
    assert run_sync(begin_turn(world.fed.engine, given_up, world.ports)).unavailable


@pytest.mark.spec("DLV-08", "DLV-06")
def test_dlv_06_a_host_that_speaks_and_takes_nothing_is_not_asked_more_often(make_world):
    """Else its signs of life would use up in an hour the attempts that are to last for more than two days."""
    world = make_world()
    b = world.remote()
    bob = b.actor("bob")
    world.crowd.of["1"] = [b.follower("x")]
    b.answer = lambda _request: 503
    world.fed.publish(world.post(1))
    world.settle()
    began_s = world.clock.now_s()
    for number in range(24 * 6 * 4):
        world.clock.advance(600)
        activity = {"id": f"{bob}#{number}", "type": "Like", "actor": bob, "object": f"{HOME}/posts/1"}
        world.deliver(activity, by=bob)
        world.settle()
        if not world.depth().waiting:
            break
    assert world.buried() == [f"status 503, given up after {len(b.got)} attempts"]
    assert world.clock.now_s() - began_s > 48 * 3_600
    assert 16 <= len(b.got) <= 50


@pytest.mark.parametrize("method", ["get", "put", "wake"])
def test_a_store_that_fails_stands_in_nobody_s_way(world, method):
    unavailable(world)
    fault = FailNth(1, error=StoreError("gone") if method != "wake" else QueueError("gone"), methods={method})
    run_sync(heard_from(world.fed.engine, f"https://{HOST}/users/bob", fault.wrap_all(world.ports)))
    assert fault.fired == method


def test_what_is_no_address_is_no_host(world):
    run_sync(heard_from(world.fed.engine, "nonsense", world.ports))


def test_a_sign_of_life_costs_one_look_a_minute(world):
    counting = FailNth(0)
    ports = attrs.evolve(world.ports, store=counting.wrap(world.ports.store))
    for _ in range(10):
        run_sync(heard_from(world.fed.engine, f"https://{HOST}/users/bob", ports))
    assert len(counting.log) == 1
    world.clock.advance(61)
    run_sync(heard_from(world.fed.engine, f"https://{HOST}/users/bob", ports))
    assert len(counting.log) == 2


# ---- 410 and 404 -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-04")
@pytest.mark.parametrize(
    ("status", "shared", "host_gone"), [(410, True, True), (410, False, False), (404, True, False), (404, False, False)]
)
def test_dlv_04_410_on_a_shared_inbox_says_that_the_host_is_gone(world, status, shared, host_gone):
    b = world.remote()
    follower = b.follower("x")
    world.crowd.of["1"] = [follower if shared else attrs.evolve(follower, shared_inbox=None)]
    b.answer = lambda _request: status
    world.fed.publish(world.post(1))
    world.settle()
    assert (health(world).gone_until_s > 0) is host_gone
    world.crowd.of["1"] = [attrs.evolve(b.follower("y"), shared_inbox=None)]
    world.fed.publish(world.post(2))
    world.settle()
    assert len(b.got) == (1 if host_gone else 2)


@pytest.mark.spec("DLV-04")
@pytest.mark.parametrize("status", [404, 410])
def test_dlv_04_an_inbox_that_is_not_there_is_left_out_for_a_day(world, status):
    b = world.remote()
    world.crowd.of["1"] = [attrs.evolve(b.follower("x"), shared_inbox=None)]
    b.answer = lambda _request: status
    for number in range(3):
        world.fed.publish(world.post(number))
        world.settle()
    assert len(b.got) == 1


# ---- the breaker -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-09")
def test_dlv_09_after_an_outage_a_host_is_not_flooded(make_world):
    policy = DeliveryPolicy(recovery_s=600.0, recovery_per_minute_max=60, batch_max=10)
    world = make_world(config=Config(delivery=policy))
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    b.answer = lambda _request: 503
    for number in range(100):
        world.fed.publish(world.post(number))
    world.settle()
    for _ in range(30):
        world.clock.advance(60)
        world.settle()
    assert lane(world).failures >= 5
    b.answer = lambda _request: 202
    b.got.clear()
    while not b.got:
        world.clock.advance(60)
        world.settle()
    for _ in range(5):
        before = len(b.got)
        world.clock.advance(10)
        world.settle()
        assert len(b.got) - before <= 10  # 60 a minute
    world.clock.advance(700)
    world.settle()
    assert len(b.got) >= 60
    assert world.depth().waiting == 0


# ---- what need not be sent -------------------------------------------------------------------------------------------


def away_and_back(world: Any, b: Any, act: Any) -> list[str]:
    world.network.partition(HOST)
    act()
    world.settle()
    world.clock.advance(60)
    world.network.heal()
    world.settle()
    return [kind for _path, kind in b.deliveries()]


@pytest.mark.parametrize(("collapses", "expected"), [(False, ["Update", "Update", "Update"]), (True, ["Update"])])
def test_updates_that_a_later_one_replaces_are_left_out_where_the_policy_says_so(make_world, collapses, expected):
    world = make_world(config=Config(delivery=DeliveryPolicy(collapses=collapses)))
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    post = world.post(1)

    def act() -> None:
        world.fed.publish(world.post(2))  # the probe
        for _ in range(3):
            world.fed.revise(post)

    assert away_and_back(world, b, act) == ["Create", *expected]
    assert len(world.events("delivery.superseded")) == 3 - len(expected)


@pytest.mark.parametrize(("to", "expected"), [("public", ["Create", "Delete"]), ("followers", ["Create"])])
def test_a_post_that_was_deleted_before_it_was_sent_is_left_out(make_world, to, expected):
    world = make_world(config=Config(delivery=DeliveryPolicy(collapses=True)))
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    post = world.post(1, **({} if to == "public" else {"to": f"{ALICE}/followers"}))

    def act() -> None:
        world.fed.publish(world.post(2))
        world.fed.publish(post)
        world.fed.withdraw(post)

    assert away_and_back(world, b, act) == expected
    assert world.depth().waiting == 0
    assert world.events("delivery.withdrawn")


def test_a_post_that_was_perhaps_sent_is_not_thought_away(make_world):
    world = make_world(config=Config(delivery=DeliveryPolicy(collapses=True)))
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    post = world.post(1, to=f"{ALICE}/followers")

    def act() -> None:
        world.fed.publish(post)  # its attempt fails: the other side may have it all the same
        world.settle()
        world.fed.withdraw(post)

    assert away_and_back(world, b, act) == ["Create", "Delete"]


def test_other_lanes_and_other_payloads_are_left_alone(make_world):
    world = make_world(config=Config(delivery=DeliveryPolicy(collapses=True)))
    b = world.remote()
    bob = b.actor("bob")
    for number in range(2):
        world.context.send(Like(actor=ALICE, object=f"{bob}/{number}"), to=bob)
    world.settle()
    assert [kind for _path, kind in b.deliveries()] == ["Like", "Like"]
    assert run_sync(world.ports.queue.wake(Lane(LaneKind.OUT, "nobody.example"), site=HOME)) is False


# --- what a turn reads --------------------------------------------------------------------------------------------


def out_claim(world, *payloads):
    """Give a claim of jobs that are not in the queue."""
    tasks = [Task(site=HOME, lane=Lane(LaneKind.OUT, "b.example.org"), payload=one) for one in payloads]
    run_sync(world.ports.queue.enqueue(tasks))
    return run_sync(world.ports.queue.claim(lease_s=60, batch_max=5, kinds=[LaneKind.OUT]))


def test_a_turn_reads_the_store_once_before_its_first_delivery(make_world):
    world = make_world()
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    for number in (1, 2):
        world.fed.publish(world.post(number))
    world.settle()  # the keys are there
    for number in (3, 4):
        world.fed.publish(world.post(number))
    planning = run_sync(world.ports.queue.claim(lease_s=60, batch_max=9, kinds=[LaneKind.FANOUT]))
    for job in planning.jobs:
        run_sync(world.fed.engine.run_job(job, world.ports))
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=9, kinds=[LaneKind.OUT]))
    assert len(claim.jobs) == 2
    counting = FailNth(0, methods={"get", "get_many"})
    ports = counting.wrap_all(world.ports)
    turn = run_sync(begin_turn(world.fed.engine, claim, ports))
    assert counting.calls == 1
    for job in claim.jobs:
        run_sync(world.fed.engine.run_job(job, ports, turn))
    assert counting.calls == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"v":1,"kind":"synchronize","site":"x","sender":"1","header":""}',
        b'{"v":1,"kind":"deliver","site":"x","sender":"../x","activity_id":"a","inbox":"https://b.example.org/inbox",'
        b'"digest":"","body":""}',
        b'{"v":1,"kind":"deliver","site":"x","sender":"1","activity_id":"a","inbox":"not a url","digest":"","body":""}',
    ],
)
def test_a_turn_whose_first_job_is_odd_begins_all_the_same(make_world, payload):
    """What is wrong with the job is said when it is carried out."""
    world = make_world()
    turn = run_sync(begin_turn(world.fed.engine, out_claim(world, payload), world.ports))
    assert turn.ports is not None
    assert not turn.unavailable
