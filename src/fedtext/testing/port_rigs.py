"""What the port suites are written with: two openings of one backend, their clock, and few words for the rest.

Nothing here needs pytest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, TypeAlias

import attrs

from ..adapters.clocks import ManualClock
from ..ports import Backend, Claim, Lane, LaneKind, Opened, Queue, Store, Task
from ..sync import run_sync

SITE = "https://blog.example"
LEASE_S = 60.0


class Colour(Enum):
    """Which opening of a backend a case runs on."""

    BLOCKING = "blocking"
    ASYNCHRONOUS = "asynchronous"


@attrs.frozen(kw_only=True)
class Rig:
    """What a case works with: two openings of the same backend, and their clock."""

    opened: Opened
    again: Opened
    clock: ManualClock

    @property
    def store(self) -> Store:
        """The store of the first opening."""
        return self.opened.store

    @property
    def queue(self) -> Queue:
        """The queue of the first opening."""
        return self.opened.queue


Case: TypeAlias = Callable[[Rig], Coroutine[Any, Any, None]]


def case_name(case: Callable[..., object]) -> str:
    """Name a case, for the ids of a parametrised test."""
    return getattr(case, "__name__", repr(case)).lstrip("_")


def run_case(case: Case, make: Callable[[], Backend], colour: Colour) -> None:
    """Run one case on a new, empty backend and close it.

    Raises:
        AssertionError: The adapter does not do what the port says.
    """
    backend, clock = make(), ManualClock()
    opening = backend.blocking if colour is Colour.BLOCKING else backend.asynchronous
    try:
        rig = Rig(opened=opening(clock), again=opening(clock), clock=clock)
        if colour is Colour.BLOCKING:
            run_sync(case(rig), what=case_name(case))
        else:
            asyncio.run(case(rig))
    finally:
        backend.close()


def expect(actual: object, expected: object, what: str) -> None:
    """Compare, and say what was expected.

    Raises:
        AssertionError: They differ.
    """
    if actual != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {actual!r}")


def task(name: str, host: str = "a.example", **options: Any) -> Task:
    """Build a task with a payload that names it."""
    options.setdefault("site", SITE)
    options.setdefault("lane", Lane(LaneKind.OUT, host))
    return Task(payload=payload(name), **options)


def payload(name: str) -> bytes:
    """Build the payload of the task of a name."""
    return b'{"v":1,"kind":"test","name":"%s"}' % name.encode()


def names(claim: Claim | None) -> list[str]:
    """Give the names of a claim's tasks, in order; none for no claim."""
    return [] if claim is None else [job.payload.decode().split('"')[-2] for job in claim.jobs]


async def claim_of(queue: Queue, **options: Any) -> Claim:
    """Claim, and insist on getting something."""
    options.setdefault("lease_s", LEASE_S)
    options.setdefault("batch_max", 10)
    claim = await queue.claim(**options)
    if claim is None:
        raise AssertionError("there is something to claim, but the queue gave nothing")
    return claim


async def next_names(queue: Queue, **options: Any) -> list[str]:
    """Claim and give the names, leaving the lease in place."""
    options.setdefault("lease_s", LEASE_S)
    options.setdefault("batch_max", 10)
    return names(await queue.claim(**options))
