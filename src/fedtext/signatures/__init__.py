"""Who signed an HTTP message, and what the signature says about it.

`parse_claim` reads what a request claims, `check_claim` judges all of it that needs no key, `verify` gives evidence,
`sign` makes the same thing for our own requests; both schemes, draft-cavage-http-signatures-12 and RFC 9421, go through
these. `sign_response` and `verify_response` do it for responses, `first_scheme` and `after_response` say which scheme a
peer takes, `diagnose` why one did not verify, `examine` each step on the way, and `advise` what other servers would
not take.

Documents carry signatures of their own: `data_integrity` (FEP-8b32) and `linked_data` (the older way); `check_owner`
asks whether their owner made them. Keys and time are arguments; nothing here fetches or waits.
"""

from __future__ import annotations

from ..config import Scheme
from . import data_integrity, linked_data
from .accept_signature import AskedSignature, build_accept_signature, parse_accept_signature
from .advice import Advice, advise
from .cavage import signature_base
from .claim import SignatureClaim
from .components import Component, component_lines, parse_component
from .content_digest import build_content_digest, verify_content_digest
from .diagnosis import diagnose, diagnose_digest
from .digest import build_digest, verify_digest
from .evidence import VerifiedDocument, VerifiedRequest, VerifiedResponse
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
from .ownership import check_owner, owner_of
from .proof_claim import ProofClaim, parse_proofs
from .reading import parse_claim, parse_claims, parse_response_claims
from .requests import check_claim, claimed_base, sign, verify
from .requirements import BODILESS_METHODS
from .responses import sign_response, verify_response
from .rfc9421 import message_base

__all__ = [
    "ANY_KEY_ID",
    "BODILESS_METHODS",
    "Advice",
    "AskedSignature",
    "Component",
    "Examination",
    "Knock",
    "Outcome",
    "ProofClaim",
    "Scheme",
    "SchemeMemory",
    "SignatureClaim",
    "Step",
    "VerifiedDocument",
    "VerifiedRequest",
    "VerifiedResponse",
    "advise",
    "after_response",
    "build_accept_signature",
    "build_challenge",
    "build_content_digest",
    "build_digest",
    "check_claim",
    "check_owner",
    "claimed_base",
    "component_lines",
    "data_integrity",
    "diagnose",
    "diagnose_digest",
    "examine",
    "examine_response",
    "first_scheme",
    "learned_capabilities",
    "learned_inbound",
    "linked_data",
    "message_base",
    "owner_of",
    "parse_accept_signature",
    "parse_claim",
    "parse_claims",
    "parse_component",
    "parse_proofs",
    "parse_response_claims",
    "sign",
    "sign_response",
    "signature_base",
    "verify",
    "verify_content_digest",
    "verify_digest",
    "verify_response",
]
