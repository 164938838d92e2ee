"""Let an engine (Celery, taskiq, Django's tasks) carry the lanes instead of a worker of ours.

The engine gets a message that names a lane; its worker calls `carry`, which claims that lane, carries out its batches
and asks to be called again when something waits for later. Where it stands is known to the queue alone. A sweep that
the engine runs from time to time calls for every lane that is due and held by nobody: whatever was lost (a message, a
worker that was killed) is made up for by it.

Invariants: at most one run at a time per lane, by its lease; a message that cannot be sent is reported and no more; a
fault of a port ends a run as a failed one of the engine, which is there to be seen, and loses nothing.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

import attrs

from ..errors import ConfigurationError
from ..ports import Event, Lane, PortSet, Queue, Task, store_key
from ..sync import run_sync
from .checks import refuse_suspending
from .lanes import LANES_AT_ONCE_MAX, CarryPolicy, LaneCall, calls_of, lanes_of, own_lanes, parse_call, plan_return
from .served import Served
from .worker import Worker

T = TypeVar("T")
Send = Callable[[Sequence[LaneCall], float], Awaitable[None]]


class Messenger(Protocol):
    """What an engine has to do for us, in both colours; may raise whatever it likes.

    An engine that cannot send in a colour, or nothing for later (`after_s` > 0), sends nothing: the sweep finds it.
    """

    def send(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        """Send messages on the calling thread, to be handed to `LaneCarrier.carry` after so many seconds."""
        ...

    async def send_async(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        """Send messages on the event loop."""
        ...


class LaneCarrier:
    """Carries the lanes of one federation when an engine says so, and tells the engine of what is new.

    From the moment that it is made no door starts a worker, and whatever is enqueued is announced. An adapter makes
    one: `fedtext.integrations.celery.carry_deliveries`, for example.

    Args:
        federation: Whose lanes.
        messenger: The engine.
        policy: How long a run is, how often is swept.
    """

    def __init__(self, federation: Served, messenger: Messenger, policy: CarryPolicy | None = None) -> None:
        if federation.ports.announcer is not None:
            raise ConfigurationError("an engine carries this federation's deliveries already")
        self.policy = policy or CarryPolicy()
        self._federation = federation
        self._messenger = messenger
        self._worker = Worker(federation)
        self._loop = LoopThread()
        self._suspends: bool | None = None
        self._quiet_until_s = 0.0
        federation.worker_mode = "off"
        federation.ports = attrs.evolve(federation.ports, announcer=self)

    @property
    def site(self) -> str:
        """Origin of the site whose lanes these are."""
        return self._federation.engine.site.origin

    # ---- what the engine calls -----------------------------------------------------------------------------------

    async def carry(self, message: object) -> int:
        """Carry the lane that a message names, on the event loop; gives how many batches there were.

        Raises:
            QueueError: Not a message for this site, or the queue fails; then the sweep tries again.
        """
        return await self._carry(message, self._asynchronous(), self._worker.step, self._send_async)

    def carry_blocking(self, message: object) -> int:
        """Do what `carry` does on the calling thread.

        Where a callback of the application suspends, that happens on an event loop on a thread of its own.

        Raises:
            QueueError: See `carry`.
        """
        if self._is_suspending():
            return self._loop.run(lambda: self.carry(message))

        async def step(lane: Lane | None) -> bool:
            return self._worker.step_blocking(lane)

        return run_sync(self._carry(message, self._blocking(), step, self._send))

    async def sweep(self) -> int:
        """Call for every lane that is due and that nobody holds; gives how many.

        However many sweeps there are, one in half of `sweep_s` looks: they may pile up while no engine runs.

        Raises:
            PortError: Queue or store fail.
        """
        return await self._sweep(self._asynchronous(), self._send_async)

    def sweep_blocking(self) -> int:
        """Do what `sweep` does on the calling thread.

        Raises:
            PortError: Queue or store fail.
        """
        return run_sync(self._sweep(self._blocking(), self._send))

    # ---- what the application and the ports call -----------------------------------------------------------------

    def committed(self) -> None:
        """Say that a transaction of yours is committed in which something was sent; else the sweep finds it."""
        run_sync(self.announce(self._blocking().queue, None, blocking=True))

    async def announce(self, queue: Queue, tasks: Sequence[Task] | None, *, blocking: bool) -> None:
        """Call for the lanes of new tasks, those that can be claimed by now: the others are held, or back off.

        For `sweep_s` after a call that failed nobody is called: a broker that is down may keep each caller waiting.
        """
        now_s, site = self._federation.ports.clock.now_s(), self.site
        if now_s < self._quiet_until_s:
            return
        lanes = own_lanes(site) if tasks is None else lanes_of(tasks, site=site, now_s=now_s)
        send = self._send if blocking else self._send_async
        try:
            for start in range(0, len(lanes), LANES_AT_ONCE_MAX):
                part = lanes[start : start + LANES_AT_ONCE_MAX]
                await send(calls_of(await queue.ready(until_s=now_s, site=site, lanes=part)), 0.0)
        except Exception as error:  # the rows are durable: who wrote them is not to fail
            self._report(error)

    # ---- the one body of both colours ----------------------------------------------------------------------------

    async def _carry(
        self, message: object, ports: PortSet, step: Callable[[Lane | None], Awaitable[bool]], send: Send
    ) -> int:
        call = parse_call(message, site=self.site)
        batches = 0
        while batches < self.policy.batches_max and await step(call.lane):
            batches += 1
        if not batches:
            return 0
        now_s = ports.clock.now_s()
        due_s = await ports.queue.next_due_s(call.lane, site=call.site)
        after_s = plan_return(due_s, now_s=now_s, return_s_max=self.policy.return_s_max)
        if after_s is not None:
            await send([call], after_s)
        return batches

    async def _sweep(self, ports: PortSet, send: Send) -> int:
        mark = store_key(self.site, "lane-sweep")
        if not await ports.store.add_if_absent(mark, b"1", ttl_s=self.policy.sweep_s / 2):
            return 0
        due = await ports.queue.ready(until_s=ports.clock.now_s(), site=self.site, limit=self.policy.swept_max)
        await send(calls_of(due), 0.0)
        return len(due)

    async def _send(self, calls: Sequence[LaneCall], after_s: float) -> None:
        try:
            if calls:
                self._messenger.send(calls, after_s=after_s)
        except Exception as error:  # the broker's: the sweep calls again
            self._report(error)

    async def _send_async(self, calls: Sequence[LaneCall], after_s: float) -> None:
        try:
            if calls:
                await self._messenger.send_async(calls, after_s=after_s)
        except Exception as error:  # the broker's: the sweep calls again
            self._report(error)

    def _report(self, error: Exception) -> None:
        self._quiet_until_s = self._federation.ports.clock.now_s() + self.policy.sweep_s
        self._federation.ports.observer.emit(Event(name="lane.call_failed", fields={"error": repr(error)[:300]}))

    def _asynchronous(self) -> PortSet:
        return self._federation.ports.asynchronous()

    def _blocking(self) -> PortSet:
        return self._federation.ports.blocking()

    def _is_suspending(self) -> bool:
        if self._suspends is None:
            try:
                refuse_suspending(self._federation.engine.router.callbacks())
            except ConfigurationError:
                self._suspends = True
            else:
                self._suspends = False
        return self._suspends


class LoopThread:
    """An event loop on a thread of its own, made at first use and once per process: a fork has no threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process_id = 0

    def run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine there and give its result; whoever is interrupted meanwhile cancels it."""
        future = asyncio.run_coroutine_threadsafe(make(), self._started())
        try:
            return future.result()
        except BaseException:  # a time limit of the engine's, for one: the lane is handed back, not kept
            future.cancel()
            raise

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._process_id != os.getpid():
                self._loop, self._process_id = asyncio.new_event_loop(), os.getpid()
                threading.Thread(target=self._loop.run_forever, name="fedtext lanes", daemon=True).start()
            return self._loop
