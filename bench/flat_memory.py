"""IDS: the memory of a process stays flat, however many different ids it is made to ask for.

A million ids and key ids of sixty-four hosts, each asked for once, a few seconds apart on a clock of its own, so that
what the store keeps for a time comes to its end. Anchor: the resident memory after the first fifth. Subject: after all.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from bench.measuring import Measured
from fedtext.adapters.backends import MemoryBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.coalesce import InlineCoalesce
from fedtext.adapters.observers import NullObserver
from fedtext.adapters.offload import InlineOffload
from fedtext.adapters.randomness import SeededRandomness
from fedtext.config import Config, FetchPolicy
from fedtext.errors import FedtextError
from fedtext.fetch import Fetcher, get_object, resolve
from fedtext.http import Headers, Request, Response
from fedtext.ports import ExchangeLimits, PortSet
from fedtext.sync import run_sync
from fedtext.wire.json import dump

IDS = int(os.environ.get("FEDTEXT_BENCH_IDS", "1000000"))
HOSTS = 64
APART_S = 7.0
SITE = "https://blog.example"
CONFIG = Config(fetch=FetchPolicy(actor_fresh_s=3_600, key_fresh_s=3_600, stale_s=3_600))


class Answering:
    """A transport that serves a note at every other address, and nothing at the rest."""

    async def send(self, request: Request, _limits: ExchangeLimits) -> Response:
        """Answer."""
        if request.url.endswith(("1", "3", "5", "7", "9")):
            return Response(status=404)
        note = {"id": request.url, "type": "Note", "content": "hello"}
        fields = Headers.build([("content-type", "application/activity+json"), ("etag", '"1"')])
        return Response(status=200, headers=fields, body=dump(note))


def resident_mib() -> float:
    """Give the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


def measure() -> list[Measured]:
    """Measure."""
    clock = ManualClock(1_790_000_000.0)
    opened = MemoryBackend().blocking(clock)
    ports = PortSet(
        transport=Answering(),
        store=opened.store,
        queue=opened.queue,
        sql=None,
        coalesce=InlineCoalesce(),
        clock=clock,
        randomness=SeededRandomness(1),
        offload=InlineOffload(),
        observer=NullObserver(),
    )
    fetcher = Fetcher(ports=ports, config=CONFIG, site=SITE, own_origins=frozenset({SITE}), user_agent="fedtext/bench")
    first = 0.0
    for number in range(IDS):
        clock.advance(APART_S)
        address = f"https://host{number % HOSTS}.example/{number}"
        with suppress(FedtextError):
            run_sync(
                resolve(fetcher, f"{address}#key", fetcher.budget())
                if number % 3 == 0
                else get_object(fetcher, address, fetcher.budget())
            )
        if number == IDS // 5:
            first = resident_mib()
    what = f"resident memory after {IDS} ids, of that after a fifth"
    return [Measured(goal="IDS", what=what, anchor=first, subject=resident_mib(), reach=1.05, unit="MiB")]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
