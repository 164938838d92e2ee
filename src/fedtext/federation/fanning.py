"""From a queued activity to deliveries: single recipients to inboxes, followers a page at a time.

Invariants: what one job leads to is enqueued in one transaction, so a job that is done twice adds nothing but what is
no longer waiting; activities about one object reach the waiting deliveries of one inbox in the order in which they were
sent (DLV-10): their jobs bear the same ordering key, and each is planned in as many steps as the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import attrs

from ..delivery import (
    FanoutTask,
    Follower,
    Provers,
    encode_task,
    is_final,
    plan_deliveries,
    plan_inboxes,
    retry_delay_s,
    seal,
    shared_inboxes,
)
from ..dispatch import PageRequest, Viewer, may_see
from ..errors import (
    DocumentError,
    FetchError,
    FetchTimeout,
    LocalProtocolError,
    MalformedIri,
    MissingProperty,
    PolicyRefusal,
    Unreachable,
)
from ..fetch import get_actor, origin_or_none
from ..inbox import InboundTask, activity_key, known_key
from ..inbox.idempotency import content_hash as hash_of
from ..keys import Algorithm
from ..ports import Event, Job, Lane, LaneKind, PortSet, Task, store_key
from ..vocab import reference_id
from ..wire.iri import host_of, parse_url
from ..wire.json import parse_object
from . import serving
from .engine import Engine
from .hosts import unavailable_among
from .mentions import AUTHOR_OF
from .outcomes import Bury, Done, JobOutcome, Later
from .reach import beyond
from .reached import keep_reached, mark_of, reached_before
from .sending import Mark
from .undelivered import tell_undelivered

_REACHED_MAX = 1_000


def later(engine: Engine, job: Job, ports: PortSet, reason: str, *, host_failed: bool = False) -> Later | Bury:
    """Put a job off by the schedule of retries, or bury it when that has come to its end."""
    age_s = ports.clock.now_s() - job.enqueued_s
    delay_s = retry_delay_s(job.attempts + 1, ports.randomness.fraction(), engine.config.delivery, age_s=age_s)
    if delay_s is None:
        return Bury(reason=f"{reason}, given up after {job.attempts + 1} attempts")
    return Later(after_s=delay_s, reason=reason, host_failed=host_failed)


async def find_author(engine: Engine, stand_in: str, ports: PortSet) -> str:
    """Give the id of whoever has written something that stands for him (`mentions.AUTHOR_OF`).

    Raises:
        FedtextError: It cannot be had, or names nobody.
    """
    written = await engine.context(ports).get(stand_in.removeprefix(AUTHOR_OF))
    author = reference_id(written.attributed_to) if written.attributed_to is not None else None
    if author is None:
        raise MissingProperty("nobody is named as its author", object=stand_in.removeprefix(AUTHOR_OF))
    return author


async def fan_out(engine: Engine, task: FanoutTask, job: Job, ports: PortSet) -> JobOutcome:
    """Turn a sealed activity into deliveries: single recipients first, then a page of followers at a time (DLV-11)."""
    if job.lane.kind is LaneKind.OUT:
        return await _find_recipient(engine, task, job, ports)
    await _bury_deleted(engine, task, ports)
    task = await _proved(engine, task, job, ports)
    task, jobs = await beyond(engine, task, ports, refused=_refusing(engine), single=_single)
    reached: Sequence[str] = ()
    if task.recipients:
        own = [iri for iri in task.recipients if _is_own(engine, iri)]
        jobs += await _local(engine, task, own, ports)
        jobs += [single for iri in task.recipients for single in _single(engine, task, iri)]
        if task.followers_of or task.everybody:
            jobs += _followers_part(attrs.evolve(task, recipients=(), blind=()))
    elif task.followers_of and task.in_step:
        jobs += _followers_part(attrs.evolve(task, in_step=False))
    elif task.followers_of:
        page, reached = await _followers_page(engine, task, ports)
        jobs += page
    if jobs:
        await ports.queue.enqueue(await _to_available(engine, task, jobs, ports))
    if reached:
        await keep_reached(task, reached, ports)
    return Done()


async def _proved(engine: Engine, task: FanoutTask, job: Job, ports: PortSet) -> FanoutTask:
    """Add the proofs of an activity, before it is handed to anybody.

    They name the time at which the job was queued: a worker that does the job of one that fell makes the same bytes, so
    that one id never goes out with two documents (DLV-12). What cannot be proved goes out without: an integer that has
    no canonical form, a document that has just the size that others take.
    """
    if task.proved:
        return task
    document = parse_object(task.body.encode("utf-8"), engine.config.limits)
    try:
        sealed = seal(document, engine.config.limits, await _provers(engine, task.actor, job.enqueued_s, ports))
    except (DocumentError, LocalProtocolError) as error:
        _emit(ports, "fanout.unproved", id=task.activity_id, code=error.code)
        return attrs.evolve(task, proved=True)
    return attrs.evolve(task, body=sealed.body.decode("utf-8"), digest=sealed.digest, proved=True)


async def _provers(engine: Engine, actor_id: str, now_s: float, ports: PortSet) -> Provers:
    """Give the keys with which an own actor proves what it says; they are made where there are none yet."""
    policy, site = engine.config.delivery, engine.site.origin
    wanted = {"proof": Algorithm.ED25519} if policy.proofs else {}
    wanted |= {"linked_data": Algorithm.RSA} if policy.linked_data else {}
    keys = {
        name: await engine.keys.signing_key(ports, site, actor_id, algorithm=algorithm)
        for name, algorithm in wanted.items()
    }
    return Provers(now_s=now_s, **keys)


def _is_own(engine: Engine, iri: str) -> bool:
    return iri.startswith(engine.site.origin + "/")


def _single(engine: Engine, task: FanoutTask, iri: str) -> list[Task]:
    """Plan the search for one recipient's inbox, in the lane of its host, or of that of what he has written."""
    where = iri.removeprefix(AUTHOR_OF)
    if _is_own(engine, where) or _refusing(engine)(where):
        return []
    shared = task.shared and iri not in task.blind
    part = attrs.evolve(task, recipients=(iri,), blind=(), followers_of=(), shared=shared)
    mark = sha256(f"{task.activity_id}\n{iri}".encode()).hexdigest()
    return [
        Task(
            site=task.site,
            lane=Lane(LaneKind.OUT, host_of(where)),
            payload=encode_task(part),
            dedupe_key=store_key(task.site, "single", mark),
            ordering_key=f"{task.ordering_key}\n{iri}",
        )
    ]


def _followers_part(task: FanoutTask) -> list[Task]:
    mark = store_key(task.site, "followers", task.activity_id, "|".join(task.followers_of), task.cursor)
    lane = Lane(LaneKind.FANOUT, task.site)
    return [
        Task(
            site=task.site,
            lane=lane,
            payload=encode_task(task),
            dedupe_key=mark,
            ordering_key=task.ordering_key,
        )
    ]


async def _find_recipient(engine: Engine, task: FanoutTask, job: Job, ports: PortSet) -> JobOutcome:
    """Find one recipient's inbox (cached or fetched) and enqueue the delivery to it."""
    fetcher = engine.fetcher(ports)
    recipient = task.recipients[0]
    try:
        if recipient.startswith(AUTHOR_OF):
            recipient = await find_author(engine, recipient, ports)
        actor = await get_actor(fetcher, recipient, fetcher.budget())
    except (FetchError, DocumentError) as error:
        if is_final(error):
            return await _unknown(engine, task, job, ports, error.code)
        host_failed = isinstance(error, Unreachable | FetchTimeout)
        return later(engine, job, ports, str(error), host_failed=host_failed)
    if actor.inbox is None:
        return await _unknown(engine, task, job, ports, "no inbox")
    await ports.store.add_if_absent(known_key(task.site, recipient), b"1")  # it is told when the sender goes (DLV-19)
    follower = Follower(actor_id=recipient, inbox=str(actor.inbox), shared_inbox=actor.shared_inbox)
    inboxes = plan_inboxes(task, [follower], refused=_refusing(engine))
    jobs = plan_deliveries(task, inboxes, shared=shared_inboxes([follower]))
    await ports.queue.enqueue(await _to_available(engine, task, jobs, ports))
    return Done()


async def _unknown(engine: Engine, task: FanoutTask, job: Job, ports: PortSet, code: str) -> JobOutcome:
    """Say that a recipient has no inbox that could be found; there is nobody to try again."""
    _emit(ports, "delivery.recipient_unknown", recipient=task.recipients[0], code=code)
    await tell_undelivered(engine, task, ports, reason=code, attempts=job.attempts + 1)
    return Done()


async def _to_available(engine: Engine, task: FanoutTask, jobs: Sequence[Task], ports: PortSet) -> list[Task]:
    """Leave out what would wait for hosts that are unavailable (DLV-08); one read of the store."""
    hosts = dict.fromkeys(job.lane.name for job in jobs if job.lane.kind is LaneKind.OUT)
    unavailable = await unavailable_among(engine, hosts, ports)
    for host in hosts:
        if host in unavailable:
            _emit(ports, "delivery.host_unavailable", host=host, id=task.activity_id)
    return [job for job in jobs if job.lane.kind is not LaneKind.OUT or job.lane.name not in unavailable]


async def _followers_page(engine: Engine, task: FanoutTask, ports: PortSet) -> tuple[list[Task], Sequence[str]]:
    """Plan one page of followers and, for the same transaction, the job for the next page.

    Returns:
        The jobs; and the inboxes that are to be kept in the store when these are queued.
    """
    source = engine.router.follower_source
    if source is None:
        return (_followers_part(attrs.evolve(task, followers_of=())) if task.everybody else []), ()
    owner, *others = task.followers_of
    request = PageRequest(cursor=task.cursor or None, size=engine.config.delivery.followers_page_max)
    page = await source.page(engine.context(ports), owner, request)
    own = [follower.actor_id for follower in page.items if _is_own(engine, follower.actor_id)]
    remote = [follower for follower in page.items if not _is_own(engine, follower.actor_id)]
    if task.forwarded:  # whose word it is has told those at home, and it has reached this server
        own, remote = [], [follower for follower in remote if not _is_at_home(follower.actor_id, task.actor)]
    before = await reached_before(task, ports)
    planned = [inbox for inbox in plan_inboxes(task, remote, refused=_refusing(engine)) if mark_of(inbox) not in before]
    inboxes = await _without_gone(planned, task.site, ports)
    deliveries = plan_deliveries(task, inboxes, shared=shared_inboxes(remote))
    jobs = [*deliveries, *await _local(engine, task, own, ports)]
    reached = (*task.reached, *inboxes)
    spills = len(reached) > _REACHED_MAX
    rest = attrs.evolve(task, reached=reached[-_REACHED_MAX:], spilled=task.spilled or spills)
    if page.next is not None:
        jobs += _followers_part(attrs.evolve(rest, cursor=page.next))
    elif others or rest.everybody:
        jobs += _followers_part(attrs.evolve(rest, followers_of=tuple(others), cursor=""))
    if not spills or (page.next is None and not others):
        return jobs, ()
    return jobs, inboxes if task.spilled else reached


def _is_at_home(actor_id: str, other: str) -> bool:
    return origin_or_none(actor_id) == origin_or_none(other)


def gone_key(site: str, inbox: str) -> str:
    """Give the store's key of the mark that an inbox has answered 410."""
    return store_key(site, "gone-inbox", inbox)


async def _without_gone(inboxes: Sequence[str], site: str, ports: PortSet) -> list[str]:
    marks = {gone_key(site, inbox): inbox for inbox in inboxes}
    gone = await ports.store.get_many(list(marks)) if marks else {}
    return [inbox for mark, inbox in marks.items() if mark not in gone]


# ---- our own ---------------------------------------------------------------------------------------------------------


async def _local(engine: Engine, task: FanoutTask, actor_ids: Sequence[str], ports: PortSet) -> list[Task]:
    """Plan the hand-over to our own actors: no network, no signature; we are the origin. The author gets nothing."""
    if not actor_ids:
        return []
    document = parse_object(task.body.encode("utf-8"), engine.config.limits)
    content_hash, received_s, jobs = hash_of(document), ports.clock.now_s(), list[Task]()
    for actor_id in dict.fromkeys(actor_ids):
        local = engine.parse_path(actor_id[len(engine.site.origin) :])
        if local is None or local.kind != "actor" or actor_id == task.actor:
            continue
        if await serving.own_actor(engine, local.pk, ports) is None:
            continue
        inbox = engine.actor_path(local.pk) + "/inbox"
        envelope = InboundTask(
            site=task.site,
            inbox=inbox,
            recipient=local.pk,
            signer=task.actor,
            key_id="",
            scheme="local",
            how="local",
            received_s=received_s,
            content_hash=content_hash,
            document=document,
        )
        jobs.append(
            Task(
                site=task.site,
                lane=Lane(LaneKind.IN, engine.site.origin),
                payload=envelope.encode(),
                dedupe_key=activity_key(task.site, task.actor, task.activity_id, inbox, content_hash),
                ordering_key=f"{task.ordering_key}\n{inbox}",
            )
        )
    return jobs


async def _bury_deleted(engine: Engine, task: FanoutTask, ports: PortSet) -> None:
    """Keep a tombstone for what an own Delete removes, before anybody is told (COL-12, MOD-28)."""
    if '"Delete"' not in task.body or task.cursor or task.forwarded:
        return
    document = parse_object(task.body.encode("utf-8"), engine.config.limits)
    removed = document.get("object")
    if document.get("type") != "Delete":
        return
    removed_id = removed.get("id") if isinstance(removed, dict) else removed
    if isinstance(removed_id, str) and _is_own(engine, removed_id):
        former = removed.get("formerType") if isinstance(removed, dict) else None
        former_type = former if isinstance(former, str) else None
        mark = Mark.tombstone(engine, removed_id, former_type, public=may_see(document, Viewer()))
        await ports.store.add_if_absent(mark.key, mark.value)


# ---- policy ----------------------------------------------------------------------------------------------------------


def _refusing(engine: Engine) -> Callable[[str], bool]:
    """Give the question whether nothing may be sent to an IRI: by policy, or because no request could go there."""

    def refused(iri: str) -> bool:
        try:
            url = parse_url(iri)
            engine.refuse(iri)
        except (MalformedIri, PolicyRefusal):
            return True
        if url.origin in engine.own_origins:
            return True
        # Threat: SEC-145, inboxes on thousands of ports of one host would be as many lanes; nobody connects there.
        wanted = url.port or (443 if url.scheme == "https" else 80)
        return engine.config.dev is None and (url.scheme != "https" or wanted not in engine.config.fetch.ports)

    return refused


def _emit(ports: PortSet, name: str, **fields: str | int | None) -> None:
    ports.observer.emit(Event(name=name, fields=fields))
