"""Every version of the tables opens in this one, with all that waits in it."""

from __future__ import annotations

import sqlite3
import threading
from functools import partial

import pytest

from fedtext.adapters.backends import PostgresBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.adapters.databases import SqliteFile
from fedtext.adapters.sql import SCHEMA_VERSION
from fedtext.errors import ConfigurationError
from fedtext.ports import Lane, LaneKind, Task
from fedtext.sync import run_sync
from fedtext.testing.port_rigs import claim_of, names, task

SITE = "https://blog.example"

VERSION_1 = """
CREATE TABLE fedtext_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE fedtext_store (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, expires_s DOUBLE PRECISION);
CREATE INDEX fedtext_store_expiry ON fedtext_store (expires_s) WHERE expires_s IS NOT NULL;
CREATE TABLE fedtext_lanes (lane_id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT NOT NULL, lane TEXT NOT NULL,
    kind TEXT NOT NULL, ready_s DOUBLE PRECISION NOT NULL, due_s DOUBLE PRECISION NOT NULL,
    failures INTEGER NOT NULL, lease_token TEXT, lease_until_s DOUBLE PRECISION NOT NULL, leased INTEGER NOT NULL,
    UNIQUE (site, lane));
CREATE INDEX fedtext_lanes_ready ON fedtext_lanes (kind, ready_s);
CREATE TABLE fedtext_jobs (job_id INTEGER PRIMARY KEY AUTOINCREMENT, lane_id INTEGER NOT NULL, payload BLOB NOT NULL,
    dedupe TEXT, ordering_key TEXT NOT NULL, due_s DOUBLE PRECISION NOT NULL, attempts INTEGER NOT NULL,
    enqueued_s DOUBLE PRECISION NOT NULL, reason TEXT);
CREATE UNIQUE INDEX fedtext_jobs_dedupe ON fedtext_jobs (dedupe) WHERE dedupe IS NOT NULL AND reason IS NULL;
CREATE INDEX fedtext_jobs_waiting ON fedtext_jobs (lane_id, job_id, due_s) WHERE reason IS NULL;
CREATE INDEX fedtext_jobs_ordering ON fedtext_jobs (lane_id, ordering_key, due_s, job_id)
    WHERE reason IS NULL AND ordering_key <> '';
CREATE INDEX fedtext_jobs_buried ON fedtext_jobs (job_id) WHERE reason IS NOT NULL;
CREATE INDEX fedtext_jobs_buried_lane ON fedtext_jobs (lane_id) WHERE reason IS NOT NULL;
INSERT INTO fedtext_meta VALUES ('schema_version', '1');
"""
ROWS_1 = """
INSERT INTO fedtext_store VALUES ('https://blog.example/k', x'76', NULL);
INSERT INTO fedtext_lanes VALUES (1, 'https://blog.example', 'out:leased.example', 'out', 60, 0, 0, 'token', 60, 1);
INSERT INTO fedtext_lanes VALUES (2, 'https://blog.example', 'out:failing.example', 'out', 90, 90, 4, NULL, 0, 0);
INSERT INTO fedtext_lanes VALUES (3, 'https://blog.example', 'out:dead.example', 'out', 1e15, 0, 0, NULL, 0, 0);
INSERT INTO fedtext_jobs VALUES (1, 1, x'7b7d', NULL, '', 0, 0, 1, NULL);
INSERT INTO fedtext_jobs VALUES (2, 2, x'7b7d', 'https://blog.example d', '', 0, 2, 3, NULL);
INSERT INTO fedtext_jobs VALUES (3, 3, x'7b7d', NULL, '', 0, 9, 5, 'refused');
INSERT INTO fedtext_jobs VALUES (4, 3, x'7b7d', NULL, '', 0, 9, 5, 'refused');
DELETE FROM fedtext_jobs WHERE job_id = 4;
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "old.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1 + ROWS_1)
    connection.close()
    return path


def tables(path):
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    columns = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name").fetchall()
    connection.close()
    return columns, indexes


def version(path):
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT value FROM fedtext_meta WHERE name = 'schema_version'").fetchall()
    connection.close()
    return found


def test_an_old_database_becomes_what_a_new_one_is(path, tmp_path):
    for file in (path, tmp_path / "new.sqlite3"):
        opened = SqliteFile(str(file))
        opened.read(lambda connection: None)
        opened.close()
    (old, old_indexes), (new, new_indexes) = tables(path), tables(tmp_path / "new.sqlite3")
    assert old == new
    assert [name for name, _ in old_indexes] == [name for name, _ in new_indexes]
    assert version(path) == [(str(SCHEMA_VERSION),)]


def test_all_that_waited_in_version_1_is_there(path):
    clock = ManualClock(10.0)
    backend = SqliteBackend(path)
    opened = backend.blocking(clock)
    assert run_sync(opened.store.get("https://blog.example/k")) == b"v"
    status = {item.lane.name: (item.waiting, item.leased, item.buried) for item in run_sync(opened.queue.lanes())}
    assert status == {"leased.example": (0, 1, 0), "failing.example": (1, 0, 0), "dead.example": (0, 0, 1)}
    assert run_sync(opened.queue.claim(lease_s=9, batch_max=9)) is None
    clock.advance(90)
    one, two = (run_sync(opened.queue.claim(lease_s=9, batch_max=9)) for _ in range(2))
    # what the lease of version 1 held may have been carried out
    assert [(job.job_id, job.attempts, job.handed) for job in (*one.jobs, *two.jobs)] == [(1, 0, True), (2, 2, True)]
    assert two.failures == 4
    assert run_sync(opened.queue.revive(3)) is True
    lane = Lane(LaneKind.OUT, "new.example")
    run_sync(opened.queue.enqueue([Task(site=SITE, lane=lane, payload=b"{}")]))
    assert run_sync(opened.queue.claim(lease_s=9, batch_max=9, kinds=[LaneKind.IN])) is None
    ids = sorted(run_sync(opened.queue.claim(lease_s=9, batch_max=9)).jobs[0].job_id for _ in range(2))
    assert ids == [3, 5]  # no id is given twice, over versions too
    backend.close()


def test_an_upgrade_that_fails_leaves_version_1(path, monkeypatch):
    monkeypatch.setattr("fedtext.adapters.sql._SCHEMA_VERSION_RAISE", "UPDATE nothing SET value = ?")
    file = SqliteFile(str(path))
    with pytest.raises(sqlite3.OperationalError):
        file.read(lambda connection: None)
    assert version(path) == [("1",)]
    assert "fedtext_pauses" not in tables(path)[0]
    monkeypatch.undo()
    file.read(lambda connection: None)
    assert version(path) == [(str(SCHEMA_VERSION),)]
    file.close()


def test_several_upgrade_at_once(path):
    errors = []

    def work():
        try:
            file = SqliteFile(str(path))
            file.write(lambda connection: None)
            file.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, version(path)) == ([], [(str(SCHEMA_VERSION),)])


def test_the_application_s_own_transaction_upgrades_too(path):
    backend = SqliteBackend(path)
    queue = backend.blocking(ManualClock()).queue
    task = Task(site=SITE, lane=Lane(LaneKind.OUT, "new.example"), payload=b"{}")
    app = sqlite3.connect(path)
    app.execute("BEGIN")
    backend.execute_within(app, queue.statements(task, 0.0))
    app.rollback()
    assert version(path) == [("1",)]
    backend.execute_within(app, queue.statements(task, 0.0))
    app.commit()
    app.close()
    assert version(path) == [(str(SCHEMA_VERSION),)]
    assert "new.example" in [item.lane.name for item in run_sync(queue.lanes())]
    backend.close()


def test_a_later_version_is_refused_and_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE fedtext_meta SET value = ?", (str(SCHEMA_VERSION + 1),))
    connection.close()
    before = tables(path)
    with pytest.raises(ConfigurationError, match="install the fedtext that last wrote to it"):
        SqliteFile(str(path)).write(lambda connection: None)
    assert tables(path) == before


# --- version 2: each delivery with a body of its own, in its payload ------------------------------------------------


BACK_TO_2 = (
    "ALTER TABLE fedtext_jobs DROP COLUMN body_digest",
    "DROP TABLE fedtext_bodies",
    "UPDATE fedtext_meta SET value = '2'",
)
ARRIVALS_BACK_TO_2 = "ALTER TABLE fedtext_arrivals DROP COLUMN body"


@pytest.fixture(params=["sqlite", "postgresql"])
def of_version_2(request, tmp_path):
    """Give what opens a backend over tables of version 2, in which two tasks wait."""
    if request.param == "sqlite":
        make = partial(SqliteBackend, tmp_path / "two.sqlite3")
    else:
        make = partial(PostgresBackend, request.getfixturevalue("postgres_url"))
    backend = make()
    opened = backend.blocking(ManualClock(10.0))
    run_sync(opened.queue.enqueue([task("one")]))
    run_sync(opened.sql.atomic(opened.queue.statements(task("two"), 10.0)))
    for sql in (*BACK_TO_2, *([ARRIVALS_BACK_TO_2] if request.param == "postgresql" else [])):
        run_sync(opened.sql.execute(sql))
    backend.close()
    return make


def test_what_waited_in_version_2_is_there_and_bodies_may_come(of_version_2):
    backend = of_version_2()
    opened = backend.blocking(ManualClock(20.0))
    run_sync(opened.queue.enqueue([task("three", body=b"words")]))
    run_sync(opened.sql.atomic(opened.queue.statements(task("four", body=b"words"), 20.0)))
    claim = run_sync(claim_of(opened.queue))
    assert list(zip(names(claim), [job.body for job in claim.jobs], strict=True)) == [
        ("one", b""),
        ("two", b""),
        ("three", b"words"),
        ("four", b"words"),
    ]
    assert run_sync(opened.sql.execute("SELECT value FROM fedtext_meta")) == [(str(SCHEMA_VERSION),)]
    backend.close()


def test_version_2_becomes_what_a_new_one_is_in_postgresql(postgres_url):
    found = []
    columns = (
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name LIKE 'fedtext%' ORDER BY 1, 2"
    )
    indexes = (
        "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename LIKE 'fedtext%' ORDER BY 1"
    )
    for _ in range(2):
        backend = PostgresBackend(postgres_url)
        opened = backend.blocking(ManualClock())
        found.append([run_sync(opened.sql.execute(sql)) for sql in (columns, indexes)])
        for sql in (*BACK_TO_2, ARRIVALS_BACK_TO_2):
            run_sync(opened.sql.execute(sql))
        backend.close()
    assert found[0] == found[1]
