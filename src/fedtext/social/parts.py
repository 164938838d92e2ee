"""What the parts of `social` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..behaviors import Follows
from ..runtime import Federation
from .stores import SocialStore

POST_PATH = "/posts/{pk}"


@attrs.frozen(kw_only=True)
class Parts:
    """Federation, follows, tables, and who wants to know of mentions."""

    federation: Federation
    follows: Follows
    store: SocialStore = attrs.field(factory=SocialStore)
    mention_callbacks: list[Callable[..., Any]] = attrs.field(factory=list[Callable[..., Any]])

    def page_url(self, name: str, post: str | None = None) -> str:
        """Give the page for people of an actor or post."""
        base = f"{self.federation.site.origin}/@{name}"
        return base if post is None else f"{base}/{post}"
