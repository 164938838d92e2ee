"""Objects and actors of others, cached in the store for a bounded time.

Negative answers are cached too, so that a dead reference costs one request in five minutes (SEC-017, 069).
"""

from __future__ import annotations

from typing import Literal

from ..errors import FetchError, Gone, HTTPStatusError, TypeMismatch
from ..ports import store_key
from ..vocab import Actor, Object, load
from ..wire.json import dump, parse_object
from .budget import Budget
from .documents import fetch_document
from .fetcher import Fetcher

_ABSENT = b"absent"
_GONE = b"gone"


async def get_object(fetcher: Fetcher, iri: str, budget: Budget, *, fresh: bool = False) -> Object:
    """Give the object behind an id, from the cache or from its origin.

    Args:
        fetcher: The way out.
        iri: Absolute id; a fragment is kept in the cache key but not sent.
        budget: Shared by all that one message causes.
        fresh: Skip the cache, then fill it.

    Raises:
        FetchError: Not to be had; `Gone` when its origin says so.
        DocumentError: Not an object.
    """
    key = store_key(fetcher.site, "object", iri)
    if not fresh:
        cached = await fetcher.ports.store.get(key)
        if cached == _ABSENT:
            raise HTTPStatusError("it was not to be had a moment ago", url=iri)
        if cached == _GONE:
            raise Gone(url=iri)
        if cached is not None:
            return load(parse_object(cached, fetcher.config.limits))

    async def fetch() -> Object:
        return await _fetch_and_cache(fetcher, iri, key, budget)

    return await fetcher.ports.coalesce.run(key, fetch)


async def _fetch_and_cache(fetcher: Fetcher, iri: str, key: str, budget: Budget) -> Object:
    policy = fetcher.config.fetch
    try:
        document = await fetch_document(fetcher, iri, budget)
        loaded = load(document)
    except FetchError as error:
        if error.permanent and not isinstance(error, HTTPStatusError | Gone):
            raise
        mark = _GONE if isinstance(error, Gone) else _ABSENT
        await fetcher.ports.store.put(key, mark, ttl_s=policy.absent_fresh_s)
        raise
    await fetcher.ports.store.put(key, dump(document), ttl_s=policy.actor_fresh_s)
    return loaded


async def get_actor(fetcher: Fetcher, iri: str, budget: Budget, *, fresh: bool = False) -> Actor:
    """Give an actor; see `get_object`.

    Raises:
        TypeMismatch: The object is not an actor (SEC-090).
    """
    found = await get_object(fetcher, iri, budget, fresh=fresh)
    if not isinstance(found, Actor):
        raise TypeMismatch("an actor was expected", url=iri, type=found.type_name)
    return found


async def forget_object(fetcher: Fetcher, iri: str) -> Literal[True]:
    """Drop an object from the cache."""
    await fetcher.ports.store.delete(store_key(fetcher.site, "object", iri))
    return True
