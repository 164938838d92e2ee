"""Sign and verify responses as in RFC 9421: an answer, and if asked for, that it answers this very request.

Decides what must be covered; draft-cavage has no signatures of responses.

Invariants: the status is always covered, the digest of a body too; a response that is bound to its request counts for
no other one.

Sources: RFC 9421 sections 2.2.9, 2.4; HMS-13; wire rule 2.3 (FASP signs responses over `@status` and
`content-digest`).
"""

from __future__ import annotations

from typing import Final

import attrs

from ..config import SignaturePolicy
from ..errors import ComponentsUncovered, LocalProtocolError
from ..http import Request, Response
from ..keys import PrivateKey, VerificationKey
from .algorithms import check_fits, check_name
from .claim import SignatureClaim
from .components import STATUS, Component
from .content_digest import build_content_digest, verify_content_digest
from .evidence import VerifiedResponse
from .rfc9421 import CONTENT_DIGEST, CONTENT_TYPE, check_parameters, covers_digest, signature_fields, verify_message

_STATUS: Final = Component(STATUS)
_REQUEST: Final = (("req", True),)
_OF_REQUEST: Final = (Component("@method", _REQUEST), Component("@target-uri", _REQUEST))
_DIGEST_OF_REQUEST: Final = Component("content-digest", _REQUEST)
_SIGNATURE_FIELDS: Final = ("signature-input", "signature", "content-digest")


def sign_response(
    response: Response, key: PrivateKey, *, key_id: str, now_s: float, request: Request | None = None
) -> Response:
    """Give a copy of the response, signed.

    Sets Signature-Input and Signature, and Content-Digest where there is a body.

    Args:
        response: To be sent.
        key: Our own.
        key_id: Where the key is published.
        now_s: Seconds since the epoch.
        request: That it answers: then the signature binds the response to it.

    Raises:
        LocalProtocolError: The status, the key id, the kind of key or a part of the response cannot be signed.
    """
    if not 100 <= response.status <= 999:
        raise LocalProtocolError("a status has three digits", status=response.status)
    headers = response.headers.without(*_SIGNATURE_FIELDS)
    covered = [_STATUS]
    if "content-type" in headers:
        covered.append(CONTENT_TYPE)
    if response.body:
        covered.append(CONTENT_DIGEST)
        headers = headers.with_fields(("content-digest", build_content_digest(response.body)))
    if request is not None:
        covered += _OF_REQUEST
        if "content-digest" in request.headers:
            covered.append(_DIGEST_OF_REQUEST)
    unsigned = attrs.evolve(response, headers=headers)
    fields = signature_fields(unsigned, covered, key, key_id=key_id, now_s=now_s, request=request)
    return attrs.evolve(unsigned, headers=headers.with_fields(*fields))


def verify_response(
    response: Response,
    claim: SignatureClaim,
    key: VerificationKey,
    *,
    now_s: float,
    request: Request | None = None,
    bound: bool = False,
    policy: SignaturePolicy | None = None,
) -> VerifiedResponse:
    """Check one signature of a response and return evidence of what it covers.

    Args:
        response: As received; `body` is the exact bytes, before any decoding.
        claim: From `parse_response_claims` of the same response.
        key: Its owner is already confirmed both ways.
        now_s: Seconds since the epoch.
        request: As it was sent, with all its headers; needed for components with `req`.
        bound: Whether the signature must also cover method and target of the request.
        policy: The time window and the tags.

    Raises:
        AlgorithmRefused: The named algorithm is never accepted, or does not fit the key.
        ComponentsUncovered: The status, the time, the digest of the body, or the request is not signed.
        SignatureMalformed: A covered component is not there, or the signature is for another application.
        SignatureExpired: It is too old, too new, or past its own end.
        DigestMalformed: The digest cannot be read.
        DigestUnsupported: The digest is of no hash that is used here.
        DigestMismatch: The body is not the one that was signed.
        SignatureMismatch: The bytes do not verify under the key.

    Sources:
        RFC 9421 section 3.2.
    """
    policy = policy or SignaturePolicy()
    check_name(claim.algorithm)
    check_fits(claim.algorithm, key)
    check_response_coverage(response, claim, bound=bound)
    created_s = check_parameters(claim, now_s=now_s, policy=policy)
    if covers_digest(claim):
        verify_content_digest(response.headers.get_all("content-digest"), response.body)
    verify_message(response, claim, key, request=request)
    return VerifiedResponse(
        response=response,
        key=key,
        covered=claim.covered,
        created_s=created_s,
        expires_s=claim.expires_s,
        label=claim.label,
    )


def check_response_coverage(response: Response, claim: SignatureClaim, *, bound: bool = False) -> None:
    """Check that a signature covers what it must: the status, the digest of a body, and if wanted the request.

    Args:
        response: As received.
        claim: Of this response.
        bound: As in `verify_response`.

    Raises:
        ComponentsUncovered: It does not.
    """
    missing: list[str] = []
    if STATUS not in claim.covered:
        missing.append(STATUS)
    if response.body and not covers_digest(claim):
        missing.append(CONTENT_DIGEST.name)
    if bound:
        missing += [component.text for component in _OF_REQUEST if component.text not in claim.covered]
    if missing:
        raise ComponentsUncovered("the signature does not cover enough", missing=" ".join(missing))
