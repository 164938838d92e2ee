from __future__ import annotations

import pytest

from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import ConfigurationError, PortError, QueueError, StoreError
from fedtext.ports import Store
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth, Moment
from fedtext.testing.ports import task


@pytest.fixture
def opened():
    return MemoryBackend().blocking(ManualClock())


@pytest.mark.parametrize(
    ("moment", "expected"), [(Moment.BEFORE, [b"1", None, b"3"]), (Moment.AFTER, [b"1", b"2", b"3"])]
)
def test_the_nth_call_fails_before_or_after_its_work(opened, moment, expected):
    fault = FailNth(2, error=StoreError("full"), moment=moment)
    store: Store = fault.wrap(opened.store)
    run_sync(store.put("k1", b"1"))
    with pytest.raises(StoreError, match="full"):
        run_sync(store.put("k2", b"2", ttl_s=5))
    run_sync(store.put("k3", b"3"))
    assert [run_sync(opened.store.get(key)) for key in ("k1", "k2", "k3")] == expected
    assert (fault.calls, fault.fired, fault.log) == (3, "put", ["put"] * 3)


def test_one_count_over_several_ports(opened):
    fault = FailNth(3, error=QueueError("gone"))
    store, queue = fault.wrap(opened.store), fault.wrap(opened.queue)
    run_sync(store.get("k"))
    run_sync(queue.enqueue([task("one")]))
    with pytest.raises(QueueError):
        run_sync(queue.claim(lease_s=1, batch_max=1))
    assert fault.log == ["get", "enqueue", "claim"]


def test_zero_only_counts(opened):
    fault = FailNth(0)
    store = fault.wrap(opened.store)
    for _ in range(3):
        run_sync(store.get("k"))
    assert (fault.calls, fault.fired) == (3, None)


def test_only_the_named_methods_count(opened):
    fault = FailNth(1, methods={"put"})
    store = fault.wrap(opened.store)
    assert run_sync(store.get("k")) is None
    with pytest.raises(PortError):
        run_sync(store.put("k", b""))
    assert fault.log == ["put"]


def test_plain_members_pass_through_uncounted(opened):
    fault = FailNth(1)
    with pytest.raises(ConfigurationError):
        fault.wrap(opened.queue).statements(task("one"), 0.0)
    assert fault.wrap(opened.sql).dialect == "sqlite"
    assert fault.calls == 0


class Transport:
    closed = False

    async def send(self, request, limits):
        return "answer"

    async def close(self):
        self.closed = True


def test_closing_a_transport_never_fails():
    fault, transport = FailNth(1), Transport()
    wrapped = fault.wrap(transport)
    run_sync(wrapped.close())
    assert transport.closed
    with pytest.raises(PortError):
        run_sync(wrapped.send(None, None))
    assert run_sync(wrapped.send(None, None)) == "answer"


def test_a_flow_is_looped_until_it_needs_no_failure(opened):
    """The habit that this is for: every place is hit once, then the run succeeds."""

    async def flow(store):
        await store.put("a", b"1")
        if await store.get("a"):
            await store.delete("a")

    fired = []
    for nth in range(1, 10):
        fault = FailNth(nth)
        try:
            run_sync(flow(fault.wrap(opened.store)))
        except PortError:
            fired.append(fault.fired)
        else:
            break
    assert fired == ["put", "get", "delete"]
