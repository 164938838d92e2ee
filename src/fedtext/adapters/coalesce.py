"""Single flight: many callers of one key, one run; and lines: so many of one key at once, the others wait.

Invariants: a run that ended is forgotten at once (this is no cache); a caller that is cancelled does not take the
run away from the others; a run that nobody waits for any more is cancelled; a line in which nobody stands takes no
memory.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import attrs

from ..errors import TooManyWaiting

T = TypeVar("T")


# A thread that waits holds up a whole request.
_THREAD_WAITS_S_MAX = 10.0


def _waits_s(asked_s: float | None) -> float:
    return _THREAD_WAITS_S_MAX if asked_s is None else max(0.0, min(asked_s, _THREAD_WAITS_S_MAX))


@attrs.define
class _ThreadLine:
    free: threading.Semaphore
    present: int = 0


@attrs.define
class _TaskLine:
    free: asyncio.Semaphore
    present: int = 0


class InlineCoalesce:
    """Runs every factory where it is called.

    A blocking edge has one caller per thread: a second thread may do the same work at the same time, which is
    wasteful at worst, whereas waiting for another thread could hold up a whole request. In a line threads do wait, for
    a bounded time.
    """

    def __init__(self) -> None:
        self._lines: dict[str, _ThreadLine] = {}
        self._lock = threading.Lock()

    async def run(self, key: str, factory: Callable[[], Awaitable[T]]) -> T:  # noqa: ARG002 - the port has it
        """Run the factory and give its result."""
        return await factory()

    async def in_turn(
        self,
        key: str,
        factory: Callable[[], Awaitable[T]],
        *,
        at_once_max: int,
        waiting_max: int,
        waits_s_max: float | None = None,
    ) -> T:
        """Run the factory when fewer than `at_once_max` of this key are under way; wait in line until then."""
        with self._lock:
            line = self._lines.setdefault(key, _ThreadLine(threading.Semaphore(at_once_max)))
            if line.present >= at_once_max + waiting_max:
                raise TooManyWaiting(key=key)
            line.present += 1
        try:
            if not line.free.acquire(timeout=_waits_s(waits_s_max)):
                raise TooManyWaiting("nobody in line has had a turn for long", key=key)
            try:
                return await factory()
            finally:
                line.free.release()
        finally:
            with self._lock:
                line.present -= 1
                if line.present == 0:
                    self._lines.pop(key, None)


@attrs.define
class _Flight:
    task: asyncio.Task[Any]
    waiters: int = 0


class AsyncCoalesce:
    """Shares one task among all callers of a key on the same event loop."""

    def __init__(self) -> None:
        self._flights: dict[tuple[int, str], _Flight] = {}
        self._lines: dict[tuple[int, str], _TaskLine] = {}

    async def run(self, key: str, factory: Callable[[], Awaitable[T]]) -> T:
        """Run the factory, or wait for the run of the same key that is under way and share its result or error."""
        loop = asyncio.get_running_loop()
        place = (id(loop), key)
        flight = self._flights.get(place)
        if flight is None or flight.task.done():
            flight = _Flight(loop.create_task(_awaited(factory)))
            self._flights[place] = flight
            flight.task.add_done_callback(lambda task: self._landed(place, task))
        flight.waiters += 1
        try:
            # shielded: this caller may be cancelled while others still wait for the same run
            result: T = await asyncio.shield(flight.task)
            return result
        finally:
            flight.waiters -= 1
            if flight.waiters == 0 and not flight.task.done():
                self._flights.pop(place, None)
                flight.task.cancel()

    async def in_turn(
        self,
        key: str,
        factory: Callable[[], Awaitable[T]],
        *,
        at_once_max: int,
        waiting_max: int,
        waits_s_max: float | None = None,
    ) -> T:
        """Run the factory when fewer than `at_once_max` of this key are under way; wait in line until then."""
        place = (id(asyncio.get_running_loop()), key)
        line = self._lines.setdefault(place, _TaskLine(asyncio.Semaphore(at_once_max)))
        if line.present >= at_once_max + waiting_max:
            raise TooManyWaiting(key=key)
        line.present += 1
        try:
            try:
                async with asyncio.timeout(waits_s_max):
                    await line.free.acquire()
            except TimeoutError as error:
                raise TooManyWaiting("no turn came in time", key=key) from error
            try:
                return await factory()
            finally:
                line.free.release()
        finally:
            line.present -= 1
            if line.present == 0:
                self._lines.pop(place, None)

    def _landed(self, place: tuple[int, str], task: asyncio.Task[Any]) -> None:
        flight = self._flights.get(place)
        if flight is not None and flight.task is task:
            del self._flights[place]
        if not task.cancelled():
            task.exception()  # marks it as seen: every waiter may have gone


async def _awaited(factory: Callable[[], Awaitable[T]]) -> T:
    return await factory()
