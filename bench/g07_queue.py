"""G7: what a job costs in the embedded queue: added, claimed and acknowledged, in batches; and what it weighs.

Anchor: one RSA-2048 signature, as for G5, which tells how fast the machine is. Subject: `enqueue`, `claim`, `ack_all`
and `release` for a batch of one host, CPU time of this process a job. Printed to be seen: the same beside the floor of
the same run, which is the least that a durable SQLite queue does for a job (one row with one index written, read and
deleted in transactions of the same size on the same disk), and what an `ack` for each job costs instead.

Judged as they are: 300 bytes of the file for a job that waits, and one row for a dead host however much waits for it.
Printed to be seen: the same for deliveries as they are planned, with all that names them, of posts of 3 kB to 25 hosts.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench.measuring import Measured
from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import SystemClock
from fedtext.delivery import FanoutTask, plan_deliveries
from fedtext.ports import Lane, LaneKind, Queue, Task
from fedtext.signatures import build_digest
from fedtext.sync import run_sync

JOB_MAX = 0.06  # 15 us where a signature takes 0.25 ms
JOB_BYTES_MAX = 300.0
SIGNATURES = 100
BATCH = 100
BATCHES = 20
ROUNDS = 9
SITE = "https://blog.example"
PAYLOAD = b'{"v":1,"kind":"deliver","document":"%s","inbox":"https://peer.example/inbox","key":"users/1"}' % (b"d" * 32)


def tasks(host: str, count: int = BATCH) -> list[Task]:
    """Give deliveries to one host."""
    lane = Lane(LaneKind.OUT, host)
    return [
        Task(site=SITE, lane=lane, payload=PAYLOAD, dedupe_key=f"{host}/{number}", ordering_key="")
        for number in range(count)
    ]


def floor(path: Path) -> Callable[[], None]:
    """Give the least that such a queue does."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE job (id INTEGER PRIMARY KEY, host TEXT, payload BLOB)")
    connection.execute("CREATE INDEX job_host ON job (host, id)")

    def once() -> None:
        for number in range(BATCHES):
            connection.execute("BEGIN IMMEDIATE")
            rows = [(f"host{number}", PAYLOAD)] * BATCH
            connection.executemany("INSERT INTO job (host, payload) VALUES (?, ?)", rows)
            connection.execute("COMMIT")
        for number in range(BATCHES):
            host = (f"host{number}",)
            rows = connection.execute("SELECT id, payload FROM job WHERE host = ? ORDER BY id", host).fetchall()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM job WHERE id = ?", [row[:1] for row in rows])
            connection.execute("COMMIT")

    return once


async def pass_through(queue: Queue, batches: list[list[Task]]) -> None:
    """Carry jobs through the queue by batches."""
    for batch in batches:
        await queue.enqueue(batch)
    for _ in batches:
        claim = await queue.claim(lease_s=60, batch_max=BATCH)
        if claim is None or await queue.ack_all(claim, claim.jobs) != BATCH:
            raise AssertionError("the queue lost something")
        await queue.release(claim)


async def pass_one_by_one(queue: Queue, batches: list[list[Task]]) -> None:
    """Carry jobs through with an ack for each, all of a batch at once."""
    for batch in batches:
        await queue.enqueue(batch)
    for _ in batches:
        claim = await queue.claim(lease_s=60, batch_max=BATCH)
        if claim is None or not all(await asyncio.gather(*(queue.ack(claim, job) for job in claim.jobs))):
            raise AssertionError("the queue lost something")
        await queue.release(claim)


def speeds(folder: Path) -> list[Measured]:
    """Measure the floor and the queue in turns."""
    backend = SqliteBackend(folder / "queue.sqlite3")
    blocking, awaited = backend.blocking(SystemClock()).queue, backend.asynchronous(SystemClock()).queue
    batches = [tasks(f"host{number}.example") for number in range(BATCHES)]
    key = rsa.generate_private_key(65537, 2048)
    cases: dict[str, Callable[[], object]] = {
        "signature": lambda: [key.sign(PAYLOAD, padding.PKCS1v15(), hashes.SHA256()) for _ in range(SIGNATURES)],
        "floor": floor(folder / "floor.sqlite3"),
        "in batches": lambda: run_sync(pass_through(blocking, batches)),
        "in batches, awaited": lambda: asyncio.run(pass_through(awaited, batches)),
        "acks one by one, awaited at once": lambda: asyncio.run(pass_one_by_one(awaited, batches)),
    }
    found: dict[str, list[float]] = {name: [] for name in cases}
    for round_number in range(ROUNDS + 1):  # the first fills caches
        for name, case in cases.items():
            started = time.process_time()
            case()
            if round_number:
                count = SIGNATURES if name == "signature" else BATCH * BATCHES
                found[name].append((time.process_time() - started) / count * 1e6)
    backend.close()
    costs = {name: statistics.median(values) for name, values in found.items()}
    judged = [
        Measured(goal="G7", what=f"a job, {name}", anchor=costs["signature"], subject=costs[name], reach=JOB_MAX)
        for name in ("in batches", "in batches, awaited")
    ]
    seen = [
        Measured(
            goal="G7", what=f"a job beside the floor, {name}", anchor=costs["floor"], subject=costs[name], reach=None
        )
        for name in list(cases)[2:]
    ]
    return [*judged, *seen]


def weights(folder: Path) -> list[Measured]:
    """Weigh jobs that wait, and count the rows of a dead host."""
    path = folder / "weight.sqlite3"
    backend = SqliteBackend(path)
    queue = backend.blocking(SystemClock()).queue
    run_sync(queue.enqueue(tasks("first.example", 1)))
    empty = _bytes(path)
    count = 20_000
    for number in range(count // BATCH):
        run_sync(queue.enqueue(tasks(f"h{number % 40}.example/{number}".replace("/", "-"))))
    waiting = (_bytes(path) - empty) / count
    before = run_sync(queue.depth()).lanes
    dead = [
        Task(site=SITE, lane=Lane(LaneKind.OUT, "dead.example"), payload=PAYLOAD, dedupe_key=f"x{number}")
        for number in range(5_000)
    ]
    run_sync(queue.enqueue(dead))
    rows = run_sync(queue.depth()).lanes - before
    planned = _planned_bytes(path, queue)
    backend.close()
    return [
        Measured(
            goal="G7", what="a delivery that waits", anchor=JOB_BYTES_MAX, subject=planned, reach=None, unit="bytes"
        ),
        Measured(goal="G7", what="a job that waits", anchor=JOB_BYTES_MAX, subject=waiting, reach=1.0, unit="bytes"),
        Measured(goal="G7", what="a dead host with 5000 jobs", anchor=1, subject=rows, reach=1.0, unit="rows"),
    ]


def _planned_bytes(path: Path, queue: Queue) -> float:
    """Weigh deliveries of posts."""
    inboxes, posts, before = [f"https://host{number}.example/inbox" for number in range(25)], 200, _bytes(path)
    for number in range(posts):
        post = f"{SITE}/posts/{number}"
        body = f'{{"id":"{post}#create","content":"{"x" * 3_000}"}}'
        fanout = FanoutTask(
            site=SITE,
            sender="1",
            activity_id=f"{post}#create",
            actor=f"{SITE}/users/1",
            body=body,
            digest=build_digest(body.encode()),
            recipients=(),
            blind=(),
            followers_of=("1",),
            cursor="",
            reached=(),
            ordering_key=f"{SITE}/users/1 {post}",
            shared=True,
        )
        run_sync(queue.enqueue(plan_deliveries(fanout, inboxes, shared=inboxes)))
    return (_bytes(path) - before) / (posts * len(inboxes))


def _bytes(path: Path) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


def measure() -> list[Measured]:
    """Measure all."""
    with tempfile.TemporaryDirectory() as folder:
        return [*speeds(Path(folder)), *weights(Path(folder))]
