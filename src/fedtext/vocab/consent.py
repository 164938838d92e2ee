"""Asking before doing: requests for quotes, likes, replies, boosts and features, and the authorizations for them.

A request is an activity of who wants to do something; the Accept that answers it names an authorization in `result`.
The authorization is an object of who was asked, and is revoked by deleting it. What is read here is what documents
say; whether it is true is decided elsewhere.

Sources: FEP-044f (quotes); GoToSocial's interaction requests; FEP-7aa9 (features); MOD-59, MOD-61, MOD-63, MOD-67.
"""

from __future__ import annotations

from ..wire.json import JsonObject, JsonValue
from .activities import Activity, ObjectT
from .collections import OrderedCollection
from .model import Reading
from .objects import Object
from .references import Id, One
from .values import Flag


class InteractionRequest(Activity[ObjectT]):
    """The actor asks whether `instrument` may be done with the object."""


class LikeRequest(InteractionRequest[ObjectT], type="LikeRequest"):
    """May the object be liked?"""


class ReplyRequest(InteractionRequest[ObjectT], type="ReplyRequest"):
    """May the object be answered with `instrument`?"""


class AnnounceRequest(InteractionRequest[ObjectT], type="AnnounceRequest"):
    """May the object be boosted?"""


class QuoteRequest(InteractionRequest[ObjectT], type="QuoteRequest"):
    """May `instrument` quote the object?"""


class FeatureRequest(InteractionRequest[ObjectT], type="FeatureRequest"):
    """May the object be featured in the collection `instrument`?"""


class RenamedId(Id):
    """An id that the first versions of GoToSocial wrote under another name.

    Args:
        before: That name.
    """

    def __init__(self, before: str) -> None:
        super().__init__()
        self.before = before

    @property
    def names(self) -> tuple[str, ...]:
        """Both members that it is read from."""
        return (self.name, self.before)

    def find(self, document: JsonObject, reading: Reading) -> JsonValue:
        """Look under the name, then under the one before."""
        found = super().find(document, reading)
        return document.get(self.before) if found is None else found

    def write(self, document: JsonObject, value: object) -> None:
        """Set it under its name only."""
        document.pop(self.before, None)
        super().write(document, value)


class InteractionAuthorization(Object):
    """The word of who was asked.

    Args:
        interacting_object: Id of what is allowed.
        interaction_target: Id of what it is done with.
    """

    interacting_object: Id = RenamedId("object")
    interaction_target: Id = RenamedId("target")


class LikeAuthorization(InteractionAuthorization, type="LikeAuthorization", also=("LikeApproval",)):
    """The like is allowed."""


class ReplyAuthorization(InteractionAuthorization, type="ReplyAuthorization", also=("ReplyApproval",)):
    """The answer is allowed."""


class AnnounceAuthorization(InteractionAuthorization, type="AnnounceAuthorization", also=("AnnounceApproval",)):
    """The boost is allowed."""


class QuoteAuthorization(InteractionAuthorization, type="QuoteAuthorization"):
    """The quote is allowed: the stamp of FEP-044f."""


class FeatureAuthorization(InteractionAuthorization, type="FeatureAuthorization"):
    """The feature is allowed."""


class FeaturedCollection(OrderedCollection, type="FeaturedCollection"):
    """A collection of actors or things that somebody recommends (FEP-7aa9).

    Args:
        topic: A Hashtag.
        discoverable: Whether it may be shown to people who do not know of it.
    """

    discoverable: Flag = Flag()
    topic: One[Object] = One()


class FeaturedItem(Object, type="FeaturedItem"):
    """One thing of a featured collection; `feature_authorization` says that it agrees."""

    featured_object: Id = Id()
