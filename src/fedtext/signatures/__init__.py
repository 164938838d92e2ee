"""Who signed an HTTP request, and what the signature says about it.

`parse_claim` reads what a request claims, `check_claim` judges all of it that needs no key, `verify` gives evidence,
`sign` makes the same thing for our own requests. Keys and time are arguments; nothing here fetches or waits.
"""

from __future__ import annotations

from ..config import Scheme
from .cavage import check_claim, sign, signature_base, verify
from .claim import SignatureClaim, parse_claim
from .digest import build_digest, verify_digest
from .evidence import VerifiedRequest

__all__ = [
    "Scheme",
    "SignatureClaim",
    "VerifiedRequest",
    "build_digest",
    "check_claim",
    "parse_claim",
    "sign",
    "signature_base",
    "verify",
    "verify_digest",
]
