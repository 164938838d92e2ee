"""Processes that take turns: each stops before every call of a port, and a test says who goes on, who fails, who dies.

So two workers interleave in every way that two machines could, in one thread and without a clock.
"""

from __future__ import annotations

import inspect
from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from types import coroutine
from typing import Any

import attrs

from fedtext.config import Config
from fedtext.errors import StoreError
from fedtext.federation.engine import Engine
from fedtext.ports import PortSet
from fedtext.testing.faults import Moment


@coroutine
def _turn() -> Generator[None, None, None]:
    yield


class Pace:
    """Wraps ports, so that each call waits for its turn."""

    def __init__(self) -> None:
        self.is_dead = False
        self.failing: Moment | None = None
        """When the next call fails; None: it does not."""

    def wrap_all(self, ports: PortSet) -> PortSet:
        """Wrap the ports that a process shares with others."""
        return attrs.evolve(
            ports,
            transport=_Paced(self, ports.transport),
            store=_Paced(self, ports.store),
            queue=_Paced(self, ports.queue),
        )

    async def carry_out(self, call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Wait, then run one call, or fail before or after it."""
        if not self.is_dead:
            await _turn()
        if self.is_dead:  # only so that what is left of the process can be cleared away; nobody sees it
            raise StoreError("this process is dead")
        failing, self.failing = self.failing, None
        if failing is Moment.BEFORE:
            raise StoreError("on purpose")
        result = await call()
        if failing is Moment.AFTER:
            raise StoreError("on purpose, when it was done")
        return result


class _Paced:
    def __init__(self, pace: Pace, port: object) -> None:
        self._pace = pace
        self._port = port

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._port, name)
        if not inspect.iscoroutinefunction(member) or name == "close":
            return member

        async def call(*arguments: Any, **options: Any) -> Any:
            return await self._pace.carry_out(lambda: member(*arguments, **options))

        return call


@attrs.frozen(kw_only=True)
class OnePortSet:
    """A record of ports with one set for both colours."""

    ports: PortSet

    def blocking(self) -> PortSet:
        """Give it."""
        return self.ports

    @property
    def observer(self) -> Any:
        """Of the set."""
        return self.ports.observer


class Process:
    """Something under way over paced ports.

    Args:
        ports: What all share.
        begin: Makes the work, given the paced ports.
    """

    def __init__(self, ports: PortSet, begin: Callable[[PortSet], Coroutine[Any, Any, Any]]) -> None:
        self.pace = Pace()
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_running = True
        self._work = begin(self.pace.wrap_all(ports))

    def go_on(self) -> bool:
        """Let it do one call and go to the next; False when it has ended."""
        return self._resume(lambda: self._work.send(None))

    def cancel(self) -> None:
        """Cancel it where it waits, as an event loop does; what it does in the end, it still does."""
        self._resume(lambda: self._work.throw(CancelledError()))

    def _resume(self, resume: Callable[[], object]) -> bool:
        if not self.is_running:
            return False
        try:
            resume()
        except StopIteration as stop:
            self.is_running, self.result = False, stop.value
        except (Exception, CancelledError) as error:
            self.is_running, self.error = False, error
        return self.is_running

    def finish(self) -> None:
        """Let it go on to its end."""
        while self.go_on():
            pass

    def kill(self) -> None:
        """End it where it stands: not even what it would do in the end is done."""
        self.is_running, self.pace.is_dead = False, True
        with suppress(StoreError):  # what is done is written down at the end, which nobody can any more
            self._work.close()


@attrs.frozen(kw_only=True)
class ServedBy:
    """A federation as a worker sees it, over other ports."""

    config: Config
    engine: Engine
    ports: Any
    worker_mode: str = "off"
