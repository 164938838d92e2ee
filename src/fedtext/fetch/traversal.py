"""Walk through a collection of others, page by page.

A collection says which things belong to it; what they are, only their own ids say. So an item is an id, and beside it,
where the page embeds one, what the page claims of it: to be shown at most as hearsay.

Invariants: pages are of the origin of the collection, none is read twice, and no more than asked for; `totalItems` is
believed in nothing; each page draws from the budget.

Sources: COL-05, COL-06; AS2 section 5; SEC-091, SEC-108.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

import attrs

from ..errors import FetchRefused, HostPaused, TypeMismatch
from ..vocab import Collection, CollectionPage, Object, load, reference_id
from ..wire.iri import Iri, Origin, origin_of
from .budget import Budget
from .documents import fetch_document
from .embedded import origin_or_none
from .fetcher import Fetcher

# A host that keeps asking for more patience than this is left alone.
PAUSE_S_MAX: Final = 120.0
# Whoever has the time to wait reads one page a second.
PACE_S: Final = 1.0
_PAUSES_MAX: Final = 5

T = TypeVar("T")

Pause: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits for so many seconds: whoever has the time gives one, so that a host that asks for patience gets it."""


@attrs.frozen(kw_only=True)
class Item:
    """One member of a collection.

    Args:
        id: Of the member; None where it has none, and is no more than what the page says.
        claimed: What the page says of it, of the page's own origin alone; None where it gives the id only. Nobody's
            word but the page's: get the object by its id before anything depends on it.
    """

    id: Iri | None
    claimed: Object | None = attrs.field(default=None, repr=False)


def crawl_budget(fetcher: Fetcher, pages_max: int) -> Budget:
    """Give the budget of a walk over so many pages, each perhaps redirected once, at one a second and a minute more."""
    return Budget(fetcher.ports.clock, fetches_max=2 * pages_max + 2, seconds_max=60.0 + 2 * pages_max)


async def traverse(
    fetcher: Fetcher,
    reference: str | Collection,
    budget: Budget,
    *,
    within: str | None = None,
    pages_max: int | None = None,
    pause: Pause | None = None,
) -> AsyncGenerator[Item, None]:
    """Give the members of a collection in its order, fetching pages as they are needed.

    Args:
        fetcher: The way out.
        reference: Id of the collection, or the collection as it was fetched.
        budget: See `crawl_budget`.
        within: Id of the document that embeds the collection, where that has no id of its own.
        pages_max: Pages that are read; None: `collection_pages_count_max`. What follows is left out.
        pause: Waits between pages, `PACE_S`, and where the host asks for patience; None: pages are read as fast as they
            come, and `HostPaused` is raised.

    Raises:
        FetchRefused: A page of another origin, or one that comes again.
        TypeMismatch: It is no collection.
        FetchError: A page is not to be had.
        DocumentError: A page cannot be read.
    """
    pages_left = fetcher.config.limits.collection_pages_count_max if pages_max is None else pages_max
    page = reference if isinstance(reference, Collection) else await _fetch(fetcher, reference, budget, pause)
    origin = _origin(page, within)
    seen: set[str | None] = {page.id}
    following: object = page
    while isinstance(following, Collection):
        for member in following.members:
            yield _item(member, origin)
        if pages_left <= 0:
            return
        pages_left -= 1
        following = await _next(fetcher, following, origin, seen, budget, pause)


async def _next(
    fetcher: Fetcher, page: Collection, origin: Origin, seen: set[str | None], budget: Budget, pause: Pause | None
) -> Collection | None:
    """Give the page that follows, None at the end."""
    reference = page.next if isinstance(page, CollectionPage) else page.first
    if reference is None:
        return None
    page_id = reference_id(reference)
    if page_id is not None:
        if page_id in seen:
            raise FetchRefused("the pages go in a circle", url=page_id)
        seen.add(page_id)
        if origin_or_none(page_id) != origin:
            raise FetchRefused("a page of another origin", url=page_id)
    if isinstance(reference, Collection):
        return reference
    if pause is not None:
        await pause(PACE_S)
    following = await _fetch(fetcher, str(page_id), budget, pause)
    if origin_or_none(following.id) != origin:  # it was redirected
        raise FetchRefused("a page of another origin", url=following.id or "")
    whole = following.part_of if isinstance(following, CollectionPage) else None
    whole_id = reference_id(whole)
    if whole_id is not None and origin_or_none(whole_id) != origin:
        raise FetchRefused("a page of a collection of another origin", url=page_id or "")
    return following


async def _fetch(fetcher: Fetcher, iri: str, budget: Budget, pause: Pause | None) -> Collection:
    found = load(await with_patience(lambda: fetch_document(fetcher, iri, budget), pause))
    if not isinstance(found, Collection):
        raise TypeMismatch("a collection was expected", url=iri, type=found.type_name)
    return found


async def with_patience(fetch: Callable[[], Awaitable[T]], pause: Pause | None) -> T:
    """Run a fetch; where its host asks for patience, wait and run it again.

    Args:
        fetch: Is run at most `_PAUSES_MAX` times after the first.
        pause: Waits; None: nobody does.

    Raises:
        HostPaused: Nobody waits, or the host asks for more patience than anybody has.
    """
    for _ in range(_PAUSES_MAX):
        try:
            return await fetch()
        except HostPaused as error:
            if pause is None or error.retry_after_s > PAUSE_S_MAX:
                raise
            await pause(error.retry_after_s)
    return await fetch()


def _origin(collection: Collection, within: str | None) -> Origin:
    named = collection.id or within
    if named is None:
        raise TypeMismatch("the collection has no id")
    return origin_of(named)


def _item(member: Iri | Object, origin: Origin) -> Item:
    if not isinstance(member, Object):
        return Item(id=member)
    if member.id is None:
        return Item(id=None, claimed=member)
    return Item(id=member.id, claimed=member if origin_or_none(member.id) == origin else None)
