"""Sign and verify requests as in draft-cavage-http-signatures-12, the way the network does it.

Decides what must be covered, when a signature is fresh, and what its bytes are; knows nothing of who may do what.

Invariants: cheap checks come before cryptography; the algorithm comes from the key; a request with a body is never
accepted without its digest; the signed host is one of ours; the query always counts, but for GET on explicit request.

Sources: draft-cavage-http-signatures-12 sections 2.3, 2.5; wire rules 1.1, SIG-01 to SIG-16, SIG-36; CAV-01 to CAV-06;
SEC-010, SEC-033 to SEC-045.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from ..config import SignaturePolicy
from ..errors import (
    AlgorithmRefused,
    ComponentsUncovered,
    LocalProtocolError,
    MalformedText,
    SignatureMalformed,
    SignatureMismatch,
)
from ..http import Headers, Request
from ..keys import Algorithm, HashName, NamedKey, PrivateKey, VerificationKey
from ..wire.timestamps import build_http_date, parse_http_date
from .cavage_claim import CREATED, EXPIRES, REQUEST_TARGET
from .claim import CAVAGE, SignatureClaim
from .digest import build_digest, verify_digest
from .evidence import VerifiedRequest
from .requirements import check_host, check_window, needs_digest, single

# (parameter, kind of key) -> hash. What is not here does not fit together (SEC-039, SIG-08).
_FITTING: dict[tuple[str | None, Algorithm], HashName] = {
    (None, Algorithm.RSA): HashName.SHA256,
    ("hs2019", Algorithm.RSA): HashName.SHA256,
    ("rsa-sha256", Algorithm.RSA): HashName.SHA256,
    ("rsa-sha512", Algorithm.RSA): HashName.SHA512,
    (None, Algorithm.ED25519): HashName.SHA256,
    ("hs2019", Algorithm.ED25519): HashName.SHA256,
    ("ed25519", Algorithm.ED25519): HashName.SHA256,
}
_COVERED: Final = (REQUEST_TARGET, "host", "date")
_COVERED_WITH_BODY: Final = (*_COVERED, "digest")
_SET_HERE: Final = frozenset({"host", "date", "digest", "content-digest", "signature", "signature-input"})
_EMITTED_ALGORITHM = {Algorithm.RSA: "rsa-sha256", Algorithm.ED25519: "hs2019"}
# Visible ASCII, without what a quoted string would have to escape.
_KEY_ID = re.compile(r"[!#-\[\]-~]+")


def signature_base(
    request: Request,
    covered: tuple[str, ...],
    *,
    created_s: int | None = None,
    expires_s: int | None = None,
    target: str | None = None,
) -> bytes:
    r"""Build the bytes that are signed: one "name: value" per component, joined by "\n".

    Args:
        request: Header values are trimmed, several of one name joined by ", " (SIG-15).
        covered: Components in signed order, lower case.
        created_s: For "(created)".
        expires_s: For "(expires)".
        target: Used in place of `request.target`.

    Raises:
        SignatureMalformed: A component is listed but absent, or a value cannot stand on one line.

    Sources:
        draft-cavage-http-signatures-12 section 2.3.
    """
    lines: list[str] = []
    headers = request.headers
    for name in covered:
        if name[:1] != "(":
            value = headers.get_only(name)
            value = _joined(request, name, headers.get_all(name)) if value is None else value.strip(" \t")
        elif name == REQUEST_TARGET:
            value = f"{request.method.lower()} {request.target if target is None else target}"
        else:
            time_s = {CREATED: created_s, EXPIRES: expires_s}.get(name)
            value = None if time_s is None else str(time_s)
        if value is None:
            raise SignatureMalformed("a signed header is not in the request", header=name)
        # Threat: a line break in a value would let one component pass for two (SEC-014).
        if not value.isprintable() and any(character < " " and character != "\t" for character in value):
            raise SignatureMalformed("a signed header holds a control character", header=name)
        lines.append(f"{name}: {value}")
    try:
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise SignatureMalformed("a signed header cannot have been on the wire") from error


def check_claim(
    request: Request,
    claim: SignatureClaim,
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy,
) -> int:
    """Check all of a claim that needs no key: coverage, host, time and digest.

    `verify` does this too. Called on its own before the key is fetched, it keeps requests that could never be accepted
    from causing fetches.

    Args:
        request: As received.
        claim: From `parse_claim`.
        now_s: Seconds since the epoch.
        authorities: Hosts that are served here, lower case, each with its port unless that is the default one.
        policy: The time window.

    Returns:
        When the request was signed, by the signer's clock (s).

    Raises:
        ComponentsUncovered: The target, the host, the time, or the digest of the body is not signed.
        HostRefused: The signed host is not served here.
        SignatureMalformed: Headers are missing, repeated or unreadable.
        SignatureExpired: It is too old, too new, or past its own end.
        DigestMismatch: The body is not the one that was signed.
    """
    _check_coverage(request, claim)
    check_host(request, authorities)
    signed_s = signed_times(request, claim)
    check_window(
        signed_s,
        created_s=claim.created_s,
        expires_s=claim.expires_s,
        now_s=now_s,
        policy=policy,
    )
    if "digest" in claim.covered:
        verify_digest(request.headers.get_all("digest"), request.body)
    return min(signed_s)


def verify(
    request: Request,
    claim: SignatureClaim,
    key: VerificationKey,
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy,
    insecure_queryless_get: bool,
) -> VerifiedRequest:
    """Check one signature and return evidence of what it covers.

    Args:
        request: As received; `body` is the exact bytes, before any decoding.
        claim: From `parse_claim` of the same request.
        key: Its owner is already confirmed both ways.
        now_s: Seconds since the epoch.
        authorities: As in `check_claim`.
        policy: The time window.
        insecure_queryless_get: Also take a GET whose signature leaves out the query, as Misskey's does (SIG-12,
            SEC-043). The query is then the sender's word only for what it was signed without.

    Raises:
        AlgorithmRefused: The named algorithm does not fit the key.
        SignatureMismatch: The bytes do not verify under the key.
        ComponentsUncovered: As `check_claim`, as are the following.
        HostRefused: See there.
        SignatureMalformed: See there.
        SignatureExpired: See there.
        DigestMismatch: See there.

    Sources:
        draft-cavage-http-signatures-12 section 2.5.
    """
    hash_name = fitting_hash(claim.algorithm, key)
    created_s = check_claim(request, claim, now_s=now_s, authorities=authorities, policy=policy)
    try:
        key.public.verify(claim.signature, claimed_base(request, claim), hash_name=hash_name)
    except SignatureMismatch:
        if not (insecure_queryless_get and request.method == "GET" and request.query and not request.body):
            raise
        key.public.verify(claim.signature, claimed_base(request, claim, target=request.path), hash_name=hash_name)
    return VerifiedRequest(request, key, claim.covered, created_s, claim.expires_s, CAVAGE)


def sign(
    request: Request,
    key: PrivateKey,
    *,
    key_id: str,
    now_s: float,
    digest: str | None = None,
    queryless: bool = False,
) -> Request:
    """Give a copy of the request, signed in the one form that every server takes.

    Sets Host, Date and Signature, and Digest where there is a body or the method is one that has it; fields of other
    signatures are left out.

    Args:
        request: To be sent; its authority becomes the Host header.
        key: The actor's own.
        key_id: Where the key is published: actor id and "#main-key" (SIG-16).
        now_s: Seconds since the epoch.
        digest: From `build_digest` of the same body, when it was already built.
        queryless: Leave the query out of what is signed, for a peer that verifies so (SIG-13).

    Raises:
        LocalProtocolError: The key id, the kind of key or a part of the request cannot be signed.

    Sources:
        Wire rule 1.1, SIG-01, SIG-02, SIG-03, SIG-05, SIG-06, SIG-08, SIG-16.
    """
    if not _fits_field(key_id):
        raise LocalProtocolError("the key id cannot stand in a signature header", key_id=key_id)
    fields = [field for field in request.headers if field[0] not in _SET_HERE]
    fields += [("host", request.authority), ("date", build_http_date(now_s))]
    covered: tuple[str, ...] = _COVERED
    if needs_digest(request):
        covered = _COVERED_WITH_BODY
        fields.append(("digest", digest or build_digest(request.body)))
    algorithm = _EMITTED_ALGORITHM.get(key.algorithm)
    if algorithm is None:
        raise LocalProtocolError("peers know no such signatures", algorithm=key.algorithm.value)
    target = request.path if queryless else request.target
    try:
        base = _base_of_ours(request, target, fields[1 - len(covered) :])
        if base is None:
            headers = Headers.build(fields)
            fields, base = [*headers], signature_base(request.with_headers(headers), covered, target=target)
        signature = binascii.b2a_base64(key.sign(base), newline=False).decode("ascii")
    except SignatureMalformed as error:
        raise LocalProtocolError("the request cannot be signed", reason=error.message, target=request.target) from error
    # SIG-06: some readers split on bare commas and equal signs, so that no space and no unquoted value may appear.
    value = f'keyId="{key_id}",algorithm="{algorithm}",headers="{" ".join(covered)}",signature="{signature}"'
    return request.with_headers(Headers((*fields, ("signature", value))))  # trimmed, the names in lower case


def _base_of_ours(request: Request, target: str, fields: list[tuple[str, str]]) -> bytes | None:
    """Build what `signature_base` would of plain values, in half the time; None where a value has to be looked at.

    Args:
        request: To be signed.
        target: Which is signed.
        fields: Those that are signed, in their order.
    """
    values = [value for _, value in fields]
    plain = "".join([target, *values])
    if not (plain.isascii() and plain.isprintable()) or [value for value in values if value != value.strip(" ")]:
        return None
    lines = [f"{REQUEST_TARGET}: {request.method.lower()} {target}", *[f"{name}: {value}" for name, value in fields]]
    return "\n".join(lines).encode("ascii")


@lru_cache(maxsize=256)  # the same few keys sign nearly all
def _fits_field(key_id: str) -> bool:
    return _KEY_ID.fullmatch(key_id) is not None


def claimed_base(request: Request, claim: SignatureClaim, *, target: str | None = None) -> bytes:
    """Build the bytes that a claim says were signed.

    Args:
        request: As received.
        claim: Of this request.
        target: Used in place of `request.target`.

    Raises:
        SignatureMalformed: As `signature_base`.
    """
    return signature_base(request, claim.covered, created_s=claim.created_s, expires_s=claim.expires_s, target=target)


def fitting_hash(name: str | None, key: NamedKey) -> HashName:
    """Give the hash with which a key verifies under a named algorithm, or under none (SEC-039, SIG-08).

    Args:
        name: The parameter `algorithm`, or None.
        key: That decides.

    Raises:
        AlgorithmRefused: They do not fit together.
    """
    hash_name = _FITTING.get((name, key.public.algorithm))
    if hash_name is None:
        raise AlgorithmRefused("the algorithm does not fit the key", algorithm=name, key_id=key.key_id)
    return hash_name


def _joined(request: Request, name: str, values: list[str]) -> str | None:
    """Give the value of a header that does not stand there once."""
    if values:
        return ", ".join(value.strip(" \t") for value in values)
    # HTTP/2 carries the host outside of the fields.
    return request.authority if name == "host" else None


def _check_coverage(request: Request, claim: SignatureClaim) -> None:
    covered = claim.covered
    is_timed = "date" in covered or CREATED in covered
    is_whole = "digest" in covered or not needs_digest(request)
    if not (REQUEST_TARGET in covered and "host" in covered and is_timed and is_whole):
        missing = [name for name in (REQUEST_TARGET, "host") if name not in covered]
        missing += [] if is_whole else ["digest"]
        missing += [] if is_timed else ["date"]
        raise ComponentsUncovered("the signature does not cover enough", missing=" ".join(missing))


def signed_times(request: Request, claim: SignatureClaim) -> list[int]:
    """Give every time that is signed (seconds since the epoch); where there is one, coverage tells.

    Args:
        request: As received.
        claim: Of this request.

    Raises:
        SignatureMalformed: A time is listed but absent, repeated or unreadable.
    """
    signed_s: list[int] = []
    if CREATED in claim.covered:
        if claim.created_s is None:
            raise SignatureMalformed("(created) is signed but not given")
        signed_s.append(claim.created_s)
    if "date" in claim.covered:
        signed_s.append(_date_s(request))
    return signed_s


def _date_s(request: Request) -> int:
    value = single(request, "date")
    if value is None:
        raise SignatureMalformed("the date is signed but not given")
    try:
        return parse_http_date(value)
    except MalformedText as error:
        raise SignatureMalformed("the date cannot be read", date=value) from error
