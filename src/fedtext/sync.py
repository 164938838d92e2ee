"""The blocking edge: drive a coroutine to its end in one step.

Protocol code awaits nothing but ports. Where the ports never suspend (their blocking colour), one `send(None)`
runs the whole flow on the calling thread, inside or outside of any event loop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

from .errors import BlockingEdgeError

T = TypeVar("T")


def run_sync(coroutine: Coroutine[Any, Any, T], *, what: str = "a callback or port") -> T:
    """Run a coroutine that never suspends and give its result.

    Args:
        coroutine: All that it awaits must be of the blocking colour.
        what: Named in the error when it does suspend.

    Raises:
        BlockingEdgeError: Something really suspended.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        coroutine.close()
    raise BlockingEdgeError(f"{what} suspended under a blocking edge")


def iterate_sync(items: AsyncGenerator[T, None], *, what: str = "a callback or port") -> Iterator[T]:
    """Iterate over what an asynchronous generator gives that never suspends; it is closed at the end.

    Args:
        items: All that it awaits must be of the blocking colour.
        what: See `run_sync`.

    Raises:
        BlockingEdgeError: Something really suspended.
    """
    is_stuck = False
    try:
        while True:
            try:
                item = run_sync(_next(items), what=what)
            except StopAsyncIteration:
                return
            except BlockingEdgeError:
                is_stuck = True  # in the middle of a step, where it cannot be closed
                raise
            yield item
    finally:
        if not is_stuck:
            run_sync(_close(items), what=what)


async def _next(items: AsyncGenerator[T, None]) -> T:
    return await anext(items)


async def _close(items: AsyncGenerator[T, None]) -> None:
    await items.aclose()
