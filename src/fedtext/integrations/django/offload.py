"""Django's thread rules for plain `def` callbacks that an event loop calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

T = TypeVar("T")


class DjangoOffload:
    """Runs plain callables where Django runs its own plain code: thread-sensitive, with fresh connections.

    What a request does for a view is done for each call: connections that are broken or older than CONN_MAX_AGE are
    closed before and after it.
    """

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run it and give its result; its exceptions pass through."""

        def run() -> T:
            close_old_connections()
            try:
                return function(*arguments)
            finally:
                close_old_connections()

        return await sync_to_async(run, thread_sensitive=True)()
