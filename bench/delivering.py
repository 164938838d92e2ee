"""A worker process that carries out what waits in a database, and what fills that database: for benches.

python -m bench.delivering URL PORT TRANSPORT      works until nothing is due, then prints what it took
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from bench.measuring import unpin
from fedtext import PUBLIC, Context, Federation, Note, Page, PageRequest, Person, connect
from fedtext.adapters.observers import NullObserver
from fedtext.config import Config, DeliveryPolicy, DevPolicy, Limits
from fedtext.delivery import Follower
from fedtext.ports import LaneKind
from fedtext.runtime.outgoing import TransportName
from fedtext.runtime.process import run_process
from fedtext.sync import run_sync

ROOT = Path(__file__).resolve().parents[1]
HOME = "https://home.example"
HOSTS = 25
CONCURRENCY = 16
LEASE_S = 60.0


@attrs.frozen
class Post:
    """One post."""

    pk: int


@attrs.frozen
class Crowd:
    """A follower at every host."""

    port: int
    hosts: int = HOSTS

    def follower(self, number: int) -> Follower:
        """Give one."""
        origin = f"http://host{number}.example:{self.port}"
        return Follower(actor_id=f"{origin}/users/1", inbox=f"{origin}/users/1/inbox", shared_inbox=f"{origin}/inbox")

    async def page(self, _context: Context, _pk: str, page: PageRequest) -> Page[Follower]:
        """Give one page."""
        start = int(page.cursor or 0)
        end = min(start + page.size, self.hosts)
        return Page(
            [self.follower(number) for number in range(start, end)], next=str(end) if end < self.hosts else None
        )

    async def contains(self, _context: Context, _pk: str, _actor_id: str) -> bool:
        """Nobody asks."""
        return False

    async def count(self, _context: Context, _pk: str) -> int:
        """Count them."""
        return self.hosts

    async def following_count(self, _context: Context, _pk: str) -> int:
        """Nobody counts."""
        return 0


def application(url: str, port: int, transport: TransportName = "aiohttp") -> Federation:
    """Give a server of one author, whose followers are all behind one port of this machine."""
    names = tuple(f"host{number}.example" for number in range(HOSTS))
    dev = DevPolicy.allow_loopback(hosts=names, resolver=dict.fromkeys(names, "127.0.0.1"))
    config = Config(dev=dev, limits=Limits(), delivery=DeliveryPolicy(lease_s=LEASE_S))
    fed = Federation(
        HOME, backend=connect(url), config=config, worker="off", observer=NullObserver(), transport=transport
    )
    fed.followers(Crowd(port))

    @fed.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice") if pk == "1" else None

    @fed.object("/posts/{pk:int}", source=Post)
    def note(context: Context, post: Post) -> Note:
        author, cc = context.actor_uri("1"), [context.followers_uri("1")]
        return Note(attributed_to=author, content=f"<p>hello {post.pk}</p>" * 100, to=PUBLIC, cc=cc)

    return fed


def fill(url: str, port: int, posts: int) -> None:
    """Publish posts and plan their deliveries."""
    fed = application(url, port)
    ports = fed.ports.blocking()
    for pk in range(posts):
        fed.publish(Post(pk))
    while claim := run_sync(ports.queue.claim(lease_s=LEASE_S, batch_max=20, kinds=[LaneKind.FANOUT])):
        for job in claim.jobs:
            run_sync(fed.engine.run_job(job, ports))
            run_sync(ports.queue.ack(claim, job))
        run_sync(ports.queue.release(claim))
    run_sync(fed.ports.close())


async def _work(fed: Federation) -> dict[str, float]:
    worker = fed.worker(concurrency=CONCURRENCY)
    await worker.step()
    print("ready", flush=True)
    sys.stdin.readline()
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker.drain() for _ in range(CONCURRENCY)))
    taken = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    await fed.ports.close()
    return taken


def started(url: str, port: int, transport: str) -> subprocess.Popen[str]:
    """Start a worker process, which waits for a line before it begins."""
    command = [sys.executable, "-m", "bench.delivering", url, str(port), transport]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def free_port() -> Iterator[int]:
    """Give a port that the system has found free; it is let go of when the block ends."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        yield found.getsockname()[1]


def waiting(url: str, port: int) -> int:
    """Count what waits."""
    fed = application(url, port)
    found = run_sync(fed.ports.blocking().queue.depth()).waiting
    run_sync(fed.ports.close())
    return found


def run(url: str, port: int, transport: str, workers: int) -> tuple[float, float]:
    """Let so many worker processes drain a database.

    Gives their CPU time and the longest wall time for a delivery (us), without what they do in a first step, in which
    they load what they need.
    """
    processes = [started(url, port, transport) for _ in range(workers)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    jobs = waiting(url, port)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.communicate()[0]) for process in processes]
    if waiting(url, port):
        raise SystemExit("the workers have ended before all was delivered")
    return sum(one["cpu_s"] for one in told) / jobs * 1e6, max(one["wall_s"] for one in told) / jobs * 1e6


def main(url: str, port: str, transport: TransportName) -> None:
    """Be a worker process."""
    fed = application(url, int(port), transport)
    print(json.dumps(run_process(_work(fed))), flush=True)


if __name__ == "__main__":
    unpin()
    main(*sys.argv[1:])  # type: ignore[arg-type]
