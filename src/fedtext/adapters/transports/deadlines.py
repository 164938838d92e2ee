"""Deadlines of exchanges, on one timer for all of a loop.

`asyncio.timeout` sets a timer and takes it back for each exchange, of which hardly any ever runs out of time. Here the
timer is set for the first deadline, and looks again when that is reached.

Invariants: what runs out of time is cancelled once, and only that cancellation becomes a `TimeoutError`, as with
`asyncio.timeout`; a timer that goes off late or early ends nothing before its time.

Sources: docs of `asyncio.Task.uncancel`.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Self

_EARLY_S: Final = 0.001  # loops count in milliseconds


class Deadline:
    """A bound of what the running task does in a block, in which it is raised as `TimeoutError`.

    Args:
        deadlines: Those of its loop.
        seconds_max: From now.
    """

    __slots__ = ("_cancelling", "_deadlines", "_task", "has_passed", "when_s")

    def __init__(self, deadlines: Deadlines, seconds_max: float) -> None:
        task = asyncio.current_task(deadlines.loop)
        if task is None:
            raise RuntimeError("a deadline is that of a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines = deadlines
        self.when_s = deadlines.now_s() + seconds_max
        self.has_passed = False

    def __enter__(self) -> Self:
        """Begin."""
        self._deadlines.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End; a cancellation that is this one's becomes a `TimeoutError`."""
        self._deadlines.remove(self)
        if self.has_passed and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from fault

    def strike(self) -> None:
        """End the block."""
        self.has_passed = True
        self._task.cancel()


class Deadlines:
    """All deadlines of one loop.

    Args:
        loop: On which their tasks run.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._running: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_s = 0.0

    def now_s(self) -> float:
        """Give the time of the loop."""
        return self.loop.time()

    def within(self, seconds_max: float) -> Deadline:
        """Give a deadline for a block of the running task."""
        return Deadline(self, seconds_max)

    def add(self, deadline: Deadline) -> None:
        """Watch over one."""
        self._running[deadline] = None
        if self._timer is None or deadline.when_s < self._timer_s:
            self._set_timer(deadline.when_s)

    def remove(self, deadline: Deadline) -> None:
        """Watch over it no more; the timer stays, and will find that it is gone."""
        self._running.pop(deadline, None)

    def close(self) -> None:
        """Take the timer back."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __len__(self) -> int:
        """Give how many are watched over."""
        return len(self._running)

    def _set_timer(self, when_s: float) -> None:
        self.close()
        self._timer_s = when_s
        self._timer = self.loop.call_at(when_s, self._look)

    def _look(self) -> None:
        self._timer = None
        now_s = self.loop.time() + _EARLY_S
        for deadline in [one for one in self._running if one.when_s <= now_s]:
            self.remove(deadline)
            deadline.strike()
        if self._running:
            self._set_timer(min(one.when_s for one in self._running))
