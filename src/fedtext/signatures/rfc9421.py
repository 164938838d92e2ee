"""Sign and verify requests as in RFC 9421, with the coverage that the network asks for.

Decides what must be covered, which parameters a signature needs, and what its bytes are; knows nothing of who may do
what. Responses are in `responses`, the values of components in `components`.

Invariants: cheap checks come before cryptography; the algorithm comes from the key; a request with a body is never
accepted without its digest; the signed host is one of ours; a query counts, unless the policy says otherwise.

Sources: RFC 9421 sections 2.3, 2.5, 3.1, 3.2; SIG-28, SIG-29, SIG-32; HMS-01 to HMS-18, HMS-F1 to HMS-F5; SEC-010,
SEC-051 to SEC-058.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from typing import Final

from ..config import SignaturePolicy
from ..errors import ComponentsUncovered, LocalProtocolError, SignatureMalformed, SignatureMismatch
from ..http import Headers, Request, Response
from ..keys import NamedKey, PrivateKey, VerificationKey
from ..wire.structured_fields import Item, build_dictionary, build_item
from ..wire.timestamps import build_http_date
from .accept_signature import AskedSignature
from .algorithms import EMITTED, check_fits, check_name, verify_bytes
from .claim import RFC9421, SignatureClaim
from .components import SIGNATURE_PARAMS, Component, component_lines
from .content_digest import HASHES, build_content_digest, verify_content_digest
from .evidence import VerifiedRequest
from .requirements import check_host, check_window, needs_digest
from .rfc9421_claim import written_anew

METHOD: Final = Component("@method")
TARGET_URI: Final = Component("@target-uri")
CONTENT_TYPE: Final = Component("content-type")
CONTENT_DIGEST: Final = Component("content-digest")

DEFAULT_LABEL: Final = "sig1"
# For peers that ask for `expires`: what Mastodon gives a signature that has none.
_VALID_S: Final = 300


def message_base(
    components: Iterable[Component],
    signature_params: str,
    message: Request | Response,
    *,
    request: Request | None = None,
    trailers: Headers | None = None,
) -> bytes:
    r"""Build the bytes that are signed: a line per component, then the parameters, joined by "\n".

    Args:
        components: In signed order.
        signature_params: The covered components and parameters as they are written.
        message: That is signed.
        request: That the response answers, for components with `req`.
        trailers: Of the message, for components with `tr`.

    Raises:
        SignatureMalformed: A component is not there, or its value cannot be signed.

    Sources:
        RFC 9421 section 2.5.
    """
    lines = component_lines(components, message, request=request, trailers=trailers)
    lines.append(f'"{SIGNATURE_PARAMS}": {signature_params}')
    return "\n".join(lines).encode("ascii")


def check_claim(
    request: Request,
    claim: SignatureClaim,
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy,
) -> int:
    """Check all of a claim that needs no key: coverage, parameters, host, time and digest.

    Args:
        request: As received.
        claim: Of this request.
        now_s: Seconds since the epoch.
        authorities: Hosts that are served here, lower case, each with its port unless that is the default one.
        policy: The time window, the tags, and whether a query may be left out.

    Returns:
        When the request was signed, by the signer's clock (s).

    Raises:
        AlgorithmRefused: The named algorithm is never accepted.
        ComponentsUncovered: The method, the target, the time, or the digest of the body is not signed.
        SignatureMalformed: Headers are repeated or unreadable, or the signature is for another application.
        HostRefused: The signed host is not served here.
        SignatureExpired: It is too old, too new, or past its own end.
        DigestMalformed: The digest cannot be read.
        DigestUnsupported: The digest is of no hash that is used here.
        DigestMismatch: The body is not the one that was signed.
    """
    check_name(claim.algorithm)
    has_digest = covers_digest(claim)
    _check_coverage(request, claim, policy, has_digest=has_digest)
    check_host(request, authorities)
    created_s = check_parameters(claim, now_s=now_s, policy=policy)
    if has_digest:
        verify_content_digest(request.headers.get_all("content-digest"), request.body)
    return created_s


def check_parameters(claim: SignatureClaim, *, now_s: float, policy: SignaturePolicy) -> int:
    """Check the parameters of a claim: `created` must be there, and a `tag` must be one that is taken.

    Args:
        claim: Of any message.
        now_s: Seconds since the epoch.
        policy: The time window and the tags.

    Returns:
        When the message was signed, by the signer's clock (s).

    Raises:
        ComponentsUncovered: There is no `created`.
        SignatureMalformed: It is for another application (SEC-058).
        SignatureExpired: It is too old, too new, or past its own end.
    """
    if claim.created_s is None:
        raise ComponentsUncovered("the signature does not say when it was made", missing="created")
    if policy.tags is not None and claim.tag is not None and claim.tag not in policy.tags:
        raise SignatureMalformed("the signature is for another application", tag=claim.tag)
    check_window((claim.created_s,), created_s=claim.created_s, expires_s=claim.expires_s, now_s=now_s, policy=policy)
    return claim.created_s


def covers_digest(claim: SignatureClaim) -> bool:
    """Tell whether the Content-Digest of the message itself is covered: all of it, or a member with a known hash."""
    if "content-digest" in claim.covered:
        return True
    for component in claim.components:
        if component.name == "content-digest":
            parameters = dict(component.parameters)
            if not {"req", "tr"} & parameters.keys() and parameters.get("key", "sha-256") in HASHES:
                return True
    return False


def verify(
    request: Request,
    claim: SignatureClaim,
    key: VerificationKey,
    *,
    now_s: float,
    authorities: Collection[str],
    policy: SignaturePolicy,
) -> VerifiedRequest:
    """Check one signature and return evidence of what it covers.

    Args:
        request: As received; `body` is the exact bytes, before any decoding.
        claim: Of this request.
        key: Its owner is already confirmed both ways.
        now_s: Seconds since the epoch.
        authorities: As in `check_claim`.
        policy: As in `check_claim`.

    Raises:
        AlgorithmRefused: The named algorithm does not fit the key.
        SignatureMismatch: The bytes do not verify under the key.
        SignatureError: As `check_claim`.
        HostRefused: See there.

    Sources:
        RFC 9421 section 3.2.
    """
    check_fits(claim.algorithm, key)
    created_s = check_claim(request, claim, now_s=now_s, authorities=authorities, policy=policy)
    verify_message(request, claim, key)
    return VerifiedRequest(request, key, claim.covered, created_s, claim.expires_s, RFC9421, claim.label)


def verify_message(
    message: Request | Response, claim: SignatureClaim, key: NamedKey, *, request: Request | None = None
) -> None:
    """Check the bytes of a signature, and nothing else; the parameters may be signed as received or as written anew.

    Args:
        message: As received.
        claim: Of this message.
        key: Whose kind fits the claim.
        request: That the response answers.

    Raises:
        SignatureMalformed: A component is not there, or its value cannot be signed.
        SignatureMismatch: The bytes do not verify under the key.
    """
    base = message_base(claim.components, claim.signature_params, message, request=request)
    try:
        verify_bytes(key.public, claim.signature, base)
    except SignatureMismatch:
        written = written_anew(claim.signature_params)
        if written == claim.signature_params:
            raise
        base = message_base(claim.components, written, message, request=request)
        verify_bytes(key.public, claim.signature, base)


def sign(
    request: Request,
    key: PrivateKey,
    *,
    key_id: str,
    now_s: float,
    digest: str | None = None,
    asked: AskedSignature | None = None,
) -> Request:
    """Give a copy of the request, signed over what every server asks for (SIG-29).

    Sets Host, Date, Signature-Input and Signature, and Content-Digest where there is a body or the method is one that
    has it.

    Args:
        request: To be sent; its authority becomes the Host header.
        key: The actor's own.
        key_id: Where the key is published.
        now_s: Seconds since the epoch.
        digest: From `build_digest` of the same body, when it was already built.
        asked: What the peer wants to be signed as well; of that, what the request has.

    Raises:
        LocalProtocolError: The key id, the kind of key or a part of the request cannot be signed.

    Sources:
        RFC 9421 section 3.1, and 5.2 for `asked`.
    """
    fields = [("host", request.authority), ("date", build_http_date(now_s))]
    covered = [METHOD, TARGET_URI]
    if "content-type" in request.headers:
        covered.append(CONTENT_TYPE)
    if needs_digest(request):
        covered.append(CONTENT_DIGEST)
        fields.append(("content-digest", _content_digest(request.body, digest)))
    unsigned = request.with_headers(request.headers.with_fields(*fields))
    if asked is not None:
        covered += [component for component in asked.components if _is_added(component, covered, unsigned)]
    signed = signature_fields(unsigned, covered, key, key_id=key_id, now_s=now_s, asked=asked)
    return unsigned.with_headers(unsigned.headers.with_fields(*signed))


def signature_fields(
    message: Request | Response,
    covered: Iterable[Component],
    key: PrivateKey,
    *,
    key_id: str,
    now_s: float,
    request: Request | None = None,
    asked: AskedSignature | None = None,
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Sign a message and give the two fields that say so.

    Args:
        message: To be sent.
        covered: In the order to sign.
        key: Our own.
        key_id: Where it is published.
        now_s: Seconds since the epoch.
        request: That the response answers.
        asked: Its label, nonce and tag are given back; `expires` if it is wanted.

    Returns:
        Signature-Input and Signature, each name and value.

    Raises:
        LocalProtocolError: The key id, the kind of key or a part of the message cannot be signed.
    """
    algorithm = EMITTED.get(key.algorithm)
    if algorithm is None:
        raise LocalProtocolError("peers know no such signatures", algorithm=key.algorithm.value)
    if not key_id:
        raise LocalProtocolError("a signature needs the id of its key")
    covered = tuple(covered)
    params = _written(covered, key_id, algorithm, int(now_s), asked)
    try:
        base = message_base(covered, params, message, request=request)
    except SignatureMalformed as error:
        raise LocalProtocolError("the message cannot be signed", reason=error.message) from error
    label = DEFAULT_LABEL if asked is None else asked.label
    signature = base64.b64encode(key.sign(base)).decode("ascii")
    return ("signature-input", f"{label}={params}"), ("signature", f"{label}=:{signature}:")


def _written(
    covered: Iterable[Component], key_id: str, algorithm: str, created_s: int, asked: AskedSignature | None
) -> str:
    """Write components and parameters as a structured field has them; only texts from elsewhere can be unfit for it."""
    key_text = build_item(Item(key_id))
    expires, echoed = "", ""
    if asked is not None:
        build_dictionary({asked.label: Item(True)})
        expires = f";expires={created_s + _VALID_S}" if asked.wants_expires else ""
        echoed = "".join(f";{name}={build_item(Item(value))}" for name, value in asked.echoed.items())
    components = " ".join([component.identifier for component in covered])
    return f'({components});created={created_s}{expires};keyid={key_text};alg="{algorithm}"{echoed}'


def _check_coverage(request: Request, claim: SignatureClaim, policy: SignaturePolicy, *, has_digest: bool) -> None:
    covered = claim.covered
    is_whole = has_digest or not needs_digest(request)
    if is_whole and "@target-uri" in covered and "@method" in covered:
        return
    missing: list[str] = []
    if "@method" not in covered:
        missing.append("@method")
    if "@target-uri" not in covered:
        parts = ["@authority", "@path"]
        if "?" in request.target and not policy.insecure_uncovered_query:
            parts.append("@query")
        lacking = [part for part in parts if part not in covered]
        # Nothing of the target is covered: name the one component that is enough.
        missing += ["@target-uri"] if len(lacking) == len(parts) else lacking
    if not is_whole:
        missing.append("content-digest")
    if missing:
        raise ComponentsUncovered("the signature does not cover enough", missing=" ".join(missing))


def _content_digest(body: bytes, digest: str | None) -> str:
    """Give the field; from the one of draft-cavage it differs in its frame only."""
    return build_content_digest(body) if digest is None else f"sha-256=:{digest.partition('=')[2]}:"


def _is_added(component: Component, covered: Iterable[Component], request: Request) -> bool:
    """Tell whether a component that the peer asks for is new, and in the request."""
    if component in covered:
        return False
    try:
        component_lines([component], request)
    except SignatureMalformed:
        return False
    return True
