"""The fast transport that suspends: aiohttp's protocol and parser on connections that the address guard has opened.

Invariants: those of `httpx_async`. Of aiohttp only what reads one answer on one connection is used, and no session: it
opens nothing, follows nothing, tries nothing anew and reads no environment. What a session does for a request costs
several times what is left, and more than all else here beside the signature.

An answer behind which something comes that is no HTTP, in the same piece, is refused here as a whole, since aiohttp
reads on before it hands over; the other transports take the answer and hang up.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import time
from functools import lru_cache
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

from ...config import DevPolicy, Limits
from ...errors import FedtextError
from ...http import Request, Response
from ...ports.transport import ExchangeLimits
from ...wire.iri import Url
from .connecting import IdleConnections, Peer, PerLoop, Resolver, build_ssl_context, peer_of
from .deadlines import Deadlines
from .exchange import ConnectTimedOut, Faults, outgoing_fields
from .guard import AddressGuard, port_of
from .reading import LIMITS, AnswerReader, Meter, remaining_s

# How much of a body waits in memory for us, twice that at most; the peer is not read from meanwhile.
_WAITING_BYTES: Final = 16_384
# Up to here a body is copied behind its head, so that both go out in one piece.
_JOINED_BYTES_MAX: Final = 65_536
_SWITCHING: Final = 101
_ADMITTED_MAX: Final = 256
# As many of them as this release of aiohttp knows, out of the way.
_PARSER_BOUNDS: Final[dict[str, Any]] = {
    name: 1 << 30
    for name in ("max_line_size", "max_field_size", "max_headers")
    if name in inspect.signature(ResponseHandler.set_response_params).parameters
}

_CONNECTING: Final = Faults(any_of_them=(OSError, UnicodeError))
_EXCHANGING: Final = Faults(
    any_of_them=(aiohttp.ClientError, HttpProcessingError, OSError, ValueError),
    connected=(aiohttp.ClientError, HttpProcessingError, OSError, ValueError),
    hung_up=(aiohttp.ClientError, OSError),
)


class _Connection(ResponseHandler):
    """aiohttp's side of a connection, on which everything is counted before anybody keeps it."""

    meter: Meter | None = None  # None: it lies idle
    refusal: FedtextError | None = None

    def begin(self, method: str, meter: Meter) -> None:
        """Make ready for one answer to a request of this method."""
        self.meter = meter
        # The head is bounded by the meter and by the reader of answers, alike for every transport.
        self.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_WAITING_BYTES,
            **_PARSER_BOUNDS,
        )

    def write(self, head: bytes, body: bytes) -> None:
        """Write a request; what the peer does not take yet waits.

        Raises:
            aiohttp.ServerDisconnectedError: The connection is lost.
        """
        if self.transport is None:
            raise aiohttp.ServerDisconnectedError
        if len(body) <= _JOINED_BYTES_MAX:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)

    def data_received(self, data: bytes) -> None:
        if self.meter is None:
            self._refuse(None)  # Threat: it would be taken for the answer to the next request.
            return
        try:
            if data:  # none: what waited is being parsed
                self.meter.before_read()
                self.meter.count(len(data))
            super().data_received(data)
        except FedtextError as error:
            self._refuse(error)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Take one answer, informational or not, as soon as its head was parsed."""
        if self.meter is not None:
            if 100 <= data[0].code < 200:
                self.meter.count_informational()
            else:
                self.meter.in_head = False
        super().feed_data(data, size)

    def hang_up(self) -> None:
        """Close it at once; no exchange is under way."""
        self._abort()

    def is_reusable(self) -> bool:
        """Tell whether all was written, and the answer read to its end, and nothing came after it."""
        return self.is_connected() and not self.should_close and not self._is_writing()

    def _is_writing(self) -> bool:
        return self.transport is not None and self.transport.get_write_buffer_size() > 0

    def _refuse(self, error: FedtextError | None) -> None:
        self.refusal = self.refusal or error
        self._abort()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _KeptByLoop:
    """What lives and dies with an event loop: the connections, and the timer of all deadlines."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.idle: IdleConnections[_Connection] = IdleConnections()
        self.deadlines = Deadlines(loop)


class AiohttpTransport:
    """Sends requests from an event loop; opened by the first request, each loop with connections of its own.

    Args:
        dev: Exceptions for development; None for none.
        limits: Of these the bounds of an answer's head and of the number of addresses are taken.
        ports: Ports that may be connected to.

    Raises:
        ConfigurationError: The development policy's file of authorities cannot be read.
    """

    def __init__(
        self, *, dev: DevPolicy | None = None, limits: Limits = LIMITS, ports: tuple[int, ...] = (443,)
    ) -> None:
        self._guard = AddressGuard(dev, tuple(ports), limits.resolved_addresses_max)
        self._admitted = lru_cache(maxsize=_ADMITTED_MAX)(self._guard.admit_url)  # which decides by the URL alone
        self._ssl_context = build_ssl_context(dev)
        self._limits = limits
        self._resolver = Resolver(dev.resolver if dev else {})
        self._kept: PerLoop[_KeptByLoop] = PerLoop(_KeptByLoop)

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange; see `ports.Transport.send`.

        Raises:
            FetchRefused: The address may not be reached.
            Unreachable: No connection, TLS refused, or the connection broke.
            FetchTimeout: The deadline passed.
            BodyTooLarge: The answer passes a limit.
            WrongMediaType: A content coding other than identity or one gzip.
            LocalProtocolError: The request cannot be written as HTTP.
        """
        url = self._admitted(request.url)
        fields = outgoing_fields(request, url)
        meter = Meter.of(self._limits, limits, deadline_s=time.monotonic() + limits.exchange_s_max)
        kept = self._kept.here()  # once: to ask for the running loop is a call of the system
        try:
            with kept.deadlines.within(limits.exchange_s_max):
                return await self._exchange(request, fields, url, limits, meter, kept.idle)
        except _EXCHANGING.any_of_them as fault:
            raise _EXCHANGING.as_error(fault, url) from fault

    async def close(self) -> None:
        """Close the idle connections of the running loop."""
        self._resolver.close()
        kept = self._kept.take_here()
        if kept is not None:
            kept.deadlines.close()
            for connection in kept.idle.clear():
                connection.hang_up()

    async def _exchange(
        self,
        request: Request,
        fields: list[tuple[str, str]],
        url: Url,
        limits: ExchangeLimits,
        meter: Meter,
        idle: IdleConnections[_Connection],
    ) -> Response:
        for old in idle.expired():
            old.hang_up()
        peer = peer_of(url)
        connection = idle.take(peer)
        if connection is not None and connection.is_reusable():
            try:
                response = await self._converse(connection, request, fields, limits, meter)
            except _EXCHANGING.hung_up:
                # The peer hung up an idle connection while we wrote to it. Nothing came back, so it is tried anew
                # (RFC 9112 section 9.3.1); an activity that arrives twice counts once.
                if meter.received_bytes:
                    raise
            else:
                _put_back(connection, peer, idle)
                return response
        elif connection is not None:
            connection.hang_up()
        connecting = asyncio.timeout(limits.connect_s_max)
        try:
            async with connecting:
                connection = await self._connect(url, limits)
        except TimeoutError as error:
            raise ConnectTimedOut("no connection in time") from error
        except _CONNECTING.any_of_them as fault:
            raise _CONNECTING.as_error(fault, url) from fault
        response = await self._converse(connection, request, fields, limits, meter)
        _put_back(connection, peer, idle)
        return response

    async def _connect(self, url: Url, limits: ExchangeLimits) -> _Connection:
        """Resolve once, check every answer, and connect to the first address that answers."""
        host, port = url.host.strip("[]"), port_of(url)
        deadline_s = time.monotonic() + limits.connect_s_max
        addresses = self._guard.admit_addresses(host, await self._resolver.find(host, port, limits.connect_s_max))
        connected = await _connect_first(addresses, port, deadline_s)
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: _Connection(loop),
                sock=connected,
                ssl=self._ssl_context if url.scheme == "https" else None,
                server_hostname=host if url.scheme == "https" else None,
            )
        except BaseException:
            connected.close()
            raise
        return connection

    async def _converse(
        self,
        connection: _Connection,
        request: Request,
        fields: list[tuple[str, str]],
        limits: ExchangeLimits,
        meter: Meter,
    ) -> Response:
        connection.begin(request.method, meter)
        try:
            return await self._carry(connection, request, fields, limits, meter)
        except BaseException as fault:
            connection.hang_up()
            if connection.refusal is not None and isinstance(fault, Exception):
                raise connection.refusal from fault
            raise
        finally:
            connection.meter = None

    async def _carry(
        self,
        connection: _Connection,
        request: Request,
        fields: list[tuple[str, str]],
        limits: ExchangeLimits,
        meter: Meter,
    ) -> Response:
        """Write the request and read the answer."""
        connection.write(_head_of(request, fields), request.body)
        message, content = await connection.read()
        while 100 <= message.code < 200 and message.code != _SWITCHING:
            message, content = await connection.read()
        reader = AnswerReader(
            request.method,
            message.code,
            message.raw_headers,
            limits=self._limits,
            body_bytes_max=limits.body_bytes_max,
        )
        while not content.at_eof():
            part, _ = await content.readchunk()
            meter.count_part()
            reader.feed(part)
        if connection.refusal is not None:  # a body that ends with the connection ended with ours
            raise connection.refusal
        return reader.finish(request.url)


def _put_back(connection: _Connection, peer: Peer, idle: IdleConnections[_Connection]) -> None:
    """Keep a connection for another exchange, if it can carry one."""
    if not connection.is_reusable():
        connection.hang_up()
        return
    for surplus in idle.give(peer, connection):
        surplus.hang_up()


async def _connect_first(addresses: list[str], port: int, deadline_s: float) -> socket.socket:
    """Connect to the first address that answers; a silent one leaves time for the others."""
    while True:
        address = addresses.pop(0)
        try:
            async with asyncio.timeout(remaining_s(deadline_s) / (len(addresses) + 1)):
                return await _connect_tcp(address, port)
        except OSError:
            if not addresses:
                raise


async def _connect_tcp(address: str, port: int) -> socket.socket:
    connected = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, (address, port))
    except BaseException:
        connected.close()
        raise
    return connected


def _head_of(request: Request, fields: list[tuple[str, str]]) -> bytes:
    """Write the head of a request, whose target and fields were judged: nothing in them ends a line."""
    lines = [f"{request.method} {request.target} HTTP/1.1\r\n", *[f"{name}: {value}\r\n" for name, value in fields]]
    return ("".join(lines) + "\r\n").encode("latin-1")
