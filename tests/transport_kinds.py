"""The transports that the library brings: one suite and one set of attacks runs over each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs

from fedtext.adapters.transports.aiohttp_async import AiohttpTransport
from fedtext.adapters.transports.httpx_async import AsyncHttpxTransport
from fedtext.adapters.transports.httpx_blocking import BlockingHttpxTransport
from fedtext.http import Request, Response
from fedtext.ports.transport import ExchangeLimits, Transport
from fedtext.sync import run_sync


@attrs.frozen
class Kind:
    """A transport, and the colour of what it does."""

    name: str
    make: Callable[..., Any]
    blocking: bool

    async def send(self, transport: Transport, request: Request, limits: ExchangeLimits) -> Response:
        """Send from a test's event loop, whatever the colour."""
        if self.blocking:
            return await asyncio.to_thread(lambda: run_sync(transport.send(request, limits)))
        return await transport.send(request, limits)


def _httpx2(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **options: make(stack="httpx2", **options)


KINDS = (
    Kind("httpx", AsyncHttpxTransport, blocking=False),
    Kind("httpx-blocking", BlockingHttpxTransport, blocking=True),
    Kind("httpx2", _httpx2(AsyncHttpxTransport), blocking=False),
    Kind("httpx2-blocking", _httpx2(BlockingHttpxTransport), blocking=True),
    Kind("aiohttp", AiohttpTransport, blocking=False),
)
ASYNC_KINDS = tuple(kind for kind in KINDS if not kind.blocking)


def kind_name(kind: Kind) -> str:
    """Name a kind, for the ids of a parametrised test."""
    return kind.name
