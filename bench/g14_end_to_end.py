"""E2E: what a worker takes for a delivery beside its signature and the transport alone; and two workers against one.

A database is filled with 160 posts to twenty-five hosts, then worker processes of their own drain it over loopback.
Anchor: a program that makes RSA-2048 signatures and sends as many POSTs of as many bytes through the library below the
transport, again and again, to as many hosts over connections that are kept. It makes a signature for each host in one
go, then all POSTs, as a worker does, which is quicker than one by one: a signature leaves cold caches behind, and the
peer has gone to sleep by then, and to wake it is paid for by who sends. Subject: CPU time of the worker process for one
delivery: claim, key, signing, exchange, judging, acknowledgement, and the opening of a hundred connections among four
thousand. For two workers, anchor and subject are one worker's and two workers' CPU time of a delivery, and the wall
time until all is done. Anchors and subjects take turns, round by round: a machine that is shared is quick and slow by
turns, too.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import httpcore
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench import delivering
from bench.g05_delivery import BODY, FIELDS
from bench.measuring import Measured
from bench.peer import peer
from fedtext.runtime.process import run_process

END_TO_END_MAX = 1.25  # at least 80 % of what signature and transport allow
TWO_CPU_MAX, TWO_WALL_MAX = 1 / 0.9, 1 / 1.4
POSTS, BATCH, ROUNDS = 160, 1_000, 7
TRANSPORTS = ("aiohttp", "httpx")

Once = Callable[[int], Awaitable[object]]


async def batch_us(sign: Callable[[], object], once: Once) -> float:
    """Sign for all hosts and send to all of them, again and again; gives the CPU time of one request."""
    started = time.process_time()
    for _ in range(BATCH // delivering.HOSTS):
        for _ in range(delivering.HOSTS):
            sign()
        await asyncio.gather(*(once(number) for number in range(delivering.HOSTS)))
    return (time.process_time() - started) / BATCH * 1e6


async def bare_us(port: int) -> dict[str, float]:
    """Measure a signature and the libraries below the transports: one pool a host where a pool of many is slow."""
    url, raw = f"http://127.0.0.1:{port}/inbox", [(name.encode(), value.encode()) for name, value in FIELDS]
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=delivering.HOSTS)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        pools = [await stack.enter_async_context(httpcore.AsyncConnectionPool()) for _ in range(delivering.HOSTS)]

        def sign() -> None:
            key.sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256())

        async def by_aiohttp(_number: int) -> None:
            async with session.post(url, headers=FIELDS, data=BODY) as answer:
                await answer.read()

        async def by_httpcore(number: int) -> None:
            await pools[number].request("POST", url, headers=[*raw, (b"host", b"x.example")], content=BODY)

        for once in (by_aiohttp, by_httpcore):  # which opens the connections
            await batch_us(sign, once)
        return {"aiohttp": await batch_us(sign, by_aiohttp), "httpx": await batch_us(sign, by_httpcore)}


def drained_us(folder: Path, port: int, transport: str, workers: int, *, posts: int = POSTS) -> tuple[float, float]:
    """Fill a database anew and let workers drain it; gives CPU and wall time of one delivery."""
    path = folder / f"{transport}-{workers}-{time.monotonic_ns()}.sqlite3"
    url = f"sqlite:///{path}"
    delivering.fill(url, port, posts)
    return delivering.run(url, port, transport, workers)


def measure() -> list[Measured]:
    """Measure."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = {
        (transport, workers): [] for transport in TRANSPORTS for workers in (1, 2)
    }
    bare: dict[str, list[float]] = {transport: [] for transport in TRANSPORTS}
    with peer() as port, tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for transport, taken in run_process(bare_us(port)).items():  # on the loop that a worker has
                bare[transport].append(taken)
            for (transport, workers), times in found.items():
                times.append(drained_us(Path(folder), port, transport, workers))
    cpu = {case: statistics.median(one for one, _ in times) for case, times in found.items()}
    wall = {case: statistics.median(one for _, one in times) for case, times in found.items()}
    lines = []
    for name in TRANSPORTS:
        anchor = statistics.median(bare[name])
        pairs = (
            (f"a delivery by a worker with {name}", anchor, cpu[name, 1], END_TO_END_MAX),
            (f"CPU of a delivery by two workers with {name}", cpu[name, 1], cpu[name, 2], TWO_CPU_MAX),
            (f"wall time of a delivery by two workers with {name}", wall[name, 1], wall[name, 2], TWO_WALL_MAX),
        )
        lines += [
            Measured(goal="E2E", what=what, anchor=one, subject=other, reach=reach) for what, one, other, reach in pairs
        ]
    return lines


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
