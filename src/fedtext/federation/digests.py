"""Digests of who follows whom that are kept, so that they need not be made for each delivery and each arrival.

Invariants: a digest goes when what it was made of changes. One that was made just then may be written once more: so
none is kept for ever, and nothing is removed on its word alone, for whoever sees two differ looks at the list before he
acts.
"""

from __future__ import annotations

from typing import Final

from ..errors import MalformedIri
from ..ports import PortSet, store_key
from ..wire.iri import origin_of
from .context import Context

KEPT_S: Final = 86_400
"""For how long a digest is kept."""


def followers_digest_key(site: str, pk: str, origin: str) -> str:
    """Give the store's key of the digest of an own actor's followers on one server."""
    return store_key(site, "followers-digest", pk, origin)


def all_digests_key(site: str, pk: str) -> str:
    """Give the store's key of the mark that the digests of all servers with followers of an own actor were made."""
    return store_key(site, "followers-digests", pk)


def followings_digest_key(site: str, actor_id: str) -> str:
    """Give the store's key of the digest of the own actors that follow somebody."""
    return store_key(site, "followings-digest", actor_id)


async def keep_digest(ports: PortSet, key: str, digest: str) -> None:
    """Keep a digest."""
    await ports.store.put(key, digest.encode("ascii"), ttl_s=KEPT_S)


async def followers_changed(context: Context, pk: str, follower_id: str) -> None:
    """Say that somebody follows an own actor from now on, or no longer: for follower sources."""
    try:
        origin = origin_of(follower_id)
    except MalformedIri:
        return
    await context.store.delete(followers_digest_key(context.site.origin, pk, origin))


async def followings_changed(context: Context, actor_id: str) -> None:
    """Say that an own actor follows somebody from now on, or no longer: for follower sources."""
    await context.store.delete(followings_digest_key(context.site.origin, actor_id))
