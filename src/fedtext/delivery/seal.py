"""From a document to the bytes that every recipient gets: proved once, serialized once, digested once (DLV-12).

The integrity proof is made before the linked-data signature, and both before the bytes (JLD-14); what a recipient gets
can so be passed on, and still be believed.
"""

from __future__ import annotations

import attrs

from ..config import Limits
from ..errors import DocumentError, LocalProtocolError
from ..fetch import SigningKey
from ..jsonld import proof_context
from ..signatures import build_digest, data_integrity, linked_data
from ..wire.json import JsonObject, JsonValue, dump
from .addressing import is_for_everybody, strip_blind
from .clamping import clamp

# Interop: JLD-15, Pixelfed stops at depth 8.
DEPTH_MAX = 7
# Of which activities a linked-data signature is made (JLD-10; FEP-ae0c: Move), and for how long it holds.
_PASSED_ON = frozenset({"Create", "Update", "Delete", "Move", "Announce"})
_LINKED_DATA_S = 2 * 86_400


@attrs.frozen(kw_only=True)
class Provers:
    """The keys with which an activity is proved, each None where that is not asked for.

    Args:
        proof: Ed25519, for an integrity proof (eddsa-jcs-2022).
        linked_data: RSA, for a linked-data signature of what everybody may see.
        now_s: Seconds since the epoch.
    """

    proof: SigningKey | None = None
    linked_data: SigningKey | None = None
    now_s: float


NO_PROVERS = Provers(now_s=0)


@attrs.frozen(kw_only=True)
class SealedActivity:
    """An activity as it leaves: its id, its actor, the exact bytes and their Digest header value."""

    activity_id: str
    actor: str
    body: bytes
    digest: str


def seal(document: JsonObject, limits: Limits, provers: Provers = NO_PROVERS) -> SealedActivity:
    """Serialize an activity for good.

    Args:
        document: As dumped, with @context; bto and bcc are removed here, and what is longer than other
            servers take is cut (MOD-69).
        limits: The table of limits.
        provers: Who proves it.

    Raises:
        LocalProtocolError: No id or actor, too deep or too large for what other servers take.
        DocumentError: It has no canonical form, so that it cannot be proved: an integer beyond 2**53 - 1, for example.
    """
    activity_id, actor = document.get("id"), document.get("actor")
    if not isinstance(activity_id, str) or not isinstance(actor, str):
        raise LocalProtocolError("an outgoing activity has an id and one actor")
    if _depth(document) > DEPTH_MAX:
        raise LocalProtocolError("an outgoing activity is deeper than other servers read", id=activity_id)
    body = dump(_proved(clamp(strip_blind(document)), provers, limits))
    if len(body) > limits.body_bytes_max:
        raise LocalProtocolError("an outgoing activity is larger than other servers take", bytes=len(body))
    return SealedActivity(activity_id=activity_id, actor=actor, body=body, digest=build_digest(body))


def _proved(document: JsonObject, provers: Provers, limits: Limits) -> JsonObject:
    """Add the proofs that are asked for."""
    proof = provers.proof
    if proof is not None:
        document = {**document, "@context": proof_context(document.get("@context"))}
        document = data_integrity.sign(
            document, proof.private, verification_method=proof.key_id, created_s=int(provers.now_s), limits=limits
        )
    key = provers.linked_data
    if key is None or document.get("type") not in _PASSED_ON or not is_for_everybody(document):
        return document
    try:
        return linked_data.sign(
            document,
            key.private,
            creator=key.key_id,
            created_s=int(provers.now_s),
            expires_s=int(provers.now_s) + _LINKED_DATA_S,
            limits=limits,
        )
    except DocumentError:
        return document  # a context of the application's own: peers ask here instead


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
