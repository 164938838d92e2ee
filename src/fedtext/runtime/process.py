"""Run a process that does nothing but the library's work: `fedtext worker`, and Django's command of that name.

Decides on which event loop it runs, how often Python looks for garbage in it, and for how long it may sign. In a
process of an application all that is the application's to decide, and nothing here is used.

Sources: docs of `gc.set_threshold` and `gc.freeze`; uvloop comes with the extra `fast`.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

from ..adapters.coalesce import row_s_max

T = TypeVar("T")
_LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]

# An activity makes thousands of objects and leaves none of them in a circle; Python would look at them each 700, and
# spend an eighth of the time of a delivery on it. Some megabytes may wait instead.
_YOUNG_OBJECTS_MAX: Final = 20_000

# Nobody else waits for this loop, and to sign much at once costs less: what comes in between finds its caches cold.
_ROW_S_MAX: Final = 0.02


def run_process(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine until it ends, on uvloop where that is installed.

    Args:
        main: What the process is there for; all modules that it needs are loaded by now, or nearly.

    Returns:
        What it returns.
    """
    gc.collect()
    gc.freeze()  # what is there by now stays until the end
    young, middle, old = gc.get_threshold()
    gc.set_threshold(_YOUNG_OBJECTS_MAX, middle, old)
    token = row_s_max.set(_ROW_S_MAX)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(main)
    finally:
        row_s_max.reset(token)
        gc.set_threshold(young, middle, old)
        gc.unfreeze()


def _loop_factory() -> _LoopFactory | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
