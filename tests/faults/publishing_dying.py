"""Processes that are killed by themselves between two statements of `post.save(); fed.publish(post, within=…)`.

    python -m tests.faults.publishing_dying ADDRESS

ADDRESS is what `connect` takes: of an SQLite file, or of a PostgreSQL database. Post after post, a fork saves and
publishes it in one transaction of the application's own driver, and is killed (SIGKILL) at the n-th boundary, n one
more each time, until one comes to its end. Then the same for what moves tasks to their lanes. Prints JSON: how the
forks ended, the posts that the application has, and for each task that a worker finds, which post it is about.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import attrs
import psycopg

from fedtext.adapters.clocks import SystemClock
from fedtext.runtime import Federation, connect
from fedtext.sync import run_sync
from fedtext.vocab import PUBLIC, Note, Person

FORKS_MAX = 80


@attrs.frozen
class Post:
    """A row of the application."""

    pk: int


class Kill:
    """Counts boundaries, and ends the process at the chosen one."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def __call__(self, *_statement: object) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def federation(address: str) -> Federation:
    """Make an application's federation; nothing is opened yet."""
    fed = Federation("https://blog.example", backend=connect(address), worker="off")

    @fed.actor("/users/{pk}")
    def actor(context: Any, pk: str) -> Person:
        return context.actor(Person, handle="alice")

    @fed.object("/posts/{pk}", source=Post, load=lambda pk: Post(int(pk)))
    def note(context: Any, post: Post) -> Note:
        return Note(attributed_to=context.actor_uri("1"), content=f"<p>{post.pk}</p>", to=PUBLIC)

    return fed


def open_app(address: str) -> Any:
    """Open a connection as the application does."""
    if address.startswith("sqlite:///"):
        return sqlite3.connect(address.removeprefix("sqlite:///"))
    return psycopg.connect(address)


def watch(kill: Kill, app: Any) -> None:
    """Call at every boundary: before each statement, also those that begin and commit."""
    if isinstance(app, sqlite3.Connection):
        app.set_trace_callback(kill)
        return
    patch(psycopg.Cursor, "execute", kill)
    patch(psycopg.Cursor, "executemany", kill)
    patch(psycopg.Connection, "commit", kill)


def patch(cls: Any, name: str, kill: Kill) -> None:
    """Call before a method."""
    real = getattr(cls, name)

    def method(*arguments: Any, **named: Any) -> Any:
        kill()
        return real(*arguments, **named)

    setattr(cls, name, method)


def save_and_publish(address: str, kill: Kill, pk: int) -> None:
    """Do what a request of the application does."""
    fed, app = federation(address), open_app(address)
    watch(kill, app)
    app.execute(f"INSERT INTO post VALUES ({pk})")
    fed.publish(Post(pk), within=app)
    app.commit()
    kill()


def move(address: str, kill: Kill, _pk: int) -> None:
    """Move to its lane what was handed in, as a worker does first."""
    fed, app = federation(address), open_app(address)
    watch(kill, app)
    run_sync(fed.ports.blocking().queue.depth())


def fork(work: Callable[[], None]) -> str:
    """Let a child do it; gives how it ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else f"signal {os.WTERMSIG(status)}"
    return "end" if os.WEXITSTATUS(status) == 0 else "failed"


def all_ends(errand: Callable[[str, Kill, int], None], address: str, first: int) -> list[str]:
    """Kill at one boundary after the other until none is left."""
    ends: list[str] = []
    while len(ends) < FORKS_MAX and (not ends or ends[-1] == "killed"):
        number = len(ends) + 1
        ends.append(fork(lambda number=number: errand(address, Kill(number), first + number)))  # type: ignore[misc]
    return ends


def main(address: str) -> None:
    """Kill, then look at what is there."""
    with closing(open_app(address)) as app:
        app.execute("CREATE TABLE post (pk INTEGER)")
        app.commit()
    ends = {"first use": all_ends(save_and_publish, address, 0)}
    ends["later"] = all_ends(save_and_publish, address, 1_000)
    ends["move"] = all_ends(move, address, 0)
    with closing(open_app(address)) as app:
        cursor = app.cursor()
        cursor.execute("SELECT pk FROM post ORDER BY pk")
        posts = [pk for (pk,) in cursor.fetchall()]
    backend = connect(address)
    queue = backend.blocking(SystemClock()).queue
    about: list[int] = []
    while (claim := run_sync(queue.claim(lease_s=60, batch_max=100))) is not None:
        for job in claim.jobs:
            created = json.loads(json.loads(job.payload)["body"])
            about.append(int(created["object"]["id"].rpartition("/")[2]))
            run_sync(queue.ack(claim, job))
        run_sync(queue.release(claim))
    backend.close()
    print(json.dumps({"ends": ends, "posts": posts, "tasks": sorted(about)}))


if __name__ == "__main__":
    main(sys.argv[1])
