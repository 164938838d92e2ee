"""One reading per document: the plain names of ActivityStreams, whichever way the document spells them.

Three roads lead there:

- **fast**: the context is a known one and the names are plain. Nothing is done; the document goes on as it is.
- **slow**: the contexts are all at hand, but something is unusual. A JSON-LD processor reads the document, and it is
  written again with plain names. Both roads give models that read the same.
- **plain**: a context is not at hand, or ActivityStreams is not among them, or JSON-LD takes offence. The document is
  read by its member names, as most servers do, with known names in other spellings brought to the usual one. Nothing
  that is signed over RDF may rest on such a reading (JLD-05, SEC-119).

On every road a context that bends a protected name is refused (JLD-07, SEC-120), `@graph`, `@included` and
`@reverse` are left out (JLD-06, SEC-121), and nothing is fetched.

Invariants: the given document is never changed; what needs no change is returned as it is, not copied.

Sources: ActivityStreams 2.0 sections 2.1 and 5; JSON-LD 1.1.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from ..config import Limits
from ..wire.json import JsonObject
from .contexts import entries
from .plain import read_plainly
from .profiles import profile_of
from .recognizer import is_recognized
from .slow import read_slowly
from .terms import ACTIVITYSTREAMS

_DEFAULT_LIMITS: Final = Limits()


class Road(Enum):
    """Which way a document was read."""

    FAST = "fast"
    SLOW = "slow"
    PLAIN = "plain"


def normalize(document: JsonObject, *, limits: Limits = _DEFAULT_LIMITS) -> JsonObject:
    """Bring a document to the member names of ActivityStreams.

    Args:
        document: As parsed; it is not changed, and parts of it may be shared with the result.
        limits: The table of limits.

    Returns:
        The same document when it has the usual shape, else a new one. Its `@context` defines the names in it.

    Raises:
        ContextRefused: The context bends a protected name, or one property has two spellings.
        LimitExceeded: Nested deeper than `json_depth_max`, or unusual and larger than the slow road takes.
    """
    return normalize_by(document, limits=limits)[0]


def normalize_by(document: JsonObject, *, limits: Limits = _DEFAULT_LIMITS) -> tuple[JsonObject, Road]:
    """Bring a document to the member names of ActivityStreams, and tell by which road.

    Args:
        document: See `normalize`.
        limits: See `normalize`.

    Raises:
        ContextRefused: See `normalize`.
        LimitExceeded: See `normalize`.
    """
    context = document.get("@context")
    profile = profile_of(context)
    if profile.refusal is not None:
        raise profile.refusal
    # ActivityStreams 2.0 section 2.1: its context applies also where it is not named.
    assumed = profile if profile.has_activitystreams else profile_of([ACTIVITYSTREAMS, *entries(context)])
    if assumed.is_recognized and is_recognized(document, assumed, depth_max=limits.json_depth_max):
        return document, Road.FAST
    if profile.is_known and profile.has_activitystreams:
        found = read_slowly(document, limits)
        if found is not None:
            return found, Road.SLOW
    return read_plainly(document, limits), Road.PLAIN
