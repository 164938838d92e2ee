"""What others tell of our actors that follow theirs: compared, looked at where it differs, and carried out with care.

A header counts where the signature of the request covers it. Where it differs from what is kept here, a job reads the
list itself, on behalf of the server. Who is not on it does not follow any more; who is on it without having asked is
taken off it.

Invariants:
    - nothing is done on a header's word: the list must be there, and have the digest that the header says (SEC-141);
    - what is kept here is read before the list is, so that a follow which was accepted meanwhile is not undone;
    - little may vanish at once, and nothing does after a restore (`synchronization`);
    - one job a sender waits, in the sender's lane, and after it has looked the sender is left alone for a while.

Sources: FEP-8fcf, "On the receiving end"; DLV-17; SEC-141.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing
from typing import Final

from ..delivery import (
    SYNCHRONIZATION_HEADER,
    SynchronizeTask,
    encode_task,
    followers_digest,
    parse_collection_synchronization,
    partial_followers,
    peek_collection_synchronization,
)
from ..errors import DocumentError, FetchError, FetchRefused, LimitExceeded, OriginMismatch, PolicyRefusal
from ..fetch import crawl_budget, get_actor, traverse
from ..ports import Event, Lane, LaneKind, PortSet, Task, store_key
from ..signatures import VerifiedRequest
from ..vocab import Follow, Undo, reference_id
from ..wire.iri import origin_of
from . import serving
from .digests import followings_digest_key, keep_digest
from .engine import Engine
from .outcomes import Done, JobOutcome
from .registry import SynchronizedFollowers
from .synchronization import active_source, may_vanish, paused, source_of

UNKNOWN_COUNT_MAX: Final = 100
"""How many that never asked to follow are looked at in one job: the list is somebody else's, and may be invented."""


def said_of_followers(verified: VerifiedRequest) -> str | None:
    """Give the header of a verified request: it stands there once, and the signature covers all of it."""
    values = verified.request.headers.get_all(SYNCHRONIZATION_HEADER)
    return values[0] if len(values) == 1 and SYNCHRONIZATION_HEADER in verified.covered else None


async def take_note(engine: Engine, verified: VerifiedRequest, ports: PortSet) -> None:
    """Compare what a verified request says with what is kept here; where they differ, queue a job that looks."""
    header, sender, site = said_of_followers(verified), verified.signer, engine.site.origin
    if header is None or source_of(engine) is None:
        return
    said = peek_collection_synchronization(header, sender, engine.config.limits)
    if said is None:
        return
    known, looked = followings_digest_key(site, sender), _looked_key(site, sender)
    kept = await ports.store.get_many([known, looked])
    if looked in kept or kept.get(known) == said.digest.encode("ascii") or await paused(engine, ports) is not None:
        return
    waiting = Task(
        site=site,
        lane=Lane(LaneKind.IN, origin_of(sender)),
        payload=encode_task(SynchronizeTask(site=site, sender=sender, header=header)),
        dedupe_key=store_key(site, "synchronize", sender),
    )
    await ports.queue.enqueue([waiting])


async def synchronize(engine: Engine, task: SynchronizeTask, ports: PortSet) -> JobOutcome:
    """Carry out one job: compare, read the list, and do what it says; it is not tried again before the next header."""
    source = await active_source(engine, ports)
    if source is None:
        return Done()
    context = engine.context(ports)
    ours = {context.actor_uri(pk): pk for pk in await source.followed_by(context, task.sender)}
    digest = followers_digest(ours, engine.site.origin)
    try:
        listed = await _listed(engine, task, digest, ports)
    except (FetchError, DocumentError, OriginMismatch, PolicyRefusal) as error:
        _emit(ports, "synchronization.failed", sender=task.sender, code=error.code)
        await _leave_alone(engine, task.sender, ports)
        return Done()
    if listed is None:
        await keep_digest(ports, followings_digest_key(engine.site.origin, task.sender), digest)
        return Done()
    strays = [pk for actor_id, pk in ours.items() if actor_id not in listed]
    unknown = await _unknown(engine, source, task.sender, [one for one in listed if one not in ours], ports)
    if await may_vanish(engine, source, ports, sender=task.sender, vanishing=len(strays) + len(unknown)):
        await _carry_out(engine, source, task.sender, strays, unknown, ports)
        await _leave_alone(engine, task.sender, ports)
    return Done()


async def _listed(engine: Engine, task: SynchronizeTask, digest: str, ports: PortSet) -> Collection[str] | None:
    """Give who of ours follows the sender, as the sender's server says; None: as many as are kept here, by the header.

    Raises:
        OriginMismatch: The header says nothing of the sender's followers.
        LimitExceeded: The list is too long.
        FetchRefused: It is not the one that the header speaks of.
        FetchError: Sender or list are not to be had.
        DocumentError: They cannot be read.
        PolicyRefusal: They are refused.
    """
    limits, fetcher = engine.config.limits, engine.fetcher(ports)
    budget = crawl_budget(fetcher, limits.synchronized_pages_count_max)
    sender = await get_actor(fetcher, task.sender, budget)
    said = parse_collection_synchronization(task.header, task.sender, reference_id(sender.followers), limits)
    if said is None:
        raise OriginMismatch("the header is not about the sender's followers", sender=task.sender)
    if said.digest == digest:
        return None
    engine.refuse(said.url)
    found: list[str] = []
    pages_max = limits.synchronized_pages_count_max
    async with aclosing(traverse(fetcher, said.url, budget, pages_max=pages_max)) as items:
        async for item in items:
            found += [] if item.id is None else [item.id]
            if len(found) > limits.synchronized_followers_count_max:
                raise LimitExceeded("too many followers", limit="synchronized_followers_count_max", value=len(found))
    # Threat: a header that is late, or a list that changed since, would have followers removed (Mastodon #34273).
    if followers_digest(found, engine.site.origin) != said.digest:
        raise FetchRefused("the list is not the one that the header speaks of", url=said.url)
    return dict.fromkeys(partial_followers(found, engine.site.origin))


async def _unknown(
    engine: Engine, source: SynchronizedFollowers, sender: str, listed: Collection[str], ports: PortSet
) -> list[str]:
    """Give the identifiers of own actors that are listed and never asked to be; who waits for an answer has got it."""
    context, found = engine.context(ports), list[str]()
    for actor_id in [*listed][:UNKNOWN_COUNT_MAX]:
        local = context.parse(actor_id)
        if local is None or local.kind != "actor" or await serving.own_actor(engine, local.pk, ports) is None:
            continue
        if not await source.keep_following(context, local.pk, sender):
            found.append(local.pk)
    return found


async def _carry_out(
    engine: Engine,
    source: SynchronizedFollowers,
    sender: str,
    strays: Collection[str],
    unknown: Collection[str],
    ports: PortSet,
) -> None:
    context = engine.context(ports)
    for pk in strays:
        await source.drop_following(context, pk, sender)
    for pk in unknown:
        me = context.actor_uri(pk)
        await context.send(Undo(actor=me, object=Follow(actor=me, object=sender)), to=sender)
    _emit(ports, "synchronization.done", sender=sender, removed=len(strays), undone=len(unknown))


async def _leave_alone(engine: Engine, sender: str, ports: PortSet) -> None:
    again_s = engine.config.synchronization.again_s
    await ports.store.put(_looked_key(engine.site.origin, sender), b"1", ttl_s=again_s)


def _looked_key(site: str, sender: str) -> str:
    return store_key(site, "synchronization-looked", sender)


def _emit(ports: PortSet, name: str, **fields: str | int) -> None:
    ports.observer.emit(Event(name=name, fields=fields))
