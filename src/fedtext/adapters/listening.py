"""Waking idle workers: one connection of a process listens, whoever waits is woken one after the other.

Waiting is a convenience, never a need: a worker that misses a message looks again by itself after a while. So the
thread that listens ends without fuss when its connection is lost, and the next who waits starts another.

Invariants: nothing listens before somebody waits; what arrives between a look into the queue and the wait that
follows it wakes at once; the thread is forgotten by a fork.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import closing, suppress
from typing import Any

import psycopg

from ..errors import FedtextError

CHANNEL = "fedtext"
POLL_S = 30.0
"""How often the thread sees to its connection when nothing happens."""


class Listener:
    """Wakes those who wait when the database says that there is work.

    Args:
        connect: Opens a connection of the listener's own, each of whose statements is a transaction.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._waiting: deque[Future[bool]] = deque()
        self._heard = 0
        self._thread: threading.Thread | None = None
        self._bell: socket.socket | None = None
        _listeners.add(self)

    @property
    def heard(self) -> int:
        """How many messages have arrived; keep it before you look, give it to `wait` after."""
        return self._heard

    async def wait(self, heard: int, timeout_s: float) -> bool:
        """Wait on the event loop for a message after the first `heard`; False: it is time to look anyway."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self._enter(heard)), timeout_s)
        except TimeoutError:
            return False

    def wait_blocking(self, heard: int, timeout_s: float) -> bool:
        """Do what `wait` does on the calling thread."""
        future = self._enter(heard)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            return False

    def wake_one(self) -> None:
        """Wake one who waits: where one found work there may be more."""
        with self._lock:
            while self._waiting:
                with suppress(InvalidStateError):  # this one gave up: the next
                    self._waiting.popleft().set_result(True)
                    return

    def close(self) -> None:
        """End the thread and its connection."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._close_bell()
        if thread is not None:
            thread.join()

    def forget(self) -> None:
        """Let go of what belongs to the parent process: the thread stayed there."""
        _inherited.append(self._bell)
        self._lock = threading.Lock()
        self._waiting, self._thread, self._bell = deque(), None, None

    def _close_bell(self) -> None:
        if self._bell is not None:
            self._bell.close()
            self._bell = None

    def _enter(self, heard: int) -> Future[bool]:
        future: Future[bool] = Future()
        with self._lock:
            if self._heard != heard:
                future.set_result(True)
                return future
            self._waiting = deque(one for one in self._waiting if not one.done())
            self._waiting.append(future)
            if self._thread is None:
                self._bell, ear = socket.socketpair()
                self._thread = threading.Thread(target=self._run, args=(ear,), name="fedtext listener", daemon=True)
                self._thread.start()
        return future

    def _run(self, ear: socket.socket) -> None:
        # an address that is wrong, a server that is down: the worker's own look into the queue says so
        with ear, suppress(psycopg.Error, OSError, FedtextError):
            self._listen(ear)
        with self._lock:
            if self._thread is threading.current_thread():
                self._thread = None
                self._close_bell()

    def _listen(self, ear: socket.socket) -> None:
        with closing(self._connect()) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._hear()  # what was said before we listened
            while self._next(connection, ear):
                pass

    def _next(self, connection: psycopg.Connection[Any], ear: socket.socket) -> bool:
        with selectors.DefaultSelector() as doors:  # `select` itself takes no descriptors above 1023
            doors.register(connection.fileno(), selectors.EVENT_READ)
            doors.register(ear, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in doors.select(POLL_S)]
        if ear in ready:
            return False
        if any(True for _ in connection.notifies(timeout=0)):
            self._hear()
        return True

    def _hear(self) -> None:
        with self._lock:
            self._heard += 1
        self.wake_one()


_listeners: weakref.WeakSet[Listener] = weakref.WeakSet()
_inherited: list[socket.socket | None] = []


def _after_fork() -> None:
    for listener in list(_listeners):
        listener.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)
