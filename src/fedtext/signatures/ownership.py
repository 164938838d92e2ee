"""Whether a document that was signed belongs to who signed it.

Threat: a good signature by somebody else proves nothing. The owner of a document is who it says that made it; the
document, its owner and the key must all be at one origin (SEC-129; FEP-fe34).

Sources: FEP-8b32, "Proof verification"; FEP-fe34; FEP-c390; SEC-127, SEC-129.
"""

from __future__ import annotations

from typing import Final

from ..errors import DocumentError, KeyOwnerMismatch, OriginMismatch
from ..wire.iri import origin_of
from ..wire.json import JsonObject, JsonValue
from .evidence import VerifiedDocument

_DID: Final = "did:"
# Who made it, in the order in which readers ask; the last one is that of identity statements.
_OWNERS: Final = ("actor", "attributedTo", "subject")


def check_owner(verified: VerifiedDocument) -> str:
    """Demand that the owner of a document signed it.

    Args:
        verified: From `data_integrity.verify` or `linked_data.verify`.

    Returns:
        Id of the owner.

    Raises:
        KeyOwnerMismatch: It is another's document, or nobody's.
        OriginMismatch: The document, the key and the owner are not at one origin.
    """
    document = verified.document
    owner = owner_of(document)
    if owner is None or owner != verified.signer:
        raise KeyOwnerMismatch("the document is not its signer's", owner=str(owner), signer=verified.signer)
    origin = _origin(owner)
    identified = document.get("id")
    if identified is not None and (not isinstance(identified, str) or _origin(identified) != origin):
        raise OriginMismatch("the document is at another origin than its owner", id=str(identified), owner=owner)
    if _origin(verified.key.key_id) != origin:
        raise OriginMismatch("the key is at another origin than its owner", key_id=verified.key.key_id, owner=owner)
    return owner


def owner_of(document: JsonObject) -> str | None:
    """Give the id of whom a document says that it is by: its actor, its author, or itself when it is an actor.

    Args:
        document: With plain names.

    Returns:
        The id; None when there is none, or more than one.
    """
    for name in _OWNERS:
        if document.get(name) is not None:
            return _id_of(document[name])
    return _id_of(document) if "inbox" in document else None


def _id_of(value: JsonValue) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _origin(iri: str) -> str:
    """Give the origin of an id: scheme, host and port, or the DID that it belongs to (FEP-ef61)."""
    if iri.startswith(_DID):
        return iri.partition("#")[0].partition("?")[0].partition("/")[0]
    try:
        return origin_of(iri)
    except DocumentError as error:
        raise OriginMismatch("an id without an origin", id=iri) from error
