"""PostgreSQL beyond the suites of the ports: lost connections, conflicts, forks, many workers, wake-ups."""

from __future__ import annotations

import asyncio
import os
import random
import string
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from tests import engines

from fedtext.adapters.backends import PostgresBackend, connect
from fedtext.adapters.clocks import ManualClock, SystemClock
from fedtext.adapters.postgres import PostgresServer
from fedtext.adapters.sql import INDEXED_BYTES_MAX, STORE_PURGE_EVERY, STORE_READS_MAX
from fedtext.errors import ConfigurationError, QueueError, StoreError
from fedtext.federation.outcomes import Done
from fedtext.ports import Lane, LaneKind, WakingQueue
from fedtext.runtime import Federation, Worker
from fedtext.sync import run_sync
from fedtext.testing.ports import LEASE_S, SITE, claim_of, names, next_names, task


@pytest.fixture
def backend(postgres_tables_url):
    backend = PostgresBackend(postgres_tables_url)
    yield backend
    backend.close()


@pytest.fixture
def opened(backend):
    return backend.blocking(ManualClock())


@pytest.fixture
def admin(postgres_tables_url):
    with psycopg.connect(postgres_tables_url, autocommit=True) as connection:
        yield connection


# --- connections ---------------------------------------------------------------------------------------------------


def own_pids(server):
    return [connection.info.backend_pid for connection in server._idle]


def end(admin, server):
    """End the sessions of one server's idle connections, as its restart would."""
    for pid in own_pids(server):
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


def test_lost_connections_are_opened_anew_and_the_work_is_done_once(backend, opened, admin):
    run_sync(opened.store.put("k", b"v"))
    for work, expected in [
        (lambda: opened.store.get("k"), b"v"),
        (lambda: opened.store.add_if_absent("new", b"1"), True),
        (lambda: opened.queue.enqueue([task("one")]), 1),
        (lambda: opened.queue.depth(), None),
    ]:
        end(admin, backend._server)
        found = run_sync(work())
        assert expected in (None, found)
    assert run_sync(next_names(opened.queue)) == ["one"]


def test_a_connection_that_is_lost_in_the_middle_of_a_transaction_is_work_done_again(backend, opened, admin):
    seen = []

    def work(session):
        pid = session.execute("SELECT pg_backend_pid()").fetchone()[0]
        seen.append(pid)
        session.execute("INSERT INTO fedtext_store (key, value) VALUES (?, ?)", (f"k{len(seen)}", b""))
        if len(seen) == 1:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        session.execute("SELECT 1")

    backend._server.write(work)
    assert len(set(seen)) == 2
    assert [key for key, _ in run_sync(opened.store.scan(""))] == ["k2"]


def test_a_commit_without_an_answer_is_an_error_and_not_done_again(backend, admin, monkeypatch):
    """Nobody knows whether it happened; done again it might happen twice."""
    runs = []
    real = psycopg.Connection.execute

    def execute(self, query, *rest, **options):
        if query == "COMMIT":
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (self.info.backend_pid,))
        return real(self, query, *rest, **options)

    backend._server.read(lambda session: session.execute("SELECT 1"))
    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    with pytest.raises(psycopg.OperationalError):
        backend._server.write(lambda session: runs.append(session.execute("SELECT 1").fetchone()))
    assert runs == [(1,)]
    monkeypatch.undo()
    assert backend._server.write(lambda session: session.execute("SELECT 2").fetchone()) == (2,)


def journeys(monkeypatch):
    """Note what is sent to the server from now on, a statement each."""
    sent, real = [], psycopg.Connection.execute

    def execute(self, query, *rest, **options):
        sent.append(query if isinstance(query, str) else query.decode())
        return real(self, query, *rest, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    return sent


def test_a_value_is_written_on_one_journey_and_many_are_read_on_one(opened, monkeypatch):
    run_sync(opened.store.put("first", b""))
    sent = journeys(monkeypatch)
    for number in range(1, STORE_PURGE_EVERY):
        assert run_sync(opened.store.add_if_absent(f"k{number}", b"v"))
    assert [query.split(None, 1)[0] for query in sent] == ["INSERT"] * (STORE_PURGE_EVERY - 1)
    sent.clear()
    assert run_sync(opened.store.put("k0", b"v")) is None
    assert [query.split(None, 1)[0] for query in sent] == ["BEGIN", "INSERT", "DELETE", "COMMIT"]
    sent.clear()
    keys = [f"k{number}" for number in range(STORE_READS_MAX)]
    assert len(run_sync(opened.store.get_many(keys))) == STORE_PURGE_EVERY
    assert len(sent) == 1
    assert len(run_sync(opened.store.get_many([*keys, "first"]))) == STORE_PURGE_EVERY + 1
    assert len(sent) == 3


def test_a_write_of_one_statement_without_an_answer_is_an_error_and_not_done_again(backend, opened, admin, monkeypatch):
    """Nobody knows whether it happened: to add once more would tell who added that he had not."""
    run_sync(opened.store.put("first", b""))
    real, seen = psycopg.Connection.execute, []

    def execute(self, query, *rest, **options):
        if query[:6] == b"INSERT":
            seen.append(self.info.backend_pid)
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (self.info.backend_pid,))
        return real(self, query, *rest, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", execute)
    with pytest.raises(StoreError):
        run_sync(opened.store.add_if_absent("k", b"1"))
    assert len(seen) == 1
    monkeypatch.undo()
    assert run_sync(opened.store.get("k")) is None
    assert run_sync(opened.store.add_if_absent("k", b"1"))


def test_a_write_of_one_statement_that_the_server_gives_up_on_is_done_again(backend, opened, admin, monkeypatch):
    run_sync(opened.store.put("k", b"0"))
    backend._server.read(lambda session: session.execute("SET default_transaction_isolation = 'serializable'"))
    sent = journeys(monkeypatch)
    admin.execute("BEGIN")
    admin.execute("UPDATE fedtext_store SET value = '1' WHERE key = 'k'")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run_sync, opened.store.put("k", b"2"))
        admin.execute("SELECT pg_sleep(0.3)")  # by now the other one waits for the row
        admin.execute("COMMIT")
        waiting.result(timeout=20)
    assert len([query for query in sent if query.startswith("INSERT")]) == 2
    assert run_sync(opened.store.get("k")) == b"2"


def test_a_deadlock_is_tried_again(backend, opened):
    """Two transactions take two rows in opposite order; the server ends one of them, and it is run again."""
    for key in ("a", "b"):
        run_sync(opened.store.put(key, b"0"))
    barrier, runs = threading.Barrier(2), []

    def take(first, second):
        def work(session):
            runs.append(first)
            session.execute("UPDATE fedtext_store SET value = value || ? WHERE key = ?", (b"1", first))
            if runs.count(first) == 1:
                barrier.wait(30)
            session.execute("UPDATE fedtext_store SET value = value || ? WHERE key = ?", (b"1", second))

        backend._server.write(work)

    threads = [threading.Thread(target=take, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) >= 3
    assert run_sync(opened.store.get_many(["a", "b"])) == {"a": b"011", "b": b"011"}


def test_a_server_that_is_not_there_is_a_port_error():
    opened = connect("postgresql://me:secret@127.0.0.1:1/db").blocking(ManualClock())
    with pytest.raises(StoreError) as caught:
        run_sync(opened.store.get("k"))
    assert caught.value.permanent is False
    assert "secret" not in str(caught.value)
    with pytest.raises(QueueError):
        run_sync(opened.queue.depth())


def test_every_session_has_its_time_limits(backend):
    settings = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")
    found = backend._server.read(lambda session: [session.execute(f"SHOW {name}").fetchone()[0] for name in settings])
    assert found == ["30s", "10s", "1min", "fedtext"]


def test_a_fork_opens_connections_of_its_own(postgres_tables_url):
    code = (
        "import os, sys\n"
        "from fedtext.adapters.backends import connect\n"
        "from fedtext.adapters.clocks import SystemClock\n"
        "from fedtext.sync import run_sync\n"
        "backend = connect(sys.argv[1]); store = backend.blocking(SystemClock()).store\n"
        "run_sync(store.put('k', b'parent'))\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    run_sync(store.put('k', run_sync(store.get('k')) + b', child'))\n"
        "    backend.close()\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print(run_sync(store.get('k')).decode())\n"
        "backend.close()\n"
    )
    url = postgres_tables_url
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, url], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("parent, child", "")


def test_tables_are_made_once_by_many_at_the_same_time(postgres_url):
    servers, errors = [PostgresServer(postgres_url) for _ in range(6)], []

    def use(server):
        try:
            server.read(lambda session: session.execute("SELECT 1 FROM fedtext_arrivals"))
        except Exception as error:
            errors.append(error)
        finally:
            server.close()

    threads = [threading.Thread(target=use, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_tables_of_a_later_version_are_refused(postgres_url):
    server = PostgresServer(postgres_url)
    server.write(lambda session: session.execute("UPDATE fedtext_meta SET value = '999'"))
    server.close()
    with pytest.raises(ConfigurationError, match="version"):
        server.read(lambda session: session.execute("SELECT 1"))


# --- many workers --------------------------------------------------------------------------------------------------


def test_a_claim_passes_over_what_another_is_taking(backend, opened, admin):
    """Nobody waits: with a lock timeout of seconds a claim that waited would fail."""
    run_sync(opened.queue.enqueue([task("held", "a.example"), task("free", "b.example")]))
    with admin.transaction():
        admin.execute("SELECT 1 FROM fedtext_lanes WHERE lane = 'out:a.example' FOR UPDATE")
        assert run_sync(next_names(opened.queue)) == ["free"]
        assert run_sync(opened.queue.claim(lease_s=1, batch_max=1)) is None
    assert run_sync(next_names(opened.queue)) == ["held"]


def test_an_open_transaction_of_an_application_holds_up_nobody(backend, opened, admin):
    """Its row touches no lane: others add to the same lane, claim and finish meanwhile."""
    with admin.transaction():
        backend.execute_within(admin, opened.queue.statements(task("open"), 0.0))
        assert run_sync(opened.queue.enqueue([task("one")])) == 1
        claim = run_sync(claim_of(opened.queue))
        assert names(claim) == ["one"]
        assert run_sync(opened.queue.ack(claim, claim.jobs[0])) is True
        run_sync(opened.queue.release(claim))
        assert run_sync(opened.queue.depth()).waiting == 0
    assert run_sync(opened.queue.depth()).waiting == 1
    assert run_sync(next_names(opened.queue)) == ["open"]


def test_what_was_handed_in_comes_before_what_is_added_later(backend, opened, admin):
    for name in ("first", "second"):
        backend.execute_within(admin, opened.queue.statements(task(name, ordering_key="k"), 0.0))
    run_sync(opened.queue.enqueue([task("third", ordering_key="k")]))
    backend.execute_within(admin, opened.queue.statements(task("fourth", ordering_key="k"), 0.0))
    assert run_sync(next_names(opened.queue)) == ["first", "second", "third", "fourth"]


def test_what_was_handed_in_waits_for_its_due_time_and_keeps_to_pauses(backend, opened, admin):
    clock = ManualClock()
    queue = backend.blocking(clock).queue
    run_sync(queue.pause(Lane(LaneKind.OUT, "b.example"), site=SITE))
    late = task("late", due_s=clock.now_s() + 10)
    for one in (late, task("paused", "b.example")):
        backend.execute_within(admin, queue.statements(one, clock.now_s()))
    assert run_sync(queue.claim(lease_s=1, batch_max=1)) is None
    clock.advance(10)
    assert run_sync(next_names(queue)) == ["late"]
    assert run_sync(queue.claim(lease_s=1, batch_max=1)) is None
    run_sync(queue.resume(Lane(LaneKind.OUT, "b.example"), site=SITE))
    assert run_sync(next_names(queue)) == ["paused"]


def test_a_pause_that_ends_leaves_no_lane_at_rest(backend, opened):
    """One adds tasks to new lanes, another pauses and resumes: whatever the order, all can be claimed in the end."""
    count, errors = 40, []

    def add():
        queue = backend.blocking(ManualClock()).queue
        for number in range(count):
            run_sync(queue.enqueue([task(str(number), f"{number}.example")]))

    def pause():
        queue = backend.blocking(ManualClock()).queue
        for _ in range(count):
            run_sync(queue.pause(LaneKind.OUT, site=SITE))
            run_sync(queue.resume(LaneKind.OUT, site=SITE))

    def run(work):
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in (add, pause)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = [name for _ in range(count) for name in run_sync(next_names(opened.queue))]
    assert sorted(found, key=int) == [str(number) for number in range(count)]


def test_many_threads_add_and_take_and_lose_nothing(backend):
    """Lanes come and go under everybody's hands: each task is carried out once."""
    writers, per_writer, done, errors = 4, 30, [], []
    ended = threading.Event()

    def add(writer):
        queue = backend.blocking(SystemClock()).queue
        for number in range(per_writer):
            hosts = [f"{(number + step) % 3}.example" for step in range(2)]
            run_sync(queue.enqueue([task(f"{writer}-{number}-{host[0]}", host) for host in hosts]))

    def take():
        queue = backend.blocking(SystemClock()).queue
        while True:
            is_last = ended.is_set()
            claim = run_sync(queue.claim(lease_s=LEASE_S, batch_max=3))
            if claim is None:
                if is_last and run_sync(queue.depth()).lanes == 0:
                    return
                continue
            for job, name in zip(claim.jobs, names(claim), strict=True):
                if run_sync(queue.ack(claim, job)):
                    done.append(name)
            run_sync(queue.release(claim))

    def run(work, *arguments):
        try:
            work(*arguments)
        except Exception as error:
            errors.append(error)
            raise

    adding = [threading.Thread(target=run, args=(add, number)) for number in range(writers)]
    taking = [threading.Thread(target=run, args=(take,)) for _ in range(3)]
    for thread in (*adding, *taking):
        thread.start()
    for thread in adding:
        thread.join()
    ended.set()
    for thread in taking:
        thread.join()
    assert errors == []
    assert len(done) == len(set(done)) == writers * per_writer * 2


# --- long keys -----------------------------------------------------------------------------------------------------


def long_text(chars):
    """Give a text that no compression makes shorter."""
    return "".join(random.Random(chars).choices(string.ascii_letters + string.digits, k=chars))


@pytest.mark.parametrize("chars", [INDEXED_BYTES_MAX, INDEXED_BYTES_MAX + 1, 9_000])
def test_keys_longer_than_an_index_takes(opened, chars):
    """An id of 2,048 characters, twice and encoded, must not be what nobody can answer."""
    one = long_text(chars - 1) + "1"
    other, store = one[:-1] + "2", opened.store
    assert run_sync(store.add_if_absent(one, b"1")) is True
    assert run_sync(store.add_if_absent(one, b"2")) is False
    assert run_sync(store.get(other)) is None
    run_sync(store.put(other, b"2"))
    run_sync(opened.sql.atomic(store.statements(one, b"3")))
    assert run_sync(store.compare_and_set(one, b"3", b"4")) is True
    assert run_sync(store.get_many([one, other])) == {one: b"4", other: b"2"}
    listed = run_sync(store.scan(one[:5]))
    assert sorted(value for _, value in listed) == [b"2", b"4"]
    assert [run_sync(store.get(key)) for key, _ in listed] == [value for _, value in listed]
    assert run_sync(store.scan(one[:5], after=listed[0][0])) == listed[1:]
    assert [run_sync(store.delete(key)) for key in (one, other)] == [True, True]


@pytest.mark.parametrize("chars", [INDEXED_BYTES_MAX - len(SITE) - 1, 9_000])
def test_tasks_with_long_keys(opened, chars):
    key = long_text(chars)
    tasks = [task("one", ordering_key=key, dedupe_key=key), task("two", ordering_key=key, dedupe_key=key + "2")]
    assert run_sync(opened.queue.enqueue(tasks)) == 2
    assert run_sync(opened.queue.enqueue(tasks)) == 0
    run_sync(opened.sql.atomic(opened.queue.statements(tasks[0], 0.0)))
    claim = run_sync(claim_of(opened.queue))
    assert names(claim) == ["one", "two"]
    assert len({job.ordering_key for job in claim.jobs}) == 1


# --- wake-ups ------------------------------------------------------------------------------------------------------

LONG_S = 60.0
"""No test waits so long: what is woken comes at once."""


async def test_an_idle_worker_is_woken_by_another_process(backend, postgres_tables_url):
    queue = backend.asynchronous(SystemClock()).queue
    other = PostgresBackend(postgres_tables_url)
    assert await queue.claim(lease_s=1, batch_max=1) is None
    await queue.wait(LONG_S)  # the first wait begins to listen, and looks once more
    assert await queue.claim(lease_s=1, batch_max=1) is None
    waiting = asyncio.create_task(queue.wait(LONG_S))
    await other.asynchronous(SystemClock()).queue.enqueue([task("one")])
    assert await waiting is True
    assert await next_names(queue) == ["one"]
    other.close()


def test_it_is_a_queue_that_wakes(opened):
    assert isinstance(opened.queue, WakingQueue)


def test_a_committed_transaction_wakes_and_one_rolled_back_does_not(backend, admin):
    queue = backend.blocking(SystemClock()).queue
    run_sync(queue.claim(lease_s=1, batch_max=1))
    run_sync(queue.wait(LONG_S))

    def is_woken(by, timeout_s):
        assert run_sync(queue.claim(lease_s=1, batch_max=1)) is None
        admin.execute("BEGIN")
        backend.execute_within(admin, queue.statements(task(by), 0.0))
        admin.execute(by)
        return run_sync(queue.wait(timeout_s))

    # The channel is the whole database's: what runs beside this test wakes, too, but not each time.
    assert not all(is_woken("ROLLBACK", 0.05) for _ in range(10))
    assert is_woken("COMMIT", LONG_S)
    assert run_sync(next_names(queue)) == ["COMMIT"]


def test_what_comes_between_a_look_and_the_wait_is_not_missed(backend, opened, admin):
    queue = opened.queue
    run_sync(queue.claim(lease_s=1, batch_max=1))
    run_sync(queue.wait(LONG_S))
    assert run_sync(queue.claim(lease_s=1, batch_max=1)) is None
    heard = backend._listener.heard
    admin.execute("NOTIFY fedtext")
    while backend._listener.heard == heard:
        threading.Event().wait(0.01)
    assert run_sync(queue.wait(LONG_S)) is True


async def test_who_finds_work_wakes_the_next(backend):
    """One of three is woken by what was added, another by the claim of it, and the third sleeps on."""
    queue = backend.asynchronous(SystemClock()).queue
    await queue.claim(lease_s=1, batch_max=1)
    await queue.wait(LONG_S)

    async def woken(number):
        while await queue.claim(lease_s=LEASE_S, batch_max=9) is not None:
            pass
        waiting = [asyncio.create_task(queue.wait(LONG_S)) for _ in range(3)]
        await asyncio.sleep(0)
        await queue.enqueue([task(f"{number}-{host}", f"{host}{number}.example") for host in "ab"])
        _, at_once = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await claim_of(queue)
        _, last = await asyncio.wait(at_once, return_when=asyncio.FIRST_COMPLETED) if at_once else (set(), set())
        for task_ in last:
            task_.cancel()
        return len(at_once), len(last)

    # The channel is the whole database's: what runs beside this test wakes, too, but not each time.
    for number in range(10):
        found = await woken(number)
        if found == (2, 1):
            return
    raise AssertionError(found)


def test_waiting_outlives_a_lost_connection(backend, opened, admin):
    queue = opened.queue
    run_sync(queue.claim(lease_s=1, batch_max=1))
    run_sync(queue.wait(LONG_S))
    thread = backend._listener._thread
    admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query = 'LISTEN fedtext'"
        " AND application_name = 'fedtext' AND pid <> pg_backend_pid()"
    )
    if thread is not None:
        thread.join()
    assert run_sync(queue.claim(lease_s=1, batch_max=1)) is None
    assert run_sync(queue.wait(LONG_S)) is True  # it listens again, and looks
    assert backend._listener._thread is not thread


def test_a_server_that_is_down_does_not_end_the_wait_early(postgres_tables_url):
    backend = connect("postgresql://127.0.0.1:1/db")
    queue = backend.blocking(SystemClock()).queue
    assert run_sync(queue.wait(0.05)) is False
    backend.close()


async def test_a_worker_is_woken_by_what_is_added(postgres_url):
    """Both of one process and of another; looking alone, it would come later and later."""
    federation = Federation("https://blog.example", backend=connect(postgres_url), worker="off")
    done = asyncio.Queue()

    class Recorded:
        ports, config, worker_mode = federation.ports, federation.config, "off"

        class engine:
            site, begin_turn, end_turn = (
                getattr(federation.engine, name) for name in ("site", "begin_turn", "end_turn")
            )

            async def run_job(job, ports, turn):
                await done.put(job.payload)
                return Done()

    stop, other = asyncio.Event(), PostgresBackend(postgres_url)
    working = asyncio.create_task(Worker(Recorded(), concurrency=2).run(stop=stop))
    for number, queue in enumerate(
        (
            federation.ports.asynchronous().queue,
            other.blocking(SystemClock()).queue,
            other.asynchronous(SystemClock()).queue,
        )
    ):
        await queue.enqueue([task(str(number))])
        assert names_of(await asyncio.wait_for(done.get(), 30)) == str(number)
    stop.set()
    await working
    other.close()
    await federation.ports.close()


def names_of(payload):
    return payload.decode().split('"')[-2]


# --- the servers of tests ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", engines.VARIABLES)
def test_a_missing_server_is_skipped_with_the_reason(engine, monkeypatch):
    monkeypatch.delenv("FEDTEXT_REQUIRE_SERVERS", raising=False)
    for value, reason in (("", "tools/servers"), ("x://127.0.0.1:1", "nothing answers")):
        monkeypatch.setitem(os.environ, engines.VARIABLES[engine], value)
        with pytest.raises(pytest.skip.Exception, match=reason):
            engines.address(engine)
    monkeypatch.setenv("FEDTEXT_REQUIRE_SERVERS", "1")
    with pytest.raises(pytest.fail.Exception, match=f"no {engine} server"):
        engines.address(engine)
