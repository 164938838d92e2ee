"""The cases find queues whose lanes an engine could not carry."""

from __future__ import annotations

import pytest
from tests.broken_ports import Broken, failures, over

from fedtext.adapters.queues.memory import MemoryQueue
from fedtext.testing.port_lanes import LANE_CASES


class IgnoresTheName(MemoryQueue):
    async def claim(self, *, lane=None, site="", **options):
        return await super().claim(**options)


class ClaimsForAnySite(MemoryQueue):
    async def claim(self, *, lane=None, site="", **options):
        return await super().claim(lane=lane, site="" if lane is None else site, **options)


class IgnoresTheSite(MemoryQueue):
    async def ready(self, *, site=None, **options):
        return await super().ready(**options)


class ListsTheLatestFirst(MemoryQueue):
    async def ready(self, **options):
        return (await super().ready(**options))[::-1]


class ListsAllWhenAskedForSome(MemoryQueue):
    async def ready(self, *, lanes=None, **options):
        return await super().ready(**options)


class ListsWithoutLimit(MemoryQueue):
    async def ready(self, *, limit=1000, **options):
        return await super().ready(**options)


class ListsTheFuture(MemoryQueue):
    async def ready(self, *, until_s, **options):
        return await super().ready(until_s=until_s + 1000, **options)


class ForgetsTheJobs(MemoryQueue):
    async def next_due_s(self, lane, *, site):
        found = await self.ready(until_s=1e14, site=site, lanes=[lane])
        return found[0].ready_s if found else None


BROKEN = [
    IgnoresTheName,
    ClaimsForAnySite,
    IgnoresTheSite,
    ListsTheLatestFirst,
    ListsAllWhenAskedForSome,
    ListsWithoutLimit,
    ListsTheFuture,
    ForgetsTheJobs,
]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_queue_is_found(kind):
    assert failures(LANE_CASES, lambda: Broken(queue=over(kind)))
