"""Typed models of the ActivityStreams vocabulary: immutable views over JSON documents.

Make one with keywords, or `load` it from a document that `jsonld.normalize` has seen; read its properties; `evolve` it
into another; `dump` it. What the library does not know stays in the document and goes out again.

Example:
    >>> note = Note(attributed_to="https://blog.example/ap/users/7", content="<p>Hello</p>", to=PUBLIC)
    >>> load(dump(note)) == note
    True
"""

from .activities import (
    Accept,
    Activity,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    Dislike,
    EmojiReact,
    Flag,
    Follow,
    Like,
    Move,
    Reject,
    Remove,
    TentativeAccept,
    TentativeReject,
    Undo,
    Update,
)
from .actors import Actor, Application, Group, Organization, Person, PublicKeyClaim, Service
from .audience import PUBLIC, Visibility, audience_for, is_public, visibility_of
from .collections import Collection, CollectionPage, OrderedCollection, OrderedCollectionPage
from .declaring import prop
from .links import Hashtag, Link, Mention
from .loading import at_origin, dump, load, load_as
from .matching import listener_key, matches
from .model import Problem, Property
from .objects import (
    Article,
    Audio,
    Document,
    Emoji,
    Event,
    Image,
    Note,
    Object,
    PageObject,
    Place,
    PropertyValue,
    Question,
    Tombstone,
    Video,
)
from .references import Reference, reference_id
from .text import Direction, Text

__all__ = [
    "PUBLIC",
    "Accept",
    "Activity",
    "Actor",
    "Add",
    "Announce",
    "Application",
    "Article",
    "Audio",
    "Block",
    "Collection",
    "CollectionPage",
    "Create",
    "Delete",
    "Direction",
    "Dislike",
    "Document",
    "Emoji",
    "EmojiReact",
    "Event",
    "Flag",
    "Follow",
    "Group",
    "Hashtag",
    "Image",
    "Like",
    "Link",
    "Mention",
    "Move",
    "Note",
    "Object",
    "OrderedCollection",
    "OrderedCollectionPage",
    "Organization",
    "PageObject",
    "Person",
    "Place",
    "Problem",
    "Property",
    "PropertyValue",
    "PublicKeyClaim",
    "Question",
    "Reference",
    "Reject",
    "Remove",
    "Service",
    "TentativeAccept",
    "TentativeReject",
    "Text",
    "Tombstone",
    "Undo",
    "Update",
    "Video",
    "Visibility",
    "at_origin",
    "audience_for",
    "dump",
    "is_public",
    "listener_key",
    "load",
    "load_as",
    "matches",
    "prop",
    "reference_id",
    "visibility_of",
]
