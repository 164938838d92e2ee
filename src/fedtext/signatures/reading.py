"""Which signatures a message has: the choice between both schemes, and no mixing of them.

Invariants: `Signature-Input` decides (SIG-30); where a message is signed by both schemes, the one of RFC 9421 counts,
and only if both name one key owner (SEC-059); whatever needs no key and no clock to be refused, is refused here.

Example:
    >>> parse_claim(request).key_id
    'https://a.example/users/1#main-key'

Sources: RFC 9421 section 4; draft-cavage-http-signatures-12 sections 3.1 and 4.1; SIG-07, SIG-30, SEC-038, SEC-055,
SEC-059.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ..config import Limits
from ..errors import SignatureMalformed, SignatureMissing
from ..http import Headers, Request, Response
from .cavage_claim import is_authorization, parse_cavage
from .claim import SignatureClaim
from .rfc9421_claim import parse_rfc9421, parse_usual

_DEFAULT_LIMITS: Final = Limits()

# Under RFC 9421 whatever stands behind an equal sign of `Signature` is bytes, and they begin with a colon.
_CAVAGE_KEY_ID: Final = re.compile(r"(?:^|[ \t,])keyid[ \t]*+=[ \t]*+(?![ \t:])")


def parse_claims(request: Request, limits: Limits | None = None) -> tuple[SignatureClaim, ...]:
    """Read every signature that a request claims to have.

    Each is somebody's word on its own: whoever takes one, takes the identity of its key and of no other (SEC-055).

    Args:
        request: As received.
        limits: `signature_bytes_max` bounds the headers, `iri_chars_max` the key ids.

    Returns:
        One of draft-cavage, or one to four of RFC 9421 in the order of `Signature-Input`.

    Raises:
        SignatureMissing: There is no signature.
        SignatureMalformed: It breaks the grammar, repeats something, exceeds a limit, or two of them contradict.
        AlgorithmRefused: It names an algorithm that is never accepted.
    """
    limits = limits or _DEFAULT_LIMITS
    headers = request.headers
    # As nearly everybody signs: one signature, in one place.
    signature = headers.get_only("signature")
    if signature is not None and "authorization" not in headers:
        written = headers.get_only("signature-input")
        if written is not None:
            usual = parse_usual(written, signature, limits)
            if usual is not None:
                return (usual,)
        elif "signature-input" not in headers:
            return (parse_cavage((signature,), limits),)
    inputs, signatures = headers.get_all("signature-input"), headers.get_all("signature")
    if not inputs:
        return (parse_cavage(_cavage_values(signatures, headers), limits),)
    others = [value for value in signatures if _is_cavage(value)]
    claims = parse_rfc9421(inputs, [value for value in signatures if value not in others], limits)
    cavage_values = _cavage_values(others, headers)
    if cavage_values:
        _check_same_owner(claims, parse_cavage(cavage_values, limits))
    return claims


def parse_claim(request: Request, limits: Limits | None = None) -> SignatureClaim:
    """Read the signature of a request; of several, the first that can be used.

    Args:
        request: As received.
        limits: As in `parse_claims`.

    Raises:
        SignatureMissing: As `parse_claims`, as are the following.
        SignatureMalformed: See there.
        AlgorithmRefused: See there.
    """
    return parse_claims(request, limits)[0]


def parse_response_claims(response: Response, limits: Limits | None = None) -> tuple[SignatureClaim, ...]:
    """Read every signature that a response claims to have; only RFC 9421 signs responses.

    Args:
        response: As received.
        limits: As in `parse_claims`.

    Raises:
        SignatureMissing: There is no signature.
        SignatureMalformed: As `parse_claims`.
    """
    inputs = response.headers.get_all("signature-input")
    if not inputs:
        raise SignatureMissing("the response has no Signature-Input header")
    return parse_rfc9421(inputs, response.headers.get_all("signature"), limits or _DEFAULT_LIMITS)


def _is_cavage(value: str) -> bool:
    lowered = value.lower()
    return "keyid" in lowered and _CAVAGE_KEY_ID.search(lowered) is not None


def _cavage_values(signatures: list[str], headers: Headers) -> list[str]:
    """Give what both places hold; a field that repeats is two signatures, whatever they say (SEC-038)."""
    authorizations = headers.get_all("authorization")
    if len(signatures) > 1 or len(authorizations) > 1:
        raise SignatureMalformed("the request has several signatures")
    if not authorizations:
        return signatures
    return [*signatures, *filter(is_authorization, authorizations)]


def _check_same_owner(claims: Sequence[SignatureClaim], other: SignatureClaim) -> None:
    """Refuse two signers (SEC-059). Who owns a key is not known yet: the id without its fragment stands for it."""
    owner = other.key_id.partition("#")[0]
    for claim in claims:
        if claim.key_id.partition("#")[0] != owner:
            raise SignatureMalformed("two schemes name two signers", key_id=claim.key_id, other=other.key_id)
