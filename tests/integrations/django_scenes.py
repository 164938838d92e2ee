"""Scenes with Django in a process of their own, because its settings belong to a process.

python -W error django_scenes.py SCENE FOLDER
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import django
import httpx
from django.conf import settings

FOLDER = sys.argv[2]
SQLITE = "django.db.backends.sqlite3"
settings.configure(
    SECRET_KEY="no secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "fedtext.integrations.django"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    DATABASES={
        "default": {"ENGINE": SQLITE, "NAME": f"{FOLDER}/scene.sqlite3", "ATOMIC_REQUESTS": True},
        "second": {"ENGINE": SQLITE, "NAME": f"{FOLDER}/second.sqlite3"},
        "memory": {"ENGINE": SQLITE, "NAME": ":memory:"},
        "server": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "a 'b'",
            "USER": "me",
            "PASSWORD": "secret",
            "OPTIONS": {"sslmode": "prefer", "isolation_level": 3},
        },
        "other": {"ENGINE": "django.db.backends.dummy", "NAME": "blog"},
    },
)
django.setup()

from django.contrib.auth.models import Group  # noqa: E402 - a model of somebody's, with migrations
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import CommandError, call_command  # noqa: E402
from django.db import connection, connections, transaction  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import URLPattern, clear_url_caches, include, path  # noqa: E402

from fedtext import PUBLIC, Context, Federation, Note, Person, connect  # noqa: E402
from fedtext.adapters.clocks import SystemClock  # noqa: E402
from fedtext.errors import ConfigurationError  # noqa: E402
from fedtext.integrations.django import DjangoBackend, DjangoOffload, federations, urls  # noqa: E402
from fedtext.sync import run_sync  # noqa: E402

HOST = "blog.example.com"
ACTIVITY = "application/activity+json"
urlpatterns: list[Any] = []


def page(_request: HttpRequest, pk: str) -> HttpResponse:
    return HttpResponse(f"the page of {pk}")


def federation(**options: Any) -> Federation:
    """Make a federation whose posts (groups, here) have their ids where their pages are."""
    fed = Federation(f"https://{HOST}", backend=connect("django"), **{"worker": "off", **options})

    @fed.actor("/users/{pk}")
    def actor(context: Context, pk: str) -> Person | None:
        return context.actor(Person, handle="alice") if pk == "1" else None

    @fed.object("/groups/{pk}", source=Group)
    def note(context: Context, group: Group) -> Note:
        return Note(attributed_to=context.actor_uri(1), content=group.name, to=PUBLIC)

    fed.handle(lambda _context, name: "1" if name == "alice" else None)
    return fed


def serve(fed: Federation, *, prefix: str = "") -> Client:
    """Put it into the URL configuration, before the page."""
    urlpatterns[:] = [path(prefix, include(urls(fed))), path("groups/<str:pk>", page), path("", page, {"pk": "home"})]
    clear_url_caches()
    return Client(enforce_csrf_checks=True, headers={"host": HOST}, SERVER_NAME=HOST)


def waiting(fed: Federation) -> int:
    return run_sync(fed.ports.blocking().queue.depth()).waiting


@contextmanager
def refused(what: str, kind: type[Exception] = ConfigurationError) -> Iterator[None]:
    said = None
    try:
        yield
    except kind as error:
        said = str(error)
    assert said is not None, f"not refused: {what}"
    assert what in said


# ---- scenes ----------------------------------------------------------------------------------------------------------


def falls_through() -> None:
    """What is not the library's, and the page for people under an id, is the application's."""
    group = Group.objects.create(name="hello")
    client = serve(federation())
    assert client.get(f"/groups/{group.pk}", headers={"accept": ACTIVITY}).json()["content"] == "hello"
    shown = client.get(f"/groups/{group.pk}", headers={"accept": "text/html"})
    assert shown.content.decode() == f"the page of {group.pk}"
    assert client.get("/", headers={"accept": ACTIVITY}).content == b"the page of home"
    assert client.get("/nothing").status_code == 404
    assert client.get("/groups/nothing", headers={"accept": ACTIVITY}).status_code == 404
    assert client.get("/users/1", headers={"accept": "text/html"}).status_code == 404  # no page of the application's


def bodies() -> None:
    """No CSRF token is asked for, limits hold, nothing of Django's own stands in the headers."""
    client = serve(federation())
    unsigned = client.post("/ap/inbox", data=b"{}", content_type=ACTIVITY)
    assert unsigned.status_code == 401, unsigned.content
    assert unsigned.json()["code"] == "signature.missing"
    assert client.post("/ap/inbox", data=b"x" * 1_048_577, content_type=ACTIVITY).status_code == 413
    assert "content-type" not in client.options("/ap/inbox").headers
    assert client.post("/", data={}).status_code == 403  # the application's own views are still guarded


def raw_paths() -> None:
    """A path that is spelled in another way is another path."""
    client = serve(federation())
    assert client.get("/users/1", headers={"accept": ACTIVITY}).status_code == 200
    for spelling in ("/users/%31", "/users//1", "/users/1/", "/Users/1", "/users/1%2F..%2F1"):
        raw = client.get(spelling, headers={"accept": ACTIVITY}, RAW_URI=spelling)
        assert raw.status_code == 404, spelling


def transactions() -> None:
    """A plain `publish` takes part in Django's transaction, savepoints too; outside of one it is written at once."""
    fed = federation()
    assert waiting(fed) == 0
    with transaction.atomic():
        fed.publish(Group.objects.create(name="kept"))
        assert waiting(fed) == 0
    assert waiting(fed) == 1
    with refused("no", RuntimeError), transaction.atomic():
        fed.publish(Group.objects.create(name="lost"))
        raise RuntimeError("no")
    with transaction.atomic():
        with refused("no", RuntimeError), transaction.atomic():
            fed.publish(Group.objects.create(name="lost in a savepoint"))
            raise RuntimeError("no")
        fed.publish(Group.objects.create(name="kept, too"))
    assert waiting(fed) == 2
    fed.publish(Group.objects.create(name="without a transaction"))
    assert waiting(fed) == 3
    with transaction.atomic(using="second"), refused("another database"):
        fed.publish(Group.objects.create(name="elsewhere"), within="second")


def sources() -> None:
    """Models are found by the parameters of a path; what cannot be read names nothing."""
    backend = DjangoBackend()
    group = Group.objects.create(name="hello")
    assert backend.load_source(Group, {"pk": str(group.pk)}) == group
    for pk in ("abc", "99", "", "9" * 40, "-1", "1.5"):
        assert backend.load_source(Group, {"pk": pk}) is None, pk
    with refused("load="):
        backend.load_source(int, {"pk": "1"})


def databases() -> None:
    """The database is that of the alias; what is neither PostgreSQL nor a SQLite file is refused with a way out."""
    clock = SystemClock()
    assert connect("django").url == "django://default"
    second = connect("django://second")
    run_sync(second.blocking(clock).store.put("k", b"v"))
    with connections["second"].cursor() as cursor:
        assert cursor.execute("SELECT value FROM fedtext_store").fetchall() == [(b"v",)]
    second.close()
    server = connect("django://server")
    assert server.blocking(clock).queue.dialect == "postgresql"
    assert server._database().url == "postgresql://me@/a%20%27b%27"
    for alias, what in (("memory", "TEST"), ("other", "PostgreSQL or an SQLite file"), ("nowhere", "no such database")):
        with refused(what):
            connect(f"django://{alias}").blocking(clock)


def threads() -> None:
    """Plain callables run on Django's thread with fresh connections, and give those back."""
    seen: list[tuple[int, bool]] = []

    def work() -> str:
        name = Group.objects.create(name=f"g{len(seen)}").name
        seen.append((threading.get_ident(), connection.connection is not None))
        return name

    def left() -> bool:
        return connection.connection is None  # CONN_MAX_AGE is 0: none is kept for the next

    def fail() -> None:
        raise ZeroDivisionError

    async def both() -> None:
        offload = DjangoOffload()
        assert await asyncio.gather(offload.run(work), offload.run(work), offload.run(work)) == ["g0", "g1", "g2"]
        assert await offload.run(left)
        with refused("", ZeroDivisionError):
            await offload.run(fail)

    connection.close()
    asyncio.run(both())
    assert len({thread for thread, _open in seen}) == 1  # thread-sensitive
    assert all(is_open for _thread, is_open in seen)
    assert isinstance(federation().ports.offload, DjangoOffload)


def worker_calls_models() -> None:
    """A worker's event loop reaches plain callbacks that use the models."""
    fed = federation()
    fed.publish(Group.objects.create(name="hello"))

    async def work() -> None:
        assert await fed.worker().drain() > 0
        found = await fed.context().get(f"https://{HOST}/groups/1")
        assert found.name is None
        await fed.ports.close()

    asyncio.run(work())
    assert waiting(fed) == 0


def under_asgi() -> None:
    """The same view answers under Django's ASGI handler."""
    Group.objects.create(name="hello")
    serve(federation())

    async def ask() -> None:
        door = httpx.ASGITransport(app=get_asgi_application())
        async with httpx.AsyncClient(transport=door, base_url=f"https://{HOST}") as client:
            answer = await client.get("/groups/1", headers={"accept": ACTIVITY})
            assert answer.json()["content"] == "hello"
            other = await client.get("/groups/%31", headers={"accept": ACTIVITY})
            assert other.text == "the page of 1"  # another path to us, the same to Django's own patterns
            assert (await client.get("/groups/1", headers={"accept": "text/html"})).text == "the page of 1"
            posted = await client.post("/ap/inbox", content=b"{}", headers={"content-type": ACTIVITY})
            assert posted.json()["code"] == "signature.missing"

    asyncio.run(ask())


def suspending() -> None:
    """An `async def` callback that suspends is refused when the URLs are made, by its name."""
    fed = federation()

    @fed.on(Note)
    async def naps(_context: Context, _note: Note) -> None:
        await asyncio.sleep(0)

    with refused("naps"):
        urls(fed)


def starts() -> None:
    """Any request starts the worker, also one for the application's own pages."""
    client = serve(federation(worker="auto"))
    assert "fedtext worker" not in {thread.name for thread in threading.enumerate()}
    client.get("/")
    assert "fedtext worker" in {thread.name for thread in threading.enumerate()}


def checked() -> None:
    """`manage.py check` tells what `fed.check()` finds."""
    fed = federation(handle_host="example.com")
    serve(fed)
    assert list(federations()) == [fed]
    told = StringIO()
    call_command("check", stderr=told, stdout=told)
    assert "fedtext.handles.other_host" in told.getvalue(), told.getvalue()

    serve(fed, prefix="sub/")
    with refused("fedtext.door.unreached", Exception):
        call_command("check", stderr=told, stdout=told)

    urlpatterns[:] = [path("", page)]
    clear_url_caches()
    told = StringIO()
    call_command("check", stderr=told, stdout=told)
    assert "fedtext." not in told.getvalue()


def broken_store() -> None:
    """A store that cannot be read is a warning, not a traceback."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE fedtext_meta (name TEXT PRIMARY KEY, value TEXT)")
        cursor.execute("INSERT INTO fedtext_meta VALUES ('schema_version', '99')")
    serve(federation())
    told = StringIO()
    call_command("check", stderr=told, stdout=told)
    assert "does not know" in told.getvalue(), told.getvalue()


def command() -> None:
    """`manage.py fedtext worker --drain 50s` ends when nothing is due."""
    fed = federation()
    serve(fed)
    fed.publish(Group.objects.create(name="hello"))
    told = StringIO()
    call_command("fedtext", "worker", "--drain", "20s", stdout=told)
    assert f"working for https://{HOST}" in told.getvalue()
    assert waiting(fed) == 0
    with refused("duration", CommandError):
        call_command("fedtext", "worker", "--drain", "soon")
    urlpatterns[:] = [URLPattern(path("", page).pattern, page)]
    clear_url_caches()
    with refused("include(urls(fed))", CommandError):
        call_command("fedtext", "worker")


if __name__ == "__main__":
    scene: Callable[[], None] = globals()[sys.argv[1]]
    call_command("migrate", verbosity=0)
    try:
        scene()
    finally:
        connections.close_all()
