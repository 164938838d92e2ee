"""The ASGI door: one coroutine between a server and the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from ..config import Limits
from ..errors import BodyTimeout, BodyTooLong, FedtextError
from ..federation.routes import Route
from ..http import Headers, Request, Response
from .checks import report_async
from .edges import announced_length, checked_request, fault, refusal
from .served import Served
from .worker import Worker

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class FederationASGI:
    """Serves the library's paths; everything else goes to the inner application.

    With `worker="auto"` a worker runs between start-up and shutdown, on this event loop; under a server without
    lifespan events from the first request on.
    """

    def __init__(self, federation: Served, app: ASGIApp | None = None) -> None:
        self._federation = federation
        self._app = app
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._pass_on(scope, receive, send)
            return
        self._start()
        target = _target(scope)
        route = self._federation.engine.route(target.partition("?")[0])
        if route is None:
            await self._pass_on(scope, receive, send)
            return
        response = await self._answer(scope, receive, target, route)
        if response is None:
            await self._pass_on(scope, receive, send)
            return
        await _send(response, send, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive, target: str, route: Route) -> Response | None:
        federation = self._federation
        ports = federation.ports.asynchronous()
        limits = federation.config.limits
        try:
            request = read_head(scope, limits, target)
            announced_length(request, limits)
            if request.method == "POST":
                body = await _read_body(receive, limits.body_bytes_max, limits.inbox_s_max)
                request = request.with_body(body)
            return await federation.engine.handle(request, ports, route)
        except FedtextError as error:
            return refusal(error)
        except Exception as error:  # the edge: nothing of it may reach the peer
            return fault(error, ports.observer)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "http":
            await _send(Response(status=404, body=b""), send, head=False)

    # ---- lifespan ------------------------------------------------------------------------------------------------

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            await self._own_lifespan(receive, send)
            return

        async def watch() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._start()
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
            return message

        await self._app(scope, watch, send)

    async def _own_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> None:
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work(), name="fedtext worker")

    async def _work(self) -> None:
        """Report mistakes in the wiring, then work."""
        await report_async(self._federation, self._federation.ports.asynchronous())
        if self._federation.worker_mode == "auto":
            await Worker(self._federation).run()

    async def _stop(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            with suppress(asyncio.CancelledError):
                await self._worker
            self._worker = None
        await self._federation.ports.close()


async def _read_body(receive: Receive, bytes_max: int, seconds_max: float) -> bytes:
    """Read at most `bytes_max` bytes in at most `seconds_max` seconds, however slowly they drip (SEC-002, 004).

    Raises:
        BodyTooLong: There is more.
        BodyTimeout: It did not end in time, or the peer went away.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds_max):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise BodyTimeout("the peer went away")
                body += message.get("body", b"")
                if len(body) > bytes_max:
                    raise BodyTooLong(bytes=len(body))
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        raise BodyTimeout from error


def read_head(scope: Scope, limits: Limits, target: str | None = None) -> Request:
    """Build a request without its body.

    Args:
        scope: Of an HTTP connection.
        limits: Of headers and target.
        target: Of the scope, where it is known.

    Raises:
        RequestError: See `checked_request`.
        LimitExceeded: See there.
    """
    return checked_request(
        scope["method"],
        scope.get("scheme", "http"),
        _target(scope) if target is None else target,
        Headers.decode(scope["headers"]),
        limits,
    )


def _target(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
    path = raw.decode("latin-1").partition("?")[0]
    query: bytes = scope.get("query_string", b"")
    return f"{path}?{query.decode('latin-1')}" if query else path


async def _send(response: Response, send: Send, *, head: bool) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.encoded_fields()})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
