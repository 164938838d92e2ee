"""Bodies that jobs share: one row however many need it, none when nobody does, and never one too few."""

from __future__ import annotations

import threading
from hashlib import sha256
from uuid import uuid4

import pytest

from fedtext.adapters import bodies, copies
from fedtext.adapters.backends import PostgresBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock, SystemClock
from fedtext.adapters.sql import JOBS_ADD, POSTGRES_BODY_ADD, POSTGRES_BODY_ADDED, SWEEP_BODIES_MAX
from fedtext.adapters.sql_queue import SWEEP_S
from fedtext.sync import run_sync
from fedtext.testing.port_rigs import LEASE_S, claim_of, task

WORDS = b"words " * 400


@pytest.fixture
def forgetful(monkeypatch):
    """Let queues remember no body: what they give is in the table."""
    monkeypatch.setattr(bodies, "KEPT_BYTES_MAX", 0)


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request, tmp_path, forgetful):
    if request.param == "sqlite":
        made = SqliteBackend(tmp_path / "test.sqlite3")
    else:
        made = PostgresBackend(request.getfixturevalue("postgres_url"))
    yield made
    made.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def opened(backend, clock):
    return backend.blocking(clock)


def kept(opened):
    return run_sync(opened.sql.execute("SELECT digest, body FROM fedtext_bodies ORDER BY digest"))


def finish(queue, count=1):
    """Carry out so many batches."""
    for _ in range(count):
        claim = run_sync(claim_of(queue, batch_max=1_000))
        assert run_sync(queue.ack_all(claim, claim.jobs)) == len(claim.jobs)
        run_sync(queue.release(claim))


def nothing_is_due(queue):
    assert run_sync(queue.claim(lease_s=LEASE_S, batch_max=1)) is None


def test_a_body_is_one_row_however_many_need_it(opened):
    for page in range(3):
        run_sync(opened.queue.enqueue([task(str(n), f"{page}-{n}.example", body=WORDS) for n in range(50)]))
    assert kept(opened) == [(sha256(WORDS).digest(), WORDS)]
    payloads = run_sync(opened.sql.execute("SELECT payload FROM fedtext_jobs"))
    assert len(payloads) == 150
    assert not [payload for (payload,) in payloads if b"words" in payload]


def test_a_body_goes_a_minute_after_its_last_job(opened, clock):
    run_sync(opened.queue.enqueue([task("one", "a.example", body=WORDS), task("two", "b.example", body=WORDS)]))
    finish(opened.queue)
    clock.advance(2 * SWEEP_S)
    finish(opened.queue)  # this claim sweeps; the second job needs it
    assert len(kept(opened)) == 1
    clock.advance(SWEEP_S - 1)
    nothing_is_due(opened.queue)
    assert len(kept(opened)) == 1
    clock.advance(1)
    nothing_is_due(opened.queue)
    assert kept(opened) == []


def test_a_body_of_a_task_that_waits_already_goes_too(opened, clock):
    run_sync(opened.queue.enqueue([task("one", dedupe_key="d", body=b"first")]))
    assert run_sync(opened.queue.enqueue([task("one", dedupe_key="d", body=b"second")])) == 0
    nothing_is_due(with_all_leased(opened))
    clock.advance(SWEEP_S)
    nothing_is_due(with_all_leased(opened))
    assert [body for _, body in kept(opened)] == [b"first"]


def with_all_leased(opened):
    """Give the queue when nothing more can be claimed."""
    run_sync(opened.queue.claim(lease_s=1e6, batch_max=10))
    return opened.queue


def test_what_is_purged_is_gone_at_once(opened):
    run_sync(opened.queue.enqueue([task("one", "a.example", body=WORDS), task("two", "b.example", body=b"other")]))
    claim = run_sync(claim_of(opened.queue))
    run_sync(opened.queue.bury(claim, claim.jobs[0], reason="no"))
    run_sync(opened.queue.release(claim))
    assert run_sync(opened.queue.purge()) == 1
    assert [body for _, body in kept(opened)] == [b"other"]
    assert run_sync(opened.queue.purge(waiting=True)) == 1
    assert kept(opened) == []


@pytest.mark.parametrize("count", [SWEEP_BODIES_MAX, SWEEP_BODIES_MAX + 1, 3 * SWEEP_BODIES_MAX])
def test_many_bodies_go_page_by_page(opened, clock, count):
    run_sync(opened.queue.enqueue([task(str(number), body=b"%d" % number) for number in range(count)]))
    run_sync(opened.queue.enqueue([task("stays", "z.example", body=b"stays")]))
    held = run_sync(claim_of(opened.queue, batch_max=2 * count))
    assert [job.body for job in held.jobs] == [b"%d" % number for number in range(count)]
    assert run_sync(opened.queue.ack_all(held, held.jobs)) == count
    run_sync(claim_of(opened.queue, lease_s=1e6))
    clock.advance(SWEEP_S)
    for _ in range(1 + count // SWEEP_BODIES_MAX):
        nothing_is_due(opened.queue)  # each claim one page, while most of it is not needed
    assert [body for _, body in kept(opened)] == [b"stays"]


def test_what_was_restored_is_found_by_the_numbers_of_its_jobs(opened, clock, tmp_path):
    """They are others than before: the span of each body is drawn anew."""
    hosts = [f"{letter}.example" for letter in "abc"]
    run_sync(opened.queue.enqueue([task(host, host, body=WORDS) for host in hosts]))
    run_sync(opened.queue.enqueue([task("other", hosts[1], body=b"other")]))
    path = tmp_path / "copy.jsonl"
    with path.open("wb") as file:
        run_sync(copies.write_lines(opened.sql, file, now_s=0.0, show=lambda *_: None))
    run_sync(copies.clear(opened.sql))
    run_sync(copies.read_lines(opened.sql, path, total=9, show=lambda *_: None))
    spans = run_sync(opened.sql.execute("SELECT body, from_job, to_job FROM fedtext_bodies"))
    ids = run_sync(opened.sql.execute("SELECT job_id FROM fedtext_jobs ORDER BY 1"))
    assert {body: (first, last) for body, first, last in spans} == {
        WORDS: (ids[0][0], ids[2][0]),
        b"other": (ids[3][0], ids[3][0]),
    }
    for left in ({WORDS, b"other"}, {WORDS}):
        claim = run_sync(claim_of(opened.queue))
        run_sync(opened.queue.release(claim, done=claim.jobs))
        run_sync(opened.queue.purge())
        assert {body for _, body in kept(opened)} == left


def test_a_body_that_comes_again_later_stays_as_long(opened):
    """Between its jobs came others, and the first ones are done."""
    for words in (WORDS, b"other", WORDS, b"another", WORDS):
        run_sync(opened.queue.enqueue([task("one", "a.example", body=words)]))
    for count in (3, 2, 2):  # words; other, which was the last of its body; words
        claim = run_sync(claim_of(opened.queue, batch_max=1))
        run_sync(opened.queue.release(claim, done=claim.jobs))
        run_sync(opened.queue.purge())
        assert len(kept(opened)) == count
    claim = run_sync(claim_of(opened.queue))
    assert [job.body for job in claim.jobs] == [b"another", WORDS]


def test_a_body_that_another_transaction_needs_stays(postgres_url, clock, forgetful):
    """It has touched the body and not committed yet: who sweeps finds it locked, not free."""
    psycopg = pytest.importorskip("psycopg")
    backend = PostgresBackend(postgres_url)
    opened = backend.blocking(clock)
    run_sync(opened.queue.enqueue([task("one", body=WORDS)]))
    finish(opened.queue)
    run_sync(opened.queue.enqueue([task("other", body=b"x")]))
    lane = run_sync(opened.sql.execute("SELECT lane_id FROM fedtext_lanes"))[0][0]
    digest = sha256(WORDS).digest()
    with psycopg.connect(postgres_url) as other:
        other.execute(POSTGRES_BODY_ADD.replace("?", "%s"), (digest, WORDS))
        other.execute(JOBS_ADD.replace("?", "%s"), (lane, b"{}", None, "", 0.0, 0.0, digest))
        other.execute(POSTGRES_BODY_ADDED.replace("?", "%s"), (digest,))
        assert run_sync(opened.queue.purge()) == 0  # sweeps, and does not wait
        assert len(kept(opened)) == 2
    run_sync(opened.queue.purge())
    claim = run_sync(claim_of(opened.queue))
    assert [job.body for job in claim.jobs] == [b"x", WORDS]
    backend.close()


def test_bodies_come_and_go_under_everybody_s_hands(backend):
    """Some add jobs with the same few bodies, some carry them out, some sweep: none is ever without its body."""
    errors, seen, ended = [], [], threading.Event()

    def add(writer):
        queue = backend.blocking(SystemClock()).queue
        for number in range(40):
            words = [b"body %d" % ((number + step) % 3) for step in range(2)]
            run_sync(
                queue.enqueue([task(f"{writer}-{number}-{body[-1]}", f"{writer}.example", body=body) for body in words])
            )

    def take():
        queue = backend.blocking(SystemClock()).queue
        while True:
            is_last = ended.is_set()
            claim = run_sync(queue.claim(lease_s=LEASE_S, batch_max=3))
            if claim is None:
                if is_last and run_sync(queue.depth()).lanes == 0:
                    return
                continue
            seen.extend(job.body for job in claim.jobs)
            run_sync(queue.ack_all(claim, claim.jobs))
            run_sync(queue.release(claim))

    def sweep():
        queue = backend.blocking(SystemClock()).queue
        while not ended.is_set():
            run_sync(queue.purge())

    def run(work, *arguments):
        try:
            work(*arguments)
        except Exception as error:
            errors.append(f"{error}: {error.__cause__!r}")

    adding = [threading.Thread(target=run, args=(add, number)) for number in range(3)]
    others = [threading.Thread(target=run, args=(work,)) for work in (take, take, sweep)]
    for thread in (*adding, *others):
        thread.start()
    for thread in adding:
        thread.join()
    ended.set()
    for thread in others:
        thread.join()
    assert errors == []
    assert len(seen) == 240
    assert set(seen) == {b"body 0", b"body 1", b"body 2"}


def test_a_body_stays_where_numbers_go_on_though_nothing_is_left(opened):
    run_sync(opened.queue.enqueue([task(str(number)) for number in range(9)]))
    finish(opened.queue)
    run_sync(opened.queue.enqueue([task("one", body=WORDS), task("two", body=b"other")]))
    run_sync(opened.sql.atomic(opened.queue.statements(task("three", body=b"third"), 0.0)))
    run_sync(opened.queue.purge())
    assert {body for _, body in kept(opened)} >= {WORDS, b"other"}
    assert len(run_sync(claim_of(opened.queue)).jobs) == 3
    run_sync(opened.queue.purge())
    assert {body for _, body in kept(opened)} == {WORDS, b"other", b"third"}


def renumber_from_one(opened, dialect):
    """Let the next job have the number 1 again, as a reset of sequences does."""
    if dialect == "sqlite":
        run_sync(opened.sql.execute("DELETE FROM sqlite_sequence WHERE name = 'fedtext_jobs'"))
    else:
        run_sync(opened.sql.execute("ALTER TABLE fedtext_jobs ALTER COLUMN job_id RESTART WITH 1"))


def test_a_body_stays_where_numbers_begin_anew(opened):
    run_sync(opened.queue.enqueue([task("before the first with a body")]))
    run_sync(opened.queue.enqueue([task(str(number), body=b"%d" % (number % 3)) for number in range(9)]))
    finish(opened.queue)
    renumber_from_one(opened, opened.sql.dialect)
    run_sync(opened.queue.enqueue([task("one", body=b"2")]))
    run_sync(opened.queue.purge())
    assert [body for _, body in kept(opened)] == [b"2"]


def test_a_body_stays_where_the_count_of_numbers_is_lost(tmp_path, clock, forgetful):
    """SQLite goes on behind the last job then."""
    backend = SqliteBackend(tmp_path / "test.sqlite3")
    opened = backend.blocking(clock)
    run_sync(opened.queue.enqueue([task(str(number)) for number in range(9)]))
    renumber_from_one(opened, "sqlite")
    run_sync(opened.sql.atomic(opened.queue.statements(task("one", body=WORDS), 0.0)))
    run_sync(opened.queue.enqueue([task(str(number), body=b"%d" % number) for number in range(3)]))
    run_sync(opened.queue.purge())
    assert len(kept(opened)) == 4
    bodies_found = [job.body for job in run_sync(claim_of(opened.queue, batch_max=20)).jobs]
    assert bodies_found == [b""] * 9 + [WORDS, b"0", b"1", b"2"]
    backend.close()


def test_a_role_that_may_change_rows_and_no_more_is_enough(postgres_url, clock):
    """Of a number that PostgreSQL draws by itself the sequence is nobody's business."""
    psycopg = pytest.importorskip("psycopg")
    backend = PostgresBackend(postgres_url)
    opened = backend.blocking(clock)
    run_sync(opened.queue.enqueue([task("one", body=WORDS)]))
    role = f"rows_only_{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        schema = admin.execute("SELECT current_schema()").fetchone()[0]
        admin.execute(f"CREATE ROLE {role}")
        admin.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO {role}')
        admin.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO {role}')
        try:
            admin.execute(f"SET ROLE {role}")
            admin.execute(POSTGRES_BODY_ADD.replace("?", "%s"), (b"digest", WORDS))
            admin.execute(JOBS_ADD.replace("?", "%s"), (1, b"{}", None, "", 0.0, 0.0, b"digest"))
            admin.execute(POSTGRES_BODY_ADDED.replace("?", "%s"), (b"digest",))
        finally:
            admin.execute("RESET ROLE")
            admin.execute(f"DROP OWNED BY {role}")
            admin.execute(f"DROP ROLE {role}")
    backend.close()


def test_what_is_restored_over_a_body_that_was_left_is_not_swept_before_the_end(opened, tmp_path):
    """Of the copy some pages were written, and then the process fell."""
    run_sync(opened.queue.enqueue([task("one", body=WORDS)]))
    path = tmp_path / "copy.jsonl"
    with path.open("wb") as file:
        run_sync(copies.write_lines(opened.sql, file, now_s=0.0, show=lambda *_: None))
    finish(opened.queue)  # the body is still there, and tells of number 1
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in whole if b'"end"' not in line))
    with path.open("ab") as file:
        file.write(b'{"end":{}}\n')
    at_the_end = copies.BODIES_SPAN
    copies.BODIES_SPAN = "SELECT 1"
    try:
        run_sync(copies.read_lines(opened.sql, path, total=9, show=lambda *_: None))
    finally:
        copies.BODIES_SPAN = at_the_end
    run_sync(opened.queue.purge())
    assert [body for _, body in kept(opened)] == [WORDS]


# --- what is kept in memory ----------------------------------------------------------------------------------------


class Reads:
    """A session that gives bodies and counts how often it is asked."""

    def __init__(self, found):
        self.found = found
        self.asked = []

    def execute(self, _sql, parameters=()):
        self.asked.append(parameters[0])
        return self

    def fetchone(self):
        body = self.found.get(self.asked[-1])
        return None if body is None else (body,)


def test_a_body_is_read_once():
    session, shelf = Reads({b"a": b"body"}), bodies.Bodies()
    for _ in range(2):
        assert shelf.read(session, [b"a", None, b"a", b"gone"]) == {b"a": b"body"}
    assert session.asked == [b"a", b"gone", b"gone"]


@pytest.mark.parametrize(("size", "reads"), [(bodies.KEPT_BYTES_MAX, 1), (bodies.KEPT_BYTES_MAX + 1, 2)])
def test_long_bodies_are_not_kept(size, reads):
    session, shelf = Reads({b"a": b"x" * size}), bodies.Bodies()
    for _ in range(2):
        assert len(shelf.read(session, [b"a", b"a"])[b"a"]) == size
    assert len(session.asked) == reads


@pytest.mark.parametrize(("count", "again"), [(bodies.KEPT_MAX, 0), (bodies.KEPT_MAX + 1, 1)])
def test_the_oldest_of_many_goes(count, again):
    found = {b"%d" % number: b"body" for number in range(count)}
    session, shelf = Reads(found), bodies.Bodies()
    shelf.read(session, found)
    assert len(session.asked) == count
    shelf.read(session, [b"0"])
    assert len(session.asked) == count + again
