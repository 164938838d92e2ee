"""What many callers at once come to: single flight, lines and rows.

Of a flight many callers of one key share one run; in a line so many of one key are let in at once, and the others wait;
in a row the short work of many is done, one piece right after the other.

Invariants: a run that ended is forgotten at once (this is no cache); a caller that is cancelled does not take the
run away from the others; a run that nobody waits for any more is cancelled; a line in which nobody stands takes no
memory; a row holds up its loop no longer than `row_s_max` says and one piece of work.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final, TypeAlias, TypeVar

import attrs

from ..errors import TooManyWaiting

T = TypeVar("T")


row_s_max: Final = ContextVar("row_s_max", default=0.002)
"""After so long a row lets its loop see to everything else before it goes on: soon, where that may be pages."""

_Row: TypeAlias = deque[tuple[asyncio.Future[Any], Callable[[], Any]]]

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

    async def in_row(self, work: Callable[[], T]) -> T:
        """Carry it out: nobody else is there."""
        return work()


@attrs.define
class _Flight:
    task: asyncio.Task[Any]
    waiters: int = 0


class AsyncCoalesce:
    """Shares one task among all callers of a key on the same event loop."""

    def __init__(self) -> None:
        self._flights: dict[tuple[int, str], _Flight] = {}
        self._lines: dict[tuple[int, str], _TaskLine] = {}
        self._rows: dict[asyncio.AbstractEventLoop, _Row] = {}

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

    async def in_row(self, work: Callable[[], T]) -> T:
        """Carry out a short computation in the next round of the loop, right behind those of other callers."""
        loop = asyncio.get_running_loop()
        row = self._rows.get(loop)
        if row is None:
            row = self._rows[loop] = deque()
            loop.call_soon(self._work_off, loop, row)
        future: asyncio.Future[T] = loop.create_future()
        row.append((future, work))
        return await future

    def _work_off(self, loop: asyncio.AbstractEventLoop, row: _Row) -> None:
        until_s = time.monotonic() + row_s_max.get()
        try:
            while row:
                future, work = row.popleft()
                if not future.done():  # else whoever asked for it has been cancelled
                    _settle(future, work)
                if time.monotonic() >= until_s:
                    break
        finally:
            if row:
                loop.call_soon(self._work_off, loop, row)
            else:
                del self._rows[loop]

    def _landed(self, place: tuple[int, str], task: asyncio.Task[Any]) -> None:
        flight = self._flights.get(place)
        if flight is not None and flight.task is task:
            del self._flights[place]
        if not task.cancelled():
            task.exception()  # marks it as seen: every waiter may have gone


def _settle(future: asyncio.Future[Any], work: Callable[[], Any]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # whoever awaits it decides what becomes of it
        future.set_exception(error)


async def _awaited(factory: Callable[[], Awaitable[T]]) -> T:
    return await factory()
