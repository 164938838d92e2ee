from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from fedtext.adapters import backends
from fedtext.adapters.backends import MemoryBackend, PostgresBackend, RedisBackend, SqliteBackend, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import ConfigurationError
from fedtext.sync import run_sync


def test_memory():
    backend = connect("memory://")
    assert isinstance(backend, MemoryBackend)
    assert backend.url == "memory://"


@pytest.mark.parametrize("relative", ["app.sqlite3", "./app.sqlite3"])
def test_sqlite_paths(tmp_path, monkeypatch, relative):
    monkeypatch.chdir(tmp_path)
    backend = connect(f"sqlite:///{relative}")
    absolute = connect(f"sqlite:///{tmp_path}/app.sqlite3")
    monkeypatch.chdir("/")  # the place was decided when it was connected
    assert isinstance(backend, SqliteBackend)
    assert isinstance(absolute, SqliteBackend)
    assert backend.path == absolute.path == str(tmp_path / "app.sqlite3")
    assert backend.url == f"sqlite:///{tmp_path}/app.sqlite3"
    assert connect(backend.url).url == backend.url
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sqlite",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/app.sqlite3",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "sqlite:///app.sqlite3?timeout=5",
        "memory://x",
        "postgresql://user:secret@host:no-number/db?no_such_option=1",
        "postgresql:",
        "redis://user:secret@host",  # it has no queue
        "redis",
        "no-such-backend",
    ],
)
def test_other_addresses_are_refused(url):
    with pytest.raises(ConfigurationError) as caught:
        connect(url)
    assert "secret" not in str(caught.value)


def test_durability_takes_two_values(tmp_path):
    with pytest.raises(ConfigurationError):
        SqliteBackend(tmp_path / "x", durability="none")


def test_other_backends_are_found_by_their_entry_point(monkeypatch):
    def point(name, value):
        return metadata.EntryPoint(name, value, backends.ENTRY_POINT_GROUP)

    made = [point("mine", f"{__name__}:make"), point("broken", "no_such_module_anywhere:make")]
    monkeypatch.setattr(
        metadata.EntryPoint, "load", lambda self: make if self.name == "mine" else __import__("no_such")
    )
    monkeypatch.setattr(backends, "entry_points", lambda *, group: metadata.EntryPoints(made).select(group=group))
    assert connect("mine") == ("made", "mine")
    assert connect("mine://x/y") == ("made", "mine://x/y")
    with pytest.raises(ConfigurationError, match="pip install 'fedtext"):
        connect("broken")
    with pytest.raises(ConfigurationError, match="broken, memory, mine, postgresql, redis, sqlite"):
        connect("other")


# --- servers -------------------------------------------------------------------------------------------------------

SECRET_URLS = [
    ("postgresql://me:s%20cret@db.example:5433/blog", "postgresql://me@db.example:5433/blog"),
    ("postgres://me:secret@db.example/blog?sslmode=require", "postgresql://me@db.example/blog"),
    ("postgresql://db.example/blog?user=me&password=secret", "postgresql://me@db.example/blog"),
    ("postgresql:///blog", "postgresql:///blog"),
]


@pytest.mark.parametrize(("url", "shown"), SECRET_URLS)
def test_postgresql_addresses_are_shown_without_their_secrets(url, shown):
    backend = connect(url)
    assert isinstance(backend, PostgresBackend)
    assert backend.url == shown
    assert "cret" not in repr(vars(backend))
    backend.close()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
@pytest.mark.parametrize("queue", ["sqlite:///queue.sqlite3", "postgresql://me:secret@db.example/blog"])
def test_redis_keeps_the_store_beside_a_queue(scheme, queue):
    backend = connect(f"{scheme}://me:secret@cache.example:6380/2?prefix=blog", queue=queue)
    assert isinstance(backend, RedisBackend)
    assert backend.url == f"{scheme}://cache.example:6380/2"
    opened = backend.blocking(ManualClock())
    assert opened.sql is not None
    assert opened.sql.dialect == opened.queue.dialect
    backend.close()


def test_redis_alone_is_refused_and_the_error_teaches():
    with pytest.raises(ConfigurationError, match=r"queue='postgresql://…'"):
        connect("redis://cache.example")


@pytest.mark.parametrize("queue", ["redis://cache.example", "memory://", "nonsense", "", "sqlite://x"])
def test_a_queue_is_in_a_database(queue):
    with pytest.raises(ConfigurationError):
        connect("redis://cache.example", queue=queue)


@pytest.mark.parametrize("url", ["memory://", "sqlite:///x.sqlite3", "postgresql://db.example/blog"])
def test_only_redis_takes_a_queue(url):
    with pytest.raises(ConfigurationError, match="only redis://"):
        connect(url, queue="sqlite:///queue.sqlite3")


@pytest.mark.parametrize(
    "url",
    [
        "redis://host:no-number/0",
        "redis://host/0?no_such_option=secret",
        "redis://host/0?prefix=",
        "redis://host/0?prefix=a{b",
    ],
)
def test_addresses_that_redis_cannot_read_are_refused(url):
    with pytest.raises(ConfigurationError) as caught:
        connect(url, queue="sqlite:///queue.sqlite3")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("library", "call", "install"),
    [
        ("psycopg", "connect('postgresql://host/db')", "pip install 'fedtext[postgres]'"),
        ("redis", "connect('redis://host', queue='sqlite:///q')", "pip install 'fedtext[redis]'"),
        ("psycopg", "connect('redis://host', queue='postgresql://host/db')", "pip install 'fedtext[postgres]'"),
    ],
)
def test_a_missing_extra_is_named_with_the_command_that_installs_it(library, call, install):
    code = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from fedtext.adapters.backends import connect\nfrom fedtext.errors import ConfigurationError\n"
        f"try: {call}\nexcept ConfigurationError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert install in done.stdout


def test_nothing_of_the_extras_is_imported_before_it_is_used():
    code = "import sys, fedtext.adapters.backends; print([n for n in ('psycopg', 'redis') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def make(url):
    return ("made", url)


@pytest.mark.parametrize("name", ["memory", "sqlite"])
async def test_both_colours_share_one_state(tmp_path, name):
    backend, clock = connect("memory://" if name == "memory" else f"sqlite:///{tmp_path}/x.sqlite3"), ManualClock()
    blocking, suspending = backend.blocking(clock), backend.asynchronous(clock)
    run_sync(blocking.store.put("k", b"1"))
    assert await suspending.store.get("k") == b"1"
    await suspending.sql.execute("CREATE TABLE own_table (n)")
    assert run_sync(blocking.sql.execute("SELECT COUNT(*) FROM own_table")) == [(0,)]
    backend.close()
    backend.close()
