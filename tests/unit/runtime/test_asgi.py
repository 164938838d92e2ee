"""The ASGI door, asked in process; tests/security/test_doors.py asks it through sockets."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from fedtext import Limits
from fedtext.config import Config
from fedtext.http import Request
from fedtext.testing.apps import ask_asgi

ACTOR = "https://blog.example/users/7"
AP = [("host", "blog.example"), ("accept", "application/activity+json")]


async def inner(scope, receive, send):
    """An application of somebody's own."""
    if scope["type"] == "lifespan":
        for answer in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{answer}"
            await send({"type": f"lifespan.{answer}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"inner {scope['path']}".encode()})


def get(url: str, method: str = "GET", headers=AP) -> Request:
    return Request.to(url, method=method, headers=headers)


async def test_own_paths_are_answered_all_others_passed_on(blog) -> None:
    app = blog.federation.asgi(inner)
    served = await ask_asgi(app, get(ACTOR))
    assert (served.status, served.media_type) == (200, "application/activity+json")
    assert int(served.headers.get("content-length") or 0) == len(served.body)
    assert (await ask_asgi(app, get("https://blog.example/about"))).body == b"inner /about"


async def test_without_an_application_all_others_are_404(blog) -> None:
    assert (await ask_asgi(blog.federation.asgi(), get("https://blog.example/about"))).status == 404


async def test_head_has_the_headers_and_no_body(blog) -> None:
    app = blog.federation.asgi()
    head, full = await ask_asgi(app, get(ACTOR, "HEAD")), await ask_asgi(app, get(ACTOR))
    assert (head.status, head.body) == (200, b"")
    assert head.headers.get("content-length") == str(len(full.body))


async def test_paths_are_read_raw(blog) -> None:
    app = blog.federation.asgi(inner)
    assert (await ask_asgi(app, get("https://blog.example/users/%37"))).body.startswith(b"inner")


@pytest.mark.spec("SEC-169")
async def test_sec_169_a_fault_of_the_application_is_a_bare_500(blog) -> None:
    @blog.federation.object("/broken/{pk}")
    def broken(context, pk):
        raise RuntimeError("secret")

    answer = await ask_asgi(blog.federation.asgi(), get("https://blog.example/broken/1"))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert blog.observer.named("request.fault")


async def send_slowly(app, chunks, *, pause_s: float = 0.0, end: bool = True):
    """POST a body in chunks; give the status and how many chunks were read."""
    chunks = list(chunks)
    total, read, sent = len(chunks), [], []

    async def receive():
        await asyncio.sleep(pause_s)
        read.append(1)
        if not chunks:
            await asyncio.sleep(30)
        body = chunks.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(chunks) or not end}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"blog.example"), (b"content-type", b"application/activity+json")]
    scope = {"type": "http", "method": "POST", "scheme": "https", "path": "/ap/inbox", "headers": headers}
    await app(scope, receive, send)
    return sent[0]["status"], len(read), total


def small(**limits) -> Config:
    return Config(limits=attrs.evolve(Limits(), **limits))


@pytest.mark.spec("SEC-002")
@pytest.mark.parametrize(("size", "status"), [(100, 401), (101, 413)])
async def test_sec_002_the_body_is_read_to_its_limit(make, size: int, status: int) -> None:
    app = make(config=small(body_bytes_max=100)).federation.asgi()
    got, _read, _total = await send_slowly(app, [b"x" * size])
    assert got == status


@pytest.mark.spec("SEC-002")
async def test_sec_002_reading_stops_behind_the_limit(make) -> None:
    app = make(config=small(body_bytes_max=100)).federation.asgi()
    status, read, total = await send_slowly(app, [b"x" * 50] * 1_000, end=False)
    assert (status, read, total) == (413, 3, 1_000)


@pytest.mark.spec("SEC-004")
async def test_sec_004_a_body_that_drips_ends_at_the_deadline(make) -> None:
    app = make(config=small(inbox_s_max=0.1)).federation.asgi()
    status, _read, _total = await send_slowly(app, [b"x"] * 100, pause_s=0.02)
    assert status == 408


async def test_a_peer_that_goes_away_is_no_fault(blog) -> None:
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message.get("status"))

    scope = {"type": "http", "method": "POST", "scheme": "https", "path": "/ap/inbox", "headers": [(b"host", b"a")]}
    await blog.federation.asgi()(scope, receive, send)
    assert sent[0] == 408
    assert not blog.observer.named("request.fault")


# -- lifespan ------------------------------------------------------------------------------------------------------


class Server:
    """Drives the lifespan of an application as servers do."""

    def __init__(self, app) -> None:
        self.inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.outbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.task = asyncio.ensure_future(app({"type": "lifespan"}, self.inbox.get, self.outbox.put))

    async def ask(self, what: str) -> str:
        await self.inbox.put({"type": f"lifespan.{what}"})
        return (await asyncio.wait_for(self.outbox.get(), 5))["type"]


async def eventually(condition) -> None:
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("app", [None, inner])
async def test_a_worker_runs_between_start_up_and_shutdown(make, post_class, app) -> None:
    blog = make(worker="auto")
    blog.federation.publish(post_class(pk=1))
    queue = blog.federation.ports.asynchronous().queue
    server = Server(blog.federation.asgi(app))
    assert await server.ask("startup") == "lifespan.startup.complete"

    async def done() -> bool:
        return (await queue.depth()).waiting == 0

    await eventually(done)
    assert await server.ask("shutdown") == "lifespan.shutdown.complete"
    await server.task
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "fedtext worker"]


async def test_no_worker_runs_when_it_is_off(make, post_class) -> None:
    blog = make(worker="off")
    blog.federation.publish(post_class(pk=1))
    server = Server(blog.federation.asgi())
    await server.ask("startup")
    await asyncio.sleep(0.1)
    assert (await blog.federation.ports.asynchronous().queue.depth()).waiting == 1
    await server.ask("shutdown")
    await server.task


async def test_without_lifespan_events_it_starts_with_the_first_request(make, post_class) -> None:
    blog = make(worker="auto")
    blog.federation.publish(post_class(pk=1))
    app = blog.federation.asgi(inner)
    await ask_asgi(app, get("https://blog.example/about"))

    async def done() -> bool:
        return (await blog.federation.ports.asynchronous().queue.depth()).waiting == 0

    await eventually(done)
    await app._stop()


async def test_websockets_are_passed_on(blog) -> None:
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    await blog.federation.asgi(app)({"type": "websocket"}, None, None)
    await blog.federation.asgi()({"type": "websocket"}, None, None)
    assert seen == ["websocket"]
