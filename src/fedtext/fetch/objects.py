"""Objects and actors of others, cached in the store for a bounded time.

Negative answers are cached too, so that a dead reference costs one request in five minutes (SEC-017, 069); a host that
cannot be reached is remembered as one (see `courtesy`), not once for each of its objects. A private key that an
actor's document holds is not kept (SEC-077). A copy that is no longer fresh is asked about: has it changed?

What one of our actors may see, by its own signature, is cached for that actor alone.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import attrs

from ..errors import (
    BudgetExhausted,
    DocumentError,
    FetchError,
    FetchRefused,
    Gone,
    HostPaused,
    HTTPStatusError,
    TypeMismatch,
    Unreachable,
    WrongMediaType,
)
from ..keys import without_private_keys
from ..ports import Store, store_key, store_prefix
from ..vocab import Actor, Object, load
from ..wire.iri import parse_url
from ..wire.json import JsonObject
from .budget import Budget
from .caching import CachedDocument, decode_cached
from .courtesy import speaks_of_host
from .documents import Found, fetch_found, fetch_if_changed
from .embedded import origin_or_none
from .fetcher import Fetcher

_ABSENT = b"absent"
_GONE = b"gone"
_UNREACHABLE = b"unreachable"
# There is something else than a document: nothing for an id, perhaps a page for those who look for one.
_OTHER = b"other"
_MARKS = (_ABSENT, _GONE, _UNREACHABLE, _OTHER)
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
        fresh: Ask its host in any case, which may say that nothing has changed; then fill the cache.
        elsewhere: Whether the object may be of another origin than `iri`, by way of a redirect, and `iri` the address
            of a page that names it: for what people type. Where `iri` is an id, that would let one origin speak for
            another (SEC-063).

    Raises:
        FetchError: Not to be had; `Gone` when its origin says so.
        DocumentError: Not an object.
    """
    parse_url(iri)
    key = _cache_key(fetcher, iri)
    cached = await fetcher.ports.store.get(key)
    copy = None if cached is None or cached in _MARKS else decode_cached(cached, fetcher.config.limits)
    found = None if fresh or (elsewhere and cached == _OTHER) else _restore(cached, copy, fetcher, iri)

    async def fetch() -> Object:
        return await _fetch_and_cache(fetcher, iri, key, copy, budget, pages=elsewhere)

    if found is None:
        found = await fetcher.share(f"{key}?page" if elsewhere else key, fetch)
    if not elsewhere and origin_or_none(found.id) != origin_or_none(iri):
        raise FetchRefused("the address leads to an object of another origin", url=iri, id=found.id or "")
    return found


async def cached_documents(fetcher: Fetcher, iris: list[str]) -> dict[str, JsonObject]:
    """Give the documents that are in the cache under these ids, also those that are no longer fresh; never fetches.

    For what does not change with age, such as whose they are.
    """
    keys = {_cache_key(fetcher, iri): iri for iri in iris}
    found = await fetcher.ports.store.get_many(list(keys)) if keys else {}
    copies = {
        keys[key]: decode_cached(value, fetcher.config.limits) for key, value in found.items() if value not in _MARKS
    }
    return {iri: copy.document for iri, copy in copies.items() if copy is not None}


def _cache_key(fetcher: Fetcher, iri: str) -> str:
    whose = () if fetcher.requester is None else ("for", fetcher.requester)
    return store_key(fetcher.site, "object", iri, *whose)


def _is_fresh(copy: CachedDocument, fetcher: Fetcher) -> bool:
    return copy.fresh_until_s > fetcher.ports.clock.now_s()


def _restore(cached: bytes | None, copy: CachedDocument | None, fetcher: Fetcher, iri: str) -> Object | None:
    if cached in (_ABSENT, _OTHER):
        raise HTTPStatusError("it was not to be had a moment ago", url=iri)
    if cached == _UNREACHABLE:
        raise Unreachable("its host could not be reached a moment ago", url=iri)
    if cached == _GONE:
        raise Gone(url=iri)
    return load(copy.document) if copy is not None and _is_fresh(copy, fetcher) else None


async def _fetch_and_cache(
    fetcher: Fetcher, iri: str, key: str, copy: CachedDocument | None, budget: Budget, *, pages: bool
) -> Object:
    policy, store = fetcher.config.fetch, fetcher.ports.store
    try:
        found = await _fetch(fetcher, iri, copy, budget, pages=pages)
        document = without_private_keys(found.document)
        loaded = _credible(load(document), document, iri)
    except (BudgetExhausted, HostPaused):  # says nothing of the object
        raise
    except Gone:
        await store.put(key, _GONE, ttl_s=policy.absent_fresh_s)
        raise
    except (FetchError, DocumentError) as error:
        if error.permanent:
            mark = _OTHER if isinstance(error, WrongMediaType) and not pages else _ABSENT
            await store.put(key, mark, ttl_s=policy.absent_fresh_s)
        elif not speaks_of_host(error):  # else see `courtesy`. A copy that we have is better than a mark
            await store.add_if_absent(key, _UNREACHABLE, ttl_s=UNREACHABLE_FRESH_S)
        raise
    fresh_until_s = fetcher.ports.clock.now_s() + policy.actor_fresh_s
    kept = CachedDocument(document=document, fresh_until_s=fresh_until_s, validators=found.validators)
    kept_s = policy.actor_fresh_s + (policy.stale_s if found.validators.fields else 0)
    await store.put(key, kept.encode(), ttl_s=kept_s)
    return loaded


async def _fetch(fetcher: Fetcher, iri: str, copy: CachedDocument | None, budget: Budget, *, pages: bool) -> Found:
    """Give the document as it is now: by asking whether the copy still is it, where there is one."""
    if copy is None or not copy.validators.fields or pages:
        return await fetch_found(fetcher, iri, budget, pages=pages)
    found = await fetch_if_changed(fetcher, copy.validators, budget, iri)
    return found or Found(address=copy.validators.address, document=copy.document, validators=copy.validators)


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


async def expire_object(fetcher: Fetcher, iri: str) -> None:
    """Have an object asked for anew when it is wanted next, for whomever it was cached: it has changed, or is gone."""
    store, kept_s = fetcher.ports.store, fetcher.config.fetch.stale_s
    async for place, value in _copies(store, fetcher.site, iri):
        copy = None if value in _MARKS else decode_cached(value, fetcher.config.limits)
        if copy is None:
            await store.delete(place)
        elif _is_fresh(copy, fetcher):
            old = attrs.evolve(copy, fresh_until_s=fetcher.ports.clock.now_s())
            await store.compare_and_set(place, value, old.encode(), ttl_s=kept_s)


async def forget_object(store: Store, site: str, iri: str) -> None:
    """Drop an object from the cache, for whomever it was cached."""
    async for place, _ in _copies(store, site, iri):
        await store.delete(place)


async def _copies(store: Store, site: str, iri: str) -> AsyncGenerator[tuple[str, bytes], None]:
    """Give all that is kept under an id, with where it lies: of everybody, then of single actors of ours."""
    key, prefix = store_key(site, "object", iri), store_prefix(site, "object", iri)
    cached = await store.get(key)
    if cached is not None:
        yield key, cached
    after = ""
    while found := await store.scan(prefix, after=after):
        for place, value in found:
            yield place, value
        after = found[-1][0]
