"""The WSGI door, asked in process; tests/security/test_doors.py asks it through sockets."""

from __future__ import annotations

import asyncio
import io
import time

import attrs
import pytest

from fedtext import Config, Limits
from fedtext.errors import ConfigurationError
from fedtext.http import Request
from fedtext.runtime import wsgi
from fedtext.testing.apps import ask_wsgi, environ_of

ACTOR = "https://blog.example/users/7"
AP = [("host", "blog.example"), ("accept", "application/activity+json")]


def inner(environ, start_response):
    """An application of somebody's own."""
    start_response("200 OK", [])
    return [f"inner {environ['PATH_INFO']}".encode()]


def get(url: str, method: str = "GET") -> Request:
    return Request.to(url, method=method, headers=AP)


def test_own_paths_are_answered_all_others_passed_on(blog) -> None:
    app = blog.federation.wsgi(inner)
    served = ask_wsgi(app, get(ACTOR))
    assert (served.status, served.media_type) == (200, "application/activity+json")
    assert int(served.headers.get("content-length") or 0) == len(served.body)
    assert ask_wsgi(app, get("https://blog.example/about")).body == b"inner /about"
    assert ask_wsgi(blog.federation.wsgi(), get("https://blog.example/about")).status == 404


def test_head_has_the_headers_and_no_body(blog) -> None:
    app = blog.federation.wsgi()
    head, full = ask_wsgi(app, get(ACTOR, "HEAD")), ask_wsgi(app, get(ACTOR))
    assert (head.status, head.body) == (200, b"")
    assert head.headers.get("content-length") == str(len(full.body))


@pytest.mark.spec("SEC-169")
def test_sec_169_a_fault_of_the_application_is_a_bare_500(blog) -> None:
    @blog.federation.object("/broken/{pk}")
    def broken(context, pk):
        raise RuntimeError("secret")

    answer = ask_wsgi(blog.federation.wsgi(), get("https://blog.example/broken/1"))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert blog.observer.named("request.fault")


def environ(**changes: str) -> dict:
    request = Request.to("https://blog.example/a/b?x=1", headers=[("host", "blog.example")])
    return {key: value for key, value in {**environ_of(request), **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, "/a/b?x=1"),
        ({"RAW_URI": "/raw%2f?y", "REQUEST_URI": "/other"}, "/raw%2f?y"),
        ({"REQUEST_URI": "/req%20uri#f"}, "/req%20uri"),
        ({"REQUEST_URI": "https://blog.example/absolute"}, "/a/b?x=1"),
        ({"REQUEST_URI": None, "PATH_INFO": "/a b\xc3\xa9%", "QUERY_STRING": ""}, "/a%20b%C3%A9%25"),
        (
            {"REQUEST_URI": None, "SCRIPT_NAME": "/mount", "PATH_INFO": "/users/7", "QUERY_STRING": "q"},
            "/mount/users/7?q",
        ),
    ],
)
def test_the_target_is_the_raw_one_where_the_server_tells_it(changes, target: str) -> None:
    assert wsgi._target(environ(**changes)) == target


def post(app, stream, **changes) -> int:
    """POST to the shared inbox with a stream of one's own; give the status."""
    request = Request.to("https://blog.example/ap/inbox", method="POST", headers=[("host", "blog.example")])
    statuses = []
    answer = {**environ_of(request), "CONTENT_TYPE": "application/activity+json", "wsgi.input": stream, **changes}
    app(answer, lambda status, _headers: statuses.append(status))
    return int(statuses[0].split()[0])


class Endless:
    """A stream that never ends."""

    def __init__(self, pause_s: float = 0.0, size: int | None = None) -> None:
        self.read_bytes = 0
        self._pause_s, self._size = pause_s, size

    def read(self, size: int) -> bytes:
        time.sleep(self._pause_s)
        given = size if self._size is None else min(size, self._size)
        self.read_bytes += given
        return b"x" * given


def small(**limits) -> Config:
    return Config(limits=attrs.evolve(Limits(), **limits))


@pytest.mark.spec("SEC-001")
def test_sec_001_what_is_announced_too_long_is_not_read(blog) -> None:
    stream = Endless()
    assert post(blog.federation.wsgi(), stream, CONTENT_LENGTH=str(2**30)) == 413
    assert stream.read_bytes == 0


@pytest.mark.spec("SEC-002")
def test_sec_002_an_endless_stream_is_read_to_its_limit(blog) -> None:
    stream = Endless()
    changes = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert post(blog.federation.wsgi(), stream, **changes) == 413
    assert stream.read_bytes <= 1_048_576 + 65_536


def test_without_length_and_end_there_is_no_body(blog) -> None:
    stream = Endless()
    assert post(blog.federation.wsgi(), stream, CONTENT_LENGTH="") == 401
    assert stream.read_bytes == 0


@pytest.mark.spec("SEC-004")
def test_sec_004_a_body_that_drips_ends_at_the_deadline(make) -> None:
    app = make(config=small(inbox_s_max=0.1)).federation.wsgi()
    begun_s = time.monotonic()
    assert post(app, Endless(pause_s=0.02, size=1), CONTENT_LENGTH="1000") == 408
    assert time.monotonic() - begun_s < 1


@pytest.mark.parametrize(("sent", "status"), [(b"x" * 10, 401), (b"", 408), (b"x" * 9, 408)])
def test_a_body_shorter_than_announced_is_not_taken(blog, sent: bytes, status: int) -> None:
    """Where it ends early the peer went away: nothing half is parsed."""
    assert post(blog.federation.wsgi(), io.BytesIO(sent), CONTENT_LENGTH="10") == status


class Broken:
    """A stream that fails, as those of servers do at bad chunks."""

    def read(self, size: int) -> bytes:
        raise OSError("Invalid chunk header")


def test_a_body_that_the_server_cannot_read_is_no_fault_of_ours(blog) -> None:
    changes = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert post(blog.federation.wsgi(), Broken(), **changes) == 400
    assert not blog.observer.named("request.fault")


async def asynchronous(context):
    await asyncio.sleep(0)


class Listening:
    async def method(self, context, activity):
        await context.get(activity.actor)
        await self.elsewhere()

    async def elsewhere(self):
        await asyncio.sleep(0)


def test_a_callback_that_would_suspend_is_refused_by_name_at_start_up(blog) -> None:
    from fedtext import Activity

    blog.federation.on(Activity)(asynchronous)
    with pytest.raises(ConfigurationError, match=r"test_wsgi\.asynchronous"):
        blog.federation.wsgi()
    blog.federation.asgi()


def test_one_that_awaits_its_context_only_is_welcome(blog) -> None:
    from fedtext import Activity

    @blog.federation.on(Activity)
    async def listening(context, activity):
        author = await context.get(activity.actor)
        await context.store.put("k", str(author.id).encode())

    assert ask_wsgi(blog.federation.wsgi(), get(ACTOR)).status == 200


def test_a_worker_starts_in_a_thread_with_the_first_request(make, post_class) -> None:
    blog = make(worker="auto")
    started = []
    blog.federation.publish(post_class(pk=1))
    app = blog.federation.wsgi(inner)
    assert not started
    ask_wsgi(app, get("https://blog.example/about"))
    deadline_s = time.monotonic() + 5
    queue = blog.federation.ports.blocking().queue
    from fedtext.sync import run_sync

    while run_sync(queue.depth()).waiting and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert run_sync(queue.depth()).waiting == 0
