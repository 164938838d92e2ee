"""Who signed an HTTP message, and what the signature says about it.

`parse_claim` reads what a request claims, `check_claim` judges all of it that needs no key, `verify` gives evidence,
`sign` makes the same thing for our own requests; both schemes, draft-cavage-http-signatures-12 and RFC 9421, go through
these. `sign_response` and `verify_response` do it for responses, `first_scheme` and `after_response` say which scheme a
peer takes, `diagnose` why one did not verify; `examine` and `advise` tell a person all of it. Keys and time are
arguments; nothing here fetches or waits.
"""

from __future__ import annotations

from ..config import Scheme
from .accept_signature import AskedSignature, build_accept_signature, parse_accept_signature
from .advice import Advice, advise
from .cavage import signature_base
from .claim import SignatureClaim
from .components import Component, component_lines, parse_component
from .content_digest import build_content_digest, verify_content_digest
from .diagnosis import diagnose, diagnose_digest
from .digest import build_digest, verify_digest
from .evidence import VerifiedRequest, VerifiedResponse
from .examination import ANY_KEY_ID, Examination, Outcome, Step, examine, examine_response
from .negotiation import (
    Knock,
    SchemeMemory,
    after_response,
    build_challenge,
    first_scheme,
    learned_capabilities,
    learned_inbound,
)
from .reading import parse_claim, parse_claims, parse_response_claims
from .requests import check_claim, claimed_base, sign, verify
from .responses import sign_response, verify_response
from .rfc9421 import message_base

__all__ = [
    "ANY_KEY_ID",
    "Advice",
    "AskedSignature",
    "Component",
    "Examination",
    "Knock",
    "Outcome",
    "Scheme",
    "SchemeMemory",
    "SignatureClaim",
    "Step",
    "VerifiedRequest",
    "VerifiedResponse",
    "advise",
    "after_response",
    "build_accept_signature",
    "build_challenge",
    "build_content_digest",
    "build_digest",
    "check_claim",
    "claimed_base",
    "component_lines",
    "diagnose",
    "diagnose_digest",
    "examine",
    "examine_response",
    "first_scheme",
    "learned_capabilities",
    "learned_inbound",
    "message_base",
    "parse_accept_signature",
    "parse_claim",
    "parse_claims",
    "parse_component",
    "parse_response_claims",
    "sign",
    "sign_response",
    "signature_base",
    "verify",
    "verify_content_digest",
    "verify_digest",
    "verify_response",
]
