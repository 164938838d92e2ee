"""What `social` keeps: posts of our actors, and entries of their timelines."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from ..behaviors import Author
from ..vocab import Visibility


@attrs.frozen(kw_only=True)
class Post:
    """A post of one of our actors.

    Args:
        pk: Identifier, in its URL.
        author: Identifier of the actor.
        html: As it is sent: safe.
        text: As it was written.
        language: BCP 47 tag, or None.
        visibility: To whom it is shown.
        published: When.
        updated: When it was last changed, or None.
        in_reply_to: Id of what it answers, or None.
        addressed: Ids of actors, or "acct:user@host" where the worker is still to look them up.
        handles: Handle to id or placeholder, for the Mention tags.
        hashtags: Without "#".
        summary: Content warning, or None.
        uri: Its id on the network.
        pending: Whether mentions are still to be looked up.
    """

    pk: str
    author: str
    html: str
    text: str
    language: str | None
    visibility: Visibility
    published: datetime
    updated: datetime | None = None
    in_reply_to: str | None = None
    addressed: tuple[str, ...] = ()
    handles: tuple[tuple[str, str], ...] = ()
    hashtags: tuple[str, ...] = ()
    summary: str | None = None
    uri: str = ""
    pending: bool = False


@attrs.frozen(kw_only=True)
class Entry:
    """One entry of a timeline: a post of somebody, or somebody's boost of one.

    Args:
        id: Id of the post.
        author: Who wrote it.
        html: Sanitized: safe to show.
        text: The same as plain text.
        visibility: To whom it is shown.
        published: When, if it says so.
        updated: When it was last changed, if it was.
        in_reply_to: Id of what it answers, or None.
        language: BCP 47 tag, if it says so.
        summary: Content warning, plain text, or None.
        boosted_by: Who boosted it, or None.
        url: Page for people, or None.
        likes: How many liked it; of our own posts only.
        boosts: How many boosted it; of our own posts only.
        own: Whether it is the timeline owner's own post.
        mine_liked: Whether the owner liked it.
    """

    id: str
    author: Author
    html: str
    text: str
    visibility: Visibility
    published: datetime | None
    updated: datetime | None = None
    in_reply_to: str | None = None
    language: str | None = None
    summary: str | None = None
    boosted_by: Author | None = None
    url: str | None = None
    likes: int = 0
    boosts: int = 0
    own: bool = False
    mine_liked: bool = False


@attrs.frozen(kw_only=True)
class Mention:
    """A post of somebody that addresses one of our actors."""

    entry: Entry
    recipient: str

    @property
    def id(self) -> str:
        """Id of the post."""
        return self.entry.id

    @property
    def author(self) -> Author:
        """Who wrote it."""
        return self.entry.author

    @property
    def text(self) -> str:
        """What it says, as plain text."""
        return self.entry.text


def at(seconds: float) -> datetime:
    """Give the time of seconds since the epoch, in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)
