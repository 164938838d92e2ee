"""The one SQL text: tables, and every statement that the store and the queue run.

Dialects share it: placeholders are `?`, upserts are `ON CONFLICT`, times are double precision seconds since the
epoch; what differs (the names of two column types) stands in one table below. Adapters run these texts and hold
no SQL of their own.

How a claim stays cheap: `fedtext_lanes.ready_s` is a lower bound of the moment at which a lane can be claimed. A
leased lane's is the end of its lease, so one index finds what is due and what was left behind by a crash. Nothing
is recomputed while jobs come and go; a claim that finds a lane without claimable jobs moves its bound forward (or
removes the lane), and each such lane costs one look. A paused lane's bound is the moment that does not come, so
thousands of them cost nothing; what still finds a paused lane due (its lease ran out) puts that right.

How a database of an earlier version is used: `schema_upgrade` gives the statements that make it one of this version,
to be run in one transaction. A migration is never changed after its release, and none is ever dropped.
"""

# ruff: noqa: S608 - what is put together here are texts of this module, never values

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConfigurationError
from ..ports import Lane, LaneKind, SqlValue, Statement, Task, pause_key

SCHEMA_VERSION = 2
NEVER_S = 1e15
"""A moment that does not come: the bound of a lane that is paused, or that only keeps dead letters."""

REASON_CHARS_MAX = 500
PURGE_JOBS_MAX = 500
"""Jobs that one transaction of a purge removes: others get their turn in between."""

_TYPES = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY AUTOINCREMENT", "blob": "BLOB"},
}

_PAUSES = (
    "CREATE TABLE IF NOT EXISTS fedtext_pauses"
    " (site TEXT NOT NULL, lane TEXT NOT NULL, since_s DOUBLE PRECISION NOT NULL, PRIMARY KEY (site, lane))"
)
_TABLES = (
    "CREATE TABLE IF NOT EXISTS fedtext_meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS fedtext_store"
    " (key TEXT NOT NULL PRIMARY KEY, value {blob} NOT NULL, expires_s DOUBLE PRECISION)",
    "CREATE INDEX IF NOT EXISTS fedtext_store_expiry ON fedtext_store (expires_s) WHERE expires_s IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS fedtext_lanes"
    " (lane_id {serial}, site TEXT NOT NULL, lane TEXT NOT NULL, kind TEXT NOT NULL,"
    " ready_s DOUBLE PRECISION NOT NULL, due_s DOUBLE PRECISION NOT NULL, failures INTEGER NOT NULL,"
    " lease_token TEXT, lease_until_s DOUBLE PRECISION NOT NULL, leased INTEGER NOT NULL,"
    " claimed_to BIGINT NOT NULL DEFAULT 0, UNIQUE (site, lane))",  # the last job of the leased batch
    "CREATE INDEX IF NOT EXISTS fedtext_lanes_ready ON fedtext_lanes (kind, ready_s)",
    # a reason makes a job a dead letter; job ids are never used twice, so a late ack cannot hit a younger job
    "CREATE TABLE IF NOT EXISTS fedtext_jobs"
    " (job_id {serial}, lane_id INTEGER NOT NULL, payload {blob} NOT NULL, dedupe TEXT, ordering_key TEXT NOT NULL,"
    " due_s DOUBLE PRECISION NOT NULL, attempts INTEGER NOT NULL, enqueued_s DOUBLE PRECISION NOT NULL, reason TEXT,"
    " handed INTEGER NOT NULL DEFAULT 0)",
    "CREATE UNIQUE INDEX IF NOT EXISTS fedtext_jobs_dedupe"
    " ON fedtext_jobs (dedupe) WHERE dedupe IS NOT NULL AND reason IS NULL",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_waiting ON fedtext_jobs (lane_id, job_id, due_s) WHERE reason IS NULL",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_ordering"
    " ON fedtext_jobs (lane_id, ordering_key, due_s, job_id) WHERE reason IS NULL AND ordering_key <> ''",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_buried ON fedtext_jobs (job_id) WHERE reason IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS fedtext_jobs_buried_lane ON fedtext_jobs (lane_id) WHERE reason IS NOT NULL",
    _PAUSES,
)
_MIGRATIONS = {
    1: (
        "ALTER TABLE fedtext_jobs ADD COLUMN handed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE fedtext_lanes ADD COLUMN claimed_to BIGINT NOT NULL DEFAULT 0",
        # which jobs a running claim holds was not written down: all that are there, to be on the safe side
        "UPDATE fedtext_lanes SET claimed_to = (SELECT COALESCE(MAX(job_id), 0) FROM fedtext_jobs)"
        " WHERE lease_token IS NOT NULL",
        _PAUSES,
    ),
}
"""What makes a database of a version one of the next; for every dialect, with the names of column types."""

SCHEMA_FIND = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'fedtext_meta'"
SCHEMA_VERSION_READ = "SELECT value FROM fedtext_meta WHERE name = 'schema_version'"
_SCHEMA_VERSION_WRITE = (
    "INSERT INTO fedtext_meta (name, value) VALUES ('schema_version', ?) ON CONFLICT (name) DO NOTHING"
)
_SCHEMA_VERSION_RAISE = "UPDATE fedtext_meta SET value = ? WHERE name = 'schema_version'"

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

_NEVER = f"{NEVER_S:.0f}"
_PAUSED = (
    "EXISTS (SELECT 1 FROM fedtext_pauses WHERE fedtext_pauses.site = fedtext_lanes.site"
    " AND fedtext_pauses.lane IN (fedtext_lanes.lane, fedtext_lanes.kind || ':*'))"
)
LANE_INSERT = (
    "INSERT INTO fedtext_lanes (site, lane, kind, ready_s, due_s, failures, lease_token, lease_until_s, leased)"
    " SELECT ?, ?, ?, CASE WHEN EXISTS (SELECT 1 FROM fedtext_pauses WHERE site = ? AND lane IN (?, ?))"
    f" THEN {_NEVER} ELSE ? END, 0, 0, NULL, 0, 0"
)
_LANE_ADD = (
    f"{LANE_INSERT} WHERE NOT EXISTS"  # a task that waits already changes nothing at all
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
LANE_HURRY = (
    "UPDATE fedtext_lanes SET ready_s = CASE WHEN due_s > ? THEN due_s ELSE ? END"
    f" WHERE lane_id = ? AND lease_token IS NULL AND ready_s > ? AND NOT {_PAUSED}"
)
"""As `_LANE_ADD` does for a lane that is there, once for the tasks of a batch."""
JOBS_ADD = (
    "INSERT INTO fedtext_jobs (lane_id, payload, dedupe, ordering_key, due_s, attempts, enqueued_s)"
    " VALUES (?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING"
)
_LANE_READY = (
    "SELECT ready_s, lane_id, site, lane, failures, lease_token IS NOT NULL, lease_until_s, claimed_to,"
    f" {_PAUSED} FROM fedtext_lanes WHERE kind = ? AND ready_s <= ?"
)
LANE_READY = f"{_LANE_READY} ORDER BY ready_s, lane_id LIMIT 1"
LANE_READY_NAMED = f"{_LANE_READY} AND site = ? AND lane = ? LIMIT 1"
LANE_NEXT_DUE = (
    "SELECT ready_s, (SELECT MIN(due_s) FROM fedtext_jobs WHERE lane_id = fedtext_lanes.lane_id AND reason IS NULL)"
    f" FROM fedtext_lanes WHERE site = ? AND lane = ? AND NOT {_PAUSED}"
)
_LANES_READY = (
    "SELECT ready_s, lane_id, site, lane FROM fedtext_lanes"
    f" WHERE kind = ? AND ready_s <= ? AND ready_s < {_NEVER} AND NOT {_PAUSED}"
)
JOBS_DUE = (
    "SELECT job_id, payload, ordering_key, attempts, enqueued_s, handed FROM fedtext_jobs AS job"
    " WHERE lane_id = ? AND reason IS NULL AND due_s <= ? AND (ordering_key = '' OR NOT EXISTS"
    " (SELECT 1 FROM fedtext_jobs AS earlier WHERE earlier.lane_id = job.lane_id"
    " AND earlier.ordering_key = job.ordering_key AND earlier.ordering_key <> '' AND earlier.reason IS NULL"
    " AND earlier.due_s > ? AND earlier.job_id < job.job_id)) ORDER BY job_id LIMIT ?"
)
JOBS_NEXT_DUE = "SELECT MIN(due_s) FROM fedtext_jobs WHERE lane_id = ? AND reason IS NULL AND due_s > ?"
JOBS_HANDED = (
    "UPDATE fedtext_jobs SET handed = 1"
    " WHERE lane_id = ? AND job_id <= ? AND due_s <= ? AND reason IS NULL AND handed = 0"
)
"""Of a lease that was lost: the jobs that its holder had, by the last of them and the end of the lease."""
LANE_LEASE = (
    "UPDATE fedtext_lanes SET lease_token = ?, lease_until_s = ?, ready_s = ?, leased = ?, claimed_to = ?"
    " WHERE lane_id = ?"
)
LANE_REST = f"UPDATE fedtext_lanes SET ready_s = {_NEVER} WHERE lane_id = ?"
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
    "UPDATE fedtext_lanes SET lease_token = NULL, lease_until_s = 0, leased = 0, due_s = ?, failures = ?,"
    f" ready_s = CASE WHEN {_PAUSED} THEN {_NEVER} ELSE ? END"
    " WHERE lane_id = ?"
)
LANE_LESS = "UPDATE fedtext_lanes SET leased = CASE WHEN leased > ? THEN leased - ? ELSE 0 END WHERE lane_id = ?"
JOB_DELETE = "DELETE FROM fedtext_jobs WHERE job_id = ? AND lane_id = ? AND reason IS NULL"
JOB_RETRY = (
    "UPDATE fedtext_jobs SET due_s = ?, attempts = attempts + 1 WHERE job_id = ? AND lane_id = ? AND reason IS NULL"
)
JOB_BURY = (
    "UPDATE fedtext_jobs SET reason = ?, attempts = attempts + 1 WHERE job_id = ? AND lane_id = ? AND reason IS NULL"
)
JOBS_BURIED = (
    "SELECT job_id, site, lane, payload, ordering_key, attempts, enqueued_s, handed, reason"
    " FROM fedtext_jobs JOIN fedtext_lanes ON fedtext_lanes.lane_id = fedtext_jobs.lane_id"
    " WHERE reason IS NOT NULL AND job_id > ? ORDER BY job_id LIMIT ?"
)
JOB_REVIVE = (
    "UPDATE fedtext_jobs SET reason = NULL, due_s = ?, attempts = 0, handed = 1 WHERE job_id = ? AND reason IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM fedtext_jobs AS other"
    " WHERE other.dedupe = fedtext_jobs.dedupe AND other.dedupe IS NOT NULL AND other.reason IS NULL)"
)
LANE_OF_REVIVED = (
    f"UPDATE fedtext_lanes SET due_s = 0, ready_s = CASE WHEN {_PAUSED} THEN {_NEVER} ELSE ? END"
    " WHERE lease_token IS NULL"
    " AND lane_id = (SELECT lane_id FROM fedtext_jobs WHERE job_id = ?)"
)
_JOBS_REVIVABLE = (
    "SELECT job_id FROM fedtext_jobs JOIN fedtext_lanes ON fedtext_lanes.lane_id = fedtext_jobs.lane_id"
    " WHERE reason IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fedtext_jobs AS other"
    " WHERE other.dedupe = fedtext_jobs.dedupe AND other.dedupe IS NOT NULL AND other.reason IS NULL)"
)
_JOBS_PURGED = (
    "SELECT job_id, fedtext_jobs.lane_id FROM fedtext_jobs"
    " JOIN fedtext_lanes ON fedtext_lanes.lane_id = fedtext_jobs.lane_id WHERE"
)
_IS_BURIED = " reason IS NOT NULL"
_IS_FREE = " reason IS NULL AND NOT (lease_token IS NOT NULL AND lease_until_s > ? AND job_id <= claimed_to)"
JOB_PURGE = "DELETE FROM fedtext_jobs WHERE job_id = ?"
LANE_PURGE = LANE_REMOVE + " AND lease_token IS NULL AND due_s <= ?"
LANE_FIND = "SELECT lane_id FROM fedtext_lanes WHERE site = ? AND lane = ?"
JOBS_WAKE = "UPDATE fedtext_jobs SET due_s = ? WHERE lane_id = ? AND reason IS NULL AND due_s > ?"
LANE_WAKE = (
    "UPDATE fedtext_lanes SET due_s = 0, failures = 0, ready_s = CASE WHEN lease_token IS NOT NULL THEN ready_s"
    f" WHEN {_PAUSED} THEN {_NEVER} WHEN ready_s < ? THEN ready_s ELSE ? END"
    " WHERE lane_id = ? AND (lease_token IS NULL OR lease_until_s <= ?)"
)
PAUSE_ADD = "INSERT INTO fedtext_pauses (site, lane, since_s) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
PAUSE_REMOVE = "DELETE FROM fedtext_pauses WHERE site = ? AND lane = ?"
PAUSES = "SELECT site, lane FROM fedtext_pauses ORDER BY site, lane"
_LANES_PAUSE = f"UPDATE fedtext_lanes SET ready_s = {_NEVER} WHERE lease_token IS NULL AND site = ?"
_LANES_RESUME = (
    "UPDATE fedtext_lanes SET ready_s ="
    " CASE WHEN lease_token IS NOT NULL THEN lease_until_s WHEN due_s > ? THEN due_s ELSE ? END"
    f" WHERE ready_s >= {_NEVER} AND NOT {_PAUSED} AND site = ?"
)
LANES_PAGE = (
    "SELECT site, lane, (SELECT COUNT(*) FROM fedtext_jobs WHERE lane_id = fedtext_lanes.lane_id AND reason IS NULL),"
    " CASE WHEN lease_until_s > ? THEN leased ELSE 0 END,"
    " (SELECT COUNT(*) FROM fedtext_jobs WHERE lane_id = fedtext_lanes.lane_id AND reason IS NOT NULL),"
    " failures, CASE WHEN due_s > ? THEN due_s ELSE 0 END,"
    " (SELECT enqueued_s FROM fedtext_jobs WHERE lane_id = fedtext_lanes.lane_id AND reason IS NULL"
    f" ORDER BY job_id LIMIT 1), {_PAUSED}"
    # the index of site and lane gives the order, so that of kinds is not to be used
    " FROM fedtext_lanes WHERE (site, lane) > (?, ?) AND kind || '' IN (?, ?, ?) ORDER BY site, lane LIMIT ?"
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


def schema_upgrade(rows: Sequence[Sequence[SqlValue]], dialect: str) -> list[Statement]:
    """Give the SQL that makes an older database one of this version, to be run in one transaction; none: it is one.

    Args:
        rows: What `SCHEMA_VERSION_READ` gave.
        dialect: Of the database.

    Raises:
        ConfigurationError: The tables were made by a later version of this library, or by none; the dialect is not
            spoken.
    """
    types = _types(dialect)
    found = str(rows[0][0]) if rows else "none"
    if found == str(SCHEMA_VERSION):
        return []
    if found not in map(str, _MIGRATIONS):
        raise ConfigurationError(
            "the database has tables of a version of fedtext that this one does not know: install the fedtext that"
            " last wrote to it, or a later one",
            found=found,
            known=SCHEMA_VERSION,
        )
    steps = [sql.format(**types) for version in range(int(found), SCHEMA_VERSION) for sql in _MIGRATIONS[version]]
    return [*map(Statement, steps), Statement(_SCHEMA_VERSION_RAISE, (str(SCHEMA_VERSION),))]


def enqueue_statements(task: Task, dialect: str, now_s: float) -> list[Statement]:
    """Give the SQL that adds a task, to be run in one transaction: the lane's row, then the job.

    The last statement changes one row when the task was new and none when it already waits.

    Raises:
        ConfigurationError: The dialect is not spoken.
    """
    _types(dialect)
    job = job_values(task, now_s)
    _, dedupe, _, due_s, _ = job
    return [
        Statement(_LANE_ADD, (*lane_values(task.site, task.lane, due_s), dedupe)),
        Statement(_JOB_ADD, (*job, task.site, str(task.lane))),
    ]


def job_values(task: Task, now_s: float) -> tuple[bytes, str | None, str, float, float]:
    """Give what stands in the row of a new job: payload, dedupe, ordering key, due time and time of arrival."""
    due_s = max(task.due_s, now_s)  # a due time in the past must not get ahead of lanes that have waited longer
    dedupe = None if task.dedupe_key is None else f"{task.site} {task.dedupe_key}"
    return task.payload, dedupe, task.ordering_key, due_s, now_s


def lane_values(site: str, lane: Lane, due_s: float) -> tuple[str, str, str, str, str, str, float]:
    """Give the parameters of `LANE_INSERT`."""
    return site, str(lane), lane.kind.value, site, str(lane), pause_key(lane.kind), due_s


def pause_statement(target: Lane | LaneKind, site: str) -> Statement:
    """Give the SQL that keeps the lanes of a pause from being found; leased ones follow when they are free."""
    where, name = _lanes_of(target)
    return Statement(_LANES_PAUSE + where, (site, name))


def resume_statement(target: Lane | LaneKind, site: str, now_s: float) -> Statement:
    """Give the SQL that lets the lanes of a pause be found again, unless another pause holds them."""
    where, name = _lanes_of(target)
    return Statement(_LANES_RESUME + where, (now_s, now_s, site, name))


def revivable_statement(site: str | None, lane: Lane | None, limit: int) -> Statement:
    """Give the SQL that lists the ids of dead letters that can be put back, oldest first."""
    where, parameters = _filter(site, lane)
    return Statement(f"{_JOBS_REVIVABLE}{where} ORDER BY job_id LIMIT ?", (*parameters, limit))


def purge_statements(site: str | None, lane: Lane | None, waiting: bool, now_s: float) -> list[Statement]:
    """Give the SQL that lists the next jobs to remove, with their lanes' ids: of dead letters, then of what waits."""
    where, parameters = _filter(site, lane)
    ends = f"{where} LIMIT {PURGE_JOBS_MAX}"
    buried = Statement(_JOBS_PURGED + _IS_BURIED + ends, parameters)
    return [buried, Statement(_JOBS_PURGED + _IS_FREE + ends, (now_s, *parameters))] if waiting else [buried]


def _lanes_of(target: Lane | LaneKind) -> tuple[str, str]:
    return (" AND kind = ?", target.value) if isinstance(target, LaneKind) else (" AND lane = ?", str(target))


def _filter(site: str | None, lane: Lane | None) -> tuple[str, tuple[str, ...]]:
    wanted = {"site": site, "lane": None if lane is None else str(lane)}
    given = {name: value for name, value in wanted.items() if value is not None}
    return "".join(f" AND fedtext_lanes.{name} = ?" for name in given), tuple(given.values())


def lane_ready(kind: str, now_s: float, *, named: tuple[str, str] | None = None) -> Statement:
    """Give the SQL that finds the lane of a kind that may be claimed and has waited the longest, or one by name.

    Args:
        kind: Of the lane.
        now_s: Seconds since the epoch.
        named: Site and lane text of the only one that is wanted.
    """
    return Statement(LANE_READY, (kind, now_s)) if named is None else Statement(LANE_READY_NAMED, (kind, now_s, *named))


def lanes_ready(until_s: float, limit: int, *, site: str | None, lanes: Sequence[Lane] | None) -> list[Statement]:
    """Give the SQL that lists lanes that may be claimed at a moment, one statement a kind: each has an index.

    Each row is ready_s, lane_id, site, lane; a `limit` over all of them is the caller's.
    """
    kinds = [kind for kind in LaneKind if lanes is None or any(lane.kind is kind for lane in lanes)]
    return [_lanes_ready(kind, until_s, limit, site, lanes) for kind in kinds]


def _lanes_ready(
    kind: LaneKind, until_s: float, limit: int, site: str | None, lanes: Sequence[Lane] | None
) -> Statement:
    sql = _LANES_READY
    parameters: list[SqlValue] = [kind.value, until_s]
    if site is not None:
        sql += " AND site = ?"
        parameters.append(site)
    if lanes is not None:
        wanted = [str(lane) for lane in lanes if lane.kind is kind]
        sql += f" AND lane IN ({', '.join('?' * len(wanted))})"
        parameters += wanted
    return Statement(f"{sql} ORDER BY ready_s, lane_id LIMIT ?", (*parameters, limit))


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
