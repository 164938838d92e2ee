"""A thread that carries out what comes, and waits a moment for more before it goes.

To have an executor run something costs as much as a small piece of work on a database. While work comes, one run lasts.

Invariants: what is asked for is run, by one thread at a time, after it was asked for; an executor that is shut down
waits for the run, which then ends at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from queue import Empty, SimpleQueue
from typing import Final

LINGER_S: Final = 0.1
"""For how long a run waits for more; and an interpreter that ends, for the run."""


class Lingerer:
    """Runs one function on a thread of an executor, again and again.

    Args:
        run: Carries out all that has come until then.
        linger_s: See `LINGER_S`.
    """

    def __init__(self, run: Callable[[], None], *, linger_s: float = LINGER_S) -> None:
        self._run = run
        self._linger_s = linger_s
        self.forget()

    def forget(self) -> None:
        """Let go of what a parent process had: its threads stayed there, and one may have held the lock."""
        self._lock = threading.Lock()
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._is_called = False
        self._lasts = False

    def call(self, executor: Callable[[], Executor]) -> None:
        """Have the function run soon.

        Args:
            executor: Gives the executor, where no run lasts.
        """
        with self._lock:
            if self._is_called:  # and nobody has begun yet
                return
            self._is_called = True
            if self._lasts:
                self._calls.put(True)
                return
            self._lasts = True
            try:
                executor().submit(self._last)
            except BaseException:  # no thread can be started: whoever comes next tries again
                self._is_called = self._lasts = False
                raise

    def end(self) -> None:
        """Let the run end when it has done what it was asked for."""
        self._calls.put(False)

    def _last(self) -> None:
        try:
            while True:
                self._is_called = False  # before it runs: what comes later calls again
                self._run()
                if not self._is_awaited():
                    return
        except BaseException:
            with self._lock:
                self._is_called = self._lasts = False
            raise

    def _is_awaited(self) -> bool:
        """Wait for a call; False, and the run is over, when none comes in time."""
        try:
            is_called = self._calls.get(timeout=self._linger_s)
        except Empty:
            is_called = False
        if is_called:
            return True
        with self._lock:
            self._lasts = self._is_called  # somebody may have called at the last moment
            return self._lasts
