"""G6: a delivery over a fresh TLS connection costs little more than the library below takes for it.

Anchor: the same POST through the library itself, without guard and limits. Subject: through our transport on it. Both
open a connection, check the certificate by name and are hung up on; CPU time of this process alone.
"""

from __future__ import annotations

import asyncio
import ssl
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import httpcore
import httpcore2
import trustme

from bench.g05_delivery import BODY, FIELDS, LIMITS
from bench.measuring import Measured
from bench.peer import peer
from fedtext.adapters.transports import AsyncHttpxTransport, BlockingHttpxTransport
from fedtext.adapters.transports.aiohttp_async import AiohttpTransport
from fedtext.config import DevPolicy
from fedtext.http import Request
from fedtext.sync import run_sync

FRESH_MAX = 1.5
HOST = "localhost"
BATCH = 40
ROUNDS = 7

Once = Callable[[], Awaitable[object]]
RAW = [(name.encode(), value.encode()) for name, value in FIELDS]


async def _by_httpcore(pool: httpcore.AsyncConnectionPool | httpcore2.AsyncConnectionPool, url: str) -> None:
    await pool.request("POST", url, headers=[*RAW, (b"host", HOST.encode())], content=BODY)


async def _by_aiohttp(session: aiohttp.ClientSession, url: str) -> None:
    async with session.post(url, headers=FIELDS, data=BODY) as answer:
        await answer.read()


async def _without_loop(once: Callable[[], object]) -> None:
    once()


async def medians_us(cases: dict[str, Once]) -> dict[str, float]:
    """Run the cases in turns and give the median CPU time of one call of each."""
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, once in cases.items():
            started = time.process_time()
            for _ in range(BATCH):
                await once()
            found[name].append((time.process_time() - started) / BATCH * 1e6)
    return {name: statistics.median(times) for name, times in found.items()}


async def compared(port: int, ca_file: str) -> dict[str, float]:
    """Measure every transport and what is below it."""
    url, context = f"https://{HOST}:{port}/inbox", ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    dev = DevPolicy.allow_loopback(hosts=(HOST,), resolver={HOST: "127.0.0.1"}, ca_file=ca_file)
    request = Request.to(url, method="POST", headers=FIELDS, body=BODY)
    ours = {
        "httpx": AsyncHttpxTransport(dev=dev),
        "httpx2": AsyncHttpxTransport(dev=dev, stack="httpx2"),
        "aiohttp": AiohttpTransport(dev=dev),
    }
    blocking = BlockingHttpxTransport(dev=dev)
    resolver = aiohttp.TCPConnector(ssl=context, force_close=True)
    async with (
        httpcore.AsyncConnectionPool(ssl_context=context) as pool,
        httpcore2.AsyncConnectionPool(ssl_context=context) as pool2,
        aiohttp.ClientSession(connector=resolver) as session,
    ):
        with httpcore.ConnectionPool(ssl_context=context) as plain:
            cases: dict[str, Once] = {
                "httpx below": lambda: _by_httpcore(pool, url),
                "httpx2 below": lambda: _by_httpcore(pool2, url),
                "aiohttp below": lambda: _by_aiohttp(session, url),
                "blocking below": lambda: _without_loop(
                    lambda: plain.request("POST", url, headers=[*RAW, (b"host", HOST.encode())], content=BODY)
                ),
                "blocking": lambda: _without_loop(lambda: run_sync(blocking.send(request, LIMITS))),
            }
            for name, transport in ours.items():
                cases[name] = lambda transport=transport: transport.send(request, LIMITS)
            found = await medians_us(cases)
    for transport in (*ours.values(), blocking):
        await transport.close()
    return found


def measure() -> list[Measured]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate, ca_file = trustme.CA(), Path(folder) / "peer.pem", Path(folder) / "ca.pem"
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(certificate)
        authority.cert_pem.write_to_path(ca_file)
        with peer(str(certificate)) as port:
            found = asyncio.run(compared(port, str(ca_file)))
    return [
        Measured(
            goal="G6",
            what=f"a delivery over fresh TLS by {name}",
            anchor=found[f"{name} below"],
            subject=found[name],
            reach=FRESH_MAX,
        )
        for name in ("httpx", "blocking", "httpx2", "aiohttp")
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
