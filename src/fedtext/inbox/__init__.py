"""Receive what others send: from bytes to an `AuthenticActivity`, or a refusal."""

from .admission import Peeked, admit, check_claimed, check_plain, is_blocked, peek
from .authorship import AuthenticActivity, Evidence, authenticate, restore
from .envelope import InboundTask, decode_envelope
from .forwarding import forwarding_targets, linked_ids
from .idempotency import activity_key, confirm, seen
from .ownership import HELD_COUNT_MAX
from .receive import Receipt, Reception, receive
from .routing import Listener, select
from .signers import Departed, Gatekeeper

__all__ = [
    "HELD_COUNT_MAX",
    "AuthenticActivity",
    "Departed",
    "Evidence",
    "Gatekeeper",
    "InboundTask",
    "Listener",
    "Peeked",
    "Receipt",
    "Reception",
    "activity_key",
    "admit",
    "authenticate",
    "check_claimed",
    "check_plain",
    "confirm",
    "decode_envelope",
    "forwarding_targets",
    "is_blocked",
    "linked_ids",
    "peek",
    "receive",
    "restore",
    "seen",
    "select",
]
