"""What an activity proves of itself, besides the HTTP signature that it came under.

Settled: a valid HTTP signature by the actor is enough, but a proof of the actor's that is present and does not hold
refuses the activity; a proof alone counts only under somebody's valid HTTP signature (SEC-005, SEC-131). What is
verified here is the document as received; what goes on is what the proof covers.

Interop: proofs of other kinds, or by keys that are no URL, say nothing to us, and are passed over, as are linked-data
signatures that do not hold (JLD-11): then the activity is asked for at its origin.

Invariants: nothing is looked at before an HTTP signature holds; keys of proofs are listed in `assertionMethod` of the
actor; what somebody passes on is no older than we remember activities (SEC-128).

Sources: FEP-8b32; JLD-09 to JLD-12; SEC-126 to SEC-131.
"""

from __future__ import annotations

from typing import Final

from ..errors import (
    AlgorithmRefused,
    DocumentError,
    FetchError,
    Gone,
    KeyUnavailable,
    OriginMismatch,
    ProofError,
    SignatureError,
)
from ..fetch import Budget, Fetcher, KeyUse, resolve
from ..keys import VerificationKey
from ..signatures import ProofClaim, VerifiedDocument, check_owner, data_integrity, linked_data, parse_proofs
from ..wire.json import JsonObject
from .ownership import identifier

_SCHEMES: Final = ("https://", "http://")


async def prove(raw: JsonObject, signer: str, *, fetcher: Fetcher, budget: Budget) -> VerifiedDocument | None:
    """Verify what an activity proves of itself.

    Args:
        raw: The document as received.
        signer: Who signed the HTTP request, verified.
        fetcher: Used to fetch keys.
        budget: Of this message.

    Returns:
        Evidence that its actor made it, or None where the document says nothing that counts here.

    Raises:
        ProofError: Its proof does not hold.
        SignatureError: Neither does the key of the proof; or it cannot be had now (503).
        DocumentError: It has no canonical form.
        FetchError: The budget is used up.
    """
    if raw.get("proof") is not None:
        return await _proved(raw, fetcher, budget)
    forwarded = identifier(raw.get("actor")) != signer
    if forwarded and fetcher.config.signatures.linked_data and raw.get("signature") is not None:
        return await _signed(raw, fetcher, budget)
    return None


def is_fresh(evidence: VerifiedDocument, *, fetcher: Fetcher) -> bool:
    """Tell whether a document that somebody passes on is new enough to be believed by its proof alone (SEC-128)."""
    oldest_s = fetcher.ports.clock.now_s() - fetcher.config.signatures.forwarded_s_max
    return evidence.created_s >= oldest_s


async def _proved(raw: JsonObject, fetcher: Fetcher, budget: Budget) -> VerifiedDocument | None:
    """Verify integrity proofs.

    A change of keys may have been missed: where a proof does not hold, its keys are fetched anew once (SIG-20).
    """
    if not all(_counts(claim) for claim in parse_proofs(raw, fetcher.config.limits)):
        return None
    claims = data_integrity.check_claims(
        raw, now_s=fetcher.ports.clock.now_s(), policy=fetcher.config.signatures, limits=fetcher.config.limits
    )
    try:
        keys = await _keys(claims, fetcher, budget, refresh=False)
    except Gone:
        return None  # as when an actor says that it is gone: the request is signed, too
    try:
        return _verify(raw, keys, fetcher)
    except (ProofError, AlgorithmRefused):
        fresh = await _keys(claims, fetcher, budget, refresh=True)
        if fresh == keys:
            raise
        return _verify(raw, fresh, fetcher)


def _counts(claim: ProofClaim) -> bool:
    known = claim.cryptosuite in data_integrity.CRYPTOSUITES
    return known and claim.verification_method.startswith(_SCHEMES)


async def _keys(
    claims: tuple[ProofClaim, ...], fetcher: Fetcher, budget: Budget, *, refresh: bool
) -> dict[str, VerificationKey]:
    methods = [claim.verification_method for claim in claims]
    return {method: await resolve(fetcher, method, budget, refresh=refresh, use=KeyUse.ASSERTION) for method in methods}


def _verify(raw: JsonObject, keys: dict[str, VerificationKey], fetcher: Fetcher) -> VerifiedDocument:
    verified = data_integrity.verify(
        raw,
        keys,
        now_s=fetcher.ports.clock.now_s(),
        policy=fetcher.config.signatures,
        limits=fetcher.config.limits,
    )
    check_owner(verified)
    return verified


async def _signed(raw: JsonObject, fetcher: Fetcher, budget: Budget) -> VerifiedDocument | None:
    """Verify a linked-data signature; one that does not hold says nothing."""
    try:
        claim = linked_data.parse_signature(raw, fetcher.config.limits)
        key = await resolve(fetcher, claim.creator, budget)
        return linked_data.verify(
            raw,
            claim,
            key,
            now_s=fetcher.ports.clock.now_s(),
            policy=fetcher.config.signatures,
            limits=fetcher.config.limits,
        )
    except KeyUnavailable:
        raise
    except (ProofError, SignatureError, DocumentError, OriginMismatch, FetchError):
        return None
