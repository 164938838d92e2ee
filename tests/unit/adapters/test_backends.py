from __future__ import annotations

from importlib import metadata

import pytest

from fedtext.adapters import backends
from fedtext.adapters.backends import MemoryBackend, SqliteBackend, connect
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
        "postgresql://user:secret@host/db",
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
    with pytest.raises(ConfigurationError, match="broken, memory, mine, sqlite"):
        connect("other")


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
