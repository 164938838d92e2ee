"""The transport that suspends: httpcore's asyncio connections below the address guard.

Invariants: one resolution a connection, and the connection goes to an address that was checked; host name, SNI and
certificate stay those of the URL; one deadline over all of an exchange; a connection whose answer was not read to its
end is closed.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import h11
import httpcore

from ...config import DevPolicy, Limits
from ...errors import FetchRefused
from ...http import Request, Response
from ...ports.transport import ExchangeLimits
from ...wire.iri import Url
from .connecting import IDLE_S_MAX, IdlePerLoop, Resolver, build_ssl_context, peer_of
from .exchange import ConnectTimedOut, encode_fields
from .guard import AddressGuard, port_of
from .reading import LIMITS, AnswerReader, Meter, remaining_s
from .stacks import Stack, StackName, load_stack


class AsyncGuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses only, whatever is layered on top of it."""

    def __init__(self, guard: AddressGuard, resolver: Resolver, stack: Stack) -> None:
        self._guard = guard
        self._resolver = resolver
        self._stack = stack
        self._tcp = cast(httpcore.AsyncNetworkBackend, stack.async_sockets())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve once, check every answer, and connect to the first address that answers.

        Raises:
            FetchRefused: An address may not be connected to.
            ConnectError: No address answered; of the library below, like the next.
            ConnectTimeout: None did in time.
        """
        deadline_s = None if timeout is None else time.monotonic() + timeout
        addresses = self._guard.admit_addresses(host, await self._resolver.find(host, port, timeout))
        while True:
            address = addresses.pop(0)
            # A silent first address leaves time for the others.
            share_s = None if deadline_s is None else remaining_s(deadline_s) / (len(addresses) + 1)
            try:
                return await self._tcp.connect_tcp(
                    address, port, timeout=share_s, local_address=local_address, socket_options=socket_options
                )
            except self._stack.connect_faults:
                if not addresses:
                    raise

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no URL leads to a socket in the file system."""
        raise FetchRefused("unix sockets are not connected to", path=path)


class _MeteredStream(httpcore.AsyncNetworkStream):
    """Counts what comes in before anybody keeps it."""

    meter: Meter

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        self.meter.before_read()
        data = await self._stream.read(max_bytes, timeout)
        self.meter.count(len(data))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


if TYPE_CHECKING:
    _HTTP11 = httpcore.AsyncHTTP11Connection
else:
    _HTTP11 = object  # `_connection_class` puts the one of the stack in its place


class _Connection(_HTTP11):
    """An HTTP/1.1 connection whose events are counted, and read without a chain of generators."""

    def __init__(self, origin: httpcore.Origin, stream: _MeteredStream) -> None:
        super().__init__(origin, stream, keepalive_expiry=IDLE_S_MAX)
        self._metered = stream

    async def begin(self, request: httpcore.Request, meter: Meter) -> httpcore.Response:
        """Send a request and read the head of the answer."""
        self._metered.meter = meter
        answer = await self.handle_async_request(request)
        meter.in_head = False
        return answer

    async def read_part(self) -> bytes | None:
        """Read the next piece of the body; None at its end."""
        event = await self._receive_event()
        if isinstance(event, h11.Data):
            self._metered.meter.count_part()
            return bytes(event.data)
        return None

    async def _receive_event(self, timeout: float | None = None) -> h11.Event | type[h11.PAUSED]:  # noqa: ASYNC109
        event = await super()._receive_event(timeout)
        if isinstance(event, h11.InformationalResponse):
            self._metered.meter.count_informational()
        return event

    def is_reusable(self) -> bool:
        """Tell whether the answer was read to its end and nothing came after it.

        Threat: bytes beyond the announced length would be taken for the answer to the next request.
        """
        return self.is_idle() and not self._h11_state.trailing_data[0]


@functools.cache
def _connection_class(stack: Stack) -> type[_Connection]:
    return cast(type[_Connection], type("Connection", (_Connection, stack.async_connection), {}))


class AsyncHttpxTransport:
    """Sends requests from an event loop; opened by the first request, each loop with connections of its own.

    Args:
        dev: Exceptions for development; None for none.
        limits: Of these the bounds of an answer's head and of the number of addresses are taken.
        ports: Ports that may be connected to.
        stack: The library below: httpx's or httpx2's connection layer.

    Raises:
        ImportError: The library below is not installed.
        ConfigurationError: The development policy's file of authorities cannot be read.
    """

    def __init__(
        self,
        *,
        dev: DevPolicy | None = None,
        limits: Limits = LIMITS,
        ports: tuple[int, ...] = (443,),
        stack: StackName = "httpx",
    ) -> None:
        self._stack = load_stack(stack)
        self._guard = AddressGuard(dev, tuple(ports), limits.resolved_addresses_max)
        self._ssl_context = build_ssl_context(dev)
        self._limits = limits
        self._resolver = Resolver(dev.resolver if dev else {})
        self._backend = AsyncGuardedBackend(self._guard, self._resolver, self._stack)
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
        outgoing = self._stack.encode(request, url, encode_fields(request, url))
        meter = Meter.of(self._limits, limits, deadline_s=time.monotonic() + limits.exchange_s_max)
        try:
            async with asyncio.timeout(limits.exchange_s_max):
                return await self._exchange(request, outgoing, url, limits, meter)
        except self._stack.faults.any_of_them as fault:
            raise self._stack.faults.as_error(fault, url) from fault

    async def close(self) -> None:
        """Close the idle connections of the running loop."""
        self._resolver.close()
        for connection in self._idle.clear_here():
            await connection.aclose()

    async def _exchange(
        self, request: Request, outgoing: httpcore.Request, url: Url, limits: ExchangeLimits, meter: Meter
    ) -> Response:
        idle = self._idle.here()
        connection = idle.take(peer_of(url))
        if connection is not None and not connection.has_expired():
            try:
                return await self._converse(connection, request, outgoing, url, limits, meter)
            except self._stack.faults.hung_up:
                # The peer hung up an idle connection while we wrote to it. Nothing came back, so it is tried anew
                # (RFC 9112 section 9.3.1); an activity that arrives twice counts once.
                if meter.received_bytes:
                    raise
        elif connection is not None:
            await connection.aclose()
        connecting = asyncio.timeout(limits.connect_s_max)
        try:
            async with connecting:
                connection = await self._connect(url, limits)
        except TimeoutError as error:
            raise ConnectTimedOut("no connection in time") from error
        return await self._converse(connection, request, outgoing, url, limits, meter)

    async def _connect(self, url: Url, limits: ExchangeLimits) -> _Connection:
        host, port = url.host.strip("[]"), port_of(url)
        stream = await self._backend.connect_tcp(host, port, timeout=limits.connect_s_max)
        try:
            if url.scheme == "https":
                stream = await stream.start_tls(self._ssl_context, host)
        except BaseException:
            await stream.aclose()
            raise
        return _connection_class(self._stack)(self._stack.origin_of(url), _MeteredStream(stream))

    async def _converse(
        self,
        connection: _Connection,
        request: Request,
        outgoing: httpcore.Request,
        url: Url,
        limits: ExchangeLimits,
        meter: Meter,
    ) -> Response:
        try:
            answer = await connection.begin(outgoing, meter)
            reader = AnswerReader(
                request.method,
                answer.status,
                answer.headers,
                limits=self._limits,
                body_bytes_max=limits.body_bytes_max,
            )
            while (part := await connection.read_part()) is not None:
                reader.feed(part)
            response = reader.finish(request.url)
            await answer.aclose()
        except BaseException:
            await connection.aclose()
            raise
        if not connection.is_reusable():
            await connection.aclose()
            return response
        for surplus in self._idle.here().give(peer_of(url), connection):
            await surplus.aclose()
        return response
