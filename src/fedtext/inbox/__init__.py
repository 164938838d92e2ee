"""Receive what others send: from bytes to an `AuthenticActivity`, or a refusal."""

from .admission import Peeked, admit, check_claimed, check_plain, is_blocked, peek
from .arrivals import PAYLOAD_BYTES_MAX, Arrivals, Arrived
from .authorship import AuthenticActivity, Evidence, authenticate, known_key, restore
from .envelope import InboundTask, decode_envelope, is_envelope
from .forwarding import forwarding_targets, linked_ids
from .idempotency import activity_key, confirm, confirmed_hash, seen
from .lateness import is_deleted, is_late, late_keys, remember_ended
from .ownership import HELD_COUNT_MAX
from .pacing import Pace
from .policing import ends_or_changes
from .receive import receive
from .reception import Receipt, Reception
from .routing import Listener, select
from .rules import Rule, Rules, Severity, decode_rule, parse_subject
from .signers import Departed, Gatekeeper

__all__ = [
    "HELD_COUNT_MAX",
    "PAYLOAD_BYTES_MAX",
    "Arrivals",
    "Arrived",
    "AuthenticActivity",
    "Departed",
    "Evidence",
    "Gatekeeper",
    "InboundTask",
    "Listener",
    "Pace",
    "Peeked",
    "Receipt",
    "Reception",
    "Rule",
    "Rules",
    "Severity",
    "activity_key",
    "admit",
    "authenticate",
    "check_claimed",
    "check_plain",
    "confirm",
    "confirmed_hash",
    "decode_envelope",
    "decode_rule",
    "ends_or_changes",
    "forwarding_targets",
    "is_blocked",
    "is_deleted",
    "is_envelope",
    "is_late",
    "known_key",
    "late_keys",
    "linked_ids",
    "parse_subject",
    "peek",
    "receive",
    "remember_ended",
    "restore",
    "seen",
    "select",
]
