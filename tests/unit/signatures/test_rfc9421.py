"""Signing and verifying requests as in RFC 9421: the form that is sent, and the coverage that is asked for."""

from __future__ import annotations

import base64
from email.utils import formatdate
from typing import Any

import attrs
import pytest
from tests.signing import FULL, KEY_ID, NOW_S, OWNER, content_digest, message, signed

from fedtext.config import Scheme, SignaturePolicy
from fedtext.errors import (
    AlgorithmRefused,
    ComponentsUncovered,
    LocalProtocolError,
    SignatureMalformed,
    SignatureMismatch,
)
from fedtext.http import Headers, Request
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import (
    AskedSignature,
    Component,
    VerifiedRequest,
    build_digest,
    check_claim,
    claimed_base,
    message_base,
    parse_claim,
    sign,
    verify,
)

RSA = generate_rsa()
ED25519 = generate_ed25519()
POST = message()
GET = message("GET", "https://b.example/users/2?page=1", b"")


def judge(request: Request, key: PrivateKey = ED25519, policy: SignaturePolicy | None = None) -> VerifiedRequest:
    owned = VerificationKey(KEY_ID, OWNER, key.public)
    return verify(request, parse_claim(request), owned, now_s=NOW_S, authorities={"b.example"}, policy=policy)


def sent(request: Request, key: PrivateKey = ED25519, **options: Any) -> Request:
    return sign(request, key, key_id=KEY_ID, now_s=NOW_S + 0.9, scheme=Scheme.RFC9421, **options)


@pytest.mark.parametrize(("key", "name"), [(RSA, "rsa-v1_5-sha256"), (ED25519, "ed25519")], ids=["RSA", "Ed25519"])
def test_sig_29_a_signed_post_has_the_one_form_that_all_take(key: PrivateKey, name: str) -> None:
    request = sent(POST, key)
    params = (
        '("@method" "@target-uri" "content-type" "content-digest")'
        f';created={NOW_S};keyid="{KEY_ID}";alg="{name}"'
    )  # fmt: skip
    text = request.headers.get("signature") or ""
    assert dict(request.headers) == {
        "host": "b.example",
        "content-type": "application/activity+json",
        "content-digest": content_digest(POST.body),
        "date": formatdate(NOW_S, usegmt=True),
        "signature-input": f"sig1={params}",
        "signature": text,
    }
    base = (
        f'"@method": POST\n"@target-uri": https://b.example/users/2/inbox\n"content-type": application/activity+json\n'
        f'"content-digest": {content_digest(POST.body)}\n"@signature-params": {params}'
    ).encode()
    assert claimed_base(request, parse_claim(request)) == base
    key.public.verify(base64.b64decode(text.removeprefix("sig1=:").removesuffix(":")), base)
    evidence = judge(request, key)
    assert (evidence.signer, evidence.scheme, evidence.label) == (OWNER, Scheme.RFC9421, "sig1")
    assert (evidence.covered, evidence.created_s, evidence.expires_s) == (FULL, NOW_S, None)


def test_a_signed_get_covers_method_and_target() -> None:
    request = sent(Request.to("https://b.example/users/2?page=1#main-key"))
    assert parse_claim(request).covered == ("@method", "@target-uri")
    assert b"https://b.example/users/2?page=1\n" in claimed_base(request, parse_claim(request))
    assert "content-digest" not in request.headers
    judge(request)


def test_a_digest_that_was_built_before_is_used() -> None:
    assert sent(POST, digest=build_digest(POST.body)) == sent(POST)


def test_sig_32_what_is_asked_for_is_covered_too() -> None:
    wanted = ("@authority", "content-digest", "date", "x-absent", "accept", "@query")
    asked = AskedSignature(
        label="ours",
        components=(*map(Component, wanted), Component("x", (("tr", True),))),
        nonce="n-1",
        tag="t",
        wants_expires=True,
    )
    request = sent(attrs.evolve(POST, headers=POST.headers.with_fields(("accept", "*/*"))), asked=asked)
    claim = parse_claim(request)
    assert claim.covered == (*FULL, "@authority", "date", "accept", "@query")
    assert (claim.label, claim.nonce, claim.tag, claim.expires_s) == ("ours", "n-1", "t", NOW_S + 300)
    assert judge(request).label == "ours"


@pytest.mark.parametrize(
    ("change", "key_id"),
    [
        ({}, ""),
        ({}, "k\n"),
        ({}, "k\u00e9"),
        ({"target": "/\n"}, "k"),
        ({"target": "/\u20ac"}, "k"),
        ({"method": "\x00"}, "k"),
    ],
)
def test_what_cannot_be_signed_is_refused(change: dict[str, str], key_id: str) -> None:
    with pytest.raises(LocalProtocolError):
        sign(attrs.evolve(POST, **change), ED25519, key_id=key_id, now_s=NOW_S, scheme=Scheme.RFC9421)


def test_an_unfit_label_is_not_sent() -> None:
    with pytest.raises(LocalProtocolError):
        sent(POST, asked=AskedSignature(label="A b", components=()))


def test_a_key_id_with_quotes_is_written_so_that_it_is_read_again() -> None:
    request = sign(POST, ED25519, key_id='a"b', now_s=NOW_S, scheme=Scheme.RFC9421)
    assert parse_claim(request).key_id == 'a"b'


def test_a_kind_of_key_that_peers_do_not_know_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fedtext.signatures.rfc9421.EMITTED", {})
    with pytest.raises(LocalProtocolError):
        sent(POST)


@pytest.mark.parametrize(
    "covered",
    [
        FULL,
        ("content-digest", "@target-uri", "@method"),
        ("@method", "@authority", "@path", "content-digest"),
        ("@method", "@authority", "@path", "@query", "@scheme", "content-digest", "host", "content-type"),
        ("@method", "@target-uri", "@request-target", "content-digest"),
    ],
)
def test_sig_28_honest_lists_are_accepted(covered: tuple[str, ...]) -> None:
    assert judge(signed(POST, ED25519, covered)).covered == covered


def test_a_digest_may_be_covered_in_other_forms_as_long_as_it_is_covered() -> None:
    value = content_digest(POST.body).partition("=")[2]
    wrapped = f":{base64.b64encode(content_digest(POST.body).encode()).decode()}:"
    for name, text in [
        ("content-digest;sf", content_digest(POST.body)),
        ("content-digest;bs", wrapped),
        ('content-digest;key="sha-256"', value),
    ]:
        request = signed(POST, ED25519, ("@method", "@target-uri", name), **{name: text})
        assert judge(request).covered[-1] == name
    request = attrs.evolve(
        POST, headers=POST.headers.with_fields(("content-digest", f"{content_digest(POST.body)}, x=1"))
    )
    with pytest.raises(ComponentsUncovered):
        judge(
            signed(
                request,
                ED25519,
                ("@method", "@target-uri", 'content-digest;key="x"'),
                **{'content-digest;key="x"': "1"},
            )
        )


@pytest.mark.parametrize(
    ("request_", "covered", "missing"),
    [
        (POST, (), "@method @target-uri content-digest"),
        (POST, ("@target-uri", "content-digest"), "@method"),
        (POST, ("@method", "content-digest"), "@target-uri"),
        (POST, ("@method", "@path", "content-digest"), "@authority"),
        (POST, ("@method", "@authority", "content-digest"), "@path"),
        (POST, ("@method", "@request-target", "host", "content-digest"), "@target-uri"),
        (POST, ("@method", "@target-uri"), "content-digest"),
        (message(body=b""), ("@method", "@target-uri"), "content-digest"),
        (GET, ("@method", "@authority", "@path"), "@query"),
        (GET, ("@method", "@query"), "@authority @path"),
        (message("GET"), ("@method", "@target-uri"), "content-digest"),
    ],
)
def test_sec_051_sec_052_uncovered_parts_are_refused(request_: Request, covered: tuple[str, ...], missing: str) -> None:
    with pytest.raises(ComponentsUncovered) as caught:
        judge(signed(request_, ED25519, covered))
    assert caught.value.context["missing"] == missing


def test_an_uncovered_query_is_taken_only_on_explicit_request() -> None:
    request = signed(GET, ED25519, ("@method", "@authority", "@path"))
    assert judge(request, policy=SignaturePolicy(insecure_uncovered_query=True)).covered[0] == "@method"


def test_sec_058_created_is_needed() -> None:
    with pytest.raises(ComponentsUncovered) as caught:
        judge(signed(POST, ED25519, parameters=f';keyid="{KEY_ID}"'))
    assert caught.value.context["missing"] == "created"


def test_sec_058_a_tag_is_a_matter_of_policy() -> None:
    tagged = signed(POST, ED25519, parameters=f';created={NOW_S};keyid="{KEY_ID}";tag="other"')
    policy = SignaturePolicy(tags=frozenset({"ours"}))
    judge(tagged)
    judge(tagged, policy=SignaturePolicy(tags=frozenset({"ours", "other"})))
    judge(signed(POST, ED25519), policy=policy)
    with pytest.raises(SignatureMalformed):
        judge(tagged, policy=policy)


def test_hms_06_parameters_verify_as_received_or_as_written_anew() -> None:
    odd = f'( "@method"  "@target-uri" "content-digest");created=0{NOW_S};keyid="{KEY_ID}"'
    canonical = signed(POST, ED25519, FULL[:2] + FULL[3:], sent=odd)
    assert judge(canonical).covered == FULL[:2] + FULL[3:]
    as_received = signed(POST, ED25519, parameters=f';created={NOW_S};keyid="{KEY_ID}";future=?1')
    judge(as_received)
    neither = signed(POST, ED25519, FULL[:2] + FULL[3:], sent=odd.replace(str(NOW_S), str(NOW_S - 1)))
    with pytest.raises(SignatureMismatch):
        judge(neither)


def test_cheap_checks_come_before_cryptography() -> None:
    request = signed(POST, RSA, ("@method",))
    with pytest.raises(ComponentsUncovered):
        judge(request)
    with pytest.raises(AlgorithmRefused):
        judge(signed(POST, ED25519, parameters=f';created={NOW_S};keyid="{KEY_ID}";alg="rsa-v1_5-sha256"'))


@pytest.mark.parametrize("name", ["hmac-sha256", "rsa-pss-sha512", "none"])
def test_sec_039_a_name_that_is_never_accepted_needs_no_key_to_be_refused(name: str) -> None:
    request = signed(POST, ED25519, parameters=f';created={NOW_S};keyid="{KEY_ID}";alg="{name}"')
    with pytest.raises(AlgorithmRefused):
        check_claim(request, parse_claim(request), now_s=NOW_S, authorities={"b.example"})


def test_message_base_has_the_parameters_last() -> None:
    assert message_base([Component("@method")], "()", POST) == b'"@method": POST\n"@signature-params": ()'


def test_what_is_not_wished_for_is_not_said() -> None:
    plain = parse_claim(sent(POST, asked=AskedSignature(label="a", components=())))
    ending = parse_claim(sent(POST, asked=AskedSignature(label="a", components=(), wants_expires=True)))
    assert (plain.expires_s, ending.expires_s) == (None, NOW_S + 300)
    assert plain.signature_params.endswith(f';created={NOW_S};keyid="{KEY_ID}";alg="ed25519"')


def test_evidence_says_when_a_signature_ends() -> None:
    request = sent(POST, asked=AskedSignature(label="a", components=(), wants_expires=True))
    assert judge(request).expires_s == NOW_S + 300


def test_message_base_takes_trailers() -> None:
    trailers = Headers((("x-end", "yes"),))
    base = message_base([Component("x-end", (("tr", True),))], '("x-end";tr)', POST, trailers=trailers)
    assert base == b'"x-end";tr: yes\n"@signature-params": ("x-end";tr)'
