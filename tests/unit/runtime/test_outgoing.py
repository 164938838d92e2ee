"""Which transport a server goes out with."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from fedtext import Federation, connect
from fedtext.adapters.transports import AsyncHttpxTransport, BlockingHttpxTransport
from fedtext.adapters.transports.aiohttp_async import AiohttpTransport
from fedtext.config import Config
from fedtext.errors import BlockingEdgeError, BodyTooLarge, ConfigurationError, FetchTimeout, TransportError
from fedtext.http import Request, Response
from fedtext.ports import ExchangeLimits
from fedtext.runtime import MemoryBackend
from fedtext.runtime.outgoing import LazyTransport, TransportName
from fedtext.runtime.portrecord import default_ports
from fedtext.sync import run_sync

LIMITS = ExchangeLimits(body_bytes_max=10, connect_s_max=1, exchange_s_max=1)
REQUEST = Request.to("https://a.example/")


class Own:
    """A transport of an application."""

    def __init__(self, answer: bytes | Exception = b"ok") -> None:
        self.answer, self.closed = answer, 0

    async def send(self, request: Request, limits: ExchangeLimits) -> Response:
        if isinstance(self.answer, Exception):
            raise self.answer
        return Response(status=200, body=self.answer, url=request.url)

    async def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("name", "asynchronous", "blocking"),
    [
        ("httpx", (AsyncHttpxTransport, "httpx"), "httpx"),
        ("httpx2", (AsyncHttpxTransport, "httpx2"), "httpx2"),
        ("aiohttp", (AiohttpTransport, None), "httpx"),
    ],
)
def test_a_name_chooses_both_colours(name: TransportName, asynchronous: tuple[type, str | None], blocking: str) -> None:
    federation = Federation("https://home.example", backend=connect("memory://"), transport=name, worker="off")
    made, made_blocking = [port.transport for port in (federation.ports.asynchronous(), federation.ports.blocking())]
    assert isinstance(made, LazyTransport)
    assert isinstance(made_blocking, LazyTransport)
    assert type(made.made) is asynchronous[0]
    assert getattr(made.made, "_stack", None) is None or made.made._stack.name == asynchronous[1]
    assert isinstance(made_blocking.made, BlockingHttpxTransport)
    assert made_blocking.made._stack.name == blocking
    assert made.made is made.made
    run_sync(made_blocking.close())


def test_httpx_is_what_nobody_chose() -> None:
    ports = default_ports(MemoryBackend(), Config())
    made = ports.blocking().transport
    assert isinstance(made, LazyTransport)
    assert isinstance(made.made, BlockingHttpxTransport)
    assert made.made._stack.name == "httpx"


@pytest.mark.parametrize(("name", "library", "extra"), [("httpx2", "httpx2", "httpx2"), ("aiohttp", "aiohttp", "fast")])
def test_a_missing_extra_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: TransportName, library: str, extra: str
) -> None:
    genuine = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda asked: None if asked == library else genuine(asked))
    with pytest.raises(ConfigurationError, match=rf"fedtext\[{extra}\]"):
        Federation("https://home.example", backend=connect("memory://"), transport=name)
    Federation("https://home.example", backend=connect("memory://"), worker="off")


@pytest.mark.parametrize("choice", ["requests", "", "HTTPX", None, 7, object(), Own])
def test_what_is_no_transport_is_refused(choice: object) -> None:
    with pytest.raises(ConfigurationError):
        Federation("https://home.example", backend=connect("memory://"), transport=choice)  # type: ignore[arg-type]


def test_to_choose_a_library_does_not_load_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fedtext.adapters.transports.aiohttp_async", None)  # it cannot be imported
    federation = Federation("https://home.example", backend=connect("memory://"), transport="aiohttp", worker="off")
    lazy = federation.ports.asynchronous().transport
    assert isinstance(lazy, LazyTransport)
    with pytest.raises(ImportError):
        _ = lazy.made


def test_an_own_transport_serves_both_doors() -> None:
    own = Own()
    ports = default_ports(MemoryBackend(), Config(), own)
    for opened in (ports.asynchronous(), ports.blocking()):
        assert run_sync(opened.transport.send(REQUEST, LIMITS)).body == b"ok"
    run_sync(ports.close())
    assert own.closed == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"x" * 11, BodyTooLarge),
        (ValueError("what"), TransportError),
        (FetchTimeout("late"), FetchTimeout),
        (BlockingEdgeError("it suspends"), BlockingEdgeError),
    ],
)
def test_an_own_transport_is_held_to_the_port(answer: bytes | Exception, error: type[Exception]) -> None:
    transport = default_ports(MemoryBackend(), Config(), Own(answer)).blocking().transport
    with pytest.raises(error):
        run_sync(transport.send(REQUEST, LIMITS))


def test_a_transport_that_nobody_used_is_never_made() -> None:
    made: list[Own] = []

    def make() -> Own:
        made.append(Own())
        return made[-1]

    lazy = LazyTransport(make)
    run_sync(lazy.close())
    assert made == []
    assert lazy.made is lazy.made
    run_sync(lazy.close())
    assert [transport.closed for transport in made] == [1]
