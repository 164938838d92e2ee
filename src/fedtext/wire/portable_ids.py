"""Ids that belong to a key instead of a host: "ap://did:key:z6Mk…/actor", and the same by way of a gateway.

Decides the origin of such an id, which is the DID. Refuses to resolve anything: no gateway is asked.

Invariants: whoever serves the document is no part of its origin; a DID is compared as text after percent-decoding, its
method in lower case; only `MalformedIri` is raised.

Example:
    >>> portable_origin("https://s.example/.well-known/apgateway/did:key:z6MkrJVna/actor")
    'did:key:z6MkrJVna'

Sources: FEP-ef61 sections "Identifiers" and "Compatibility"; FEP-fe34; SEC-132.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ..config import Limits
from ..errors import MalformedIri
from .iri import parse_url

_DEFAULT_LIMITS: Final = Limits()
_GATEWAY: Final = "/.well-known/apgateway/"
_SCHEME: Final = re.compile(r"(?:ap|ap\+ef61)://", re.IGNORECASE)
_DID: Final = re.compile(r"did:[a-z0-9]{1,32}:[A-Za-z0-9._:-]{1,500}")


def is_portable(iri: str) -> bool:
    """Tell whether an id claims to be a portable one; whether it is well formed is another question."""
    return _SCHEME.match(iri) is not None or _GATEWAY in iri


def portable_origin(iri: str, *, limits: Limits = _DEFAULT_LIMITS) -> str:
    """Give the origin of a portable id: its DID.

    Args:
        iri: An "ap:" id, or the address of one at a gateway.
        limits: `iri_chars_max` holds.

    Raises:
        MalformedIri: Neither, or what stands in the place of the DID is none.
    """
    if len(iri) > limits.iri_chars_max:
        raise MalformedIri("the id is too long", limit="iri_chars_max", value=len(iri))
    scheme = _SCHEME.match(iri)
    if scheme is not None:
        rest = iri[scheme.end() :]
    else:
        path = parse_url(iri, limits=limits).path
        if not path.startswith(_GATEWAY):
            raise MalformedIri("not a portable id", url=iri)
        rest = path.removeprefix(_GATEWAY)
    did = unquote(re.split(r"[/?#]", rest, maxsplit=1)[0])  # what decodes to no UTF-8 is no DID
    if _DID.fullmatch(did) is None or did.endswith(":"):
        raise MalformedIri("a portable id begins with a DID", url=iri)
    return did
