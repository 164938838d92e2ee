"""G5: what a delivery or a fetch costs beside its signature, over kept connections, from one host to a hundred.

Anchors: one RSA-2048 signature, in the library that we use too; and for flatness the same transport with one host.
Subject: one signed POST of 2.3 kB through a transport, or one signed GET of as much, to a hundred hosts at once; CPU
time of this process alone. The
floor, printed to be seen, is a socket on the same loop that writes the same bytes and reads the answer without
understanding it.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench.measuring import Measured, medians_us
from bench.peer import peer
from fedtext.adapters.transports import AsyncHttpxTransport, BlockingHttpxTransport
from fedtext.adapters.transports.aiohttp_async import AiohttpTransport
from fedtext.config import DevPolicy, Limits
from fedtext.http import Request
from fedtext.ports import ExchangeLimits
from fedtext.sync import run_sync

# 0.7 ms and 0.15 ms where a signature takes 0.25 ms.
HTTPX_MAX, FAST_MAX, FLAT_MAX = 2.8, 0.6, 1.3
HOSTS = 100
BATCH = 400
ROUNDS = 7

NAMES = tuple(f"host{number}.example" for number in range(HOSTS))
DEV = DevPolicy.allow_loopback(hosts=NAMES, resolver=dict.fromkeys(NAMES, "127.0.0.1"))
LIMITS = ExchangeLimits.of(Limits())
BODY = b"x" * 2_300
FIELDS = (
    ("date", "Mon, 01 Jan 2029 00:00:00 GMT"),
    ("digest", "SHA-256=" + "a" * 44),
    ("content-type", "application/activity+json"),
    ("user-agent", "example/1.0"),
    (
        "signature",
        'keyId="https://a.example/users/1#main-key",headers="(request-target) host date",signature="' + "a" * 344,
    ),
)

Once = Callable[[int], Awaitable[object]]


def request_of(number: int, port: int) -> Request:
    """Give the request to one host."""
    return Request.to(f"http://{NAMES[number]}:{port}/inbox", method="POST", headers=FIELDS, body=BODY)


def fetch_of(number: int, port: int) -> Request:
    """Give the request for a document of one host."""
    fields = [*FIELDS[:1], ("accept", "application/activity+json"), *FIELDS[3:]]
    return Request.to(f"http://{NAMES[number]}:{port}/posts/1", headers=fields)


class Floor:
    """Sockets that write the bytes and read what comes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: dict[int, Any] = {}
        head = "".join(f"{name}: {value}\r\n" for name, value in FIELDS)
        self._wire = f"POST /inbox HTTP/1.1\r\nhost: x\r\n{head}content-length: {len(BODY)}\r\n\r\n".encode() + BODY

    async def once(self, number: int) -> None:
        """Carry out one exchange."""
        if number not in self._streams:
            self._streams[number] = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams[number]
        writer.write(self._wire)
        await reader.readuntil(b"\r\n\r\n")

    async def close(self) -> None:
        """Close all."""
        for _, writer in self._streams.values():
            writer.close()


async def batch_us(once: Once, hosts: int) -> float:
    """Send a batch to so many hosts at once; gives the CPU time of one request."""

    async def all_of(number: int) -> None:
        for _ in range(BATCH // hosts):
            await once(number)

    started = time.process_time()
    await asyncio.gather(*(all_of(number) for number in range(hosts)))
    return (time.process_time() - started) / (BATCH // hosts * hosts) * 1e6


async def exchanges_us(port: int) -> dict[tuple[str, int], float]:
    """Measure the transports that suspend, and the floor, in turns."""
    transports = {
        "httpx": AsyncHttpxTransport(dev=DEV),
        "httpx2": AsyncHttpxTransport(dev=DEV, stack="httpx2"),
        "aiohttp": AiohttpTransport(dev=DEV),
    }
    floor = Floor(port)
    requests = [request_of(number, port) for number in range(HOSTS)]
    fetches = [fetch_of(number, port) for number in range(HOSTS)]
    cases: dict[str, Once] = {"floor": floor.once}
    for name, transport in transports.items():
        cases[name] = lambda number, transport=transport: transport.send(requests[number], LIMITS)
        cases[f"fetch {name}"] = lambda number, transport=transport: transport.send(fetches[number], LIMITS)
    found: dict[tuple[str, int], list[float]] = {(name, hosts): [] for name in cases for hosts in (1, HOSTS)}
    for round_number in range(ROUNDS + 1):  # the first opens the connections
        for (name, hosts), times in found.items():
            taken = await batch_us(cases[name], hosts)
            if round_number:
                times.append(taken)
    for closing in (*transports.values(), floor):
        await closing.close()
    return {case: statistics.median(times) for case, times in found.items()}


def blocking_us(port: int) -> float:
    """Measure the transport that never suspends."""
    transport, request = BlockingHttpxTransport(dev=DEV), request_of(0, port)
    found = medians_us({"blocking": lambda: run_sync(transport.send(request, LIMITS))}, rounds=ROUNDS)
    run_sync(transport.close())
    return found["blocking"]


def measure() -> list[Measured]:
    """Measure."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    sign = medians_us({"sign": lambda: key.sign(b"x" * 300, padding.PKCS1v15(), hashes.SHA256())}, rounds=ROUNDS)[
        "sign"
    ]
    with peer() as port:
        found = asyncio.run(exchanges_us(port))
        found["httpx blocking", 1] = blocking_us(port)
    reaches = {"httpx": HTTPX_MAX, "httpx2": HTTPX_MAX, "aiohttp": FAST_MAX, "floor": None}
    lines = [
        Measured(goal="G5", what=f"a delivery by {name}", anchor=sign, subject=found[name, HOSTS], reach=reach)
        for name, reach in reaches.items()
    ]
    lines += [
        Measured(goal="G5", what=f"a fetch by {name}", anchor=sign, subject=found[f"fetch {name}", HOSTS], reach=reach)
        for name, reach in reaches.items()
        if name != "floor"
    ]
    by_thread = found["httpx blocking", 1]
    lines.append(
        Measured(goal="G5", what="a delivery by httpx, blocking", anchor=sign, subject=by_thread, reach=HTTPX_MAX)
    )
    return lines + [
        Measured(
            goal="G5",
            what=f"by {name}, {HOSTS} hosts against one",
            anchor=found[name, 1],
            subject=found[name, HOSTS],
            reach=None if name == "floor" else FLAT_MAX,
        )
        for name in ("httpx", "httpx2", "aiohttp", "floor")
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
