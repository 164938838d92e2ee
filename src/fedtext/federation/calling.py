"""Call the application's callbacks: `async def` on the edge, plain `def` with blocking ports where it may block."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

import attrs

from ..ports import PortSet
from .context import Context
from .registry import is_async


@attrs.frozen(kw_only=True)
class Caller:
    """Knows the blocking ports that plain `def` callbacks get."""

    blocking_ports: Callable[[], PortSet]

    def call(self, callback: Callable[..., Any], context: Context, *arguments: Any, **named: Any) -> Awaitable[Any]:
        """Call one callback and give its result, to be awaited; what it raises passes through."""
        if is_async(callback):
            return cast("Awaitable[Any]", callback(context, *arguments, **named))
        return self._call_blocking(callback, context, arguments, named)

    async def _call_blocking(
        self, callback: Callable[..., Any], context: Context, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        blocking = context.blocking(self.blocking_ports())

        def run() -> Any:
            return callback(blocking, *arguments, **named)

        result = await context.ports.offload.run(run)
        if result is not None and inspect.isawaitable(result):
            return await result
        return result
