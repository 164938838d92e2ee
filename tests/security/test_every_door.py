"""SEC-105: every way out refuses what is not public, through every transport, on asyncio and without a loop.

Nothing between a door and the socket is replaced: `tests.internet` stands below the sockets.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import attrs
import pytest
from tests.conformance.scripted import fetcher_over
from tests.internet import PUBLIC_ADDRESS, Authority, internet
from tests.transport_kinds import KINDS, Kind, kind_name
from tests.ways_out import (
    AP,
    BY_HOST,
    DOORS,
    FRONT,
    OFFERED,
    OFFERED_WITHOUT_NETWORK,
    QUIET,
    WITHOUT_NETWORK,
    Post,
    go,
    offered,
    offered_blocking,
    ways_out,
)

from fedtext import Federation, Note, Person, connect
from fedtext.adapters.observers import NullObserver
from fedtext.errors import ConfigurationError, FedtextError
from fedtext.runtime.outgoing import TransportName
from fedtext.sync import run_sync

HOST = FRONT.partition("://")[2]
EDGES = [(name, colour) for name in get_args(TransportName) for colour in ("asyncio", "blocking")]

LITERAL = [
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://localhost/x",
    "https://printer.local/x",
    "https://db.internal/x",
    "https://intranet/x",
    "http://front.example.com/x",
    "https://front.example.com:8080/x",
    "https://127.1/x",
    "https://front.example.com@127.0.0.1/x",
]
PRIVATE = [["10.0.0.1"], ["::1"], ["127.0.0.1"], [PUBLIC_ADDRESS, "192.168.0.1"]]
TURNS = ["https://127.0.0.1/", "https://[::1]/", "http://front.example.com/y", "file:///x"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(HOST)


def test_every_way_out_is_tried_here() -> None:
    assert DOORS.keys() | WITHOUT_NETWORK == set(ways_out())
    assert OFFERED.keys() | OFFERED_WITHOUT_NETWORK == set(offered())
    assert {name for name in offered() if name.startswith("Context.")} - {"Context.blocking"} == set(offered_blocking())


# ---- below: fetch and discovery --------------------------------------------------------------------------------------


def through(name: str, kind: Kind, url: str) -> tuple[object, FedtextError | None]:
    """Go through a door to an address, over a new transport under the strict policy."""

    async def once() -> object:
        transport = kind.make()
        try:
            return await go(DOORS[name], fetcher_over(transport), url)
        finally:
            await transport.close()

    try:
        return (run_sync(once()) if kind.blocking else asyncio.run(once())), None
    except FedtextError as error:
        return None, error


@pytest.mark.spec("SEC-105", "SEC-155", "WF-16")
@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
@pytest.mark.parametrize("name", DOORS)
def test_sec_105_no_door_leads_to_what_is_not_public(name: str, kind: Kind, authority: Authority) -> None:
    """Threats: CVE-2024-52579, CVE-2025-25194."""
    for url in LITERAL:
        with internet(authority) as net:
            net.names[HOST] = [PUBLIC_ADDRESS]
            assert through(name, kind, url)[0] is None
            if url.startswith("http://") and name in BY_HOST:
                assert all(asked.startswith(f"{FRONT}/") for asked in net.requested), "the host is asked, by https"
                assert {address for address, _ in net.connected} <= {PUBLIC_ADDRESS}
            else:
                assert (net.asked, net.connected) == ([], []), url


@pytest.mark.spec("SEC-105", "WF-16")
@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
@pytest.mark.parametrize("name", DOORS)
def test_sec_105_nor_to_a_name_that_resolves_there(name: str, kind: Kind, authority: Authority) -> None:
    for addresses in PRIVATE:
        with internet(authority) as net:
            net.names["inner.example.com"] = addresses
            assert through(name, kind, "https://inner.example.com/x")[0] is None
            assert net.connected == []
            assert net.asked.count("inner.example.com") >= 1


@pytest.mark.spec("SEC-105", "WF-01", "WF-16")
@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
@pytest.mark.parametrize("name", DOORS)
def test_sec_105_nor_by_a_redirect(name: str, kind: Kind, authority: Authority) -> None:
    """Threat: CVE-2025-23221."""
    # Where a redirect leads is judged above the transports; each of them shows that it does not follow.
    for location in TURNS if kind is KINDS[0] else TURNS[:1]:
        turned = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        with internet(authority, turned) as net:
            net.names[HOST] = [PUBLIC_ADDRESS]
            found, error = through(name, kind, f"{FRONT}/x")
            assert found is None
            assert error is not None or name in QUIET
            assert {address for address, _ in net.connected} == {PUBLIC_ADDRESS}
            assert net.requested
            assert all(url.startswith(f"{FRONT}/") for url in net.requested)


# ---- above: what an application is offered ---------------------------------------------------------------------------


@attrs.define
class Home:
    """A federation that goes out through a real transport."""

    federation: Federation
    colour: str

    @classmethod
    @contextmanager
    def build(cls, name: TransportName, colour: str) -> Iterator[Home]:
        federation = Federation(
            "https://home.example.com",
            backend=connect("memory://"),
            transport=name,
            worker="off",
            observer=NullObserver(),
        )

        @federation.actor("/users/{pk}")
        def actor(context: Any, pk: str) -> Person | None:
            return context.actor(Person, handle="alice") if pk == "1" else None

        @federation.handle
        def pk_of(_context: Any, handle: str) -> str | None:
            return "1" if handle == "alice" else None

        @federation.object("/posts/{pk}", source=Post, load=lambda _context, _pk: None)
        def note(context: Any, post: Post) -> Note:
            return Note(attributed_to=context.actor_uri("1"), content="hello", to=[post.to])

        yield cls(federation, colour)
        run_sync(federation.ports.blocking().transport.close())

    def ask(self, name: str, url: str) -> object:
        """Call what is offered with an address, and work off what it queued."""
        return asyncio.run(self._ask(name, url)) if self.colour == "asyncio" else self._ask_blocking(name, url)

    async def _ask(self, name: str, url: str) -> object:
        owner, _, member = name.partition(".")
        called = self.federation.context() if owner == "Context" else getattr(self.federation, member).aio
        try:
            found = await _found(OFFERED[name](called, url))
            await self.federation.worker().drain(steps_max=20)
            return found
        finally:
            await self.federation.ports.asynchronous().transport.close()

    def _ask_blocking(self, name: str, url: str) -> object:
        owner, _, member = name.partition(".")
        called = self.federation.blocking_context() if owner == "Context" else getattr(self.federation, member)
        found = OFFERED[name](called, url)
        found = list(found) or None if isinstance(found, Iterator) else found
        for _ in range(20):
            if not self.federation.worker().step_blocking():
                break
        return found


async def _found(answer: Awaitable[object] | AsyncIterator[object]) -> object:
    if inspect.isawaitable(answer):
        return await answer
    return [one async for one in answer] or None


def asked_for(home: Home, name: str, url: str) -> object:
    """Give what was found at an address; None where there was an error, or where the call only queues."""
    try:
        found = home.ask(name, url)
    except ConfigurationError:
        raise  # nothing was tried
    except FedtextError:
        return None
    queueing = {"send", "publish", "revise", "withdraw", "join_relay"}
    return None if name.rpartition(".")[2] in queueing else found


@pytest.mark.spec("SEC-105", "SEC-155")
@pytest.mark.parametrize(("transport", "colour"), EDGES)
@pytest.mark.parametrize("name", OFFERED)
def test_sec_105_nothing_that_is_offered_leads_to_what_is_not_public(
    name: str, transport: TransportName, colour: str, authority: Authority
) -> None:
    with Home.build(transport, colour) as home:
        for url in (*LITERAL, "acct:x@localhost", "@x@intranet"):
            with internet(authority) as net:
                assert asked_for(home, name, url) is None
                assert (net.asked, net.connected) == ([], []), url


@pytest.mark.spec("SEC-105")
@pytest.mark.parametrize(("transport", "colour"), EDGES)
@pytest.mark.parametrize("name", OFFERED)
def test_sec_105_nor_to_a_name_that_resolves_there_or_by_a_redirect(
    name: str, transport: TransportName, colour: str, authority: Authority
) -> None:
    with Home.build(transport, colour) as home:
        for number, addresses in enumerate(PRIVATE):
            with internet(authority) as net:
                net.names[f"inner{number}.example.com"] = addresses
                assert asked_for(home, name, f"https://inner{number}.example.com/x") is None
                assert (net.connected, bool(net.asked)) == ([], True)
        turned = b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
        with internet(authority, turned) as net:
            net.names[HOST] = [PUBLIC_ADDRESS]
            assert asked_for(home, name, f"{FRONT}/x") is None
            assert {address for address, _ in net.connected} == {PUBLIC_ADDRESS}


@pytest.mark.spec("SEC-105")
@pytest.mark.parametrize(("transport", "colour"), EDGES)
@pytest.mark.parametrize("name", [name for name in OFFERED if name.rpartition(".")[2] in {"send", "publish"}])
def test_sec_105_nor_does_an_inbox_that_an_actor_names(
    name: str, transport: TransportName, colour: str, authority: Authority
) -> None:
    for inbox in ("https://127.0.0.1/inbox", "https://localhost/inbox", "https://inner.example.com/inbox"):
        actor = {"id": f"{FRONT}/x", "type": "Person", "preferredUsername": "x", "inbox": inbox, "outbox": f"{FRONT}/o"}
        body = json.dumps({"@context": "https://www.w3.org/ns/activitystreams", **actor}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {AP}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with internet(authority, head + body) as net, Home.build(transport, colour) as home:
            net.names |= {HOST: [PUBLIC_ADDRESS], "inner.example.com": ["127.0.0.1"]}
            asked_for(home, name, f"{FRONT}/x")
            assert net.requested, "the actor is asked for"
            assert not any(b"POST" in request[:4] for request in net.server.requests)
            assert {address for address, _ in net.connected} == {PUBLIC_ADDRESS}


@pytest.mark.parametrize(("transport", "colour"), EDGES)
def test_an_inbox_that_is_public_gets_what_is_sent_under_our_name(
    transport: TransportName, colour: str, authority: Authority
) -> None:
    """The attacks above could succeed: what leads to a public place arrives, and says who it is from."""

    def answer(request: bytes) -> list[bytes]:
        if request.startswith(b"POST"):
            return [b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"]
        actor = {"id": f"{FRONT}/x", "type": "Person", "preferredUsername": "x", "inbox": f"{FRONT}/i"}
        body = json.dumps({"@context": "https://www.w3.org/ns/activitystreams", **actor}).encode()
        return [f"HTTP/1.1 200 OK\r\nContent-Type: {AP}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body]

    for name in ("Context.send", "Federation.publish"):
        with internet(authority, answer) as net, Home.build(transport, colour) as home:
            net.names[HOST] = [PUBLIC_ADDRESS]
            asked_for(home, name, f"{FRONT}/x")
            assert net.requested[-1] == f"{FRONT}/i"
            agents = [
                line.partition(b":")[2].strip()
                for request in net.server.requests
                for line in request.split(b"\r\n")
                if line.lower().startswith(b"user-agent:")
            ]
            assert len(agents) == len(net.server.requests)
            assert all(agent.startswith(b"fedtext/") for agent in agents), agents
