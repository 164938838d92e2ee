"""Deliveries over loopback sockets: what leaves, what may come back, and how long it may take."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from tests.transport_kinds import KINDS, Kind, kind_name

from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.coalesce import InlineCoalesce
from fedtext.adapters.observers import NullObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.adapters.randomness import SeededRandomness
from fedtext.config import Config, DevPolicy, Limits
from fedtext.delivery import Delivered, DeliveryTask, Dispatch, Drop, Outcome, Retry, attempt
from fedtext.fetch import SigningKey
from fedtext.keys import Algorithm, generate_rsa
from fedtext.ports import PortSet
from fedtext.signatures import build_digest
from fedtext.sync import run_sync
from fedtext.testing.loopback import Answer, ScriptedPeer

SITE, ALICE = "https://home.example.com", "https://home.example.com/users/1"
LOOPBACK = DevPolicy.allow_loopback(hosts=("inbox.example",), resolver={"inbox.example": "127.0.0.1"})
BODY = json.dumps({"id": f"{ALICE}#1", "type": "Create", "content": "Grüße " * 2_000}, ensure_ascii=False)
KEY = generate_rsa()
TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def peer(answer: Answer | bytes) -> Iterator[ScriptedPeer]:
    server = ScriptedPeer(answer if callable(answer) else lambda _request: [answer])
    try:
        yield server
    finally:
        server.stop()


@attrs.frozen
class Postman:
    """Delivers over a transport of one kind."""

    kind: Kind
    transport: Any

    async def deliver(self, server: ScriptedPeer, **limits: float) -> Outcome:
        opened = MemoryBackend().blocking(ManualClock(1_790_000_000.0))
        ports = PortSet(
            transport=self.transport,
            store=opened.store,
            queue=opened.queue,
            sql=None,
            clock=ManualClock(1_790_000_000.0),
            randomness=SeededRandomness(1),
            offload=InlineOffload(),
            coalesce=InlineCoalesce(),
            observer=NullObserver(),
        )

        async def signer(_algorithm: Algorithm) -> SigningKey:
            return SigningKey(key_id=f"{ALICE}#main-key", private=KEY)

        dispatch = Dispatch(
            ports=ports,
            config=Config(limits=Limits(**limits), dev=LOOPBACK),  # type: ignore[arg-type]
            signer=signer,
            user_agent="fedtext/1 (blog/2; +https://home.example.com/)",
            own_origins=frozenset({SITE}),
        )
        task = DeliveryTask(
            site=SITE,
            sender="1",
            activity_id=f"{ALICE}#1",
            inbox=f"http://inbox.example:{server.port}/inbox",
            body=BODY,
            digest=build_digest(BODY.encode()),
        )
        if self.kind.blocking:
            return await asyncio.to_thread(lambda: run_sync(attempt(task, dispatch)))
        return await attempt(task, dispatch)


@pytest.fixture(params=KINDS, ids=kind_name)
async def postman(request: pytest.FixtureRequest) -> AsyncIterator[Postman]:
    transport = request.param.make(dev=LOOPBACK, limits=Limits())
    yield Postman(request.param, transport)
    await transport.close()


@pytest.mark.spec("DLV-23", "DLV-12", "DLV-14")
async def test_dlv_23_the_body_leaves_as_it_was_sealed_and_is_not_compressed(postman: Postman) -> None:
    with peer(TAKEN) as server:
        assert await postman.deliver(server) == Delivered(status=202)
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == BODY.encode()
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert b"content-encoding" not in fields
    assert fields[b"content-length"] == b"%d" % len(body)
    assert fields[b"accept-encoding"] == b"gzip"
    assert fields[b"user-agent"].startswith(b"fedtext/1 (blog/2; +https://home.example.com/")


@pytest.mark.spec("DLV-23")
@pytest.mark.parametrize("status", [202, 403])
async def test_dlv_23_an_answer_may_be_compressed(postman: Postman, status: int) -> None:
    packed = gzip.compress(b"thank you, or not " * 1_000)
    answer = b"HTTP/1.1 %d X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % (status, len(packed)) + packed
    with peer(answer) as server:
        expected = Delivered(status=202) if status == 202 else Drop(reason="status 403", status=403)
        assert await postman.deliver(server) == expected


@pytest.mark.spec("DLV-15")
def test_dlv_15_the_limits_are_those_that_others_keep() -> None:
    limits = Limits()
    assert limits.connect_s_max <= 10
    assert limits.exchange_s_max <= 30
    assert limits.resolved_addresses_max <= 16


@pytest.mark.spec("DLV-15", "SEC-149")
@pytest.mark.parametrize("what", ["nothing", "drips"])
async def test_dlv_15_a_host_that_hangs_or_drips_is_left_after_a_time(postman: Postman, what: str) -> None:
    """What it has sent does not lengthen the time that it has."""

    over = threading.Event()

    def answer(_request: bytes) -> Iterator[bytes]:
        if what == "drips":
            yield b"HTTP/1.1 202 Accepted\r\n"
            while not over.wait(0.05):
                yield b"X: y\r\n"
        over.wait(20)

    with peer(answer) as server:
        outcome = await postman.deliver(server, exchange_s_max=0.4, connect_s_max=0.3)
        over.set()
    assert isinstance(outcome, Retry)
    assert outcome.host_failed
    assert outcome.reason == "fetch.timeout"


@pytest.mark.spec("SEC-149")
async def test_sec_149_an_answer_without_end_is_not_read_to_its_end(postman: Postman) -> None:
    endless = b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 200_000
    with peer(endless) as server:
        outcome = await postman.deliver(server)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "fetch.body_too_large"
