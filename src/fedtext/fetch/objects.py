"""Objects and actors of others, cached in the store for a bounded time.

Negative answers are cached too, so that a dead reference costs one request in five minutes (SEC-017, 069). A private
key that an actor's document holds is not kept (SEC-077).
"""

from __future__ import annotations

from typing import Literal

from ..errors import (
    BudgetExhausted,
    DocumentError,
    FetchError,
    FetchRefused,
    Gone,
    HTTPStatusError,
    TypeMismatch,
    Unreachable,
)
from ..keys import without_private_keys
from ..ports import store_key
from ..vocab import Actor, Object, load
from ..wire.iri import parse_url
from ..wire.json import JsonObject, dump, parse_object
from .budget import Budget
from .documents import fetch_document
from .embedded import origin_or_none
from .fetcher import Fetcher

_ABSENT = b"absent"
_GONE = b"gone"
_UNREACHABLE = b"unreachable"
_MARKS = (_ABSENT, _GONE, _UNREACHABLE)
# Shorter than the first pause of a retry: who waits for this object must not find our own mark in its place.
UNREACHABLE_FRESH_S = 15


async def get_object(
    fetcher: Fetcher, iri: str, budget: Budget, *, fresh: bool = False, elsewhere: bool = False
) -> Object:
    """Give the object behind an id, from the cache or from its origin.

    Args:
        fetcher: The way out.
        iri: Absolute id; a fragment is kept in the cache key but not sent.
        budget: Shared by all that one message causes.
        fresh: Skip the cache, then fill it.
        elsewhere: Whether the object may be of another origin than `iri`, by way of a redirect: for what people type.
            Where `iri` is an id, that would let one origin speak for another (SEC-063).

    Raises:
        FetchError: Not to be had; `Gone` when its origin says so.
        DocumentError: Not an object.
    """
    parse_url(iri)
    key = store_key(fetcher.site, "object", iri)
    found = None if fresh else _restore(await fetcher.ports.store.get(key), fetcher, iri)

    async def fetch() -> Object:
        return await _fetch_and_cache(fetcher, iri, key, budget)

    if found is None:
        found = await fetcher.ports.coalesce.run(key, fetch)
    if not elsewhere and origin_or_none(found.id) != origin_or_none(iri):
        raise FetchRefused("the address leads to an object of another origin", url=iri, id=found.id or "")
    return found


async def cached_documents(fetcher: Fetcher, iris: list[str]) -> dict[str, JsonObject]:
    """Give the documents that are in the cache under these ids; never fetches."""
    keys = {store_key(fetcher.site, "object", iri): iri for iri in iris}
    found = await fetcher.ports.store.get_many(list(keys)) if keys else {}
    return {
        keys[key]: parse_object(value, fetcher.config.limits) for key, value in found.items() if value not in _MARKS
    }


def _restore(cached: bytes | None, fetcher: Fetcher, iri: str) -> Object | None:
    if cached is None:
        return None
    if cached == _ABSENT:
        raise HTTPStatusError("it was not to be had a moment ago", url=iri)
    if cached == _UNREACHABLE:
        raise Unreachable("its host could not be reached a moment ago", url=iri)
    if cached == _GONE:
        raise Gone(url=iri)
    return load(parse_object(cached, fetcher.config.limits))


async def _fetch_and_cache(fetcher: Fetcher, iri: str, key: str, budget: Budget) -> Object:
    policy, store = fetcher.config.fetch, fetcher.ports.store
    try:
        document = without_private_keys(await fetch_document(fetcher, iri, budget))
        loaded = _credible(load(document), document, iri)
    except BudgetExhausted:  # says nothing of the object
        raise
    except Gone:
        await store.put(key, _GONE, ttl_s=policy.absent_fresh_s)
        raise
    except (FetchError, DocumentError) as error:
        if error.permanent:
            await store.put(key, _ABSENT, ttl_s=policy.absent_fresh_s)
        else:  # what we have is better than nothing
            await store.add_if_absent(key, _UNREACHABLE, ttl_s=UNREACHABLE_FRESH_S)
        raise
    await store.put(key, dump(document), ttl_s=policy.actor_fresh_s)
    return loaded


def _credible(loaded: Object, document: JsonObject, iri: str) -> Object:
    """Refuse what one origin says in the name of an author of another (FEP-fe34); groups may name their makers."""
    if isinstance(loaded, Actor):
        return loaded
    origin = origin_or_none(document.get("id"))
    for name in ("attributedTo", "actor"):
        authors = document.get(name)
        for author in authors if isinstance(authors, list) else [authors]:
            author_id = author.get("id") if isinstance(author, dict) else author
            if author_id is not None and origin_or_none(author_id) != origin:
                raise FetchRefused("attributed to somebody of another origin", url=iri, author=author_id)
    return loaded


async def get_actor(fetcher: Fetcher, iri: str, budget: Budget, *, fresh: bool = False) -> Actor:
    """Give the actor with exactly this id; see `get_object`.

    Raises:
        TypeMismatch: The object is not an actor (SEC-090).
        FetchRefused: It goes by another id (SEC-063).
    """
    found = await get_object(fetcher, iri, budget, fresh=fresh)
    if not isinstance(found, Actor):
        raise TypeMismatch("an actor was expected", url=iri, type=found.type_name)
    if found.id != iri:
        raise FetchRefused("the actor goes by another id", url=iri, id=found.id or "")
    return found


async def forget_object(fetcher: Fetcher, iri: str) -> Literal[True]:
    """Drop an object from the cache."""
    await fetcher.ports.store.delete(store_key(fetcher.site, "object", iri))
    return True
