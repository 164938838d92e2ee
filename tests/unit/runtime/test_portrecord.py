"""The one record on which all ports hang."""

from __future__ import annotations

import threading

import attrs
import pytest

from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.offload import InlineOffload, ThreadOffload
from fedtext.config import Config
from fedtext.runtime import MemoryBackend, SqliteBackend
from fedtext.runtime.portrecord import Ports, default_ports
from fedtext.sync import run_sync


class Transport:
    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


def make(backend=None) -> Ports:
    return Ports(backend=backend or MemoryBackend(), async_transport=Transport, blocking_transport=Transport)


def test_each_colour_is_opened_once_and_at_first_use() -> None:
    ports = make()
    assert ports.blocking() is ports.blocking()
    assert ports.asynchronous() is ports.asynchronous()
    assert ports.blocking() is not ports.asynchronous()
    assert isinstance(ports.blocking().offload, InlineOffload)
    assert isinstance(ports.asynchronous().offload, ThreadOffload)


def test_a_changed_copy_opens_anew() -> None:
    ports = make()
    before = ports.blocking()
    clock = ManualClock(5.0)
    copy = attrs.evolve(ports, clock=clock)
    assert copy.blocking() is not before
    assert copy.blocking().clock is clock
    run_sync(copy.blocking().store.put("k", b"v"))
    assert run_sync(before.store.get("k")) == b"v"  # one storage under both


def test_storage_reads_the_clock_of_its_own_record() -> None:
    clock = ManualClock(100.0)
    ports = attrs.evolve(make(), clock=clock)
    store = ports.blocking().store
    run_sync(store.put("k", b"v", ttl_s=10))
    clock.advance(11)
    assert run_sync(store.get("k")) is None


def test_closing_closes_what_was_opened_and_the_next_use_opens_anew(tmp_path) -> None:
    ports = make(SqliteBackend(tmp_path / "app.sqlite3"))
    blocking, asynchronous = ports.blocking(), ports.asynchronous()
    run_sync(blocking.store.put("k", b"v"))
    run_sync(ports.close())
    assert (blocking.transport.closed, asynchronous.transport.closed) == (1, 1)
    assert ports.blocking() is not blocking
    assert run_sync(ports.blocking().store.get("k")) == b"v"
    run_sync(ports.close())
    run_sync(ports.close())


async def test_closing_ends_the_threads_of_plain_callbacks_too() -> None:
    ports = make()
    thread = await ports.asynchronous().offload.run(threading.current_thread)
    assert thread.is_alive()
    await ports.close()
    assert not thread.is_alive()
    assert await ports.asynchronous().offload.run(str, 7) == "7"
    await ports.close()


@pytest.mark.parametrize("broken", ["asynchronous", "blocking", "both"])
def test_what_fails_to_close_keeps_nothing_else_open(broken) -> None:
    class Stuck(Transport):
        async def close(self) -> None:
            await super().close()
            raise OSError("stuck")

    ports = attrs.evolve(
        make(),
        async_transport=Transport if broken == "blocking" else Stuck,
        blocking_transport=Transport if broken == "asynchronous" else Stuck,
    )
    closed = list[str]()
    ports.backend.close = lambda: closed.append("backend")  # type: ignore[method-assign]
    transports = [ports.asynchronous().transport, ports.blocking().transport]
    with pytest.raises(OSError, match="stuck"):
        run_sync(ports.close())
    assert [transport.closed for transport in transports] == [1, 1]
    assert closed == ["backend"]
    run_sync(ports.close())


def test_a_backend_of_a_framework_brings_its_thread_rules() -> None:
    offload = InlineOffload()
    backend = MemoryBackend()
    backend.offload = offload  # type: ignore[attr-defined]
    assert default_ports(backend, Config()).asynchronous().offload is offload
