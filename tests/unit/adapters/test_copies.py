"""Copies: whole or refused, for the owner alone, of one moment; and JSON Lines that any of our databases reads."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from fedtext.adapters import copies
from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.errors import ConfigurationError, StoreError
from fedtext.ports import Lane, LaneKind, Task
from fedtext.sync import run_sync

SITE = "https://blog.example"
HOST = Lane(LaneKind.OUT, "a.example")


def ignore(done, total):
    """Show nothing."""


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def full(tmp_path, clock):
    """A backend with one of everything."""
    backend = SqliteBackend(tmp_path / "full.sqlite3")
    opened = backend.blocking(clock)
    run_sync(opened.store.put("k", b"\x00\xff"))
    run_sync(opened.store.put("ends", b"1", ttl_s=10))
    tasks = [
        Task(site=SITE, lane=HOST, payload=b"{}", dedupe_key=name, ordering_key="o", body=body)
        for name, body in (("a", b"shared"), ("b", b"shared"), ("c", b""))
    ]
    run_sync(opened.queue.enqueue(tasks))
    claim = run_sync(opened.queue.claim(lease_s=5, batch_max=2))
    run_sync(opened.queue.bury(claim, claim.jobs[0], reason="no"))
    run_sync(opened.queue.retry(claim, claim.jobs[1], due_s=clock.now_s() + 7))
    run_sync(opened.queue.release(claim))
    run_sync(opened.queue.pause(LaneKind.IN, site=SITE))
    run_sync(opened.sql.execute("CREATE TABLE social_own (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (b, a))"))
    for number in range(3):
        run_sync(opened.sql.execute("INSERT INTO social_own VALUES ('ü', ?, NULL)", (number,)))
    yield opened
    backend.close()


@pytest.fixture
def empty(tmp_path, clock):
    backend = SqliteBackend(tmp_path / "empty.sqlite3")
    opened = backend.blocking(clock)
    run_sync(opened.sql.execute("CREATE TABLE social_own (a TEXT, b INTEGER, c TEXT, PRIMARY KEY (b, a))"))
    yield opened
    backend.close()


@pytest.fixture
def lines(full, tmp_path):
    path = tmp_path / "copy.jsonl"
    with path.open("wb") as file:
        run_sync(copies.write_lines(full.sql, file, now_s=5.0, show=ignore))
    return path


def rows(opened, table, columns="*"):
    return run_sync(opened.sql.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))


# --- JSON Lines ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 2, 500])
def test_lines_fill_another_database_with_all_of_it(full, empty, tmp_path, monkeypatch, page):
    monkeypatch.setattr(copies, "_PAGE_ROWS", page)
    path = tmp_path / "copy.jsonl"
    with path.open("wb") as file:
        counts = run_sync(copies.write_lines(full.sql, file, now_s=5.0, show=ignore))
    assert counts == {"fedtext_pauses": 1, "fedtext_bodies": 1, "fedtext_jobs": 3, "fedtext_store": 2, "social_own": 3}
    assert copies.check_lines(path) == counts
    shown = []
    run_sync(copies.read_lines(empty.sql, path, total=9, show=lambda *given: shown.append(given)))
    for table in ("fedtext_store", "fedtext_pauses", "social_own"):
        assert rows(empty, table) == rows(full, table)
    assert rows(empty, "fedtext_bodies", "digest, body") == rows(full, "fedtext_bodies", "digest, body")
    jobs = "payload, dedupe, ordering_key, due_s, attempts, enqueued_s, reason, handed, body_digest"
    assert rows(empty, "fedtext_jobs", jobs) == rows(full, "fedtext_jobs", jobs)
    assert shown[-1] == (10, 9)


def test_what_was_restored_is_carried_out_in_order(full, empty, lines, clock):
    run_sync(copies.read_lines(empty.sql, lines, total=9, show=ignore))
    assert run_sync(empty.queue.claim(lease_s=9, batch_max=9)) is None  # c waits behind b
    clock.advance(7)
    claim = run_sync(empty.queue.claim(lease_s=9, batch_max=9))
    assert [(job.attempts, job.handed, job.body) for job in claim.jobs] == [(1, True, b"shared"), (0, False, b"")]
    assert run_sync(empty.queue.enqueue([Task(site=SITE, lane=HOST, payload=b"{}", dedupe_key="b")])) == 0
    assert [(job.body, reason) for job, reason in run_sync(empty.queue.buried())] == [(b"shared", "no")]
    clock.advance(3)
    assert run_sync(empty.store.get("ends")) is None


def test_what_is_there_stays(full, empty, lines):
    run_sync(empty.store.put("k", b"younger"))
    run_sync(copies.read_lines(empty.sql, lines, total=9, show=ignore))
    assert run_sync(empty.store.get("k")) == b"younger"


def test_jobs_that_come_while_a_copy_is_made_are_in_it(full, tmp_path):
    path = tmp_path / "copy.jsonl"
    late = [Task(site=SITE, lane=HOST, payload=b'{"late":1}')]

    def show(done, total):
        if late and done > 4:  # the store is read
            run_sync(full.queue.enqueue([late.pop()]))

    with path.open("wb") as file:
        counts = run_sync(copies.write_lines(full.sql, file, now_s=5.0, show=show))
    assert counts["fedtext_jobs"] == 4
    assert copies.check_lines(path) == counts


def test_has_rows_and_clear(full, empty):
    assert run_sync(copies.has_rows(empty.sql)) == []
    assert run_sync(copies.has_rows(full.sql)) == ["fedtext_store", "fedtext_jobs", "fedtext_pauses", "social_own"]
    run_sync(copies.clear(full.sql))
    assert run_sync(copies.has_rows(full.sql)) == []
    assert run_sync(full.queue.depth()).lanes == 0
    assert rows(full, "fedtext_bodies") == []


def test_a_job_that_was_done_while_a_copy_was_made_is_left_out(full, tmp_path, monkeypatch):
    """Its row was read, and then its body was gone."""
    path = tmp_path / "copy.jsonl"
    monkeypatch.setattr(copies, "BODY_GET", copies.BODY_GET + " AND 1 = 0")
    with path.open("wb") as file:
        counts = run_sync(copies.write_lines(full.sql, file, now_s=5.0, show=ignore))
    assert counts["fedtext_jobs"] == 1
    assert "fedtext_bodies" not in counts
    assert copies.check_lines(path) == counts


def test_a_body_and_its_first_job_are_restored_in_one_transaction(full, empty, lines, monkeypatch):
    """Between two a worker could sweep it: no job names it yet."""
    monkeypatch.setattr(copies, "_PAGE_ROWS", 1)
    written, atomic = [], empty.sql.atomic

    async def watched(statements):
        written.append(["INTO fedtext_bodies" in one.sql for one in statements])
        return await atomic(statements)

    monkeypatch.setattr(type(empty.sql), "atomic", lambda _, statements: watched(statements))
    run_sync(copies.read_lines(empty.sql, lines, total=9, show=ignore))
    (together,) = [each for each in written if any(each)]
    assert together == [True, False, False]


def test_a_job_of_an_earlier_version_counts_as_handed(empty, tmp_path):
    row = {
        "job_id": 1, "site": SITE, "lane": "out:a.example", "kind": "out", "payload": {"b64": "e30="}, "dedupe": None,
        "ordering_key": "", "due_s": 0, "attempts": 0, "enqueued_s": 0, "reason": None,
    }  # fmt: skip
    path = tmp_path / "old.jsonl"
    head = {"v": 1, "kind": copies.LINES_KIND, "schema": 1, "made_s": 0}
    written = [head, {"table": "fedtext_jobs", "row": row}, {"end": {"fedtext_jobs": 1}}]
    path.write_text("".join(json.dumps(line) + "\n" for line in written))
    assert copies.check_lines(path) == {"fedtext_jobs": 1}
    run_sync(copies.read_lines(empty.sql, path, total=1, show=ignore))
    assert run_sync(empty.queue.claim(lease_s=9, batch_max=9)).jobs[0].handed is True


BROKEN = {
    "cut in a line": lambda lines: [*lines[:-1], lines[-1][:-3]],
    "cut after a line": lambda lines: lines[:-1],
    "a line is missing": lambda lines: lines[:2] + lines[3:],
    "more after the end": lambda lines: [*lines, lines[1]],
    "no JSON": lambda lines: [*lines[:2], b"{\n", *lines[2:]],
    "no object": lambda lines: [*lines[:2], b"[]\n", *lines[2:]],
    "another line": lambda lines: [*lines[:2], b"{}\n", *lines[2:]],
    "no head": lambda lines: lines[1:],
    "nothing": lambda lines: [],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_is_not_whole_is_refused(lines, name):
    with lines.open("rb") as file:
        whole = file.readlines()
    lines.write_bytes(b"".join(BROKEN[name](whole)))
    with pytest.raises(StoreError):
        copies.check_lines(lines)


@pytest.mark.parametrize(("member", "value"), [("v", 2), ("schema", copies.SCHEMA_VERSION + 1), ("schema", "x")])
def test_a_later_version_is_refused(lines, member, value):
    head, rest = lines.read_bytes().split(b"\n", 1)
    lines.write_bytes(json.dumps({**json.loads(head), member: value}).encode() + b"\n" + rest)
    with pytest.raises(ConfigurationError, match="later version"):
        copies.check_lines(lines)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("social_other", {"a": 1}),
        ("sqlite_master", {"name": "x"}),
        ("fedtext_meta", {"name": "x", "value": "y"}),
        ("fedtext_store; DROP TABLE fedtext_jobs", {"key": "x"}),
        ("fedtext_store", {"key) VALUES ('x', 'y', 1); --": "x"}),
    ],
)
def test_names_that_the_database_does_not_have_are_refused(empty, tmp_path, table, row):
    path = tmp_path / "evil.jsonl"
    path.write_text(json.dumps({"table": table, "row": row}) + "\n" + '{"end":{}}\n')
    with pytest.raises(ConfigurationError):
        run_sync(copies.read_lines(empty.sql, path, total=1, show=ignore))
    assert run_sync(copies.has_rows(empty.sql)) == []


def test_a_value_that_is_none_is_refused(empty, tmp_path):
    path = tmp_path / "evil.jsonl"
    path.write_text('{"table":"fedtext_store","row":{"key":["x"]}}\n{"end":{}}\n')
    with pytest.raises(StoreError):
        run_sync(copies.read_lines(empty.sql, path, total=1, show=ignore))


# --- a SQLite file -------------------------------------------------------------------------------------------------


def test_a_sqlite_copy_is_of_one_moment_while_others_write(full, tmp_path, monkeypatch):
    target = tmp_path / "copy.sqlite3"
    target.touch()
    for number in range(3_000):
        run_sync(full.store.put(f"before/{number}", b"x" * 500))

    def write(done, total):
        run_sync(full.store.put(f"after/{done}", b"x" * 5_000))
        shown.append((done, total))

    shown = []
    monkeypatch.setattr(copies, "_STEP_PAGES", 64)
    copies.copy_sqlite(tmp_path / "full.sqlite3", target, write)
    assert len(shown) < 100  # it is not begun anew for each write
    assert shown[-1][0] == shown[-1][1] > 1
    backend = SqliteBackend(target)
    store = backend.blocking(ManualClock()).store
    assert (run_sync(store.count("before/")), run_sync(store.count("after/"))) == (3_000, 0)
    backend.close()


def test_a_copy_onto_a_database_that_others_hold_is_given_up(full, tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "_BUSY_S", 0.1)
    source, target = tmp_path / "full.sqlite3", tmp_path / "held.sqlite3"
    holder = sqlite3.connect(target, isolation_level=None)
    holder.execute("CREATE TABLE own (n)")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="stop the servers"):
        copies.copy_sqlite(source, target, ignore)
    holder.execute("ROLLBACK")
    assert holder.execute("SELECT name FROM sqlite_master").fetchall() == [("own",)]
    holder.close()


def test_what_is_no_database_is_refused(tmp_path):
    path = tmp_path / "no.sqlite3"
    path.write_bytes(b"SQLite format 3\x00" + b"x" * 5_000)
    assert copies.is_sqlite(path) is True
    for check in (copies.require_whole, copies.filled_tables, lambda path: copies.copy_sqlite(path, path, ignore)):
        with pytest.raises(StoreError):
            check(path)
    sqlite3.connect(tmp_path / "other.sqlite3").execute("CREATE TABLE own (n)").connection.close()
    with pytest.raises(StoreError, match="no copy of a fedtext database"):
        copies.require_whole(tmp_path / "other.sqlite3")


def test_a_damaged_copy_is_refused(full, tmp_path):
    for number in range(500):
        run_sync(full.store.put(f"{number}", b"x" * 500))
    path = tmp_path / "copy.sqlite3"
    path.touch()
    copies.copy_sqlite(tmp_path / "full.sqlite3", path, ignore)
    copies.require_whole(path)
    data = bytearray(path.read_bytes())
    data[-4_096 * 20 : -4_096 * 10] = bytes(4_096 * 10)
    path.write_bytes(data)
    with pytest.raises(StoreError):
        copies.require_whole(path)


def test_filled_tables_are_the_application_s_too(full, tmp_path):
    run_sync(full.sql.execute('CREATE TABLE "own ""table" (n)'))
    run_sync(full.sql.execute('INSERT INTO "own ""table" VALUES (1)'))
    found = copies.filled_tables(tmp_path / "full.sqlite3")
    assert set(found) >= {'own "table', "fedtext_store", "fedtext_jobs", "social_own"}
    assert "fedtext_meta" not in found


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_file_appears_when_all_went_well_for_its_owner_alone(tmp_path):
    path = tmp_path / "new"
    with copies.appearing(path) as part:
        part.write_bytes(b"x")
        assert not path.exists()
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"x", 0o600)
    with pytest.raises(LookupError), copies.appearing(tmp_path / "none") as part:
        raise LookupError
    assert [one.name for one in tmp_path.iterdir()] == ["new"]
    with pytest.raises(ConfigurationError, match="cannot write there"), copies.appearing(tmp_path / "no" / "x"):
        pass
    with pytest.raises(ConfigurationError, match="--force"):
        copies.require_absent(path)
    with pytest.raises(ConfigurationError, match="cannot read"):
        copies.is_sqlite(tmp_path / "no")
