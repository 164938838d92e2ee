"""Lanes that an engine carries: called for when something is new, carried once, back when something waits."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading

import attrs
import pytest

from fedtext.errors import ConfigurationError, QueueError
from fedtext.federation.outcomes import Done, Later
from fedtext.ports import Lane, Task
from fedtext.runtime import CarryPolicy, LaneCarrier, Worker
from fedtext.runtime.carrying import LoopThread
from fedtext.sync import run_sync

SITE = "https://blog.example"
FAILED = Later(after_s=100, reason="down", host_failed=True)


def task(lane: str, name: str = "1", **options: object) -> Task:
    return Task(site=SITE, lane=Lane.parse(lane), payload=f'{{"v":1,"name":"{name}"}}'.encode(), **options)


class Broker:
    """An engine that keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float]] = []
        self.threads: set[int] = set()
        self.fails = False

    def send(self, calls, *, after_s):
        self.threads.add(threading.get_ident())
        if self.fails:
            raise ConnectionError("no broker")
        self.sent += [(str(call.lane), round(after_s, 3)) for call in calls]

    async def send_async(self, calls, *, after_s):
        await asyncio.sleep(0)
        self.send(calls, after_s=after_s)

    def take(self) -> list[tuple[str, float]]:
        taken, self.sent = self.sent, []
        return taken


@attrs.define
class Jobs:
    """An engine of which a test says what becomes of each job; in all else it is the real one."""

    engine: object
    outcomes: dict[str, object]
    done: list[str]

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    async def run_job(self, job, ports, turn=None):
        name = job.payload.decode().split('"name":"')[1].rstrip('"}')
        self.done.append(name)
        found = self.outcomes.get(name, Done())
        if callable(found):
            return await found()
        return found.pop(0) if isinstance(found, list) else found


@attrs.define
class Rig:
    """A federation whose jobs end as a test says, and the engine that carries them."""

    blog: object
    broker: Broker
    carrier: LaneCarrier
    outcomes: dict[str, object]
    done: list[str]

    @property
    def queue(self):
        return self.blog.federation.ports.asynchronous().queue

    def message(self, lane: str) -> dict[str, object]:
        return {"v": 1, "site": SITE, "lane": lane}


@pytest.fixture
def rig(make):
    """Make a carried federation; its jobs end as `outcomes` says."""

    def build(policy: CarryPolicy | None = None, **options: object) -> Rig:
        blog = make(**options)
        broker = Broker()
        outcomes: dict[str, object] = {}
        done: list[str] = []

        blog.federation.engine = Jobs(blog.federation.engine, outcomes, done)
        return Rig(blog, broker, LaneCarrier(blog.federation, broker, policy), outcomes, done)

    return build


# ---- calls for what is new -------------------------------------------------------------------------------------------


async def test_what_is_enqueued_is_called_for_once_per_lane(rig) -> None:
    r = rig()
    await r.queue.enqueue([task("out:a", "1"), task("out:a", "2"), task("in:b"), task("out:c", due_s=9e9)])
    assert r.broker.take() == [("out:a", 0), ("in:b", 0)]


async def test_lanes_that_are_held_or_back_off_are_not_called_for(rig) -> None:
    r = rig()
    await r.queue.enqueue([task("out:held"), task("out:dead"), task("out:free")])
    r.broker.take()
    held = await r.queue.claim(lease_s=60, batch_max=1, lane=Lane.parse("out:held"), site=SITE)
    dead = await r.queue.claim(lease_s=60, batch_max=1, lane=Lane.parse("out:dead"), site=SITE)
    await r.queue.release(dead, due_s=r.blog.clock.now_s() + 100, failures=1)
    await r.queue.enqueue([task(f"out:{name}", "2") for name in ("held", "dead", "free")])
    assert r.broker.take() == [("out:free", 0)]
    await r.queue.release(held)


async def test_a_post_is_called_for_and_no_door_starts_a_worker(rig, post_class) -> None:
    r = rig(worker="auto")
    assert r.blog.federation.worker_mode == "off"
    await r.blog.federation.publish.aio(post_class(1))
    assert r.broker.take() == [(f"fanout:{SITE}", 0)]


def test_a_committed_transaction_is_called_for_on_demand(rig, post_class, tmp_path) -> None:
    path = tmp_path / "app.sqlite3"
    r = rig(url=f"sqlite:///{path}")
    fed = r.blog.federation
    run_sync(fed.ports.blocking().queue.depth())  # makes the tables
    connection = sqlite3.connect(path)
    connection.execute("BEGIN")
    fed.publish(post_class(1), within=connection)
    r.carrier.committed()
    assert r.broker.take() == []  # not yet
    connection.commit()
    connection.close()
    r.carrier.committed()
    assert r.broker.take() == [(f"fanout:{SITE}", 0)]
    run_sync(fed.ports.close())


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_broker_that_is_down_holds_nobody_up(rig, blocking: bool) -> None:
    r = rig()
    r.broker.fails = True
    if blocking:
        run_sync(r.blog.federation.ports.blocking().queue.enqueue([task("out:a")]))
    else:
        await r.queue.enqueue([task("out:a")])
    assert (await r.queue.depth()).waiting == 1
    assert [event.name for event in r.blog.observer.events] == ["lane.call_failed"]
    r.broker.fails = False
    await r.queue.enqueue([task("out:b")])
    assert r.broker.take() == []  # it may still be down, and slow to say so
    assert await r.carrier.sweep() == 2
    assert r.broker.take() == [("out:a", 0), ("out:b", 0)]
    r.blog.clock.advance(r.carrier.policy.sweep_s)
    await r.queue.enqueue([task("out:c")])
    assert r.broker.take() == [("out:c", 0)]


def test_one_engine_carries_a_federation(rig) -> None:
    r = rig()
    with pytest.raises(ConfigurationError, match="already"):
        LaneCarrier(r.blog.federation, Broker())


# ---- carries ---------------------------------------------------------------------------------------------------------

COLOURS = pytest.mark.parametrize("colour", ["async", "blocking"])


async def carry(r: Rig, lane: str, colour: str) -> int:
    if colour == "async":
        return await r.carrier.carry(r.message(lane))
    return r.carrier.carry_blocking(r.message(lane))


@COLOURS
async def test_the_named_lane_is_carried_to_its_end_and_no_other(rig, colour: str) -> None:
    r = rig()
    await r.queue.enqueue([*[task("out:a", str(n)) for n in range(25)], task("out:b", "b")])
    r.broker.take()
    assert await carry(r, "out:a", colour) == 2  # 20 jobs at most in a batch
    assert sorted(map(int, r.done)) == list(range(25))
    assert r.broker.take() == []  # nothing waits there
    assert await carry(r, "out:b", colour) == 1
    assert (await r.queue.depth()).waiting == 0


@COLOURS
async def test_a_run_is_bounded_and_comes_back_at_once(rig, colour: str) -> None:
    r = rig(CarryPolicy(batches_max=2))
    await r.queue.enqueue([task("in:a", str(n)) for n in range(45)])
    r.broker.take()
    assert await carry(r, "in:a", colour) == 2
    assert (len(r.done), r.broker.take()) == (40, [("in:a", 0)])
    assert await carry(r, "in:a", colour) == 1
    assert (len(r.done), r.broker.take()) == (45, [])


@COLOURS
async def test_dlv_08_a_dead_host_comes_back_with_ever_more_patience(rig, colour: str) -> None:
    r = rig()
    r.outcomes["1"] = [FAILED] * 12
    await r.queue.enqueue([task("out:dead")])
    r.broker.take()
    waits: list[float] = []
    for _ in range(12):
        assert await carry(r, "out:dead", colour) == 1  # one attempt a run: it does not busy itself
        back = r.broker.take()
        if not back:
            break
        assert await carry(r, "out:dead", colour) == 0  # a doubled message finds it backing off, and does not go on
        assert r.broker.take() == []
        waits.append(back[0][1])
        r.blog.clock.advance(waits[-1])
    assert len(waits) >= 2
    assert waits[-1] > waits[0] > 0
    assert len(r.done) == len(waits) + 1
    assert await r.carrier.sweep() == 0  # the last wait is long: it is not due, and nobody keeps a message for it
    r.blog.clock.advance(4 * 3600)
    assert await r.carrier.sweep() == 1


@COLOURS
async def test_what_a_job_waits_for_comes_back_when_it_is_due(rig, colour: str) -> None:
    r = rig()
    r.outcomes["1"] = [Later(after_s=60, reason="busy"), Done()]
    await r.queue.enqueue([task("in:a")])
    r.broker.take()
    assert await carry(r, "in:a", colour) == 1
    assert r.broker.take() == [("in:a", 60)]
    r.blog.clock.advance(60)
    assert await carry(r, "in:a", colour) == 1
    assert (await r.queue.depth()).waiting == 0


async def test_a_lane_is_carried_by_one_at_a_time(rig) -> None:
    r = rig()
    await r.queue.enqueue([task("in:a", str(n)) for n in range(60)])
    batches = await asyncio.gather(*(r.carrier.carry(r.message("in:a")) for _ in range(5)))
    assert sum(batches) == 3
    assert sorted(map(int, r.done)) == list(range(60))  # each once


async def test_a_message_that_is_none_is_refused_as_a_failed_run(rig) -> None:
    r = rig()
    for message in (None, {"v": 1, "site": "https://other.example", "lane": "out:a"}):
        with pytest.raises(QueueError):
            await r.carrier.carry(message)
        with pytest.raises(QueueError):
            r.carrier.carry_blocking(message)


# ---- sweeps ----------------------------------------------------------------------------------------------------------


@COLOURS
async def test_a_sweep_finds_what_was_lost_even_after_a_kill(rig, colour: str) -> None:
    r = rig()
    await r.queue.enqueue([task("out:lost"), task("out:killed"), task("out:later", due_s=r.blog.clock.now_s() + 500)])
    await r.queue.claim(lease_s=60, batch_max=1, lane=Lane.parse("out:killed"), site=SITE)  # and never heard of again
    r.broker.take()  # all of them lost

    async def sweep() -> int:
        return await r.carrier.sweep() if colour == "async" else r.carrier.sweep_blocking()

    assert await sweep() == 1
    assert r.broker.take() == [("out:lost", 0)]
    assert await sweep() == 0  # too soon: they may have piled up
    r.blog.clock.advance(61)
    assert await sweep() == 2
    assert sorted(r.broker.take()) == [("out:killed", 0), ("out:lost", 0)]
    assert await carry(r, "out:killed", colour) == 1


async def test_a_sweep_is_bounded(rig) -> None:
    r = rig(CarryPolicy(swept_max=2))
    for name in "abc":
        await r.queue.enqueue([task(f"out:{name}")])
        r.blog.clock.advance(1)
    r.broker.take()
    assert await r.carrier.sweep() == 2
    assert r.broker.take() == [("out:a", 0), ("out:b", 0)]


# ---- callbacks that suspend ------------------------------------------------------------------------------------------


async def waits(context, activity):
    await asyncio.sleep(0)


def test_an_application_that_suspends_is_carried_on_a_loop_of_its_own(rig) -> None:
    from fedtext import Create

    r = rig()
    r.blog.federation.on(Create)(waits)
    run_sync(r.blog.federation.ports.blocking().queue.enqueue([task("in:a"), task("in:b", "2")]))
    threads = set()

    async def suspend():
        await asyncio.sleep(0)
        threads.add(threading.current_thread().name)
        return Done()

    r.outcomes.update({"1": suspend, "2": suspend})
    assert [r.carrier.carry_blocking(r.message(lane)) for lane in ("in:a", "in:b")] == [1, 1]
    assert threads == {"fedtext lanes"}


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no such signals here")
def test_whoever_is_interrupted_cancels_what_runs_on_the_loop() -> None:
    """As by a time limit of the engine's, which is an exception in the thread that waits."""
    ended = threading.Event()
    waiting = threading.get_ident()
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals arrive in the main thread")

    class TimeIsOver(Exception):  # no OSError: asyncio lets those of its own socket go
        pass

    def interrupt(*_signal: object) -> None:
        raise TimeIsOver

    async def long() -> None:
        try:
            await asyncio.sleep(0.2)  # so long the other thread takes at most until it waits
            signal.pthread_kill(waiting, signal.SIGUSR1)
            await asyncio.sleep(1000)
        finally:
            ended.set()

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(TimeIsOver):
            LoopThread().run(long)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert ended.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_another_process_gets_a_loop_of_its_own(monkeypatch) -> None:
    loop = LoopThread()

    async def thread_id() -> int:
        return threading.get_ident()

    first = loop.run(thread_id)
    assert loop.run(thread_id) == first
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert loop.run(thread_id) != first


async def test_a_worker_of_ours_beside_an_engine_does_no_harm(rig) -> None:
    r = rig()
    await r.queue.enqueue([task("in:a"), task("out:b", "2")])
    assert await Worker(r.blog.federation).drain() == 2
    assert await r.carrier.carry(r.message("in:a")) == 0
    assert r.done == ["1", "2"]
