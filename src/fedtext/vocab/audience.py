"""The algebra of visibility: from addressees to who may see it, and back (MOD-04, MOD-05).

Public counts in its three spellings when it is read and is written as the full IRI only.

Sources: ActivityPub section 5.6; the visibility table of the wire rules (Mastodon's algebra).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from ..wire.iri import Iri

PUBLIC: Final = Iri("https://www.w3.org/ns/activitystreams#Public")
_SPELLINGS: Final = frozenset({PUBLIC, "as:Public", "Public"})


class Visibility(Enum):
    """Who may see a post."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    DIRECT = "direct"


def is_public(text: str) -> bool:
    """Tell whether an addressee is the public, in any of its three spellings (MOD-04, AP-12)."""
    return text in _SPELLINGS


def visibility_of(to: Iterable[str], cc: Iterable[str], followers: str | None) -> Visibility:
    """Tell who may see what is addressed so.

    Args:
        to: Addressees.
        cc: Further addressees.
        followers: Id of the author's followers collection, if it is known.
    """
    first, further = set(to), set(cc)
    if not _SPELLINGS.isdisjoint(first):
        return Visibility.PUBLIC
    if not _SPELLINGS.isdisjoint(further):
        return Visibility.UNLISTED
    # Interop: MOD-05, Mastodon reads followers in `to` only, Misskey in `cc` too.
    return Visibility.FOLLOWERS if followers is not None and followers in first | further else Visibility.DIRECT


def audience_for(
    visibility: Visibility, followers: str | None, mentions: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give `to` and `cc` for a visibility.

    Args:
        visibility: Who may see it.
        followers: Id of the author's followers collection; None: it has none.
        mentions: Ids of the actors that are mentioned; each gets it, whatever the visibility. The public and the
            followers cannot be mentioned: that would widen the audience.

    Returns:
        Addressees and further addressees, each without duplicates.
    """
    listeners = () if followers is None else (followers,)
    mentioned = tuple(dict.fromkeys(iri for iri in mentions if iri != followers and not is_public(iri)))
    match visibility:
        case Visibility.PUBLIC:
            return (PUBLIC,), (*listeners, *mentioned)
        case Visibility.UNLISTED:
            return listeners, (PUBLIC, *mentioned)
        case Visibility.FOLLOWERS:
            return listeners, mentioned
        case Visibility.DIRECT:
            return mentioned, ()
