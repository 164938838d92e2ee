"""`fedtext queue`: shows what waits and why, tries again, removes and pauses; for people, machines and terminals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.live import in_terminal

from fedtext.adapters.backends import SqliteBackend
from fedtext.adapters.clocks import SystemClock
from fedtext.cli.queueing import lane_of
from fedtext.delivery import HostHealth, after_host_gone
from fedtext.errors import ConfigurationError
from fedtext.ports import Lane, LaneKind, Queue, Task, store_key
from fedtext.signatures import SchemeMemory
from fedtext.sync import run_sync

Run = Callable[..., subprocess.CompletedProcess[str]]
SITE = "http://localhost:9"
DEAD, SLOW, OTHER = (Lane(LaneKind.OUT, f"{name}.example") for name in ("dead", "slow", "other"))


def put(queue: Queue, lane: Lane, count: int, site: str = SITE) -> None:
    run_sync(queue.enqueue([Task(site=site, lane=lane, payload=b"{}") for _ in range(count)]))


@pytest.fixture
def queue(folder: Path) -> Iterator[Queue]:
    """A queue of the application: dead.example gave up 3, slow.example backs off with 2, and one arrived."""
    backend = SqliteBackend(folder / "app.sqlite3")
    queue = backend.blocking(SystemClock()).queue
    put(queue, DEAD, 3)
    claim = run_sync(queue.claim(lease_s=60, batch_max=9))
    assert claim is not None
    for job in claim.jobs:
        run_sync(queue.bury(claim, job, reason="410"))
    run_sync(queue.release(claim))
    put(queue, SLOW, 2)
    claim = run_sync(queue.claim(lease_s=60, batch_max=9))
    assert claim is not None
    run_sync(queue.release(claim, due_s=SystemClock().now_s() + 3600, failures=4))
    put(queue, Lane(LaneKind.IN, "https://peer.example"), 1)
    put(queue, OTHER, 5, site="https://another.example")
    yield queue
    backend.close()


def told(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def counts(queue: Queue) -> dict[str, tuple[int, int]]:
    return {str(item.lane): (item.waiting, item.buried) for item in run_sync(queue.lanes()) if item.site == SITE}


def test_status_says_how_much_waits_and_what_to_do(queue: Queue, run: Run) -> None:
    done = run("queue", "status", "app:fed")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "8 waiting, 0 worked on, 3 given up, 4 lanes"
    assert done.stdout.splitlines()[-1] == "given up: fedtext queue retry app:fed, or fedtext queue purge app:fed"
    run_sync(queue.pause(SLOW, site=SITE))
    run_sync(queue.pause(LaneKind.IN, site=SITE))
    lines = run("queue", "status", "app:fed").stdout.splitlines()
    assert "paused: out:slow.example; fedtext queue resume app:fed slow.example" in lines
    assert "paused: in:*; fedtext queue resume app:fed --kind in" in lines
    (record,) = told(run("queue", "status", "app:fed", "--json"))
    assert (record["waiting"], record["buried"], record["paused"]) == (8, 3, ["in:*", "out:slow.example"])


def test_status_of_an_empty_queue(run: Run) -> None:
    assert run("queue", "status", "app:fed").stdout == "0 waiting, 0 worked on, 0 given up, 0 lanes\n"
    assert run("queue", "hosts", "app:fed").stdout == "nothing waits\n"


def test_hosts_shows_those_that_fail_first_and_no_other_site_s(queue: Queue, run: Run) -> None:
    lines = run("queue", "hosts", "app:fed").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["lane", "out:slow.example", "out:dead.example"]
    assert lines[1].split()[1:5] == ["2", "0", "0", "4"]
    assert ("asked again in 1 h, " in lines[1]) or ("asked again in 60 min, " in lines[1])
    lines = run("queue", "hosts", "app:fed", "--kind", "all", "--limit", "1").stdout.splitlines()
    assert lines[-1] == "and 2 more"
    records = told(run("queue", "hosts", "app:fed", "--kind", "all", "--limit", "1", "--json"))
    assert [record["lane"] for record in records] == ["in:https://peer.example", "out:dead.example", "out:slow.example"]
    assert (records[1]["buried"], records[2]["failures"]) == (3, 4)


def keep(folder: Path, kind: str, host: str, value: bytes) -> None:
    with closing(SqliteBackend(folder / "app.sqlite3")) as backend:
        store = backend.blocking(SystemClock()).store
        run_sync(store.put(store_key(SITE, kind, host), value, ttl_s=3600))


@pytest.fixture
def hosts(queue: Queue, folder: Path) -> float:
    """Hosts that have been heard of: slow.example fails for three days and takes RFC 9421, dead.example is gone."""
    now_s = SystemClock().now_s()
    slow = HostHealth(days=(1, 2, 3), failed_s=now_s - 7_205, reason="status 503", succeeded_s=now_s - 3 * 86_400 - 5)
    keep(folder, "host-health", "slow.example", slow.encode())
    gone = after_host_gone(HostHealth(), reason="status 410", now_s=now_s - 65)
    keep(folder, "host-health", "dead.example", gone.encode())
    keep(folder, "scheme", "https://slow.example", SchemeMemory(rfc9421_until_s=int(now_s) + 3600).encode())
    return now_s


@pytest.mark.spec("DLV-24")
def test_dlv_24_hosts_tells_what_is_known_of_each(hosts: float, run: Run) -> None:
    lines = run("queue", "hosts", "app:fed", "--kind", "all").stdout.splitlines()
    assert lines[1].endswith(
        ", failed on 3 days, last status 503, 2 h ago, took something 3 d ago, signed as in RFC 9421"
    )
    assert lines[2].endswith("  gone, last status 410, 1 min ago, signed as in the draft")
    assert lines[3].split() == ["in:https://peer.example", "1", "0", "0", "0"]


@pytest.mark.spec("DLV-24")
def test_dlv_24_machines_are_told_all_of_it(hosts: float, run: Run) -> None:
    arrived, dead, slow = told(run("queue", "hosts", "app:fed", "--kind", "all", "--json"))
    assert (arrived["back_off_s"], "host" in arrived) == (0.0, False)
    assert 3_000 < float(str(slow["back_off_s"])) <= 3_600
    assert {name: slow[name] for name in ("host", "failing_days", "unavailable", "gone", "last", "scheme")} == {
        "host": "slow.example",
        "failing_days": 3,
        "unavailable": False,
        "gone": False,
        "last": "status 503",
        "scheme": "rfc9421",
    }
    assert (slow["failed_s"], slow["succeeded_s"]) == (hosts - 7_205, hosts - 3 * 86_400 - 5)
    assert (dead["unavailable"], dead["gone"], dead["last"]) == (True, True, "status 410")
    assert dead["scheme"] == "draft-cavage-http-signatures-12"


def test_hosts_are_watched_with_all_that_is_known(hosts: float, run: Run) -> None:
    watch = ("--watch", "--count", "2", "--every", "100ms")
    assert run("queue", "hosts", "app:fed", *watch).stdout.count("failed on 3 days, last status 503") == 2
    records = told(run("queue", "hosts", "app:fed", *watch, "--json"))
    assert [record["gone"] for record in records] == [True, False, True, False]


def test_retry_of_a_host_ends_its_back_off(queue: Queue, run: Run) -> None:
    done = run("queue", "retry", "app:fed", "Slow.example")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("out:slow.example is tried at once, with 0 that were given up\n")
    claims = [run_sync(queue.claim(lease_s=60, batch_max=9, kinds=[LaneKind.OUT])) for _ in range(2)]
    assert {claim.lane for claim in claims if claim} == {SLOW, OTHER}
    run_sync(queue.pause(LaneKind.OUT, site=SITE))
    done = run("queue", "retry", "app:fed", "https://dead.example/users/x")
    assert done.stdout.splitlines()[0].endswith("out:dead.example is tried at once, with 3 that were given up")
    assert done.stdout.splitlines()[1] == "but out:* is paused: fedtext queue status app:fed"


def test_retry_of_all_that_was_given_up(queue: Queue, run: Run) -> None:
    done = run("queue", "retry", "app:fed", "--json")
    assert told(done) == [{"event": "retry", "lane": None, "revived": 3, "found": True}]
    assert counts(queue)["out:dead.example"] == (3, 0)
    assert run("queue", "retry", "app:fed").stdout.endswith("0 that were given up are tried again\n")


def test_a_lane_that_is_not_there_is_told_and_how_to_find_one(queue: Queue, run: Run) -> None:
    done = run("queue", "retry", "app:fed", "unknown.example")
    assert done.returncode == 1
    assert done.stdout.endswith("nothing waits for out:unknown.example: fedtext queue hosts app:fed\n")
    done = run("queue", "retry", "app:fed", "no host")
    assert done.returncode == 1
    assert "fedtext queue hosts" in done.stderr


def test_purge_counts_and_removes_only_when_told_to(queue: Queue, run: Run) -> None:
    done = run("queue", "purge", "app:fed")
    assert done.returncode == 1
    assert done.stdout == "would remove 3 that were given up, for good; add --yes to do it\n"
    done = run("queue", "purge", "app:fed", "--waiting", "--json")
    assert told(done) == [{"event": "purge", "removed": 0, "buried": 3, "waiting": 3}]
    assert counts(queue)["out:dead.example"] == (0, 3)
    assert run("queue", "purge", "app:fed", "slow.example", "--yes").stdout.endswith("0 removed\n")
    assert run("queue", "purge", "app:fed", "slow.example", "--waiting", "--yes").stdout.endswith("2 removed\n")
    done = run("queue", "purge", "app:fed", "--waiting", "--yes")
    assert (done.returncode, done.stdout.endswith("4 removed\n")) == (0, True)
    assert counts(queue) == {"out:slow.example": (0, 0)}  # that the host fails is still known
    assert run_sync(queue.depth()).waiting == 5  # another site's


def test_pause_and_resume(queue: Queue, run: Run) -> None:
    assert told(run("queue", "pause", "app:fed", "--json")) == [
        {"event": "pause", "lane": "out:*", "paused": True, "changed": True}
    ]
    assert "out:* was already paused" in run("queue", "pause", "app:fed").stdout
    run("queue", "pause", "app:fed", "in:https://peer.example")
    assert run_sync(queue.paused()) == [(SITE, "in:https://peer.example"), (SITE, "out:*")]
    done = run("queue", "resume", "app:fed", "slow.example")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].endswith("out:slow.example was not paused")
    assert done.stdout.splitlines()[1] == "but out:* is paused: fedtext queue status app:fed"
    assert run("queue", "resume", "app:fed", "--kind", "out").returncode == 0
    assert run_sync(queue.paused()) == [(SITE, "in:https://peer.example")]


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["queue"], 2, "ACTION"),
        (["queue", "burn", "app:fed"], 2, "invalid choice"),
        (["queue", "hosts", "app:fed", "--kind", "up"], 2, "invalid choice"),
        (["queue", "status"], 2, "MODULE:NAME"),
        (["queue", "status", "app:number"], 1, "no Federation"),
        (["queue", "hosts", "app:fed", "--limit", "0"], 1, "--limit is at least 1"),
        (["queue", "status", "app:fed", "--watch", "--every", "1ms"], 1, "--every is at least 100ms"),
    ],
)
def test_what_was_typed_wrong_is_explained(run: Run, given: list[str], code: int, said: str) -> None:
    done = run(*given)
    assert done.returncode == code
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "lane"),
    [
        ("mastodon.example", Lane(LaneKind.OUT, "mastodon.example")),
        ("MASTODON.example:8443", Lane(LaneKind.OUT, "mastodon.example:8443")),
        ("https://mastodon.example/@bob", Lane(LaneKind.OUT, "mastodon.example")),
        ("out:mastodon.example", Lane(LaneKind.OUT, "mastodon.example")),
        ("in:https://mastodon.example", Lane(LaneKind.IN, "https://mastodon.example")),
        ("fanout:https://blog.example", Lane(LaneKind.FANOUT, "https://blog.example")),
        ("out:8443", Lane(LaneKind.OUT, "8443")),
    ],
)
def test_lanes_as_people_write_them(text: str, lane: Lane) -> None:
    assert lane_of(text) == lane


@pytest.mark.parametrize("text", ["", "a b", "http://", "out:", "user@mastodon.example", "ftp://mastodon.example"])
def test_what_is_no_lane(text: str) -> None:
    with pytest.raises(ConfigurationError):
        lane_of(text)


# --- the live view -------------------------------------------------------------------------------------------------


def test_a_terminal_shows_it_in_place(queue: Queue, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    code, shown = in_terminal("queue", "hosts", "app:fed", "--watch", "--count", "2", "--every", "100ms")
    assert code == 0
    assert shown.count("out:slow.example") == 2
    assert "\x1b[3F\x1b[J" in shown  # up over the three lines, and anew
    assert shown.startswith("\x1b[?25l")
    assert shown.endswith("\x1b[?25h")


def test_a_pipe_gets_one_after_the_other(queue: Queue, run: Run) -> None:
    done = run("queue", "status", "app:fed", "--watch", "--count", "2", "--every", "100ms")
    assert done.stdout.count("8 waiting, ") == 2
    assert "\x1b" not in done.stdout
    done = run("queue", "status", "app:fed", "--watch", "--count", "3", "--every", "100ms", "--json")
    assert [record["waiting"] for record in told(done)] == [8, 8, 8]


def test_ctrl_c_ends_it_well(queue: Queue, folder: Path) -> None:
    command = [sys.executable, "-m", "fedtext", "queue", "status", "app:fed", "--watch", "--every", "100ms"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background ignores it
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("8 waiting")
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert (process.stderr.read(), process.wait(30)) == ("", 0)


def test_long_work_shows_how_far_it_has_come(queue: Queue, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    code, shown = in_terminal("queue", "purge", "app:fed", "--waiting", "--yes")
    assert code == 0
    assert "removing [........................] 0/6" in shown
    assert "6/6" in shown
