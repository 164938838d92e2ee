"""Which of two libraries the httpx transports are built on: httpx's connection layer, or httpx2's, its drop-in.

Both have the same classes under another name (httpcore, httpcore2), so that one text of the transports serves both.
What is imported elsewhere of httpcore is for its types and for the form of its interfaces.
"""

from __future__ import annotations

import functools
import importlib
from typing import Literal, TypeAlias

import anyio
import attrs
import httpcore

from ...http import Request
from ...wire.iri import Url
from .exchange import Faults, Field
from .guard import port_of

StackName: TypeAlias = Literal["httpx", "httpx2"]

_CORES: dict[StackName, str] = {"httpx": "httpcore", "httpx2": "httpcore2"}


@attrs.frozen(kw_only=True, eq=False)
class Stack:
    """What the transports use of a library: its values, its sockets, its HTTP/1.1 and its faults."""

    name: StackName
    request: type[httpcore.Request]
    url: type[httpcore.URL]
    origin: type[httpcore.Origin]
    async_sockets: type[httpcore.AnyIOBackend]
    blocking_sockets: type[httpcore.SyncBackend]
    async_connection: type[httpcore.AsyncHTTP11Connection]
    blocking_connection: type[httpcore.HTTP11Connection]
    connect_faults: tuple[type[Exception], ...]
    connect_timeouts: tuple[type[Exception], ...]
    faults: Faults

    def encode(self, request: Request, url: Url, fields: list[Field]) -> httpcore.Request:
        """Put a request into the form that goes out; see `exchange.encode_fields`."""
        return self.request(
            method=request.method.encode("ascii"),
            url=self.url(
                scheme=url.scheme.encode("ascii"),
                host=url.host.strip("[]").encode("ascii"),
                port=port_of(url),
                target=request.target.encode("ascii"),
            ),
            headers=fields,
            content=request.body,
        )

    def origin_of(self, url: Url) -> httpcore.Origin:
        """Give what a connection belongs to, in the library's form."""
        return self.origin(url.scheme.encode("ascii"), url.host.strip("[]").encode("ascii"), port_of(url))


@functools.cache
def load_stack(name: StackName) -> Stack:
    """Import a library.

    Raises:
        ImportError: It is not installed; httpx2 is an extra.
    """
    core = importlib.import_module(_CORES[name])
    broken = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream)
    return Stack(
        name=name,
        request=core.Request,
        url=core.URL,
        origin=core.Origin,
        async_sockets=core.AnyIOBackend,
        blocking_sockets=core.SyncBackend,
        async_connection=core.AsyncHTTP11Connection,
        blocking_connection=core.HTTP11Connection,
        connect_faults=(core.ConnectError, core.ConnectTimeout),
        connect_timeouts=(TimeoutError, core.ConnectTimeout),
        faults=Faults(
            any_of_them=(
                *(core.NetworkError, core.TimeoutException, core.ProtocolError, core.UnsupportedProtocol),
                *(*broken, OSError, UnicodeError),
            ),
            connect_timeouts=(core.ConnectTimeout,),
            timeouts=(core.TimeoutException,),
            ours=(core.LocalProtocolError,),
            connected=(
                *(core.ReadError, core.WriteError, core.RemoteProtocolError),
                *(*broken, BrokenPipeError, ConnectionResetError),
            ),
            hung_up=(core.NetworkError, core.RemoteProtocolError),
        ),
    )
