"""The one SQL text: tables, and every statement that the store and the queue run.

Dialects share it: placeholders are `?`, upserts are `ON CONFLICT`, times are double precision seconds since the
epoch; what differs (the names of two column types) stands in one table below. Adapters run these texts and hold
no SQL of their own.

How a claim stays cheap: `fedtext_lanes.ready_s` is a lower bound of the moment at which a lane can be claimed. A
leased lane's is the end of its lease, so one index finds what is due and what was left behind by a crash. Nothing
is recomputed while jobs come and go; a claim that finds a lane without claimable jobs moves its bound forward (or
removes the lane), and each such lane costs one look.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConfigurationError
from ..ports import SqlValue, Statement, Task

SCHEMA_VERSION = 1
NEVER_S = 1e15
"""A moment that does not come: the bound of a lane that only keeps dead letters."""

REASON_CHARS_MAX = 500

_TYPES = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY AUTOINCREMENT", "blob": "BLOB"},
}

_TABLES = (
    "CREATE TABLE IF NOT EXISTS fedtext_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS fedtext_store"
    " (key TEXT NOT NULL PRIMARY KEY, value {blob} NOT NULL, expires_s DOUBLE PRECISION)",
    "CREATE INDEX IF NOT EXISTS fedtext_store_expiry ON fedtext_store (expires_s) WHERE expires_s IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS fedtext_lanes"
    " (lane_id {serial}, site TEXT NOT NULL, lane TEXT NOT NULL, kind TEXT NOT NULL,"
    " ready_s DOUBLE PRECISION NOT NULL, due_s DOUBLE PRECISION NOT NULL, failures INTEGER NOT NULL,"
    " lease_token TEXT, lease_until_s DOUBLE PRECISION NOT NULL, leased INTEGER NOT NULL, UNIQUE (site, lane))",
    "CREATE INDEX IF NOT EXISTS fedtext_lanes_ready ON fedtext_lanes (kind, ready_s)",
    # a reason makes a job a dead letter; job ids are never used twice, so a late ack cannot hit a younger job
    "CREATE TABLE IF NOT EXISTS fedtext_jobs"
    " (job_id {serial}, lane_id INTEGER NOT NULL, payload {blob} NOT NULL, dedupe TEXT, ordering_key TEXT NOT NULL,"
    " due_s DOUBLE PRECISION NOT NULL, attempts INTEGER NOT NULL, enqueued_s DOUBLE PRECISION NOT NULL, reason TEXT)",
    "CREATE UNIQUE INDEX IF NOT EXISTS fedtext_jobs_dedupe"
    " ON fedtext_jobs (dedupe) WHERE dedupe IS NOT NULL AND reason IS NULL",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_waiting ON fedtext_jobs (lane_id, job_id, due_s) WHERE reason IS NULL",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_ordering"
    " ON fedtext_jobs (lane_id, ordering_key, due_s, job_id) WHERE reason IS NULL AND ordering_key <> ''",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_buried ON fedtext_jobs (job_id) WHERE reason IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_buried_lane ON fedtext_jobs (lane_id) WHERE reason IS NOT NULL",
)

SCHEMA_FIND = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'fedtext_meta'"
SCHEMA_VERSION_READ = "SELECT value FROM fedtext_meta WHERE name = 'schema_version'"
_SCHEMA_VERSION_WRITE = (
    "INSERT INTO fedtext_meta (name, value) VALUES ('schema_version', ?) ON CONFLICT (name) DO NOTHING"
)

# --- store ---------------------------------------------------------------------------------------------------------

STORE_GET = "SELECT value FROM fedtext_store WHERE key = ? AND (expires_s IS NULL OR expires_s > ?)"
STORE_INSERT = "INSERT INTO fedtext_store (key, value, expires_s) VALUES (?, ?, ?)"
STORE_PUT = f"{STORE_INSERT} ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_s = excluded.expires_s"
STORE_ADD = STORE_PUT + " WHERE fedtext_store.expires_s IS NOT NULL AND fedtext_store.expires_s <= ?"
STORE_SWAP = (
    "UPDATE fedtext_store SET value = ?, expires_s = ?"
    " WHERE key = ? AND value = ? AND (expires_s IS NULL OR expires_s > ?)"
)
STORE_DELETE = "DELETE FROM fedtext_store WHERE key = ? AND (expires_s IS NULL OR expires_s > ?)"
STORE_EXPIRE = "DELETE FROM fedtext_store WHERE key = ? AND expires_s <= ?"
STORE_SCAN = (
    "SELECT key, value FROM fedtext_store WHERE key >= ? AND key < ? AND key <> ?"
    " AND (expires_s IS NULL OR expires_s > ?) ORDER BY key LIMIT ?"
)
STORE_COUNT = "SELECT COUNT(*) FROM fedtext_store WHERE key >= ? AND key < ? AND (expires_s IS NULL OR expires_s > ?)"
STORE_PURGE = "DELETE FROM fedtext_store WHERE key IN (SELECT key FROM fedtext_store WHERE expires_s <= ? LIMIT 16)"
"""Run with every write: it removes more rows than the write adds, so what expired does not pile up."""

# --- queue ---------------------------------------------------------------------------------------------------------

_LANE_ADD = (
    "INSERT INTO fedtext_lanes (site, lane, kind, ready_s, due_s, failures, lease_token, lease_until_s, leased)"
    " SELECT ?, ?, ?, ?, 0, 0, NULL, 0, 0 WHERE NOT EXISTS"  # a task that waits already changes nothing at all
    " (SELECT 1 FROM fedtext_jobs WHERE dedupe = ? AND dedupe IS NOT NULL AND reason IS NULL)"
    " ON CONFLICT (site, lane) DO UPDATE SET ready_s ="
    # a leased lane is looked at again when it is released; one that backs off does so whatever arrives
    " CASE WHEN fedtext_lanes.lease_token IS NOT NULL THEN fedtext_lanes.ready_s"
    " WHEN fedtext_lanes.due_s > excluded.ready_s THEN fedtext_lanes.due_s"
    " WHEN fedtext_lanes.ready_s > excluded.ready_s THEN excluded.ready_s ELSE fedtext_lanes.ready_s END"
)
_JOB_ADD = (
    "INSERT INTO fedtext_jobs (lane_id, payload, dedupe, ordering_key, due_s, attempts, enqueued_s)"
    " SELECT lane_id, ?, ?, ?, ?, 0, ? FROM fedtext_lanes WHERE site = ? AND lane = ? ON CONFLICT DO NOTHING"
)
_LANES_READY = "SELECT ready_s, lane_id, site, lane{more} FROM fedtext_lanes WHERE kind = ? AND ready_s <= ?"
_SOONEST = " ORDER BY ready_s, lane_id LIMIT ?"
JOBS_DUE = (
    "SELECT job_id, payload, ordering_key, attempts, enqueued_s FROM fedtext_jobs AS job"
    " WHERE lane_id = ? AND reason IS NULL AND due_s <= ? AND (ordering_key = '' OR NOT EXISTS"
    " (SELECT 1 FROM fedtext_jobs AS earlier WHERE earlier.lane_id = job.lane_id"
    " AND earlier.ordering_key = job.ordering_key AND earlier.ordering_key <> '' AND earlier.reason IS NULL"
    " AND earlier.due_s > ? AND earlier.job_id < job.job_id)) ORDER BY job_id LIMIT ?"
)
JOBS_NEXT_DUE = "SELECT MIN(due_s) FROM fedtext_jobs WHERE lane_id = ? AND reason IS NULL AND due_s > ?"
LANE_NEXT_DUE = (
    "SELECT ready_s, (SELECT MIN(due_s) FROM fedtext_jobs WHERE lane_id = lane.lane_id AND reason IS NULL)"
    " FROM fedtext_lanes AS lane WHERE site = ? AND lane = ?"
)
LANE_LEASE = "UPDATE fedtext_lanes SET lease_token = ?, lease_until_s = ?, ready_s = ?, leased = ? WHERE lane_id = ?"
LANE_DEFER = "UPDATE fedtext_lanes SET ready_s = ?, lease_token = NULL, lease_until_s = 0, leased = 0 WHERE lane_id = ?"
LANE_REMOVE = (
    "DELETE FROM fedtext_lanes WHERE lane_id = ? AND NOT EXISTS"
    " (SELECT 1 FROM fedtext_jobs WHERE fedtext_jobs.lane_id = fedtext_lanes.lane_id AND reason IS NULL)"
    " AND NOT EXISTS"
    " (SELECT 1 FROM fedtext_jobs WHERE fedtext_jobs.lane_id = fedtext_lanes.lane_id AND reason IS NOT NULL)"
)
LANE_PARK = (
    "UPDATE fedtext_lanes SET ready_s = ?, due_s = 0, failures = 0, lease_token = NULL, lease_until_s = 0, leased = 0"
    " WHERE lane_id = ?"
)
LANE_HELD = "SELECT lane_id FROM fedtext_lanes WHERE site = ? AND lane = ? AND lease_token = ?"
LANE_EXTEND = "UPDATE fedtext_lanes SET lease_until_s = ?, ready_s = ? WHERE site = ? AND lane = ? AND lease_token = ?"
LANE_RELEASE = (
    "UPDATE fedtext_lanes SET lease_token = NULL, lease_until_s = 0, leased = 0, due_s = ?, failures = ?, ready_s = ?"
    " WHERE lane_id = ?"
)
LANE_ONE_LESS = "UPDATE fedtext_lanes SET leased = leased - 1 WHERE lane_id = ? AND leased > 0"
JOB_DELETE = "DELETE FROM fedtext_jobs WHERE job_id = ? AND lane_id = ? AND reason IS NULL"
JOB_RETRY = (
    "UPDATE fedtext_jobs SET due_s = ?, attempts = attempts + 1 WHERE job_id = ? AND lane_id = ? AND reason IS NULL"
)
JOB_BURY = (
    "UPDATE fedtext_jobs SET reason = ?, attempts = attempts + 1 WHERE job_id = ? AND lane_id = ? AND reason IS NULL"
)
JOBS_BURIED = (
    "SELECT job_id, site, lane, payload, ordering_key, attempts, enqueued_s, reason"
    " FROM fedtext_jobs JOIN fedtext_lanes ON fedtext_lanes.lane_id = fedtext_jobs.lane_id"
    " WHERE reason IS NOT NULL AND job_id > ? ORDER BY job_id LIMIT ?"
)
JOB_REVIVE = (
    "UPDATE fedtext_jobs SET reason = NULL, due_s = ?, attempts = 0 WHERE job_id = ? AND reason IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM fedtext_jobs AS other"
    " WHERE other.dedupe = fedtext_jobs.dedupe AND other.dedupe IS NOT NULL AND other.reason IS NULL)"
)
LANE_WAKE = (
    "UPDATE fedtext_lanes SET due_s = 0, ready_s = ? WHERE lease_token IS NULL"
    " AND lane_id = (SELECT lane_id FROM fedtext_jobs WHERE job_id = ?)"
)
DEPTH_WAITING = "SELECT COUNT(*) FROM fedtext_jobs WHERE reason IS NULL"
DEPTH_BURIED = "SELECT COUNT(*) FROM fedtext_jobs WHERE reason IS NOT NULL"
DEPTH_LANES = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN lease_until_s > ? THEN leased ELSE 0 END), 0) FROM fedtext_lanes"
DEPTH_OLDEST = (
    "SELECT MIN(CASE WHEN fedtext_lanes.due_s > fedtext_jobs.due_s THEN fedtext_lanes.due_s ELSE fedtext_jobs.due_s"
    " END) FROM fedtext_jobs JOIN fedtext_lanes ON fedtext_lanes.lane_id = fedtext_jobs.lane_id"
    " WHERE reason IS NULL AND fedtext_jobs.due_s <= ? AND fedtext_lanes.due_s <= ?"
)


def schema_statements(dialect: str) -> list[Statement]:
    """Give the SQL that makes the tables, also through somebody else's connection; harmless when they exist.

    Raises:
        ConfigurationError: The dialect is not spoken.
    """
    types = _types(dialect)
    tables = [Statement(sql.format(**types)) for sql in _TABLES]
    return [*tables, Statement(_SCHEMA_VERSION_WRITE, (str(SCHEMA_VERSION),))]


def require_schema_version(rows: Sequence[Sequence[SqlValue]]) -> None:
    """Refuse tables that this version does not know.

    Args:
        rows: What `SCHEMA_VERSION_READ` gave.

    Raises:
        ConfigurationError: The tables were made by another version of this library.
    """
    found = str(rows[0][0]) if rows else "none"
    if found != str(SCHEMA_VERSION):
        raise ConfigurationError(
            "the database has tables of another version of fedtext", found=found, known=SCHEMA_VERSION
        )


def enqueue_statements(task: Task, dialect: str, now_s: float) -> list[Statement]:
    """Give the SQL that adds a task, to be run in one transaction: the lane's row, then the job.

    The last statement changes one row when the task was new and none when it already waits.

    Raises:
        ConfigurationError: The dialect is not spoken.
    """
    _types(dialect)
    due_s = max(task.due_s, now_s)  # a due time in the past must not get ahead of lanes that have waited longer
    lane = str(task.lane)
    dedupe = None if task.dedupe_key is None else f"{task.site} {task.dedupe_key}"
    return [
        Statement(_LANE_ADD, (task.site, lane, task.lane.kind.value, due_s, dedupe)),
        Statement(_JOB_ADD, (task.payload, dedupe, task.ordering_key, due_s, now_s, task.site, lane)),
    ]


def lane_ready(kind: str, now_s: float, *, lane: str | None = None, site: str | None = None) -> Statement:
    """Give the SQL that finds the lane of a kind, or the named lane, that may be claimed and has waited the longest."""
    return _lanes_ready(", failures", kind, now_s, 1, site, None if lane is None else (lane,))


def lanes_ready(
    kind: str, until_s: float, limit: int, *, site: str | None = None, lanes: Sequence[str] | None = None
) -> Statement:
    """Give the SQL that lists lanes of a kind that may be claimed at a moment: ready_s, lane_id, site, lane."""
    return _lanes_ready("", kind, min(until_s, NEVER_S / 2), limit, site, lanes)


def _lanes_ready(
    more: str, kind: str, until_s: float, limit: int, site: str | None, lanes: Sequence[str] | None
) -> Statement:
    sql = _LANES_READY.format(more=more)
    parameters: list[SqlValue] = [kind, until_s]
    if site is not None:
        sql, parameters = f"{sql} AND site = ?", [*parameters, site]
    if lanes is not None:
        sql, parameters = f"{sql} AND lane IN ({', '.join('?' * len(lanes))})", [*parameters, *lanes]
    return Statement(sql + _SOONEST, (*parameters, limit))


def prefix_end(prefix: str) -> str:
    """Give the least text, in code point order, that is greater than every text with this prefix."""
    for index in range(len(prefix) - 1, -1, -1):
        point = ord(prefix[index])
        if point < 0x10FFFF:
            following = 0xE000 if point == 0xD7FF else point + 1  # surrogates cannot be stored
            return prefix[:index] + chr(following)
    return chr(0x10FFFF) * 4_096  # no prefix: everything; keys are far shorter than this


def _types(dialect: str) -> dict[str, str]:
    try:
        return _TYPES[dialect]
    except KeyError:
        raise ConfigurationError("this SQL dialect is not spoken", dialect=dialect, spoken=", ".join(_TYPES)) from None
