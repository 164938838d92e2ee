"""The cases that every queue must pass, in both colours; see `testing.ports`."""

from __future__ import annotations

import attrs

from ..errors import ConfigurationError
from ..ports import Lane, LaneKind
from .port_bodies import BODY_CASES
from .port_lanes import LANE_CASES
from .port_mending import MENDING_CASES
from .port_rigs import LEASE_S, SITE, Case, Rig, claim_of, expect, names, next_names, payload, task

QUEUE_CASES: list[Case] = []


def _queue(case: Case) -> Case:
    QUEUE_CASES.append(case)
    return case


# --- claims and leases -----------------------------------------------------------------------------------------------


@_queue
async def _queue_gives_what_was_put_in(rig: Rig) -> None:
    lane = Lane(LaneKind.IN, "https://peer.example:8443")
    added = await rig.queue.enqueue([task("one", lane=lane, ordering_key="k", dedupe_key="d")])
    expect(added, 1, "how many were new")
    claim = await claim_of(rig.again.queue)
    job = claim.jobs[0]
    expect((claim.site, claim.lane, claim.failures), (SITE, lane, 0), "the lane")
    expect(claim.lease_until_s, rig.clock.now_s() + LEASE_S, "the end of the lease")
    expect((job.site, job.lane, job.payload, job.ordering_key), (SITE, lane, payload("one"), "k"), "the job")
    expect((job.attempts, job.enqueued_s), (0, rig.clock.now_s()), "its history")
    expect(await rig.queue.ack(claim, job), True, "done")
    expect(await rig.queue.ack(claim, job), False, "it was done already")
    await rig.queue.release(claim)
    expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "nothing left")
    expect(await rig.queue.enqueue([]), 0, "no tasks")


@_queue
async def _queue_removes_what_is_done_as_a_lane_is_given_back(rig: Rig) -> None:
    await rig.queue.enqueue([task(name, dedupe_key=name) for name in ("one", "two", "three")])
    claim = await claim_of(rig.queue)
    await rig.queue.ack(claim, claim.jobs[0])
    await rig.queue.release(claim, done=claim.jobs[:2])
    expect(await rig.again.queue.enqueue([task("two", dedupe_key="two")]), 1, "it is done")
    claim = await claim_of(rig.again.queue)
    expect(names(claim), ["three", "two"], "what was not done waits on")
    rig.clock.advance(LEASE_S)
    other = await claim_of(rig.queue)
    await rig.queue.release(claim, done=claim.jobs)
    await rig.queue.release(other)
    expect(await next_names(rig.queue), ["three", "two"], "a lease that was lost ends nothing")
    rig.clock.advance(LEASE_S)
    last = await claim_of(rig.queue)
    await rig.queue.release(last, done=last.jobs)
    expect((await rig.queue.depth()).lanes, 0, "nothing is left")


@_queue
async def _queue_takes_a_batch_in_order_of_arrival(rig: Rig) -> None:
    await rig.queue.enqueue([task(str(number)) for number in range(5)])
    claim = await claim_of(rig.queue, batch_max=3)
    expect(names(claim), ["0", "1", "2"], "the batch, at its limit")
    await rig.queue.ack(claim, claim.jobs[0])
    await rig.queue.release(claim)
    expect(await next_names(rig.queue), ["1", "2", "3", "4"], "what was not done comes first")


@_queue
async def _queue_serves_the_lane_that_waited_longest(rig: Rig) -> None:
    for host in ("b.example", "c.example", "a.example"):
        await rig.queue.enqueue([task(f"{host}-{number}", host) for number in range(2)])
        rig.clock.advance(1)
    served: list[str] = []
    for _ in range(6):
        claim = await claim_of(rig.queue, batch_max=1)
        served.append(claim.lane.name[0])
        await rig.queue.ack(claim, claim.jobs[0])
        await rig.queue.release(claim)
        rig.clock.advance(1)
    expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "all is done")
    expect("".join(served), "bcabca", "by turns, so that no host holds up the others")


@_queue
async def _queue_claims_only_the_wanted_kinds(rig: Rig) -> None:
    for kind in LaneKind:
        await rig.queue.enqueue([task(kind.value, lane=Lane(kind, "x.example"))])
    expect(await next_names(rig.queue, kinds=[LaneKind.IN]), ["in"], "one kind")
    expect(await next_names(rig.queue, kinds=[LaneKind.IN]), [], "no more of it")
    left = [await next_names(rig.queue, kinds=[LaneKind.OUT, LaneKind.FANOUT]) for _ in range(2)]
    expect(sorted(left), [["fanout"], ["out"]], "two kinds")


@_queue
async def _queue_keeps_sites_apart(rig: Rig) -> None:
    await rig.queue.enqueue([task(site, site=site, dedupe_key="same") for site in ("https://a.test", "https://b.test")])
    claims = [await claim_of(rig.queue), await claim_of(rig.queue)]
    expect(sorted(claim.site for claim in claims), ["https://a.test", "https://b.test"], "a lane each")


@_queue
async def _queue_leases_a_lane_to_one(rig: Rig) -> None:
    await rig.queue.enqueue([task(str(number)) for number in range(3)])
    await claim_of(rig.queue, batch_max=1)
    await rig.queue.enqueue([task("later")])
    expect(await rig.again.queue.claim(lease_s=1, batch_max=1), None, "the lane is leased, whatever arrives")
    rig.clock.advance(LEASE_S - 0.5)
    expect(await rig.again.queue.claim(lease_s=1, batch_max=1), None, "just before the end of the lease")
    rig.clock.advance(0.5)
    expect(await next_names(rig.again.queue), ["0", "1", "2", "later"], "at the end of the lease")


@_queue
async def _queue_refuses_the_holder_of_a_lost_lease(rig: Rig) -> None:
    await rig.queue.enqueue([task("one", dedupe_key="d")])
    lost = await claim_of(rig.queue)
    rig.clock.advance(LEASE_S)
    held = await claim_of(rig.again.queue)
    expect(await rig.queue.ack(lost, lost.jobs[0]), False, "ack")
    expect(await rig.queue.retry(lost, lost.jobs[0], due_s=0), False, "retry")
    expect(await rig.queue.bury(lost, lost.jobs[0], reason="no"), False, "bury")
    expect(await rig.queue.extend(lost, lease_s=1), False, "extend")
    await rig.queue.release(lost, due_s=rig.clock.now_s() + 1e6, failures=9)
    expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "its release changes nothing")
    expect(await rig.again.queue.ack(held, held.jobs[0]), True, "the new holder's ack")


@_queue
async def _queue_lets_a_late_holder_finish_if_nobody_else_came(rig: Rig) -> None:
    await rig.queue.enqueue([task("one"), task("two")])
    claim = await claim_of(rig.queue)
    rig.clock.advance(LEASE_S + 1)
    expect(await rig.queue.ack(claim, claim.jobs[0]), True, "late, but still the only one")
    expect(await rig.queue.extend(claim, lease_s=LEASE_S), True, "taken up again")
    expect(await rig.again.queue.claim(lease_s=1, batch_max=1), None, "leased again")


@_queue
async def _queue_extends_a_lease(rig: Rig) -> None:
    await rig.queue.enqueue([task("one")])
    claim = await claim_of(rig.queue, lease_s=10)
    rig.clock.advance(9)
    expect(await rig.queue.extend(claim, lease_s=10), True, "in time")
    rig.clock.advance(9)
    expect(await rig.again.queue.claim(lease_s=1, batch_max=1), None, "counted from the extension")
    rig.clock.advance(1)
    expect(await next_names(rig.again.queue), ["one"], "after it")


# --- queue: delay, order, back-off -----------------------------------------------------------------------------------


@_queue
async def _queue_holds_a_delayed_job_back(rig: Rig) -> None:
    due_s = rig.clock.now_s() + 10
    await rig.queue.enqueue([task("late", due_s=due_s), task("now")])
    expect(await rig.queue.enqueue([task("other", "b.example", due_s=due_s)]), 1, "a lane that is not due at all")
    claim = await claim_of(rig.queue)
    expect(names(claim), ["now"], "a delay holds up nothing else")
    await rig.queue.ack(claim, claim.jobs[0])
    await rig.queue.release(claim)
    rig.clock.advance(9.5)
    expect(await next_names(rig.queue), [], "just before")
    rig.clock.advance(0.5)
    expect(sorted([await next_names(rig.queue), await next_names(rig.queue)]), [["late"], ["other"]], "at the time")


@_queue
async def _queue_keeps_the_order_within_a_key(rig: Rig) -> None:
    due_s = rig.clock.now_s() + 10
    await rig.queue.enqueue(
        [
            task("a1", ordering_key="a", due_s=due_s),
            task("a2", ordering_key="a"),
            task("b1", ordering_key="b"),
            task("free"),
        ]
    )
    claim = await claim_of(rig.queue)
    expect(names(claim), ["b1", "free"], "a2 waits for a1")
    for job in claim.jobs:
        await rig.queue.ack(claim, job)
    await rig.queue.release(claim)
    expect(await next_names(rig.queue), [], "a2 still waits for a1")
    rig.clock.advance(10)
    expect(await next_names(rig.queue), ["a1", "a2"], "in order of arrival")


@_queue
async def _queue_retries_later_and_counts(rig: Rig) -> None:
    await rig.queue.enqueue([task("a1", ordering_key="a"), task("a2", ordering_key="a"), task("free")])
    claim = await claim_of(rig.queue)
    expect(await rig.queue.retry(claim, claim.jobs[0], due_s=rig.clock.now_s() + 10), True, "put back")
    await rig.queue.release(claim)
    claim = await claim_of(rig.queue)
    expect(names(claim), ["free"], "what has the retried one's key stays behind it")
    await rig.queue.release(claim)
    rig.clock.advance(10)
    claim = await claim_of(rig.queue)
    expect([(*names(claim),), claim.jobs[0].attempts], [("a1", "a2", "free"), 1], "one attempt ended")


@_queue
async def _queue_backs_off_a_lane_whatever_arrives(rig: Rig) -> None:
    await rig.queue.enqueue([task("one")])
    claim = await claim_of(rig.queue)
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 100, failures=3)
    await rig.queue.enqueue([task("two"), task("elsewhere", "b.example")])
    elsewhere = await claim_of(rig.queue, lease_s=100)
    expect(names(elsewhere), ["elsewhere"], "another host")
    rig.clock.advance(99.5)
    expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "just before")
    rig.clock.advance(0.5)
    claims = [await claim_of(rig.queue), await claim_of(rig.queue)]
    found = {(*names(claim), claim.failures) for claim in claims}
    expect(found, {("one", "two", 3), ("elsewhere", 0)}, "at the time, with the run of failures")


@_queue
async def _queue_remembers_failures_of_an_empty_lane_while_it_backs_off(rig: Rig) -> None:
    await rig.queue.enqueue([task("one")])
    claim = await claim_of(rig.queue)
    await rig.queue.ack(claim, claim.jobs[0])
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 100, failures=3)
    expect((await rig.queue.depth()).lanes, 1, "kept")
    await rig.queue.enqueue([task("two")])
    expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "still backing off")
    rig.clock.advance(100)
    expect((await claim_of(rig.queue)).failures, 3, "the run of failures")


@_queue
async def _queue_removes_empty_lanes(rig: Rig) -> None:
    for failures, due_s in ((0, 0.0), (3, rig.clock.now_s() + 100)):
        await rig.queue.enqueue([task("one")])
        claim = await claim_of(rig.queue)
        await rig.queue.ack(claim, claim.jobs[0])
        await rig.queue.release(claim, due_s=due_s, failures=failures)
    rig.clock.advance(100)
    expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "nothing waits")
    expect((await rig.queue.depth()).lanes, 0, "rows kept for nothing")


# --- dedupe, dead letters, depth -------------------------------------------------------------------------------------


@_queue
async def _queue_adds_no_second_while_one_waits(rig: Rig) -> None:
    twice = [task("one", dedupe_key="d"), task("again", "b.example", dedupe_key="d"), task("free"), task("free")]
    expect(await rig.queue.enqueue(twice), 3, "one of two; without a key both")
    expect(await rig.again.queue.enqueue(twice[:1]), 0, "still waiting")
    claim = await claim_of(rig.queue)
    expect(await rig.queue.enqueue(twice[:1]), 0, "leased counts as waiting")
    for job in claim.jobs:
        await rig.queue.ack(claim, job)
    expect(await rig.queue.enqueue(twice[:1]), 1, "after the ack it is new")


@_queue
async def _queue_keeps_dead_letters(rig: Rig) -> None:
    await rig.queue.enqueue([task(str(number), ordering_key="k") for number in range(3)])
    claim = await claim_of(rig.queue)
    for job in claim.jobs[:2]:
        expect(await rig.queue.bury(claim, job, reason="x" * 501), True, "buried")
    await rig.queue.release(claim)
    expect(await next_names(rig.queue), ["2"], "dead letters hold up nothing")
    found = await rig.again.queue.buried()
    expect([(job.payload, len(reason)) for job, reason in found], [(payload("0"), 500), (payload("1"), 500)], "listed")
    expect((found[0][0].attempts, found[0][0].lane.name), (1, "a.example"), "its history")
    expect(await rig.queue.buried(limit=1), found[:1], "a page")
    expect(await rig.queue.buried(after=found[0][0].job_id), found[1:], "the next page")


@_queue
async def _queue_revives_a_dead_letter_at_once(rig: Rig) -> None:
    await rig.queue.enqueue([task("one")])
    claim = await claim_of(rig.queue)
    await rig.queue.bury(claim, claim.jobs[0], reason="no")
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 100, failures=3)
    expect(await rig.queue.revive(claim.jobs[0].job_id), True, "revived")
    expect(await rig.queue.revive(claim.jobs[0].job_id), False, "it lives")
    expect(await rig.queue.revive(10**9), False, "there is none")
    claim = await claim_of(rig.queue)
    expect((names(claim), claim.jobs[0].attempts), (["one"], 0), "at once, with all its attempts before it")
    expect(await rig.queue.buried(), [], "no dead letters")


@_queue
async def _queue_revives_long_after_the_lane_was_idle(rig: Rig) -> None:
    await rig.queue.enqueue([task("one")])
    claim = await claim_of(rig.queue)
    await rig.queue.bury(claim, claim.jobs[0], reason="no")
    await rig.queue.release(claim)
    for _ in range(2):
        rig.clock.advance(1e6)
        expect(await rig.queue.claim(lease_s=1, batch_max=1), None, "nothing waits")
    await rig.queue.enqueue([task("two")])
    expect(await rig.queue.revive(claim.jobs[0].job_id), True, "revived")
    expect(await next_names(rig.queue), ["one", "two"], "in order of arrival")


@_queue
async def _queue_revives_nothing_whose_like_waits(rig: Rig) -> None:
    await rig.queue.enqueue([task("one", dedupe_key="d")])
    claim = await claim_of(rig.queue)
    await rig.queue.bury(claim, claim.jobs[0], reason="no")
    expect(await rig.queue.enqueue([task("two", dedupe_key="d")]), 1, "a dead letter does not wait")
    expect(await rig.queue.revive(claim.jobs[0].job_id), False, "its like waits")
    expect(len(await rig.queue.buried()), 1, "it stays")


@_queue
async def _queue_measures_itself(rig: Rig) -> None:
    expect(attrs.astuple(await rig.queue.depth()), (0, 0, 0, 0, 0.0), "empty")
    await rig.queue.enqueue([task(str(number)) for number in range(5)])
    await rig.queue.enqueue([task("late", "b.example", due_s=rig.clock.now_s() + 1000)])
    rig.clock.advance(7)
    expect(attrs.astuple(await rig.queue.depth()), (6, 0, 0, 2, 7.0), "waiting")
    claim = await claim_of(rig.queue, batch_max=4)
    await rig.queue.ack(claim, claim.jobs[0])
    await rig.queue.bury(claim, claim.jobs[1], reason="no")
    depth = await rig.queue.depth()
    expect((depth.waiting, depth.leased, depth.buried), (2, 2, 1), "while leased")
    rig.clock.advance(LEASE_S)
    depth = await rig.queue.depth()
    expect((depth.waiting, depth.leased, depth.buried), (4, 0, 1), "after the lease")


@_queue
async def _queue_statements_add_the_same(rig: Rig) -> None:
    try:
        statements = rig.queue.statements(task("one", dedupe_key="d"), rig.clock.now_s())
    except ConfigurationError:
        return  # a queue without SQL says so
    if rig.opened.sql is None:
        raise AssertionError("a queue with SQL comes with a backend that runs it")
    for _ in range(2):
        await rig.opened.sql.atomic(statements)
    expect(await rig.queue.enqueue([task("one", dedupe_key="d")]), 0, "it waits already")
    expect(await next_names(rig.queue), ["one"], "once")


QUEUE_CASES.extend([*MENDING_CASES, *LANE_CASES, *BODY_CASES])
