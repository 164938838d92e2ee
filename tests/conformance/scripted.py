"""A network that a case scripts: names, answers and time; nothing real is reached.

The transport stands in for the sockets only: the address guard and the reader of answers are the library's own.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from fedtext.adapters.backends import connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.coalesce import InlineCoalesce
from fedtext.adapters.observers import NullObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.adapters.randomness import SeededRandomness
from fedtext.adapters.transports.guard import AddressGuard
from fedtext.adapters.transports.reading import AnswerReader
from fedtext.config import Config, Limits
from fedtext.errors import FetchTimeout, Unreachable
from fedtext.fetch import Fetcher
from fedtext.http import Request, Response
from fedtext.ports import ExchangeLimits, PortSet, Transport
from fedtext.wire.json import dump

SITE = "https://home.example"
PUBLIC_ADDRESS = "93.184.215.14"
_PIECE_BYTES = 65_536


class NotScripted(AssertionError):
    """The library asked for something that the case has no answer for."""


@attrs.frozen(kw_only=True)
class Answer:
    """What a server says; a body may be text, `{repeat, times}`, `{drip, every_s, times}` or `{gzip_of}`."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: Any = ""


@attrs.define
class ScriptedTransport:
    """Carries requests to a script instead of to sockets.

    Args:
        clock: Advanced by answers that drip.
        answer: Gives the answer for a request.
        resolve: Gives the addresses of a host, once for each connection.
        limits: Of the head of answers.
    """

    clock: ManualClock
    answer: Callable[[Request], Answer]
    resolve: Callable[[str], list[str]] = lambda _host: [PUBLIC_ADDRESS]
    limits: Limits = attrs.field(factory=Limits)
    asked: list[str] = attrs.field(factory=list)
    connected: list[str] = attrs.field(factory=list)
    read_bytes: int = 0

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Resolve, judge, connect, read."""
        guard = AddressGuard()
        url = guard.admit_url(request.url)
        self.connected.append(guard.admit_addresses(url.host, self.resolve(url.host))[0])
        self.asked.append(request.url)
        answer = self.answer(request)
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        reader = AnswerReader(
            request.method, answer.status, fields, limits=self.limits, body_bytes_max=limits.body_bytes_max
        )
        deadline_s = self.clock.monotonic_s() + limits.exchange_s_max
        for piece, pause_s in pieces(answer.body):
            self.clock.advance(pause_s)
            if self.clock.monotonic_s() >= deadline_s:
                raise FetchTimeout(url=request.url)
            self.read_bytes += len(piece)
            reader.feed(piece)
        return reader.finish(request.url)

    async def close(self) -> None:
        """Nothing is open."""


def pieces(body: Any) -> Iterator[tuple[bytes, float]]:
    """Give a body piece by piece, and the seconds before each."""
    if isinstance(body, str):
        yield body.encode("utf-8"), 0.0
    elif "drip" in body:
        for _ in range(body["times"]):
            yield body["drip"].encode("utf-8"), body["every_s"]
    elif "repeat" in body:
        unit, left = body["repeat"].encode("utf-8"), body["times"]
        while left > 0:
            count = min(left, max(1, _PIECE_BYTES // len(unit)))
            yield unit * count, 0.0
            left -= count
    elif "gzip_of" in body:
        packed = gzip.compress(b"".join(piece for piece, _ in pieces(body["gzip_of"])))
        for start in range(0, len(packed), _PIECE_BYTES):
            yield packed[start : start + _PIECE_BYTES], 0.0
    else:
        raise NotScripted(f"a body of an unknown kind: {sorted(body)}")


def fetcher_over(transport: Transport, limits: Limits | None = None, *, clock: ManualClock | None = None) -> Fetcher:
    """Give a fetcher whose only way out is a transport; all else is in memory, and a script brings the clock."""
    clock = clock or getattr(transport, "clock", None) or ManualClock()
    opened = connect("memory://").blocking(clock)
    ports = PortSet(
        transport=transport,
        store=opened.store,
        queue=opened.queue,
        sql=opened.sql,
        clock=clock,
        randomness=SeededRandomness(1),
        offload=InlineOffload(),
        coalesce=InlineCoalesce(),
        observer=NullObserver(),
    )
    config = Config() if limits is None else Config(limits=limits)
    return Fetcher(ports=ports, config=config, site=SITE, own_origins=frozenset({SITE}), user_agent="conformance/1")


def serving(found: Mapping[str, Any], media_type: str = "application/activity+json") -> Callable[[Request], Answer]:
    """Answer with documents by address; 404 for the others. A value may be an `Answer`, too."""

    def answer(request: Request) -> Answer:
        value = found.get(request.url)
        if value is None:
            return Answer(status=404)
        if isinstance(value, Answer):
            return value
        return Answer(headers=[("content-type", media_type)], body=dump(value).decode("utf-8"))

    return answer


def resolver(dns: Mapping[str, Sequence[list[str]]]) -> Callable[[str], list[str]]:
    """Give the answers of a name one after the other, the last one for ever; an absent name does not resolve."""
    asked: dict[str, int] = {}

    def resolve(host: str) -> list[str]:
        answers = dns.get(host)
        if not answers:
            raise Unreachable("the name does not resolve", host=host)
        index = asked.get(host, 0)
        asked[host] = index + 1
        return list(answers[min(index, len(answers) - 1)])

    return resolve
