"""The cases find queues that do not keep what the port promises."""

from __future__ import annotations

import attrs
import pytest
from tests.broken_ports import Broken, failures, over

from fedtext.adapters.queues.memory import MemoryQueue
from fedtext.testing.port_queues import QUEUE_CASES


class ClaimsOneLaneTwice(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None, **named):
        return await super().claim(lease_s=0, batch_max=batch_max, kinds=kinds, **named)


class TakesMoreThanABatch(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None, **named):
        return await super().claim(lease_s=lease_s, batch_max=batch_max + 1, kinds=kinds, **named)


class IgnoresTheKinds(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None, **named):
        return await super().claim(lease_s=lease_s, batch_max=batch_max, **named)


class IgnoresDelays(MemoryQueue):
    async def enqueue(self, tasks):
        return await super().enqueue([attrs.evolve(task, due_s=0.0) for task in tasks])


class IgnoresTheOrder(MemoryQueue):
    async def enqueue(self, tasks):
        return await super().enqueue([attrs.evolve(task, ordering_key="") for task in tasks])


class AddsTwice(MemoryQueue):
    async def enqueue(self, tasks):
        return await super().enqueue([attrs.evolve(task, dedupe_key=None) for task in tasks])


class AcksForAnybody(MemoryQueue):
    async def ack(self, claim, job):
        await super().ack(claim, job)
        return True


class ForgetsFailures(MemoryQueue):
    async def release(self, claim, *, due_s=0.0, failures=0, done=()):
        await super().release(claim, due_s=due_s, done=done)


class ForgetsToBackOff(MemoryQueue):
    async def release(self, claim, *, due_s=0.0, failures=0, done=()):
        await super().release(claim, failures=failures, done=done)


class GivesBackWhatIsDone(MemoryQueue):
    async def release(self, claim, *, due_s=0.0, failures=0, done=()):
        await super().release(claim, due_s=due_s, failures=failures)


class EndsWhatIsDoneWithoutALease(MemoryQueue):
    async def release(self, claim, *, due_s=0.0, failures=0, done=()):
        lane = self._state.lanes.get((claim.site, claim.lane))
        for job in done:
            entry = lane.waiting.pop(job.job_id, None) if lane is not None else None
            self._state.dedupe.discard((entry and entry.dedupe) or ("", ""))
        await super().release(claim, due_s=due_s, failures=failures)


class LosesDeadLetters(MemoryQueue):
    async def bury(self, claim, job, *, reason):
        return await self.ack(claim, job)


class KeepsLongReasons(MemoryQueue):
    async def buried(self, *, after=0, limit=100):
        return [(job, reason * 2) for job, reason in await super().buried(after=after, limit=limit)]


BROKEN_QUEUES = [
    ClaimsOneLaneTwice,
    TakesMoreThanABatch,
    IgnoresTheKinds,
    IgnoresDelays,
    IgnoresTheOrder,
    AddsTwice,
    AcksForAnybody,
    ForgetsFailures,
    ForgetsToBackOff,
    GivesBackWhatIsDone,
    EndsWhatIsDoneWithoutALease,
    LosesDeadLetters,
    KeepsLongReasons,
]


@pytest.mark.parametrize("kind", BROKEN_QUEUES)
def test_a_broken_queue_is_found(kind):
    assert failures(QUEUE_CASES, lambda: Broken(queue=over(kind)))
