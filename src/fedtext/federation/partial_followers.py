"""What we tell other servers of which of their actors follow ours: the list, to be read, and its digest, to compare.

Invariants: a server learns of its own actors and of nobody else's; where followers are not synchronized, all of it is
as if it were not there.

Sources: FEP-8fcf; COL-13, DLV-16.
"""

from __future__ import annotations

from ..delivery import partial_followers
from ..dispatch import PageRequest, collection
from ..errors import NotFound
from ..ports import PortSet
from ..wire.json import JsonObject
from .engine import Engine
from .registry import SynchronizedFollowers
from .routes import Route
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
    members = await followers_at(engine, source, route.identifier or "", viewer, ports)
    if members is None:
        raise NotFound
    document = collection(engine.site.origin + route.path, total=len(members), first=False)
    return {**document, "orderedItems": [*members]}


async def followers_at(
    engine: Engine, source: SynchronizedFollowers, pk: str, instance: str, ports: PortSet
) -> tuple[str, ...] | None:
    """Give the followers of an own actor that are of one server.

    Args:
        engine: The limits.
        source: Who follows.
        pk: Identifier of the own actor.
        instance: Any address of the server.
        ports: Of the colour of the caller.

    Returns:
        Their ids; None where the actor has more followers, of all servers, than `synchronized_followers_count_max`.
    """
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
    return partial_followers(found, instance)
