"""A signature looked at step by step, for people: what holds, what does not, and the likely cause.

Decides nothing and proves nothing: evidence comes from `verify`, and a key that is used here need not have an owner who
is confirmed. All that needs no key is judged without one, and one step that fails keeps none of the others from being
judged.

Invariants: every step is passed exactly when `verify` gives evidence for the same key, once confirmed; no error leaves;
costs are those of `diagnose` and one verification per key that is at hand.

Example:
    >>> [step.name for step in examine(request, [], now_s=now_s, authorities={"b.example"})[0].steps]
    ['grammar', 'coverage', 'host', 'time', 'digest', 'key', 'algorithm', 'signature']

Sources: RFC 9421 section 3.2; draft-cavage-http-signatures-12 section 2.5; SEC-010, SEC-033 to SEC-059.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from typing import Final

import attrs

from ..config import Limits, Scheme, SignaturePolicy
from ..errors import ComponentsUncovered, FedtextError, SignatureExpired, SignatureMismatch
from ..http import Headers, Request, Response
from ..keys import NamedKey
from . import cavage, requests, rfc9421
from .advice import Advice, advise
from .algorithms import check_fits, check_name
from .cavage_claim import REQUEST_TARGET
from .claim import SignatureClaim
from .content_digest import verify_content_digest
from .diagnosis import diagnose, diagnose_digest
from .digest import verify_digest
from .reading import parse_claims, parse_response_claims
from .requirements import check_host, check_window, needs_digest
from .responses import check_response_coverage

# Under which a key stands that comes without an id; it is tried whatever key id a signature names.
ANY_KEY_ID: Final = ""

_SIGNATURE_FIELDS: Final = frozenset({"signature", "signature-input"})
_PROXIED_HINT: Final = "a proxy in between may have changed the host: pass the Host header on as it came"
_UNEXPLAINED: Final = "no usual mistake explains it: the signer has another key, or the message was changed on the way"


class Outcome(Enum):
    """How a step went."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Step:
    """One step of the examination.

    Args:
        name: "grammar", "coverage", "host", "time", "digest", "key", "algorithm" or "signature".
        outcome: UNKNOWN: it cannot be judged, since something before it is missing.
        detail: What was found; holds text of the message, which is untrusted.
        error: The code of the error that `verify` raises for it, or None.
        hint: The likely cause, or what to do, in a sentence without a capital and a full stop; or None.
    """

    name: str
    outcome: Outcome
    detail: str
    error: str | None = None
    hint: str | None = None


@attrs.frozen(kw_only=True)
class Examination:
    """What was found out about one signature of a message.

    Args:
        claim: What the signature says of itself; None: it cannot be read.
        steps: In the order in which `verify` takes them.
        base: The bytes that the signature is said to be over; None: they cannot be built.
        uncovered: Headers and parts of the message that the signature does not cover.
        advice: What other servers would not take.
        key: Under which it was tried; whose it is, is its source's word.
    """

    claim: SignatureClaim | None
    steps: tuple[Step, ...]
    base: bytes | None = None
    uncovered: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = ()
    key: NamedKey | None = None

    @property
    def is_passed(self) -> bool:
        """Tell whether every step is passed; no evidence, since nobody has confirmed whose the key is."""
        return all(step.outcome is Outcome.PASSED for step in self.steps)


def examine(
    request: Request,
    keys: Sequence[NamedKey],
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy | None = None,
    limits: Limits | None = None,
) -> tuple[Examination, ...]:
    """Look at every signature of a request.

    Args:
        request: As received; `body` is the exact bytes, before any decoding.
        keys: Those that are at hand. One with `ANY_KEY_ID` stands for whatever key is named.
        now_s: Seconds since the epoch.
        authorities: As in `check_claim`.
        policy: As in `check_claim`.
        limits: As in `parse_claims`.

    Returns:
        One for each signature, in order; one without a claim where none can be read.
    """
    policy = policy or SignaturePolicy()
    try:
        claims = parse_claims(request, limits)
    except FedtextError as error:
        return (Examination(claim=None, steps=(_failed("grammar", error),)),)
    return tuple(_examine_request(request, claim, keys, now_s, authorities, policy) for claim in claims)


def examine_response(
    response: Response,
    keys: Sequence[NamedKey],
    *,
    now_s: float,
    request: Request | None = None,
    policy: SignaturePolicy | None = None,
    limits: Limits | None = None,
) -> tuple[Examination, ...]:
    """Look at every signature of a response.

    Args:
        response: As received.
        keys: As in `examine`.
        now_s: Seconds since the epoch.
        request: That it answers; needed for components with `req`.
        policy: The time window and the tags.
        limits: As in `parse_claims`.

    Returns:
        As `examine`.
    """
    policy = policy or SignaturePolicy()
    try:
        claims = parse_response_claims(response, limits)
    except FedtextError as error:
        return (Examination(claim=None, steps=(_failed("grammar", error),)),)
    return tuple(_examine_response(response, claim, keys, now_s, request, policy) for claim in claims)


def _examine_request(
    request: Request,
    claim: SignatureClaim,
    keys: Sequence[NamedKey],
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy,
) -> Examination:
    key, key_step = _choose(claim, keys)
    steps = (
        _grammar(claim),
        _coverage(request, claim, now_s, authorities, policy),
        _host(request, authorities),
        _time(request, claim, now_s, policy),
        _digest(request, claim),
        key_step,
        _algorithm(claim, key),
        _signature(request, claim, key, keys),
    )
    return Examination(
        claim=claim,
        steps=steps,
        base=_base(lambda: requests.claimed_base(request, claim)),
        uncovered=_uncovered(_parts_of(request, claim), request.headers, claim),
        advice=advise(request, claim),
        key=key,
    )


def _examine_response(
    response: Response,
    claim: SignatureClaim,
    keys: Sequence[NamedKey],
    now_s: float,
    request: Request | None,
    policy: SignaturePolicy,
) -> Examination:
    key, key_step = _choose(claim, keys)

    def build() -> bytes:
        return rfc9421.message_base(claim.components, claim.signature_params, response, request=request)

    steps = (
        _grammar(claim),
        _tried("coverage", _covers(claim), lambda: check_response_coverage(response, claim)),
        _parameters(claim, now_s, policy),
        _digest(response, claim),
        key_step,
        _algorithm(claim, key),
        _response_signature(response, claim, key, request),
    )
    return Examination(
        claim=claim,
        steps=steps,
        base=_base(build),
        uncovered=_uncovered(("@status",), response.headers, claim),
        key=key,
    )


# -- steps that need no key -------------------------------------------------------------------------------------


def _grammar(claim: SignatureClaim) -> Step:
    label = f", label {claim.label}" if claim.label else ""
    text = f"{claim.scheme.value}, key id {claim.key_id}, algorithm {claim.algorithm or 'not named'}{label}"
    return _passed("grammar", text)


def _coverage(
    request: Request, claim: SignatureClaim, now_s: float, authorities: Collection[str], policy: SignaturePolicy
) -> Step:
    unnamed = attrs.evolve(claim, algorithm=None, created_s=claim.created_s if _has_time(claim) else int(now_s))
    try:
        requests.check_claim(request, unnamed, now_s=now_s, authorities=authorities, policy=policy)
    except ComponentsUncovered as error:
        missing = error.context.get("missing", "")
        hint = "the body could be exchanged: sign its digest" if "digest" in missing else None
        return _failed("coverage", error, hint=hint)
    except FedtextError:
        pass  # of another step: coverage comes first
    return _passed("coverage", _covers(claim))


def _has_time(claim: SignatureClaim) -> bool:
    """Tell whether a claim has the time that its scheme wants; a `created` that is missing is for the step of time."""
    return claim.scheme is Scheme.CAVAGE or claim.created_s is not None


def _covers(claim: SignatureClaim) -> str:
    return "covers " + " ".join(claim.covered)


def _host(request: Request, authorities: Collection[str]) -> Step:
    if not request.authority:
        hint = "the request has no Host header; HTTP/2 has it as :authority"
        return Step(name="host", outcome=Outcome.FAILED, detail="no host", error="request.host_refused", hint=hint)
    return _tried("host", request.authority, lambda: check_host(request, authorities), hint=_PROXIED_HINT)


def _time(request: Request, claim: SignatureClaim, now_s: float, policy: SignaturePolicy) -> Step:
    if claim.scheme is Scheme.RFC9421:
        return _parameters(claim, now_s, policy)
    try:
        signed_s = cavage.signed_times(request, claim)
    except FedtextError as error:
        return _failed("time", error)
    if not signed_s:
        return Step(name="time", outcome=Outcome.UNKNOWN, detail="no time is signed")

    def check() -> None:
        window = {"created_s": claim.created_s, "expires_s": claim.expires_s}
        check_window(signed_s, **window, now_s=now_s, policy=policy)

    return _timed(check, min(signed_s), claim, now_s)


def _parameters(claim: SignatureClaim, now_s: float, policy: SignaturePolicy) -> Step:
    if claim.created_s is None:
        hint = "say with `created` when the signature was made"
        error = ComponentsUncovered("the signature does not say when it was made", missing="created")
        return _failed("time", error, hint=hint)
    return _timed(lambda: rfc9421.check_parameters(claim, now_s=now_s, policy=policy), claim.created_s, claim, now_s)


def _timed(check: Callable[[], object], signed_s: int, claim: SignatureClaim, now_s: float) -> Step:
    age_s = int(now_s) - signed_s
    detail = f"signed {_apart(age_s)}"
    try:
        check()
    except SignatureExpired as error:
        if claim.expires_s is not None and claim.expires_s < now_s:
            hint = f"it ended {int(now_s) - claim.expires_s} s ago by its own word: sign each attempt anew"
        elif age_s < 0:
            hint = f"the clock of the signer is {-age_s} s ahead of this one"
        else:
            hint = f"it is {age_s} s old: an old attempt was sent again, or the clock of the signer is behind"
        return _failed("time", error, detail=detail, hint=hint)
    except FedtextError as error:
        return _failed("time", error, detail=detail)
    return _passed("time", detail)


def _apart(age_s: int) -> str:
    return f"{age_s} s ago" if age_s >= 0 else f"{-age_s} s in the future"


def _digest(message: Request | Response, claim: SignatureClaim) -> Step:
    name = "content-digest" if claim.scheme is Scheme.RFC9421 else "digest"
    is_covered = rfc9421.covers_digest(claim) if claim.scheme is Scheme.RFC9421 else "digest" in claim.covered
    values = message.headers.get_all(name)
    if not is_covered:
        needed = bool(message.body) or (isinstance(message, Request) and needs_digest(message))
        outcome = Outcome.UNKNOWN if needed else Outcome.PASSED
        return Step(name="digest", outcome=outcome, detail=f"{name} is not signed" if needed else "no body")
    check = verify_content_digest if claim.scheme is Scheme.RFC9421 else verify_digest
    try:
        check(values, message.body)
    except FedtextError as error:
        return _failed("digest", error, hint=_digest_hint(message, values))
    return _passed("digest", f"{', '.join(values)} is of these {len(message.body)} bytes")


def _digest_hint(message: Request | Response, values: Sequence[str]) -> str | None:
    if not values:
        return "the header with the digest was lost on the way"
    length = message.headers.get("content-length")
    if length is not None and length.isdecimal() and length != str(len(message.body)):
        return f"the body has {len(message.body)} bytes, and Content-Length says {length}"
    return next(filter(None, (diagnose_digest(member, message.body) for member in values[0].split(","))), None)


# -- steps that need a key --------------------------------------------------------------------------------------


def _choose(claim: SignatureClaim, keys: Sequence[NamedKey]) -> tuple[NamedKey | None, Step]:
    """Pick the key that the signature names: never "the first one" (SEC-065)."""
    if not keys:
        return None, Step(name="key", outcome=Outcome.UNKNOWN, detail="there is no key to verify with")
    for key in keys:
        if key.key_id == claim.key_id:
            return key, _passed("key", f"{key.public.algorithm.value} {key.public.fingerprint}, of {key.owner}")
    for key in keys:
        if key.key_id == ANY_KEY_ID:
            return key, _passed("key", f"{key.public.algorithm.value} {key.public.fingerprint}, as given")
    listed = " ".join(key.key_id for key in keys)
    base = claim.key_id.partition("#")[0]
    hint = "the owner lists no key under this id: it was rotated, or the key id is wrong"
    if any(key.key_id.partition("#")[0] == base for key in keys):
        hint = "the fragment of the key id differs from the one that the owner lists"
    detail = f"{claim.key_id} is not among {listed}"
    return None, Step(
        name="key", outcome=Outcome.FAILED, detail=detail, error="signature.key_owner_mismatch", hint=hint
    )


def _algorithm(claim: SignatureClaim, key: NamedKey | None) -> Step:
    named = claim.algorithm or "not named"
    if claim.scheme is Scheme.RFC9421:
        step = _tried("algorithm", named, lambda: check_name(claim.algorithm))
        if step.outcome is Outcome.FAILED:
            return step
    if key is None:
        return Step(name="algorithm", outcome=Outcome.UNKNOWN, detail=f"{named}; the key decides")
    known = key
    kind = f"{named}, with a key of {known.public.algorithm.value}"
    if claim.scheme is Scheme.RFC9421:
        return _tried("algorithm", kind, lambda: check_fits(claim.algorithm, known))
    return _tried("algorithm", kind, lambda: cavage.fitting_hash(claim.algorithm, known))


def _signature(request: Request, claim: SignatureClaim, key: NamedKey | None, keys: Sequence[NamedKey]) -> Step:
    try:
        requests.claimed_base(request, claim)
    except FedtextError as error:
        return _failed("signature", error, hint="a header that was signed was lost or changed on the way")
    if key is None:
        fitting = next((other.key_id for other in keys if _fits(request, claim, other)), None)
        hint = None if fitting is None else f"it verifies under {fitting}"
        return Step(name="signature", outcome=Outcome.UNKNOWN, detail="not tried without a key", hint=hint)
    try:
        _check_bytes(request, claim, key)
    except SignatureMismatch as error:
        fitting = next((other.key_id for other in keys if _fits(request, claim, other)), None)
        hint = diagnose(request, claim, key) if fitting is None else f"it verifies under another key, {fitting}"
        return _failed("signature", error, hint=hint or _UNEXPLAINED)
    except FedtextError as error:
        return Step(name="signature", outcome=Outcome.UNKNOWN, detail=f"not tried: {error.message}")
    return _passed("signature", f"{len(claim.signature)} bytes, made with this key over these lines")


def _fits(request: Request, claim: SignatureClaim, key: NamedKey) -> bool:
    """Ask for an explanation only: evidence comes from `verify`."""
    try:
        _check_bytes(request, claim, key)
    except FedtextError:
        return False
    return True


def _check_bytes(request: Request, claim: SignatureClaim, key: NamedKey) -> None:
    if claim.scheme is Scheme.RFC9421:
        check_fits(claim.algorithm, key)
        rfc9421.verify_message(request, claim, key)
    else:
        hash_name = cavage.fitting_hash(claim.algorithm, key)
        key.public.verify(claim.signature, cavage.claimed_base(request, claim), hash_name=hash_name)


def _response_signature(
    response: Response, claim: SignatureClaim, key: NamedKey | None, request: Request | None
) -> Step:
    def build() -> bytes:
        return rfc9421.message_base(claim.components, claim.signature_params, response, request=request)

    built = _tried("signature", "", build, hint="for components with `req` the request is needed that it answers")
    if built.outcome is Outcome.FAILED:
        return built
    if key is None:
        return Step(name="signature", outcome=Outcome.UNKNOWN, detail="not tried without a key")
    known = key
    try:
        check_fits(claim.algorithm, known)
    except FedtextError as error:
        return Step(name="signature", outcome=Outcome.UNKNOWN, detail=f"not tried: {error.message}")
    return _tried(
        "signature",
        f"{len(claim.signature)} bytes, made with this key over these lines",
        lambda: rfc9421.verify_message(response, claim, known, request=request),
        hint=_UNEXPLAINED,
    )


# -- what stands beside the steps -------------------------------------------------------------------------------


def _passed(name: str, detail: str) -> Step:
    return Step(name=name, outcome=Outcome.PASSED, detail=detail)


def _failed(name: str, error: FedtextError, *, detail: str = "", hint: str | None = None) -> Step:
    told = "; ".join([error.message, *(f"{key}: {value}" for key, value in error.context.items())])
    detail = f"{detail}: {told}" if detail else told
    return Step(name=name, outcome=Outcome.FAILED, detail=detail, error=error.code, hint=hint or error.hint or None)


def _tried(name: str, detail: str, check: Callable[[], object], *, hint: str | None = None) -> Step:
    try:
        check()
    except FedtextError as error:
        return _failed(name, error, hint=hint)
    return _passed(name, detail)


def _base(build: Callable[[], bytes]) -> bytes | None:
    try:
        return build()
    except FedtextError:
        return None


def _parts_of(request: Request, claim: SignatureClaim) -> Iterator[str]:
    """Name what a request has besides its fields, in the words of the scheme, as far as it must be told apart."""
    if claim.scheme is Scheme.CAVAGE:
        yield REQUEST_TARGET
        return
    yield "@method"
    if "@target-uri" not in claim.covered:
        yield from ("@scheme", "@authority", "@path")
        if request.query:
            yield "@query"


def _uncovered(parts: Iterator[str] | Sequence[str], headers: Headers, claim: SignatureClaim) -> tuple[str, ...]:
    names = [*parts, *(name for name, _ in headers if name not in _SIGNATURE_FIELDS)]
    if "@target-uri" in claim.covered or "@authority" in claim.covered:
        names = [name for name in names if name != "host"]
    return tuple(dict.fromkeys(name for name in names if name not in claim.covered))
