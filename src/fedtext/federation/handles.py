"""Posts whose mentions are still handles: they keep their place until these are looked up.

The look-up asks other servers, so it is done in a lane of its own; what it has found is kept in the store, from which
the post is fanned out in its turn.

Invariants: activities about one object leave in the order in which they were sent (DLV-10), since a post waits in the
lane of the site, under its ordering key; a look-up that is lost is queued again; nothing waits for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..delivery import FanoutTask, ResolveTask, encode_task, is_final
from ..discovery import lookup_actor
from ..errors import ConfigurationError, FedtextError, PortError
from ..ports import Event, Job, Lane, LaneKind, PortSet, Task, store_key
from ..wire.acct import parse_handle, split
from ..wire.json import JsonObject, dump, parse_object
from . import wellknown
from .engine import Engine
from .fanning import fan_out, find_author, later
from .mentions import AUTHOR_OF, lost_object, with_ids
from .outcomes import Bury, Done, JobOutcome, Later
from .sending import plan_fanout

_RESOLVE_ATTEMPTS: Final = 4
_WAITS_DOUBLED_MAX: Final = 6
_WAITS_S_MAX: Final = 7 * 86_400.0


async def resolve(engine: Engine, task: ResolveTask, job: Job, ports: PortSet) -> JobOutcome:
    """Fan out a document whose mentions are still handles, once these are looked up.

    Until then the job keeps its place among all that concerns the same object, so that no edit overtakes it (DLV-10).
    Threat: a host that hangs while a handle is looked up must not hold up posts that need no look-up, so that is done
    in a lane of its own.
    """
    if job.lane == handles_lane(task.site):
        return await _look_up(engine, task, job, ports)
    key = _looked_up_key(task)
    kept = await ports.store.get(key)
    if kept is None:
        return await _wait(task, job, ports)
    found, given_up = _read_looked_up(kept)
    try:
        if given_up:
            raise ConfigurationError(given_up)
        planned = _planned(engine, task, with_ids(task.document, found))
    except ConfigurationError as error:
        await ports.store.delete(key)  # who puts it back wants it to be looked up again
        return Bury(reason=given_up or str(error))
    await ports.store.put(resolved_key(task.site, planned.activity_id), dump(dict(found.items())))
    return await fan_out(engine, planned, job, ports)


async def _wait(task: ResolveTask, job: Job, ports: PortSet) -> JobOutcome:
    """Have the handles looked up, and wait for that: it ends the waiting, these pauses are for what is lost."""
    if ports.clock.now_s() - job.enqueued_s > _WAITS_S_MAX:
        return Bury(reason="its handles could not be looked up")
    waiting = Task(
        site=task.site,
        lane=handles_lane(task.site),
        payload=encode_task(task),
        dedupe_key=store_key(task.site, "handles", str(task.document.get("id"))),
    )
    await ports.queue.enqueue([waiting])
    return Later(after_s=2.0 ** min(job.attempts, _WAITS_DOUBLED_MAX), reason="its handles are looked up")


async def _look_up(engine: Engine, task: ResolveTask, job: Job, ports: PortSet) -> JobOutcome:
    """Look up the mentions that are still handles, and end the waiting of what mentions them.

    A handle that cannot be had after several attempts stays plain text and the post goes out all the same; unless
    nobody else gets it.
    """
    found: dict[str, str] = {}
    failed: FedtextError | None = None
    for handle in task.mentions:
        try:
            found[handle] = await _find(engine, handle, ports)
        except PortError:
            raise
        except FedtextError as error:
            told: dict[str, str | int] = {"handle": handle, "code": error.code, "attempts": job.attempts + 1}
            ports.observer.emit(Event(name="mention.unresolved", fields=told))
            failed = failed if is_final(error) else error
    given_up = ""
    if failed is not None and (job.attempts + 1 < _RESOLVE_ATTEMPTS or not _goes_out(engine, task, found)):
        outcome = later(engine, job, ports, str(failed))
        if not isinstance(outcome, Bury):
            return outcome
        given_up = outcome.reason
    value = dump({"found": dict(found.items()), "given_up": given_up})
    await ports.store.put(_looked_up_key(task), value, ttl_s=_WAITS_S_MAX)
    if job.ordering_key:
        await _put_in_line(task, job, ports)
    await ports.queue.wake(Lane(LaneKind.FANOUT, task.site), site=task.site)
    return Done()


async def _put_in_line(task: ResolveTask, job: Job, ports: PortSet) -> None:
    """Queue what earlier versions had wait in the lane of its handles: nothing else knows of it."""
    waiting = Task(
        site=task.site,
        lane=Lane(LaneKind.FANOUT, task.site),
        payload=encode_task(task),
        dedupe_key=store_key(task.site, "fanout-resolved", str(task.document.get("id"))),
        ordering_key=job.ordering_key,
    )
    await ports.queue.enqueue([waiting])


def handles_lane(site: str) -> Lane:
    """Give the lane in which handles are looked up."""
    return Lane(LaneKind.FANOUT, f"{site} handles")


def _goes_out(engine: Engine, task: ResolveTask, found: Mapping[str, str]) -> bool:
    try:
        _planned(engine, task, with_ids(task.document, found))
    except ConfigurationError:
        return False
    except FedtextError:  # who fans it out finds that, too, and keeps it as a dead letter
        return True
    return True


def _planned(engine: Engine, task: ResolveTask, document: JsonObject) -> FanoutTask:
    """Plan the fan-out of a document whose handles are resolved.

    Raises:
        ConfigurationError: Nobody gets it, or it is about somebody who was not found.
    """
    if lost_object(task.document, document):
        raise ConfigurationError("whom it is about could not be found", activity=str(document.get("id")))
    return plan_fanout(engine, document, task.sender, task.ordering_key, task.recipients)


def resolved_key(site: str, activity_id: str) -> str:
    """Give the store's key of what the handles in an activity were resolved to."""
    return store_key(site, "resolved", activity_id)


def _looked_up_key(task: ResolveTask) -> str:
    return store_key(task.site, "looked-up", str(task.document.get("id")))


def _read_looked_up(value: bytes) -> tuple[dict[str, str], str]:
    """Read what was found, and why the rest was given up, or ""."""
    kept = parse_object(value)
    found, given_up = kept.get("found"), kept.get("given_up")
    known = {handle: str(iri) for handle, iri in found.items()} if isinstance(found, dict) else {}
    return known, str(given_up or "")


async def _find(engine: Engine, stand_in: str, ports: PortSet) -> str:
    """Give the id that something stands for: an author's, or that of the actor with a handle."""
    author_of = stand_in.startswith(AUTHOR_OF)
    found = await (find_author(engine, stand_in, ports) if author_of else _find_handle(engine, stand_in, ports))
    await ports.store.put(store_key(engine.site.origin, "handle", stand_in), found.encode())
    return found


async def _find_handle(engine: Engine, text: str, ports: PortSet) -> str:
    own = await wellknown.local_lookup(engine, text, ports)
    if own is not None:
        return str(own.id)
    handle = parse_handle(text)
    engine.refuse(f"https://{split(handle)[1]}/")
    fetcher = engine.fetcher(ports)
    found = str((await lookup_actor(fetcher, handle, fetcher.budget())).id)
    engine.refuse(found)  # it may lie on another host than its handle (SEC-151)
    return found
