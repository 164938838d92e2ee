"""Celery carries the deliveries.

    app = Celery("blog", broker="redis://localhost")
    carry_deliveries(fed, app)

Run `celery worker` and `celery beat` as ever. There are two tasks: `fedtext.carry_lane` gets a message that names a
host (or what else stands in a lane), and `fedtext.sweep` is run by beat. Messages are JSON and hold no payload; no
result is kept. Web processes need the same two lines, to send.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import Celery  # pyright: ignore[reportMissingTypeStubs]

from ..errors import ConfigurationError
from ..runtime import CarryPolicy, Federation, LaneCall, LaneCarrier

__all__ = ["carry_deliveries"]


def carry_deliveries(
    federation: Federation,
    app: Celery,
    *,
    name: str = "fedtext",
    queue: str | None = None,
    policy: CarryPolicy | None = None,
) -> LaneCarrier:
    """Let an application of Celery carry the deliveries of a federation; no door starts a worker of ours any more.

    Args:
        federation: Its backend is one that web processes and workers share: not "memory://".
        app: Sends and runs the tasks.
        name: What the names of the tasks begin with; a second federation in the same application needs another.
        queue: Celery's queue for them; None: its default.
        policy: How long a run is, how often is swept.

    Returns:
        What carries; `committed()` calls at once for what your own transaction has sent.

    Raises:
        ConfigurationError: The federation, or the name, is taken.
    """
    names = (f"{name}.carry_lane", f"{name}.sweep")
    engine: Any = app  # has no types
    if any(taken in engine.tasks for taken in names):
        raise ConfigurationError("this application has tasks of that name: give another one", name=name)
    carrier = LaneCarrier(federation, _Messenger(federation, engine, names[0], queue), policy)

    def carry_lane(message: object) -> None:
        carrier.carry_blocking(message)

    def sweep() -> None:
        carrier.sweep_blocking()

    options = {"ignore_result": True, "serializer": "json", "shared": False, "lazy": False}
    engine.task(name=names[0], **options)(carry_lane)
    sweeping = engine.task(name=names[1], **options)(sweep)
    # One that waited for longer than until the next is of no use: they do not pile up while no worker runs.
    every_s = carrier.policy.sweep_s
    engine.add_periodic_task(every_s, sweeping.s(), name=names[1], expires=every_s, **_to(queue))
    return carrier


def _to(queue: str | None) -> dict[str, str]:
    return {} if queue is None else {"queue": queue}


class _Messenger:
    def __init__(self, federation: Federation, app: Any, task: str, queue: str | None) -> None:
        self._federation = federation
        self._app = app
        self._task = task
        self._queue = queue

    def send(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        task = self._app.tasks[self._task]
        options: dict[str, Any] = {**_to(self._queue), **({"countdown": after_s} if after_s > 0 else {})}
        with self._app.producer_or_acquire() as producer:
            for call in calls:  # no retry: who posts does not wait for a broker that is down; the sweep calls again
                task.apply_async((call.dump(),), producer=producer, retry=False, **options)

    async def send_async(self, calls: Sequence[LaneCall], *, after_s: float) -> None:
        offload = self._federation.ports.offload
        await offload.run(lambda: self.send(calls, after_s=after_s))
