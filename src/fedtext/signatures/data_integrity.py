"""Integrity proofs: documents that carry the signature of who made them (FEP-8b32).

`verify` proves every proof of a document and returns the document that goes on: without its proofs, with the context
that was signed, and for proofs over RDF with nothing that RDF does not see. `sign` adds a proof.

| cryptosuite | key | what is signed |
|---|---|---|
| eddsa-jcs-2022 | Ed25519 | the bytes of the JSON (RFC 8785); the one that we make |
| mldsa44-jcs-2024 | ML-DSA-44 | the same; made on request, beside the first |
| eddsa-rdfc-2022 | Ed25519 | the RDF dataset; verified only |

Threat: what a proof does not cover is a stranger's word. All options are part of what is signed, a context that was
added behind the signed one is taken away, and shapes that readers of JSON-LD and of plain names see differently are
refused (SEC-121).

Invariants: pure; all proofs of a document hold, or it is refused; legacy signatures are taken away first.

Example:
    >>> from fedtext.keys import VerificationKey, generate_ed25519
    >>> key = generate_ed25519()
    >>> note = {"@context": "https://www.w3.org/ns/activitystreams", "id": "https://a.example/1", "type": "Note"}
    >>> method = "https://a.example/alice#ed25519-key"
    >>> signed = sign(note, key, verification_method=method, created_s=0)
    >>> keys = {method: VerificationKey(method, "https://a.example/alice", key.public)}
    >>> verify(signed, keys, now_s=60).document == note
    True

Sources: FEP-8b32; Data Integrity EdDSA Cryptosuites 1.0; Quantum-Resistant Cryptosuites (W3C draft); SEC-121, SEC-129,
    SEC-130; JLD-12 to JLD-14.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from ..config import Limits, SignaturePolicy
from ..errors import (
    AlgorithmRefused,
    CryptosuiteUnknown,
    KeyOwnerMismatch,
    LocalProtocolError,
    ProofExpired,
    ProofMalformed,
    ProofMismatch,
    ProofMissing,
    SignatureMismatch,
)
from ..jsonld import check_shape, signed_options, signed_view
from ..keys import Algorithm, PrivateKey, VerificationKey
from ..wire import jcs
from ..wire.json import JsonObject, JsonValue
from ..wire.multibase import BASE58BTC, BASE64URL, Encoding, encode
from ..wire.timestamps import build, from_epoch_s
from .evidence import VerifiedDocument
from .proof_claim import PROOF_TYPE, PURPOSE, ProofClaim, parse_proofs

EDDSA_JCS: Final = "eddsa-jcs-2022"
EDDSA_RDFC: Final = "eddsa-rdfc-2022"
MLDSA44_JCS: Final = "mldsa44-jcs-2024"

_DEFAULT_LIMITS: Final = Limits()
_DEFAULT_POLICY: Final = SignaturePolicy()


@attrs.frozen(slots=False)  # made for every proof, in half the time
class _Signed:
    """What a proof says was signed: the two canonical forms, and the document that goes on."""

    options: bytes
    canonical: bytes
    document: JsonObject

    @property
    def data(self) -> bytes:
        """The bytes under the signature: two digests of SHA-256, that of the options first."""
        return hashlib.sha256(self.options).digest() + hashlib.sha256(self.canonical).digest()


def verify(
    document: JsonObject,
    keys: Mapping[str, VerificationKey],
    *,
    now_s: float,
    policy: SignaturePolicy = _DEFAULT_POLICY,
    limits: Limits = _DEFAULT_LIMITS,
) -> VerifiedDocument:
    """Check all integrity proofs of a document and give evidence of who signed it.

    Whether that is its owner is the next question: see `check_owner`.

    Args:
        document: As parsed from JSON, before any change; it is not changed.
        keys: By verification method, each confirmed: its owner lists it in `assertionMethod`.
        now_s: Seconds since the epoch.
        policy: How far in the future a proof may have been made.
        limits: The table of limits.

    Returns:
        Evidence; its document is the one to go on with.

    Raises:
        ProofMissing: There is no proof.
        ProofMalformed: A proof cannot be read, or its context is not the beginning of the document's.
        ProofExpired: It is from the future, or past its end.
        ProofMismatch: It is not the signature of its key over this document.
        CryptosuiteUnknown: A proof is of a suite that we do not verify.
        AlgorithmRefused: The key is not of the kind that the suite takes.
        KeyOwnerMismatch: A key is missing or has another id, or the proofs are by different owners.
        ContextRefused: The document has parts that only some readers see, or, over RDF, a context that is not at hand.
        DocumentError: It has no canonical form.
        LimitExceeded: Its canonical form would cost too much.
    """
    claims = check_claims(document, now_s=now_s, policy=policy, limits=limits)
    unsecured = _unsecured(document)
    checked = [(claim, *_verify_one(unsecured, claim, keys, limits)) for claim in claims]
    _, key, first = checked[0]
    if any(other.owner != key.owner for _, other, _ in checked):
        raise KeyOwnerMismatch("the proofs are by different owners")
    if any(signed.document != first.document for _, _, signed in checked):
        raise ProofMismatch("the proofs are over different documents")
    ends = [claim.expires_s for claim in claims if claim.expires_s is not None]
    return VerifiedDocument(
        document=first.document,
        key=key,
        suites=tuple(claim.cryptosuite for claim in claims),
        created_s=min(claim.created_s for claim in claims),
        expires_s=min(ends, default=None),
    )


def check_claims(
    document: JsonObject,
    *,
    now_s: float,
    policy: SignaturePolicy = _DEFAULT_POLICY,
    limits: Limits = _DEFAULT_LIMITS,
) -> tuple[ProofClaim, ...]:
    """Check all of the proofs of a document that needs no key; `verify` does this too.

    Called on its own before keys are fetched, it keeps documents that could never be accepted from causing fetches.

    Args:
        document: See `verify`.
        now_s: See there.
        policy: See there.
        limits: See there.

    Returns:
        What the proofs claim.

    Raises:
        ProofMissing: As `verify`, as are the following.
        ProofMalformed: See there.
        ProofExpired: See there.
        CryptosuiteUnknown: See there.
        ContextRefused: See there.
        LimitExceeded: See there.
    """
    claims = parse_proofs(document, limits)
    for claim in claims:
        if claim.cryptosuite not in _SUITES:
            raise CryptosuiteUnknown("the cryptosuite of the proof is not known", cryptosuite=claim.cryptosuite)
        check_times(claim.created_s, claim.expires_s, now_s=now_s, policy=policy)
    check_shape(_unsecured(document), limits)
    return claims


def _verify_one(
    unsecured: JsonObject, claim: ProofClaim, keys: Mapping[str, VerificationKey], limits: Limits
) -> tuple[VerificationKey, _Signed]:
    suite = _SUITES[claim.cryptosuite]
    key = keys.get(claim.verification_method)
    if key is None or key.key_id != claim.verification_method:
        raise KeyOwnerMismatch("the proof names another key", key_id=claim.verification_method)
    if key.public.algorithm is not suite.algorithm:
        raise AlgorithmRefused("the cryptosuite does not fit the key", cryptosuite=claim.cryptosuite)
    signed = suite.signed(unsecured, claim.options, limits)
    try:
        key.public.verify(claim.value, signed.data)
    except SignatureMismatch as error:
        raise ProofMismatch(cryptosuite=claim.cryptosuite, key_id=claim.verification_method) from error
    return key, signed


def check_times(created_s: float, expires_s: float | None, *, now_s: float, policy: SignaturePolicy) -> None:
    """Refuse what was signed in the future, and what has expired.

    Raises:
        ProofExpired: It is one of the two.
    """
    if created_s > now_s + policy.future_s_max:
        raise ProofExpired("the proof is from the future", created_s=int(created_s), now_s=int(now_s))
    if expires_s is not None and expires_s < now_s:
        raise ProofExpired("the proof has expired", expires_s=int(expires_s), now_s=int(now_s))


def sign(
    document: JsonObject,
    key: PrivateKey,
    *,
    verification_method: str,
    created_s: float,
    expires_s: float | None = None,
    limits: Limits = _DEFAULT_LIMITS,
) -> JsonObject:
    """Add an integrity proof: eddsa-jcs-2022, or for an ML-DSA key mldsa44-jcs-2024.

    Args:
        document: To be sent; it is not changed. Its context should define `proof` (`jsonld.context_for`), or readers of
            JSON-LD do not see it. Legacy signatures come later (JLD-14).
        key: Ed25519; or ML-DSA-44, for a document that has a proof by Ed25519 already: few can verify the other.
        verification_method: Id of the key, listed in `assertionMethod` of its owner.
        created_s: Seconds since the epoch.
        expires_s: Seconds since the epoch; None for a proof that holds for ever.
        limits: The table of limits.

    Returns:
        A new document with the proof, beside those that it had.

    Raises:
        LocalProtocolError: An RSA key, an ML-DSA proof alone, or a document that is signed otherwise already.
        ContextRefused: As `verify`, as is the following.
        DocumentError: See there.

    Sources:
        FEP-8b32, "Proof generation".
    """
    if "signature" in document:
        raise LocalProtocolError("a proof is made before the legacy signature")
    name = EDDSA_JCS if key.algorithm is Algorithm.ED25519 else MLDSA44_JCS
    suite = _SUITES[name]
    if key.algorithm is not suite.algorithm:
        raise LocalProtocolError("a proof takes an Ed25519 or an ML-DSA-44 key", algorithm=key.algorithm.value)
    present = _present(document)
    if name == MLDSA44_JCS and EDDSA_JCS not in {claim.cryptosuite for claim in parse_proofs_or_none(document)}:
        raise LocalProtocolError("an ML-DSA proof stands beside one by Ed25519, which everybody can verify")
    unsecured = _unsecured(document)
    check_shape(unsecured, limits)
    options: JsonObject = {
        "type": PROOF_TYPE,
        "cryptosuite": name,
        "verificationMethod": verification_method,
        "proofPurpose": PURPOSE,
        "created": build(from_epoch_s(created_s)),
    }
    if expires_s is not None:
        options["expires"] = build(from_epoch_s(expires_s))
    if "@context" in unsecured:
        options["@context"] = unsecured["@context"]
    value = key.sign(suite.signed(unsecured, options, limits).data)
    made: JsonValue = {**options, "proofValue": encode(value, suite.encoding)}
    return {**document, "proof": [*present, made] if present else made}


def parse_proofs_or_none(document: JsonObject) -> tuple[ProofClaim, ...]:
    """Read the proofs of a document that need not have any; see `parse_proofs`.

    Raises:
        ProofMalformed: See `parse_proofs`.
    """
    try:
        return parse_proofs(document)
    except ProofMissing:
        return ()


def _present(document: JsonObject) -> list[JsonValue]:
    proof = document.get("proof")
    return [] if proof is None else list(proof) if isinstance(proof, list) else [proof]


def _unsecured(document: JsonObject) -> JsonObject:
    """Give the document without what signs it."""
    return {name: member for name, member in document.items() if name not in ("proof", "signature")}


def _signed_by_jcs(unsecured: JsonObject, options: JsonObject, _limits: Limits) -> _Signed:
    """A context in the options takes the place of the document's, of which it is the beginning."""
    document = unsecured
    if "@context" in options:
        context, own = options["@context"], unsecured.get("@context")
        if context is not own or own is None:
            if "@context" not in unsecured or not _begins(own, context):
                raise ProofMalformed("the document's context does not begin with that of the proof")
            document = {**unsecured, "@context": context}
    return _Signed(jcs.canonize(options), jcs.canonize(document), document)


def _signed_by_jcs_with_context(unsecured: JsonObject, options: JsonObject, _limits: Limits) -> _Signed:
    """The document's context is one of the options."""
    return _Signed(jcs.canonize(_with_context(unsecured, options)), jcs.canonize(unsecured), unsecured)


def _signed_by_rdf(unsecured: JsonObject, options: JsonObject, limits: Limits) -> _Signed:
    view = signed_view(unsecured, limits)
    canonical = signed_options(_with_context(unsecured, options), limits)
    return _Signed(canonical.encode("utf-8"), view.canonical.encode("utf-8"), view.document)


def _with_context(unsecured: JsonObject, options: JsonObject) -> JsonObject:
    context = unsecured.get("@context")
    if options.get("@context", context) != context:
        raise ProofMalformed("the context of the proof is not that of the document")
    return options if context is None else {**options, "@context": context}


def _begins(context: JsonValue, beginning: JsonValue) -> bool:
    entries, wanted = _entries(context), _entries(beginning)
    return entries[: len(wanted)] == wanted


def _entries(context: JsonValue) -> list[JsonValue]:
    return context if isinstance(context, list) else [context]


@attrs.frozen(kw_only=True)
class _Suite:
    """A cryptosuite: its kind of key, what it signs, and how its signatures are written."""

    algorithm: Algorithm
    signed: Callable[[JsonObject, JsonObject, Limits], _Signed]
    encoding: Encoding


_SUITES: Final[Mapping[str, _Suite]] = {
    EDDSA_JCS: _Suite(algorithm=Algorithm.ED25519, signed=_signed_by_jcs, encoding=BASE58BTC),
    EDDSA_RDFC: _Suite(algorithm=Algorithm.ED25519, signed=_signed_by_rdf, encoding=BASE58BTC),
    MLDSA44_JCS: _Suite(algorithm=Algorithm.MLDSA44, signed=_signed_by_jcs_with_context, encoding=BASE64URL),
}
CRYPTOSUITES: Final = frozenset(_SUITES)
