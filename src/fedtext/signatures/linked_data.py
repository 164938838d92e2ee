"""Linked-data signatures: the older way in which a document carries its signature (RsaSignature2017).

Off unless `SignaturePolicy.linked_data` asks for it: most servers have ceased to rely on them; relays still do. The
signature covers the RDF of the document, so what `verify` returns is made from that RDF: a member that RDF does not see
is not in it, and a document that reads in two ways is refused before any cryptography (`jsonld.reliance`).

Invariants: pure; one signature, of one type, with known members only; the actor is the owner of the key, or the
document is refused.

Sources: JLD-09 to JLD-11, JLD-14; SEC-119 to SEC-128; Linked Data Signatures (W3C community draft of 2017).
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import attrs

from ..config import Limits, SignaturePolicy
from ..errors import (
    AlgorithmRefused,
    KeyOwnerMismatch,
    LocalProtocolError,
    ProofMalformed,
    ProofMismatch,
    ProofMissing,
    SignatureMismatch,
)
from ..jsonld import canonical_options, signed_view
from ..keys import Algorithm, PrivateKey, VerificationKey
from ..wire.json import JsonObject
from ..wire.timestamps import build, from_epoch_s
from .base64_text import parse_base64
from .data_integrity import check_times
from .evidence import VerifiedDocument
from .ownership import check_owner
from .proof_claim import parse_time

SIGNATURE_TYPE: Final = "RsaSignature2017"
_MEMBERS: Final = frozenset(
    {"type", "id", "creator", "created", "expires", "nonce", "domain", "signatureValue"},
)
_UNSIGNED: Final = frozenset({"type", "id", "signatureValue"})
_VALUE_CHARS_MAX: Final = 1_400  # RSA of 8192 bits in base64
_DEFAULT_LIMITS: Final = Limits()
_DEFAULT_POLICY: Final = SignaturePolicy()


@attrs.frozen(kw_only=True)
class LinkedDataClaim:
    """A parsed but unverified signature; every value is untrusted.

    Args:
        creator: Id of the key.
        created_s: Seconds since the epoch.
        expires_s: Seconds since the epoch, or None.
        value: The signature, decoded.
        options: What is signed of it.
    """

    creator: str
    created_s: float
    expires_s: float | None
    value: bytes = attrs.field(repr=False)
    options: JsonObject = attrs.field(repr=False)


def parse_signature(document: JsonObject, limits: Limits = _DEFAULT_LIMITS) -> LinkedDataClaim:
    """Read the linked-data signature of a document.

    Args:
        document: As parsed, before any change.
        limits: The table of limits.

    Raises:
        ProofMissing: It has none.
        ProofMalformed: It is no object, of another type, or has members that are missing, unknown or malformed.
    """
    signature = document.get("signature")
    if signature is None:
        raise ProofMissing("the document has no signature")
    if not isinstance(signature, dict):
        raise ProofMalformed("a linked-data signature is one object")
    if signature.get("type") != SIGNATURE_TYPE:
        raise ProofMalformed("the linked-data signature is of another type")
    if not signature.keys() <= _MEMBERS:
        raise ProofMalformed("the linked-data signature has an unknown member")
    options = {name: member for name, member in signature.items() if name not in _UNSIGNED}
    if not all(isinstance(member, str) and len(member) <= limits.iri_chars_max for member in options.values()):
        raise ProofMalformed("a member of the linked-data signature is too long or no text")
    text = signature.get("signatureValue")
    value = parse_base64(text) if isinstance(text, str) and len(text) <= _VALUE_CHARS_MAX else None
    creator = options.get("creator")
    if not value or not isinstance(creator, str) or not creator:
        raise ProofMalformed("the linked-data signature has no creator or no value")
    return LinkedDataClaim(
        creator=creator,
        created_s=parse_time(options.get("created"), "created"),
        expires_s=None if "expires" not in options else parse_time(options["expires"], "expires"),
        value=value,
        options=options,
    )


def verify(
    document: JsonObject,
    claim: LinkedDataClaim,
    key: VerificationKey,
    *,
    now_s: float,
    policy: SignaturePolicy = _DEFAULT_POLICY,
    limits: Limits = _DEFAULT_LIMITS,
) -> VerifiedDocument:
    """Check a linked-data signature and give evidence that the owner of the document made it.

    Args:
        document: As parsed from JSON, before any change; it is not changed.
        claim: From `parse_signature` of the same document.
        key: Of the claim's creator, its owner confirmed both ways.
        now_s: Seconds since the epoch.
        policy: How far in the future a signature may have been made. Whether linked-data signatures count at all is for
            the caller to ask.
        limits: The table of limits.

    Returns:
        Evidence; its document is the one to go on with, and has only what the signature covers (SEC-123).

    Raises:
        ProofExpired: It is from the future, or past its end.
        ProofMismatch: It is not the signature of this key over this document.
        AlgorithmRefused: The key is not RSA.
        KeyOwnerMismatch: The key is another than the one named, or its owner is not that of the document (SEC-127).
        OriginMismatch: Document, key and owner are not at one origin.
        ContextRefused: A context is not at hand, or the document reads in two ways.
        DocumentError: It breaks the rules of JSON-LD.
        LimitExceeded: Its canonical form would cost too much.

    Sources:
        JLD-09.
    """
    check_times(claim.created_s, claim.expires_s, now_s=now_s, policy=policy)
    if key.key_id != claim.creator:
        raise KeyOwnerMismatch("the linked-data signature names another key", key_id=claim.creator)
    if key.public.algorithm is not Algorithm.RSA:
        raise AlgorithmRefused("a linked-data signature takes an RSA key", key_id=claim.creator)
    view = signed_view(_unsigned(document), limits)
    data = _options_hash(claim.options) + _hash(view.canonical)
    try:
        key.public.verify(claim.value, data.encode("ascii"))
    except SignatureMismatch as error:
        raise ProofMismatch("the linked-data signature does not verify", key_id=claim.creator) from error
    verified = VerifiedDocument(
        document=view.document,
        key=key,
        suites=(SIGNATURE_TYPE,),
        created_s=claim.created_s,
        expires_s=claim.expires_s,
    )
    check_owner(verified)
    return verified


def sign(
    document: JsonObject,
    key: PrivateKey,
    *,
    creator: str,
    created_s: float,
    expires_s: float | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> JsonObject:
    """Add a linked-data signature; for peers that rely on nothing else.

    Args:
        document: To be sent to everybody (JLD-10), with contexts that are at hand; it is not changed. An integrity
            proof is made before it (JLD-14).
        key: RSA.
        creator: Id of the key: the actor's id and "#main-key".
        created_s: Seconds since the epoch.
        expires_s: Seconds since the epoch, or None.
        limits: The table of limits.

    Returns:
        A new document with the signature, in place of one that it had.

    Raises:
        LocalProtocolError: The key is not RSA.
        ContextRefused: As `verify`, as are the following.
        DocumentError: See there.
        LimitExceeded: See there.
    """
    if key.algorithm is not Algorithm.RSA:
        raise LocalProtocolError("a linked-data signature takes an RSA key", algorithm=key.algorithm.value)
    options: JsonObject = {"creator": creator, "created": build(from_epoch_s(created_s))}
    if expires_s is not None:
        options["expires"] = build(from_epoch_s(expires_s))
    unsigned = _unsigned(document)
    data = _options_hash(options) + _hash(signed_view(unsigned, limits).canonical)
    value = base64.b64encode(key.sign(data.encode("ascii"))).decode("ascii")
    return {**unsigned, "signature": {"type": SIGNATURE_TYPE, **options, "signatureValue": value}}


def document_hash(document: JsonObject, limits: Limits = _DEFAULT_LIMITS) -> str:
    """Give the hash of a document that its linked-data signature covers: lower-case hex of SHA-256.

    Raises:
        ContextRefused: As `verify`, as are the following.
        DocumentError: See there.
        LimitExceeded: See there.
    """
    return _hash(signed_view(_unsigned(document), limits).canonical)


def options_hash(claim: LinkedDataClaim) -> str:
    """Give the hash of the options of a signature: lower-case hex of SHA-256.

    Raises:
        ContextRefused: The creator is no IRI.
    """
    return _options_hash(claim.options)


def _unsigned(document: JsonObject) -> JsonObject:
    return {name: member for name, member in document.items() if name != "signature"}


def _options_hash(options: JsonObject) -> str:
    return _hash(canonical_options(options))


def _hash(canonical: str) -> str:
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()
