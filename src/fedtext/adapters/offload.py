"""Running a plain callable elsewhere: at once on this thread, or on a thread of a pool."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class InlineOffload:
    """Runs the callable where it is called: for an edge that may block."""

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run it and give its result; its exceptions pass through."""
        return function(*arguments)


class ThreadOffload:
    """Runs the callable on a thread of its own small pool, with the caller's context variables.

    The pool starts with the first call and, after a fork, anew in the child.

    Args:
        max_workers: How many callables may run at once; more wait.
    """

    def __init__(self, max_workers: int = 8) -> None:
        self._max_workers = max_workers
        self._pool: ThreadPoolExecutor | None = None
        self._pid = os.getpid()
        self._lock = threading.Lock()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run it on a thread and give its result; its exceptions pass through."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads(), lambda: context.run(function, *arguments))

    def close(self) -> None:
        """Wait for what is running and end the threads; a later call starts new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None and self._pid == os.getpid():
            pool.shutdown(wait=True, cancel_futures=True)

    def _threads(self) -> ThreadPoolExecutor:
        if self._pid != os.getpid():  # the threads stayed in the parent, and so may a holder of the lock
            self._pid, self._pool, self._lock = os.getpid(), None, threading.Lock()
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._max_workers, thread_name_prefix="fedtext-offload")
            return self._pool
