"""Call the application's callbacks: `async def` on the edge, plain `def` with blocking ports where it may block."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import attrs

from ..ports import PortSet
from .context import Context
from .registry import is_async


@attrs.frozen(kw_only=True)
class Caller:
    """Knows the blocking ports that plain `def` callbacks get."""

    blocking_ports: Callable[[], PortSet]

    async def call(self, callback: Callable[..., Any], context: Context, *arguments: Any, **named: Any) -> Any:
        """Call one callback and give its result; what it raises passes through."""
        if is_async(callback):
            return await callback(context, *arguments, **named)
        blocking = context.blocking(self.blocking_ports())

        def run() -> Any:
            return callback(blocking, *arguments, **named)

        result = await context.ports.offload.run(run)
        if result is not None and inspect.isawaitable(result):
            return await result
        return result
