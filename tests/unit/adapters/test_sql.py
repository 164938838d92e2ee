from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.adapters import sql
from fedtext.adapters.queues import statements
from fedtext.errors import ConfigurationError
from fedtext.ports import Lane, LaneKind, Task


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for _ in range(2):  # harmless when the tables exist
        for statement in sql.schema_statements("sqlite"):
            connection.execute(statement.sql, statement.parameters)
    yield connection
    connection.close()


@pytest.mark.parametrize("dialect", ["", "mysql", "SQLite"])
def test_other_dialects_are_refused(dialect):
    task = Task(site="s", lane=Lane(LaneKind.OUT, "h"), payload=b"{}")
    with pytest.raises(ConfigurationError):
        sql.schema_statements(dialect)
    with pytest.raises(ConfigurationError):
        statements(task, dialect, 0.0)


@pytest.mark.parametrize("rows", [[("4",)], [("0",)], [("x",)], [("-1",)], []])
def test_other_versions_are_refused_and_the_error_teaches(rows):
    with pytest.raises(ConfigurationError, match="install the fedtext that last wrote to it"):
        sql.schema_upgrade(rows, "sqlite")


def test_every_older_version_opens_in_the_next():
    assert sql.schema_upgrade([(str(sql.SCHEMA_VERSION),)], "sqlite") == []
    for version in range(1, sql.SCHEMA_VERSION):
        last = sql.schema_upgrade([(str(version),)], "sqlite")[-1]
        assert last.parameters == (str(sql.SCHEMA_VERSION),)
    with pytest.raises(ConfigurationError):
        sql.schema_upgrade([("1",)], "")


@given(st.text(max_size=4), st.text(max_size=6))
def test_the_end_of_a_prefix_is_above_all_that_has_it(prefix, rest):
    """Texts compare by code points, as their UTF-8 does."""
    end = sql.prefix_end(prefix)
    assert prefix + rest < end
    assert rest < prefix or rest.startswith(prefix) or rest >= end or prefix == ""


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("a/", "a0"), ("a\U0010ffff", "b"), ("\ud7ff", "\ue000"), ("aé", "aê")],
)
def test_ends_of_prefixes(prefix, end):
    assert sql.prefix_end(prefix) == end


# not DEPTH_…: those are asked now and then, and count rows
HOT = {
    name: text
    for name, text in vars(sql).items()
    if name.strip("_").startswith(("STORE_", "LANE", "JOB", "PAUSE_", "BODIES_", "BODY_")) and isinstance(text, str)
}
del HOT["_JOB_NEW"], HOT["_BODY_ADD"]  # not whole
del HOT["BODIES_SPAN"], HOT["BODIES_LOCK"]  # after a restore; of PostgreSQL alone
HOT["_LANES_READY"] += " AND site = ? ORDER BY ready_s, lane_id LIMIT ?"
HOT["_LANES_PAUSE"] += " AND kind = ?"
HOT["_LANES_RESUME"] += " AND kind = ?"
HOT["_JOBS_PURGED"] += sql._IS_FREE + " AND fedtext_lanes.site = ? AND fedtext_lanes.lane = ?"
HOT["_JOBS_REVIVABLE"] += " AND fedtext_lanes.site = ? AND fedtext_lanes.lane = ?"


@pytest.mark.parametrize("name", HOT)
def test_statements_use_an_index_and_sort_nothing(connection, name):
    text = HOT[name]
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + text, (0,) * text.count("?"))]
    assert [step for step in plan if "SCAN fedtext" in step or "TEMP B-TREE" in step] == []


def steps(connection, text, parameters):
    """Count what SQLite's machine does for a statement, in hundreds of instructions."""
    count = 0

    def tick():
        nonlocal count
        count += 1

    connection.set_progress_handler(tick, 100)
    connection.execute(text, parameters).fetchall()
    connection.set_progress_handler(None, 0)
    return count


JOBS = (
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) INSERT INTO fedtext_jobs"
    " (lane_id, payload, ordering_key, due_s, attempts, enqueued_s) SELECT {lane}, x'7b7d', {key}, {due}, 0, 0 FROM n"
)
LANES = (
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 7999) INSERT INTO fedtext_lanes"
    " (site, lane, kind, ready_s, due_s, failures, lease_until_s, leased)"
    " SELECT 's', 'out:' || i, 'out', {ready}, 0, 0, 0, 0 FROM n"
)


@pytest.mark.parametrize(
    ("lane", "key", "due", "ready"),
    [
        ("1", "''", "0", "i"),  # one host has all
        ("1", "'k' || i", "0", "i"),
        ("1 + i % 8000", "'k' || (i % 9)", "0", "0"),  # each host has some
        ("1 + i % 8000", "''", "i", "1e9"),  # nothing is due
    ],
)
def test_a_claim_among_a_hundred_thousand_jobs_takes_few_steps(connection, lane, key, due, ready):
    connection.execute(LANES.format(ready=ready))
    connection.execute(JOBS.format(lane=lane, key=key, due=due))
    taken = steps(connection, sql.LANE_READY, ("out", 50.0)) + steps(connection, sql.JOBS_DUE, (1, 50.0, 50.0, 20))
    assert taken <= 30
    assert steps(connection, "SELECT COUNT(*) FROM fedtext_jobs WHERE payload = ''", ()) > 1_000  # the ruler works


def test_a_claim_among_thousands_of_paused_lanes_takes_few_steps(connection):
    connection.execute(LANES.format(ready="1"))
    connection.execute(JOBS.format(lane="1 + i % 8000", key="''", due="0"))
    for host in range(7_999):
        target = Lane(LaneKind.OUT, str(host))
        pause = sql.pause_statement(target, "s")
        connection.execute(sql.PAUSE_ADD, ("s", str(target), 0.0))
        connection.execute(pause.sql, pause.parameters)
    assert steps(connection, sql.LANE_READY, ("out", 50.0)) <= 3
    assert steps(connection, sql.LANE_READY_OF_SITE, ("out", 50.0, "s")) <= 3
    assert connection.execute(sql.LANE_READY, ("out", 50.0)).fetchone()[3] == "out:7999"
