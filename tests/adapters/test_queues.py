"""Every queue passes the suite of the port, in both colours; those that processes share survive their death."""

from __future__ import annotations

import random

import attrs
import pytest

from fedtext.adapters.backends import MemoryBackend, PostgresBackend, SqliteBackend
from fedtext.adapters.clocks import ManualClock
from fedtext.ports import Claim, Job, Lane, LaneKind
from fedtext.sync import run_sync
from fedtext.testing.port_processes import PROCESS_CASES
from fedtext.testing.ports import QUEUE_CASES, SITE, Colour, case_name, run_case, task

BACKENDS = {
    "memory": lambda folder: MemoryBackend(),
    "sqlite": lambda folder: SqliteBackend(folder / "test.sqlite3"),
}


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", QUEUE_CASES, ids=case_name)
def test_suite(case, backend, colour, tmp_path):
    run_case(case, lambda: BACKENDS[backend](tmp_path), colour)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("case", QUEUE_CASES, ids=case_name)
def test_suite_in_postgresql(case, colour, postgres_tables_url):
    run_case(case, lambda: PostgresBackend(postgres_tables_url), colour)


@pytest.mark.parametrize("case", PROCESS_CASES, ids=case_name)
def test_processes(case, tmp_path):
    case(f"sqlite:///{tmp_path / 'test.sqlite3'}")


@pytest.mark.parametrize("case", PROCESS_CASES, ids=case_name)
def test_processes_in_postgresql(case, postgres_url):
    case(postgres_url)


def plain(answer):
    """Give an answer without what may differ: tokens and job ids."""
    match answer:
        case Claim():
            return attrs.evolve(answer, token="", jobs=tuple(map(plain, answer.jobs)))
        case Job():
            return attrs.evolve(answer, job_id=0)
        case [(Job(), _), *_]:
            return [(plain(job), reason) for job, reason in answer]
        case _:
            return answer


def ask(queue, chance, held, now_s, number):
    """Do one random thing to a queue; `held` are the claims that this queue gave, oldest first."""
    claim = chance.choice(held) if held else None
    job = chance.choice(claim.jobs) if claim else None
    later_s = now_s + chance.uniform(-20, 80)
    match chance.choice(
        ["enqueue"] * 4 + ["claim"] * 3 + ["ack"] * 4 + ["retry", "bury", "release", "release"] + OTHERS
    ):
        case "enqueue":
            lane = Lane(chance.choice([*LaneKind]), chance.choice("ab"))
            key, dedupe = chance.choice(["", "k", "l"]), chance.choice([None, "d", "e", "f"])
            due_s = chance.choice([0.0, 0.0, later_s])
            body = chance.choice([b"", b"a", b"b"])
            one = task(str(number), lane=lane, ordering_key=key, dedupe_key=dedupe, due_s=due_s, body=body)
            return queue.enqueue([one])
        case "claim":
            kinds = chance.choice([None, [LaneKind.OUT], [LaneKind.IN, LaneKind.FANOUT]])
            return queue.claim(lease_s=30, batch_max=chance.randint(1, 4), kinds=kinds)
        case "revive":
            found = run_sync(queue.buried())
            return queue.revive(chance.choice(found)[0].job_id if found else 0)
        case "ack" if claim:
            return queue.ack(claim, job)
        case "retry" if claim:
            return queue.retry(claim, job, due_s=later_s)
        case "bury" if claim:
            return queue.bury(claim, job, reason="no")
        case "extend" if claim:
            return queue.extend(claim, lease_s=20)
        case "release" if claim:
            return queue.release(claim, due_s=chance.choice([0.0, later_s]), failures=chance.randint(0, 2))
        case "buried":
            return queue.buried()
        case "ack_all" if claim:
            return queue.ack_all(claim, claim.jobs[: chance.randint(0, 4)])
        case "wake":
            return queue.wake(Lane(chance.choice([*LaneKind]), chance.choice("ab")), site=SITE)
        case "pause" | "resume" as what:
            target = chance.choice([*LaneKind, *(Lane(kind, "a") for kind in LaneKind)])
            return getattr(queue, what)(target, site=SITE)
        case "paused":
            return queue.paused()
        case "purge":
            lane = Lane(chance.choice([*LaneKind]), chance.choice("ab"))
            return queue.purge(lane=lane, site=chance.choice([None, SITE]), waiting=chance.random() < 0.3)
        case "revive_all":
            return queue.revive_all(limit=chance.randint(1, 3))
        case "lanes":
            return queue.lanes(limit=chance.randint(1, 9))
        case _:
            return queue.depth()


OTHERS = ["extend", "revive", "buried", "depth", "ack_all", "wake", "resume", "resume", "paused", "revive_all"]
OTHERS += ["pause", "purge", "lanes", "lanes"]


@pytest.mark.parametrize("seed", range(20))
def test_memory_and_sqlite_give_the_same_answers(seed, tmp_path):
    """Two independent bodies of code, one story: whatever happens, both tell the same."""
    tell_one_story(seed, MemoryBackend(), SqliteBackend(tmp_path / "test.sqlite3"))


@pytest.mark.parametrize("seed", range(4))
def test_memory_and_postgresql_give_the_same_answers(seed, postgres_tables_url):
    tell_one_story(seed, MemoryBackend(), PostgresBackend(postgres_tables_url))


def tell_one_story(seed, *backends):
    """Do the same random things to two queues, and expect the same answers."""
    clock, time = ManualClock(), random.Random(seed)
    queues = [backend.blocking(clock).queue for backend in backends]
    held = [[], []]
    for number in range(1, 300):
        clock.advance(time.uniform(0.01, 4))
        answers = []
        for queue, claims in zip(queues, held, strict=True):
            chance = random.Random(f"{seed}/{number}")
            answer = run_sync(ask(queue, chance, claims[-3:], clock.now_s(), number))
            if isinstance(answer, Claim):
                claims.append(answer)
            answers.append(plain(answer))
        assert answers[0] == answers[1], number
    for backend in backends:
        backend.close()
