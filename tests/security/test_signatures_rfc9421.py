"""Attacks on RFC 9421 signatures: each ends in an error of ours, none in evidence (SEC-010, 014, 040, 042 to 059)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import attrs
import pytest
from tests.signing import FULL, KEY_ID, NOW_S, OWNER, appended, changed, content_digest, message, signed

from fedtext.config import Config, SignaturePolicy
from fedtext.errors import (
    AlgorithmRefused,
    ComponentsUncovered,
    DigestMalformed,
    DigestMismatch,
    DigestUnsupported,
    FedtextError,
    HostRefused,
    SignatureExpired,
    SignatureMalformed,
    SignatureMismatch,
)
from fedtext.http import Headers, Request
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import VerifiedRequest, parse_claims, verify

RSA = generate_rsa()
ED25519 = generate_ed25519()
EVIL = generate_ed25519()
POST = message(body=b'{"type":"Like","id":"https://a.example/1"}')
GET = message("GET", "https://b.example/users/2?page=1", b"")


def parameters(*, created: object = NOW_S, key_id: str = KEY_ID, more: str = "") -> str:
    return f';created={created};keyid="{key_id}"{more}'


def judge(
    request: Request,
    *,
    key: PrivateKey = ED25519,
    now_s: float = NOW_S,
    policy: SignaturePolicy | None = None,
    label: int = 0,
) -> VerifiedRequest:
    claim = parse_claims(request)[label]
    owned = VerificationKey(claim.key_id, claim.key_id.partition("#")[0], key.public)
    return verify(request, claim, owned, now_s=now_s, authorities={"b.example"}, policy=policy)


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
def test_an_honest_request_is_accepted(key: PrivateKey) -> None:
    assert judge(signed(POST, key), key=key).signer == OWNER


@pytest.mark.parametrize("covered", [FULL[:3], ("@method", "@target-uri", "digest")])
def test_sec_051_a_post_without_its_content_digest_is_refused(covered: tuple[str, ...]) -> None:
    request = appended(POST, ("digest", f"SHA-256={content_digest(POST.body)[9:-1]}"))
    with pytest.raises(ComponentsUncovered):
        judge(signed(request, ED25519, covered))
    for method in ("POST", "PUT", "DELETE", "PATCH", "QUERY"):
        with pytest.raises(ComponentsUncovered):
            judge(signed(message(method, body=b""), ED25519, ("@method", "@target-uri")))


@pytest.mark.parametrize(
    "covered",
    [
        ("@target-uri", "content-digest"),
        ("@method", "content-digest"),
        ("@method", "@path", "content-digest"),
        ("@method", "@authority", "content-digest"),
        ("@method", "@authority", "@query", "content-digest"),
        ("@method", "@request-target", "content-digest"),
        ("@method", "host", "@path", "content-digest"),
        ("content-digest",),
    ],
)
def test_sec_052_method_and_target_are_needed(covered: tuple[str, ...]) -> None:
    with pytest.raises(ComponentsUncovered):
        judge(signed(POST, ED25519, covered))


@pytest.mark.parametrize(
    "component",
    [
        "content-digest;req", "content-digest;tr", "content-digest;zzz", "content-digest;sf;bs", '@method;key="x"',
        "@method;req", "@target-uri;sf", 'content-digest;key="md5"', "content-digest;sf=1", "@signature-params",
    ],
)  # fmt: skip
def test_sec_053_parameters_are_supported_exactly_or_refused(component: str) -> None:
    """The signature verifies if the parameter is passed over: it never is."""
    base = component.partition(";")[0]
    known = {"@method": "POST", "@target-uri": POST.url, "@signature-params": "()"}
    text = known.get(base, content_digest(POST.body))
    covered = tuple(component if name == base else name for name in FULL)
    covered += (component,) if component not in covered else ()
    with pytest.raises(FedtextError):
        judge(signed(POST, ED25519, covered, **{component: text}))


@pytest.mark.parametrize(
    "name",
    [
        "ed25519",
        "rsa-pss-sha512",
        "hmac-sha256",
        "ecdsa-p256-sha256",
        "none",
        "",
        "rsa-v1_5-sha256 ",
        "RSA-V1_5-SHA256",
    ],
)
def test_sec_054_the_key_decides_and_a_name_may_only_agree(name: str) -> None:
    with pytest.raises(AlgorithmRefused):
        judge(signed(POST, RSA, parameters=parameters(more=f';alg="{name}"')), key=RSA)
    judge(signed(POST, RSA, parameters=parameters(more=';alg="rsa-v1_5-sha256"')), key=RSA)
    judge(signed(POST, RSA), key=RSA)


def test_sec_040_a_public_key_is_no_shared_secret() -> None:
    for secret in (RSA.public.pem.encode(), RSA.public.der, RSA.public.pem.strip().encode()):
        for more in (';alg="hmac-sha256"', ';alg="rsa-v1_5-sha256"', ""):
            request = signed(
                POST,
                RSA,
                parameters=parameters(more=more),
                signer=lambda base, secret=secret: hmac.digest(secret, base, hashlib.sha256),
            )
            with pytest.raises((AlgorithmRefused, SignatureMismatch)):
                judge(request, key=RSA)


def both_labels() -> Request:
    """One signature of the attacker's own, one that only names the victim."""
    own = signed(POST, EVIL, parameters=parameters(key_id="https://evil.example/#k"), label="mine")
    forged = signed(POST, EVIL, label="victim")
    fields = [(name, value) for name, value in forged.headers if name.startswith("signature")]
    return appended(own, *fields)


def test_sec_055_the_identity_is_that_of_the_label_that_verifies() -> None:
    request = both_labels()
    assert [claim.label for claim in parse_claims(request)] == ["mine", "victim"]
    evidence = judge(request, key=EVIL, label=0)
    assert (evidence.signer, evidence.label) == ("https://evil.example/", "mine")
    with pytest.raises(SignatureMismatch):
        judge(request, key=ED25519, label=1)


def test_sec_055_more_labels_than_four_are_refused() -> None:
    request = POST
    for number in range(5):
        one = signed(POST, ED25519, label=f"sig{number}")
        request = appended(request, *(field for field in one.headers if field[0].startswith("signature")))
    with pytest.raises(SignatureMalformed):
        parse_claims(request)


@pytest.mark.parametrize("spoil", ["input only", "other label", "label twice", "component twice", "signature only"])
def test_sec_056_fields_that_do_not_agree_are_refused(spoil: str) -> None:
    request = signed(POST, ED25519)
    text, value = request.headers.get("signature-input") or "", request.headers.get("signature") or ""
    spoilt = {
        "input only": attrs.evolve(request, headers=request.headers.without("signature")),
        "other label": changed(request, "signature", value.replace("sig1", "sig2")),
        "label twice": appended(request, ("signature-input", text)),
        "component twice": changed(request, "signature-input", text.replace('("@method"', '("@method" "@method"')),
        "signature only": attrs.evolve(request, headers=request.headers.without("signature-input")),
    }
    with pytest.raises(SignatureMalformed):
        parse_claims(spoilt[spoil])


@pytest.mark.parametrize(
    ("digest", "error"),
    [
        (content_digest(b"other"), DigestMismatch),
        (f"{content_digest(POST.body)}, sha-512=:AAAA:", DigestMismatch),
        ("md5=:AAAA:", DigestUnsupported),
        ("SHA-256=:AAAA:", DigestMalformed),
        (f"SHA-256={content_digest(POST.body)[9:-1]}", DigestMalformed),
        ("sha-256=:", DigestMalformed),
    ],
)
def test_sec_057_every_known_digest_must_match(digest: str, error: type[FedtextError]) -> None:
    with pytest.raises(error):
        judge(signed(changed(POST, "content-digest", digest), ED25519))


def test_sec_057_sha_512_alone_is_enough() -> None:
    value = base64.b64encode(hashlib.sha512(POST.body).digest()).decode()
    judge(signed(changed(POST, "content-digest", f"sha-512=:{value}:, future=:AAAA:"), ED25519))


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (f';created={NOW_S};keyid="{KEY_ID}";expires={NOW_S - 1}', SignatureExpired),
        (f';created={NOW_S + 301};keyid="{KEY_ID}"', SignatureExpired),
        (f';created={NOW_S - 3_601};keyid="{KEY_ID}"', SignatureExpired),
        (f';created=-1;keyid="{KEY_ID}"', SignatureExpired),
        (f';created=999999999999999;keyid="{KEY_ID}"', SignatureExpired),
        (f';keyid="{KEY_ID}"', ComponentsUncovered),
        (f';keyid="{KEY_ID}";expires={NOW_S + 60}', ComponentsUncovered),
        (f';created="{NOW_S}";keyid="{KEY_ID}"', SignatureMalformed),
        (f';created={NOW_S}.5;keyid="{KEY_ID}"', SignatureMalformed),
        (f";created={NOW_S}", SignatureMalformed),
        (f';created={NOW_S};keyid=""', SignatureMalformed),
    ],
)
def test_sec_058_sec_044_sec_045_times_and_key_ids(more: str, error: type[FedtextError]) -> None:
    with pytest.raises(error):
        judge(signed(POST, ED25519, parameters=more))


def test_sec_058_tags_and_nonces_are_for_the_policy() -> None:
    request = signed(POST, ED25519, parameters=parameters(more=';nonce="n";tag="other"'))
    (claim,) = parse_claims(request)
    assert (claim.nonce, claim.tag) == ("n", "other")
    judge(request)
    with pytest.raises(SignatureMalformed):
        judge(request, policy=SignaturePolicy(tags=frozenset()))


def test_the_compatible_window_is_twelve_hours() -> None:
    old = signed(POST, ED25519, parameters=parameters(created=NOW_S - 12 * 3_600))
    with pytest.raises(SignatureExpired):
        judge(old)
    judge(old, policy=Config.mastodon_compatible().signatures)


def test_sec_059_two_schemes_with_two_signers_are_ambiguous() -> None:
    cavage = 'keyId="https://evil.example/#k",headers="date",signature="AAAA"'
    for field in (("signature", cavage), ("authorization", f"Signature {cavage}")):
        with pytest.raises(SignatureMalformed):
            judge(appended(signed(POST, ED25519), field))


def test_sec_010_a_signature_counts_on_its_own_host_only() -> None:
    elsewhere = signed(message(url="https://c.example/users/2/inbox", body=POST.body), ED25519)
    with pytest.raises(HostRefused):
        judge(elsewhere)
    for authority in ("b.example", "c.example"):
        moved = attrs.evolve(elsewhere, authority=authority)
        with pytest.raises((SignatureMalformed, HostRefused)):
            judge(moved)
    with pytest.raises(SignatureMismatch):
        judge(changed(attrs.evolve(elsewhere, authority="b.example"), "host", "b.example"))
    with pytest.raises(SignatureMalformed):
        judge(appended(signed(POST, ED25519), ("host", "b.example")))


@pytest.mark.parametrize(
    "change",
    [
        {"target": "/users/3/inbox"},
        {"target": "/users/2/inbox?x=1"},
        {"target": "/users/2/inbox?"},
        {"target": "/users/2/inbox/"},
        {"target": "/users/2/%69nbox"},
        {"method": "PUT"},
        {"method": "post"},
        {"scheme": "http"},
        {"body": POST.body + b" "},
        {"body": b"\xef\xbb\xbf" + POST.body},
        {"body": b""},
    ],
)
def test_sec_042_sec_043_what_is_signed_cannot_be_changed(change: dict[str, str | bytes]) -> None:
    with pytest.raises(FedtextError):
        judge(attrs.evolve(signed(POST, ED25519), **change))  # type: ignore[arg-type]


def test_sec_043_a_query_is_never_left_out_by_itself() -> None:
    for url in (GET.url.partition("?")[0], f"{GET.url}&more=1"):
        with pytest.raises(SignatureMismatch):
            judge(signed(GET, ED25519, ("@method", "@target-uri"), target_uri=url))
    with pytest.raises(ComponentsUncovered):
        judge(signed(GET, ED25519, ("@method", "@authority", "@path")))


def test_sec_014_a_field_cannot_pass_for_two() -> None:
    forged = signed(POST, ED25519, (*FULL, "x-a", "x-b"), x_a="1", x_b="2")
    text = (forged.headers.get("signature-input") or "").replace('"x-a" "x-b"', '"x-a"')
    moved = changed(forged, "signature-input", text)
    joined = attrs.evolve(moved, headers=Headers((*moved.headers.fields, ("x-a", '1\n"x-b": 2'))))
    with pytest.raises(SignatureMalformed):
        judge(joined)


@pytest.mark.parametrize(
    "value",
    ["sig1=::", "sig1=:_-_-:", "sig1=:AAAA\n:", f"sig1=:{'A' * 1_400}:", f"sig1=:{'A' * 100_000}:"],
    ids=["empty", "URL-safe", "line break", "too long", "far too long"],
)
def test_sec_050_signatures_are_bounded_bytes(value: str) -> None:
    start = time.process_time()
    with pytest.raises(SignatureMalformed):
        parse_claims(changed(signed(POST, ED25519), "signature", value))
    assert time.process_time() - start < 0.25


def test_another_key_is_another_signer() -> None:
    with pytest.raises(SignatureMismatch):
        judge(signed(POST, EVIL))
