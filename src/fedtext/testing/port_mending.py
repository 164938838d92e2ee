"""The cases of a queue that somebody watches and mends, and of what a lost lease leaves; see `testing.ports`."""

from __future__ import annotations

import attrs

from ..adapters.sql import PURGE_JOBS_MAX
from ..ports import Lane, LaneKind
from .port_rigs import LEASE_S, SITE, Case, Rig, claim_of, expect, names, next_names, payload, task

MENDING_CASES: list[Case] = []


def _mending(case: Case) -> Case:
    MENDING_CASES.append(case)
    return case


# --- jobs that were perhaps carried out, and batches ----------------------------------------------------------------


@_mending
async def _queue_says_what_a_lost_lease_may_have_carried_out(rig: Rig) -> None:
    await rig.queue.enqueue([task(str(number)) for number in range(4)])
    claim = await claim_of(rig.queue, batch_max=3)
    expect([job.handed for job in claim.jobs], [False] * 3, "the first time")
    await rig.queue.ack(claim, claim.jobs[0])
    rig.clock.advance(LEASE_S)
    claim = await claim_of(rig.again.queue, batch_max=1)
    expect((names(claim), claim.jobs[0].handed), (["1"], True), "of the lost batch")
    await rig.again.queue.release(claim)
    claim = await claim_of(rig.queue)
    found = [(name, job.handed) for name, job in zip(names(claim), claim.jobs, strict=True)]
    expect(found, [("1", True), ("2", True), ("3", False)], "also what the next batch left; not what nobody took")


@_mending
async def _queue_says_so_of_jobs_that_wait_behind_another(rig: Rig) -> None:
    await rig.queue.enqueue([task("a1", ordering_key="a"), task("a2", ordering_key="a")])
    claim = await claim_of(rig.queue)
    await rig.queue.retry(claim, claim.jobs[0], due_s=rig.clock.now_s() + 10 * LEASE_S)
    rig.clock.advance(LEASE_S)
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "a2 waits for a1")
    rig.clock.advance(9 * LEASE_S)
    claim = await claim_of(rig.queue)
    expect([job.handed for job in claim.jobs], [True, True], "one was tried, one was held when the lease ran out")


@_mending
async def _queue_says_so_after_an_attempt_and_not_after_a_release(rig: Rig) -> None:
    await rig.queue.enqueue([task("tried"), task("given back")])
    claim = await claim_of(rig.queue)
    await rig.queue.retry(claim, claim.jobs[0], due_s=rig.clock.now_s())
    await rig.queue.release(claim)
    claim = await claim_of(rig.queue)
    expect([(job.attempts, job.handed) for job in claim.jobs], [(1, True), (0, False)], "tried, and given back")
    await rig.queue.bury(claim, claim.jobs[1], reason="no")
    await rig.queue.release(claim)
    await rig.queue.revive(claim.jobs[1].job_id)
    claim = await claim_of(rig.queue)
    expect((claim.jobs[1].attempts, claim.jobs[1].handed), (0, True), "a dead letter was tried once")


@_mending
async def _queue_acks_a_batch_at_once(rig: Rig) -> None:
    await rig.queue.enqueue([task(str(number), dedupe_key=str(number)) for number in range(4)])
    claim = await claim_of(rig.queue, batch_max=3)
    expect(await rig.queue.ack_all(claim, claim.jobs[:2]), 2, "done")
    expect(attrs.astuple(await rig.queue.depth())[:2], (1, 1), "one waits, one is still leased")
    expect(await rig.queue.ack_all(claim, claim.jobs), 1, "two were done already")
    expect(await rig.queue.ack_all(claim, []), 0, "nothing")
    await rig.queue.release(claim)
    lost = await claim_of(rig.queue)
    rig.clock.advance(LEASE_S)
    held = await claim_of(rig.again.queue)
    expect(await rig.queue.ack_all(lost, lost.jobs), 0, "the lease was lost")
    expect(await rig.again.queue.ack_all(held, held.jobs), 1, "the new holder's")
    expect(await rig.queue.enqueue([task("3", dedupe_key="3")]), 1, "what is done waits no more")


@_mending
async def _queue_takes_back_as_many_as_are_done(rig: Rig) -> None:
    for count in (1, 2, 19, 20, 21, 40, 45):
        await rig.queue.enqueue([task(str(number)) for number in range(count + 1)])
        claim = await claim_of(rig.queue, batch_max=count)
        if count % 2:
            expect(await rig.queue.ack_all(claim, claim.jobs), count, f"done: {count} of them")
            await rig.queue.release(claim)
        else:
            await rig.queue.release(claim, done=claim.jobs)
        rest = await claim_of(rig.queue)
        expect(names(rest), [str(count)], f"left behind {count}")
        await rig.queue.release(rest, done=rest.jobs)
        expect((await rig.queue.depth()).waiting, 0, "nothing waits")


# --- mending: wake, pause, purge, revive ----------------------------------------------------------------------------


@_mending
async def _queue_wakes_a_lane(rig: Rig) -> None:
    lane = Lane(LaneKind.OUT, "a.example")
    expect(await rig.queue.wake(lane, site=SITE), False, "there is no such lane")
    await rig.queue.enqueue([task("one"), task("two")])
    claim = await claim_of(rig.queue)
    await rig.queue.retry(claim, claim.jobs[0], due_s=rig.clock.now_s() + 1000)
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 500, failures=3)
    expect(await rig.queue.wake(lane, site="https://other.example"), False, "another site's")
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "it backs off")
    expect(await rig.again.queue.wake(lane, site=SITE), True, "woken")
    claim = await claim_of(rig.queue)
    expect((names(claim), claim.failures), (["one", "two"], 0), "all of it, at once, its failures forgotten")
    expect(claim.jobs[0].attempts, 1, "what was tried stays known")


@_mending
async def _queue_leaves_the_lease_of_a_lane_that_it_wakes(rig: Rig) -> None:
    lane = Lane(LaneKind.OUT, "a.example")
    await rig.queue.enqueue([task("one"), task("late", due_s=rig.clock.now_s() + 1000)])
    claim = await claim_of(rig.queue)
    expect(await rig.again.queue.wake(lane, site=SITE), True, "woken")
    expect(await rig.again.queue.claim(lease_s=1, batch_max=9), None, "it is leased")
    expect(await rig.queue.ack(claim, claim.jobs[0]), True, "the holder's")
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 5, failures=2)
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "what the holder says of its host counts")
    rig.clock.advance(5)
    claim = await claim_of(rig.queue)
    expect((names(claim), claim.failures), (["late"], 2), "its jobs' due times were changed")


@_mending
async def _queue_does_not_send_a_lane_to_the_back_by_waking_it(rig: Rig) -> None:
    for host in ("a.example", "b.example"):
        await rig.queue.enqueue([task(host, host)])
        rig.clock.advance(1)
    await rig.queue.wake(Lane(LaneKind.OUT, "a.example"), site=SITE)
    expect(await next_names(rig.queue), ["a.example"], "it has waited longer")


@_mending
async def _queue_pauses_a_lane(rig: Rig) -> None:
    lane = Lane(LaneKind.OUT, "a.example")
    await rig.queue.enqueue([task("one")])
    expect(await rig.queue.pause(lane, site=SITE), True, "paused")
    expect(await rig.again.queue.pause(lane, site=SITE), False, "it was already")
    expect(await rig.again.queue.paused(), [(SITE, "out:a.example")], "listed")
    expect(await rig.queue.enqueue([task("two"), task("other", "b.example")]), 2, "tasks are added as ever")
    expect(await next_names(rig.queue), ["other"], "another host's")
    expect(await next_names(rig.queue), [], "nothing of a paused lane")
    rig.clock.advance(1e6)
    expect(await rig.queue.wake(lane, site=SITE), True, "woken, but paused")
    expect([names(claim) for claim in [await rig.queue.claim(lease_s=1, batch_max=9)]], [["other"]], "long after")
    expect(await rig.queue.resume(lane, site=SITE), True, "resumed")
    expect(await rig.queue.resume(lane, site=SITE), False, "there is no pause")
    expect(await next_names(rig.queue), ["one", "two"], "at once")
    expect(await rig.queue.paused(), [], "none")


@_mending
async def _queue_pauses_an_empty_lane(rig: Rig) -> None:
    lane = Lane(LaneKind.OUT, "a.example")
    await rig.queue.pause(lane, site=SITE)
    expect((await rig.queue.depth()).lanes, 0, "no row for it")
    await rig.queue.enqueue([task("one"), task("elsewhere", site="https://other.example")])
    expect(await next_names(rig.queue), ["elsewhere"], "another site's lane of that host")
    expect(await next_names(rig.queue), [], "paused before it was there")
    await rig.queue.purge(waiting=True, site=SITE)
    expect([item.paused for item in await rig.queue.lanes()], [False], "the row is gone")
    await rig.queue.enqueue([task("two")])
    expect(await next_names(rig.queue), [], "the pause outlives the row")


@_mending
async def _queue_pauses_a_kind(rig: Rig) -> None:
    for kind in LaneKind:
        await rig.queue.enqueue([task(f"{kind.value}-{host}", lane=Lane(kind, host)) for host in "ab"])
    expect(await rig.queue.pause(LaneKind.OUT, site=SITE), True, "all of a kind")
    await rig.queue.pause(Lane(LaneKind.OUT, "a"), site=SITE)
    await rig.queue.enqueue([task("out-c", "c"), task("out-a", "a")])
    found = [await next_names(rig.queue) for _ in range(5)]
    expect(sorted(found), [[], ["fanout-a"], ["fanout-b"], ["in-a"], ["in-b"]], "the other kinds")
    expect(await rig.queue.paused(), [(SITE, "out:*"), (SITE, "out:a")], "both")
    await rig.queue.resume(LaneKind.OUT, site=SITE)
    found = [await next_names(rig.queue) for _ in range(3)]
    expect(sorted(found), [[], ["out-b"], ["out-c"]], "a lane that is paused itself stays so")
    await rig.queue.resume(Lane(LaneKind.OUT, "a"), site=SITE)
    expect(await next_names(rig.queue), ["out-a", "out-a"], "no pause is left")


@_mending
async def _queue_keeps_a_kind_paused_when_one_of_its_lanes_resumes(rig: Rig) -> None:
    lane = Lane(LaneKind.OUT, "a.example")
    await rig.queue.enqueue([task("one")])
    await rig.queue.pause(lane, site=SITE)
    await rig.queue.pause(LaneKind.OUT, site=SITE)
    expect(await rig.queue.resume(lane, site=SITE), True, "resumed")
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "its kind is paused")


@_mending
async def _queue_lets_a_claim_end_in_a_pause(rig: Rig) -> None:
    lane = Lane(LaneKind.OUT, "a.example")
    await rig.queue.enqueue([task("one"), task("two")])
    claim = await claim_of(rig.queue, batch_max=1)
    await rig.queue.pause(lane, site=SITE)
    expect(await rig.queue.ack(claim, claim.jobs[0]), True, "done in the pause")
    expect(await rig.queue.extend(claim, lease_s=LEASE_S), True, "and for longer")
    await rig.queue.release(claim)
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "then it is paused")
    await rig.queue.resume(lane, site=SITE)
    await claim_of(rig.queue)
    await rig.queue.pause(LaneKind.OUT, site=SITE)
    rig.clock.advance(LEASE_S)
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "its lease ran out in a pause")
    await rig.queue.resume(LaneKind.OUT, site=SITE)
    claim = await claim_of(rig.queue)
    expect((names(claim), claim.jobs[0].handed), (["two"], True), "and who held it may have carried it out")


@_mending
async def _queue_keeps_back_offs_over_a_pause(rig: Rig) -> None:
    await rig.queue.enqueue([task("one")])
    claim = await claim_of(rig.queue)
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 100, failures=3)
    await rig.queue.pause(LaneKind.OUT, site=SITE)
    rig.clock.advance(50)
    await rig.queue.resume(LaneKind.OUT, site=SITE)
    expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "it backs off still")
    rig.clock.advance(50)
    expect((await claim_of(rig.queue)).failures, 3, "with its run of failures")


async def _bury_all(rig: Rig, *hosts: str, **options: str) -> list[int]:
    """Make two dead letters a host; give their ids in order."""
    for host in hosts:
        await rig.queue.enqueue([task(f"{host}{number}", host, **options) for number in range(2)])
    found: list[int] = []
    for _ in hosts:
        claim = await claim_of(rig.queue, batch_max=2)
        for job in claim.jobs:
            await rig.queue.bury(claim, job, reason="no")
            found.append(job.job_id)
        await rig.queue.release(claim)
    return sorted(found)


@_mending
async def _queue_revives_many(rig: Rig) -> None:
    await _bury_all(rig, "a", site="https://other.example")
    await _bury_all(rig, "a", "b", "c")
    expect(await rig.queue.revive_all(site=SITE, lane=Lane(LaneKind.OUT, "b")), 2, "of one lane")
    expect(await next_names(rig.queue), ["b0", "b1"], "its own")
    expect(await rig.again.queue.revive_all(site=SITE, limit=3), 3, "of one site, at most so many")
    expect(sorted([await next_names(rig.queue), await next_names(rig.queue)]), [["a0", "a1"], ["c0"]], "oldest first")
    expect(await rig.queue.revive_all(), 3, "the rest")
    expect(await rig.queue.revive_all(), 0, "none is left")


@_mending
async def _queue_revives_one_of_a_dedupe_key(rig: Rig) -> None:
    for name in ("one", "two"):
        await rig.queue.enqueue([task(name, dedupe_key="d")])
        claim = await claim_of(rig.queue)
        await rig.queue.bury(claim, claim.jobs[0], reason="no")
        await rig.queue.release(claim)
    await _bury_all(rig, "b.example")
    expect(await rig.queue.revive_all(), 3, "one of the two, and those that have no key")
    expect(await rig.queue.revive_all(), 0, "its like waits")
    expect([job.payload for job, _ in await rig.queue.buried()], [payload("two")], "the younger stays")


@_mending
async def _queue_purges_dead_letters(rig: Rig) -> None:
    await _bury_all(rig, "a", "b")
    await _bury_all(rig, "a", site="https://other.example")
    await rig.queue.enqueue([task("waits", "a", dedupe_key="d")])
    expect(await rig.queue.purge(site=SITE, lane=Lane(LaneKind.OUT, "b")), 2, "of a lane")
    expect(await rig.queue.purge(site=SITE), 2, "of a site")
    expect(attrs.astuple(await rig.queue.depth())[:4], (1, 0, 2, 2), "what waits stays")
    expect(await rig.again.queue.purge(), 2, "all")
    expect(await rig.queue.purge(), 0, "none is left")
    expect(attrs.astuple(await rig.queue.depth())[:4], (1, 0, 0, 1), "no rows for nothing")
    expect(await rig.queue.purge(lane=Lane(LaneKind.OUT, "a"), waiting=True), 1, "what waits, too")
    expect(await rig.queue.enqueue([task("waits", "a", dedupe_key="d")]), 1, "its key is free")


@_mending
async def _queue_purges_nothing_that_is_worked_on(rig: Rig) -> None:
    await rig.queue.enqueue([task(str(number)) for number in range(4)])
    claim = await claim_of(rig.queue, batch_max=2)
    expect(await rig.again.queue.purge(waiting=True), 2, "what nobody holds")
    expect(attrs.astuple(await rig.queue.depth())[:2], (0, 2), "the batch stays")
    expect(await rig.queue.ack(claim, claim.jobs[0]), True, "its holder goes on")
    await rig.queue.release(claim)
    expect(await rig.queue.purge(waiting=True), 1, "when it is given back")


@_mending
async def _queue_purges_more_than_a_step(rig: Rig) -> None:
    count = 2 * PURGE_JOBS_MAX + 1
    await rig.queue.enqueue([task(str(number), f"{number % 3}.example") for number in range(count)])
    expect(await rig.queue.purge(waiting=True), count, "all")
    expect(attrs.astuple(await rig.queue.depth())[:4], (0, 0, 0, 0), "nothing is left")


@_mending
async def _queue_tells_how_lanes_stand(rig: Rig) -> None:
    expect(await rig.queue.lanes(), [], "none")
    start_s = rig.clock.now_s()
    await rig.queue.enqueue([task(str(number), "b.example") for number in range(4)])
    claim = await claim_of(rig.queue, batch_max=3)
    await rig.queue.bury(claim, claim.jobs[0], reason="no")
    rig.clock.advance(1)
    await rig.queue.enqueue([task("later", "b.example"), task("in", lane=Lane(LaneKind.IN, "https://b.example"))])
    await rig.queue.enqueue([task("other", "b.example", site="https://a.example")])
    await rig.queue.pause(LaneKind.IN, site=SITE)
    found = [(item.site, str(item.lane), item.paused) for item in await rig.again.queue.lanes()]
    expected = [
        ("https://a.example", "out:b.example", False),
        (SITE, "in:https://b.example", True),
        (SITE, "out:b.example", False),
    ]
    expect(found, expected, "in order")
    status = (await rig.queue.lanes())[2]
    expect((status.waiting, status.leased, status.buried), (2, 2, 1), "its jobs")
    expect((status.failures, status.due_s, status.oldest_enqueued_s), (0, 0.0, start_s), "its state")
    await rig.queue.ack_all(claim, claim.jobs)
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 9, failures=2)
    status = (await rig.queue.lanes(after=(SITE, "out:a.example")))[0]
    expect((status.waiting, status.leased, status.failures, status.due_s), (2, 0, 2, start_s + 10), "backing off")
    rig.clock.advance(9)
    expect((await rig.queue.lanes())[2].due_s, 0.0, "no longer")


@_mending
async def _queue_lists_lanes_by_pages_and_kinds(rig: Rig) -> None:
    for kind in LaneKind:
        await rig.queue.enqueue(
            [task("one", lane=Lane(kind, host)) for host in ("a.example", "É.example", "Z.example")]
        )
    places = [(item.site, str(item.lane)) for item in await rig.queue.lanes()]
    expect(places, sorted(places), "by code points")
    pages: list[tuple[str, str]] = []
    for _ in range(6):  # one more than there are pages
        page = await rig.queue.lanes(limit=2, after=pages[-1] if pages else None)
        pages += [(item.site, str(item.lane)) for item in page]
    expect(pages, places, "all pages")
    expect({item.lane.kind for item in await rig.queue.lanes(kinds=[LaneKind.OUT])}, {LaneKind.OUT}, "one kind")
    expect(await rig.queue.lanes(kinds=[]), [], "no kind")
    expect(await rig.queue.lanes(limit=0), [], "nothing asked for")


@_mending
async def _queue_tells_of_a_lane_of_dead_letters(rig: Rig) -> None:
    await _bury_all(rig, "a.example")
    for _ in range(2):
        expect(await rig.queue.claim(lease_s=1, batch_max=9), None, "nothing waits")
        status = (await rig.queue.lanes())[0]
        expect((status.waiting, status.buried, status.oldest_enqueued_s), (0, 2, None), "only dead letters")
