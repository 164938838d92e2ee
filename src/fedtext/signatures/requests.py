"""Judge and sign requests, whatever the scheme: the one door to `cavage` and `rfc9421`.

Invariants: a claim is judged by the scheme that it was read by; a request that is signed anew loses every trace of the
signatures before.

Sources: SIG-29, SIG-30, SIG-35; SEC-033 to SEC-059.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..config import Scheme, SignaturePolicy
from ..errors import SignatureMismatch
from ..http import Request
from ..keys import PrivateKey, VerificationKey
from . import cavage, rfc9421
from .accept_signature import AskedSignature
from .claim import RFC9421, SignatureClaim
from .diagnosis import diagnose
from .evidence import VerifiedRequest

_DEFAULT_POLICY: Final = SignaturePolicy()
_SIGNATURE_FIELDS: Final = ("signature", "signature-input", "digest", "content-digest")


def check_claim(
    request: Request,
    claim: SignatureClaim,
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy | None = None,
) -> int:
    """Check all of a claim that needs no key: coverage, host, time and digest.

    `verify` does this too. Called on its own before the key is fetched, it keeps requests that could never be accepted
    from causing fetches.

    Args:
        request: As received.
        claim: From `parse_claim`.
        now_s: Seconds since the epoch.
        authorities: Hosts that are served here, lower case, each with its port unless that is the default one.
        policy: The time window, and what else is asked of signatures.

    Returns:
        When the request was signed, by the signer's clock (s).

    Raises:
        ComponentsUncovered: The target, the host, the time, or the digest of the body is not signed.
        HostRefused: The signed host is not served here.
        SignatureMalformed: Headers are missing, repeated or unreadable, or the signature is for another application.
        SignatureExpired: It is too old, too new, or past its own end.
        AlgorithmRefused: The named algorithm is never accepted.
        DigestMalformed: The digest of RFC 9530 cannot be read.
        DigestUnsupported: It has no hash that is used here.
        DigestMismatch: The body is not the one that was signed.
    """
    judge = rfc9421.check_claim if claim.scheme is RFC9421 else cavage.check_claim
    return judge(request, claim, now_s=now_s, authorities=authorities, policy=policy or _DEFAULT_POLICY)


def verify(
    request: Request,
    claim: SignatureClaim,
    key: VerificationKey,
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy | None = None,
    insecure_queryless_get: bool = False,
    explain: bool = False,
) -> VerifiedRequest:
    """Check one signature and return evidence of what it covers.

    Args:
        request: As received; `body` is the exact bytes, before any decoding.
        claim: From `parse_claim` of the same request.
        key: Its owner is already confirmed both ways.
        now_s: Seconds since the epoch.
        authorities: As in `check_claim`.
        policy: As in `check_claim`.
        insecure_queryless_get: Also take a GET of draft-cavage whose signature leaves out the query, as Misskey's does
            (SIG-12, SEC-043). The query is then the sender's word only for what it was signed without.
        explain: Look for the cause of a mismatch, and give it as `hint` in the context of the error. For people: it
            costs up to 24 verifications, which no stranger should be able to ask for.

    Raises:
        AlgorithmRefused: The named algorithm does not fit the key.
        SignatureMismatch: The bytes do not verify under the key.
        ComponentsUncovered: As `check_claim`, as are the following.
        HostRefused: See there.
        SignatureMalformed: See there.
        SignatureExpired: See there.
        DigestMalformed: See there.
        DigestUnsupported: See there.
        DigestMismatch: See there.

    Sources:
        RFC 9421 section 3.2; draft-cavage-http-signatures-12 section 2.5.
    """
    policy = policy or _DEFAULT_POLICY
    try:
        if claim.scheme is RFC9421:
            return rfc9421.verify(request, claim, key, now_s=now_s, authorities=authorities, policy=policy)
        return cavage.verify(
            request,
            claim,
            key,
            now_s=now_s,
            authorities=authorities,
            policy=policy,
            insecure_queryless_get=insecure_queryless_get,
        )
    except SignatureMismatch as error:
        hint = diagnose(request, claim, key) if explain else None
        if hint is not None:
            raise SignatureMismatch(error.message, **error.context, hint=hint) from error
        raise


def claimed_base(request: Request, claim: SignatureClaim) -> bytes:
    """Build the bytes that a claim says were signed; for RFC 9421 with the parameters as received.

    Args:
        request: As received.
        claim: From `parse_claim` of the same request.

    Raises:
        SignatureMalformed: A component is not in the request, or its value cannot be signed.

    Sources:
        RFC 9421 section 2.5; draft-cavage-http-signatures-12 section 2.3.
    """
    if claim.scheme is RFC9421:
        return rfc9421.message_base(claim.components, claim.signature_params, request)
    return cavage.claimed_base(request, claim)


def sign(
    request: Request,
    key: PrivateKey,
    *,
    key_id: str,
    now_s: float,
    digest: str | None = None,
    scheme: Scheme = Scheme.CAVAGE,
    asked: AskedSignature | None = None,
    queryless: bool = False,
) -> Request:
    """Give a copy of the request, signed in the one form that every server of the scheme takes.

    Sign each attempt and each hop anew: the time must be fresh, and the target true (SIG-05, SIG-35).

    Args:
        request: To be sent; its authority becomes the Host header.
        key: The actor's own.
        key_id: Where the key is published: actor id and "#main-key" (SIG-16).
        now_s: Seconds since the epoch.
        digest: From `build_digest` of the same body, when it was already built.
        scheme: See `first_scheme` for which to use.
        asked: RFC 9421: what the peer wants to be covered as well.
        queryless: Draft-cavage: leave the query out of what is signed, for a peer that verifies so (SIG-13).

    Raises:
        LocalProtocolError: The key id, the kind of key or a part of the request cannot be signed.

    Sources:
        Wire rules 1.1 and 2.3; SIG-01 to SIG-06, SIG-08, SIG-16, SIG-29.
    """
    if scheme is RFC9421:
        unsigned = request.with_headers(request.headers.without(*_SIGNATURE_FIELDS))
        return rfc9421.sign(unsigned, key, key_id=key_id, now_s=now_s, digest=digest, asked=asked)
    return cavage.sign(request, key, key_id=key_id, now_s=now_s, digest=digest, queryless=queryless)
