"""The cases that a backend must pass when several processes share it: at once, and with some of them killed.

Each is a plain function of an address for `connect`, of an empty database. It starts children with the same
interpreter. Nothing here needs pytest.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import TypeAlias

from ..adapters.backends import connect
from ..adapters.clocks import ManualClock, SystemClock
from ..ports import Lane, LaneKind, Queue
from ..sync import run_sync
from .port_rigs import LEASE_S, SITE, claim_of, expect, names, task

CLAIMS_MAX = 500
"""More than any case needs: a broken adapter must not make a case endless."""

FILLERS = 3
_saying = threading.Lock()

ProcessCase: TypeAlias = Callable[[str], None]
_CHILD = "import sys; from fedtext.testing import port_processes; port_processes.child(*sys.argv[1:])"


def child(errand: str, url: str) -> None:
    """Run an errand in a process that a process case started; prints what it did, a line for each.

    Args:
        errand: "drain" does every job, "drain_batches" by batches; "hold" claims a batch, does one job and sits on the
            rest; "fill" adds jobs from some threads until it is killed; "pause" pauses all deliveries and sits.
        url: Of the backend.
    """
    errands = {"drain": _drain, "drain_batches": _drain_batches, "hold": _hold, "fill": _fill, "pause": _pause}
    with closing(connect(url)) as backend:
        run_sync(errands[errand](backend.blocking(SystemClock()).queue))
        if errand in ("hold", "pause"):
            time.sleep(LEASE_S)


async def _drain(queue: Queue) -> None:
    for _ in range(CLAIMS_MAX):
        claim = await queue.claim(lease_s=LEASE_S, batch_max=3)
        if claim is None:
            break
        for job, name in zip(claim.jobs, names(claim), strict=True):
            if await queue.ack(claim, job):
                _say(name)
        await queue.release(claim)


async def _drain_batches(queue: Queue) -> None:
    for _ in range(CLAIMS_MAX):
        claim = await queue.claim(lease_s=LEASE_S, batch_max=3)
        if claim is None:
            break
        if await queue.ack_all(claim, claim.jobs) == len(claim.jobs):
            for name in names(claim):
                _say(name)
        await queue.release(claim)


async def _pause(queue: Queue) -> None:
    await queue.pause(LaneKind.OUT, site=SITE)
    _say("paused")


async def _hold(queue: Queue) -> None:
    claim = await claim_of(queue, batch_max=3)
    await queue.ack(claim, claim.jobs[0])
    _say("holding")


async def _fill(queue: Queue) -> None:
    threads = [threading.Thread(target=_fill_from, args=(queue, first)) for first in range(FILLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _fill_from(queue: Queue, first: int) -> None:
    run_sync(_add(queue, first))


async def _add(queue: Queue, first: int) -> None:
    for number in range(first, 10**9, FILLERS):
        await queue.enqueue([task(f"{number}", f"{number % 7}.example")])
        _say(str(number))


def _say(line: str) -> None:
    with _saying:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


@contextmanager
def _running(errand: str, url: str) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _CHILD, errand, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own interpreter and text
    with process:
        try:
            yield process
        finally:
            process.kill()


def _lines(process: subprocess.Popen[str]) -> list[str]:
    return [] if process.stdout is None else process.stdout.read().split()


def _line(process: subprocess.Popen[str]) -> str:
    return "" if process.stdout is None else process.stdout.readline().strip()


def two_processes_share_the_work(url: str) -> None:
    """Let two processes drain one queue at once: every job is done, none by both."""
    with closing(connect(url)) as backend:
        wanted = [f"{number}" for number in range(300)]
        queue = backend.blocking(SystemClock()).queue
        run_sync(queue.enqueue([task(name, f"{int(name) % 40}.example", ordering_key="k") for name in wanted]))
        with _running("drain", url) as one, _running("drain_batches", url) as other:
            done = _lines(one) + _lines(other)
        expect(sorted(done, key=int), wanted, "what both have done")
        expect(run_sync(queue.depth()).lanes, 0, "rows left over")


def a_killed_holder_loses_nothing(url: str) -> None:
    """Kill a process (SIGKILL) that holds a claim: what it had not done can be claimed after its lease."""
    with closing(connect(url)) as backend:
        clock = ManualClock(time.time())
        queue = backend.blocking(clock).queue
        run_sync(queue.enqueue([task(name, ordering_key="k") for name in ("done", "held", "held too", "not taken")]))
        with _running("hold", url) as process:
            expect(_line(process), "holding", "the other process")
            process.kill()
            process.wait()
        expect(run_sync(queue.claim(lease_s=1, batch_max=9)), None, "its lease still runs")
        expect(run_sync(queue.depth()).leased, 2, "leased to a dead process")
        clock.advance(2 * LEASE_S)
        claim = run_sync(claim_of(queue))
        expect((names(claim), claim.jobs[0].attempts), (["held", "held too", "not taken"], 0), "after its lease")
        expect([job.handed for job in claim.jobs], [True, True, False], "what it may have carried out")


def a_killed_writer_loses_nothing_acknowledged(url: str) -> None:
    """Kill a process (SIGKILL) in the middle of adding jobs: each that it knew to be added is there, and whole."""
    with _running("fill", url) as process:
        acknowledged = [_line(process) for _ in range(50)]
        process.kill()
        acknowledged += _lines(process)
    with closing(connect(url)) as backend:
        queue = backend.blocking(SystemClock()).queue
        found: list[str] = []
        for _ in range(CLAIMS_MAX):
            found += names(run_sync(queue.claim(lease_s=LEASE_S, batch_max=10_000)))
        expect(sorted(set(acknowledged) - set(found), key=int), [], "acknowledged, but lost")
        unsaid = len(found) - len(acknowledged)
        expect(unsaid <= FILLERS, True, "at most one a thread that was killed before it said so")


def a_purge_takes_nothing_from_a_worker(url: str) -> None:
    """Purge while another process works: each job is either done by it or purged, none both, none neither."""
    with closing(connect(url)) as backend:
        queue = backend.blocking(SystemClock()).queue
        count = 300
        run_sync(queue.enqueue([task(f"{number}", f"{number % 40}.example") for number in range(count)]))
        with _running("drain", url) as process:
            first = _line(process)
            purged = sum(
                run_sync(queue.purge(lane=Lane(LaneKind.OUT, f"{host}.example"), waiting=True)) for host in range(20)
            )
            done = [first, *_lines(process)]
        expect((len(done) + purged, len(set(done))), (count, len(done)), "done and purged")
        expect(run_sync(queue.depth()).lanes, 0, "rows left over")


def a_pause_outlives_who_asked_for_it(url: str) -> None:
    """Pause in a process that is then killed (SIGKILL): the others see it, until one of them ends it."""
    with closing(connect(url)) as backend:
        queue = backend.blocking(SystemClock()).queue
        run_sync(queue.enqueue([task("one")]))
        with _running("pause", url) as process:
            expect(_line(process), "paused", "the other process")
            process.kill()
        expect(run_sync(queue.paused()), [(SITE, "out:*")], "listed")
        expect(run_sync(queue.claim(lease_s=1, batch_max=9)), None, "paused")
        run_sync(queue.resume(LaneKind.OUT, site=SITE))
        expect(names(run_sync(queue.claim(lease_s=1, batch_max=9))), ["one"], "resumed")


PROCESS_CASES: list[ProcessCase] = [
    two_processes_share_the_work,
    a_killed_holder_loses_nothing,
    a_killed_writer_loses_nothing_acknowledged,
    a_purge_takes_nothing_from_a_worker,
    a_pause_outlives_who_asked_for_it,
]
