"""CROWD: an author with a million followers on twenty thousand hosts; and a network nine tenths of which are dead.

Sending: calls of ports that `context.send` makes for that author, against one without followers. Fan-out: the resident
memory of a process that plans all deliveries, over what it had before it began (MiB, against 150). The dead: CPU time
of a worker for a delivery to a living host, while nine times as many dead hosts have deliveries waiting, against none;
first when all are due at once, printed to be seen; then in their back-off.

FEDTEXT_BENCH_FOLLOWERS names another number of followers.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs

from bench.delivering import HOME, LEASE_S
from bench.flat_memory import resident_mib
from bench.measuring import Measured
from fedtext import PUBLIC, Context, Federation, Note, Page, PageRequest, Person, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import NullObserver
from fedtext.config import Config, DeliveryPolicy
from fedtext.delivery import Follower
from fedtext.errors import Unreachable
from fedtext.http import Request, Response
from fedtext.ports import ExchangeLimits, LaneKind
from fedtext.sync import run_sync
from fedtext.testing.faults import FailNth
from fedtext.vocab import Create

ROOT = Path(__file__).resolve().parents[1]
FOLLOWERS = int(os.environ.get("FEDTEXT_BENCH_FOLLOWERS", "1000000"))
FOLLOWERS_A_HOST = 50
MEMORY_MIB_MAX = 150.0
LIVING, JOBS_A_HOST, ROUNDS = 200, 5, 5
DEAD_A_LIVING = 9
LIVING_MAX = 1.1
FOLLOWERS_URL = f"{HOME}/users/1/followers"


@attrs.frozen
class Post:
    """One post."""

    pk: int


@attrs.frozen
class Generated:
    """Followers that are made when they are asked for: so many on each host, one host after the other.

    `apart`: by how much the numbers of two hosts that follow each other differ.
    """

    followers: int
    a_host: int = FOLLOWERS_A_HOST
    apart: int = 1

    async def page(self, _context: Context, _pk: str, page: PageRequest) -> Page[Follower]:
        """Give one page."""
        start = int(page.cursor or 0)
        end = min(start + page.size, self.followers)
        items = []
        for number in range(start, end):
            origin = f"https://host{number // self.a_host * self.apart}.example"
            actor = f"{origin}/users/{number}"
            items.append(Follower(actor_id=actor, inbox=f"{actor}/inbox", shared_inbox=f"{origin}/inbox"))
        return Page(items, next=str(end) if end < self.followers else None)

    async def contains(self, _context: Context, _pk: str, _actor_id: str) -> bool:
        """Nobody asks."""
        return False

    async def count(self, _context: Context, _pk: str) -> int:
        """Count them."""
        return self.followers

    async def following_count(self, _context: Context, _pk: str) -> int:
        """Nobody counts."""
        return 0


class Mortal:
    """A transport to hosts of which every tenth lives."""

    def __init__(self) -> None:
        self.taken = 0
        self.last_cpu_s = 0.0

    async def send(self, request: Request, _limits: ExchangeLimits) -> Response:
        """Answer, or fail as a connection does that is refused."""
        await asyncio.sleep(0)
        if int(request.authority.removeprefix("host").partition(".")[0]) % (1 + DEAD_A_LIVING):
            raise Unreachable("nobody listens", url=request.url)
        self.taken += 1
        self.last_cpu_s = time.process_time()
        return Response(status=202)

    async def close(self) -> None:
        """Nothing is open."""


def application(url: str, followers: Generated, transport: Any = "httpx", **policy: Any) -> Federation:
    """Give a server of one author."""
    fed = Federation(
        HOME,
        backend=connect(url),
        config=Config(delivery=DeliveryPolicy(lease_s=LEASE_S, **policy)),
        worker="off",
        observer=NullObserver(),
        transport=transport,
    )
    fed.followers(followers)

    @fed.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice") if pk == "1" else None

    @fed.object("/posts/{pk:int}", source=Post)
    def note(context: Context, post: Post) -> Note:
        return Note(attributed_to=context.actor_uri("1"), content=f"hello {post.pk}", to=PUBLIC, cc=[FOLLOWERS_URL])

    return fed


# ---- sending --------------------------------------------------------------------------------------------------------


def calls_of_send(followers: int) -> int:
    """Count the calls of ports that one `context.send` makes."""
    fed = application("memory://", Generated(followers))
    fault = FailNth(0)  # never fails: it counts
    context = fed.engine.context(fault.wrap_all(fed.ports.blocking()))
    note = Note(id=f"{HOME}/posts/1", attributed_to=f"{HOME}/users/1", content="hello")
    activity = Create(actor=f"{HOME}/users/1", object=note, to=[FOLLOWERS_URL])
    run_sync(context.send(activity))
    return fault.calls


# ---- fan-out --------------------------------------------------------------------------------------------------------


async def _fan_out(fed: Federation) -> int:
    ports, pages = fed.ports.blocking(), 0
    while claim := await ports.queue.claim(lease_s=LEASE_S, batch_max=20, kinds=[LaneKind.FANOUT]):
        for job in claim.jobs:
            await fed.engine.run_job(job, ports)
            await ports.queue.ack(claim, job)
            pages += 1
        await ports.queue.release(claim)
    return pages


def fan_out(url: str) -> None:
    """Be a process that plans the deliveries of one post; prints how its memory grew, and how many wait."""
    fed = application(url, Generated(FOLLOWERS))
    fed.publish(Post(1))
    before = resident_mib()
    pages = run_sync(_fan_out(fed))
    waiting = run_sync(fed.ports.blocking().queue.depth()).waiting
    print(json.dumps({"before": before, "grown": resident_mib() - before, "pages": pages, "waiting": waiting}))


def fanned_out(folder: Path) -> dict[str, float]:
    """Run it in a process of its own."""
    command = [sys.executable, "-m", "bench.g15_crowd", f"sqlite:///{folder}/crowd.sqlite3"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    hosts = -(-FOLLOWERS // FOLLOWERS_A_HOST)
    if found["waiting"] != hosts:
        raise SystemExit(f"{found['waiting']} deliveries wait for {hosts} hosts")
    return found


# ---- the dead -------------------------------------------------------------------------------------------------------


@attrs.define
class Run:
    """One server, its clock and its network."""

    fed: Federation
    clock: ManualClock
    network: Mortal

    @classmethod
    def make(cls, path: Path, followers: Generated) -> Run:
        """Make it."""
        network = Mortal()
        fed = application(f"sqlite:///{path}", followers, network, recovery_s=0.0)
        fed.ports.clock = clock = ManualClock(1_790_000_000.0)
        return cls(fed, clock, network)

    def publish(self, first: int) -> None:
        """Publish some posts and plan their deliveries."""
        for number in range(JOBS_A_HOST):
            self.fed.publish(Post(first + number))
        run_sync(_fan_out(self.fed))

    def living_us(self) -> float:
        """Work until nothing is due; gives the CPU time until the last living host had all, for each delivery."""

        async def drain() -> None:
            worker = self.fed.worker()
            await asyncio.gather(*(worker.drain(steps_max=1_000_000) for _ in range(8)))

        self.network.taken, started = 0, time.process_time()
        asyncio.run(drain())
        if self.network.taken != LIVING * JOBS_A_HOST:
            raise SystemExit(f"{self.network.taken} deliveries arrived, not {LIVING * JOBS_A_HOST}")
        return (self.network.last_cpu_s - started) / self.network.taken * 1e6


def living_us(folder: Path) -> dict[str, float]:
    """Measure without the dead; with them at first; and with them in their back-off."""
    alone = Run.make(folder / "alone.sqlite3", Generated(LIVING, 1, apart=1 + DEAD_A_LIVING))
    crowded = Run.make(folder / "crowded.sqlite3", Generated(LIVING * (1 + DEAD_A_LIVING), 1))
    found: dict[str, list[float]] = {"alone": [], "resting": []}
    at_first = 0.0
    for number in range(ROUNDS + 1):
        for name, run in (("alone", alone), ("resting", crowded)):
            run.clock.advance(1.0)  # the dead rest for at least fifteen seconds
            run.publish(number * JOBS_A_HOST)
            taken = run.living_us()
            if number:
                found[name].append(taken)
            elif name == "resting":
                at_first = taken
    return {"at first": at_first, **{name: statistics.median(times) for name, times in found.items()}}


def measure() -> list[Measured]:
    """Measure."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        grown = fanned_out(folder)["grown"]
        taken = living_us(folder)
    dead = LIVING * DEAD_A_LIVING
    return [
        Measured(
            goal="CROWD",
            what=f"calls of ports of one send, {FOLLOWERS} followers against none",
            anchor=calls_of_send(0),
            subject=calls_of_send(FOLLOWERS),
            reach=1.0,
            unit="count",
        ),
        Measured(
            goal="CROWD",
            what=f"memory that the fan-out to {FOLLOWERS} followers adds",
            anchor=MEMORY_MIB_MAX,
            subject=grown,
            reach=1.0,
            unit="MiB",
        ),
        Measured(
            goal="CROWD",
            what=f"a delivery to {LIVING} living hosts while {dead} dead ones rest",
            anchor=taken["alone"],
            subject=taken["resting"],
            reach=LIVING_MAX,
        ),
        Measured(
            goal="CROWD",
            what=f"the same when {dead} are found dead",
            anchor=taken["alone"],
            subject=taken["at first"],
            reach=None,
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fan_out(sys.argv[1])
    else:
        for measured in measure():
            print(measured.line())
