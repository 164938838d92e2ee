"""The suites find adapters that do not keep what the ports promise."""

from __future__ import annotations

import attrs
import pytest

from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.queues.memory import MemoryQueue
from fedtext.adapters.stores.memory import MemoryStore
from fedtext.testing.ports import QUEUE_CASES, STORE_CASES, Colour, case_name, run_case


class Broken:
    """A memory backend with one port that breaks a promise."""

    def __init__(self, **ports):
        self._inner = MemoryBackend()
        self._ports = ports
        self._made = {}

    def blocking(self, clock):
        opened = self._inner.blocking(clock)
        made = {name: self._ports[name](getattr(opened, name), clock) for name in self._ports}
        return attrs.evolve(opened, **made)

    asynchronous = blocking

    def close(self):
        self._inner.close()


class ForgetsTheTimeToLive(MemoryStore):
    async def put(self, key, value, *, ttl_s=None):
        await super().put(key, value)


class OverwritesWhatIsThere(MemoryStore):
    async def add_if_absent(self, key, value, *, ttl_s=None):
        await self.put(key, value, ttl_s=ttl_s)
        return True


class SwapsWithoutLooking(MemoryStore):
    async def compare_and_set(self, key, expected, value, *, ttl_s=None):
        await self.put(key, value, ttl_s=ttl_s)
        return True


class ListsThePageAgain(MemoryStore):
    async def scan(self, prefix, *, after="", limit=100):
        found = await super().scan(prefix, limit=10_000)
        return [item for item in found if item[0] >= after][:limit]


class CutsPrefixesAtAnyPlace(MemoryStore):
    async def count(self, prefix):
        return await super().count(prefix.rstrip("/"))


class ClaimsOneLaneTwice(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None):
        return await super().claim(lease_s=0, batch_max=batch_max, kinds=kinds)


class TakesMoreThanABatch(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None):
        return await super().claim(lease_s=lease_s, batch_max=batch_max + 1, kinds=kinds)


class IgnoresTheKinds(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None):
        return await super().claim(lease_s=lease_s, batch_max=batch_max)


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
    async def release(self, claim, *, due_s=0.0, failures=0):
        await super().release(claim, due_s=due_s)


class ForgetsToBackOff(MemoryQueue):
    async def release(self, claim, *, due_s=0.0, failures=0):
        await super().release(claim, failures=failures)


class LosesDeadLetters(MemoryQueue):
    async def bury(self, claim, job, *, reason):
        return await self.ack(claim, job)


class KeepsLongReasons(MemoryQueue):
    async def buried(self, *, after=0, limit=100):
        return [(job, reason * 2) for job, reason in await super().buried(after=after, limit=limit)]


BROKEN_STORES = [
    ForgetsTheTimeToLive,
    OverwritesWhatIsThere,
    SwapsWithoutLooking,
    ListsThePageAgain,
    CutsPrefixesAtAnyPlace,
]
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
    LosesDeadLetters,
    KeepsLongReasons,
]


def failures(cases, make):
    """Give the names of the cases that an adapter fails."""
    found = []
    for case in cases:
        try:
            run_case(case, make, Colour.BLOCKING)
        except (AssertionError, IndexError):
            found.append(case_name(case))
    return found


def over(kind):
    """Make the broken port over the state of the one that it replaces."""
    return lambda port, clock: kind(clock, port._state)


@pytest.mark.parametrize("kind", BROKEN_STORES)
def test_a_broken_store_is_found(kind):
    assert failures(STORE_CASES, lambda: Broken(store=over(kind)))


@pytest.mark.parametrize("kind", BROKEN_QUEUES)
def test_a_broken_queue_is_found(kind):
    assert failures(QUEUE_CASES, lambda: Broken(queue=over(kind)))


def test_an_adapter_that_is_not_broken_fails_nothing():
    make = lambda: Broken(store=over(MemoryStore), queue=over(MemoryQueue))  # noqa: E731
    assert failures(STORE_CASES + QUEUE_CASES, make) == []


def test_cases_have_names_of_their_own():
    names = [case_name(case) for case in STORE_CASES + QUEUE_CASES]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("store_", "queue_")) for name in names)
