"""The suites find adapters that do not keep what the ports promise."""

from __future__ import annotations

import pytest
from tests.broken_ports import Broken, failures, over

from fedtext.adapters.queues.memory import MemoryQueue
from fedtext.adapters.stores.memory import MemoryStore
from fedtext.testing.port_queues import QUEUE_CASES as OF_THEIR_OWN_MODULE
from fedtext.testing.ports import QUEUE_CASES, STORE_CASES, case_name


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


BROKEN_STORES = [
    ForgetsTheTimeToLive,
    OverwritesWhatIsThere,
    SwapsWithoutLooking,
    ListsThePageAgain,
    CutsPrefixesAtAnyPlace,
]


@pytest.mark.parametrize("kind", BROKEN_STORES)
def test_a_broken_store_is_found(kind):
    assert failures(STORE_CASES, lambda: Broken(store=over(kind)))


def test_an_adapter_that_is_not_broken_fails_nothing():
    make = lambda: Broken(store=over(MemoryStore), queue=over(MemoryQueue))  # noqa: E731
    assert failures(STORE_CASES + QUEUE_CASES, make) == []


def test_cases_have_names_of_their_own():
    names = [case_name(case) for case in STORE_CASES + QUEUE_CASES]
    assert len(set(names)) == len(names)
    assert all(name.startswith(("store_", "queue_")) for name in names)


def test_all_suites_are_found_in_one_place():
    assert QUEUE_CASES is OF_THEIR_OWN_MODULE
