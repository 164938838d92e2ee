"""The worker loop: lanes side by side, keys in order, leases handed back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import SimpleNamespace

import attrs
import pytest

from fedtext.config import Config, DeliveryPolicy
from fedtext.errors import QueueError
from fedtext.federation.outcomes import Bury, Dispatched, Done, Later
from fedtext.federation.turns import Turn, TurnResult
from fedtext.ports import Lane, Task
from fedtext.runtime.worker import _CONFIRMS_MAX, Worker, _chains
from fedtext.testing.faults import FailNth

SITE = "https://blog.example"
LONG_S = 20


def task(lane: str, name: str, key: str = "") -> Task:
    return Task(site=SITE, lane=Lane.parse(lane), payload=f'{{"v":1,"name":"{name}"}}'.encode(), ordering_key=key)


class Jobs:
    """An engine of which a test says what becomes of each job."""

    def __init__(self, outcomes: dict[str, object] | None = None, action: Callable[..., object] | None = None) -> None:
        self.outcomes = outcomes or {}
        self.action = action
        self.done: list[str] = []
        self.results: list[TurnResult] = []
        self.site = SimpleNamespace(origin=SITE)

    async def begin_turn(self, claim, ports):
        return Turn()

    async def end_turn(self, claim, turn, result, ports):
        self.results.append(result)
        return result.pause_s

    async def run_job(self, job, ports, turn=None):
        name = job.payload.decode().split('"name":"')[1].rstrip('"}')
        if self.action is not None:
            await self.action(name)
        self.done.append(name)
        found = self.outcomes.get(name, Done())
        return found.pop(0) if isinstance(found, list) else found


@attrs.define
class Served:
    """As much of a federation as a worker needs."""

    engine: Jobs
    ports: object
    config: Config = attrs.field(factory=Config)
    worker_mode: str = "off"


@pytest.fixture
def serve(blog):
    """Make something to be served, and its queue filled."""

    async def make(tasks, outcomes=None, *, action=None, **policy):
        ports = blog.federation.ports
        await ports.asynchronous().queue.enqueue(tasks)
        config = Config(delivery=attrs.evolve(DeliveryPolicy(), **policy))
        return Served(engine=Jobs(outcomes, action), ports=ports, config=config)

    return make


async def depth(served):
    return await served.ports.asynchronous().queue.depth()


async def test_a_batch_is_worked_off_and_gone(serve) -> None:
    served = await serve([task("out:a", str(n)) for n in range(25)])
    assert await Worker(served).drain() == 2  # 20 jobs at most in a batch
    assert sorted(map(int, served.engine.done)) == list(range(25))
    assert (await depth(served)).waiting == 0


def test_blocking_steps_need_no_event_loop(blog) -> None:
    from fedtext.sync import run_sync

    run_sync(blog.federation.ports.blocking().queue.enqueue([task("out:a", "1"), task("in:b", "2")]))
    served = Served(engine=Jobs({"2": Bury(reason="bad")}), ports=blog.federation.ports)
    worker = Worker(served)
    assert [worker.step_blocking() for _ in range(3)] == [True, True, False]
    assert sorted(served.engine.done) == ["1", "2"]
    depth = run_sync(blog.federation.ports.blocking().queue.depth())
    assert (depth.waiting, depth.leased, depth.buried) == (0, 0, 1)


async def test_within_a_key_in_order_across_keys_side_by_side(serve) -> None:
    started, gate = [], asyncio.Event()

    async def action(name: str) -> None:
        started.append(name)
        if name == "slow 1":
            await gate.wait()
        elif name == "quick 2":
            gate.set()

    tasks = [task("out:a", f"{key} {n}", key) for n in (1, 2) for key in ("slow", "quick")]
    served = await serve(tasks, action=action)
    await asyncio.wait_for(Worker(served).drain(), 5)
    assert [n for n in started if n.startswith("slow")] == ["slow 1", "slow 2"]
    assert started.index("quick 2") < started.index("slow 2")


@pytest.mark.parametrize(("lane", "at_once"), [("out:a", 4), ("in:a", 1), ("fanout:a", 1)])
async def test_only_so_many_at_once_in_a_lane(serve, lane: str, at_once: int) -> None:
    running, most = 0, 0

    async def action(_name: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    served = await serve([task(lane, str(n)) for n in range(8)], action=action)
    await Worker(served).drain()
    assert most == at_once


async def test_what_waits_holds_up_what_comes_after_it_under_its_key_only(serve, blog) -> None:
    outcomes = {"1": [Later(after_s=60, reason="busy"), Done()]}
    served = await serve([task("out:a", "1", "k"), task("out:a", "2", "k"), task("out:a", "3", "other")], outcomes)
    await Worker(served).drain()
    assert served.engine.done == ["1", "3"]
    blog.clock.advance(61)
    await Worker(served).drain()
    assert served.engine.done == ["1", "3", "1", "2"]


async def test_the_lane_of_a_failing_host_pauses_and_others_go_on(serve, blog) -> None:
    failed = Later(after_s=10, reason="down", host_failed=True)
    tasks = [task("out:bad", "b1", "x"), task("out:bad", "b2", "y"), *[task(f"out:good{n}", f"g{n}") for n in range(3)]]
    served = await serve(tasks, {"b1": [failed, failed, failed, Done()]}, per_host_concurrency=1)
    await Worker(served).drain()
    assert sorted(served.engine.done) == ["b1", "g0", "g1", "g2"]  # b2 was not even tried
    for _ in range(200):
        if (await depth(served)).waiting == 0:
            break
        blog.clock.advance(30)
        await Worker(served).drain()
    assert served.engine.done.count("b1") == 4
    assert served.engine.done[-2:] in (["b1", "b2"], ["b2", "b1"])


async def test_a_host_that_answers_begins_anew(serve, blog) -> None:
    """Its run of failures is over: the next one pauses the lane as shortly as the first."""
    failed = Later(after_s=1, reason="down", host_failed=True)
    outcomes = {"1": [failed, failed, failed, Done(host_answered=True)], "2": Done()}
    later = attrs.evolve(task("out:a", "2"), due_s=blog.clock.now_s() + 86_400)
    served = await serve([task("out:a", "1"), later], outcomes)
    queue = served.ports.asynchronous().queue
    for expected in (0, 1, 2, 3):
        claim = None
        while claim is None:
            blog.clock.advance(60)
            claim = await queue.claim(lease_s=60, batch_max=1)
        assert claim.failures == expected
        await queue.release(claim, failures=claim.failures)
        await Worker(served).drain()
    blog.clock.advance(86_400)
    claim = await queue.claim(lease_s=60, batch_max=1)
    assert claim is not None
    assert claim.failures == 0


async def test_a_host_that_says_how_long_is_left_alone_so_long(serve, blog) -> None:
    failed = Later(after_s=1, reason="busy", host_failed=True, pause_s=500)
    served = await serve([task("out:a", "1"), task("out:a", "2")], {"1": [failed, Done()]}, per_host_concurrency=1)
    await Worker(served).drain()
    blog.clock.advance(499)
    assert await Worker(served).drain() == 0
    blog.clock.advance(2)
    await Worker(served).drain()
    assert sorted(served.engine.done) == ["1", "1", "2"]


async def test_what_can_never_work_is_buried_with_its_reason_and_named(serve, blog) -> None:
    served = await serve([task("out:a", "1", "k"), task("out:a", "2", "k")], {"1": Bury(reason="refused")})
    await Worker(served).drain()
    assert served.engine.done == ["1", "2"]
    [(_job, reason)] = await served.ports.asynchronous().queue.buried()
    assert reason == "refused"
    assert [event.fields["lane"] for event in blog.observer.named("job.buried")] == ["out:a"]


async def test_a_cancelled_worker_hands_its_lane_back_at_once(serve) -> None:
    begun = asyncio.Event()

    async def action(_name: str) -> None:
        begun.set()
        await asyncio.sleep(60)

    served = await serve([task("out:a", "1")], action=action)
    running = asyncio.create_task(Worker(served, concurrency=2).run())
    await asyncio.wait_for(begun.wait(), 5)
    assert (await depth(served)).leased == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await depth(served)).leased == 0
    served.engine.action = None
    assert await Worker(served).drain() == 1  # without waiting for the lease to run out
    assert served.engine.done == ["1"]


async def test_a_long_job_keeps_its_lease_and_a_lost_lease_stops_the_batch(serve, blog) -> None:
    async def action(name: str) -> None:
        blog.clock.advance(40)

    served = await serve([task("in:a", str(n), "k") for n in range(4)], action=action, lease_s=60.0)
    await Worker(served).drain()
    assert served.engine.done == ["0", "1", "2", "3"]

    async def dawdle(name: str) -> None:
        blog.clock.advance(61)
        other = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=10)
        if other is not None:  # somebody else took the lane meanwhile
            await served.ports.asynchronous().queue.ack(other, other.jobs[0])

    served = await serve([task("in:a", "5", "k"), task("in:a", "6", "k")], action=dawdle, lease_s=60.0)
    await Worker(served).step()
    assert served.engine.done == ["5"]


async def test_stopping_ends_the_loops(serve) -> None:
    served = await serve([task("out:a", "1")])
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(served).run(stop=stop))
    async with asyncio.timeout(5):
        while not served.engine.done:  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.01)
        stop.set()
        await running


async def test_one_slow_job_keeps_its_lease_while_it_runs(serve, blog) -> None:
    """Look-ups at many slow hosts may take longer than a lease: it is lengthened under way, not only between jobs."""

    async def dawdle(_name: str) -> None:
        await asyncio.sleep(0.4)

    counting = FailNth(0)
    served = await serve([task("fanout:a", "1")], action=dawdle, lease_s=0.3)
    ports = served.ports.asynchronous()
    counted = attrs.evolve(ports, queue=counting.wrap(ports.queue))
    served.ports = SimpleNamespace(asynchronous=lambda: counted)
    assert await Worker(served).step() is True
    assert sum("extend" in call for call in counting.log) >= 2
    assert (await ports.queue.depth()).waiting == 0


@pytest.mark.parametrize("method", ["claim", "ack_all", "release"])
async def test_a_queue_that_fails_does_not_end_the_worker(serve, blog, method: str) -> None:
    """Also where it fails inside of a lane, which comes out as a group of errors."""
    served = await serve([task("out:a", str(number)) for number in range(1, 22)], batch_max=30)
    fault = FailNth(1, error=QueueError("gone"), methods={method})
    faulty = fault.wrap_all(served.ports.asynchronous())

    class Ports:
        observer = blog.observer

        def asynchronous(self):
            return faulty

    served.ports, real = Ports(), served.ports
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(served, concurrency=1).run(stop=stop))
    async with asyncio.timeout(5):
        left = await real.asynchronous().queue.depth()
        while left.waiting or left.leased:
            blog.clock.advance(30)
            await asyncio.sleep(0.01)
            left = await real.asynchronous().queue.depth()
        stop.set()
        await running
    assert fault.fired == method
    assert served.engine.done[0] == "1"


async def test_stopping_finishes_what_is_under_way_and_hands_back_the_rest(serve, blog) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def action(_name: str) -> None:
        begun.set()
        await gate.wait()

    served = await serve([task("out:a", str(n)) for n in range(10)], action=action, per_host_concurrency=2)
    stop = asyncio.Event()
    running = asyncio.create_task(Worker(served).run(stop=stop))
    await asyncio.wait_for(begun.wait(), 5)
    stop.set()
    gate.set()
    await asyncio.wait_for(running, 5)
    assert len(served.engine.done) == 2
    left = await depth(served)
    assert (left.waiting, left.leased) == (8, 0)
    claim = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=20)  # due at once, for somebody else
    assert claim is not None
    assert [(job.attempts, job.handed) for job in claim.jobs] == [(0, False)] * 8


async def test_what_was_broken_off_is_handed_back_as_tried(serve) -> None:
    """It may have been carried out: nothing that follows may take it for one that never was."""
    begun = asyncio.Event()

    async def action(_name: str) -> None:
        begun.set()
        await asyncio.sleep(60)

    tasks = [task("out:a", "1", "k"), task("out:a", "2", "k"), task("out:a", "3", "other")]
    served = await serve(tasks, action=action, per_host_concurrency=1)
    running = asyncio.create_task(Worker(served, concurrency=1).run())
    await asyncio.wait_for(begun.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    claim = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=20)
    assert claim is not None
    assert [(job.attempts, job.handed) for job in claim.jobs] == [(1, True), (0, False), (0, False)]


async def test_what_is_settled_when_the_end_comes_stays_settled(serve) -> None:
    """The cancellation comes between the delivery and its acknowledgement."""
    served = await serve([task("out:a", "1")])
    ports = served.ports.asynchronous()
    entered = asyncio.Event()

    class Slow:
        def __getattr__(self, name: str):
            return getattr(ports.queue, name)

        async def release(self, claim, **given):
            await ports.queue.release(claim, **given)
            if not entered.is_set():
                entered.set()
                await asyncio.sleep(60)

    served.ports = SimpleNamespace(asynchronous=lambda: attrs.evolve(ports, queue=Slow()), observer=ports.observer)
    running = asyncio.create_task(Worker(served, concurrency=1).run())
    await asyncio.wait_for(entered.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await ports.queue.depth()).waiting == 0


async def test_what_a_turn_says_of_its_host_is_written_down_also_when_it_is_broken_off_then(serve) -> None:
    """The cancellation comes while it is being written."""
    served = await serve([task("out:a", "1")])
    ports, entered, told = served.ports.asynchronous(), asyncio.Event(), list[TurnResult]()

    async def end_turn(claim, turn, result, ports):
        if not entered.is_set():
            entered.set()
            await asyncio.sleep(60)
        told.append(result)
        return 7.0

    served.engine.end_turn = end_turn
    running = asyncio.create_task(Worker(served, concurrency=1).run())
    await asyncio.wait_for(entered.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [result.sent_count for result in told] == [1]
    assert (await ports.queue.depth()).waiting == 0


async def test_what_is_done_is_written_down_together_and_soon(serve, blog) -> None:
    """Twenty at once at the latest, or what is a second old, and the rest at the end of the batch."""
    took_s = iter([0.0] * 23 + [2.0, 0.0, 0.0])

    async def action(_name: str) -> None:
        blog.clock.advance(next(took_s))

    tasks = [task("out:a", str(n)) for n in range(26)]
    served = await serve(tasks, action=action, per_host_concurrency=1, batch_max=30)
    ports, written = served.ports.asynchronous(), list[int]()

    class Counting:
        def __getattr__(self, name: str):
            return getattr(ports.queue, name)

        async def ack_all(self, claim, jobs):
            written.append(len(jobs))
            return await ports.queue.ack_all(claim, jobs)

        async def release(self, claim, *, done, **given):
            written.append(len(done))
            await ports.queue.release(claim, done=done, **given)

    served.ports = SimpleNamespace(asynchronous=lambda: attrs.evolve(ports, queue=Counting()), observer=ports.observer)
    assert await Worker(served).step() is True
    assert written == [20, 4, 2]
    assert (await ports.queue.depth()).waiting == 0


@pytest.mark.parametrize("fault", ["fails", "is broken off"])
async def test_what_could_not_be_written_down_is_written_at_the_end(serve, fault: str) -> None:
    """Nothing is done twice because a write has failed once; whoever called is told."""
    served = await serve([task("out:a", str(n)) for n in range(20)], per_host_concurrency=1)
    ports, tried = served.ports.asynchronous(), asyncio.Event()

    class Faulty:
        def __getattr__(self, name: str):
            return getattr(ports.queue, name)

        async def release(self, claim, **given):
            if not tried.is_set():
                tried.set()
                if fault == "fails":
                    raise QueueError("locked")
                await asyncio.sleep(60)
            await ports.queue.release(claim, **given)

    served.ports = SimpleNamespace(asynchronous=lambda: attrs.evolve(ports, queue=Faulty()), observer=ports.observer)
    step = asyncio.create_task(Worker(served).step())
    await asyncio.wait_for(tried.wait(), 5)
    if fault == "is broken off":
        step.cancel()
    with pytest.raises((ExceptionGroup, QueueError, asyncio.CancelledError)):
        await step
    assert len(served.engine.done) == 20
    assert (await ports.queue.depth()).waiting == 0


class Confirming:
    """Jobs that are confirmed when a gate opens."""

    def __init__(self, names: Sequence[str], **outcomes: object) -> None:
        self.gate = asyncio.Event()
        self.begun: list[str] = []
        self.outcomes = {name: Dispatched(confirm=partial(self._confirm, name, outcomes)) for name in names}

    async def _confirm(self, name: str, outcomes: dict[str, object]):
        self.begun.append(name)
        await self.gate.wait()
        return outcomes.get(name, Done())


async def test_the_next_is_dispatched_while_a_few_are_confirmed_and_none_is_gone_before_it_is(serve) -> None:
    names = [str(n) for n in range(20)]
    confirming = Confirming(names)
    served = await serve([task("in:b", name) for name in names], confirming.outcomes)
    step = asyncio.create_task(Worker(served).step())
    await asyncio.sleep(0.05)
    assert confirming.begun == names[:_CONFIRMS_MAX]
    assert served.engine.done == names[: _CONFIRMS_MAX + 1]
    assert (await depth(served)).leased == 20
    confirming.gate.set()
    assert await step
    assert served.engine.done == names
    found = await depth(served)
    assert (found.waiting, found.leased, found.lanes) == (0, 0, 0)


@pytest.mark.parametrize("blocking", [True, False])
async def test_what_cannot_be_confirmed_is_tried_again_and_the_rest_is_done(serve, blog, blocking: bool) -> None:
    names = ["1", "2", "3"]
    confirming = Confirming(names, **{"2": Later(after_s=5.0, reason="no store")})
    confirming.gate.set()
    served = await serve([task("in:b", name) for name in names], confirming.outcomes)
    assert await (asyncio.to_thread(Worker(served).step_blocking) if blocking else Worker(served).step())
    assert served.engine.done == confirming.begun == names
    blog.clock.advance(10)
    claim = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=9)
    assert [(job.payload, job.attempts) for job in claim.jobs] == [(task("in:b", "2").payload, 1)]


@pytest.mark.parametrize("rest_s", [0, 0.05])
async def test_what_is_not_confirmed_when_the_end_comes_is_handed_back_as_tried(serve, rest_s: float) -> None:
    """Whether writing it down has begun, or was about to begin, or waits for its turn to begin."""
    names, ended = [str(n) for n in range(_CONFIRMS_MAX + 2)], asyncio.Event()

    async def action(name: str) -> None:
        if name == names[-3]:
            ended.set()

    confirming = Confirming(names)
    served = await serve([task("in:b", name) for name in names], confirming.outcomes, action=action)
    step = asyncio.create_task(Worker(served).step())
    await ended.wait()
    await asyncio.sleep(rest_s)
    begun = len(served.engine.done)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert begun > _CONFIRMS_MAX - 2
    claim = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=99)
    assert [job.attempts for job in claim.jobs] == [1] * begun + [0] * (len(names) - begun)


async def test_a_listener_that_keeps_a_cancellation_to_itself_does_not_keep_the_worker(serve) -> None:
    begun = asyncio.Event()

    async def action(_name: str) -> None:
        begun.set()
        child = asyncio.create_task(asyncio.sleep(LONG_S))
        with suppress(asyncio.CancelledError):
            await child
        child.cancel()

    names = ["1", "2"]
    confirming = Confirming(names)
    confirming.gate.set()
    served = await serve([task("in:b", name) for name in names], confirming.outcomes, action=action)
    running = asyncio.create_task(Worker(served, concurrency=1).run())
    await begun.wait()
    served.engine.action = None
    running.cancel()
    _, pending = await asyncio.wait([running], timeout=LONG_S)
    assert not pending
    assert confirming.begun[:1] == ["1"]


async def test_a_queue_that_fails_breaks_nothing_else_off(serve) -> None:
    """What is being confirmed beside it is confirmed; and whoever ends the worker then ends it."""
    names = ["1", "2", "3"]
    confirming = Confirming(names, **{"1": Later(after_s=5.0, reason="no store")})
    served = await serve([task("in:b", name) for name in names], confirming.outcomes)
    ports = served.ports.asynchronous()
    fault = FailNth(1, error=QueueError("gone"), methods=["retry"])
    served.ports = SimpleNamespace(
        asynchronous=lambda: attrs.evolve(ports, queue=fault.wrap(ports.queue)), observer=ports.observer
    )
    step = asyncio.create_task(Worker(served).step())
    await asyncio.sleep(0.02)
    confirming.gate.set()
    with pytest.raises(QueueError):
        await step
    claim = await ports.queue.claim(lease_s=60, batch_max=9)
    assert [job.payload for job in claim.jobs] == [task("in:b", "1").payload]


@pytest.mark.parametrize("blocking", [True, False])
async def test_within_a_key_nothing_is_dispatched_before_what_comes_first_is_confirmed(
    serve, blog, blocking: bool
) -> None:
    confirming = Confirming(["1", "2"], **{"1": Later(after_s=5.0, reason="no store")})
    confirming.gate.set()
    served = await serve([task("in:own", name, "key") for name in ("1", "2")], confirming.outcomes)
    worker = Worker(served)
    assert await (asyncio.to_thread(worker.step_blocking) if blocking else worker.step())
    assert served.engine.done == ["1"]
    served.engine.outcomes.clear()
    blog.clock.advance(60)
    await worker.drain()
    assert served.engine.done == ["1", "1", "2"]


async def test_what_could_not_be_confirmed_is_counted_once_also_when_the_end_comes_then(serve, blog) -> None:
    async def refused() -> Later:
        return Later(after_s=5.0, reason="no store")

    confirming = Confirming(["2"])
    outcomes = {"1": Dispatched(confirm=refused), **confirming.outcomes}
    served = await serve([task("in:b", name) for name in ("1", "2")], outcomes)
    step = asyncio.create_task(Worker(served).step())
    await asyncio.sleep(0.05)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    blog.clock.advance(10)
    claim = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=9)
    assert [job.attempts for job in claim.jobs] == [1, 1]


@pytest.mark.parametrize("ticks", range(14))
async def test_at_whichever_moment_the_end_comes_what_was_dispatched_counts_as_tried(serve, ticks: int) -> None:
    async def confirm() -> Done:
        await asyncio.sleep(0)
        return Done()

    async def action(name: str) -> None:
        begun.append(name)
        await asyncio.sleep(0)

    begun, names = list[str](), [str(number) for number in range(6)]
    served = await serve(
        [task("in:b", name) for name in names],
        {name: Dispatched(confirm=confirm) for name in names},
        action=action,
    )
    step = asyncio.create_task(Worker(served).step())
    for _ in range(ticks):
        await asyncio.sleep(0)
    step.cancel()
    with suppress(asyncio.CancelledError):
        await step
    claim = await served.ports.asynchronous().queue.claim(lease_s=60, batch_max=9)
    left = {} if claim is None else {job.payload: job.attempts for job in claim.jobs}
    assert [left.get(task("in:b", name).payload, 1) for name in begun] == [1] * len(begun)
    assert all(not left.get(task("in:b", name).payload, 0) for name in names if name not in begun)


async def test_a_worker_ends_when_it_is_told_to_also_while_the_queue_is_gone(serve, blog) -> None:
    """What the queue raises at the end does not take the place of the cancellation."""
    begun, gone = asyncio.Event(), False

    async def action(name: str) -> None:
        if name == "1":
            begun.set()
            await asyncio.sleep(60)

    served = await serve([task("out:a", "0"), task("out:a", "1")], action=action, per_host_concurrency=1)
    ports = served.ports.asynchronous()

    class Gone:
        def __getattr__(self, name: str):
            method = getattr(ports.queue, name)

            async def call(*arguments, **options):
                if gone:
                    raise QueueError("gone")
                return await method(*arguments, **options)

            return call

    served.ports = SimpleNamespace(asynchronous=lambda: attrs.evolve(ports, queue=Gone()), observer=blog.observer)
    running = asyncio.create_task(Worker(served, concurrency=1).run())
    await asyncio.wait_for(begun.wait(), 5)
    gone = True
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
    assert running.cancelled()


async def test_a_lane_that_somebody_else_has_by_now_is_left_to_them(serve, blog) -> None:
    """The lease ran out unseen: what is done is theirs to do again, and nothing more is begun."""
    served = await serve([task("out:a", str(n)) for n in range(30)], per_host_concurrency=1, batch_max=30)
    ports = served.ports.asynchronous()

    class Lost:
        def __getattr__(self, name: str):
            return getattr(ports.queue, name)

        async def ack_all(self, claim, jobs):
            return 0

    served.ports = SimpleNamespace(asynchronous=lambda: attrs.evolve(ports, queue=Lost()), observer=ports.observer)
    assert await Worker(served).step() is True
    assert len(served.engine.done) == 20


# ---- the breaker -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("DLV-09")
async def test_dlv_09_one_probe_goes_out_before_the_rest(serve, blog) -> None:
    """Also with several workers: the lane is leased, and its others wait until the probe is answered."""
    running, most, gate = [], [], asyncio.Event()

    async def action(name: str) -> None:
        running.append(name)
        most.append(len(running))
        if not gate.is_set():
            await gate.wait()
        await asyncio.sleep(0)
        running.remove(name)

    failed = Later(after_s=1, reason="down", host_failed=True)
    answered = Done(host_answered=True, delivered=True)
    outcomes = {str(n): [failed, answered] if n < 4 else answered for n in range(9)}
    served = await serve([task("out:a", str(n)) for n in range(9)], outcomes, action=action, per_host_concurrency=4)
    gate.set()
    await Worker(served).step()
    assert sorted(served.engine.done) == ["0", "1", "2", "3"]
    blog.clock.advance(60)
    gate.clear()
    most.clear()
    workers = [asyncio.create_task(Worker(served).step()) for _ in range(3)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert running == [running[0]]  # whatever else there is to do, and whoever else would
    gate.set()
    assert sorted(await asyncio.gather(*workers)) == [False, False, True]
    assert max(most) == 4  # then as many at once as ever
    assert (await depth(served)).waiting == 0


@pytest.mark.spec("DLV-09")
async def test_dlv_09_the_breaker_closes_when_the_host_answers_anything(serve, blog) -> None:
    failed = Later(after_s=1, reason="down", host_failed=True)
    refused = Bury(reason="status 403", host_answered=True, status=403)
    outcomes = {"0": [failed, refused], "1": Done(), "2": Done()}
    served = await serve([task("out:a", str(n)) for n in range(3)], outcomes, per_host_concurrency=1)
    await Worker(served).step()
    assert served.engine.done == ["0"]
    blog.clock.advance(60)
    await Worker(served).drain()
    assert sorted(served.engine.done) == ["0", "0", "1", "2"]
    [_failed, result] = served.engine.results
    assert (result.delivered, result.failure, result.sent_count) == (False, "", 3)


@pytest.mark.spec("DLV-09")
@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        (Later(after_s=1, reason="status 503", host_failed=True), "status 503"),
        (Later(after_s=1, reason="status 429", host_failed=True, host_answered=True), ""),
        (Later(after_s=1, reason="status 401", host_answered=True), ""),
        (Bury(reason="status 503, given up", host_failed=True), "status 503, given up"),
        (Done(host_answered=True, delivered=True), ""),
    ],
)
async def test_what_a_turn_says_of_its_host(serve, outcome, failure: str) -> None:
    served = await serve([task("out:a", "1")], {"1": outcome})
    await Worker(served).step()
    [result] = served.engine.results
    assert (result.failure, result.delivered) == (failure, isinstance(outcome, Done))
    assert (result.pause_s > 0) is (getattr(outcome, "host_failed", False))


async def test_other_lanes_have_no_breaker(serve) -> None:
    failed = Later(after_s=1, reason="down", host_failed=True)
    served = await serve([task("fanout:a", "1"), task("fanout:a", "2")], {"1": failed})
    await Worker(served).step()
    assert served.engine.done == ["1", "2"]
    assert served.engine.results[0].failure == ""


def test_chains_keep_order_and_keys_apart() -> None:
    @attrs.frozen
    class Job:
        job_id: int
        ordering_key: str

    jobs = [Job(1, "a"), Job(2, ""), Job(3, "b"), Job(4, "a"), Job(5, "")]
    assert [[job.job_id for job in chain] for chain in _chains(jobs)] == [[1, 4], [2], [3], [5]]
