"""The cases find queues that cannot be watched and mended as the port promises."""

from __future__ import annotations

import attrs
import pytest
from tests.broken_ports import Broken, failures, over

from fedtext.adapters.queues.memory import MemoryQueue
from fedtext.testing.port_mending import MENDING_CASES


class ForgetsWhatWasHanded(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None):
        claim = await super().claim(lease_s=lease_s, batch_max=batch_max, kinds=kinds)
        return claim and attrs.evolve(claim, jobs=tuple(attrs.evolve(job, handed=False) for job in claim.jobs))


class TakesAllForHanded(MemoryQueue):
    async def claim(self, *, lease_s, batch_max, kinds=None):
        claim = await super().claim(lease_s=lease_s, batch_max=batch_max, kinds=kinds)
        return claim and attrs.evolve(claim, jobs=tuple(attrs.evolve(job, handed=True) for job in claim.jobs))


class AcksBatchesForAnybody(MemoryQueue):
    async def ack_all(self, claim, jobs):
        await super().ack_all(claim, jobs)
        return len(jobs)


class WakesTheLaneAlone(MemoryQueue):
    async def wake(self, lane, *, site):
        found = self._state.lanes.get((site, lane))
        if found is not None and found.token is None:
            found.due_s, found.failures, found.ready_s = 0.0, 0, self._clock.now_s()
        return found is not None


class PausesWhatIsThere(MemoryQueue):
    async def pause(self, target, *, site):
        is_new = await super().pause(target, site=site)
        if not self._state.lanes:
            self._state.pauses.clear()
        return is_new


class ResumesAll(MemoryQueue):
    async def resume(self, target, *, site):
        was_paused = await super().resume(target, site=site)
        for lane in self._state.lanes.values():
            lane.ready_s = 0.0
        self._state.pauses.clear()
        return was_paused


class PausesEverySite(MemoryQueue):
    async def pause(self, target, *, site):
        for place in [*self._state.lanes]:
            await super().pause(target, site=place[0])
        return await super().pause(target, site=site)


class PurgesWhatIsWorkedOn(MemoryQueue):
    async def purge(self, *, site=None, lane=None, waiting=False):
        for found in self._state.lanes.values() if waiting else ():
            found.claimed_to = 0
        return await super().purge(site=site, lane=lane, waiting=waiting)


class PurgesEveryLane(MemoryQueue):
    async def purge(self, *, site=None, lane=None, waiting=False):
        return await super().purge(waiting=waiting)


class RevivesEverySite(MemoryQueue):
    async def revive_all(self, *, site=None, lane=None, limit=1000):
        return await super().revive_all(lane=lane, limit=limit)


class RevivesMoreThanTheLimit(MemoryQueue):
    async def revive_all(self, *, site=None, lane=None, limit=1000):
        return await super().revive_all(site=site, lane=lane)


class ListsLanesAsTheyCame(MemoryQueue):
    async def lanes(self, *, kinds=None, after=None, limit=100):
        return (await super().lanes(kinds=kinds, after=after))[::-1][:limit]


class ListsEveryKind(MemoryQueue):
    async def lanes(self, *, kinds=None, after=None, limit=100):
        return await super().lanes(after=after, limit=limit)


BROKEN = [item for item in list(globals().values()) if isinstance(item, type) and issubclass(item, MemoryQueue)][1:]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_queue_is_found(kind):
    assert failures(MENDING_CASES, lambda: Broken(queue=over(kind)))
