"""Contexts that everybody knows, and documents brought to the member names of ActivityStreams.

No context is ever fetched. A document in the usual shape passes through `normalize` untouched.
"""

from .canonization import VERIFICATION_BUDGET, CanonizeBudget, canonize, canonize_document
from .contexts import (
    context_for,
    default_context,
    is_covered,
    joined_context,
    proof_context,
)
from .normalize import Road, normalize, normalize_by
from .profiles import expand_term, terms_for
from .registry import bundled_context, is_bundled, register_context
from .reliance import SignedView, canonical_options, check_shape, signed_options, signed_view
from .terms import ACTIVITYSTREAMS, SECURITY_V1

__all__ = [
    "ACTIVITYSTREAMS",
    "SECURITY_V1",
    "VERIFICATION_BUDGET",
    "CanonizeBudget",
    "Road",
    "SignedView",
    "bundled_context",
    "canonical_options",
    "canonize",
    "canonize_document",
    "check_shape",
    "context_for",
    "default_context",
    "expand_term",
    "is_bundled",
    "is_covered",
    "joined_context",
    "normalize",
    "normalize_by",
    "proof_context",
    "register_context",
    "signed_options",
    "signed_view",
    "terms_for",
]
