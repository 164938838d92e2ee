"""`fed.check()` catches each mistake in the wiring, at every door, before a peer does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from fedtext import (
    PUBLIC,
    Activity,
    Block,
    Config,
    Context,
    Create,
    Delete,
    DevPolicy,
    Federation,
    Note,
    Page,
    PageRequest,
    Person,
    Update,
    connect,
)
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.observers import RecordingObserver
from fedtext.behaviors import Deletes, Follows, Replies
from fedtext.errors import ConfigurationError, StoreError
from fedtext.ports import Lane, LaneKind, Task
from fedtext.sync import run_sync
from fedtext.wire.timestamps import from_epoch_s, parse_strict

ORIGIN = "https://blog.example.com"
START_S = 1_790_000_000.0


@attrs.frozen
class Post:
    """A post of the application's own."""

    pk: int = 1


def blog(
    *,
    origin: str = ORIGIN,
    backend: Any = None,
    clock: ManualClock | None = None,
    actor_path: str = "/ap/users/{pk}",
    name: str = "alice",
    handle: Callable[[Any, str], str | None] | None = lambda _context, name: "1" if name == "alice" else None,
    note: dict[str, Any] | None = None,
    **options: Any,
) -> Federation:
    """Make a federation without mistakes, but for what is asked for."""
    fed = Federation(origin, backend=backend or connect("memory://"), **{"worker": "off", **options})
    fed.ports.clock = clock or ManualClock(START_S)

    @fed.actor(actor_path)
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle=name) if pk == "1" else None

    @fed.object("/ap/posts/{pk}", source=Post, load=lambda _context, pk: Post(int(pk)))
    def write(context: Context, _post: Post) -> Note:
        given = {"content": "Hi", "to": PUBLIC, "published": parse_strict("2026-01-01T00:00:00Z"), **(note or {})}
        return Note(attributed_to=context.actor_uri(1), **given)

    @fed.outbox("/ap/users/{pk}/outbox")
    def outbox(_context: Context, pk: str, _page: PageRequest) -> Page[Post]:
        return Page([Post()])

    if handle is not None:
        fed.handle(handle)
    return fed


def codes(fed: Federation, **options: Any) -> set[str]:
    return {finding.code for finding in fed.check(**options)}


class Table:
    """Comments of nobody."""

    def save(self, reply: object) -> None: ...
    def remove(self, reply_id: str, author_id: str) -> None: ...
    def remove_author(self, author_id: str) -> None: ...


def test_good_wiring_has_no_findings() -> None:
    fed = blog()
    fed.use(Follows(), Replies(Table()), Deletes())
    assert codes(fed, actor="1") == set()
    assert codes(fed, actor="1") == set()  # nor the second time


STATIC = [
    ("ids.not_stable", blog(actor_path="/ap/users/{username}")),
    ("handles.not_mapped", blog(handle=None)),
    ("handles.other_host", blog(handle_host="example.com")),
    ("actors.none", Federation(ORIGIN, backend=connect("memory://"))),
]


@pytest.mark.parametrize(("code", "fed"), STATIC, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_wrong_in_the_wiring(code: str, fed: Federation) -> None:
    assert code in codes(fed)


SAMPLED = [
    ("handle.unreachable", blog(handle=lambda _context, _name: None)),
    ("handle.unreachable", blog(name="Alice2")),
    ("object.refused", blog(note={"to": None})),
    ("object.undated", blog(note={"published": None})),  # MOD-08
    ("object.future", blog(note={"published": from_epoch_s(START_S + 301)})),  # MOD-23
]


@pytest.mark.spec("MOD-08", "MOD-23")
@pytest.mark.parametrize(("code", "fed"), SAMPLED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_a_look_at_an_actor_finds(code: str, fed: Federation) -> None:
    assert code not in codes(fed)
    assert codes(fed, actor="1") == {code}


@pytest.mark.spec("MOD-23")
def test_clocks_that_differ_a_little_make_no_finding() -> None:
    assert codes(blog(note={"published": from_epoch_s(START_S + 300)}), actor="1") == set()


def test_an_actor_that_is_not_there() -> None:
    assert codes(blog(), actor="7") == {"actor.unknown"}


def test_nobody_is_addressed() -> None:
    """`to`/`cc` given: found by the check, and by `publish` before anything is written."""
    fed = blog(note={"to": None})
    (finding,) = fed.check(actor="1")
    assert "to=PUBLIC" in finding.message
    with pytest.raises(ConfigurationError, match="to=PUBLIC"):
        fed.publish(Post())
    assert run_sync(fed.ports.blocking().queue.depth()).waiting == 0


@pytest.mark.parametrize("origin", ["http://blog.example.com", "http://93.184.216.34"])
def test_ids_that_are_not_https_are_refused_at_once(origin: str) -> None:
    with pytest.raises(ConfigurationError):
        blog(origin=origin)


def test_development_exceptions_under_a_public_origin_are_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="DevPolicy"):
        blog(config=Config(dev=DevPolicy.allow_loopback()))


@pytest.mark.parametrize(
    ("kinds", "missing"),
    [
        ([Create], "Update, Delete, Block"),
        ([Create, Update, Delete], "Block"),
        ([Create[Note], Update[Note], Block], "Delete"),
        ([Create, Update, Delete, Block], None),
        ([Delete], None),
    ],
)
def test_create_without_what_must_follow(kinds: list[Any], missing: str | None) -> None:
    fed = blog()
    for kind in kinds:
        fed.on(kind)(lambda _context, _activity: None)
    found = [finding for finding in fed.check() if finding.code == "listeners.incomplete"]
    assert (missing is None) is (found == [])
    assert all(str(missing) in finding.message for finding in found)


def test_a_listener_to_everything_misses_nothing() -> None:
    fed = blog()
    fed.on(Activity)(lambda _context, _activity: None)
    fed.on(Create)(lambda _context, _activity: None)
    assert codes(fed) == set()


def test_the_origin_has_changed_since_the_last_start(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'blog.sqlite3'}"
    first, second = (blog(origin=o, backend=connect(url)) for o in (ORIGIN, "https://other.example.com"))
    assert codes(first) == set()
    assert codes(second) == {"origin.changed"}
    assert codes(second) == {"origin.changed"}  # it does not go away by itself
    assert codes(first) == set()
    first.ports.backend.close()
    second.ports.backend.close()


def test_the_clock_went_back_since_the_last_start() -> None:
    backend = connect("memory://")
    assert codes(blog(backend=backend, clock=ManualClock(START_S))) == set()
    assert codes(blog(backend=backend, clock=ManualClock(START_S - 50))) == set()
    assert codes(blog(backend=backend, clock=ManualClock(START_S - 500))) == {"clock.skew"}


@pytest.mark.parametrize(("waited_s", "worker", "expected"), [(30, "off", 0), (90, "off", 1), (90, "auto", 0)])
def test_work_waits_and_nobody_works(waited_s: float, worker: str, expected: int) -> None:
    clock = ManualClock(START_S)
    fed = blog(clock=clock, worker=worker)
    fed.publish(Post())
    clock.advance(waited_s)
    assert len(codes(fed) & {"worker.none"}) == expected


def test_somebody_works() -> None:
    clock = ManualClock(START_S)
    fed = blog(clock=clock)
    queue = fed.ports.blocking().queue
    run_sync(queue.enqueue([Task(site=ORIGIN, lane=Lane(LaneKind.FANOUT, ORIGIN), payload=b'{"v":1,"kind":"x"}')]))
    clock.advance(90)
    assert run_sync(queue.claim(lease_s=60, batch_max=5)) is not None
    assert codes(fed) == set()


# ---- doors tell of them when they start ------------------------------------------------------------------------------


def told(observer: RecordingObserver) -> list[str]:
    return [str(event.fields["code"]) for event in observer.named("check.finding")]


def ask_wsgi(door: Any) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.input": io.BytesIO(), "HTTP_HOST": "blog.example.com"}
    door(environ, lambda *_given: None)


def test_the_wsgi_door_tells_once() -> None:
    observer = RecordingObserver()
    door = blog(handle_host="example.com", observer=observer).wsgi()
    assert told(observer) == []
    ask_wsgi(door)
    ask_wsgi(door)
    assert told(observer) == ["handles.other_host"]


def test_the_asgi_door_tells_when_it_starts() -> None:
    observer = RecordingObserver()

    async def live() -> None:
        door = blog(handle_host="example.com", observer=observer).asgi()
        said: list[str] = []
        incoming = asyncio.Queue[dict[str, Any]]()

        async def send(message: Any) -> None:
            said.append(message["type"])

        life = asyncio.create_task(door({"type": "lifespan"}, incoming.get, send))
        await incoming.put({"type": "lifespan.startup"})
        async with asyncio.timeout(5):
            while not told(observer):  # noqa: ASYNC110 - an observer is told, it awaits nothing
                await asyncio.sleep(0)
        await incoming.put({"type": "lifespan.shutdown"})
        await life
        assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    asyncio.run(live())
    assert told(observer) == ["handles.other_host"]


def test_a_broken_store_does_not_keep_a_door_shut() -> None:
    class Broken:
        def __getattr__(self, _name: str) -> Any:
            async def fail(*_given: object, **_named: object) -> None:
                raise StoreError("no disk")

            return fail

    observer = RecordingObserver()
    fed = blog(observer=observer)
    fed.ports._blocking = attrs.evolve(fed.ports.blocking(), store=Broken())
    ask_wsgi(fed.wsgi())
    (event,) = observer.named("check.failed")
    assert event.fields["code"] == "port.store"
