"""Read a conversation that others host: up to its beginning, and all of it that can be found.

Every post is got by its own id, from its own origin. A conversation is found in three places, in this order: the
history and the collection of its `context`, where that is one whose owner keeps it; and the `replies` of each post that
was found.

Invariants: no post is given twice; depth, count and budget bound the walk, so that a conversation without an end has
one here; what is gone, private or not to be read is passed over.

Sources: FEP-f228 (backfilling conversations); FEP-7888; FEP-171b; SEC-108; COL-09.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

from ..errors import BudgetExhausted, DocumentError, FetchError, FetchTimeout, HostPaused, Unreachable
from ..vocab import Activity, Collection, Object, reference_id
from ..wire.iri import Iri, host_of
from .budget import Budget
from .embedded import origin_or_none
from .fetcher import Fetcher
from .objects import get_object
from .traversal import PAUSE_S_MAX, Item, Pause, traverse, with_patience

_PAGES_PER_COLLECTION_MAX: Final = 20


async def ancestors(fetcher: Fetcher, post: Object, budget: Budget) -> AsyncGenerator[Object, None]:
    """Give what a post answers, what that answers, and so on to the beginning of the conversation.

    Args:
        fetcher: The way out.
        post: Where to begin; it is not given itself.
        budget: For all of it.

    Raises:
        FetchError: A host cannot be reached now, or the budget is spent. What is not to be had for good ends the walk.
    """
    seen = {post.id}
    for _ in range(fetcher.config.limits.thread_depth_max):
        parent_id = reference_id(post.in_reply_to)
        if parent_id is None or parent_id in seen:
            return
        seen.add(parent_id)
        parent = await _get(fetcher, parent_id, budget, None)
        if parent is None:
            return
        yield parent
        post = parent


async def conversation(
    fetcher: Fetcher, post: Object, budget: Budget, *, posts_max: int = 200, pause: Pause | None = None
) -> AsyncGenerator[Object, None]:
    """Give the posts of the conversation that a post belongs to, as they are found.

    Args:
        fetcher: The way out.
        post: Any post of it; it is not given itself.
        budget: For all of it; see `crawl_budget`.
        posts_max: Posts that are asked for at most.
        pause: See `traverse`.

    Raises:
        FetchError: The host of one of its lists cannot be reached now, or has to be left alone for a while and there
            is no `pause`; or the budget is spent. A post whose host cannot be reached is passed over.
    """
    walk = _Walk(fetcher, budget, posts_max, pause)
    walk.seen.add(post.id)
    for source in await walk.sources(post):
        async for found in walk.follow(source):
            yield found
    waiting = deque([post, *walk.found])
    while waiting:
        parent = waiting.popleft()
        replies = parent.replies
        reference = replies if isinstance(replies, Collection) else reference_id(replies)
        async for found in walk.follow(reference, within=parent.id):
            waiting.append(found)
            yield found


class _Walk:
    """What one walk has found and may still cost."""

    def __init__(self, fetcher: Fetcher, budget: Budget, posts_left: int, pause: Pause | None) -> None:
        self._fetcher = fetcher
        self._budget = budget
        self._posts_left = posts_left
        self._silent_hosts: set[str] = set()
        self._pause = pause
        self.seen: set[str | None] = set()
        self.found: list[Object] = []

    async def sources(self, post: Object) -> list[str]:
        """Give the collections that claim to hold the conversation: history first, since it is complete (FEP-f228)."""
        context_id = post.context
        if context_id is None or origin_or_none(context_id) is None:
            return []
        context = await _get(self._fetcher, context_id, self._budget, self._pause)
        history = reference_id(post.context_history) or (context.context_history if context is not None else None)
        is_kept = isinstance(context, Collection) and _is_kept_by_owner(context)
        return [one for one in (history, context_id if is_kept else None) if one is not None]

    async def follow(
        self, reference: str | Collection | None, *, within: str | None = None
    ) -> AsyncGenerator[Object, None]:
        """Give the posts that a collection names, each got by its id; what was given before is passed over."""
        if reference is None or self._posts_left <= 0:
            return
        try:
            async with aclosing(self._items(reference, within)) as items:
                async for item in items:
                    for post_id in _posts_of(item.id, item.claimed):
                        post = await self._visit(post_id)
                        if post is not None:
                            yield post
        except (FetchError, DocumentError) as error:
            if not error.permanent or isinstance(error, BudgetExhausted):
                raise

    def _items(self, reference: str | Collection, within: str | None) -> AsyncGenerator[Item, None]:
        return traverse(
            self._fetcher,
            reference,
            self._budget,
            within=within,
            pages_max=_PAGES_PER_COLLECTION_MAX,
            pause=self._pause,
        )

    async def _visit(self, post_id: Iri) -> Object | None:
        """Give a post that was not given yet; None where there is none, or where as many were asked for as one may."""
        if post_id in self.seen or self._posts_left <= 0:
            return None
        self._posts_left -= 1
        self.seen.add(post_id)
        post = await self._get(post_id)
        if post is None or isinstance(post, Activity | Collection):
            return None
        self.found.append(post)
        return post

    async def _get(self, post_id: Iri) -> Object | None:
        """Give a post; None also when its host cannot be reached: one that is down does not end the walk."""
        host = host_of(post_id)
        if host in self._silent_hosts:
            return None
        try:
            return await _get(self._fetcher, post_id, self._budget, self._pause)
        except (Unreachable, FetchTimeout) as error:
            if isinstance(error, HostPaused) and error.retry_after_s <= PAUSE_S_MAX:
                raise  # it lives, as far as is known: whoever waits gets the post
            self._silent_hosts.add(host)
            return None


def _posts_of(item_id: Iri | None, claimed: Object | None) -> Iterable[Iri]:
    """Give the ids of posts in an item: of the item, or of what an activity of a history is about."""
    if isinstance(claimed, Activity):
        object_id = claimed.object_id
        return [] if object_id is None else [object_id]
    return [] if item_id is None else [item_id]


def _is_kept_by_owner(context: Collection) -> bool:
    """Tell whether somebody of the same origin says to keep the collection: what it holds is then his word."""
    owner = reference_id(context.attributed_to)
    return owner is not None and origin_or_none(owner) == origin_or_none(context.id)


async def _get(fetcher: Fetcher, iri: str, budget: Budget, pause: Pause | None) -> Object | None:
    """Give an object; None when it is not to be had for good, or not to be read."""
    try:
        return await with_patience(lambda: get_object(fetcher, iri, budget), pause)
    except (FetchError, DocumentError) as error:
        if not error.permanent or isinstance(error, BudgetExhausted):
            raise
        return None
