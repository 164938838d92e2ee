"""G2: what the whole inbox costs under uvicorn with httptools and uvloop, until the listener has heard it.

Anchor (I3): the same server before an application that does what cannot be left out (see G1). Subject: ours, with its
worker, over both embedded backends. CPU time of the process that serves; both take turns in it.
"""

from __future__ import annotations

import statistics
import time

import attrs

from bench.g01_inbox import KEY_ID, PATH, documents, fields_of_a_server
from bench.measuring import Measured
from bench.served import OURS, Client, served, wire_of
from fedtext.http import Request
from fedtext.keys import PrivateKey, generate_rsa
from fedtext.signatures import sign

REACH = 1.5
ROUNDS, BATCH = 9, 96
HEARD_S_MAX = 60.0
BACKENDS = {"memory": "memory://", "SQLite": "sqlite:///FOLDER/bench.sqlite3"}


def signed_create(number: int, key: PrivateKey) -> bytes:
    """Give a POST of a Create as it goes over a socket, signed now."""
    body = documents.to_bytes(documents.create(number))
    request = Request.to(OURS + PATH, method="POST", headers=fields_of_a_server(body), body=body)
    return wire_of(sign(request, key, key_id=KEY_ID, now_s=time.time()))


def cost_us(client: Client, counting: Client, name: str, batch: list[bytes]) -> float:
    """Send a batch and wait until all of it was heard; gives the CPU time of one."""
    before = counting.counters()
    client.exchange(batch, 202)
    end = time.monotonic() + HEARD_S_MAX
    while (after := counting.counters())[name] < before[name] + len(batch):
        if time.monotonic() > end:
            raise SystemExit(f"only {after[name] - before[name]:g} of {len(batch)} were heard")
        time.sleep(0.02)
    return (after["cpu_s"] - before["cpu_s"]) / len(batch) * 1e6


@attrs.frozen
class _Sides:
    floor: list[float]
    subject: list[float]


def measured(what: str, url: str, key: PrivateKey) -> Measured:
    """Measure over one backend."""
    found = _Sides([], [])
    with served(url, key) as (least, ours):
        for round_number in range(ROUNDS + 1):  # the first fills caches
            batch = [signed_create(round_number * BATCH + number, key) for number in range(BATCH)]
            floor = cost_us(least, least, "floor", batch)
            subject = cost_us(ours, least, "subject", batch)
            if round_number:
                found.floor.append(floor)
                found.subject.append(subject)
    anchor, subject = map(statistics.median, (found.floor, found.subject))
    return Measured(goal="G2", what=f"a POST heard, {what}", anchor=anchor, subject=subject, reach=REACH)


def measure() -> list[Measured]:
    """Measure."""
    key = generate_rsa()
    return [measured(what, url, key) for what, url in BACKENDS.items()]


if __name__ == "__main__":
    for line in measure():
        print(line.line())
