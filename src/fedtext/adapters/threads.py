"""Threads that carry blocking calls for an event loop: made when first needed, forgotten by a fork."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

T = TypeVar("T")


class Carrier(Protocol):
    """A colour of making a blocking call."""

    async def run(self, call: Callable[[], T]) -> T:
        """Make the call and give its result."""
        ...


class InPlace:
    """Makes the call where it is asked for; never suspends."""

    async def run(self, call: Callable[[], T]) -> T:
        """Make the call and give its result."""
        return call()


class Threads:
    """Makes calls on threads of its own, so that the event loop goes on.

    Args:
        name: Of the threads, as tools that list threads show it.
        threads_max: Calls that run at once.
    """

    def __init__(self, name: str, threads_max: int) -> None:
        self._name = name
        self._threads_max = threads_max
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None
        _all.add(self)

    async def run(self, call: Callable[[], T]) -> T:
        """Make the call and give its result; a caller that is cancelled does not end it."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads_max, thread_name_prefix=self._name)
            executor = self._executor
        return await asyncio.get_running_loop().run_in_executor(executor, call)

    def close(self) -> None:
        """Wait for the calls that run, and end the threads; the next call makes new ones."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    def forget(self) -> None:
        """Let go of what belongs to the parent process: the threads stayed there, and the lock may be held there."""
        self._lock = threading.Lock()
        self._executor = None


_all: weakref.WeakSet[Threads] = weakref.WeakSet()


def _after_fork() -> None:
    for threads in list(_all):
        threads.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
