"""The PostgreSQL and Redis servers that tests use when they are reachable; each test gets a corner of its own.

`tools/servers start FOLDER` prints the two variables that say where they are. With FEDTEXT_REQUIRE_SERVERS=1, as in
.ci/run, a missing server fails the tests instead of skipping them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

HINT = "(tools/servers starts one)"
_REDIS_DATABASES = 16  # as Redis has them
VARIABLES = {"postgres": "FEDTEXT_TEST_POSTGRES", "redis": "FEDTEXT_TEST_REDIS"}


def address(engine: str) -> str:
    """Give the address of a server that answers, or end the test here with the reason."""
    variable = VARIABLES[engine]
    url = os.environ.get(variable)
    if not url:
        return _missing(f"no {engine} server: {variable} is not set")
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5).close()
    except OSError as error:
        return _missing(f"no {engine} server: {variable} is set, but nothing answers there ({error.strerror})")
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    if engine == "redis" and process:
        # Tests that run at once share no stream: a worker of one would take the messages of another.
        return parts._replace(path=f"/{int(process.removeprefix('gw')) % _REDIS_DATABASES}").geturl()
    return url


def _missing(what: str) -> str:
    reason = f"{what} {HINT}"
    if os.environ.get("FEDTEXT_REQUIRE_SERVERS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@contextmanager
def empty_schema(url: str) -> Iterator[str]:
    """Make a schema in that database, give the address that leads to it, and drop it with all that it holds."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    try:
        yield f"{url}{'&' if '?' in url else '?'}options={quote(f'-csearch_path={name}')}"
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '10s'")  # a test that left a transaction open is told so
            connection.execute(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def emptied(url: str) -> Iterator[str]:
    """Give that address, and afterwards empty the library's tables there: quicker than a schema for each test."""
    import psycopg

    try:
        yield url
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '10s'")
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
                " AND tablename LIKE 'fedtext%' AND tablename <> 'fedtext_meta'"
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"DELETE FROM {table}")


@contextmanager
def own_prefix(url: str) -> Iterator[str]:
    """Give the address with a prefix for keys, and remove those keys afterwards."""
    import redis

    name = f"test_{uuid4().hex}"
    try:
        yield f"{url}{'&' if '?' in url else '?'}prefix={name}"
    finally:
        client = redis.Redis.from_url(url)
        for key in client.scan_iter(match=f"*{name}*"):
            client.delete(key)
        client.close()
