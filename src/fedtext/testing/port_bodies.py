"""The cases of what tasks have in common, which every queue must pass; see `testing.ports`."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..ports import Claim
from .port_rigs import Case, Rig, claim_of, expect, payload, task

BODY_CASES: list[Case] = []
SHARED, OTHER = "<p>für alle</p>".encode() * 9, bytes(range(256))
REST_S = 100.0
"""After so long a queue may have removed what nobody needs any more."""


def _bodies(case: Case) -> Case:
    BODY_CASES.append(case)
    return case


def _told(claim: Claim) -> list[tuple[bytes, bytes]]:
    return [(job.payload, job.body) for job in claim.jobs]


@_bodies
async def _queue_gives_each_task_the_body_that_it_came_with(rig: Rig) -> None:
    given = {"one": SHARED, "two": b"", "three": OTHER, "four": SHARED}
    await rig.queue.enqueue([task(name, body=body) for name, body in given.items()])
    await rig.again.queue.enqueue([task("five", body=SHARED)])
    expected = [(payload(name), body) for name, body in {**given, "five": SHARED}.items()]
    for queue in (rig.queue, rig.again.queue, rig.queue):
        claim = await claim_of(queue)
        expect(_told(claim), expected, "bodies")
        await queue.release(claim)


@_bodies
async def _queue_keeps_a_body_while_one_task_needs_it(rig: Rig) -> None:
    hosts = {"one": "a.example", "two": "b.example", "three": "c.example"}
    await rig.queue.enqueue([task(name, host, body=SHARED) for name, host in hosts.items()])
    for name in ("one", "two"):
        claim = await claim_of(rig.queue)
        expect(_told(claim), [(payload(name), SHARED)], "its body")
        if name == "one":
            await rig.queue.ack(claim, claim.jobs[0])
        else:
            await rig.queue.bury(claim, claim.jobs[0], reason="no")
        await rig.queue.release(claim)
    claim = await claim_of(rig.queue)
    await rig.queue.ack(claim, claim.jobs[0])
    await rig.queue.release(claim)
    for _ in range(3):
        rig.clock.advance(REST_S)
        expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "nothing waits")
    found = await rig.again.queue.buried()
    expect([(job.payload, job.body) for job, _ in found], [(payload("two"), SHARED)], "the dead letter has it")
    expect(await rig.queue.revive(found[0][0].job_id), True, "revived")
    expect(_told(await claim_of(rig.again.queue)), [(payload("two"), SHARED)], "and has it still")


@_bodies
async def _queue_takes_a_body_anew_that_was_not_needed_any_more(rig: Rig) -> None:
    for name in ("one", "two", "three"):
        await rig.queue.enqueue([task(name, body=SHARED)])
        claim = await claim_of(rig.queue)
        expect(_told(claim), [(payload(name), SHARED)], "its body")
        await rig.queue.ack(claim, claim.jobs[0])
        await rig.queue.release(claim)
        rig.clock.advance(REST_S)
        expect(await rig.again.queue.claim(lease_s=1, batch_max=1), None, "nothing waits")


@_bodies
async def _queue_purges_no_body_that_a_task_needs(rig: Rig) -> None:
    await rig.queue.enqueue([task("one", "a.example", body=SHARED)])
    claim = await claim_of(rig.queue)
    await rig.queue.bury(claim, claim.jobs[0], reason="no")
    await rig.queue.release(claim)
    await rig.queue.enqueue([task("two", "b.example", body=SHARED)])
    expect(await rig.queue.purge(), 1, "the dead letter went")
    expect(_told(await claim_of(rig.again.queue)), [(payload("two"), SHARED)], "the other has its body")


@_bodies
async def _queue_statements_add_a_body(rig: Rig) -> None:
    one, two = task("one", body=SHARED), task("two", body=OTHER)
    try:
        statements = [each for one in (one, two, task("three")) for each in rig.queue.statements(one, 0.0)]
    except ConfigurationError:
        return  # a queue without SQL says so
    if rig.opened.sql is None:
        raise AssertionError("a queue with SQL comes with a backend that runs it")
    await rig.opened.sql.atomic(statements)
    expected = [(payload("one"), SHARED), (payload("two"), OTHER), (payload("three"), b"")]
    expect(_told(await claim_of(rig.queue)), expected, "bodies")
