"""The fast transport that suspends: aiohttp's HTTP/1.1 on connections that the address guard has opened.

Invariants: those of `httpx_async`. aiohttp is given one connection for one exchange and opens none, so that it can
neither resolve a name, nor follow, nor try anew; it keeps no cookie, decodes nothing and reads no environment.

An answer behind which something comes that is no HTTP, in the same piece, is refused here as a whole, since aiohttp
reads on before it hands over; the other transports take the answer and hang up.
"""

from __future__ import annotations

import asyncio
import io
import socket
import time
from typing import Any, Final

import aiohttp
import yarl
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from ...config import DevPolicy, Limits
from ...errors import FedtextError
from ...http import Request, Response
from ...ports.transport import ExchangeLimits
from ...wire.iri import Url
from .connecting import IdlePerLoop, Resolver, build_ssl_context, peer_of
from .exchange import ConnectTimedOut, Faults, Field, encode_fields
from .guard import AddressGuard, port_of
from .reading import LIMITS, AnswerReader, Meter, remaining_s

# How much of a body waits in memory for us, twice that at most; the peer is not read from meanwhile.
_WAITING_BYTES: Final = 16_384
# Bytes above this size would be written in one piece, of which aiohttp warns; a file is taken in pieces.
_WHOLE_BYTES_MAX: Final = 1 << 20
_UNBOUNDED: Final = 1 << 30
_NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None)  # ours counts
_NEVER_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")

_CONNECTING: Final = Faults(any_of_them=(OSError, UnicodeError))
_EXCHANGING: Final = Faults(
    any_of_them=(aiohttp.ClientError, OSError, ValueError),
    ours=(ValueError,),
    connected=(aiohttp.ClientError, OSError),
    hung_up=(aiohttp.ClientError, OSError),
)


class _Connection(ResponseHandler):
    """aiohttp's side of a connection, on which everything is counted before anybody keeps it."""

    meter: Meter | None = None  # None: it lies idle
    refusal: FedtextError | None = None
    _session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session that writes to this connection and no other; one for all exchanges: it remembers nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=_OneConnection(self),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_NEVER_ADDED,
                auto_decompress=False,
                read_bufsize=_WAITING_BYTES,
                timeout=_NO_TIMEOUT,
                trust_env=False,
            )
        return self._session

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

    def set_response_params(self, **options: Any) -> None:
        # The head is bounded by the meter and by the reader of answers, alike for every transport.
        for name in ("max_line_size", "max_field_size", "max_headers"):
            if name in options:
                options[name] = _UNBOUNDED
        super().set_response_params(**options)

    def hang_up(self) -> None:
        """Close it at once; no exchange is under way."""
        self._abort()
        session, self._session = self._session, None
        if session is not None:
            session.detach()

    def is_reusable(self) -> bool:
        """Tell whether the answer was read to its end and nothing came after it."""
        return self.is_connected() and not self.should_close

    def _refuse(self, error: FedtextError | None) -> None:
        self.refusal = self.refusal or error
        self._abort()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class _OneConnection(aiohttp.BaseConnector):
    """Hands out its one connection, once an exchange."""

    def __init__(self, connection: _Connection) -> None:
        super().__init__()
        self._connection = connection
        self._meter: Meter | None = None

    async def connect(self, req: aiohttp.ClientRequest, *_traces: Any, **_options: Any) -> Connection:
        meter = self._connection.meter
        if meter is None or meter is self._meter:  # aiohttp would try some requests anew
            raise aiohttp.ServerDisconnectedError
        self._meter = meter
        return Connection(self, req.connection_key, self._connection, self._loop)

    def _release(self, key: object, protocol: ResponseHandler, *, should_close: bool = False) -> None:  # noqa: ARG002
        if should_close:
            protocol.force_close()


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
        self._ssl_context = build_ssl_context(dev)
        self._limits = limits
        self._resolver = Resolver(dev.resolver if dev else {})
        self._idle: IdlePerLoop[_Connection] = IdlePerLoop()

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
        url = self._guard.admit_url(request.url)
        fields = encode_fields(request, url)
        meter = Meter.of(self._limits, limits, deadline_s=time.monotonic() + limits.exchange_s_max)
        try:
            async with asyncio.timeout(limits.exchange_s_max):
                return await self._exchange(request, fields, url, limits, meter)
        except _EXCHANGING.any_of_them as fault:
            raise _EXCHANGING.as_error(fault, url) from fault

    async def close(self) -> None:
        """Close the idle connections of the running loop."""
        self._resolver.close()
        for connection in self._idle.clear_here():
            connection.hang_up()

    async def _exchange(
        self, request: Request, fields: list[Field], url: Url, limits: ExchangeLimits, meter: Meter
    ) -> Response:
        idle = self._idle.here()
        for old in idle.expired():
            old.hang_up()
        connection = idle.take(peer_of(url))
        if connection is not None and connection.is_reusable():
            try:
                return await self._converse(connection, request, fields, url, limits, meter)
            except _EXCHANGING.hung_up:
                # The peer hung up an idle connection while we wrote to it. Nothing came back, so it is tried anew
                # (RFC 9112 section 9.3.1); an activity that arrives twice counts once.
                if meter.received_bytes:
                    raise
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
        return await self._converse(connection, request, fields, url, limits, meter)

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
        fields: list[Field],
        url: Url,
        limits: ExchangeLimits,
        meter: Meter,
    ) -> Response:
        connection.meter = meter
        try:
            response = await self._carry(connection, request, fields, url, limits)
        except BaseException as fault:
            connection.hang_up()
            if connection.refusal is not None and isinstance(fault, Exception):
                raise connection.refusal from fault
            raise
        finally:
            connection.meter = None
        if not connection.is_reusable():
            connection.hang_up()
            return response
        for surplus in self._idle.here().give(peer_of(url), connection):
            surplus.hang_up()
        return response

    async def _carry(
        self, connection: _Connection, request: Request, fields: list[Field], url: Url, limits: ExchangeLimits
    ) -> Response:
        """Let aiohttp write the request and read the answer."""
        answer = await connection.session.request(
            request.method,
            _address_of(url),
            headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in fields],
            data=_body_of(request),
            allow_redirects=False,
        )
        try:
            response = await self._read(connection, request, answer, limits)
        finally:
            answer.close()  # what was read to its end is released already
        if connection.refusal is not None:  # a body that ends with the connection ended with ours
            raise connection.refusal
        return response

    async def _read(
        self, connection: _Connection, request: Request, answer: aiohttp.ClientResponse, limits: ExchangeLimits
    ) -> Response:
        reader = AnswerReader(
            request.method,
            answer.status,
            answer.raw_headers,
            limits=self._limits,
            body_bytes_max=limits.body_bytes_max,
        )
        while not answer.content.at_eof():
            part, _ = await answer.content.readchunk()
            if connection.meter is not None:
                connection.meter.count_part()
            reader.feed(part)
        return reader.finish(request.url)


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


def _address_of(url: Url) -> yarl.URL:
    """Give the address in aiohttp's form, path and query as one text: neither is written anew."""
    host = url.host.strip("[]")
    return yarl.URL.build(scheme=url.scheme, host=host, port=url.port, path=url.target, encoded=True)


def _body_of(request: Request) -> bytes | io.BytesIO | None:
    if len(request.body) > _WHOLE_BYTES_MAX:
        return io.BytesIO(request.body)
    return request.body or None
