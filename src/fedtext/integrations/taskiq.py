"""taskiq carries the deliveries.

    broker = RedisStreamBroker("redis://localhost")        # or NATS JetStream, RabbitMQ: any broker of taskiq's
    carry_deliveries(fed, broker)

Run `taskiq worker` as ever. There are two tasks: `fedtext.carry_lane` gets a message that names a host (or what else
stands in a lane), and `fedtext.sweep`, for which each worker sends a message from time to time; no scheduler is needed.
With a `ScheduleSource` (and then `taskiq scheduler`) a lane comes back when it is due, without one at the next sweep.

The web process starts the broker (`await broker.startup()`) to send. Plain code has no event loop to send on: what it
posts is found by the sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from taskiq import AsyncBroker, AsyncTaskiqDecoratedTask, ScheduleSource, TaskiqEvents, TaskiqState

from ..errors import ConfigurationError
from ..runtime import CarryPolicy, Event, Federation, LaneCall, LaneCarrier

__all__ = ["carry_deliveries"]


def carry_deliveries(
    federation: Federation,
    broker: AsyncBroker,
    *,
    name: str = "fedtext",
    schedules: ScheduleSource | None = None,
    policy: CarryPolicy | None = None,
) -> LaneCarrier:
    """Let a broker of taskiq carry the deliveries of a federation; no door starts a worker of ours any more.

    Args:
        federation: Its backend is one that web processes and workers share; "memory://" does for an `InMemoryBroker`.
        broker: Sends and runs the tasks.
        name: What the names of the tasks begin with; a second federation on the same broker needs another.
        schedules: Where lanes that come back later are written down; None: the sweep finds them.
        policy: How long a run is, how often is swept.

    Returns:
        What carries.

    Raises:
        ConfigurationError: The federation, or the name, is taken.
    """
    names = (f"{name}.carry_lane", f"{name}.sweep")
    if any(broker.find_task(taken) is not None for taken in names):
        raise ConfigurationError("this broker has tasks of that name: give another one", name=name)

    async def carry_lane(message: dict[str, Any]) -> None:
        await carrier.carry(message)

    async def sweep() -> None:
        await carrier.sweep()

    carrying = broker.register_task(carry_lane, task_name=names[0])
    sweeping = broker.register_task(sweep, task_name=names[1])
    carrier = LaneCarrier(federation, _Messenger(carrying, schedules), policy)
    _sweep_while_working(broker, sweeping, federation, carrier.policy.sweep_s)
    return carrier


class _Messenger:
    def __init__(self, task: AsyncTaskiqDecoratedTask[[dict[str, Any]], Any], schedules: ScheduleSource | None) -> None:
        self._task = task
        self._schedules = schedules

    def send(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        """Send nothing: a broker belongs to an event loop."""

    async def send_async(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        if after_s <= 0:
            for call in calls:
                await self._task.kiq(call.dump())
        elif self._schedules is not None:
            at = datetime.now(UTC) + timedelta(seconds=after_s)
            for call in calls:
                await self._task.schedule_by_time(self._schedules, at, call.dump())


def _sweep_while_working(
    broker: AsyncBroker, sweeping: AsyncTaskiqDecoratedTask[[], Any], federation: Federation, every_s: float
) -> None:
    """Send for a sweep again and again while this process is a worker.

    Through the broker, so that it comes after the messages that wait there already and calls for none of them anew.
    """
    running: set[asyncio.Task[None]] = set()

    async def repeat() -> None:
        while True:
            try:
                await sweeping.kiq()
            except Exception as error:  # the broker's: it may be back the next time
                federation.ports.observer.emit(Event(name="lane.call_failed", fields={"error": repr(error)[:300]}))
            await asyncio.sleep(every_s)

    async def start(_state: TaskiqState) -> None:
        running.add(asyncio.get_running_loop().create_task(repeat(), name="fedtext sweeps"))

    async def stop(_state: TaskiqState) -> None:
        while running:
            running.pop().cancel()

    broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, start)
    broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, stop)
