"""The worker loop: claim a lane, carry out its jobs, give it back.

Invariants: lanes run in parallel, within an ordering key never; a host that fails pauses its lane and nobody else's;
after a run of failures one job goes out alone, and the others only when the host has answered it; on cancellation a
lane is handed back, not kept until its lease runs out, and what was under way counts as tried; a job is acknowledged
only after its effects are durable (at least once).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import attrs

from ..delivery import lane_pause_s
from ..errors import PortError
from ..federation.outcomes import Bury, Dispatched, Done, Later
from ..federation.turns import NO_TURN, Turn, TurnResult
from ..ports import Claim, Event, Job, Lane, LaneKind, PortSet, Queue, WakingQueue
from ..sync import run_sync
from .served import Served

_IDLE_S_MIN, _IDLE_S_MAX = 0.02, 0.5
# So many jobs that are done, or so old ones, are written down before another one is begun.
_ACKS_MAX, _ACKS_S_MAX = 20, 1.0
# So many activities of a lane at most are being written down as handled while another one is dispatched: they would be
# dispatched twice were this process killed.
_CONFIRMS_MAX = 7


def _as_it_is(awaitable: Awaitable[None]) -> Awaitable[None]:
    return awaitable


def _no_jobs() -> list[Job]:
    return []


class _Confirms:
    """Jobs that were dispatched and are being written down as handled, side by side."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.group = group
        self.places = asyncio.Semaphore(_CONFIRMS_MAX)
        self.jobs: dict[int, Job] = {}
        """Those of which nobody knows yet what becomes of them."""

    async def begin(self, job: Job, confirm: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin to write one down, when there is a place; whoever awaits this may carry out the next one then."""
        await self.places.acquire()
        confirming = confirm()
        try:
            task = self.group.create_task(confirming)
        except RuntimeError:  # the turn is being broken off, and a listener has kept that to itself
            confirming.close()
            self.places.release()
            await confirm()
        else:
            self.jobs[job.job_id] = job
            task.add_done_callback(lambda _: self.places.release())


@attrs.define
class _LaneState:
    """What one batch does to its lane; `shield` keeps what is written down at the end from being broken off, too."""

    failures: int
    lease_until_s: float
    turn: Turn = NO_TURN
    stopping: Callable[[], bool] = lambda: False
    shield: Callable[[Awaitable[None]], Awaitable[None]] = _as_it_is
    pause_s: float = 0.0
    stopped: bool = False
    delivered: bool = False
    failure: str = ""
    done_count: int = 0
    error: Exception | None = None
    confirms: _Confirms | None = None
    done: list[Job] = attrs.field(factory=_no_jobs)
    done_s: float = 0.0
    is_judged: bool = False
    is_back: bool = False

    def ends(self) -> bool:
        """Tell whether no more jobs of the batch are begun."""
        return self.stopped or self.stopping()

    def take_done(self, job: Job, outcome: Done, now_s: float) -> None:
        """Note a job that is done; it is written down later, with others."""
        self.delivered = self.delivered or outcome.delivered
        if outcome.host_answered:
            self.failures = 0
        if not self.done:
            self.done_s = now_s
        self.done.append(job)

    def is_due_to_ack(self, now_s: float) -> bool:
        """Tell whether the jobs that are done are many, or the first of them was done long ago."""
        return bool(self.done) and (len(self.done) >= _ACKS_MAX or now_s - self.done_s >= _ACKS_S_MAX)


class Worker:
    """Carries out the jobs of one federation; start as many as there is work for, on as many machines.

    Args:
        federation: Whose jobs.
        concurrency: Lanes in work at once.
    """

    def __init__(self, federation: Served, *, concurrency: int = 8) -> None:
        self._federation = federation
        self._concurrency = concurrency

    async def run(self, *, stop: asyncio.Event | None = None) -> None:
        """Work until `stop` is set or the task is cancelled.

        Once `stop` is set nothing more is begun: what is under way is finished, the rest is handed back at once. On
        cancellation what is under way is broken off, too, and handed back as tried.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._loop(stop))

    def start_thread(self) -> threading.Thread:
        """Work on a thread with an event loop of its own; it ends with the process."""
        thread = threading.Thread(target=lambda: asyncio.run(self.run()), name="fedtext worker", daemon=True)
        thread.start()
        return thread

    async def drain(self, *, steps_max: int = 10_000) -> int:
        """Work until nothing is due; gives how many lanes were worked on. For tests and one-off runs."""
        for step in range(steps_max):
            if not await self.step():
                return step
        return steps_max

    async def step(self, lane: Lane | None = None, *, stop: asyncio.Event | None = None) -> bool:
        """Claim one lane, or this one of the own site, and carry out a batch of its jobs; False: nothing is due.

        Args:
            lane: Only this one.
            stop: Once it is set, no more jobs of the batch are begun.
        """
        ports = self._federation.ports.asynchronous()
        claim = await self._claim(lane, ports)
        if claim is None:
            return False
        await self._work(claim, ports, stop)
        return True

    def step_blocking(self, lane: Lane | None = None) -> bool:
        """Do what `step` does on the calling thread, one job after the other and without an event loop."""
        return run_sync(self._step_in_turn(lane), what="a job of the worker")

    async def _claim(self, lane: Lane | None, ports: PortSet) -> Claim | None:
        policy = self._federation.config.delivery
        site = self._federation.engine.site.origin
        return await ports.queue.claim(lease_s=policy.lease_s, batch_max=policy.batch_max, lane=lane, site=site)

    async def _step_in_turn(self, lane_wanted: Lane | None) -> bool:
        ports = self._federation.ports.blocking()
        claim = await self._claim(lane_wanted, ports)
        if claim is None:
            return False
        lane = _LaneState(failures=claim.failures, lease_until_s=claim.lease_until_s)
        try:
            lane.turn = await self._federation.engine.begin_turn(claim, ports)
            await self._chains(claim, iter(await self._probe(claim, _chains(claim.jobs), lane, ports)), lane, ports)
            await self._give_back(claim, lane, ports)
        finally:
            if not lane.is_back:
                await self._end(claim, lane, ports)
        return True

    async def _loop(self, stop: asyncio.Event | None) -> None:
        idle_s = _IDLE_S_MIN
        while stop is None or not stop.is_set():
            try:
                worked = await self.step(stop=stop)
            except PortError as error:
                self._emit("worker.port_failed", error=str(error))
                worked = False
            except Exception as error:  # a fault of ours: the work of all other lanes goes on
                self._emit("worker.step_failed", error=repr(error)[:300])
                worked = False
            idle_s = _IDLE_S_MIN if worked else min(idle_s * 2, _IDLE_S_MAX)
            if not worked and await _woken(self._federation.ports.asynchronous().queue, idle_s):
                idle_s = _IDLE_S_MIN

    async def _work(self, claim: Claim, ports: PortSet, stop: asyncio.Event | None) -> None:
        stopping = stop.is_set if stop is not None else lambda: False
        lane = _LaneState(failures=claim.failures, lease_until_s=claim.lease_until_s, stopping=stopping)
        lane.shield = asyncio.shield
        loop = asyncio.get_running_loop()
        beating: list[asyncio.Task[None]] = []

        def begin() -> None:
            beating.append(loop.create_task(self._heartbeat(claim, lane, ports)))

        timer = loop.call_later(self._federation.config.delivery.lease_s / 3, begin)  # nearly all are done before
        try:
            lane.turn = await self._federation.engine.begin_turn(claim, ports)
            chains = await self._probe(claim, _chains(claim.jobs), lane, ports)
            limit = self._federation.config.delivery.per_host_concurrency if claim.lane.kind is LaneKind.OUT else 1
            left = iter(chains)  # shared: each chain is taken by whoever is free first
            async with asyncio.TaskGroup() as group:
                lane.confirms = _Confirms(group)
                for _ in range(min(limit, len(chains))):
                    group.create_task(_noting(lane, partial(self._chains, claim, left, lane, ports)))
            if lane.error is not None:
                raise lane.error
            await self._give_back(claim, lane, ports)
        finally:
            timer.cancel()
            for heartbeat in beating:
                heartbeat.cancel()
            if not lane.is_back:
                await lane.shield(self._end(claim, lane, ports))

    async def _heartbeat(self, claim: Claim, lane: _LaneState, ports: PortSet) -> None:
        """Keep the lease while one job takes long, such as many look-ups at slow hosts."""
        lease_s = self._federation.config.delivery.lease_s
        while not lane.stopped:
            with suppress(PortError):  # the next beat, or the check before the next job, tries again
                lane.lease_until_s = ports.clock.now_s() + lease_s
                if not await ports.queue.extend(claim, lease_s=lease_s):
                    lane.stopped = True
            await asyncio.sleep(lease_s / 3)

    async def _give_back(self, claim: Claim, lane: _LaneState, ports: PortSet) -> None:
        """Write down how the host is and what is done, and give the lane back."""
        if not lane.is_judged:
            with suppress(PortError):  # what is not written down of the host is found out again
                result = TurnResult(
                    delivered=lane.delivered, failure=lane.failure, sent_count=lane.done_count, pause_s=lane.pause_s
                )
                lane.pause_s = await self._federation.engine.end_turn(claim, lane.turn, result, ports)
            lane.is_judged = True
        due_s = ports.clock.now_s() + lane.pause_s if lane.pause_s else 0.0
        await ports.queue.release(claim, due_s=due_s, failures=lane.failures, done=lane.done)
        lane.is_back = True

    async def _end(self, claim: Claim, lane: _LaneState, ports: PortSet) -> None:
        """Give back a lane that could not be given back before.

        Nothing that a port raises here takes the place of what has ended the turn, such as a cancellation.
        """
        for job in () if lane.confirms is None else [*lane.confirms.jobs.values()]:
            await self._hand_back(claim, job, ports)
        try:
            await self._give_back(claim, lane, ports)
        except PortError as error:  # the lease runs out by itself; what is not written down is done again
            self._emit("worker.port_failed", error=str(error))

    async def _probe(
        self, claim: Claim, chains: list[list[Job]], lane: _LaneState, ports: PortSet
    ) -> list[Sequence[Job]]:
        """Carry out jobs of a host that has failed one by one, until it has answered one; gives those that are left."""
        left: list[Sequence[Job]] = []
        for chain in chains:
            rest: Sequence[Job] = chain
            while rest and lane.failures and not lane.ends() and claim.lane.kind is LaneKind.OUT:
                goes_on = await self._one(claim, rest[0], lane, ports)
                rest = rest[1:] if goes_on else ()
            left.append(rest)
        return left

    async def _chains(self, claim: Claim, chains: Iterator[Sequence[Job]], lane: _LaneState, ports: PortSet) -> None:
        """Carry out chains while there are any; of each the jobs one after the other, until one of them has to wait."""
        for chain in chains:
            for job in chain:
                if not await self._one(claim, job, lane, ports):
                    break

    async def _one(self, claim: Claim, job: Job, lane: _LaneState, ports: PortSet) -> bool:
        """Carry out one job, if there is still time; False when those behind it must wait."""
        if lane.ends():
            return False
        now_s = ports.clock.now_s()
        if self._lease_is_short(lane, now_s) and not await self._keep_lease(claim, lane, ports):
            lane.stopped = True
        if lane.is_due_to_ack(now_s) and not lane.stopped and not await self._ack(claim, lane, ports):
            lane.stopped = True
        if lane.ends():  # by now
            return False
        lane.done_count += 1
        try:
            outcome = await self._federation.engine.run_job(job, ports, lane.turn)
            if not isinstance(outcome, Dispatched):
                return await self._settle(claim, job, outcome, lane, ports)
            if lane.confirms is None or job.ordering_key:  # what has the same key waits for what becomes of it
                return await self._settle(claim, job, await outcome.confirm(), lane, ports)
            confirm = partial(self._confirm, claim, job, outcome, lane, ports)
            await lane.confirms.begin(job, partial(_noting, lane, confirm))
        except asyncio.CancelledError:
            await lane.shield(self._hand_back(claim, job, ports))
            raise
        return True

    async def _settle(
        self, claim: Claim, job: Job, outcome: Done | Later | Bury, lane: _LaneState, ports: PortSet
    ) -> bool:
        """Do what an outcome asks for; False when those behind the job must wait."""
        if isinstance(outcome, Done):
            lane.take_done(job, outcome, ports.clock.now_s())
            return True
        return await self._put_off(claim, job, outcome, lane, ports)

    async def _confirm(self, claim: Claim, job: Job, outcome: Dispatched, lane: _LaneState, ports: PortSet) -> None:
        """Write a job down as handled, and settle it; broken off, it is handed back at the end of the turn."""
        settled = await outcome.confirm()
        if lane.confirms is not None:
            lane.confirms.jobs.pop(job.job_id, None)
        await self._settle(claim, job, settled, lane, ports)

    async def _hand_back(self, claim: Claim, job: Job, ports: PortSet) -> None:
        """Put a job back that was broken off, as one that may have been carried out; what is settled stays so."""
        with suppress(PortError):
            await ports.queue.retry(claim, job, due_s=ports.clock.now_s())

    def _lease_is_short(self, lane: _LaneState, now_s: float) -> bool:
        """Tell whether half of the lease is over."""
        return lane.lease_until_s - now_s < self._federation.config.delivery.lease_s / 2

    async def _keep_lease(self, claim: Claim, lane: _LaneState, ports: PortSet) -> bool:
        """Lengthen the lease; False when somebody else has the lane by now."""
        lease_s = self._federation.config.delivery.lease_s
        lane.lease_until_s = ports.clock.now_s() + lease_s
        return await ports.queue.extend(claim, lease_s=lease_s)

    async def _put_off(self, claim: Claim, job: Job, outcome: Later | Bury, lane: _LaneState, ports: PortSet) -> bool:
        """Write down what became of a job that is not done; False when those behind it must wait."""
        if claim.lane.kind is LaneKind.OUT:
            self._judge_host(outcome, lane, ports)
        if isinstance(outcome, Bury):
            self._emit("job.buried", lane=str(job.lane), reason=outcome.reason)
            return await ports.queue.bury(claim, job, reason=outcome.reason)
        await ports.queue.retry(claim, job, due_s=ports.clock.now_s() + outcome.after_s)
        return False

    async def _ack(self, claim: Claim, lane: _LaneState, ports: PortSet) -> bool:
        """Take jobs that are done out of the queue; False when the lease was lost.

        Until then they count as not done: where this process dies, they are done again, as one job would be. The last
        ones are written down as the lane is given back.
        """
        jobs, lane.done = lane.done, []
        try:
            return await ports.queue.ack_all(claim, jobs) == len(jobs)
        except BaseException:
            lane.done = jobs + lane.done  # the end of the turn tries again
            raise

    def _judge_host(self, outcome: Later | Bury, lane: _LaneState, ports: PortSet) -> None:
        """Open the breaker where a host fails, close it where it has answered."""
        if not outcome.host_failed:
            lane.failures = 0 if outcome.host_answered else lane.failures
            return
        lane.failures += not lane.stopped
        lane.stopped = True
        if not outcome.host_answered:  # one that asks for patience lives
            lane.failure = outcome.reason
        breaker_s = lane_pause_s(lane.failures, ports.randomness.fraction())
        asked_s = outcome.pause_s if isinstance(outcome, Later) else 0.0
        lane.pause_s = max(lane.pause_s, breaker_s, asked_s)

    def _emit(self, name: str, **fields: str) -> None:
        self._federation.ports.observer.emit(Event(name=name, fields=fields))


async def _woken(queue: Queue, idle_s: float) -> bool:
    """Let time pass, less of it where the queue can say that there is work: then True."""
    if isinstance(queue, WakingQueue):
        return await queue.wait(idle_s)
    await asyncio.sleep(idle_s)
    return False


async def _noting(lane: _LaneState, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do a part of a turn side by side with others: what it raises ends the turn, and breaks none of them off."""
    try:
        await work()
    except Exception as error:
        lane.stopped, lane.error = True, lane.error or error


def _chains(jobs: Sequence[Job]) -> list[list[Job]]:
    """Group a batch by ordering key, keeping order; jobs without one stand alone."""
    chains: dict[str, list[Job]] = {}
    for job in jobs:
        chains.setdefault(job.ordering_key or f"job {job.job_id}", []).append(job)
    return list(chains.values())
