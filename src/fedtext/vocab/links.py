"""Links: references with words about them; mentions and hashtags among them.

ActivityStreams keeps Link and Object apart. Here a Link is an Object too, so that the items of a list have one type.

Sources: Activity Vocabulary sections 2 (Link) and 3.5; MOD-14 to MOD-17; erratum AS2-13.
"""

from __future__ import annotations

from .objects import Object
from .references import Id
from .values import Integer, String, Strings


class Link(Object, type="Link", recognized_by=("href",)):
    """A reference to what lies at `href`.

    Args:
        href: Address of any scheme.
        rel: Relations, as of HTML and RFC 8288.
        hreflang: BCP 47 tag of what lies there.
    """

    href: Id = Id()
    rel: Strings = Strings()
    hreflang: String = String()
    width: Integer = Integer(least=0)
    height: Integer = Integer(least=0)


class Mention(Link, type="Mention"):
    """A person is spoken to: `href` is the actor's id, `name` "@user@host" (MOD-14)."""


class Hashtag(Link, type="Hashtag"):
    """A topic: `name` is "#topic", `href` a page about it, not an object (MOD-17)."""

    @property
    def topic(self) -> str | None:
        """The name without the leading "#"."""
        return None if self.name is None else self.name.removeprefix("#")
