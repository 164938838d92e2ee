"""What is known of the hosts that we deliver to: one turn of a lane begins and ends with it.

A turn is the batch of jobs that a claim gives. What is kept of a host is read once a turn, and written at most once a
day while the host fails, and when it comes back. What happens in between is counted in this process's memory.

Invariants: nobody but the holder of a lane's lease writes down its failures; a sign of life of a host, whatever it is,
ends what is kept against it; a store that fails never stands in the way of a delivery that is under way.

Sources: DLV-04, DLV-08, DLV-24.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import attrs

from ..delivery import (
    HEALTH_KEPT_S,
    OUTAGE_FAILURES_MIN,
    DeliveryTask,
    HostHealth,
    Superfluous,
    after_host_failure,
    after_host_gone,
    after_host_life,
    collapse,
    decode_health,
    decode_task,
    is_unavailable,
    read_waiting,
    recovery_pause_s,
)
from ..errors import FedtextError, MalformedIri, PortError
from ..fetch import scheme_key
from ..ports import Claim, Event, Job, Lane, LaneKind, PortSet, store_key
from ..wire.iri import host_of, origin_of
from .actor_keys import key_set_key
from .engine import Engine
from .turn_store import TurnStore
from .turns import NO_TURN, Turn, TurnResult

# A lane is waked so often at most: a host that speaks but takes nothing would else be asked all the time.
_WAKE_S: Final = 4 * 3_600.0


async def begin_turn(engine: Engine, claim: Claim, ports: PortSet) -> Turn:
    """Look at the host of a lane, and at what of the batch need not be sent; one read of the store.

    Raises:
        StoreError: The store is not to be had.
    """
    if claim.lane.kind is not LaneKind.OUT:
        return NO_TURN
    place, wanted = health_key(claim.site, claim.lane.name), _wanted(engine, claim)
    found = await ports.store.get_many([place, *wanted])
    health = decode_health(found.get(place))
    if is_unavailable(health, now_s=ports.clock.now_s(), policy=engine.config.delivery):
        return Turn(health=health, unavailable=True)
    left_out = _left_out(claim.jobs) if engine.config.delivery.collapses else {}
    store = TurnStore(ports.store, ports.coalesce, read={key: found.get(key) for key in wanted})
    return Turn(health=health, left_out=left_out, ports=attrs.evolve(ports, store=store))


def _wanted(engine: Engine, claim: Claim) -> list[str]:
    """Name what the first delivery of a batch will read once a turn; the others mostly want the same."""
    task = _delivery(claim.jobs[0])
    if task is None:
        return []
    with suppress(FedtextError):  # carrying it out says what is wrong with it
        sender_id, origin = engine.sender_id(task.sender), origin_of(task.inbox)
        return [key_set_key(claim.site, sender_id), scheme_key(claim.site, origin)]
    return []


async def end_turn(engine: Engine, claim: Claim, turn: Turn, result: TurnResult, ports: PortSet) -> float:
    """Write down what a turn says of its host, where it says anything new; gives for how long the lane should rest.

    Raises:
        PortError: Store or queue are not to be had.
    """
    if claim.lane.kind is not LaneKind.OUT or turn.unavailable:
        return result.pause_s
    policy, now_s, health = engine.config.delivery, ports.clock.now_s(), turn.health
    after_outage = claim.failures >= OUTAGE_FAILURES_MIN
    if result.delivered and (health.is_failing or after_outage):
        awake = now_s - health.recovered_s < _WAKE_S
        health = after_host_life(health, now_s=now_s, succeeded=True, after_outage=after_outage)
        await _keep(engine, claim.lane.name, health, ports)
        if after_outage and not awake:
            await ports.queue.wake(claim.lane, site=claim.site)
    elif result.failure and not result.delivered:
        succeeded_s = engine.hosts.of(claim.lane.name).succeeded_s
        learned = after_host_failure(health, reason=result.failure, now_s=now_s, policy=policy, succeeded_s=succeeded_s)
        if learned != health:
            await _keep(engine, claim.lane.name, learned, ports)
        if is_unavailable(learned, now_s=now_s, policy=policy):
            await _give_up_host(engine, claim.lane, ports, failing_days=len(learned.days), reason=result.failure)
            return 0.0
    return max(result.pause_s, recovery_pause_s(health, result.sent_count, now_s=now_s, policy=policy))


async def mark_host_gone(engine: Engine, host: str, reason: str, ports: PortSet) -> None:
    """Keep that the shared inbox of a host is gone, and the host with it (DLV-04)."""
    known = decode_health(await ports.store.get(health_key(engine.site.origin, host)))
    await _keep(engine, host, after_host_gone(known, reason=reason, now_s=ports.clock.now_s()), ports)
    await _give_up_host(engine, Lane(LaneKind.OUT, host), ports, failing_days=len(known.days), reason=reason)


async def _give_up_host(engine: Engine, lane: Lane, ports: PortSet, *, failing_days: int, reason: str) -> None:
    """Say that a host is unavailable, and let what waits for it be due now, so that it is given up at once."""
    engine.hosts.look_again(lane.name)
    fields: dict[str, str | int | float | bool | None] = {
        "host": lane.name,
        "failing_days": failing_days,
        "reason": reason,
    }
    ports.observer.emit(Event(name="delivery.host_given_up", fields=fields))
    await ports.queue.wake(lane, site=engine.site.origin)


async def heard_from(engine: Engine, iri: str, ports: PortSet) -> None:
    """Take a sign of life: a verified activity, or an answer, from the host of an id.

    Its lane is due at once, unless it was waked a few hours ago.
    """
    try:
        await _revive(engine, host_of(iri), ports)
    except (MalformedIri, PortError):
        return  # the next sign of life is as good


async def _revive(engine: Engine, host: str, ports: PortSet) -> None:
    now_s = ports.clock.now_s()
    if not engine.hosts.takes_a_look(host, now_s):
        return
    health = decode_health(await ports.store.get(health_key(engine.site.origin, host)))
    if not health.is_failing:
        return
    is_waked = now_s - health.recovered_s >= _WAKE_S
    revived = after_host_life(health, now_s=now_s, succeeded=False, after_outage=is_waked)
    await _keep(engine, host, revived, ports)
    ports.observer.emit(Event(name="delivery.host_revived", fields={"host": host, "failing_days": len(health.days)}))
    if is_waked:
        await ports.queue.wake(Lane(LaneKind.OUT, host), site=engine.site.origin)


async def unavailable_among(engine: Engine, hosts: Iterable[str], ports: PortSet) -> frozenset[str]:
    """Give those of some hosts that are sent nothing until they give a sign of life; one read of the store."""
    places = {health_key(engine.site.origin, host): host for host in hosts}
    if not places:
        return frozenset()
    now_s, policy = ports.clock.now_s(), engine.config.delivery
    found = await ports.store.get_many(list(places))
    return frozenset(
        places[place]
        for place, value in found.items()
        if is_unavailable(decode_health(value), now_s=now_s, policy=policy)
    )


def health_key(site: str, host: str) -> str:
    """Give the store's key of what is kept of a host that has failed."""
    return store_key(site, "host-health", host)


async def _keep(engine: Engine, host: str, health: HostHealth, ports: PortSet) -> None:
    await ports.store.put(health_key(engine.site.origin, host), health.encode(), ttl_s=HEALTH_KEPT_S)


def _left_out(jobs: Sequence[Job]) -> dict[int, Superfluous]:
    """Choose what need not be sent, for each inbox by itself."""
    chains: dict[str, list[Job]] = {}
    for job in jobs:
        if job.ordering_key:
            chains.setdefault(job.ordering_key, []).append(job)
    found: dict[int, Superfluous] = {}
    for chain in chains.values():
        if len(chain) > 1:
            tasks = [(job, task) for job in chain if (task := _delivery(job)) is not None]
            found |= collapse([read_waiting(job.job_id, task.body, handed=job.handed) for job, task in tasks])
    return found


def _delivery(job: Job) -> DeliveryTask | None:
    with suppress(FedtextError):  # carrying it out says what is wrong with it
        task = decode_task(job.payload, job.body)
        return task if isinstance(task, DeliveryTask) else None
    return None
