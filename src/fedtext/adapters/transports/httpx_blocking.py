"""The transport that blocks: httpcore's plain sockets below the address guard, for threads.

Invariants: those of `httpx_async`; its coroutines never suspend, so `sync.run_sync` can drive them; every step on the
socket gets the time that the whole exchange has left, so that a peer that drips ends with the deadline.
"""

from __future__ import annotations

import functools
import os
import threading
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
from .connecting import IDLE_S_MAX, IdleConnections, Resolver, build_ssl_context, peer_of
from .exchange import ConnectTimedOut, encode_fields
from .guard import AddressGuard, port_of
from .reading import LIMITS, AnswerReader, Meter, remaining_s
from .stacks import Stack, StackName, load_stack

_WRITE_BYTES_MAX = 65_536


class BlockingGuardedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only, whatever is layered on top of it."""

    def __init__(self, guard: AddressGuard, resolver: Resolver, stack: Stack) -> None:
        self._guard = guard
        self._resolver = resolver
        self._stack = stack
        self._tcp = stack.blocking_sockets()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve once, check every answer, and connect to the first address that answers.

        Raises:
            FetchRefused: An address may not be connected to.
            ConnectError: No address answered; of the library below, like the next.
            ConnectTimeout: None did in time.
        """
        deadline_s = None if timeout is None else time.monotonic() + timeout
        answers = self._resolver.known(host)
        if answers is None:
            answers = self._resolver.ask(host, port).result(timeout)
        addresses = self._guard.admit_addresses(host, answers)
        while True:
            address = addresses.pop(0)
            # A silent first address leaves time for the others.
            share_s = None if deadline_s is None else remaining_s(deadline_s) / (len(addresses) + 1)
            try:
                return self._tcp.connect_tcp(
                    address, port, timeout=share_s, local_address=local_address, socket_options=socket_options
                )
            except self._stack.connect_faults:
                if not addresses:
                    raise

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Refuse: no URL leads to a socket in the file system."""
        raise FetchRefused("unix sockets are not connected to", path=path)


class _MeteredStream(httpcore.NetworkStream):
    """Counts what comes in before anybody keeps it, and gives each step the time that is left."""

    meter: Meter

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self.meter.before_read()
        data = self._stream.read(max_bytes, self.meter.remaining_s())
        self.meter.count(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        # In slices: one call below may take its time limit again for every part that the peer takes.
        for start in range(0, len(buffer), _WRITE_BYTES_MAX):
            self._stream.write(buffer[start : start + _WRITE_BYTES_MAX], self.meter.remaining_s())

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


if TYPE_CHECKING:
    _HTTP11 = httpcore.HTTP11Connection
else:
    _HTTP11 = object  # `_connection_class` puts the one of the stack in its place


class _Connection(_HTTP11):
    """An HTTP/1.1 connection whose events are counted, and read without a chain of generators."""

    def __init__(self, origin: httpcore.Origin, stream: _MeteredStream) -> None:
        super().__init__(origin, stream, keepalive_expiry=IDLE_S_MAX)
        self._metered = stream

    def begin(self, request: httpcore.Request, meter: Meter) -> httpcore.Response:
        """Send a request and read the head of the answer."""
        self._metered.meter = meter
        answer = self.handle_request(request)
        meter.in_head = False
        return answer

    def read_part(self) -> bytes | None:
        """Read the next piece of the body; None at its end."""
        event = self._receive_event()
        if isinstance(event, h11.Data):
            self._metered.meter.count_part()
            return bytes(event.data)
        return None

    def _receive_event(self, timeout: float | None = None) -> h11.Event | type[h11.PAUSED]:
        event = super()._receive_event(timeout)
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
    return cast(type[_Connection], type("Connection", (_Connection, stack.blocking_connection), {}))


class BlockingHttpxTransport:
    """Sends requests from any thread; opened by the first request, and again after a fork.

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
        self._backend = BlockingGuardedBackend(self._guard, self._resolver, self._stack)
        self._idle: IdleConnections[_Connection] = IdleConnections()
        self._lock = threading.Lock()
        self._pid = os.getpid()

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        """Carry out one exchange on the calling thread; see `ports.Transport.send`.

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
            return self._exchange(request, outgoing, url, limits, meter)
        except self._stack.faults.any_of_them as fault:
            raise self._stack.faults.as_error(fault, url) from fault

    async def close(self) -> None:
        """Close the idle connections."""
        self._resolver.close()
        with self._lock:
            connections = self._idle.clear()
        for connection in connections:
            connection.close()

    def _exchange(
        self, request: Request, outgoing: httpcore.Request, url: Url, limits: ExchangeLimits, meter: Meter
    ) -> Response:
        self._forget_after_fork()
        with self._lock:
            connection = self._idle.take(peer_of(url))
        if connection is not None and not connection.has_expired():
            try:
                return self._converse(connection, request, outgoing, url, limits, meter)
            except self._stack.faults.hung_up:
                # The peer hung up an idle connection while we wrote to it. Nothing came back, so it is tried anew
                # (RFC 9112 section 9.3.1); an activity that arrives twice counts once.
                if meter.received_bytes:
                    raise
        elif connection is not None:
            connection.close()
        try:
            connection = self._connect(url, limits, meter)
        except self._stack.connect_timeouts as error:
            if time.monotonic() >= meter.deadline_s:
                raise TimeoutError("the deadline of the exchange") from error
            raise ConnectTimedOut("no connection in time") from error
        return self._converse(connection, request, outgoing, url, limits, meter)

    def _connect(self, url: Url, limits: ExchangeLimits, meter: Meter) -> _Connection:
        host, port = url.host.strip("[]"), port_of(url)
        deadline_s = min(meter.deadline_s, time.monotonic() + limits.connect_s_max)
        stream = self._backend.connect_tcp(host, port, timeout=remaining_s(deadline_s))
        try:
            if url.scheme == "https":
                stream = stream.start_tls(self._ssl_context, host, timeout=remaining_s(deadline_s))
        except BaseException:
            stream.close()
            raise
        return _connection_class(self._stack)(self._stack.origin_of(url), _MeteredStream(stream))

    def _converse(
        self,
        connection: _Connection,
        request: Request,
        outgoing: httpcore.Request,
        url: Url,
        limits: ExchangeLimits,
        meter: Meter,
    ) -> Response:
        try:
            answer = connection.begin(outgoing, meter)
            reader = AnswerReader(
                request.method,
                answer.status,
                answer.headers,
                limits=self._limits,
                body_bytes_max=limits.body_bytes_max,
            )
            while (part := connection.read_part()) is not None:
                reader.feed(part)
            response = reader.finish(request.url)
            answer.close()
        except BaseException:
            connection.close()
            raise
        if not connection.is_reusable():
            connection.close()
            return response
        with self._lock:
            surplus = self._idle.give(peer_of(url), connection)
        for old in surplus:
            old.close()
        return response

    def _forget_after_fork(self) -> None:
        """Leave the connections and the lock to the process that made them: the lock may be held there for ever."""
        if self._pid == os.getpid():
            return
        inherited, self._idle = self._idle, IdleConnections()
        self._lock = threading.Lock()
        self._pid = os.getpid()
        for connection in inherited.clear():
            connection.close()  # closes our copy of the descriptor only; nothing is sent
