"""Pages of collections as the application gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

import attrs

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class PageRequest:
    """Which page is wanted.

    Args:
        cursor: What the application gave as `next` of the page before; None for the first page.
        size: How many items at most.
    """

    cursor: str | None = None
    size: int = 20


@attrs.frozen
class Page(Generic[T]):
    """One page, newest first.

    Args:
        items: At most as many as were asked for.
        next: Cursor of the page after this one (at most 500 characters); None when this is the last.
        total: How many items there are for whoever asks; None when that is not told. It is not told either where the
            page holds an item that is not for whoever asks: then it counts too much.
        prev: Cursor of the page before this one; None when this is the first, or it is not known.
        last: Cursor of the last page; None when it is not known.
        hidden: Whether the members are nobody's business: then `total` is told, and nothing else (COL-04).
    """

    items: Sequence[T] = ()
    next: str | None = None
    total: int | None = None
    prev: str | None = attrs.field(default=None, kw_only=True)
    last: str | None = attrs.field(default=None, kw_only=True)
    hidden: bool = attrs.field(default=False, kw_only=True)
