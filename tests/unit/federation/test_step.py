"""One worker step: what becomes of a job, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from fedtext import Context, Create, Note
from fedtext.adapters.backends import MemoryBackend, SqliteBackend
from fedtext.behaviors import Follows
from fedtext.config import Config, DeliveryPolicy, FetchPolicy, InboxPolicy
from fedtext.delivery import DeliveryTask, encode_task
from fedtext.errors import (
    FetchRefused,
    HTTPStatusError,
    OriginMismatch,
    PolicyRefusal,
    QueueError,
    StoreError,
    TypeMismatch,
    Unreachable,
)
from fedtext.federation.outcomes import Bury, Done, Later
from fedtext.federation.turns import NO_TURN, Turn
from fedtext.http import Headers, Response
from fedtext.inbox import Arrived, activity_key, restore
from fedtext.ports import Job, Lane, LaneKind, Task
from fedtext.signatures import build_digest, parse_claim
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import Activity, Follow, Like, Undo

from .conftest import carried_out, waiting

HOME, ALICE = "https://home.example.com", "https://home.example.com/users/1"
BOB = "https://b.example.org/users/bob"
OUT = Lane(LaneKind.OUT, "b.example.org")
IN = Lane(LaneKind.IN, "https://b.example.org")
BODY = json.dumps({"id": f"{ALICE}#1", "type": "Like", "actor": ALICE, "object": f"{BOB}/1"})
DELIVERY = DeliveryTask(
    site=HOME, sender="1", activity_id=f"{ALICE}#1", inbox=f"{BOB}/inbox", body=BODY, digest=build_digest(BODY.encode())
)
CREATE = {
    "id": f"{BOB}/1#create",
    "type": "Create",
    "actor": BOB,
    "object": {"id": f"{BOB}/1", "type": "Note", "attributedTo": BOB, "content": "x"},
}
ENVELOPE = waiting(CREATE)


SENT = Done(host_answered=True, delivered=True)


def job(payload: bytes, lane: Lane = OUT, *, attempts: int = 0, site: str = HOME) -> Job:
    return Job(job_id=1, site=site, lane=lane, payload=payload, ordering_key="", attempts=attempts, enqueued_s=0.0)


def run(world, payload: bytes, lane: Lane = OUT, *, ports: Any = None, **options: Any):
    return run_sync(carried_out(world.fed.engine, job(payload, lane, **options), ports or world.ports))


# ---- deliveries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (202, Done(host_answered=True, delivered=True)),
        (410, Done(host_answered=True)),
        (404, Bury(reason="status 404", host_answered=True, status=404)),
        (403, Bury(reason="status 403", host_answered=True, status=403)),
        (302, Bury(reason="status 302", host_answered=True, status=302)),
    ],
)
def test_dlv_03_dlv_04_dlv_13_what_is_settled_by_one_answer(world, status, outcome):
    world.remote().answer = lambda _request: status
    assert run(world, encode_task(DELIVERY)) == outcome


@pytest.mark.spec("AP-S05")
@pytest.mark.parametrize(("status", "host_failed"), [(401, False), (408, False), (429, True), (500, True), (503, True)])
def test_dlv_05_dlv_06_what_is_tried_again(world, status, host_failed):
    world.remote().answer = lambda _request: status
    outcome = run(world, encode_task(DELIVERY), attempts=2)
    assert isinstance(outcome, Later)
    assert 96 <= outcome.after_s <= 137  # the third retry: 3⁴ + 15 and up to half of 3⁴ more
    assert (outcome.host_failed, outcome.pause_s) == (host_failed, 0.0)


def test_dlv_06_the_sixteenth_attempt_is_the_last(world):
    world.remote().answer = lambda _request: 503
    assert isinstance(run(world, encode_task(DELIVERY), attempts=14), Later)
    outcome = run(world, encode_task(DELIVERY), attempts=15)
    assert outcome == Bury(reason="status 503, given up after 16 attempts", host_failed=True, status=503)


@pytest.mark.parametrize(("asked_s", "after_s", "pause_s"), [("1", 16, 1), ("900", 900, 900), ("86400", 86_400, 3_600)])
def test_dlv_07_the_host_s_wish_holds_for_the_job_and_for_a_while_for_the_lane(world, asked_s, after_s, pause_s):
    headers = Headers.build([("retry-after", asked_s)])
    world.remote().answer = lambda _request: Response(status=503, headers=headers)
    outcome = run(world, encode_task(DELIVERY))
    assert isinstance(outcome, Later)
    assert outcome.after_s == pytest.approx(after_s, abs=1)
    assert outcome.pause_s == pause_s


@pytest.mark.parametrize(("removed", "expected"), [(True, Bury), (False, Later)])
def test_dlv_05_401_is_final_for_an_actor_that_was_removed(world, removed, expected):
    world.remote().answer = lambda _request: 401
    if removed:
        world.fed.remove_actor("1")
    assert isinstance(run(world, encode_task(DELIVERY)), expected)


def test_what_deliveries_of_a_sender_share_is_made_once_a_turn_and_for_him_alone(world):
    b, ports = world.remote(), attrs.evolve(world.ports)
    turn, seen = Turn(ports=ports), list[Any]()
    for sender in ("1", "1", "", "1"):
        payload = encode_task(attrs.evolve(DELIVERY, sender=sender))
        assert run_sync(carried_out(world.fed.engine, job(payload), world.ports, turn)) == SENT
        seen.append(turn.dispatches[sender])
    assert seen[0] is seen[1] is seen[3] is not seen[2]
    assert seen[0].ports is seen[2].ports is ports
    keys = [parse_claim(request).key_id for request in b.got]
    assert keys == [f"{ALICE}#main-key"] * 2 + [f"{HOME}/ap/instance#main-key", f"{ALICE}#main-key"]


@pytest.mark.parametrize("turn", [None, NO_TURN, Turn()])
def test_without_ports_of_a_turn_nothing_is_kept(world, turn):
    world.remote()
    assert run_sync(carried_out(world.fed.engine, job(encode_task(DELIVERY)), world.ports, turn)) == SENT
    assert not NO_TURN.dispatches
    assert turn is None or not turn.dispatches


def test_the_instance_actor_may_send(world):
    b = world.remote()
    assert run(world, encode_task(attrs.evolve(DELIVERY, sender=""))) == Done(host_answered=True, delivered=True)
    assert "/ap/instance#main-key" in (b.got[0].headers.get("signature") or "")


# ---- whatever happens ------------------------------------------------------------------------------------------------

TAMPERED = [
    b"",
    b"{}",
    b"\x80\x04\x95",
    b'{"v":2,"kind":"deliver"}',
    b'{"v":1,"kind":"no such kind"}',
    encode_task(DELIVERY).replace(b'"sender":"1"', b'"sender":1'),
    ENVELOPE.encode().replace(b'"v":1', b'"v":0'),
    encode_task(attrs.evolve(DELIVERY, site="https://other.example.com")),
    attrs.evolve(ENVELOPE, site="https://other.example.com").encode(),
    attrs.evolve(ENVELOPE, document={"type": "Note"}).encode(),
    attrs.evolve(ENVELOPE, document={"type": "Like", "actor": 7}).encode(),
    attrs.evolve(ENVELOPE, document={"type": "Like"}).encode(),
]


@pytest.mark.parametrize("payload", TAMPERED)
def test_sec_150_a_payload_that_was_tampered_with_is_buried(world, payload):
    called = list[object]()
    world.fed.on(Activity)(lambda context, activity: called.append(activity))
    assert isinstance(run(world, payload), Bury)
    assert called == []
    assert world.network.exchanges == []


def test_sec_150_and_the_worker_goes_on(world):
    b = world.remote()
    for n, payload in enumerate(TAMPERED):
        run_sync(world.ports.queue.enqueue([Task(site=HOME, lane=OUT, payload=payload, dedupe_key=str(n))]))
    run_sync(world.ports.queue.enqueue([Task(site=HOME, lane=OUT, payload=encode_task(DELIVERY))]))
    world.settle()
    assert len(world.buried()) == len(TAMPERED)
    assert b.deliveries() == [("/users/bob/inbox", "Like")]


@pytest.mark.spec("SEC-150")
def test_sec_150_a_sender_that_cannot_be_is_buried(world):
    """No other attempt would know him: the payload was not written by us."""
    outcome = run(world, encode_task(attrs.evolve(DELIVERY, sender="../x")))
    assert isinstance(outcome, Bury)
    assert not world.events("job.failed")


def test_a_job_of_another_site_is_left_to_its_own_worker(world):
    """Two sites may share a database: nobody signs for the other."""
    b = world.remote()
    outcome = run(world, encode_task(DELIVERY), site="https://other.example.com")
    assert isinstance(outcome, Later)
    assert not outcome.host_failed
    assert b.got == []


def test_a_worker_leaves_the_lanes_of_another_site_alone(world):
    """Nor are they put off, or counted as tried."""
    elsewhere, lane = "https://other.example.com", Lane(LaneKind.OUT, "b.example.org")
    run_sync(world.ports.queue.enqueue([Task(site=elsewhere, lane=lane, payload=b"{}")]))
    world.settle()
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=9, site=elsewhere))
    assert [job.attempts for job in claim.jobs] == [0]


@pytest.mark.parametrize("error", [StoreError("full"), QueueError("locked")])
def test_a_port_that_fails_means_later_and_never_a_dead_letter(world, error):
    b = world.remote()
    world.context.send(Like(actor=ALICE, object=f"{BOB}/1"), to=b.actor("bob"))
    claim = run_sync(world.ports.queue.claim(lease_s=60, batch_max=9))
    (fanout,) = claim.jobs
    ports = FailNth(1, error=error).wrap_all(world.ports)
    outcome = run_sync(carried_out(world.fed.engine, fanout, ports))
    assert isinstance(outcome, Later)
    assert 5 <= outcome.after_s <= 10
    assert not outcome.host_failed


# ---- inbound ---------------------------------------------------------------------------------------------------------


def arrived(**changes: Any) -> bytes:
    return attrs.evolve(ENVELOPE, **changes).encode()


def test_a_listener_is_called_once_with_its_evidence(world):
    calls = list[tuple[Any, ...]]()

    @world.fed.on(Create)
    async def received(context: Context, create: Create[Any]) -> None:
        calls.append((context.recipient, context.evidence.signer, context.evidence.received_s, create.id))

    for _ in range(3):
        assert run(world, arrived(), IN) == Done()
    assert calls == [("1", BOB, 1.0, f"{BOB}/1#create")]


@pytest.mark.parametrize("colour", ["plain", "async"])
@pytest.mark.parametrize("edge", ["blocking", "asyncio"])
async def test_listeners_of_both_kinds_at_both_edges(make_world, colour, edge):
    world = make_world(asynchronous=edge == "asyncio")
    calls = list[str]()

    def plain(context: Any, create: Any) -> None:
        calls.append(context.actor_uri(1))
        context.send(Like(actor=ALICE, object=create.object_id), to=BOB)

    async def awaited(context: Any, create: Any) -> None:
        calls.append(context.actor_uri(1))
        await context.send(Like(actor=ALICE, object=create.object_id), to=BOB)

    world.fed.on(Create)(plain if colour == "plain" else awaited)
    if edge == "blocking":
        assert run(world, arrived(), IN) == Done()
    else:
        ports = world.fed.ports.asynchronous()
        assert await carried_out(world.fed.engine, job(arrived(), IN), ports) == Done()
    assert calls == [ALICE]
    assert world.depth().waiting == 1


@pytest.mark.parametrize(
    "refusal", [OriginMismatch(), PolicyRefusal(), TypeMismatch(), FetchRefused(), HTTPStatusError(status=404)]
)
def test_a_listener_that_refuses_is_not_asked_again_and_the_others_are_called(world, refusal):
    calls = list[str]()

    @world.fed.on(Create)
    async def refuses(context: Context, create: Create[Any]) -> None:
        calls.append("first")
        raise refusal

    world.fed.on(Create)(lambda context, create: calls.append("second"))
    assert run(world, arrived(), IN) == Done()
    assert run(world, arrived(), IN) == Done()
    assert calls == ["first", "second"]


@pytest.mark.parametrize(
    "error",
    [LookupError("x"), StoreError("x"), Unreachable(), HTTPStatusError("a moment ago"), HTTPStatusError(status=503)],
)
def test_a_listener_that_fails_is_called_again_later(world, error):
    failing = [error]

    @world.fed.on(Create)
    async def fails_once(context: Context, create: Create[Any]) -> None:
        if failing:
            raise failing.pop()

    assert isinstance(run(world, arrived(), IN), Later)
    assert run(world, arrived(), IN, attempts=1) == Done()


def test_a_listener_that_always_fails_becomes_a_dead_letter(make_world):
    world = make_world(config=Config(inbox=InboxPolicy(attempts_max=3)))
    world.fed.on(Create)(lambda context, create: 1 / 0)
    assert isinstance(run(world, arrived(), IN, attempts=1), Later)
    outcome = run(world, arrived(), IN, attempts=2)
    assert isinstance(outcome, Bury)
    assert "ZeroDivisionError" in outcome.reason


def crawl(way: str) -> Any:
    note = Note(id=f"{BOB}/1", attributed_to=BOB)

    async def listener(context: Context, create: Create[Any]) -> None:
        walk = {
            "traverse": lambda: context.traverse(f"{BOB}/outbox"),
            "ancestors": lambda: context.ancestors(note),
            "conversation": lambda: context.conversation(note),
        }[way]()
        async for _ in walk:
            pass

    return listener


@pytest.mark.spec("DLV-22")
@pytest.mark.parametrize("way", ["traverse", "ancestors", "conversation"])
def test_dlv_22_long_looks_elsewhere_are_spread_out(world, way):
    world.remote().documents["/users/bob/outbox"] = {"id": f"{BOB}/outbox", "type": "OrderedCollection"}
    world.fed.on(Create)(crawl(way))
    waits = set[float]()
    for _ in range(50):
        outcome = run(world, arrived(), IN)
        assert isinstance(outcome, Later)
        waits.add(outcome.after_s)
    assert min(waits) >= 30
    assert max(waits) <= 600
    assert max(waits) - min(waits) > 300
    assert run(world, arrived(), IN, attempts=1) == Done()


@pytest.mark.spec("DLV-22")
@pytest.mark.parametrize(("least_s", "most_s", "at_once"), [(30, 0, True), (90, 60, False)])
def test_dlv_22_how_far_is_a_setting(make_world, least_s, most_s, at_once):
    world = make_world(config=Config(fetch=FetchPolicy(spread_s_min=least_s, spread_s_max=most_s)))
    world.fed.on(Create)(crawl("ancestors"))
    outcome = run(world, arrived(), IN)
    assert outcome == Done() if at_once else (isinstance(outcome, Later) and outcome.after_s == 60)


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_what_its_owner_has_changed_is_asked_for_anew(world, kind):
    remote = world.remote()
    remote.documents["/users/bob/1"] = {"id": f"{BOB}/1", "type": "Note", "attributedTo": BOB, "content": "old"}
    seen = list[str]()

    @world.fed.on(Activity)
    async def read(context: Context, activity: Activity) -> None:
        found = await context.get(f"{BOB}/1")
        seen.append(str(found.content))

    create = attrs.evolve(ENVELOPE, document={**CREATE, "id": f"{BOB}/1#create"})
    assert run(world, create.encode(), IN) == Done()
    remote.documents["/users/bob/1"]["content"] = "new"
    changed = {**CREATE, "id": f"{BOB}/1#changed", "type": kind}
    assert run(world, attrs.evolve(ENVELOPE, document=changed).encode(), IN) == Done()
    assert seen == ["old", "new"]


@pytest.mark.parametrize("target", ["/users/9", "/users/x", "/users/2"])
def test_nobody_answers_for_an_actor_that_is_not_there(make_world, target):
    """A Follow through the shared inbox may name anybody; each answer of a ghost would cost a key and a row."""
    world = make_world(crowd=False)
    world.fed.use(Follows())
    world.fed.remove_actor("2")
    world.settle()
    before = {key for key, _value in run_sync(world.ports.store.scan("https", limit=500)) if "/keypair/" in key}
    b = world.remote()
    bob = b.actor("bob")
    follow = {"id": f"{bob}#f", "type": "Follow", "actor": bob, "object": HOME + target}
    assert world.deliver(follow, to="/ap/inbox", by=bob).status == 202
    world.settle()
    assert b.got == []
    assert (world.depth().waiting, world.buried()) == (0, [])
    kept = run_sync(world.ports.store.scan("https", limit=500))
    assert [key for key, _value in kept if "/follower/" in key] == []
    assert {key for key, _value in kept if "/keypair/" in key and "instance" not in key} <= before


# ---- order -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "sqlite"])
def backend(request, tmp_path):
    made = MemoryBackend() if request.param == "memory" else SqliteBackend(tmp_path / "x.sqlite3")
    yield made
    made.close()


def failing(times: int, status: int = 503) -> Callable[[Any], int]:
    left = [times]

    def answer(_request: Any) -> int:
        left[0] -= 1
        return status if left[0] >= 0 else 202

    return answer


@pytest.mark.parametrize("times", [0, 1, 2, 5])
@pytest.mark.parametrize("audience", ["followers", "mention", "both"])
def test_dlv_10_create_before_update_before_delete_at_every_recipient(make_world, backend, times, audience):
    config = Config(delivery=DeliveryPolicy(followers_page_max=1))
    world = make_world(backend, config=config)
    slow, fast = world.remote("slow.example.org"), world.remote("fast.example.org")
    if audience != "mention":
        world.crowd.of["1"] = [slow.follower("x"), fast.follower("y")]
    cc = () if audience == "followers" else (slow.actor("m"), fast.actor("n"))
    slow.answer = failing(times)
    post = world.post(7, cc=cc)
    world.fed.publish(post)
    world.fed.revise(post)
    world.fed.withdraw(post)
    world.settle()
    fast_order = [kind for _path, kind in fast.deliveries()]
    assert list(dict.fromkeys(fast_order)) == ["Create", "Update", "Delete"]
    world.pass_time()
    taken = [kind for _path, kind in slow.deliveries()[times:]]
    assert list(dict.fromkeys(taken)) == ["Create", "Update", "Delete"]
    assert [kind for _path, kind in slow.deliveries()[:times]] == ["Create"] * times
    assert world.depth().waiting == 0


def test_dlv_10_follow_before_its_undo_though_the_host_is_down(make_world, backend):
    world = make_world(backend)
    b = world.remote()
    bob = b.actor("bob")
    world.network.partition("b.example.org")
    follow = Follow(id=f"{ALICE}#f1", actor=ALICE, object=bob)
    world.context.send(follow, to=bob)
    world.settle()
    world.context.send(Undo(actor=ALICE, object=follow), to=bob)
    world.settle()
    world.pass_time(hours=1)
    world.network.heal()
    world.pass_time()
    assert [kind for _path, kind in b.deliveries()] == ["Follow", "Undo"]


def test_a_host_that_fails_holds_up_nobody_else(make_world, backend):
    world = make_world(backend)
    dead, b = world.remote("dead.example.org"), world.remote()
    dead.answer = lambda _request: 503
    world.crowd.of["1"] = [dead.follower("x"), b.follower("y")]
    for n in range(10):
        world.fed.publish(world.post(n))
    world.settle()
    assert len(b.got) == 10
    assert len(dead.got) == 1  # one probe; the lane pauses
    assert world.depth().waiting == 10


def test_dlv_12_dlv_06_the_same_bytes_to_everybody_and_at_every_attempt(make_world, backend):
    world = make_world(backend)
    b, c = world.remote("b.example.org"), world.remote("c.example.org")
    world.crowd.of["1"] = [b.follower("x"), c.follower("y")]
    b.answer = failing(3)
    world.fed.publish(world.post(7))
    world.settle()
    world.pass_time()
    requests = [*b.got, *c.got]
    assert len(requests) == 5
    assert len({request.body for request in requests}) == 1
    assert len({request.headers.get("digest") for request in requests}) == 1
    assert len({request.headers.get("date") for request in b.got}) == 4


def test_dlv_07_the_lane_waits_as_the_host_has_asked(make_world, backend):
    world = make_world(backend)
    b = world.remote()
    world.crowd.of["1"] = [b.follower("x")]
    b.answer = lambda _request: Response(status=429, headers=Headers.build([("retry-after", "1800")]))
    for n in range(3):
        world.fed.publish(world.post(n))
    world.settle()
    for _ in range(29):
        world.clock.advance(60)
        world.settle()
    assert len(b.got) == 1
    b.answer = lambda _request: 202
    world.clock.advance(120)
    world.settle()
    assert len(b.got) == 4


# ---- what this process has taken in itself ---------------------------------------------------------------------------


def test_what_was_taken_in_here_is_not_read_again_and_then_from_its_payload(world) -> None:
    heard: list[Activity] = []

    def listener(_context: Any, activity: Activity) -> None:
        heard.append(activity)
        if len(heard) == 1:
            raise RuntimeError("not yet")

    world.fed.on(Activity)(listener)
    task = attrs.evolve(ENVELOPE, content_hash="1" * 64)
    payload = task.encode()
    authentic = restore(task)
    key = activity_key(HOME, BOB, task.document["id"], task.inbox, task.content_hash)
    assert world.fed.engine.arrivals.take(payload) is None
    world.fed.engine.arrivals.keep(payload, Arrived(task, authentic, key))
    assert isinstance(run(world, payload, IN), Later)
    assert run(world, payload, IN, attempts=1) == Done()
    assert run(world, payload, IN, attempts=1) == Done()
    assert heard[0] is authentic.activity
    assert heard[1] is not authentic.activity
    assert heard[1] == authentic.activity
    assert len(heard) == 2
