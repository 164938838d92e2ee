"""What the processes of a run do, each until it is killed: work, publish, take what others send."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from fedtext import Context, Federation, Follow, Undo
from fedtext.errors import FedtextError
from fedtext.fetch.keys import remember
from fedtext.http import Request
from fedtext.keys import Algorithm, PrivateKey, VerificationKey
from fedtext.runtime import Worker
from fedtext.signatures import build_digest, sign
from fedtext.sync import run_sync

from .application import Post, Setting
from .cast import ACTORS, HOME, PEERS
from .records import EVERYBODY, Log

AGAIN_S = 0.05
CONCURRENCY = 8
STEPS_MAX = 100_000


# ---- before anything else -------------------------------------------------------------------------------------------


def prepare(setting: Setting, key: PrivateKey) -> None:
    """Make tables and keys, and let the inbox know the key of the actor elsewhere."""
    fed = setting.build()
    ports = fed.ports.blocking()

    async def keys() -> None:
        for actor in (*(f"{HOME}/users/{name}" for name in ACTORS), fed.engine.instance_actor_id):
            for algorithm in (Algorithm.RSA, Algorithm.ED25519):
                await fed.engine.keys.signing_key(ports, HOME, actor, algorithm=algorithm)

    run_sync(keys())
    sender = sender_of(setting)
    known = VerificationKey(f"{sender}#main-key", sender, key.public)
    run_sync(remember(fed.engine.fetcher(ports), known))
    assert ports.sql is not None
    run_sync(ports.sql.execute("CREATE TABLE IF NOT EXISTS kept (id TEXT)"))


def sender_of(setting: Setting) -> str:
    """Give the actor elsewhere that talks to our inbox."""
    return setting.stage.user(PEERS[0], 1)


# ---- work -----------------------------------------------------------------------------------------------------------


def work(setting: Setting, transport: Any) -> None:
    """Be a worker, until SIGTERM."""
    fed = setting.build(transport=transport)

    async def until_told() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await fed.worker(concurrency=CONCURRENCY).run(stop=stop)
        await fed.ports.close()

    asyncio.run(until_told())


def drain(setting: Setting, transport: Any) -> None:
    """Be a worker that ends when nothing is due."""
    fed = setting.build(transport=transport)

    async def until_idle() -> None:
        await asyncio.gather(*(_idle(fed.worker()) for _ in range(CONCURRENCY)))
        await fed.ports.close()

    asyncio.run(until_idle())


async def _idle(worker: Worker) -> None:
    for _ in range(3):  # another of them may be about to put something into a lane
        await worker.drain(steps_max=STEPS_MAX)
        await asyncio.sleep(AGAIN_S)


# ---- publish --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Publisher:
    """Says things, and writes down what it sets out to say before, and what was acknowledged after."""

    fed: Federation
    setting: Setting
    log: Log
    name: str
    chance: random.Random
    pause_s: float

    def say(self, what: str, about: str, to: str, call: Callable[[], object]) -> None:
        """Say one thing until it is acknowledged."""
        while True:
            self.log.write(say="intent", what=what, about=about, to=to)
            try:
                call()
                break
            except FedtextError:
                time.sleep(AGAIN_S)
        self.log.write(say="ack", what=what)
        time.sleep(self.chance.uniform(0, 2 * self.pause_s))

    def live(self) -> None:
        """Go on for ever."""
        for number in range(sys.maxsize):
            tell = self.chance.choice([self.post, self.post, self.post, self.follow])
            tell(f"{self.name}-{number}", self.chance.choice(ACTORS))

    def post(self, pk: str, author: str) -> None:
        """Let a post come, change and go."""
        object_id = f"{HOME}/posts/{pk}"
        post = Post(pk, author, 0)
        self.say(f"Create {object_id} <p>0</p>", pk, EVERYBODY, lambda: self.fed.publish(post))
        for version in range(1, 1 + self.chance.randrange(3)):
            changed = attrs.evolve(post, version=version)
            what = f"Update {object_id} <p>{version}</p>"
            self.say(what, pk, EVERYBODY, lambda changed=changed: self.fed.revise(changed))
        if self.chance.random() < 0.7:
            self.say(f"Delete {object_id}", pk, EVERYBODY, lambda: self.fed.withdraw(post))

    def follow(self, pk: str, author: str) -> None:
        """Follow somebody at a living peer, and undo it."""
        target = self.setting.stage.user(self.chance.choice([peer for peer in PEERS if peer.is_living]), 1)
        actor = f"{HOME}/users/{author}"
        follow = Follow(id=f"{actor}#follows/{pk}", actor=actor, object=target)
        undo = Undo(id=f"{actor}#undos/{pk}", actor=actor, object=follow)
        for name, activity in (("Follow", follow), ("Undo", undo)):
            what = f"{name} {follow.id}"
            self.say(what, pk, f"{target}/inbox", lambda said=activity: self.fed.send(said, to=target))


def publish(setting: Setting, name: str, seed: int, pause_s: float) -> None:
    """Be a process of the application that publishes."""
    log = Log(setting.folder / "intents")
    Publisher(setting.build(), setting, log, name, random.Random(seed), pause_s).live()


# ---- take what others send ------------------------------------------------------------------------------------------


def arrivals(setting: Setting, key: PrivateKey, name: str, now_s: Callable[[], float]) -> Iterator[tuple[str, Request]]:
    """Give what the actor elsewhere sends, signed."""
    sender = sender_of(setting)
    for number in range(sys.maxsize):
        document = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{sender}/announces/{name}-{number}",
            "type": "Announce",
            "actor": sender,
            "object": f"{HOME}/posts/{number}",
        }
        body = json.dumps(document).encode()
        request = Request.to(
            f"{HOME}/users/{ACTORS[0]}/inbox",
            method="POST",
            headers=[("content-type", "application/activity+json"), ("content-length", str(len(body)))],
            body=body,
        )
        signed = sign(request, key, key_id=f"{sender}#main-key", now_s=now_s(), digest=build_digest(body))
        yield str(document["id"]), signed


def take(setting: Setting, key: PrivateKey, name: str, pause_s: float) -> None:
    """Be a web process whose inbox gets one activity after the other, each until it is acknowledged."""
    fed, log = setting.build(), Log(setting.folder / "arrivals")
    ports = fed.ports.blocking()
    for activity_id, request in arrivals(setting, key, name, fed.ports.clock.now_s):
        log.write(say="sent", id=activity_id)
        status = 0
        while status != 202:
            try:
                answer = run_sync(fed.engine.handle(request, ports))
                status = 0 if answer is None else answer.status
                if 400 <= status < 500:
                    raise AssertionError(f"{activity_id} was refused with {status}")
            except FedtextError:
                status = 503
            if status != 202:
                time.sleep(AGAIN_S)
        log.write(say="answered", id=activity_id)
        time.sleep(pause_s)


async def keep_in_sqlite(path: str, context: Context, activity_id: str) -> None:
    """Keep a row in one transaction with the confirmation."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO kept VALUES (?)", (activity_id,))
        await context.confirm(within=connection)
        connection.execute("COMMIT")
    finally:
        connection.close()


async def keep_in_postgres(url: str, context: Context, activity_id: str) -> None:
    """Keep a row in one transaction with the confirmation."""
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (%s)", (activity_id,))
        await context.confirm(within=connection)


# ---- what is asked at the end ---------------------------------------------------------------------------------------


def look(setting: Setting) -> dict[str, Any]:
    """Measure the queue, and list dead letters and the listener's rows."""
    fed = setting.build()
    ports = fed.ports.blocking()
    depth = run_sync(ports.queue.depth())
    buried: list[tuple[str, str]] = []
    after = 0
    while page := run_sync(ports.queue.buried(after=after, limit=500)):
        buried += [(str(job.lane), reason) for job, reason in page]
        after = page[-1][0].job_id
    assert ports.sql is not None
    kept = [row[0] for row in run_sync(ports.sql.execute("SELECT id FROM kept"))]
    return {"depth": {"waiting": depth.waiting, "leased": depth.leased}, "buried": buried, "kept": kept}
