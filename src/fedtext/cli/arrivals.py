"""An ASGI application around a federation that shows each request as it arrives, and how it was answered.

Requests to the inboxes are shown with their signatures, step by step; all others in one line. The federation answers
first, as it would anywhere; what is shown never changes the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import attrs

from ..errors import FedtextError
from ..fetch import resolve
from ..http import Request
from ..keys import NamedKey
from ..runtime import Federation
from ..runtime.asgi import ASGIApp, Message, Receive, Scope, Send, read_head
from ..signatures import examine, parse_claims
from ..wire.json import parse_object
from .console import Console, plain
from .showing import as_record, show

_SHOWN_CHARS_MAX: Final = 200
_GOOD_STATUSES: Final = range(200, 400)


@attrs.define
class _Answer:
    """What goes back, as far as it is shown."""

    status: int = 0
    body: bytes = b""


class Arrivals:
    """Shows what arrives.

    Args:
        federation: Answers.
        console: Where it is shown.
        count: After so many requests to inboxes `done` is called; None: never.
        done: Called once.
    """

    def __init__(
        self, federation: Federation, console: Console, *, count: int | None, done: Callable[[], None]
    ) -> None:
        self._federation = federation
        self._app: ASGIApp = federation.asgi()
        self._console = console
        self._left = count
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        answer = _Answer()

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request" and len(body) <= self._federation.config.limits.body_bytes_max:
                body.extend(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
            elif message["type"] == "http.response.body" and len(answer.body) < _SHOWN_CHARS_MAX * 4:
                answer.body += message.get("body", b"")
            await send(message)

        await self._app(scope, received, sent)
        await self._show(scope, bytes(body), answer)

    async def _show(self, scope: Scope, body: bytes, answer: _Answer) -> None:
        try:
            head = read_head(scope, self._federation.config.limits)
        except FedtextError as error:
            self._console.complain(f"a request that cannot be read: {error.message} [{error.code}]")
            return
        # As the peer has signed it: a tunnel ends TLS before us.
        request = attrs.evolve(head, scheme=self._federation.site.origin.partition(":")[0], body=body)
        good = answer.status in _GOOD_STATUSES
        origin = (scope.get("client") or ("?",))[0]
        line = f"{request.method} {plain(request.target)} from {origin}, {len(body)} bytes: answered {answer.status}"
        self._console.say(f"{self._console.sign(good)} {self._console.style(line, 'strong')}")
        if request.method != "POST":
            self._console.tell(self._record(request, answer, origin))
            return
        summary = _summary(body)
        for name, value in summary.items():
            self._console.say(f"  {name.rjust(6)}  {plain(value)}")
        if not good:
            self._console.say(f"  {plain(answer.body.decode('utf-8', 'replace'))[:_SHOWN_CHARS_MAX]}")
        await self._examine(request, self._record(request, answer, origin) | {"document": summary})
        self._count()

    def _record(self, request: Request, answer: _Answer, origin: str) -> dict[str, object]:
        return {
            "event": "arrived",
            "method": request.method,
            "target": request.target,
            "from": origin,
            "headers": [[name, value] for name, value in request.headers],
            "body_bytes": len(request.body),
            "status": answer.status,
        }

    async def _examine(self, request: Request, record: dict[str, object]) -> None:
        keys = await self._keys(request)
        authorities = frozenset({self._federation.site.authority})
        found = examine(
            request, keys, now_s=time.time(), authorities=authorities, limits=self._federation.config.limits
        )
        self._console.tell(record | {"signatures": [as_record(one) for one in found]})
        if not self._console.machine:
            for number, one in enumerate(found, 1):
                show(self._console, one, number=number, count=len(found))
            self._console.say()

    async def _keys(self, request: Request) -> list[NamedKey]:
        """Give the keys that the signatures name; most were fetched a moment ago, to answer."""
        ports = self._federation.ports.asynchronous()
        fetcher = self._federation.engine.fetcher(ports)
        found: list[NamedKey] = []
        try:
            claims = parse_claims(request, self._federation.config.limits)
        except FedtextError:  # the examination says so
            return found
        for key_id in dict.fromkeys(claim.key_id for claim in claims):
            try:
                found.append(await resolve(fetcher, key_id, fetcher.budget()))
            except FedtextError as error:
                self._console.complain(f"  the key is not to be had: {error.message} [{error.code}]")
        return found

    def _count(self) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._done()


def _summary(body: bytes) -> dict[str, str]:
    """Give what an activity says of itself, in a few words; untrusted."""
    try:
        document = parse_object(body)
    except FedtextError as error:
        return {"body": f"{error.message} [{error.code}]"}
    found: dict[str, str] = {}
    for name in ("type", "id", "actor", "object"):
        value = document.get(name)
        if isinstance(value, dict):
            value = f"{value.get('type')} {value.get('id')}"
        if value is not None:
            found[name] = str(value)[:_SHOWN_CHARS_MAX]
    return found
