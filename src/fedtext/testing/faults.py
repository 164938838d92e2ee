"""Faults on purpose: make the n-th call of a port fail.

A flow is run with n = 1, 2, 3 … until a run needs no failure; after each one the state must be clean. (SQLite tests
itself so: a failure at every place where one can happen, not only at those that somebody thought of.)

Example:
    >>> fault = FailNth(3, error=StoreError("disk full"), moment=Moment.AFTER)
    >>> ports = fault.wrap_all(ports)
    >>> ...                                    # the flow under test
    >>> fault.calls, fault.fired
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Awaitable, Callable, Collection
from enum import Enum
from typing import Any, TypeVar, cast

import attrs

from ..errors import PortError
from ..ports import PortSet

P = TypeVar("P")


class Moment(Enum):
    """When the chosen call fails: before its work, or after it (done, but the caller is not told)."""

    BEFORE = "before"
    AFTER = "after"


class FailNth:
    """Counts the calls of every port that it wraps and makes one of them fail.

    Only coroutine methods count, apart from `close`; plain methods and properties pass through.

    Args:
        nth: Which call fails, counted from 1 over all wrapped ports; 0: none, it only counts.
        error: What is raised.
        moment: Before or after the call's own work.
        methods: Count and fail only calls of these names.
    """

    def __init__(
        self,
        nth: int,
        *,
        error: BaseException | None = None,
        moment: Moment = Moment.BEFORE,
        methods: Collection[str] | None = None,
    ) -> None:
        self.nth = nth
        self.moment = moment
        self.calls = 0
        self.fired: str | None = None
        self.log: list[str] = []
        self._error = error if error is not None else PortError("a fault on purpose")
        self._methods = None if methods is None else frozenset(methods)
        self._lock = threading.Lock()

    def wrap(self, port: P) -> P:
        """Give a port that behaves as this one, but for the chosen call."""
        return cast("P", _Faulty(self, port))

    def wrap_all(self, ports: PortSet) -> PortSet:
        """Wrap the ports that reach outside: transport, store, queue and SQL."""
        return attrs.evolve(
            ports,
            transport=self.wrap(ports.transport),
            store=self.wrap(ports.store),
            queue=self.wrap(ports.queue),
            sql=None if ports.sql is None else self.wrap(ports.sql),
        )

    async def carry_out(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Run one call of a wrapped port, or fail instead of it or after it."""
        if not self._is_chosen(name):
            return await call()
        if self.moment is Moment.AFTER:
            await call()
        raise self._error

    def counts(self, name: str) -> bool:
        """Tell whether calls of this method are counted."""
        return name != "close" and (self._methods is None or name in self._methods)

    def _is_chosen(self, name: str) -> bool:
        with self._lock:
            self.calls += 1
            self.log.append(name)
            chosen = self.calls == self.nth
            if chosen:
                self.fired = name
            return chosen


class _Faulty:
    def __init__(self, fault: FailNth, port: object) -> None:
        self._fault = fault
        self._port = port

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._port, name)
        if not inspect.iscoroutinefunction(member) or not self._fault.counts(name):
            return member

        async def call(*arguments: Any, **options: Any) -> Any:
            return await self._fault.carry_out(name, lambda: member(*arguments, **options))

        return call

    def __repr__(self) -> str:
        return f"FailNth({self._fault.nth}).wrap({self._port!r})"
