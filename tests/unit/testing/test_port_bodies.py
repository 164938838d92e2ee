"""The cases find queues that lose, mix up or keep too short what tasks have in common."""

from __future__ import annotations

import attrs
import pytest
from tests.broken_ports import Broken, failures, over

from fedtext.adapters.queues.memory import MemoryQueue
from fedtext.testing.port_bodies import BODY_CASES


class ForgetsBodies(MemoryQueue):
    async def enqueue(self, tasks):
        return await super().enqueue([attrs.evolve(task, body=b"") for task in tasks])


class GivesAllTheFirstBody(MemoryQueue):
    async def claim(self, **options):
        claim = await super().claim(**options)
        return claim and attrs.evolve(
            claim, jobs=tuple(attrs.evolve(job, body=claim.jobs[0].body) for job in claim.jobs)
        )


class GivesABodyOnce(MemoryQueue):
    """What one job has taken is gone for the others."""

    def __init__(self, *given):
        super().__init__(*given)
        self.taken = set()

    async def claim(self, **options):
        claim = await super().claim(**options)
        if claim is None:
            return None
        jobs = tuple(attrs.evolve(job, body=b"") if job.body in self.taken else job for job in claim.jobs)
        self.taken |= {job.body for job in claim.jobs}
        return attrs.evolve(claim, jobs=jobs)


class BuriesWithoutBodies(MemoryQueue):
    async def buried(self, **options):
        return [(attrs.evolve(job, body=b""), reason) for job, reason in await super().buried(**options)]


@pytest.mark.parametrize("kind", [ForgetsBodies, GivesAllTheFirstBody, GivesABodyOnce, BuriesWithoutBodies])
def test_a_broken_queue_is_found(kind):
    assert failures(BODY_CASES, lambda: Broken(queue=over(kind)))
