"""The actor of a server as a whole: whom to address when nobody in particular is meant.

Two ways lead to it, and servers go one of them: WebFinger of the server's own address (FEP-d556), and the index of
NodeInfo (FEP-2677). An origin speaks for itself alone: the actor lies there.

Sources: FEP-d556; FEP-2677; WF-18.
"""

from __future__ import annotations

from ..errors import DocumentError, FetchError, MissingProperty, OriginMismatch
from ..fetch import Budget, Fetcher, get_actor, origin_or_none
from ..vocab import Actor
from ..wire.iri import Origin, parse_url
from .nodeinfo import application_of, fetch_nodeinfo_index
from .webfinger import fetch_descriptor


async def lookup_server_actor(fetcher: Fetcher, origin: Origin, budget: Budget) -> Actor:
    """Find the actor of a server.

    Args:
        fetcher: The way out.
        origin: Of the server.
        budget: Shared by all steps.

    Raises:
        MissingProperty: It names none.
        OriginMismatch: It names one of another origin.
        FetchError: The server, or the actor, is not to be had.
        TypeMismatch: It is no actor.
    """
    actor_id = await _by_webfinger(fetcher, origin, budget)
    if actor_id is None:
        actor_id = application_of(await fetch_nodeinfo_index(fetcher, origin, budget))
    if actor_id is None:
        raise MissingProperty("the server names no actor of its own", origin=origin)
    if origin_or_none(actor_id) != origin:
        raise OriginMismatch("the actor of the server lies on another origin", origin=origin, actor=actor_id)
    return await get_actor(fetcher, actor_id, budget)


async def _by_webfinger(fetcher: Fetcher, origin: Origin, budget: Budget) -> str | None:
    try:
        jrd = await fetch_descriptor(fetcher, f"{origin}/", parse_url(origin).authority, budget)
    except FetchError as error:
        if not error.permanent:
            raise
        return None
    except DocumentError:
        return None
    return jrd.server_actor_id()
