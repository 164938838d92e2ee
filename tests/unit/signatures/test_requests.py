"""The one door: a claim is judged by its own scheme, and signing anew leaves no trace (SIG-29, SIG-30, SIG-35)."""

from __future__ import annotations

import attrs
import pytest
from tests.signing import KEY_ID, NOW_S, OWNER, message

from fedtext.config import Scheme
from fedtext.errors import SignatureMismatch
from fedtext.http import Headers, Request
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import build_digest, check_claim, claimed_base, parse_claim, sign, verify

KEYS = {"RSA": generate_rsa(), "Ed25519": generate_ed25519()}
POST = message()


def owned(key: PrivateKey) -> VerificationKey:
    return VerificationKey(KEY_ID, OWNER, key.public)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("name", KEYS)
def test_each_scheme_verifies_what_it_signs(scheme: Scheme, name: str) -> None:
    request = sign(POST, KEYS[name], key_id=KEY_ID, now_s=NOW_S, scheme=scheme)
    claim = parse_claim(request)
    assert claim.scheme is scheme
    assert check_claim(request, claim, now_s=NOW_S, authorities={"b.example"}) == NOW_S
    evidence = verify(request, claim, owned(KEYS[name]), now_s=NOW_S, authorities={"b.example"})
    assert evidence.scheme is scheme
    KEYS[name].public.verify(claim.signature, claimed_base(request, claim))


@pytest.mark.parametrize("first", Scheme)
@pytest.mark.parametrize("second", Scheme)
def test_sig_35_signing_anew_leaves_no_trace_of_the_signature_before(first: Scheme, second: Scheme) -> None:
    bare = attrs.evolve(POST, headers=Headers((("content-type", "application/activity+json"),)))
    once = sign(bare, KEYS["Ed25519"], key_id="https://a.example/other", now_s=NOW_S - 9, scheme=first)
    again = sign(once, KEYS["RSA"], key_id=KEY_ID, now_s=NOW_S, scheme=second)
    assert again == sign(bare, KEYS["RSA"], key_id=KEY_ID, now_s=NOW_S, scheme=second)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_mismatch_is_explained_on_request_only(scheme: Scheme) -> None:
    request = sign(POST, KEYS["Ed25519"], key_id=KEY_ID, now_s=NOW_S, scheme=scheme)
    longer = attrs.evolve(request, target="/users/2/inbox?x=1")
    claim, key = parse_claim(longer), owned(KEYS["Ed25519"])
    with pytest.raises(SignatureMismatch) as plain:
        verify(longer, claim, key, now_s=NOW_S, authorities={"b.example"})
    assert "hint" not in plain.value.context
    with pytest.raises(SignatureMismatch) as explained:
        verify(longer, claim, key, now_s=NOW_S, authorities={"b.example"}, explain=True)
    assert explained.value.context["hint"] == "the peer signed the path without its query"
    assert explained.value.context["key"] == plain.value.context["key"]


def test_what_nothing_explains_keeps_its_error() -> None:
    request = sign(POST, KEYS["Ed25519"], key_id=KEY_ID, now_s=NOW_S)
    other = VerificationKey(KEY_ID, OWNER, generate_ed25519().public)
    with pytest.raises(SignatureMismatch) as caught:
        verify(request, parse_claim(request), other, now_s=NOW_S, authorities={"b.example"}, explain=True)
    assert "hint" not in caught.value.context


@pytest.mark.parametrize(("scheme", "name"), [(Scheme.CAVAGE, "digest"), (Scheme.RFC9421, "content-digest")])
def test_dlv_12_a_digest_that_is_given_is_not_made_anew(scheme: Scheme, name: str) -> None:
    given = build_digest(b"another body, so that it shows")
    request = sign(POST, KEYS["Ed25519"], key_id=KEY_ID, now_s=NOW_S, scheme=scheme, digest=given)
    assert given.partition("=")[2] in (request.headers.get(name) or "")


def test_sec_043_a_get_without_its_query_is_not_taken_by_itself() -> None:
    bare = sign(Request.to("https://b.example/users/2"), KEYS["RSA"], key_id=KEY_ID, now_s=NOW_S)
    asked = attrs.evolve(bare, target="/users/2?page=1")
    with pytest.raises(SignatureMismatch):
        verify(asked, parse_claim(asked), owned(KEYS["RSA"]), now_s=NOW_S, authorities={"b.example"})


@pytest.mark.parametrize("queryless", [False, True])
def test_sig_13_whether_the_query_is_signed_is_passed_on(queryless: bool) -> None:
    get = Request.to("https://b.example/users/2?page=1")
    request = sign(get, KEYS["RSA"], key_id=KEY_ID, now_s=NOW_S, queryless=queryless)
    claim = parse_claim(request)
    base = claimed_base(request, claim).replace(b"?page=1" if queryless else b"", b"")
    KEYS["RSA"].public.verify(claim.signature, base)
