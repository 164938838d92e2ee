"""The worker loop: lanes side by side, keys in order, leases handed back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import attrs
import pytest

from fedtext.config import Config, DeliveryPolicy
from fedtext.errors import QueueError
from fedtext.federation.outcomes import Bury, Done, Later
from fedtext.federation.turns import Turn, TurnResult
from fedtext.ports import Lane, Task
from fedtext.runtime.worker import Worker, _chains
from fedtext.testing.faults import FailNth

SITE = "https://blog.example"


def task(lane: str, name: str, key: str = "") -> Task:
    return Task(site=SITE, lane=Lane.parse(lane), payload=f'{{"v":1,"name":"{name}"}}'.encode(), ordering_key=key)


class Jobs:
    """An engine of which a test says what becomes of each job."""

    def __init__(self, outcomes: dict[str, object] | None = None, action: Callable[..., object] | None = None) -> None:
        self.outcomes = outcomes or {}
        self.action = action
        self.done: list[str] = []
        self.results: list[TurnResult] = []

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


@pytest.mark.parametrize("method", ["claim", "ack", "release"])
async def test_a_queue_that_fails_does_not_end_the_worker(serve, blog, method: str) -> None:
    """Also where it fails inside of a lane, which comes out as a group of errors."""
    served = await serve([task("out:a", "1")])
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
        while (await real.asynchronous().queue.depth()).waiting:
            blog.clock.advance(30)
            await asyncio.sleep(0.01)
        stop.set()
        await running
    assert fault.fired == method
    assert served.engine.done[0] == "1"


def test_chains_keep_order_and_keys_apart() -> None:
    @attrs.frozen
    class Job:
        job_id: int
        ordering_key: str

    jobs = [Job(1, "a"), Job(2, ""), Job(3, "b"), Job(4, "a"), Job(5, "")]
    assert [[job.job_id for job in chain] for chain in _chains(jobs)] == [[1, 4], [2], [3], [5]]
