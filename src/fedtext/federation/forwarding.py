"""Pass on what others said in answer to something of ours, to those who follow us: which, and once (AP-S07)."""

from __future__ import annotations

from hashlib import sha256

from ..delivery import FanoutTask, encode_task
from ..inbox import InboundTask, forwarding_targets, linked_ids
from ..ports import Event, Lane, LaneKind, PortSet, Task, store_key
from ..signatures import build_digest
from ..wire.json import JsonObject
from . import serving
from .engine import Engine
from .routes import RouteKind

_ASKED_COUNT_MAX = 8


def targets(engine: Engine, document: JsonObject) -> tuple[str, ...]:
    """Give the followers collections of ours to whose members an activity is to be passed on: as far as ids tell."""
    return forwarding_targets(
        document,
        is_collection=lambda iri: engine.followers_owner(iri) is not None,
        is_ours=lambda iri: _path_of(engine, iri) is not None,
    )


async def pass_on(engine: Engine, task: InboundTask, ports: PortSet) -> None:
    """Queue what arrived for the followers that it is addressed to, where it leads to something that is there.

    It goes out as it came, signed by the owner of the collection, once however many inboxes it has reached; not to the
    server that it came from. What cannot be queued raises, and is tried again with the listeners.

    Args:
        engine: Knows what is ours.
        task: After all listeners were called.
        ports: The store and the queue.

    Raises:
        PortError: See there.
    """
    activity_id = task.document.get("id")
    if not task.body or not isinstance(activity_id, str):
        return
    owners = [engine.followers_owner(iri) for iri in targets(engine, task.document)]
    followers_of = tuple(dict.fromkeys(owner for owner in owners if owner is not None))
    # Threat: under the id alone, a neighbour of whoever speaks could use it up before him (SEC-048).
    actor = str(task.document.get("actor"))
    mark = store_key(task.site, "forwarded", sha256(f"{actor} {activity_id}".encode()).hexdigest())
    if not followers_of or await ports.store.get(mark) is not None or not await _leads_home(engine, task, ports):
        return
    fanout = FanoutTask(
        site=task.site,
        sender=followers_of[0],
        activity_id=activity_id,
        actor=actor,
        body=task.body,
        digest=build_digest(task.body.encode("utf-8")),
        recipients=(),
        blind=(),
        followers_of=followers_of,
        cursor="",
        reached=(),
        ordering_key=activity_id,
        shared=True,
        forwarded=True,
    )
    lane = Lane(LaneKind.FANOUT, task.site)
    await ports.queue.enqueue(
        [Task(site=task.site, lane=lane, payload=encode_task(fanout), dedupe_key=mark, ordering_key=activity_id)]
    )
    await ports.store.put(mark, b"1", ttl_s=engine.config.inbox.idempotency_s)
    ports.observer.emit(Event(name="inbox.forwarded", fields={"id": activity_id, "owner": followers_of[0]}))


async def _leads_home(engine: Engine, task: InboundTask, ports: PortSet) -> bool:
    """Ask the application whether one of the things that it leads to exists (SEC-137)."""
    paths = [path for iri in linked_ids(task.document) if (path := _path_of(engine, iri)) is not None]
    for path in dict.fromkeys(paths[:_ASKED_COUNT_MAX]):
        route = engine.route(path)
        if route is None:
            continue
        if route.kind is RouteKind.ACTOR and await serving.own_actor(engine, route.identifier or "", ports) is not None:
            return True
        if route.kind is RouteKind.OBJECT and await serving.own_object(engine, route, ports) is not None:
            return True
    return False


def _path_of(engine: Engine, iri: str) -> str | None:
    """Give the path of an actor or object of ours; None where an id names none."""
    if not iri.startswith(engine.site.origin + "/"):
        return None
    path = iri[len(engine.site.origin) :].partition("#")[0].partition("?")[0]
    local = engine.parse_path(path)
    return path if local is not None and local.kind in ("actor", "object") else None
