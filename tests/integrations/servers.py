"""The servers of these tests: the three example blogs and the demo as processes, and a peer that follows them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from fedtext import Config, DevPolicy, Federation, connect
from fedtext.adapters.observers import RecordingObserver
from fedtext.cli.demo.settings import VARIABLE, Settings
from fedtext.social import Entry, Social, SocialActor

from .launch import EXAMPLES, HEADER

T = TypeVar("T")

START_S_MAX = 30.0
WAIT_S_MAX = 15.0
KEY = "alice's own key"
ACTIVITY = {"accept": "application/activity+json"}


def free_port() -> int:
    """Give a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(what: str, probe: Callable[[], T | None], *, seconds: float = WAIT_S_MAX) -> T:
    """Wait until a probe gives something true, and give that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds:g} s: {what}")


class Blog:
    """One server with one author, alice, as a child process; subclasses know how to start it and to fill its forms."""

    kind = ""
    users = "users"
    posts = "posts"
    comments = "comments"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.origin = f"http://localhost:{self.port}"
        self.folder = folder
        self.database = folder / f"{self.kind}.sqlite3"
        # no connection is kept: servers drop them when an application fails
        self.client = httpx.Client(base_url=self.origin, timeout=20, limits=httpx.Limits(max_keepalive_connections=0))
        self._process: subprocess.Popen[bytes] | None = None

    # ---- the process

    @property
    def environment(self) -> dict[str, str]:
        """What the process is told."""
        own = {"BLOG_ORIGIN": self.origin, "BLOG_DATABASE": str(self.database), "BLOG_PORT": str(self.port)}
        return {**os.environ, **own, "PYTHONUNBUFFERED": "1"}

    def prepare(self) -> None:
        """Do what comes before the first start."""

    def command(self) -> tuple[list[str], Path]:
        """Give the command of the README, and its folder."""
        raise NotImplementedError

    def start(self, *, launched: bool = False, **environment: str) -> None:
        """Start it, by its README or by the launcher, and wait until it answers."""
        command, folder = self.command()
        if launched:
            command = [str(Path(__file__).with_name("launch.py")), self.kind, str(self.port)]
        with (self.folder / f"{self.kind}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=folder,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(f"{self.kind} answers:\n{self.log()}", self._answers, seconds=START_S_MAX)

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError(f"{self.kind} ended at once:\n{self.log()}")
        try:
            return self.client.get("/").status_code < 500
        except httpx.TransportError:
            return False

    def log(self) -> str:
        """Give the end of what it said."""
        path = self.folder / f"{self.kind}.log"
        return path.read_text("utf-8", "replace")[-4000:] if path.exists() else ""

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def ended(self) -> int:
        """Wait for the end of the process; give its return code."""
        if self._process is None:
            raise AssertionError("it does not run")
        code, self._process = self._process.wait(15), None
        return code

    def close(self) -> None:
        """End everything."""
        self.stop()
        self.client.close()

    def run(self, code: str) -> None:
        """Run a line of Python in another process, as an administrator would in a shell: `fed` is the federation."""
        _command, folder = self.command()
        done = subprocess.run(
            [sys.executable, "-c", f"{self.shell}\n{code}"],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    shell = "from blog import fed"

    # ---- the database

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read or write the application's database."""
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            return connection.execute(sql, parameters).fetchall()

    def is_idle(self) -> bool:
        """Tell whether nothing waits in its queue and nobody works on it: a kill would keep what is leased back."""
        jobs = self.rows("SELECT COUNT(*) FROM fedtext_jobs WHERE reason IS NULL")
        leased = self.rows("SELECT COUNT(*) FROM fedtext_lanes WHERE lease_token IS NOT NULL")
        return jobs == leased == [(0,)]

    # ---- what people do

    @property
    def alice(self) -> str:
        """Id of the author."""
        return f"{self.origin}/ap/users/1"

    @property
    def handle(self) -> str:
        """Handle of the author."""
        return f"@alice@localhost:{self.port}"

    def submit(self, page: str, action: str, *, fail_at: str = "", **form: str) -> httpx.Response:
        """Fill in a form of a page and send it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.client.get(page).text)
        if token:
            form["csrfmiddlewaretoken"] = token[1]
        return self.client.post(action, data=form, headers={HEADER: fail_at} if fail_at else {})

    def _done(self, response: httpx.Response) -> str:
        assert response.status_code in (302, 303), (response.status_code, response.text[:500], self.log())
        return response.headers["location"]

    def _failed(self, response: httpx.Response) -> str:
        assert response.status_code == 500
        return ""

    def register(self) -> None:
        """Make alice an author."""
        location = self._done(self.submit("/", "/users", name="alice", title="Alice of the Blog", key=KEY))
        assert location == "/users/1"

    def publish(self, text: str, *, fail_at: str = "") -> str:
        """Write a post; give its pk."""
        response = self.submit("/", "/posts", name="alice", key=KEY, text=text, fail_at=fail_at)
        done = self._done if not fail_at.endswith(":raise") else self._failed
        return done(response).rpartition("/")[2]

    def edit(self, pk: str, text: str) -> None:
        """Change a post."""
        self._done(self.submit(f"/posts/{pk}", f"/posts/{pk}/edit", name="alice", key=KEY, text=text))

    def delete(self, pk: str, *, fail_at: str = "") -> None:
        """Delete a post."""
        response = self.submit(f"/posts/{pk}", f"/posts/{pk}/delete", name="alice", key=KEY, fail_at=fail_at)
        done = self._done if not fail_at.endswith(":raise") else self._failed
        done(response)

    def remove_alice(self) -> None:
        """Remove the author for good, from a shell."""
        self.run("fed.remove_actor(1)")

    def id_of(self, pk: str) -> str:
        """Give the id of a post."""
        return f"{self.origin}/ap/posts/{pk}"

    def page(self, pk: str) -> str:
        """Give the page of a post, with its comments, as a visitor sees it."""
        response = self.client.get(f"/posts/{pk}", headers={"accept": "text/html"})
        assert response.status_code == 200
        return response.text

    def kept_comments(self) -> list[str]:
        """Give the texts in the table of comments."""
        return [str(text) for (text,) in self.rows(f"SELECT text FROM {self.comments}")]


class Flask(Blog):
    """`python -m blog` in examples/flask_blog."""

    kind = "flask"

    def command(self) -> tuple[list[str], Path]:
        """Give the command of the README, and its folder."""
        return ["-m", "blog"], EXAMPLES / "flask_blog"


class FastAPI(Blog):
    """`python -m blog` in examples/fastapi_blog."""

    kind = "fastapi"

    def command(self) -> tuple[list[str], Path]:
        """Give the command of the README, and its folder."""
        return ["-m", "blog"], EXAMPLES / "fastapi_blog"

    def remove_alice(self) -> None:
        """Remove the author for good, from a shell: its callbacks are async, so is the call."""
        told = "import asyncio, blog\nasync def main():\n    await fed.remove_actor.aio(1)\n"
        self.run(f"{told}    await fed.ports.close()\n    await blog.engine.dispose()\nasyncio.run(main())")


class Django(Blog):
    """`python -m manage runserver` in examples/django_blog/federated."""

    kind = "django"
    users = "blog_user"
    posts = "blog_post"
    comments = "blog_comment"
    project = "federated"
    shell = (
        "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'blog.settings'; django.setup()\n"
        "from blog.views import fed"
    )

    def command(self) -> tuple[list[str], Path]:
        """Give the command of the README, and its folder."""
        return ["-m", "manage", "runserver", "--noreload", str(self.port)], EXAMPLES / "django_blog" / self.project

    def prepare(self) -> None:
        """Make the tables."""
        command = [sys.executable, "-m", "manage", "migrate", "--run-syncdb", "-v", "0"]
        subprocess.run(command, cwd=self.command()[1], env=self.environment, check=True, timeout=60)


class Demo(Blog):
    """A server of `fedtext demo`, whose author speaks through its JSON API."""

    kind = "demo"
    shell = "from fedtext.cli.demo.server import make; fed = make().federation"
    token = "a token"

    def __init__(self, folder: Path, port: int | None = None, *, others: tuple[int, ...] = ()) -> None:
        super().__init__(folder, port)
        self.client.headers["authorization"] = f"Bearer {self.token}"
        self._others = others
        self._alice = ""

    @property
    def environment(self) -> dict[str, str]:
        """What the process is told."""
        settings = Settings(
            name="alice",
            display="Alice of the Blog",
            about="",
            origin=self.origin,
            database=str(self.database),
            ports=(self.port, *self._others),
            token=self.token,
        )
        return {**os.environ, VARIABLE: settings.dump(), "PYTHONUNBUFFERED": "1"}

    def command(self) -> tuple[list[str], Path]:
        """Give the command."""
        served = ["-m", "fedtext", "serve", "fedtext.cli.demo.server:make", "--port", str(self.port)]
        return served, self.folder

    @property
    def alice(self) -> str:
        """Id of the author."""
        return self._alice

    def _command(self, name: str, **given: str) -> dict[str, Any]:
        response = self.client.post(f"/demo/{name}", json=given)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def register(self) -> None:
        """Ask who alice is."""
        self._alice = self.client.get("/home/alice.json").json()["actor"]["id"]

    def publish(self, text: str, *, fail_at: str = "") -> str:
        """Write a post; give its pk."""
        return str(self._command("post", text=text)["pk"])

    def edit(self, pk: str, text: str) -> None:
        """Change a post."""
        self._command("edit", post=self.id_of(pk), text=text)

    def delete(self, pk: str, *, fail_at: str = "") -> None:
        """Delete a post."""
        self._command("delete", post=self.id_of(pk))

    def remove_alice(self) -> None:
        """Remove the author for good, from a shell."""
        self.run(f"fed.remove_actor({self.alice.rpartition('/')[2]!r})")

    def id_of(self, pk: str) -> str:
        """Give the id of a post."""
        return f"{self.origin}/posts/{pk}"

    def page(self, pk: str) -> str:
        """Give the page of a post, with its answers, as a visitor sees it."""
        response = httpx.get(f"{self.origin}/@alice/{pk}", headers={"accept": "text/html"})
        assert response.status_code == 200
        return response.text

    def kept_comments(self) -> list[str]:
        """Give nothing: it has no table of comments; its page is asked instead."""
        return []


BLOGS: dict[str, type[Blog]] = {"django": Django, "flask": Flask, "fastapi": FastAPI}


class Peer:
    """Another server, in this process on a thread with its own loop: bob, who follows and answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.origin = f"http://localhost:{self.port}"
        self.observer = RecordingObserver()
        self.federation = Federation(
            self.origin,
            backend=connect("memory://"),
            config=Config(dev=DevPolicy.allow_loopback()),
            observer=self.observer,
        )
        self.social = Social(self.federation)
        self.bob: SocialActor
        self._loop: asyncio.AbstractEventLoop
        self._server: uvicorn.Server
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Peer:
        self._thread.start()
        assert self._ready.wait(10)
        wait_for("the peer answers", lambda: self._server.started)
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.should_exit = True
        self._thread.join(15)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.bob = await self.social.create_actor("bob", name="Bob")
        self._server = uvicorn.Server(uvicorn.Config(self.federation.asgi(), log_level="warning", lifespan="on"))
        self._ready.set()
        await self._server.serve(sockets=[self._socket])

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let it do something and give what came of it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def timeline(self) -> list[Entry]:
        """Give bob's timeline, newest first."""

        async def read() -> list[Entry]:
            return [entry async for entry in self.bob.timeline()]

        return self.do(read())

    def texts(self) -> list[str]:
        """Give the texts that bob has received, sorted."""
        return sorted(entry.text for entry in self.timeline() if not entry.own)

    def entry(self, object_id: str) -> Entry | None:
        """Give an entry of bob's timeline."""
        return next((entry for entry in self.timeline() if entry.id == object_id), None)

    def delivered(self, about: str) -> bool:
        """Tell whether an activity about an object was taken by somebody."""
        return any(str(event.fields.get("id", "")).startswith(about) for event in self.delivered_events())

    def delivered_events(self) -> list[Any]:
        """Give the deliveries that were taken."""
        return self.observer.named("delivery.delivered")

    def is_idle(self) -> bool:
        """Tell whether nothing waits in its queue."""

        async def depth() -> int:
            return (await self.federation.ports.asynchronous().queue.depth()).waiting

        return self.do(depth()) == 0


def settle(blog: Blog, peer: Peer) -> None:
    """Wait until neither has anything left to do; twice, because work makes work."""
    calm = 0

    def both() -> bool:
        nonlocal calm
        calm = calm + 1 if blog.is_idle() and peer.is_idle() else 0
        return calm >= 3

    wait_for("both servers are idle", both)


@contextmanager
def running(blog: Blog, **how: Any) -> Iterator[Blog]:
    """Run a blog for the time of a block."""
    try:
        blog.prepare()
        blog.start(**how)
        yield blog
    finally:
        blog.close()
