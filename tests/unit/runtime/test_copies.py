"""Backing up and restoring a federation: nothing is overwritten by chance, and what is restored is marked first."""

from __future__ import annotations

import sqlite3

import attrs
import pytest

from fedtext import Federation, connect
from fedtext.adapters import copies as files
from fedtext.errors import ConfigurationError, StoreError
from fedtext.runtime import MemoryBackend
from fedtext.runtime.copies import back_up, restore


def ignore(done, total):
    """Show nothing."""


def federation(path):
    return Federation("https://blog.example", backend=connect(f"sqlite:///{path}"), worker="off")


@pytest.fixture
async def full(tmp_path):
    fed = federation(tmp_path / "full.sqlite3")
    await fed.ports.asynchronous().store.put("k", b"v")
    yield fed
    await fed.ports.close()


@pytest.fixture
async def empty(tmp_path):
    fed = federation(tmp_path / "empty.sqlite3")
    yield fed
    await fed.ports.close()


@pytest.mark.spec("SEC-141")
@pytest.mark.parametrize("name", ["copy.sqlite3", "copy", "copy.jsonl"])
async def test_sec_141_what_is_restored_is_marked(full, empty, tmp_path, name):
    made = await back_up(full, tmp_path / name, force=False, show=ignore)
    assert made.form == ("jsonl" if name.endswith("l") else "sqlite")
    assert made.size_bytes == (tmp_path / name).stat().st_size
    found = await restore(empty, tmp_path / name, force=False, show=ignore)
    assert found == made
    assert await empty.ports.asynchronous().store.get("k") == b"v"
    pause = await empty.synchronization_pause.aio()
    assert (pause.reason.value, await full.synchronization_pause.aio()) == ("restored", None)


@pytest.mark.spec("SEC-141")
async def test_sec_141_the_mark_is_there_before_what_it_is_for(full, empty, tmp_path, monkeypatch):
    """Interrupted at any moment, there is either nothing or something marked."""
    for name in ("copy.sqlite3", "copy.jsonl"):
        await back_up(full, tmp_path / name, force=False, show=ignore)
    monkeypatch.setattr("fedtext.federation.synchronization.pause", fail)
    for name in ("copy.sqlite3", "copy.jsonl"):
        with pytest.raises(StoreError):
            await restore(empty, tmp_path / name, force=False, show=ignore)
        assert await empty.ports.asynchronous().store.get("k") is None
    monkeypatch.undo()
    monkeypatch.setattr(files, "read_lines", fail)
    with pytest.raises(StoreError):
        await restore(empty, tmp_path / "copy.jsonl", force=False, show=ignore)
    assert await empty.synchronization_pause.aio() is not None


async def fail(*_given, **_named):
    raise StoreError("on purpose")


@pytest.mark.parametrize("name", ["copy.sqlite3", "copy.jsonl"])
async def test_what_is_there_is_replaced_only_with_force(full, empty, tmp_path, name):
    await back_up(full, tmp_path / name, force=False, show=ignore)
    with pytest.raises(ConfigurationError, match="--force replaces it"):
        await back_up(full, tmp_path / name, force=False, show=ignore)
    await back_up(full, tmp_path / name, force=True, show=ignore)

    store = empty.ports.asynchronous().store
    await store.put("mine", b"1")
    with pytest.raises(ConfigurationError, match="not empty") as caught:
        await restore(empty, tmp_path / name, force=False, show=ignore)
    assert caught.value.context["tables"] == "fedtext_store"
    assert (await store.get("mine"), await store.get("k")) == (b"1", None)
    await restore(empty, tmp_path / name, force=True, show=ignore)
    assert (await store.get("mine"), await store.get("k")) == (None, b"v")


async def test_the_application_s_own_rows_count_as_something(full, empty, tmp_path):
    await back_up(full, tmp_path / "copy.sqlite3", force=False, show=ignore)
    await empty.ports.asynchronous().sql.execute("CREATE TABLE users (name TEXT)")
    await empty.ports.asynchronous().sql.execute("INSERT INTO users VALUES ('alice')")
    with pytest.raises(ConfigurationError, match="not empty"):
        await restore(empty, tmp_path / "copy.sqlite3", force=False, show=ignore)


async def test_a_copy_of_a_later_version_changes_nothing(full, empty, tmp_path):
    path = tmp_path / "copy.sqlite3"
    await back_up(full, path, force=False, show=ignore)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE fedtext_meta SET value = '99'")
    connection.close()
    with pytest.raises(ConfigurationError, match="install the fedtext"):
        await restore(empty, path, force=False, show=ignore)
    assert await empty.ports.asynchronous().store.get("k") is None
    assert {one.name for one in tmp_path.iterdir() if "part" in one.name} == set()


async def test_what_cannot_be_copied_says_why(tmp_path):
    memory = Federation("https://blog.example", backend=MemoryBackend(), worker="off")
    with pytest.raises(ConfigurationError, match="memory keeps nothing"):
        await back_up(memory, tmp_path / "copy", force=False, show=ignore)
    await memory.ports.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_store_elsewhere_is_copied_by_its_own_engine(full, tmp_path):
    ports = full.ports.asynchronous()
    elsewhere = MemoryBackend().asynchronous(full.ports.clock).store
    full.ports._asynchronous = attrs.evolve(ports, store=elsewhere)
    with pytest.raises(ConfigurationError, match="its engine has copies of its own"):
        await back_up(full, tmp_path / "copy", force=False, show=ignore)


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00no", b"hello\n"])
async def test_what_is_no_copy_is_refused(empty, tmp_path, content):
    (tmp_path / "copy").write_bytes(content)
    with pytest.raises(StoreError):
        await restore(empty, tmp_path / "copy", force=False, show=ignore)


async def test_a_database_of_somebody_else_is_refused(empty, tmp_path):
    with sqlite3.connect(tmp_path / "other.sqlite3") as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="no copy of a fedtext database"):
        await restore(empty, tmp_path / "other.sqlite3", force=False, show=ignore)
    assert "users" not in [name for (name,) in await empty.ports.asynchronous().sql.execute(TABLES)]


TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
