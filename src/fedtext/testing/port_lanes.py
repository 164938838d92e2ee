"""The cases of a queue whose lanes an engine carries: one lane by name, and which are due; see `testing.ports`."""

from __future__ import annotations

from ..ports import Lane, LaneDue, LaneKind
from .port_rigs import LEASE_S, SITE, Case, Rig, claim_of, expect, next_names, task

LANE_CASES: list[Case] = []

_OTHER_SITE = "https://other.example"


def _lanes(case: Case) -> Case:
    LANE_CASES.append(case)
    return case


def _out(host: str) -> Lane:
    return Lane(LaneKind.OUT, host)


async def _due(rig: Rig, **options: object) -> list[str]:
    options.setdefault("until_s", rig.clock.now_s())
    found: list[LaneDue] = await rig.queue.ready(**options)  # type: ignore[arg-type]
    return [due.lane.name for due in found]


# --- one lane by name ------------------------------------------------------------------------------------------------


@_lanes
async def _queue_claims_a_lane_by_name(rig: Rig) -> None:
    await rig.queue.enqueue([task("first"), task("wanted", "b.example"), task("not", "b.example", site=_OTHER_SITE)])
    named = {"lane": _out("b.example"), "site": SITE}
    expect(await next_names(rig.queue, **named), ["wanted"], "though another waited longer")
    expect(await next_names(rig.again.queue, **named), [], "it is leased")
    expect(await next_names(rig.queue, lane=_out("c.example"), site=SITE), [], "there is no such lane")
    expect(await next_names(rig.queue, lane=Lane(LaneKind.IN, "a.example"), site=SITE), [], "of another kind")
    expect(await next_names(rig.queue, lane=_out("a.example"), site=_OTHER_SITE), [], "of another site")
    rig.clock.advance(LEASE_S)
    expect(await next_names(rig.again.queue, **named), ["wanted"], "when its lease is lost")
    expect(await next_names(rig.queue), ["first"], "the others are still there")


@_lanes
async def _queue_a_name_opens_no_lane_that_is_shut(rig: Rig) -> None:
    await rig.queue.enqueue([task("one"), task("late", "late.example", due_s=rig.clock.now_s() + 10)])
    claim = await claim_of(rig.queue, lane=_out("a.example"), site=SITE)
    await rig.queue.release(claim, due_s=rig.clock.now_s() + 100, failures=1)
    for host in ("a.example", "late.example"):
        expect(await next_names(rig.queue, lane=_out(host), site=SITE), [], f"{host} is not due")
    rig.clock.advance(10)
    expect(await next_names(rig.queue, lane=_out("late.example"), site=SITE), ["late"], "now it is")
    rig.clock.advance(90)
    await rig.queue.pause(_out("a.example"), site=SITE)
    expect(await next_names(rig.queue, lane=_out("a.example"), site=SITE), [], "it is paused")
    await rig.queue.resume(_out("a.example"), site=SITE)
    expect(await next_names(rig.queue, lane=_out("a.example"), site=SITE), ["one"], "no more")


@_lanes
async def _queue_claims_for_one_site_alone(rig: Rig) -> None:
    await rig.queue.enqueue([task("theirs", site=_OTHER_SITE)])
    rig.clock.advance(1)
    await rig.queue.enqueue([task("ours", "b.example")])
    expect(await next_names(rig.queue, site=SITE), ["ours"], "though the other site's waited longer")
    expect(await next_names(rig.queue, site=SITE), [], "the rest is not ours")
    expect(await next_names(rig.queue, site=SITE, kinds=[LaneKind.OUT]), [], "of that kind neither")
    expect(await next_names(rig.again.queue, site=_OTHER_SITE), ["theirs"], "its own worker gets it")


# --- which are due ---------------------------------------------------------------------------------------------------


@_lanes
async def _queue_lists_lanes_that_are_ready(rig: Rig) -> None:
    start_s = rig.clock.now_s()
    for host in ("b.example", "a.example", "c.example"):
        await rig.queue.enqueue([task(host, host)])
        rig.clock.advance(1)
    await rig.queue.enqueue([task("in", lane=Lane(LaneKind.IN, "i.example")), task("x", "x.example", site=_OTHER_SITE)])
    expect(await _due(rig, site=SITE), ["b.example", "a.example", "c.example", "i.example"], "the longest due first")
    expect(len(await _due(rig)), 5, "of all sites")
    expect(await _due(rig, site=SITE, limit=2), ["b.example", "a.example"], "at most so many")
    expect(await _due(rig, site=SITE, until_s=start_s + 1), ["b.example", "a.example"], "at an earlier moment")
    some = [_out("c.example"), _out("b.example"), _out("nobody.example"), Lane(LaneKind.IN, "b.example")]
    expect(await _due(rig, site=SITE, lanes=some), ["b.example", "c.example"], "only these")
    expect(await _due(rig, lanes=[]), [], "of none, none")
    first = (await rig.queue.ready(until_s=rig.clock.now_s(), limit=1))[0]
    expect(first, LaneDue(site=SITE, lane=_out("b.example"), ready_s=start_s), "and since when")


@_lanes
async def _queue_lists_no_lane_that_is_held_or_waits_or_is_paused(rig: Rig) -> None:
    await rig.queue.enqueue([task(host, f"{host}.example") for host in ("held", "dead", "paused", "done", "buried")])
    await rig.queue.enqueue([task("late", "late.example", due_s=rig.clock.now_s() + 10)])
    await claim_of(rig.queue, lane=_out("held.example"), site=SITE)
    dead = await claim_of(rig.queue, lane=_out("dead.example"), site=SITE)
    await rig.queue.release(dead, due_s=rig.clock.now_s() + 100, failures=1)
    await rig.queue.pause(_out("paused.example"), site=SITE)
    done = await claim_of(rig.queue, lane=_out("done.example"), site=SITE)
    await rig.queue.ack(done, done.jobs[0])
    await rig.queue.release(done)
    buried = await claim_of(rig.queue, lane=_out("buried.example"), site=SITE)
    await rig.queue.bury(buried, buried.jobs[0], reason="no")
    await rig.queue.release(buried)
    expect(await next_names(rig.queue), [], "what keeps only dead letters is put right by a look")
    expect(await _due(rig), [], "none is ready")
    rig.clock.advance(LEASE_S)
    expect(await _due(rig), ["late.example", "held.example"], "whose moment has come, and whose holder has gone")
    later = await _due(rig, until_s=rig.clock.now_s() + 1e9)
    expect(later, ["late.example", "held.example", "dead.example"], "and never what is paused")


@_lanes
async def _queue_says_when_a_lane_has_something_next(rig: Rig) -> None:
    lane, now_s = _out("a.example"), rig.clock.now_s()
    expect(await rig.queue.next_due_s(lane, site=SITE), None, "there is no such lane")
    await rig.queue.enqueue([task("one", due_s=now_s + 30), task("two", due_s=now_s + 20)])
    expect(await rig.queue.next_due_s(lane, site=SITE), now_s + 20, "the first that is due")
    expect(await rig.queue.next_due_s(lane, site=_OTHER_SITE), None, "of another site")
    rig.clock.advance(40)
    claim = await claim_of(rig.queue)
    expect(await rig.queue.next_due_s(lane, site=SITE), now_s + 40 + LEASE_S, "when the lease ends")
    for job in claim.jobs:
        await rig.queue.retry(claim, job, due_s=now_s + 500)
    await rig.queue.release(claim, due_s=now_s + 100, failures=1)
    expect(await rig.queue.next_due_s(lane, site=SITE), now_s + 500, "the jobs wait for longer than the lane")
    rig.clock.advance(500)
    claim = await claim_of(rig.queue)
    await rig.queue.release(claim, due_s=now_s + 900, failures=2)
    expect(await rig.queue.next_due_s(lane, site=SITE), now_s + 900, "the lane waits for longer than its jobs")
    await rig.queue.pause(LaneKind.OUT, site=SITE)
    expect(await rig.queue.next_due_s(lane, site=SITE), None, "it is paused")
    await rig.queue.resume(LaneKind.OUT, site=SITE)
    rig.clock.advance(900)
    claim = await claim_of(rig.queue)
    for job in claim.jobs:
        await rig.queue.bury(claim, job, reason="no")
    await rig.queue.release(claim)
    expect(await rig.queue.next_due_s(lane, site=SITE), None, "dead letters do not wait")
