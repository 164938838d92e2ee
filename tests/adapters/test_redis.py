"""Redis beyond the suite of the port: what goes out of step by others' hands, shared servers, lost connections."""

from __future__ import annotations

import pytest
import redis

from fedtext.adapters.backends import RedisBackend, SqliteBackend, connect
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.stores.redis import SWEPT_PER_COUNT, SWEPT_PER_WRITE
from fedtext.errors import ConfigurationError, StoreError
from fedtext.sync import run_sync


@pytest.fixture
def backend(redis_url, tmp_path):
    backend = RedisBackend(redis_url, SqliteBackend(tmp_path / "test.sqlite3"))
    yield backend
    backend.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(backend, clock):
    return backend.blocking(clock).store


@pytest.fixture
def client(redis_url):
    client = redis.Redis.from_url(redis_url.partition("?")[0])
    yield client
    client.close()


def sizes(backend, client):
    values, index, expiry = backend._server.keys
    return client.hlen(values), client.zcard(index), client.zcard(expiry)


def test_what_expired_is_swept_out_by_later_writes(backend, client, store, clock):
    count = SWEPT_PER_WRITE + 4
    for number in range(count):
        run_sync(store.put(f"k{number}", b"", ttl_s=5))
    clock.advance(5)
    assert sizes(backend, client) == (count, count, count)
    run_sync(store.put("new", b""))
    assert sizes(backend, client) == (5, 5, 4)
    run_sync(store.put("newer", b""))
    assert sizes(backend, client) == (2, 2, 0)


def test_counting_sweeps_in_steps(backend, client, store, clock):
    values, index, expiry = backend._server.keys
    keys = {f"k{number}": b"" for number in range(SWEPT_PER_COUNT + 1)}
    client.hset(values, mapping=keys)
    client.zadd(index, dict.fromkeys(keys, 0))
    client.zadd(expiry, dict.fromkeys(keys, clock.now_s()))
    run_sync(store.put("live", b""))
    assert run_sync(store.count("")) == 1
    assert sizes(backend, client) == (1, 1, 0)


def test_what_others_removed_leaves_the_listing_when_it_is_met(backend, client, store):
    values, index, _expiry = backend._server.keys
    for key in ("a", "b", "c"):
        run_sync(store.put(key, b"v"))
    client.hdel(values, "b")
    assert run_sync(store.scan("")) == [("a", b"v"), ("c", b"v")]
    assert client.zcard(index) == 2
    assert run_sync(store.count("")) == 2


def test_a_page_goes_on_over_many_that_expired(store, clock):
    for number in range(300):
        run_sync(store.put(f"k{number:03}", b"", ttl_s=5 if number not in (0, 299) else None))
    clock.advance(5)
    assert [key for key, _ in run_sync(store.scan("k", limit=2))] == ["k000", "k299"]


def test_applications_with_other_prefixes_do_not_meet(redis_url, store, tmp_path):
    other = connect(f"{redis_url}_other", queue=f"sqlite:///{tmp_path}/other.sqlite3")
    run_sync(store.put("k", b"v"))
    assert run_sync(other.blocking(ManualClock()).store.get("k")) is None
    other.close()


def test_a_lost_connection_is_opened_anew(backend, client, store):
    run_sync(store.put("k", b"v"))
    client.client_kill_filter(_type="normal", skipme=True)
    assert run_sync(store.get("k")) == b"v"


def test_a_write_whose_answer_was_lost_is_not_sent_again(backend, store, monkeypatch):
    """The second answer would be another: `add_if_absent` would tell that somebody else was first."""
    sent = []
    real = redis.connection.AbstractConnection.send_packed_command

    def send(self, command, check_health=True):
        sent.append(command)
        real(self, command, check_health=check_health)
        raise redis.ConnectionError("the answer was lost")

    run_sync(store.get("k"))
    monkeypatch.setattr(redis.connection.AbstractConnection, "send_packed_command", send)
    with pytest.raises(StoreError, match="the answer was lost"):
        run_sync(store.add_if_absent("k", b"v"))
    monkeypatch.undo()
    assert len(sent) == 1
    with pytest.raises(StoreError):
        run_sync(store.get("\ud800"))


def test_a_server_that_is_not_there_is_a_port_error(tmp_path):
    backend = connect("redis://me:secret@127.0.0.1:1/0", queue=f"sqlite:///{tmp_path}/queue.sqlite3")
    with pytest.raises(StoreError) as caught:
        run_sync(backend.blocking(ManualClock()).store.get("k"))
    assert caught.value.permanent is False
    assert "secret" not in str(caught.value)
    backend.close()


def test_it_takes_no_part_in_a_transaction(backend, store):
    with pytest.raises(ConfigurationError, match="postgresql://"):
        store.statements("k", b"v")


async def test_tasks_go_through_transactions_to_the_database_beside_it(backend, tmp_path):
    import sqlite3

    from fedtext.testing.ports import next_names, task

    queue = backend.asynchronous(ManualClock()).queue
    with sqlite3.connect(tmp_path / "test.sqlite3") as app:
        backend.execute_within(app, queue.statements(task("one"), 0.0))
        await backend.execute_within_async(app, queue.statements(task("two"), 0.0))
    app.close()
    assert await next_names(queue) == ["one", "two"]
