"""What both colours share below HTTP: trust in certificates, name resolution and the shelf of idle connections.

Invariants: nothing is taken from the environment; a name is resolved where it may block for long without holding
anybody up; an idle connection belongs to one scheme, host and port and is never used for another.
"""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeAlias, TypeVar

import attrs
import httpx

from ...config import DevPolicy
from ...errors import ConfigurationError
from ...wire.iri import Url
from .guard import literal_address, port_of

IDLE_PER_HOST_MAX = 4
# An idle TLS connection costs up to 0.3 MB of memory, so a process keeps few.
IDLE_TOTAL_MAX = 100
IDLE_S_MAX = 30.0
_LOOKUP_THREADS_MAX = 16

T = TypeVar("T")
ConnectionT = TypeVar("ConnectionT")
Peer: TypeAlias = tuple[str, str, int]


def peer_of(url: Url) -> Peer:
    """Give what a connection belongs to: scheme, host and port."""
    return url.scheme, url.host, port_of(url)


def build_ssl_context(dev: DevPolicy | None) -> ssl.SSLContext:
    """Give the settings of TLS: the authorities of certifi, or those of the development policy alone; TLS 1.2 or later.

    Raises:
        ConfigurationError: The file of authorities cannot be read.
    """
    if dev is None or dev.ca_file is None:
        return _public_ssl_context()
    try:
        context = ssl.create_default_context(cafile=dev.ca_file)
    except OSError as error:
        raise ConfigurationError("the file of certificate authorities cannot be read", ca_file=dev.ca_file) from error
    return _hardened(context)


@functools.lru_cache(maxsize=1)
def _public_ssl_context() -> ssl.SSLContext:
    # Some 25 ms of loading: once per process, shared by all transports.
    return _hardened(httpx.create_ssl_context(trust_env=False))


def _hardened(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Resolver:
    """Finds the addresses of a host, in threads of its own.

    The system's resolver cannot be told to give up, so that a deadline is kept by not waiting for it; the number of
    threads bounds how many slow names can be asked for at once.

    Args:
        static: Host name to literal address, used instead of DNS for the names in it.
    """

    def __init__(self, static: Mapping[str, str]) -> None:
        self._static = dict(static)
        self._threads: ThreadPoolExecutor | None = None
        self._pid = os.getpid()

    def known(self, host: str) -> list[str] | None:
        """Give the addresses that need no question: of literals and of the static mapping."""
        mapped = self._static.get(host)
        literal = mapped if mapped is not None else literal_address(host)
        return None if literal is None else [literal]

    def ask(self, host: str, port: int) -> Future[list[str]]:
        """Ask the system once; the future gives every answer or an `OSError`."""
        if self._threads is None or self._pid != os.getpid():  # threads do not survive a fork
            self._threads = ThreadPoolExecutor(_LOOKUP_THREADS_MAX, thread_name_prefix="fedtext-resolver")
            self._pid = os.getpid()
        return self._threads.submit(_lookup, host, port)

    async def find(self, host: str, port: int, timeout_s: float | None) -> list[str]:
        """Give every address without holding up the loop.

        Raises:
            OSError: There is none, or (`TimeoutError`) none came in time.
        """
        answers = self.known(host)
        if answers is None:
            answers = await asyncio.wait_for(asyncio.wrap_future(self.ask(host, port)), timeout_s)
        return answers

    def close(self) -> None:
        """Let the threads end; a later question starts new ones."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False, cancel_futures=True)


def _lookup(host: str, port: int) -> list[str]:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(answer[4][0]) for answer in answers]


@attrs.define(eq=False)
class _Idle(Generic[ConnectionT]):
    peer: Peer
    connection: ConnectionT
    since_s: float


class IdleConnections(Generic[ConnectionT]):
    """A shelf of idle connections, in the order in which they were put there; closing them is the caller's part."""

    def __init__(self) -> None:
        self._shelf: dict[_Idle[ConnectionT], None] = {}
        self._of_peer: dict[Peer, list[_Idle[ConnectionT]]] = {}  # the same ones, and no empty lists

    def __len__(self) -> int:
        return len(self._shelf)

    def take(self, peer: Peer) -> ConnectionT | None:
        """Take the connection to a peer that was used last, if there is one."""
        same = self._of_peer.get(peer)
        return None if same is None else self._remove(same[-1])

    def give(self, peer: Peer, connection: ConnectionT) -> list[ConnectionT]:
        """Put a connection back; give those that are to be closed for it."""
        surplus = self.expired()
        same = self._of_peer.setdefault(peer, [])
        idle = _Idle(peer, connection, time.monotonic())
        self._shelf[idle] = None
        same.append(idle)
        if len(same) > IDLE_PER_HOST_MAX:
            surplus.append(self._remove(same[0]))
        if len(self._shelf) > IDLE_TOTAL_MAX:
            surplus.append(self._remove(next(iter(self._shelf))))
        return surplus

    def expired(self) -> list[ConnectionT]:
        """Take off the shelf what has lain there too long: what lies there longest stands first."""
        old: list[ConnectionT] = []
        since_s = time.monotonic() - IDLE_S_MAX
        while self._shelf and (oldest := next(iter(self._shelf))).since_s < since_s:
            old.append(self._remove(oldest))
        return old

    def clear(self) -> list[ConnectionT]:
        """Take everything off the shelf."""
        shelf, self._shelf, self._of_peer = self._shelf, {}, {}
        return [idle.connection for idle in shelf]

    def _remove(self, idle: _Idle[ConnectionT]) -> ConnectionT:
        del self._shelf[idle]
        same = self._of_peer[idle.peer]
        same.remove(idle)
        if not same:
            del self._of_peer[idle.peer]
        return idle.connection


class PerLoop(Generic[T]):
    """One thing for each event loop, made when it is first asked for there.

    Args:
        make: Makes one for a loop.
    """

    def __init__(self, make: Callable[[asyncio.AbstractEventLoop], T]) -> None:
        self._make = make
        self._made: dict[asyncio.AbstractEventLoop, T] = {}

    def __len__(self) -> int:
        return len(self._made)

    def here(self) -> T:
        """Give that of the running loop."""
        loop = asyncio.get_running_loop()
        found = self._made.get(loop)
        if found is None:
            for ended in [other for other in list(self._made) if other.is_closed()]:
                self._made.pop(ended, None)
            found = self._made[loop] = self._make(loop)
        return found

    def take_here(self) -> T | None:
        """Give that of the running loop away, if there is one."""
        return self._made.pop(asyncio.get_running_loop(), None)


class IdlePerLoop(PerLoop[IdleConnections[ConnectionT]]):
    """A shelf for each event loop, since a connection lives and dies with its loop.

    Connections of a loop that has ended cannot be closed in order any more.
    """

    def __init__(self) -> None:
        super().__init__(lambda _loop: IdleConnections())

    def clear_here(self) -> list[ConnectionT]:
        """Take everything off the shelf of the running loop, and forget the shelf."""
        shelf = self.take_here()
        return [] if shelf is None else shelf.clear()
