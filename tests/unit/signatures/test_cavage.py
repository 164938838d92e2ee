"""Signing and verifying as in draft-cavage: the bytes that are signed, and the form that is sent."""

from __future__ import annotations

import base64
from typing import Any

import attrs
import pytest

from fedtext.config import Scheme
from fedtext.errors import LocalProtocolError, SignatureMalformed, SignatureMismatch
from fedtext.http import Headers, Request
from fedtext.keys import HashName, PrivateKey, VerificationKey, generate_ed25519, generate_ml_dsa, generate_rsa
from fedtext.signatures import build_digest, cavage, check_claim, parse_claim, sign, signature_base, verify

NOW_S = 1_790_000_000
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
KEY_ID = "https://a.example/users/1#main-key"
OWNER = "https://a.example/users/1"
POST = Request.to("https://b.example/users/2/inbox?x=1", method="POST", body=b'{"type":"Like"}')
GET = Request.to("https://b.example/users/2?page=1&q=%20")


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate_rsa()


@pytest.fixture(scope="module")
def verification_key(key: PrivateKey) -> VerificationKey:
    return VerificationKey(KEY_ID, OWNER, key.public)


def test_sig_15_the_base_is_one_line_per_component() -> None:
    request = attrs.evolve(
        POST,
        headers=Headers(
            (("host", "b.example"), ("x-two", " a "), ("x-empty", ""), ("date", DATE), ("x-two", "b"), ("accept", "é"))
        ),
    )
    covered = ("x-two", "(request-target)", "host", "(created)", "(expires)", "x-empty", "date", "accept")
    assert signature_base(request, covered, created_s=5, expires_s=7) == (
        b"x-two: a, b\n"
        b"(request-target): post /users/2/inbox?x=1\n"
        b"host: b.example\n"
        b"(created): 5\n"
        b"(expires): 7\n"
        b"x-empty: \n"
        b"date: " + DATE.encode() + b"\n"
        b"accept: \xe9"
    )


def test_sig_08_a_kind_of_key_that_peers_do_not_know_signs_nothing() -> None:
    with pytest.raises(LocalProtocolError):
        sign(POST, generate_ml_dsa(), key_id=KEY_ID, now_s=NOW_S)


def test_the_base_of_a_request_without_a_host_field_takes_the_authority() -> None:
    assert signature_base(POST, ("host",)) == b"host: b.example"


@pytest.mark.parametrize("component", ["date", "digest", "(created)", "(expires)", "x-none"])
def test_cav_05_a_listed_header_must_be_there(component: str) -> None:
    with pytest.raises(SignatureMalformed):
        signature_base(POST, ("host", component))


@pytest.mark.parametrize("value", ["a\nhost: evil.example", "a\rb", "a\x00b", "a\x1fb", "\u20ac"])
def test_sec_014_a_value_that_cannot_stand_on_a_line_is_refused(value: str) -> None:
    request = attrs.evolve(POST, headers=Headers((("x-value", value),)))
    with pytest.raises(SignatureMalformed):
        signature_base(request, ("x-value",))
    with pytest.raises(SignatureMalformed):
        signature_base(attrs.evolve(POST, target=f"/{value}"), ("(request-target)",))


@pytest.mark.spec("SIG-16")
def test_sig_01_sig_06_a_signed_post_has_the_one_form_that_all_take(key: PrivateKey) -> None:
    signed = sign(POST, key, key_id=KEY_ID, now_s=NOW_S + 0.9)
    assert dict(signed.headers) == {
        "host": "b.example",
        "date": DATE,
        "digest": build_digest(POST.body),
        "signature": signed.headers.get("signature"),
    }
    prefix = f'keyId="{KEY_ID}",algorithm="rsa-sha256",headers="(request-target) host date digest",signature="'
    text = signed.headers.get("signature") or ""
    assert text.startswith(prefix)
    assert text.endswith('"')
    expected = f"(request-target): post /users/2/inbox?x=1\nhost: b.example\ndate: {DATE}\ndigest: "
    key.public.verify(base64.b64decode(text[len(prefix) : -1]), (expected + build_digest(POST.body)).encode())


def test_sig_02_a_signed_get_has_no_digest(key: PrivateKey) -> None:
    signed = sign(GET, key, key_id=KEY_ID, now_s=NOW_S)
    assert "digest" not in signed.headers
    assert parse_claim(signed).covered == ("(request-target)", "host", "date")


def test_sig_05_signing_again_replaces_what_was_signed_before(key: PrivateKey) -> None:
    first = sign(POST, key, key_id=KEY_ID, now_s=NOW_S - 5_000)
    again = sign(first, key, key_id=KEY_ID, now_s=NOW_S)
    assert again == sign(POST, key, key_id=KEY_ID, now_s=NOW_S)
    assert again.headers.get_all("date") == [DATE]


def test_sign_keeps_the_rest_of_the_request(key: PrivateKey) -> None:
    fields = [("Content-Type", "application/activity+json"), ("Host", "other.example"), ("Digest", "MD5=AA")]
    request = attrs.evolve(POST, headers=Headers.build(fields))
    signed = sign(request, key, key_id=KEY_ID, now_s=NOW_S)
    assert signed.headers.get_all("host") == ["b.example"]
    assert signed.headers.get("content-type") == "application/activity+json"
    assert attrs.evolve(signed, headers=Headers()) == attrs.evolve(request, headers=Headers())
    assert len(request.headers.fields) == 3, "the request that was given is not changed"


def test_dlv_12_a_digest_that_was_built_before_is_used(key: PrivateKey) -> None:
    digest = build_digest(POST.body)
    assert sign(POST, key, key_id=KEY_ID, now_s=NOW_S, digest=digest) == sign(POST, key, key_id=KEY_ID, now_s=NOW_S)


def test_a_port_that_is_not_the_default_is_signed(key: PrivateKey, verification_key: VerificationKey) -> None:
    signed = sign(Request.to("https://b.example:8443/x"), key, key_id=KEY_ID, now_s=NOW_S)
    assert signed.headers.get("host") == "b.example:8443"
    verify(signed, parse_claim(signed), verification_key, now_s=NOW_S, authorities={"b.example:8443"})


@pytest.mark.parametrize("key_id", ["", 'a"b', "a\\b", "a b", "a\nb", "ä", "a\x7f"])
def test_a_key_id_that_would_break_the_header_is_not_signed(key: PrivateKey, key_id: str) -> None:
    with pytest.raises(LocalProtocolError):
        sign(POST, key, key_id=key_id, now_s=NOW_S)


@pytest.mark.parametrize("change", [{"target": "/a\nb"}, {"target": "/\u20ac"}, {"authority": "b.example\r"}])
def test_a_request_that_cannot_be_on_the_wire_is_not_signed(key: PrivateKey, change: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        sign(attrs.evolve(POST, **change), key, key_id=KEY_ID, now_s=NOW_S)


def test_sig_33_draft_cavage_is_what_is_signed_unless_asked(key: PrivateKey) -> None:
    assert sign(POST, key, key_id=KEY_ID, now_s=NOW_S) == sign(
        POST, key, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.CAVAGE
    )


@pytest.mark.parametrize("request_", [POST, GET], ids=["POST", "GET"])
def test_what_is_signed_verifies(key: PrivateKey, verification_key: VerificationKey, request_: Request) -> None:
    signed = sign(request_, key, key_id=KEY_ID, now_s=NOW_S)
    claim = parse_claim(signed)
    evidence = verify(signed, claim, verification_key, now_s=NOW_S, authorities=("b.example",))
    assert evidence.request is signed
    assert (evidence.key, evidence.signer) == (verification_key, OWNER)
    assert evidence.covered == claim.covered
    assert (evidence.created_s, evidence.expires_s) == (NOW_S, None)
    assert evidence.scheme is Scheme.CAVAGE


def test_an_ed25519_key_signs_as_hs2019() -> None:
    key = generate_ed25519()
    signed = sign(POST, key, key_id=KEY_ID, now_s=NOW_S)
    claim = parse_claim(signed)
    assert claim.algorithm == "hs2019"
    verify(signed, claim, VerificationKey(KEY_ID, OWNER, key.public), now_s=NOW_S, authorities=("b.example",))


def test_a_claim_is_checked_without_any_key(key: PrivateKey) -> None:
    signed = sign(POST, key, key_id=KEY_ID, now_s=NOW_S)
    assert check_claim(signed, parse_claim(signed), now_s=NOW_S + 1.5, authorities=("b.example",)) == NOW_S


VALUES = [
    (["A \t\x85z"], b"A \t\x85z"),
    (["X \tA", "b X"], b"X \tA, b X"),
    (["XaX"], b"XaX"),
    ([" a\t", "\tb "], b"a, b"),
]


@pytest.mark.parametrize(("values", "written"), VALUES)
def test_sig_15_values_are_signed_as_they_are_but_for_white_space_around_them(
    values: list[str], written: bytes
) -> None:
    request = attrs.evolve(POST, headers=Headers(tuple(("x-value", value) for value in values)))
    assert signature_base(request, ("x-value",)) == b"x-value: " + written


@pytest.mark.parametrize("values", [["\x0ca"], ["a\x0b"], ["a", "\x0cb"], ["a\x1c", "b"]])
def test_sec_014_only_spaces_and_tabs_are_taken_away(values: list[str]) -> None:
    request = attrs.evolve(POST, headers=Headers(tuple(("x-value", value) for value in values)))
    with pytest.raises(SignatureMalformed):
        signature_base(request, ("x-value",))


def signed_by_hand(request: Request, base: bytes, parameters: str, key: PrivateKey, hash_name: HashName) -> Request:
    signature = base64.b64encode(key.sign(base, hash_name=hash_name)).decode()
    return attrs.evolve(
        request, headers=request.headers.with_fields(("signature", f'{parameters},signature="{signature}"'))
    )


def test_evidence_says_when_a_signature_ends() -> None:
    own, covered = generate_ed25519(), ("(request-target)", "host", "(created)", "(expires)")
    base = signature_base(GET, covered, created_s=NOW_S, expires_s=NOW_S + 9)
    parameters = f'keyId="{KEY_ID}",created={NOW_S},expires={NOW_S + 9},headers="{" ".join(covered)}"'
    request = signed_by_hand(GET, base, parameters, own, HashName.SHA256)
    owned = VerificationKey(KEY_ID, OWNER, own.public)
    evidence = verify(request, parse_claim(request), owned, now_s=NOW_S, authorities={"b.example"})
    assert (evidence.created_s, evidence.expires_s) == (NOW_S, NOW_S + 9)


@pytest.mark.parametrize("hash_name", HashName)
def test_sig_12_a_signature_without_the_query_has_the_hash_that_it_names(
    key: PrivateKey, verification_key: VerificationKey, hash_name: HashName
) -> None:
    dated = attrs.evolve(GET, headers=Headers.build([("date", DATE)]))
    base = signature_base(dated, ("(request-target)", "host", "date"), target=GET.path)
    named = f"rsa-{hash_name.value.replace('-', '')}"
    parameters = f'keyId="{KEY_ID}",algorithm="{named}",headers="(request-target) host date"'
    request = signed_by_hand(dated, base, parameters, key, hash_name)
    claim = parse_claim(request)
    with pytest.raises(SignatureMismatch):
        verify(request, claim, verification_key, now_s=NOW_S, authorities={"b.example"})
    verify(request, claim, verification_key, now_s=NOW_S, authorities={"b.example"}, insecure_queryless_get=True)


@pytest.mark.parametrize(
    ("options", "target"), [({}, GET.target), ({"queryless": False}, GET.target), ({"queryless": True}, GET.path)]
)
def test_sig_13_the_query_is_left_out_of_what_is_signed_only_when_asked(
    key: PrivateKey, options: dict[str, Any], target: str
) -> None:
    signed = cavage.sign(GET, key, key_id=KEY_ID, now_s=NOW_S, **options)
    assert signed.target == GET.target
    base = f"(request-target): get {target}\nhost: b.example\ndate: {DATE}"
    key.public.verify(parse_claim(signed).signature, base.encode())


@pytest.mark.parametrize("body", [b"", b"x"])
@pytest.mark.parametrize("target", ["/", "/a?b=c", "/caf\xe9", "/a b"])
@pytest.mark.parametrize("authority", ["b.example", "b.example:8443", " b.example\t", "b\xfcro.example"])
@pytest.mark.parametrize("digest", [None, " SHA-256=abc ", "SHA-256=\xe9"])
def test_what_is_signed_is_what_the_fields_say(
    key: PrivateKey, body: bytes, target: str, authority: str, digest: str | None
) -> None:
    """The short way to the bytes gives what the general one gives for the request as it leaves."""
    given = Headers.build([("signature", "old"), ("signature-input", "old"), ("content-digest", "old"), ("a", "b")])
    request = Request(
        method="POST" if body else "GET",
        scheme="https",
        authority=authority,
        target=target,
        headers=given,
        body=body,
    )
    signed = cavage.sign(request, key, key_id=KEY_ID, now_s=NOW_S, digest=digest)
    covered = ("(request-target)", "host", "date", *(("digest",) if body else ()))
    key.public.verify(parse_claim(signed).signature, signature_base(signed, covered))
    assert [name for name, _ in signed.headers] == ["a", *covered[1:], "signature"]


def test_sig_13_the_query_is_left_out_also_where_something_is_not_plain(key: PrivateKey) -> None:
    request = attrs.evolve(GET, target="/caf\xe9?x=1")
    signed = cavage.sign(request, key, key_id=KEY_ID, now_s=NOW_S, queryless=True)
    base = f"(request-target): get /caf\xe9\nhost: b.example\ndate: {DATE}"
    key.public.verify(parse_claim(signed).signature, base.encode("latin-1"))


def test_sec_014_a_line_break_in_what_is_signed_is_refused(key: PrivateKey) -> None:
    for request in (attrs.evolve(GET, target="/a\nb"), attrs.evolve(GET, authority="b.example\nhost: c.example")):
        with pytest.raises(LocalProtocolError):
            cavage.sign(request, key, key_id=KEY_ID, now_s=NOW_S)
