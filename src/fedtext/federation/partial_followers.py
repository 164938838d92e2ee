"""What we tell other servers of which of their actors follow ours: the list, to be read, and its digest, to compare.

Invariants: a server learns of its own actors and of nobody else's; where followers are not synchronized, all of it is
as if it were not there.

Sources: FEP-8fcf; COL-13, DLV-16.
"""

from __future__ import annotations

from ..delivery import (
    SYNCHRONIZATION_HEADER,
    CollectionSynchronization,
    DeliveryTask,
    build_collection_synchronization,
    followers_digests,
    partial_followers,
)
from ..dispatch import Page, PageRequest, collection
from ..errors import NotFound
from ..ports import PortSet
from ..wire.iri import Origin, origin_of
from ..wire.json import JsonObject, JsonValue
from .digests import KEPT_S, all_digests_key, followers_digest_key, keep_digest
from .engine import Engine
from .registry import SynchronizedFollowers
from .routes import PARTIAL_FOLLOWERS, Route
from .synchronization import active_source


async def collection_for(engine: Engine, viewer: str | None, route: Route, ports: PortSet) -> JsonObject:
    """Give the followers of an own actor that are of the viewer's server, in one collection without pages.

    Args:
        engine: Knows the follower source.
        viewer: Id of the actor that signed the request; None: nobody did.
        route: Of the collection, of an actor that exists.
        ports: Of the colour of the edge.

    Raises:
        NotFound: Nobody signed, followers are not synchronized, or there are too many of them.
    """
    source = None if viewer is None else await active_source(engine, ports)
    if viewer is None or source is None:
        raise NotFound
    found = await _followers(engine, source, route.identifier or "", ports)
    if found is None:
        raise NotFound
    members: list[JsonValue] = [*partial_followers(found, viewer)]
    return collection(engine.site.origin + route.path, Page(members, total=len(members)), whole=True)


async def fields_for(engine: Engine, task: DeliveryTask, ports: PortSet) -> tuple[tuple[str, str], ...]:
    """Give the header fields of a delivery by which its receiver can tell whether it knows our followers rightly.

    None where followers are not synchronized, there are too many of them, or none is of the receiving server: whoever
    is told of none would remove all that it knows.
    """
    source = await active_source(engine, ports) if task.synchronize else None
    digest = None if source is None else await _digest(engine, source, task.sender, origin_of(task.inbox), ports)
    if not digest:
        return ()
    context = engine.context(ports)
    said = CollectionSynchronization(
        collection_id=context.followers_uri(task.sender),
        url=f"{context.actor_uri(task.sender)}/{PARTIAL_FOLLOWERS}",
        digest=digest,
    )
    return ((SYNCHRONIZATION_HEADER, build_collection_synchronization(said)),)


async def _digest(engine: Engine, source: SynchronizedFollowers, pk: str, origin: Origin, ports: PortSet) -> str:
    """Give the digest of the followers of an own actor on one server, "" where nothing is said of them.

    When the first of an actor is wanted, those of all servers are made: otherwise a post would have all followers read
    once for each server that it goes to.
    """
    site = engine.site.origin
    kept = await ports.store.get(followers_digest_key(site, pk, origin))
    if kept is not None:
        return kept.decode("ascii")
    found = await _followers(engine, source, pk, ports)
    made = followers_digests(found or ())
    first = found is not None and await ports.store.add_if_absent(all_digests_key(site, pk), b"1", ttl_s=KEPT_S)
    for one in {origin, *(made if first else ())}:
        await keep_digest(ports, followers_digest_key(site, pk, one), made.get(one, ""))
    return made.get(origin, "")


async def _followers(engine: Engine, source: SynchronizedFollowers, pk: str, ports: PortSet) -> list[str] | None:
    """Give the ids of all followers of an own actor; None: more than `synchronized_followers_count_max`."""
    context, limit = engine.context(ports), engine.config.limits.synchronized_followers_count_max
    if await source.count(context, pk) > limit:
        return None
    found: list[str] = []
    request: PageRequest | None = PageRequest(size=engine.config.delivery.followers_page_max)
    while request is not None:
        page = await source.page(context, pk, request)
        found += [follower.actor_id for follower in page.items]
        if len(found) > limit:
            return None
        more = page.next is not None and page.items
        request = PageRequest(cursor=page.next, size=request.size) if more else None
    return found
