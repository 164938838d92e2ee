"""Contexts that everybody knows, and documents brought to the member names of ActivityStreams.

No context is ever fetched. A document in the usual shape passes through `normalize` untouched.
"""

from .contexts import (
    context_for,
    default_context,
    expand_term,
    is_covered,
    joined_context,
    terms_for,
)
from .normalize import normalize
from .terms import ACTIVITYSTREAMS, SECURITY_V1

__all__ = [
    "ACTIVITYSTREAMS",
    "SECURITY_V1",
    "context_for",
    "default_context",
    "expand_term",
    "is_covered",
    "joined_context",
    "normalize",
    "terms_for",
]
