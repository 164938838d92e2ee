"""Copies of a backend: a SQLite file as it is at one moment, or JSON Lines from any SQL database.

A SQLite copy is a whole database, the application's own tables too, made while others write. JSON Lines hold our own
tables (`fedtext_…`, `social_…`) and go from one kind of database to another. They are read page by page: what changes
meanwhile may be in it or not. Jobs are read first and those that came since then last, so nothing that is to be done is
missing; what was done meanwhile may be done again, as after any crash.

Invariants: a copy is readable by its owner alone, for it holds private keys; it appears under its name when it is
whole; a file that is not whole, or was written by a later version, changes nothing.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast
from urllib.parse import quote

from ..errors import ConfigurationError, StoreError
from ..ports import Sql, SqlValue, Statement
from .sql import BODIES_LOCK, BODIES_SPAN, BODY_GET, SCHEMA_VERSION, body_digest, indexed

Show: TypeAlias = Callable[[int, int], None]
Row: TypeAlias = dict[str, SqlValue]

LINES_VERSION: Final = 1
LINES_KIND: Final = "fedtext-backup"
LINE_BYTES_MAX: Final = 64 * 1024 * 1024
OWNER_ALONE: Final = 0o600
_MAGIC: Final = b"SQLite format 3\x00"
_PAGE_ROWS: Final = 500
_STEP_PAGES: Final = 1_024
_BUSY_S: Final = 10.0

_OWN: Final = "social_"
_JOBS: Final = (
    "SELECT job_id, site, lane, kind, payload, dedupe, ordering_key, fedtext_jobs.due_s, attempts, enqueued_s, reason,"
    " handed, body_digest FROM fedtext_jobs JOIN fedtext_lanes ON fedtext_lanes.lane_id = fedtext_jobs.lane_id"
    " WHERE job_id > ? ORDER BY job_id LIMIT ?"
)
_ARRIVED: Final = (
    "SELECT arrival_id, site, lane, split_part(lane, ':', 1), payload, site || ' ' || dedupe_key, ordering_key, due_s,"
    " 0, enqueued_s, NULL, 0, body FROM fedtext_arrivals WHERE arrival_id > ? ORDER BY arrival_id LIMIT ?"
)
"""PostgreSQL: what is not in its lane yet, as the job that it becomes, but with its body in the last place."""

_JOB_COLUMNS: Final = (
    "job_id", "site", "lane", "kind", "payload", "dedupe", "ordering_key", "due_s", "attempts", "enqueued_s", "reason",
    "handed", "body_digest",
)  # fmt: skip
_INDEXED: Final = ("dedupe", "ordering_key")
"""Columns of jobs that PostgreSQL keeps shortened (`sql.indexed`)."""

_LANE_RESTORE: Final = (
    "INSERT INTO fedtext_lanes (site, lane, kind, ready_s, due_s, failures, lease_token, lease_until_s, leased)"
    " VALUES (?, ?, ?, 0, 0, 0, NULL, 0, 0) ON CONFLICT (site, lane) DO NOTHING"
)
_JOB_RESTORE: Final = (
    "INSERT INTO fedtext_jobs"
    " (lane_id, payload, dedupe, ordering_key, due_s, attempts, enqueued_s, reason, handed, body_digest)"
    " VALUES ((SELECT lane_id FROM fedtext_lanes WHERE site = ? AND lane = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_BODY_RESTORE: Final = (
    "INSERT INTO fedtext_bodies (digest, body) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE"
    " SET from_job = 0, to_job = 9223372036854775807"  # which jobs will name it is known at the end
)
_NO_DATA: Final = ("fedtext_meta", "fedtext_bodies")
"""Tables of a SQLite file whose rows alone are nothing that could be lost: bodies without jobs wait to be swept."""

_TABLES: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    "postgresql": "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1",
}
_COLUMNS: Final = {
    "sqlite": "SELECT name FROM pragma_table_info(?) ORDER BY cid",
    "postgresql": (
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position"
    ),
}
_KEYS: Final = {
    "sqlite": "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk",
    "postgresql": (
        "SELECT one.column_name FROM information_schema.key_column_usage AS one"
        " JOIN information_schema.table_constraints AS of ON of.constraint_name = one.constraint_name"
        " AND of.table_schema = one.table_schema AND of.table_name = one.table_name"
        " WHERE of.constraint_type = 'PRIMARY KEY' AND one.table_schema = current_schema() AND one.table_name = ?"
        " ORDER BY one.ordinal_position"
    ),
}


def is_sqlite(path: Path) -> bool:
    """Tell whether a file is a SQLite database.

    Raises:
        ConfigurationError: It cannot be read.
    """
    with _reading(path) as file:
        return file.read(len(_MAGIC)) == _MAGIC


def size_bytes(path: Path) -> int:
    """Give the size of a file."""
    return path.stat().st_size


def require_absent(path: Path) -> None:
    """Refuse to write over a file.

    Raises:
        ConfigurationError: There is one.
    """
    if path.exists():
        raise ConfigurationError("there is such a file already: --force replaces it", file=path)


@contextmanager
def appearing(path: Path) -> Generator[Path]:
    """Give the name of a new file, readable by its owner alone, that gets its own name when all went well.

    Raises:
        ConfigurationError: It cannot be made.
    """
    with passing(path) as part:
        yield part
        part.replace(path)


@contextmanager
def passing(path: Path) -> Generator[Path]:
    """Give the name of a new file beside another, readable by its owner alone, that is gone in the end.

    Raises:
        ConfigurationError: It cannot be made.
    """
    part = path.with_name(f"{path.name}.part-{os.getpid()}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ALONE))
    except OSError as error:
        raise ConfigurationError(f"cannot write there: {error.strerror}", file=path) from error
    try:
        yield part
    finally:
        for name in (part, *(part.with_name(f"{part.name}{end}") for end in ("-wal", "-shm", "-journal"))):
            name.unlink(missing_ok=True)


# --- a SQLite file -------------------------------------------------------------------------------------------------


def copy_sqlite(source: Path, target: Path, show: Show, *, is_still: bool = False) -> None:
    """Copy a database as it is at one moment over another file, while others write to it.

    Args:
        source: A database.
        target: A file; a database in it is replaced, in one transaction.
        show: Is told how many pages are done, and of how many.
        is_still: Nobody writes to the source: it may lie where nothing can be written.

    Raises:
        StoreError: The database refused, or others held a lock on the target for 10 s.
    """
    deadline_s = time.monotonic() + _BUSY_S

    def tell(status: int, remaining: int, total: int) -> None:
        nonlocal deadline_s
        if status not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            deadline_s = time.monotonic() + _BUSY_S
        elif time.monotonic() > deadline_s:
            raise StoreError("others are using the database: stop the servers and workers of it", file=target)
        show(total - remaining, total)

    try:
        with closing(_opened(source, is_still=is_still)) as origin, closing(_opened(target)) as copy:
            origin.execute("BEGIN")  # one moment: without it every write of others would begin the copy anew
            origin.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            origin.backup(copy, pages=_STEP_PAGES, progress=tell, sleep=0.05)
    except sqlite3.Error as error:
        raise StoreError("the database refused", cause=f"{type(error).__name__}: {error}", file=source) from error


def filled_tables(path: Path) -> list[str]:
    """Name the tables of a SQLite file that have rows, the application's too.

    Raises:
        StoreError: It is no database, or one that is damaged.
    """
    try:
        with closing(_opened(path)) as connection:
            names = [name for (name,) in connection.execute(_TABLES["sqlite"])]
            kept = [name for name in names if not name.startswith("sqlite_") and name not in _NO_DATA]
            quoted = {name: name.replace('"', '""') for name in kept}
            return [name for name in kept if connection.execute(f'SELECT 1 FROM "{quoted[name]}" LIMIT 1').fetchone()]  # noqa: S608
    except sqlite3.Error as error:
        raise StoreError("this is no whole database", cause=str(error), file=path) from error


def require_whole(path: Path) -> None:
    """Refuse a damaged database, and one that is none of ours.

    Raises:
        StoreError: It is.
    """
    try:
        with closing(_opened(path, is_still=True)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            connection.execute("SELECT value FROM fedtext_meta").fetchone()
    except sqlite3.Error as error:
        raise StoreError("this is no copy of a fedtext database", cause=str(error), file=path) from error
    if found != ("ok",):
        raise StoreError("the copy is damaged", found=found, file=path)


def _opened(path: Path, *, is_still: bool = False) -> sqlite3.Connection:
    mode = "mode=ro&immutable=1" if is_still else "mode=rw"
    return sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None, timeout=_BUSY_S)


# --- JSON Lines ----------------------------------------------------------------------------------------------------


async def write_lines(sql: Sql, file: BinaryIO, *, now_s: float, show: Show) -> dict[str, int]:
    """Write our tables; give how many rows of each.

    Args:
        sql: Of the backend.
        file: New and empty.
        now_s: For the head.
        show: Is told how many rows are done; of how many is not known.
    """
    head = {"v": LINES_VERSION, "kind": LINES_KIND, "schema": SCHEMA_VERSION, "made_s": now_s}
    file.write(_line(head))
    counts: dict[str, int] = {}
    async for table, rows in _pages(sql):
        for row in rows:
            file.write(_line({"table": table, "row": {name: _told(value) for name, value in row.items()}}))
        counts[table] = counts.get(table, 0) + len(rows)
        show(sum(counts.values()), 0)
    file.write(_line({"end": counts}))
    return counts


async def _pages(sql: Sql) -> AsyncIterator[tuple[str, list[Row]]]:
    told = set[bytes]()
    last = {_JOBS: cast("SqlValue", 0), _ARRIVED: 0}
    arrivals = [_ARRIVED] if sql.dialect == "postgresql" else []  # before the jobs that they may become meanwhile
    for table in ("fedtext_pauses", _JOBS, "fedtext_store", *await own_tables(sql), *arrivals, _JOBS):
        if table not in last:
            async for page in _rows(sql, table):
                yield table, page
            continue
        while found := await sql.execute(table, (last[table], _PAGE_ROWS)):
            last[table] = found[-1][0]
            bodies = await _bodies(sql, [row[-1] for row in found], are_given=table == _ARRIVED)
            for each in _with_bodies([dict(zip(_JOB_COLUMNS, row, strict=True)) for row in found], bodies, told):
                yield each


def _with_bodies(
    jobs: Iterable[Row], bodies: Mapping[SqlValue, tuple[bytes, bytes]], told: set[bytes]
) -> Iterator[tuple[str, list[Row]]]:
    """Give jobs, and right before the first that names it each body that was not told before."""
    for job in jobs:
        found = bodies.get(job["body_digest"])
        if found is None and job["body_digest"] is not None:
            continue  # a body whose last job was done since this row was read
        digest, body = found or (None, None)
        if digest is not None and digest not in told:
            told.add(digest)
            yield "fedtext_bodies", [{"digest": digest, "body": body}]
        yield "fedtext_jobs", [job | {"body_digest": digest}]


async def _bodies(sql: Sql, last: Iterable[SqlValue], *, are_given: bool) -> dict[SqlValue, tuple[bytes, bytes]]:
    """Give digest and body for what stands in the last place of jobs: the digest, or the body itself."""
    found: dict[SqlValue, tuple[bytes, bytes]] = {}
    for value in {value for value in last if isinstance(value, bytes)}:
        if are_given:
            found[value] = (body_digest(value), value)
        elif rows := await sql.execute(BODY_GET, (value,)):
            found[value] = (value, cast("bytes", rows[0][0]))
    return found


async def _rows(sql: Sql, table: str) -> AsyncIterator[list[Row]]:
    """Give the rows of a table by pages in the order of its key."""
    columns, keys = [await _names(sql, texts, table) for texts in (_COLUMNS, _KEYS)]
    places, order, marks = [columns.index(key) for key in keys], ", ".join(keys), ", ".join("?" * len(keys))
    after: tuple[SqlValue, ...] = ()
    while True:
        where = f" WHERE ({order}) > ({marks})" if after else ""
        query = f"SELECT {', '.join(columns)} FROM {table}{where} ORDER BY {order} LIMIT ?"  # noqa: S608 - catalog names
        found = await sql.execute(query, (*after, _PAGE_ROWS))
        if not found:
            return
        yield [dict(zip(columns, row, strict=True)) for row in found]
        after = tuple(found[-1][place] for place in places)


async def own_tables(sql: Sql) -> list[str]:
    """Name the tables of the ready actors that are there."""
    return [name for name in await _names(sql, _TABLES) if name.startswith(_OWN)]


async def _names(sql: Sql, texts: Mapping[str, str], *parameters: str) -> list[str]:
    return [str(row[0]) for row in await sql.execute(texts[sql.dialect], parameters)]


async def has_rows(sql: Sql) -> list[str]:
    """Name those of our tables that have rows."""
    tables = ["fedtext_store", "fedtext_jobs", "fedtext_pauses", *await own_tables(sql)]
    tables += ["fedtext_arrivals"] if sql.dialect == "postgresql" else []
    return [name for name in tables if await sql.execute(f"SELECT 1 FROM {name} LIMIT 1")]  # noqa: S608 - catalog names


async def clear(sql: Sql) -> None:
    """Remove all rows of our tables."""
    ours = ("fedtext_store", "fedtext_jobs", "fedtext_bodies", "fedtext_lanes", "fedtext_pauses")
    tables = [*ours, *await own_tables(sql)]
    tables += ["fedtext_arrivals"] if sql.dialect == "postgresql" else []
    await sql.atomic([Statement(f"DELETE FROM {name}") for name in tables])  # noqa: S608 - catalog names


def check_lines(path: Path) -> dict[str, int]:
    """Read a file to its end; give how many rows of each table it has.

    Raises:
        ConfigurationError: It cannot be read, or was written by a later version.
        StoreError: It is no copy, or not a whole one.
    """
    counts: dict[str, int] = {}
    with _reading(path) as file:
        lines = _parsed(file, path)
        head = next(lines, dict[str, object]())
        if head.get("kind") != LINES_KIND:
            raise StoreError("this is no copy of a fedtext backend", file=path)
        if head.get("v") != LINES_VERSION or not _is_known(head.get("schema")):
            raise ConfigurationError(
                "the copy was written by a later version of fedtext: install that one, or a later one",
                version=head.get("v"),
                schema=head.get("schema"),
            )
        for line in lines:
            match line:
                case {"table": str(table), "row": dict()}:
                    counts[table] = counts.get(table, 0) + 1
                case {"end": _} if not any(True for _ in lines):
                    if {name: count for name, count in cast("dict[str, int]", line["end"]).items() if count} == counts:
                        return counts
                case _:
                    break
    raise StoreError("the copy is not whole", file=path, rows=sum(counts.values()))


def _is_known(schema: object) -> bool:
    return isinstance(schema, int) and 1 <= schema <= SCHEMA_VERSION


async def read_lines(sql: Sql, path: Path, *, total: int, show: Show) -> None:
    """Write the rows of a file that `check_lines` has read into our tables; what is there already stays.

    Raises:
        ConfigurationError: A table of the ready actors is missing, or a column.
        StoreError: The database refused.
    """
    known = {
        name: set(await _names(sql, _COLUMNS, name))
        for name in ("fedtext_store", "fedtext_pauses", "fedtext_bodies", *await own_tables(sql))
    }
    waiting: list[Statement] = []
    done = 0
    with _reading(path) as file:
        for line in _parsed(file, path):
            if "row" in line:
                row = {name: _read(value) for name, value in cast("dict[str, object]", line["row"]).items()}
                if sql.dialect == "postgresql" and line["table"] == "fedtext_jobs":
                    row |= {name: indexed(key) for name in _INDEXED if isinstance(key := row.get(name), str)}
                waiting += _inserts(str(line["table"]), row, known)
                done += 1
            is_body = line.get("table") == "fedtext_bodies"  # without a job in the same transaction it could be swept
            if "end" in line:
                waiting += [Statement(BODIES_LOCK)] if sql.dialect == "postgresql" else []
                waiting.append(Statement(BODIES_SPAN))
            if (len(waiting) >= _PAGE_ROWS and not is_body) or "end" in line:
                await sql.atomic(waiting)
                waiting.clear()
                show(done, total)


def _inserts(table: str, row: Row, known: Mapping[str, set[str]]) -> list[Statement]:
    if table == "fedtext_jobs":
        lane = (row["site"], row["lane"])
        rest = [row[name] for name in _JOB_COLUMNS[4:-2]]
        return [
            Statement(_LANE_RESTORE, (*lane, row["kind"])),
            Statement(_JOB_RESTORE, (*lane, *rest, row.get("handed", 1), row.get("body_digest"))),
        ]
    if table == "fedtext_bodies" and row.keys() == {"digest", "body"}:
        return [Statement(_BODY_RESTORE, (row["digest"], row["body"]))]
    if table not in known:
        raise ConfigurationError(
            "the copy has a table that is not here: start the application once, so that it makes its tables",
            table=table,
        )
    if not row.keys() <= known[table]:
        raise ConfigurationError("the copy has a column that is not here", table=table, columns=", ".join(row))
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    text = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - names of the catalog
    return [Statement(text, tuple(row.values()))]


@contextmanager
def _reading(path: Path) -> Generator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read the file: {error.strerror}", file=path) from error
    with file:
        yield file


def _parsed(file: BinaryIO, path: Path) -> Iterator[dict[str, object]]:
    while line := file.readline(LINE_BYTES_MAX + 1):
        try:
            found: object = json.loads(line) if len(line) <= LINE_BYTES_MAX and line.endswith(b"\n") else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise StoreError("the copy is not whole, or none of ours", file=path, offset=file.tell() - len(line))
        yield cast("dict[str, object]", found)


def _line(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _told(value: SqlValue) -> object:
    return {"b64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _read(value: object) -> SqlValue:
    match value:
        case {"b64": str(text)}:
            return base64.b64decode(text)
        case None | str() | int() | float():
            return value
        case _:
            raise StoreError("the copy has a value that is none", value=value)
