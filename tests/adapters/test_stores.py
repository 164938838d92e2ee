"""Every store and every SQL door passes the suite of the port, in both colours."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.adapters.backends import MemoryBackend, PostgresBackend, RedisBackend, SqliteBackend
from fedtext.adapters.sql import STORE_PURGE_EVERY
from fedtext.testing.port_store_processes import STORE_PROCESS_CASES
from fedtext.testing.ports import SQL_CASES, STORE_CASES, Colour, case_name, run_case

BACKENDS = {
    "memory": lambda folder: MemoryBackend(),
    "sqlite": lambda folder: SqliteBackend(folder / "test.sqlite3"),
    "sqlite-power": lambda folder: SqliteBackend(folder / "test.sqlite3", durability="power"),
}


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", STORE_CASES + SQL_CASES, ids=case_name)
def test_suite(case, backend, colour, tmp_path):
    run_case(case, lambda: BACKENDS[backend](tmp_path), colour)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("case", STORE_CASES, ids=case_name)
def test_suite_in_postgresql(case, colour, postgres_tables_url):
    run_case(case, lambda: PostgresBackend(postgres_tables_url), colour)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("case", SQL_CASES, ids=case_name)
def test_sql_suite_in_postgresql(case, colour, postgres_url):
    run_case(case, lambda: PostgresBackend(postgres_url), colour)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("case", STORE_CASES, ids=case_name)
def test_suite_in_redis(case, colour, redis_url, tmp_path):
    run_case(case, lambda: RedisBackend(redis_url, SqliteBackend(tmp_path / "test.sqlite3")), colour)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "redis"])
@pytest.mark.parametrize("case", STORE_PROCESS_CASES, ids=case_name)
def test_processes(case, engine, request, tmp_path):
    file = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    if engine == "sqlite":
        case(file, None)
    elif engine == "postgresql":
        case(request.getfixturevalue("postgres_tables_url"), None)
    else:
        case(request.getfixturevalue("redis_url"), file)


async def test_expired_values_are_removed_from_the_file_by_later_writes(tmp_path):
    from fedtext.adapters.clocks import ManualClock

    backend, clock = SqliteBackend(tmp_path / "test.sqlite3"), ManualClock()
    opened = backend.asynchronous(clock)
    for number in range(200):
        await opened.store.put(f"k{number}", b"", ttl_s=5)
    clock.advance(5)
    counts = list[Any]()
    for number in range(2 * STORE_PURGE_EVERY):
        await opened.store.put(f"new{number}", b"")
        [(count,)] = await opened.sql.execute("SELECT COUNT(*) FROM fedtext_store")
        counts.append(count - number - 1)
    assert counts == [72] * STORE_PURGE_EVERY + [0] * STORE_PURGE_EVERY
    again = backend.asynchronous(clock)
    await again.store.put("short", b"", ttl_s=1)  # a process that writes once removes some, too
    clock.advance(1)
    await backend.asynchronous(clock).store.put("a", b"")
    assert await opened.sql.execute("SELECT COUNT(*) FROM fedtext_store WHERE key = 'short'") == [(0,)]
    backend.close()
