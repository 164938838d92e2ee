"""The signatures that a document carries, looked at step by step: integrity proofs and the linked-data signature.

Pure, and proves nothing, as `signatures.examine`: a key that a person has at hand is taken at its word. Whether the
bytes verify is asked of the same functions that an inbox asks; a step is passed exactly when these give evidence.

Sources: FEP-8b32; Data Integrity EdDSA Cryptosuites 1.0; JLD-09 to JLD-14; SEC-119 to SEC-130.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import attrs

from ..config import Limits, SignaturePolicy
from ..errors import (
    AlgorithmRefused,
    CryptosuiteUnknown,
    FedtextError,
    KeyOwnerMismatch,
    OriginMismatch,
    ProofExpired,
    ProofMismatch,
)
from ..jsonld import canonical_options, check_shape, signed_options, signed_view
from ..keys import Algorithm, NamedKey, VerificationKey
from ..signatures import (
    ANY_KEY_ID,
    Outcome,
    ProofClaim,
    Step,
    VerifiedDocument,
    check_owner,
    data_integrity,
    linked_data,
    owner_of,
    parse_proofs,
)
from ..signatures.linked_data import LinkedDataClaim
from ..wire import jcs
from ..wire.json import JsonObject

Forms: TypeAlias = tuple[bytes, bytes]
"""The canonical forms of the options and of the document."""

_ALGORITHMS: Final = {
    data_integrity.EDDSA_JCS: Algorithm.ED25519,
    data_integrity.EDDSA_RDFC: Algorithm.ED25519,
    data_integrity.MLDSA44_JCS: Algorithm.MLDSA44,
    linked_data.SIGNATURE_TYPE: Algorithm.RSA,
}
_SIGNS: Final = ("proof", "signature")
_CHANGED: Final = "the document was changed after it was signed, or the signer has another key"
_COVERED_TOO: Final = "it verifies over the document with its member `signature`: a proof is made before that (JLD-14)"


@attrs.frozen(kw_only=True)
class DocumentExamination:
    """What was found out about one signature of a document.

    Args:
        suite: The cryptosuite, or "RsaSignature2017"; None: it cannot be read.
        key_id: Id of the key, as the signature names it.
        created_s: When it was made by its own word.
        expires_s: Until when it holds by its own word.
        steps: In order.
        forms: What is signed: see `Forms`; None: it cannot be built.
        uncovered: Members of the document that do not go on when it is believed.
        key: Under which it was tried.
    """

    suite: str | None = None
    key_id: str | None = None
    created_s: float | None = None
    expires_s: float | None = None
    steps: tuple[Step, ...]
    forms: Forms | None = None
    uncovered: tuple[str, ...] = ()
    key: NamedKey | None = None

    @property
    def is_passed(self) -> bool:
        """Tell whether every step is passed."""
        return all(step.outcome is Outcome.PASSED for step in self.steps)


@attrs.frozen(kw_only=True)
class _Case:
    """One signature of a document, of either kind, in the same words."""

    document: JsonObject
    suite: str
    key_id: str
    created_s: float
    expires_s: float | None
    forms: Callable[[], Forms]
    verify: Callable[[VerificationKey], VerifiedDocument]


def examine_document(
    document: JsonObject,
    keys: Sequence[NamedKey],
    *,
    now_s: float,
    policy: SignaturePolicy | None = None,
    limits: Limits | None = None,
) -> tuple[DocumentExamination, ...]:
    """Look at every signature that a document carries.

    Args:
        document: As parsed from JSON, before any change.
        keys: Those that are at hand. One with `ANY_KEY_ID` stands for whatever key is named.
        now_s: Seconds since the epoch.
        policy: How far in the future a signature may have been made.
        limits: The table of limits.

    Returns:
        Its proofs in order, then its linked-data signature; one without a suite where neither can be read.
    """
    policy, limits = policy or SignaturePolicy(), limits or Limits()
    found: list[DocumentExamination] = []
    cases: list[_Case] = []
    if document.get("proof") is not None or document.get("signature") is None:
        try:
            cases += [_proof(document, claim, at, limits) for at, claim in enumerate(parse_proofs(document, limits))]
        except FedtextError as error:
            found.append(_unreadable(error))
    if document.get("signature") is not None:
        try:
            cases.append(_signature_case(document, linked_data.parse_signature(document, limits), limits))
        except FedtextError as error:
            found.append(_unreadable(error))
    return (*found, *(_examine(case, keys, now_s, policy, limits) for case in cases))


@attrs.frozen(kw_only=True)
class SignedBy:
    """What a signature of a document says of itself: its key, when it was made, whether it is an integrity proof."""

    key_id: str
    created_s: float
    is_proof: bool


def signed_by(document: JsonObject, limits: Limits) -> tuple[SignedBy, ...]:
    """Give what the signatures of a document say; those that cannot be read are left out: the examination says so."""
    found: list[SignedBy] = []
    with suppress(FedtextError):
        found += [
            SignedBy(key_id=claim.verification_method, created_s=claim.created_s, is_proof=True)
            for claim in parse_proofs(document, limits)
        ]
    with suppress(FedtextError):
        legacy = linked_data.parse_signature(document, limits)
        found.append(SignedBy(key_id=legacy.creator, created_s=legacy.created_s, is_proof=False))
    return tuple(found)


def _unreadable(error: FedtextError) -> DocumentExamination:
    return DocumentExamination(steps=(_failed("grammar", error),))


# -- the two kinds ----------------------------------------------------------------------------------------------


def _proof(document: JsonObject, claim: ProofClaim, at: int, limits: Limits) -> _Case:
    given = document.get("proof")
    alone: JsonObject = {**document, "proof": given[at] if isinstance(given, list) else given}
    return _Case(
        document=document,
        suite=claim.cryptosuite,
        key_id=claim.verification_method,
        created_s=claim.created_s,
        expires_s=claim.expires_s,
        forms=lambda: _proof_forms(_without(document, *_SIGNS), claim, limits),
        verify=lambda key: data_integrity.verify(alone, {key.key_id: key}, now_s=claim.created_s, limits=limits),
    )


def _signature_case(document: JsonObject, claim: LinkedDataClaim, limits: Limits) -> _Case:
    def forms() -> Forms:
        view = signed_view(_without(document, "signature"), limits)
        return canonical_options(claim.options).encode(), view.canonical.encode()

    return _Case(
        document=document,
        suite=linked_data.SIGNATURE_TYPE,
        key_id=claim.creator,
        created_s=claim.created_s,
        expires_s=claim.expires_s,
        forms=forms,
        verify=lambda key: linked_data.verify(document, claim, key, now_s=claim.created_s, limits=limits),
    )


def _proof_forms(unsecured: JsonObject, claim: ProofClaim, limits: Limits) -> Forms:
    """Give what a proof signs, suite by suite."""
    context = unsecured.get("@context")
    with_context = claim.options if context is None else {**claim.options, "@context": context}
    if claim.cryptosuite == data_integrity.EDDSA_RDFC:
        view = signed_view(unsecured, limits)
        return signed_options(with_context, limits).encode(), view.canonical.encode()
    if claim.cryptosuite == data_integrity.MLDSA44_JCS:
        return jcs.canonize(with_context), jcs.canonize(unsecured)
    signed = {**unsecured, "@context": claim.options["@context"]} if "@context" in claim.options else unsecured
    return jcs.canonize(claim.options), jcs.canonize(signed)


# -- step by step -----------------------------------------------------------------------------------------------


def _examine(
    case: _Case, keys: Sequence[NamedKey], now_s: float, policy: SignaturePolicy, limits: Limits
) -> DocumentExamination:
    key, key_step = _choose(case.key_id, keys)
    forms, form_step = _formed(case, limits)
    algorithm = _algorithm(case, key)
    verified, signature, owner = _signature(case, key, form_step, algorithm)
    steps = (
        _passed("grammar", f"{case.suite}, key id {case.key_id}"),
        _suite(case),
        _time(case, now_s, policy),
        form_step,
        key_step,
        algorithm,
        signature,
        owner,
    )
    return DocumentExamination(
        suite=case.suite,
        key_id=case.key_id,
        created_s=case.created_s,
        expires_s=case.expires_s,
        steps=steps,
        forms=forms,
        uncovered=() if verified is None else _uncovered(case.document, verified.document),
        key=key,
    )


def _suite(case: _Case) -> Step:
    if case.suite not in _ALGORITHMS:
        return _failed("suite", CryptosuiteUnknown("the cryptosuite of the proof is not known", cryptosuite=case.suite))
    return _passed("suite", f"takes a key of {_ALGORITHMS[case.suite].value}")


def _time(case: _Case, now_s: float, policy: SignaturePolicy) -> Step:
    age_s = int(now_s - case.created_s)
    detail = f"made {age_s} s ago" if age_s >= 0 else f"made {-age_s} s in the future"
    if case.expires_s is not None:
        detail += f", holds until {int(case.expires_s - now_s)} s from now"
    try:
        data_integrity.check_times(case.created_s, case.expires_s, now_s=now_s, policy=policy)
    except ProofExpired as error:
        return _failed("time", error, hint=f"{detail}: the clock of the signer, or an old copy")
    return _passed("time", detail)


def _formed(case: _Case, limits: Limits) -> tuple[Forms | None, Step]:
    """Build what is signed; a shape that readers see differently is refused before."""
    if case.suite not in _ALGORITHMS:
        return None, _unknown("form", "not known for this suite")
    try:
        check_shape(_without(case.document, *_SIGNS), limits)
        forms = case.forms()
    except FedtextError as error:
        return None, _failed("form", error)
    return forms, _passed("form", f"options {_digest(forms[0])}, document {_digest(forms[1])}")


def _digest(data: bytes) -> str:
    return f"sha-256 {hashlib.sha256(data).hexdigest()[:16]}…"


def _choose(key_id: str, keys: Sequence[NamedKey]) -> tuple[NamedKey | None, Step]:
    """Pick the key that the signature names: never "the first one" (SEC-065)."""
    if not keys:
        return None, _unknown("key", "there is no key to verify with")
    named = [key for key in keys if key.key_id == key_id]
    for key in named or [key for key in keys if key.key_id == ANY_KEY_ID]:
        whose = f"of {key.owner}" if key.owner else "as given"
        return key, _passed("key", f"{key.public.algorithm.value} {key.public.fingerprint}, {whose}")
    error = KeyOwnerMismatch("the owner does not list this key", key_id=key_id)
    hint = f"it lists {' '.join(key.key_id for key in keys)}: the key was rotated, or its id is wrong"
    return None, _failed("key", error, hint=hint)


def _algorithm(case: _Case, key: NamedKey | None) -> Step:
    wanted = _ALGORITHMS.get(case.suite)
    if key is None or wanted is None:
        return _unknown("algorithm", "the key and the suite decide")
    if key.public.algorithm is not wanted:
        kinds = {"key": key.public.algorithm.value, "wanted": wanted.value}
        return _failed("algorithm", AlgorithmRefused("the cryptosuite does not fit the key", **kinds))
    return _passed("algorithm", wanted.value)


def _signature(
    case: _Case, key: NamedKey | None, form: Step, algorithm: Step
) -> tuple[VerifiedDocument | None, Step, Step]:
    """Try the key on the bytes, and ask whether it is that of whoever the document is by."""
    untold = _unknown("owner", "nobody is known to have signed")
    if key is None or form.outcome is not Outcome.PASSED or algorithm.outcome is not Outcome.PASSED:
        return None, _unknown("signature", "not tried: something before is missing"), untold
    # Whose a bare key is, says whoever gave it: that of the one whom the document names.
    owner = key.owner or owner_of(case.document) or ""
    try:
        verified = case.verify(VerificationKey(case.key_id, owner, key.public))
        check_owner(verified)
    except ProofMismatch as error:
        return None, _failed("signature", error, hint=_cause(case, key)), untold
    except (KeyOwnerMismatch, OriginMismatch) as error:  # asked last: the bytes are right
        return None, _passed("signature", _MADE), _failed("owner", error)
    except FedtextError as error:
        return None, _failed("signature", error), untold
    whose = owner if key.owner else f"{owner}, if the key is"
    return verified, _passed("signature", _MADE), _passed("owner", f"the document is by {whose}")


_MADE: Final = "made with this key over these bytes"


def _cause(case: _Case, key: NamedKey) -> str:
    """Guess what went wrong: some signers add the proof last, over a document that is signed already."""
    if case.suite == data_integrity.EDDSA_JCS and "signature" in case.document:
        claim = next(claim for claim in parse_proofs(case.document) if claim.verification_method == case.key_id)
        forms = jcs.canonize(claim.options), jcs.canonize(_without(case.document, "proof"))
        try:
            key.public.verify(claim.value, b"".join(hashlib.sha256(form).digest() for form in forms))
        except FedtextError:
            return _CHANGED
        return _COVERED_TOO
    return _CHANGED


def _uncovered(document: JsonObject, covered: JsonObject) -> tuple[str, ...]:
    return tuple(name for name in document if name not in covered and name not in _SIGNS)


def _without(document: JsonObject, *names: str) -> JsonObject:
    return {name: member for name, member in document.items() if name not in names}


def _passed(name: str, detail: str) -> Step:
    return Step(name=name, outcome=Outcome.PASSED, detail=detail)


def _unknown(name: str, detail: str) -> Step:
    return Step(name=name, outcome=Outcome.UNKNOWN, detail=detail)


def _failed(name: str, error: FedtextError, *, hint: str | None = None) -> Step:
    told = "; ".join([error.message, *(f"{key}: {value}" for key, value in error.context.items())])
    return Step(name=name, outcome=Outcome.FAILED, detail=told, error=error.code, hint=hint or error.hint or None)
