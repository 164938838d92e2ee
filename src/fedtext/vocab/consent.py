"""Asking before doing: requests for quotes, likes, replies, boosts and features, and the authorizations for them.

A request is an activity of who wants to do something; the Accept that answers it names an authorization in `result`.
The authorization is an object of who was asked, and is revoked by deleting it. What is read here is what documents
say; whether it is true is decided elsewhere.

Sources: FEP-044f (quotes); GoToSocial's interaction requests; FEP-7aa9 (features); MOD-59, MOD-61, MOD-63, MOD-67.
"""

from __future__ import annotations

from .activities import Activity, ObjectT
from .collections import OrderedCollection
from .objects import Object
from .references import Id, One


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


class InteractionAuthorization(Object):
    """The word of who was asked.

    Args:
        interacting_object: Id of what is allowed.
        interaction_target: Id of what it is done with.
    """

    interacting_object: Id = Id()
    interaction_target: Id = Id()


class LikeAuthorization(InteractionAuthorization, type="LikeAuthorization"):
    """The like is allowed; GoToSocial's first versions called it `LikeApproval`."""


class ReplyAuthorization(InteractionAuthorization, type="ReplyAuthorization"):
    """The answer is allowed."""


class AnnounceAuthorization(InteractionAuthorization, type="AnnounceAuthorization"):
    """The boost is allowed."""


class QuoteAuthorization(InteractionAuthorization, type="QuoteAuthorization"):
    """The quote is allowed: the stamp of FEP-044f."""


class FeatureAuthorization(InteractionAuthorization, type="FeatureAuthorization"):
    """The feature is allowed."""


class FeaturedCollection(OrderedCollection, type="FeaturedCollection"):
    """A collection of actors or things that somebody recommends (FEP-7aa9)."""

    topic: One[Object] = One()


class FeaturedItem(Object, type="FeaturedItem"):
    """One thing of a featured collection."""

    featured_object: Id = Id()
    feature_authorization: Id = Id()
