"""The cases that a store must pass when several processes share it: at once, and with one of them killed.

Each is a plain function of what `connect` takes, of an empty store. It starts children with the same interpreter.
Nothing here needs pytest.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TypeAlias

from ..adapters.backends import connect
from ..adapters.clocks import SystemClock
from ..ports import Store, store_key, store_prefix
from ..sync import run_sync
from .port_rigs import SITE, expect

KEYS = 60
"""Keys that two processes want at once, and steps that each of them counts."""

StoreProcessCase: TypeAlias = Callable[[str, str | None], None]
_CHILD = "import sys; from fedtext.testing import port_store_processes; port_store_processes.child(*sys.argv[1:])"


def child(errand: str, url: str, queue: str = "") -> None:
    """Run an errand in a process that a case started; prints what it did, a line for each.

    Args:
        errand: "take" adds each of the keys; "count" adds one to a value again and again; "fill" adds until it is
            killed.
        url: Of the backend.
        queue: Of the queue's database, where the store is alone.
    """
    backend = connect(url, queue=queue or None)
    store = backend.blocking(SystemClock()).store
    errands = {"take": _take, "count": _count, "fill": _fill}
    try:
        run_sync(errands[errand](store))
    finally:
        backend.close()


async def _take(store: Store) -> None:
    for number in range(KEYS):
        if await store.add_if_absent(_key(number), b"taken"):
            _say(str(number))


async def _count(store: Store) -> None:
    for _ in range(KEYS):
        swapped = False
        while not swapped:
            present = await store.get(_key("count"))
            following = str(int(present or b"0") + 1).encode()
            swapped = await store.compare_and_set(_key("count"), present, following)


async def _fill(store: Store) -> None:
    number = 0
    while True:
        await store.put(_key(f"{number:06}"), str(number).encode(), ttl_s=1e6)
        _say(str(number))
        number += 1


def _key(part: object) -> str:
    return store_key(SITE, "shared", str(part))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _start(errand: str, url: str, queue: str | None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, errand, url, queue or ""]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and text


def two_processes_take_each_key_once(url: str, queue: str | None = None) -> None:
    """Let two processes add the same keys: each key is added by one of them."""
    with _start("take", url, queue) as one, _start("take", url, queue) as other:
        taken = [*one.communicate()[0].split(), *other.communicate()[0].split()]
    expect(sorted(taken, key=int), [str(number) for number in range(KEYS)], "what both have taken")


def two_processes_count_together(url: str, queue: str | None = None) -> None:
    """Let two processes count in one value: no step is lost."""
    with _start("count", url, queue) as one, _start("count", url, queue) as other:
        expect((one.wait(), other.wait()), (0, 0), "how they ended")
    backend = connect(url, queue=queue)
    expect(run_sync(backend.blocking(SystemClock()).store.get(_key("count"))), str(2 * KEYS).encode(), "the count")
    backend.close()


def a_killed_writer_leaves_whole_values(url: str, queue: str | None = None) -> None:
    """Kill a process (SIGKILL) while it writes: what it knew to be written is there, by its key and in the listing."""
    with _start("fill", url, queue) as process:
        said = [] if process.stdout is None else [process.stdout.readline().strip() for _ in range(30)]
        process.kill()
        said += [] if process.stdout is None else process.stdout.read().split()
    backend = connect(url, queue=queue)
    store = backend.blocking(SystemClock()).store
    listed = run_sync(store.scan(store_prefix(SITE, "shared"), limit=1_000_000))
    expect([value.decode() for _, value in listed][: len(said)], said, "what it had written")
    expect(len(listed) - len(said) in (0, 1), True, "at most one that was killed before it could say so")
    expect(run_sync(store.get_many([key for key, _ in listed])), dict(listed), "by their keys")
    expect(run_sync(store.count("")), len(listed), "counted")
    backend.close()


STORE_PROCESS_CASES: list[StoreProcessCase] = [
    two_processes_take_each_key_once,
    two_processes_count_together,
    a_killed_writer_leaves_whole_values,
]
