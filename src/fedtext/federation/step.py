"""One worker step: carry out one job of the queue and say what becomes of it."""

from __future__ import annotations

from hashlib import sha256

import attrs

from ..delivery import (
    Delivered,
    DeliveryTask,
    Dispatch,
    Drop,
    FanoutTask,
    Follower,
    ResolveTask,
    attempt,
    decode_task,
    encode_task,
    kind_of,
    plan_followers,
    retry_delay_s,
)
from ..discovery import lookup_actor
from ..dispatch import PageRequest
from ..errors import DocumentError, FedtextError, FetchError, OriginMismatch, PolicyRefusal, PortError, QueueError
from ..fetch import get_actor
from ..inbox import InboundTask, activity_key, confirm, decode_envelope, restore, seen, select
from ..ports import Event, Job, Lane, LaneKind, PortSet, Task, store_key
from ..wire.acct import parse_handle
from ..wire.iri import host_of
from ..wire.json import JsonObject, JsonValue, dump, parse_object
from .context import Scope
from .engine import Engine
from .outcomes import Bury, Done, JobOutcome, Later
from .sending import ACCT, plan_fanout


async def run_job(engine: Engine, job: Job, ports: PortSet) -> JobOutcome:
    """Carry out one job.

    A port that fails, and a listener that raises, mean "later"; what can never work is buried. Nothing is lost: the
    job stays until the worker has carried out the outcome.
    """
    try:
        if kind_of(job.payload) == "inbound":
            return await _inbound(engine, job, ports)
        task = decode_task(job.payload)
        if isinstance(task, DeliveryTask):
            return await _deliver(engine, task, job, ports)
        if isinstance(task, FanoutTask):
            return await _fan_out(engine, task, job, ports)
        return await _resolve(engine, task, job, ports)
    except QueueError as error:
        return Bury(reason=str(error))
    except PortError as error:
        return Later(after_s=5.0 + 5.0 * ports.randomness.fraction(), reason=str(error))


# ---- inbound ---------------------------------------------------------------------------------------------------------


async def _inbound(engine: Engine, job: Job, ports: PortSet) -> JobOutcome:
    task = decode_envelope(job.payload, engine.config.limits)
    authentic = restore(task)
    activity = authentic.activity
    key = activity_key(task.site, str(activity.actor_id), activity.id, task.inbox, task.content_hash)
    if await seen(ports.store, key) is not None:
        return Done()
    scope = Scope(
        recipient=task.recipient, evidence=authentic.evidence, confirm_key=key, confirm_value=task.content_hash
    )
    context = engine.context(ports, scope)
    for listener in select(engine.router.listeners, activity):
        try:
            await engine.caller.call(listener.callback, context, activity)
        except (OriginMismatch, PolicyRefusal, DocumentError) as refusal:
            _emit(ports, "inbox.refused_by_listener", id=activity.id, code=refusal.code)
        except Exception as error:  # the application's own: try again later, then keep it as a dead letter
            return _listener_failed(engine, job, ports, activity.id, error)
    await confirm(ports.store, key, task.content_hash, ttl_s=engine.config.inbox.idempotency_s)
    _emit(ports, "inbox.dispatched", id=activity.id, type=activity.type_name)
    return Done()


def _listener_failed(engine: Engine, job: Job, ports: PortSet, activity_id: str | None, error: Exception) -> JobOutcome:
    reason = f"{type(error).__name__}: {error}"[:300]
    _emit(ports, "inbox.listener_failed", id=activity_id, error=reason, attempts=job.attempts + 1)
    if job.attempts + 1 >= engine.config.inbox.attempts_max:
        return Bury(reason=reason)
    delay_s = retry_delay_s(job.attempts + 1, ports.randomness.fraction(), engine.config.delivery)
    return Bury(reason=reason) if delay_s is None else Later(after_s=delay_s, reason=reason)


# ---- outbound --------------------------------------------------------------------------------------------------------


async def _resolve(engine: Engine, task: ResolveTask, job: Job, ports: PortSet) -> JobOutcome:
    """Look up the mentions that are still handles, seal the document and enqueue its fan-out.

    A handle that cannot be had after several attempts stays plain text; the post goes out all the same.
    """
    fetcher = engine.fetcher(ports)
    found: dict[str, str] = {}
    for handle in task.mentions:
        try:
            actor = await lookup_actor(fetcher, parse_handle(handle), fetcher.budget())
            found[handle] = str(actor.id)
        except FedtextError as error:
            if not error.permanent and job.attempts < 3:
                delay_s = retry_delay_s(job.attempts + 1, ports.randomness.fraction(), engine.config.delivery)
                return Later(after_s=delay_s or 60.0, reason=str(error))
            _emit(ports, "mention.unresolved", handle=handle, code=error.code)
    mark = resolved_key(task.site, str(task.document.get("id")))
    await ports.store.put(mark, dump(dict(found.items())))
    document = _with_mentions(task.document, found)
    planned = plan_fanout(engine, document, task.sender, task.ordering_key)
    waiting = Task(
        site=task.site,
        lane=Lane(LaneKind.FANOUT, task.site),
        payload=encode_task(planned),
        dedupe_key=store_key(task.site, "fanout-resolved", planned.activity_id),
        ordering_key=task.ordering_key,
    )
    await ports.queue.enqueue([waiting])
    return Done()


def resolved_key(site: str, activity_id: str) -> str:
    """Give the store's key of what the handles in an activity were resolved to."""
    return store_key(site, "resolved", activity_id)


def _with_mentions(document: JsonObject, found: dict[str, str]) -> JsonObject:
    """Give the document with Mention tags that name ids, and those ids in `cc` (or `to`, when it is direct)."""
    resolved = dict(document)
    inner = document.get("object")
    holders = [resolved]
    if isinstance(inner, dict):
        inner = dict(inner)
        resolved["object"] = inner
        holders.append(inner)
    for holder in holders:
        _resolve_tags(holder, found)
        for name in ("to", "cc"):
            values = holder.get(name)
            if isinstance(values, list):
                holder[name] = [iri for v in values if (iri := _resolve_value(v, found)) is not None]
    return resolved


def _resolve_value(value: JsonValue, found: dict[str, str]) -> JsonValue:
    """Replace `acct:` placeholders by ids; those that were not found fall away."""
    if isinstance(value, str) and value.startswith(ACCT):
        return found.get(value.removeprefix(ACCT))
    return value


def _resolve_tags(holder: JsonObject, found: dict[str, str]) -> None:
    tags = holder.get("tag")
    if not isinstance(tags, list):
        return
    kept: list[JsonValue] = []
    for tag in tags:
        if isinstance(tag, dict) and tag.get("type") == "Mention":
            href = _resolve_value(tag.get("href"), found)
            if href is not None:
                kept.append({**tag, "href": href})
        else:
            kept.append(tag)
    holder["tag"] = kept


async def _fan_out(engine: Engine, task: FanoutTask, job: Job, ports: PortSet) -> JobOutcome:
    """Turn a sealed activity into deliveries: single recipients first, then a page of followers at a time."""
    await _bury_deleted(engine, task, ports)
    if job.lane.kind is LaneKind.OUT:
        return await _find_recipient(engine, task, job, ports)
    if task.recipients:
        jobs = [single for iri in task.recipients for single in _single(engine, task, iri)]
        rest = attrs.evolve(task, recipients=())
        jobs += _followers_part(rest, cursor="") if task.followers_of else []
        await ports.queue.enqueue(jobs)
        return Done()
    if task.followers_of:
        await _followers_page(engine, task, ports)
    return Done()


def _single(engine: Engine, task: FanoutTask, iri: str) -> list[Task]:
    """Plan the search for one recipient's inbox, in the lane of its host; one of ours needs no network."""
    if engine.followers_owner(iri) is not None or not iri.startswith(("https://", "http://")):
        return []
    if iri.startswith(engine.site.origin + "/"):
        return local_inbound(engine, task, iri)
    try:
        engine.refuse(iri)
        lane = Lane(LaneKind.OUT, host_of(iri))
    except FedtextError:
        return []
    part = attrs.evolve(task, recipients=(iri,), followers_of=())
    mark = sha256(f"{task.activity_id}\n{iri}".encode()).hexdigest()
    return [
        Task(
            site=task.site,
            lane=lane,
            payload=encode_task(part),
            dedupe_key=store_key(task.site, "single", mark),
            ordering_key=f"{task.ordering_key}\n{iri}",
        )
    ]


def _followers_part(task: FanoutTask, *, cursor: str) -> list[Task]:
    part = attrs.evolve(task, cursor=cursor)
    return [
        Task(
            site=task.site,
            lane=Lane(LaneKind.FANOUT, task.site),
            payload=encode_task(part),
            dedupe_key=store_key(task.site, "followers", task.activity_id, "|".join(task.followers_of), cursor),
            ordering_key=task.ordering_key,
        )
    ]


async def _find_recipient(engine: Engine, task: FanoutTask, job: Job, ports: PortSet) -> JobOutcome:
    """Find one recipient's inbox (cached or fetched) and enqueue the delivery to it."""
    fetcher = engine.fetcher(ports)
    recipient = task.recipients[0]
    try:
        actor = await get_actor(fetcher, recipient, fetcher.budget())
    except (FetchError, DocumentError) as error:
        if error.permanent:
            _emit(ports, "delivery.recipient_unknown", recipient=recipient, code=error.code)
            return Done()
        delay_s = retry_delay_s(job.attempts + 1, ports.randomness.fraction(), engine.config.delivery)
        if delay_s is None:
            return Bury(reason=str(error))
        return Later(after_s=delay_s, reason=str(error), host_failed=True)
    if actor.inbox is None:
        return Done()
    follower = Follower(actor_id=recipient, inbox=str(actor.inbox), shared_inbox=actor.shared_inbox)
    jobs = plan_followers(task, [follower], refused=_refused(engine))
    await ports.queue.enqueue(jobs)
    return Done()


async def _followers_page(engine: Engine, task: FanoutTask, ports: PortSet) -> None:
    source = engine.router.follower_source
    if source is None:
        return
    owner, *others = task.followers_of
    request = PageRequest(cursor=task.cursor or None, size=engine.config.delivery.followers_page_max)
    page = await source.page(engine.context(ports), owner, request)
    remote = [f for f in page.items if not f.actor_id.startswith(engine.site.origin + "/")]
    jobs = plan_followers(task, remote, refused=_refused(engine))
    for follower in page.items:
        if follower.actor_id.startswith(engine.site.origin + "/"):
            jobs += local_inbound(engine, task, follower.actor_id)
    if page.next is not None:
        jobs += _followers_part(task, cursor=page.next)
    elif others:
        jobs += _followers_part(attrs.evolve(task, followers_of=tuple(others)), cursor="")
    await ports.queue.enqueue(jobs)


def local_inbound(engine: Engine, task: FanoutTask, actor_id: str) -> list[Task]:
    """Plan the hand-over to one of our own actors: no network, no signature; we are the origin."""
    local = engine.parse_path(actor_id[len(engine.site.origin) :])
    if local is None or local.kind != "actor":
        return []
    inbox = engine.actor_path(local.pk) + "/inbox"
    document = parse_object(task.body.encode("utf-8"), engine.config.limits)
    envelope = InboundTask(
        site=task.site,
        inbox=inbox,
        recipient=local.pk,
        signer=task.actor,
        key_id="",
        scheme="local",
        how="local",
        received_s=0.0,
        content_hash=sha256(dump(document)).hexdigest(),
        document=document,
    )
    key = activity_key(task.site, task.actor, task.activity_id, inbox, envelope.content_hash)
    lane = Lane(LaneKind.IN, engine.site.origin)
    return [Task(site=task.site, lane=lane, payload=envelope.encode(), dedupe_key=key, ordering_key=task.ordering_key)]


async def _deliver(engine: Engine, task: DeliveryTask, job: Job, ports: PortSet) -> JobOutcome:
    actor_id = engine.instance_actor_id if not task.sender else engine.site.origin + engine.actor_path(task.sender)
    key = await engine.keys.signing_key(ports, task.site, actor_id)
    dispatch = Dispatch(
        ports=ports,
        config=engine.config,
        key=key.private,
        key_id=key.key_id,
        user_agent=engine.user_agent,
        own_origins=engine.own_origins,
    )
    outcome = await attempt(task, dispatch)
    if isinstance(outcome, Delivered):
        _emit(ports, "delivery.delivered", inbox=task.inbox, id=task.activity_id, status=outcome.status)
        return Done(host_answered=True)
    if isinstance(outcome, Drop):
        _emit(ports, "delivery.dropped", inbox=task.inbox, id=task.activity_id, reason=outcome.reason)
        return Bury(reason=outcome.reason)
    _emit(ports, "delivery.deferred", inbox=task.inbox, id=task.activity_id, reason=outcome.reason)
    delay_s = retry_delay_s(job.attempts + 1, ports.randomness.fraction(), engine.config.delivery)
    if delay_s is None:
        return Bury(reason=f"{outcome.reason}, given up after {job.attempts + 1} attempts")
    wait_s = delay_s if outcome.after_s is None else max(delay_s, outcome.after_s)
    return Later(after_s=wait_s, reason=outcome.reason, host_failed=outcome.host_failed)


async def _bury_deleted(engine: Engine, task: FanoutTask, ports: PortSet) -> None:
    """Keep a tombstone for what an own Delete removes, before anybody is told (COL-12, MOD-28)."""
    if '"Delete"' not in task.body or task.cursor:
        return
    document = parse_object(task.body.encode("utf-8"), engine.config.limits)
    removed = document.get("object")
    if document.get("type") != "Delete":
        return
    removed_id = removed.get("id") if isinstance(removed, dict) else removed
    if isinstance(removed_id, str) and removed_id.startswith(engine.site.origin + "/"):
        former = removed.get("formerType") if isinstance(removed, dict) else None
        tombstone: JsonObject = {"id": removed_id, "type": "Tombstone"}
        if isinstance(former, str):
            tombstone["formerType"] = former
        await ports.store.add_if_absent(engine.tombstone_key(removed_id), dump(tombstone))


class _Refused:
    """Asks the policy and answers yes or no."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, iri: str) -> bool:
        try:
            self._engine.refuse(iri)
        except PolicyRefusal:
            return True
        return False


def _refused(engine: Engine) -> _Refused:
    return _Refused(engine)


def _emit(ports: PortSet, name: str, **fields: str | int | None) -> None:
    ports.observer.emit(Event(name=name, fields=fields))
