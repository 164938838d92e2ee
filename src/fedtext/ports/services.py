"""The small ports: time, chance, running elsewhere, single flight, observation; and the set that hangs together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

import attrs

from .queue import Queue
from .sql import Sql
from .store import Store
from .transport import Transport

T = TypeVar("T")

EventValue: TypeAlias = str | int | float | bool | None


class Clock(Protocol):
    """The time."""

    def now_s(self) -> float:
        """Give seconds since the epoch, UTC: for windows and dates."""
        ...

    def monotonic_s(self) -> float:
        """Give seconds that never go back: for deadlines."""
        ...


class Randomness(Protocol):
    """Chance."""

    def token(self, size_bytes: int) -> bytes:
        """Give unpredictable bytes."""
        ...

    def fraction(self) -> float:
        """Give a number in [0, 1): for jitter."""
        ...


class Offload(Protocol):
    """Runs a plain callable where it may block."""

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run it and give its result; its exceptions pass through."""
        ...


class Coalesce(Protocol):
    """What many callers at once come to: single flight, lines of those who have to wait, and rows of short work."""

    async def run(self, key: str, factory: Callable[[], Awaitable[T]]) -> T:
        """Run the factory, or wait for the run of the same key that is under way and share its result or error."""
        ...

    async def in_turn(
        self,
        key: str,
        factory: Callable[[], Awaitable[T]],
        *,
        at_once_max: int,
        waiting_max: int,
        waits_s_max: float | None = None,
    ) -> T:
        """Run the factory when fewer than `at_once_max` of this key are under way; wait in line until then.

        Raises:
            TooManyWaiting: So many stand in line already, or no turn came in `waits_s_max` seconds.
        """
        ...

    async def in_row(self, work: Callable[[], T]) -> T:
        """Carry out a short computation, such as a signature, right behind those of other callers, and give its result.

        What is done between two of them then finds a processor that has just done the same for others: a signature
        leaves little in its caches of what was there.
        """
        ...


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Event:
    """One finished decision, for logs and metrics. Field values are short text or numbers, never secrets."""

    name: str
    fields: Mapping[str, str | int | float | bool | None] = attrs.field(
        factory=dict[str, str | int | float | bool | None]
    )


class Observer(Protocol):
    """Is told of finished decisions; must not raise and must not block."""

    def emit(self, event: Event) -> None:
        """Take one event."""
        ...


@attrs.frozen(kw_only=True)
class PortSet:
    """All ports of one colour, as the core gets them."""

    transport: Transport
    store: Store
    queue: Queue
    sql: Sql | None
    clock: Clock
    randomness: Randomness
    offload: Offload
    coalesce: Coalesce
    observer: Observer
