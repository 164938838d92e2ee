"""Collections and their pages.

Sources: Activity Vocabulary section 2; ActivityPub section 5; COL-03 to COL-10.
"""

from __future__ import annotations

from ..wire.iri import Iri
from .objects import Object
from .references import Id, Many, One
from .values import Integer, String


class Collection(Object, type="Collection", recognized_by=("items",)):
    """A set of objects, often given page by page; counts are what the other side says (COL-06)."""

    total_items: Integer = Integer(least=0)
    first: One[CollectionPage] = One(kind="CollectionPage")
    last: One[CollectionPage] = One(kind="CollectionPage")
    current: One[CollectionPage] = One(kind="CollectionPage")
    items: Many[Object] = Many()
    # Of whom or what it is the collection (FEP-5711)
    inbox_of: Id = Id()
    outbox_of: Id = Id()
    followers_of: Id = Id()
    following_of: Id = Id()
    liked_of: Id = Id()
    likes_of: Id = Id()
    replies_of: Id = Id()
    shares_of: Id = Id()
    blocked_of: Id = Id()
    blocks_of: Id = Id()
    pending_followers_of: Id = Id()
    pending_following_of: Id = Id()
    # What its members are: "Object" or "Activity" (FEP-171b)
    collection_of: String = String()

    @property
    def members(self) -> tuple[Iri | Object, ...]:
        """What the collection or page holds itself, ordered or not (COL-05)."""
        return self.items


class OrderedCollection(Collection, type="OrderedCollection", recognized_by=("orderedItems",)):
    """A list of objects; those that ActivityPub defines are newest first (AP-07)."""

    ordered_items: Many[Object] = Many()

    @property
    def members(self) -> tuple[Iri | Object, ...]:
        """What the collection or page holds itself."""
        return self.ordered_items or self.items


class CollectionPage(Collection, type="CollectionPage"):
    """A part of a collection."""

    part_of: One[Collection] = One(kind="Collection")
    next: One[CollectionPage] = One(kind="CollectionPage")
    prev: One[CollectionPage] = One(kind="CollectionPage")


class OrderedCollectionPage(CollectionPage, OrderedCollection, type="OrderedCollectionPage"):
    """A part of an ordered collection."""

    start_index: Integer = Integer(least=0)
