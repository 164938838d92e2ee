"""What a document says about its own integrity proofs: read, and believed by nobody.

Invariants: a proof is an assertion; it has a creation time in UTC; several proofs are of different cryptosuites, so
that no two can be told apart by their order only; nothing here needs a key, nothing the time.

Sources: Verifiable Credential Data Integrity 1.0 sections 2.1 and 4; FEP-8b32; SEC-129, JLD-12, JLD-13.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..config import Limits
from ..errors import LimitExceeded, MalformedText, ProofMalformed, ProofMissing
from ..wire.json import JsonObject, JsonValue
from ..wire.multibase import decode
from ..wire.timestamps import parse_strict

PROOF_TYPE: Final = "DataIntegrityProof"
PURPOSE: Final = "assertionMethod"
PROOFS_COUNT_MAX: Final = 4
# What would make it a proof of something else: a chain, or an answer to a challenge.
_REFUSED: Final = frozenset({"previousProof", "challenge", "domain"})
_SUITE_CHARS_MAX: Final = 64
_DEFAULT_LIMITS: Final = Limits()


@attrs.frozen(kw_only=True)
class ProofClaim:
    """A parsed but unverified proof; every value is untrusted.

    Args:
        cryptosuite: As named.
        verification_method: Id of the key, at most `Limits.iri_chars_max` characters, not yet an IRI.
        created_s: Seconds since the epoch.
        expires_s: Seconds since the epoch, or None.
        value: The signature, decoded.
        options: All members of the proof but `proofValue`; not to be changed.
    """

    cryptosuite: str
    verification_method: str
    created_s: float
    expires_s: float | None
    value: bytes = attrs.field(repr=False)
    options: JsonObject = attrs.field(repr=False)


def parse_proofs(document: JsonObject, limits: Limits = _DEFAULT_LIMITS) -> tuple[ProofClaim, ...]:
    """Read the integrity proofs of a document.

    Args:
        document: As parsed, before any change: its `proof` is an object, or a list of two to `PROOFS_COUNT_MAX`.
        limits: The table of limits.

    Returns:
        The claims in order; their cryptosuites may be unknown ones.

    Raises:
        ProofMissing: It has none.
        ProofMalformed: A member is missing, or of another kind than it should be; another type or purpose; one proof in
            a list, or two of one cryptosuite.
    """
    value = document.get("proof")
    if value is None:
        raise ProofMissing("the document has no proof")
    if not isinstance(value, list):
        return (_claim(value, limits),)
    # A single proof in a list has one spelling too many; lists are for proofs beside each other (SEC-129).
    if not 2 <= len(value) <= PROOFS_COUNT_MAX:
        raise ProofMalformed("a list of proofs has two to four", proofs=len(value))
    claims = tuple(_claim(item, limits) for item in value)
    if len({claim.cryptosuite for claim in claims}) != len(claims):
        raise ProofMalformed("two proofs of one cryptosuite")
    return claims


def _claim(proof: JsonValue, limits: Limits) -> ProofClaim:
    if not isinstance(proof, dict):
        raise ProofMalformed("a proof is an object")
    if proof.get("type") != PROOF_TYPE:
        raise ProofMalformed("the proof is of another type", type=repr(proof.get("type"))[:_SUITE_CHARS_MAX])
    if proof.get("proofPurpose") != PURPOSE:
        raise ProofMalformed("the purpose of the proof is another", purpose=repr(proof.get("proofPurpose"))[:64])
    if not _REFUSED.isdisjoint(proof):
        raise ProofMalformed("the proof belongs to a chain or to a challenge")
    return ProofClaim(
        cryptosuite=_text(proof, "cryptosuite", _SUITE_CHARS_MAX),
        verification_method=_text(proof, "verificationMethod", limits.iri_chars_max),
        created_s=parse_time(proof.get("created"), "created"),
        expires_s=None if proof.get("expires") is None else parse_time(proof["expires"], "expires"),
        value=_value(proof),
        options={name: member for name, member in proof.items() if name != "proofValue"},
    )


def _text(proof: JsonObject, name: str, chars_max: int) -> str:
    text = proof.get(name)
    if not isinstance(text, str) or not 1 <= len(text) <= chars_max:
        raise ProofMalformed("a member of the proof is missing, too long, or no text", member=name)
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ProofMalformed("a member of the proof is not visible ASCII", member=name)
    return text


def parse_time(value: JsonValue, name: str) -> float:
    """Read a time of a proof: with its zone, which is UTC (SEC-129).

    Returns:
        Seconds since the epoch.

    Raises:
        ProofMalformed: It is another thing.
    """
    try:
        moment = parse_strict(value if isinstance(value, str) else "")
    except MalformedText as error:
        raise ProofMalformed("a time of the proof is missing or malformed", member=name) from error
    if not str(value).endswith("Z"):
        raise ProofMalformed("a time of the proof is not in UTC", member=name)
    return moment.timestamp()


def _value(proof: JsonObject) -> bytes:
    value = proof.get("proofValue")
    try:
        return decode(value if isinstance(value, str) else "")
    except (MalformedText, LimitExceeded) as error:
        raise ProofMalformed("the proofValue is missing or no multibase") from error
