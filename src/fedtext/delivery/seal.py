"""From a document to the bytes that every recipient gets: serialized once, digested once (DLV-12)."""

from __future__ import annotations

import attrs

from ..config import Limits
from ..errors import LocalProtocolError
from ..signatures import build_digest
from ..wire.json import JsonObject, JsonValue, dump
from .addressing import strip_blind

# Interop: JLD-15, Pixelfed stops at depth 8.
DEPTH_MAX = 7


@attrs.frozen(kw_only=True)
class SealedActivity:
    """An activity as it leaves: its id, its actor, the exact bytes and their Digest header value."""

    activity_id: str
    actor: str
    body: bytes
    digest: str


def seal(document: JsonObject, limits: Limits) -> SealedActivity:
    """Serialize an activity for good.

    Args:
        document: As dumped, with @context; bto and bcc are removed here.
        limits: The table of limits.

    Raises:
        LocalProtocolError: No id or actor, too deep or too large for what other servers take.
    """
    activity_id, actor = document.get("id"), document.get("actor")
    if not isinstance(activity_id, str) or not isinstance(actor, str):
        raise LocalProtocolError("an outgoing activity has an id and one actor")
    if _depth(document) > DEPTH_MAX:
        raise LocalProtocolError("an outgoing activity is deeper than other servers read", id=activity_id)
    body = dump(strip_blind(document))
    if len(body) > limits.body_bytes_max:
        raise LocalProtocolError("an outgoing activity is larger than other servers take", bytes=len(body))
    return SealedActivity(activity_id=activity_id, actor=actor, body=body, digest=build_digest(body))


def _depth(value: JsonValue) -> int:
    """Measure nesting, stopping just above the bound so that the work stays bounded too."""
    level, depth = [value], 0
    while level and depth <= DEPTH_MAX:
        inner: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        depth += any(isinstance(item, dict | list) for item in level)
        level = [item for item in inner if isinstance(item, dict | list)]
    return depth
