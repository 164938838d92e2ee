"""What a message says about one signature of it: the value that both grammars give.

Believed by nobody. `cavage_claim` and `rfc9421_claim` read it from headers, `reading` decides between them.

Sources: SIG-08, SEC-039, SEC-050, SEC-055.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..config import Limits, Scheme
from ..errors import SignatureMalformed
from .components import Component

# To read a member of an `Enum` costs ten times what a global does, and each request does it several times.
CAVAGE: Final = Scheme.CAVAGE
RFC9421: Final = Scheme.RFC9421

COMPONENTS_COUNT_MAX: Final = 64
SIGNATURE_BYTES_MAX: Final = 1_024  # RSA of 8192 bits


@attrs.frozen(slots=False)  # made for every request; so, and by position, in a third of the time
class SignatureClaim:
    """A parsed but unverified signature; every value is untrusted.

    Args:
        scheme: Which grammar it was read by.
        key_id: As given: visible ASCII, at most `Limits.iri_chars_max` characters, not yet an IRI.
        algorithm: As named by the signature, or None. It never chooses: the key does.
        covered: Components in signed order, each once: header names in lower case, derived ones as their scheme writes
            them, parameters behind a ";".
        signature: Decoded, not empty.
        created_s: Seconds since the epoch, or None.
        expires_s: Seconds since the epoch, or None.
        parameters: Draft-cavage: all parameters as (lower-case name, value), in order of arrival.
        label: RFC 9421: under which the signature stands in its message; else "".
        nonce: RFC 9421: as given, or None.
        tag: RFC 9421: of the application that the signature is for, or None.
        components: RFC 9421: `covered` as they were read.
        signature_params: RFC 9421: the list of components and the parameters, as received.
    """

    scheme: Scheme
    key_id: str
    algorithm: str | None
    covered: tuple[str, ...]
    signature: bytes = attrs.field(repr=False)
    created_s: int | None = None
    expires_s: int | None = None
    parameters: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    label: str = ""
    nonce: str | None = None
    tag: str | None = None
    components: tuple[Component, ...] = attrs.field(default=(), repr=False)
    signature_params: str = attrs.field(default="", repr=False)


def check_key_id(key_id: object, limits: Limits) -> str:
    """Give a key id that is fit to be looked at: visible ASCII of a bounded length.

    Raises:
        SignatureMalformed: Missing, no text, or neither.
    """
    if not isinstance(key_id, str) or not 1 <= len(key_id) <= limits.iri_chars_max:
        raise SignatureMalformed("the key id is missing or too long", key_id=key_id)
    if not (key_id.isascii() and key_id.isprintable() and " " not in key_id):
        raise SignatureMalformed("the key id is not visible ASCII", key_id=key_id)
    return key_id
