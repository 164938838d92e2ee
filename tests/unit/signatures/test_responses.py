"""Signing and verifying responses as in RFC 9421 (HMS-13; FASP-03)."""

from __future__ import annotations

import base64

import attrs
import pytest
from tests.signing import KEY_ID, NOW_S, OWNER, answer, message

from fedtext.config import SignaturePolicy
from fedtext.errors import (
    AlgorithmRefused,
    ComponentsUncovered,
    DigestMismatch,
    LocalProtocolError,
    SignatureError,
    SignatureExpired,
    SignatureMalformed,
    SignatureMismatch,
)
from fedtext.http import Request, Response
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import VerifiedResponse, message_base, parse_response_claims, sign_response, verify_response

RSA = generate_rsa()
ED25519 = generate_ed25519()
REQUEST = message()
OWNED = VerificationKey(KEY_ID, OWNER, ED25519.public)


def signed(response: Response, request: Request | None = None, key: PrivateKey = ED25519) -> Response:
    return sign_response(response, key, key_id=KEY_ID, now_s=NOW_S, request=request)


def judge(
    response: Response,
    *,
    key: PrivateKey = ED25519,
    request: Request | None = None,
    bound: bool = False,
    now_s: float = NOW_S,
    policy: SignaturePolicy | None = None,
) -> VerifiedResponse:
    (claim,) = parse_response_claims(response)
    owned = VerificationKey(KEY_ID, OWNER, key.public)
    return verify_response(response, claim, owned, now_s=now_s, request=request, bound=bound, policy=policy)


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
def test_what_is_signed_verifies(key: PrivateKey) -> None:
    response = signed(answer(content_type="application/json"), REQUEST, key)
    evidence = judge(response, key=key, request=REQUEST, bound=True)
    assert evidence.response is response
    assert (evidence.signer, evidence.label, evidence.created_s, evidence.expires_s) == (OWNER, "sig1", NOW_S, None)
    assert evidence.covered == (
        "@status",
        "content-type",
        "content-digest",
        "@method;req",
        "@target-uri;req",
        "content-digest;req",
    )


def test_a_bare_answer_covers_its_status() -> None:
    response = signed(answer(204, b""))
    assert judge(response).covered == ("@status",)
    assert "content-digest" not in response.headers
    assert judge(
        signed(answer(), Request.to("https://b.example/")), request=Request.to("https://b.example/")
    ).covered == (
        "@status",
        "content-digest",
        "@method;req",
        "@target-uri;req",
    )


def test_signing_again_replaces_what_was_signed_before() -> None:
    assert signed(signed(answer(), REQUEST)) == signed(answer())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"status": 201}, SignatureMismatch),
        ({"body": b"{}"}, DigestMismatch),
    ],
)
def test_a_changed_answer_is_refused(change: dict[str, int | bytes], error: type[SignatureError]) -> None:
    with pytest.raises(error):
        judge(attrs.evolve(signed(answer()), **change))  # type: ignore[arg-type]


def test_hms_13_an_answer_counts_for_its_own_request_only() -> None:
    response = signed(answer(), REQUEST)
    judge(response, request=REQUEST)
    for other in (attrs.evolve(REQUEST, target="/other"), attrs.evolve(REQUEST, method="PUT")):
        with pytest.raises(SignatureMismatch):
            judge(response, request=other, bound=True)
    with pytest.raises(SignatureMalformed):
        judge(response)


def test_an_answer_may_have_to_be_bound() -> None:
    with pytest.raises(ComponentsUncovered) as caught:
        judge(signed(answer()), request=REQUEST, bound=True)
    assert caught.value.context["missing"] == "@method;req @target-uri;req"


def with_covered(response: Response, covered: str) -> Response:
    text = (response.headers.get("signature-input") or "").partition(")")[2]
    return attrs.evolve(response, headers=response.headers.with_fields(("signature-input", f"sig1=({covered}){text}")))


def test_status_and_digest_are_needed() -> None:
    response = signed(answer())
    for covered, missing in [
        ("", "@status content-digest"),
        ('"content-digest"', "@status"),
        ('"@status"', "content-digest"),
        ('"@status" "content-digest";req', "content-digest"),
        ('"@status" "content-digest";tr', "content-digest"),
    ]:
        with pytest.raises(ComponentsUncovered) as caught:
            judge(with_covered(response, covered))
        assert caught.value.context["missing"] == missing


def test_time_tag_and_algorithm_are_judged() -> None:
    response = signed(answer())
    with pytest.raises(SignatureExpired):
        judge(response, now_s=NOW_S + 3_601)
    judge(response, now_s=NOW_S + 3_601, policy=SignaturePolicy(past_s_max=4_000))
    with pytest.raises(AlgorithmRefused):
        judge(response, key=RSA)
    text = (response.headers.get("signature-input") or "").replace('"ed25519"', '"hmac-sha256"')
    with pytest.raises(AlgorithmRefused):
        judge(attrs.evolve(response, headers=response.headers.with_fields(("signature-input", text))))


@pytest.mark.parametrize("status", [0, 99, 1000])
def test_what_is_no_status_is_not_signed(status: int) -> None:
    with pytest.raises(LocalProtocolError):
        signed(answer(status))


@pytest.mark.parametrize("status", [100, 999])
def test_three_digits_are_a_status(status: int) -> None:
    assert judge(signed(answer(status))).covered[0] == "@status"


def test_everything_that_is_missing_is_named() -> None:
    bare = Response(status=200, body=b"{}")
    (claim,) = parse_response_claims(signed(answer(), REQUEST))
    empty = attrs.evolve(claim, covered=(), components=())
    with pytest.raises(ComponentsUncovered) as caught:
        verify_response(bare, empty, OWNED, now_s=NOW_S, request=REQUEST, bound=True)
    assert caught.value.context == {"missing": "@status content-digest @method;req @target-uri;req"}


def test_an_answer_need_not_be_bound_unless_that_is_asked_for() -> None:
    response = signed(answer())
    (claim,) = parse_response_claims(response)
    assert verify_response(response, claim, OWNED, now_s=NOW_S).created_s == NOW_S


def resigned(response: Response, params: str, request: Request | None = None, *, received: str = "") -> Response:
    """Sign what is covered with parameters of one's own; `received`: how they are spelled on the wire."""
    (claim,) = parse_response_claims(response)
    base = message_base(claim.components, params, response, request=request)
    value = base64.b64encode(ED25519.sign(base)).decode()
    fields = (("signature-input", f"sig1={received or params}"), ("signature", f"sig1=:{value}:"))
    return attrs.evolve(response, headers=response.headers.with_fields(*fields))


def test_evidence_says_when_a_signature_ends() -> None:
    response = signed(answer())
    (claim,) = parse_response_claims(response)
    ending = resigned(response, f"{claim.signature_params};expires={NOW_S + 9}")
    assert judge(ending).expires_s == NOW_S + 9


def test_hms_06_bound_parameters_verify_as_written_anew() -> None:
    response = signed(answer(), REQUEST)
    (claim,) = parse_response_claims(response)
    params = claim.signature_params
    odd = resigned(response, params, REQUEST, received=params.replace(";created", "; created"))
    assert judge(odd, request=REQUEST, bound=True).covered == claim.covered
