"""What forums and video sites do: Lemmy and other communities (FEP-1b12), PeerTube; conversations (FEP-7888, FEP-171b).

Conversations need no types of their own: `context` names a collection, to which its owner adds.

Sources: FEP-1b12; MOD-45, MOD-64; FEP-9967 (answers to polls).
"""

from __future__ import annotations

from .activities import Activity, ObjectT
from .objects import Object
from .values import String


class Lock(Activity[ObjectT], type="Lock"):
    """The object takes no more answers."""


class ApproveReply(Activity[ObjectT], type="ApproveReply"):
    """The object, an answer that waited for approval, may be shown (MOD-64)."""


class RejectReply(Activity[ObjectT], type="RejectReply"):
    """The object, an answer that waited for approval, is not shown (MOD-64)."""


class Respond(Activity[ObjectT], type="Respond"):
    """The actor answers the object, a Question, with `result` (FEP-9967)."""


class CommunityTag(Object, type="CommunityTag", also=("CommunityPostTag", "https://join-lemmy.org/ns#CommunityTag")):
    """A label that a community has for what is posted there (Lemmy)."""

    display_name: String = String("display_name")
