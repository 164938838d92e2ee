"""One worker step: carry out one job of the queue and say what becomes of it.

Invariants: `run_job` never raises but on cancellation, whatever a payload, a peer, a port or the application does: one
bad job must not stop the worker; only what can never work is buried, all else is tried again.
"""

from __future__ import annotations

from functools import partial

import attrs

from ..delivery import (
    GONE_S,
    Delivered,
    DeliveryTask,
    Dispatch,
    Drop,
    FanoutTask,
    Retry,
    SynchronizeTask,
    attempt,
    is_final,
    retry_delay_s,
)
from ..delivery.tasks import AnyTask
from ..errors import (
    DocumentError,
    FetchError,
    FetchPostponed,
    LocalProtocolError,
    OriginMismatch,
    PolicyRefusal,
    PortError,
    QueueError,
)
from ..fetch import expire_object, once_a_kind
from ..inbox import (
    HELD_COUNT_MAX,
    Arrived,
    InboundTask,
    confirm,
    confirmed_hash,
    ends_or_changes,
    late_keys,
    remember_ended,
    select,
)
from ..ports import Event, Job, LaneKind, PortSet
from ..vocab import Activity, Delete, Flag, Undo, Update, reference_id
from . import forwarding
from .context import Context, Scope
from .engine import Engine
from .fanning import fan_out, gone_key, later
from .handles import resolve
from .hosts import heard_from, mark_host_gone
from .outcomes import Bury, Dispatched, Done, JobOutcome, Later
from .partial_followers import fields_for
from .payloads import read_task
from .registry import ListenerFailure
from .relayed import Heard, hear
from .relays import take_answer
from .reports import keep_report
from .synchronizing import synchronize
from .turns import NO_TURN, Awaited, Marks, Turn
from .undelivered import tell_undelivered

_PAUSE_S_MAX = 3_600
_ELSEWHERE_S = 60.0


async def run_job(engine: Engine, job: Job, ports: PortSet, turn: Turn | None = None) -> JobOutcome:
    """Carry out one job.

    A port that fails, and a listener that raises, mean "later"; what can never work is buried. Nothing is lost: the
    job stays until the worker has carried out the outcome. What listeners have heard is `Dispatched`: it is done when
    its `confirm` has been awaited.

    Args:
        engine: What is fixed at start-up.
        job: From a claim.
        ports: Of the colour of the caller.
        turn: What was decided about the batch that it belongs to; None: nothing was.
    """
    ports = ports if turn is None or turn.ports is None else turn.ports
    if job.site != engine.site.origin:
        _emit(ports, "job.of_another_site", site=job.site)
        return Later(after_s=_ELSEWHERE_S, reason="a job of another site")
    try:
        awaited = None if turn is None else turn.awaited.pop(job.job_id, None)
        task = read_task(engine, job) if awaited is None else awaited.arrived
    except (QueueError, DocumentError) as error:
        return Bury(reason=str(error))
    if task.site != job.site:
        return Bury(reason="the payload is for another site than its row")
    outcome = await _attempted(engine, awaited or task, job, ports, turn or NO_TURN)
    if isinstance(outcome, Bury) and isinstance(task, DeliveryTask | FanoutTask):
        attempts = job.attempts if turn is not None and turn.unavailable else job.attempts + 1
        await tell_undelivered(engine, task, ports, reason=outcome.reason, attempts=attempts, status=outcome.status)
    return outcome


async def _attempted(
    engine: Engine, task: Awaited | Arrived | AnyTask, job: Job, ports: PortSet, turn: Turn
) -> JobOutcome:
    try:
        if job.lane.kind is LaneKind.OUT and (turn.unavailable or job.job_id in turn.left_out):
            return _without_attempt(turn, job, ports)
        return await _carry_out(engine, task, job, ports, turn)
    except PortError as error:
        return _not_now(error, ports)
    except (DocumentError, LocalProtocolError) as error:
        return Bury(reason=str(error))
    except Exception as error:  # a fault of the application's callbacks, of its wiring, or of ours
        return _failed(engine, job, ports, error)


def _failed(engine: Engine, job: Job, ports: PortSet, error: Exception) -> Later | Bury:
    """Put off what failed in a way that nobody has foreseen; in the end it is buried."""
    _emit(ports, "job.failed", lane=str(job.lane), error=repr(error)[:300], attempts=job.attempts + 1)
    return later(engine, job, ports, f"{type(error).__name__}: {error}"[:300])


def _not_now(error: PortError, ports: PortSet) -> Later:
    """Put off what a port has kept from being done."""
    return Later(after_s=5.0 + 5.0 * ports.randomness.fraction(), reason=str(error))


def _without_attempt(turn: Turn, job: Job, ports: PortSet) -> JobOutcome:
    """Settle a job of whose host nothing is expected, or that a later one makes superfluous."""
    if turn.unavailable:
        return Bury(reason="the host is unavailable")
    why = turn.left_out[job.job_id]
    _emit(ports, why.event, lane=str(job.lane), by=why.by)
    return Done()


async def _carry_out(
    engine: Engine, task: Awaited | Arrived | AnyTask, job: Job, ports: PortSet, turn: Turn
) -> JobOutcome:
    if not engine.rulebook.is_fresh(ports.clock.now_s()):
        await engine.rulebook.refresh(ports)
    if isinstance(task, Arrived):
        task = Awaited(task, late_keys(task.site, task.authentic.activity))
    if isinstance(task, Awaited):
        return await _inbound(engine, task, job, ports, turn.marks)
    if isinstance(task, DeliveryTask):
        return await _deliver(engine, task, job, ports, turn)
    if isinstance(task, FanoutTask):
        return await fan_out(engine, task, job, ports)
    if isinstance(task, SynchronizeTask):
        return await synchronize(engine, task, ports)
    return await resolve(engine, task, job, ports)


# ---- inbound ---------------------------------------------------------------------------------------------------------


async def _inbound(engine: Engine, awaited: Awaited, job: Job, ports: PortSet, known: Marks | None) -> JobOutcome:
    arrived, late = awaited
    task, authentic, key = arrived.task, arrived.authentic, arrived.key
    activity = authentic.activity
    if task.how != "local":
        await heard_from(engine, task.signer, ports)
    marks = None if known is None else known.of([key, *late], ports.clock.now_s())
    if marks is None:
        marks = await ports.store.get_many([key, *late])  # all that is known of it, in one read
    if known is not None and isinstance(activity, Delete | Undo):  # it may end others of its batch
        known.forget()
    if confirmed_hash(marks.get(key)) is not None:
        await forwarding.pass_on(engine, task, ports)  # where a listener has confirmed by itself, and then we fell
        return Done()
    actor = str(activity.actor_id)
    suspended = engine.rulebook.rules.is_suspended(actor) and not ends_or_changes(activity)
    if suspended or _is_refused(engine, actor):  # he may have been blocked since this came
        _emit(ports, "inbox.dropped", id=activity.id, reason="policy")
        return Done()
    scope = Scope(
        recipient=task.recipient,
        evidence=authentic.evidence,
        confirm_key=key,
        confirm_value=task.content_hash,
        postpones_crawls=job.attempts == 0 and engine.config.fetch.spread_s_max > 0,
    )
    if not marks.keys().isdisjoint(late):
        _emit(ports, "inbox.late", id=activity.id, type=activity.type_name)
    else:
        heard = await hear(engine, authentic, job, ports)
        if isinstance(heard, Heard):
            if heard.evidence is not authentic.evidence:
                scope = attrs.evolve(scope, evidence=heard.evidence)
            outcome = await _dispatch(engine, task, heard.activity, engine.context(ports, scope), job)
        else:
            outcome = heard
        if outcome is not None:
            return outcome
    return Dispatched(confirm=partial(_confirm, engine, arrived, job, ports, known))


async def _confirm(
    engine: Engine, arrived: Arrived, job: Job, ports: PortSet, known: Marks | None
) -> Done | Later | Bury:
    """Write down that an activity has been handled; until then it counts as not done, and is dispatched again."""
    task, activity = arrived.task, arrived.authentic.activity
    try:
        await confirm(ports.store, arrived.key, task.content_hash, ttl_s=engine.config.inbox.idempotency_s)
    except Exception as error:  # PortError, or a fault of an adapter
        if known is not None:  # others of the batch are not dispatched either before the store answers
            known.forget()
        return _not_now(error, ports) if isinstance(error, PortError) else _failed(engine, job, ports, error)
    _emit(ports, "inbox.dispatched", id=activity.id, type=activity.type_name)
    return Done()


async def _dispatch(
    engine: Engine, task: InboundTask, activity: Activity, context: Context, job: Job
) -> JobOutcome | None:
    """Keep what has to be kept whether or not anybody listens, call the listeners, pass it on; None: all is done."""
    ports, refused = context.ports, False
    await _keep(engine, task, activity, ports)
    for listener in select(engine.router.listeners, activity):
        try:
            await engine.caller.call(listener.callback, context, activity)
        except FetchPostponed as error:
            return _postponed(engine, ports, activity.id, error)
        except Exception as error:  # the application's own: try again later, then keep it as a dead letter
            if not _is_refusal(error):
                return await _listener_failed(engine, job, context, activity, error)
            refused = True
            _emit(ports, "inbox.refused_by_listener", id=activity.id, error=str(error))
    if not refused:
        await forwarding.pass_on(engine, task, ports)
    return None


async def _keep(engine: Engine, task: InboundTask, activity: Activity, ports: PortSet) -> None:
    await remember_ended(ports.store, task.site, activity, engine.config.inbox)
    await take_answer(engine, activity, ports)
    if isinstance(activity, Update | Delete):
        await _expire(engine, activity, ports)
    if isinstance(activity, Flag):
        kept = await keep_report(ports, task.site, activity, engine.rulebook.rules, received_s=task.received_s)
        _emit(ports, "inbox.reported" if kept else "inbox.report_not_kept", id=activity.id)


async def _expire(engine: Engine, activity: Activity, ports: PortSet) -> None:
    """Trust no copy any longer of what its owner says has changed."""
    fetcher = engine.fetcher(ports)
    for changed in activity.objects[:HELD_COUNT_MAX]:
        object_id = reference_id(changed)
        if object_id is not None:
            await expire_object(fetcher, object_id)


def _postponed(engine: Engine, ports: PortSet, activity_id: str | None, error: FetchPostponed) -> JobOutcome:
    """Put off a listener that wants to ask much of others, for a random time (DLV-22)."""
    policy = engine.config.fetch
    least_s = min(policy.spread_s_min, policy.spread_s_max)
    after_s = least_s + (policy.spread_s_max - least_s) * ports.randomness.fraction()
    _emit(ports, "inbox.postponed", id=activity_id, after_s=round(after_s))
    return Later(after_s=after_s, reason=str(error))


def _is_refusal(error: Exception) -> bool:
    """Tell whether a listener found that the activity is of no use, which no other attempt would change."""
    if isinstance(error, FetchError):
        return is_final(error)
    return isinstance(error, OriginMismatch | PolicyRefusal | DocumentError)


async def _listener_failed(
    engine: Engine, job: Job, context: Context, activity: Activity, error: Exception
) -> JobOutcome:
    """Tell whoever asked to be told, and put it off, or keep it as a dead letter."""
    reason = f"{type(error).__name__}: {error}"[:300]
    attempts = job.attempts + 1
    _emit(context.ports, "inbox.listener_failed", id=activity.id, error=reason, attempts=attempts)
    outcome = (
        Bury(reason=reason)
        if attempts >= engine.config.inbox.attempts_max
        else later(engine, job, context.ports, reason)
    )
    failure = ListenerFailure(activity=activity, error=error, attempts=attempts, given_up=isinstance(outcome, Bury))
    for callback in engine.router.failed:
        try:
            await engine.caller.call(callback, context, failure)
        except Exception as fault:  # it is told of failures; its own change nothing
            _emit(context.ports, "inbox.on_error_failed", id=activity.id, error=repr(fault)[:300])
    return outcome


# ---- outbound --------------------------------------------------------------------------------------------------------


async def _deliver(engine: Engine, task: DeliveryTask, job: Job, ports: PortSet, turn: Turn) -> JobOutcome:
    if _is_refused(engine, task.inbox):  # it may have been blocked since this was planned
        _emit(ports, "delivery.dropped", inbox=task.inbox, id=task.activity_id, reason="policy")
        return Done()
    dispatch = _dispatch_of(engine, task.sender, ports, turn)
    if task.synchronize and (fields := await fields_for(engine, task, ports)):
        dispatch = attrs.evolve(dispatch, fields=fields)
    outcome = await attempt(task, dispatch)
    host = job.lane.name
    if isinstance(outcome, Delivered):
        engine.hosts.delivered(host, status=outcome.status, now_s=ports.clock.now_s())
        _emit(ports, "delivery.delivered", inbox=task.inbox, id=task.activity_id, status=outcome.status)
        return Done(host_answered=True, delivered=True)
    engine.hosts.failed(host, outcome.reason)
    if isinstance(outcome, Retry) and outcome.unauthorized and task.forwarded:
        outcome = Drop(reason="the peer does not take what others pass on", status=outcome.status)
    if isinstance(outcome, Retry) and outcome.unauthorized and await _is_removed(engine, task.sender, ports):
        outcome = Drop(reason="nobody can fetch the key of an actor that was removed", status=outcome.status)
    if isinstance(outcome, Drop):
        return await _dropped(engine, task, outcome, job, ports)
    _emit(ports, "delivery.deferred", inbox=task.inbox, id=task.activity_id, reason=outcome.reason)
    return _deferred(engine, outcome, job, ports)


def _dispatch_of(engine: Engine, sender: str, ports: PortSet, turn: Turn) -> Dispatch:
    """Give what all deliveries of a sender share: made once a turn, as keys are read once a turn."""
    known = turn.dispatches.get(sender)
    if known is not None:
        return known
    made = Dispatch(
        ports=ports,
        config=engine.config,
        signer=once_a_kind(engine.signer(ports, engine.sender_id(sender))),
        user_agent=engine.user_agent,
        own_origins=engine.own_origins,
    )
    if turn.ports is not None:
        turn.dispatches[sender] = made
    return made


async def _is_removed(engine: Engine, sender: str, ports: PortSet) -> bool:
    return await engine.is_removed(ports, engine.sender_id(sender)) is not None


async def _dropped(engine: Engine, task: DeliveryTask, outcome: Drop, job: Job, ports: PortSet) -> JobOutcome:
    """Keep what was refused for good, and remember who is no more (DLV-04)."""
    _emit(ports, "delivery.dropped", inbox=task.inbox, id=task.activity_id, reason=outcome.reason)
    if outcome.absent:
        await ports.store.put(gone_key(task.site, task.inbox), b"1", ttl_s=GONE_S)
    if outcome.gone and task.shared:
        await mark_host_gone(engine, job.lane.name, outcome.reason, ports)
    if not outcome.gone:
        return Bury(reason=outcome.reason, host_answered=outcome.status is not None, status=outcome.status)
    attempts = job.attempts + 1
    await tell_undelivered(engine, task, ports, reason=outcome.reason, attempts=attempts, status=outcome.status)
    return Done(host_answered=True)


def _deferred(engine: Engine, outcome: Retry, job: Job, ports: PortSet) -> JobOutcome:
    """Choose the later of our schedule and the host's wish; for a while its wish holds for the whole lane (DLV-07)."""
    age_s = ports.clock.now_s() - job.enqueued_s
    delay_s = retry_delay_s(job.attempts + 1, ports.randomness.fraction(), engine.config.delivery, age_s=age_s)
    lives = outcome.status is not None and outcome.status < 500
    if delay_s is None:
        reason = f"{outcome.reason}, given up after {job.attempts + 1} attempts"
        return Bury(reason=reason, host_answered=lives, host_failed=outcome.host_failed, status=outcome.status)
    asked_s = outcome.after_s or 0.0
    return Later(
        after_s=max(delay_s, asked_s),
        reason=outcome.reason,
        host_failed=outcome.host_failed,
        host_answered=lives,
        pause_s=min(asked_s, _PAUSE_S_MAX) if outcome.host_failed else 0.0,
    )


def _is_refused(engine: Engine, iri: str) -> bool:
    try:
        engine.refuse(iri)
    except PolicyRefusal:
        return True
    return False


def _emit(ports: PortSet, name: str, **fields: str | int | None) -> None:
    ports.observer.emit(Event(name=name, fields=fields))
