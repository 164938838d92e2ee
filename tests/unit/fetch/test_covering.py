"""Signing more header fields than the usual ones."""

from __future__ import annotations

import pytest

from fedtext.config import Scheme
from fedtext.errors import LocalProtocolError, SignatureMismatch
from fedtext.fetch.covering import asked_over, sign_cavage_over
from fedtext.http import Request
from fedtext.keys import Algorithm, VerificationKey, generate_ed25519, generate_ml_dsa, generate_rsa
from fedtext.signatures import AskedSignature, Component, build_digest, parse_claim, sign, verify

NOW_S = 1_790_000_000
ALICE = "https://home.example.com/users/1"
KEY_ID = f"{ALICE}#main-key"
FIELD = "collection-synchronization"
KEYS = {Algorithm.RSA: generate_rsa(), Algorithm.ED25519: generate_ed25519()}


def request(**headers: str) -> Request:
    fields = [("content-type", "application/activity+json"), *((n.replace("_", "-"), v) for n, v in headers.items())]
    return Request.to("https://b.example.org/inbox", method="POST", headers=fields, body=b"{}")


def covered(signed: Request, key) -> tuple[str, ...]:
    claim = parse_claim(signed)
    public = VerificationKey(KEY_ID, ALICE, key.public)
    return verify(signed, claim, public, now_s=NOW_S, authorities=["b.example.org"]).covered


@pytest.mark.spec("DLV-16")
@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("digest", [None, build_digest(b"{}")])
def test_dlv_16_draft_cavage_covers_the_field_too(algorithm, digest):
    key = KEYS[algorithm]
    signed = sign_cavage_over(
        request(collection_synchronization="x"), key, key_id=KEY_ID, now_s=NOW_S, covering=(FIELD,), digest=digest
    )
    assert covered(signed, key) == ("(request-target)", "host", "date", "digest", FIELD)
    forged = signed.with_headers(signed.headers.with_fields((FIELD, "y")))
    with pytest.raises(SignatureMismatch):
        covered(forged, key)


@pytest.mark.parametrize("algorithm", KEYS)
def test_but_for_the_field_it_is_what_is_always_signed(algorithm):
    key = KEYS[algorithm]
    usual = sign(request(), key, key_id=KEY_ID, now_s=NOW_S)
    same = sign_cavage_over(request(), key, key_id=KEY_ID, now_s=NOW_S, covering=())
    assert covered(same, key) == covered(usual, key)
    if algorithm is Algorithm.RSA:  # which is deterministic
        assert same == usual


def test_a_field_that_is_not_there_is_not_signed():
    with pytest.raises(LocalProtocolError):
        sign_cavage_over(request(), KEYS[Algorithm.RSA], key_id=KEY_ID, now_s=NOW_S, covering=(FIELD,))


def test_a_key_that_no_peer_knows_does_not_sign():
    with pytest.raises(LocalProtocolError):
        sign_cavage_over(request(), generate_ml_dsa(), key_id=KEY_ID, now_s=NOW_S, covering=())


ASKED = AskedSignature(label="theirs", components=(Component("date"),), nonce="n")


@pytest.mark.spec("DLV-16")
@pytest.mark.parametrize(("asked", "label", "others"), [(None, "sig1", ()), (ASKED, "theirs", ("date",))])
def test_dlv_16_rfc_9421_covers_the_field_too(asked, label, others):
    key = KEYS[Algorithm.RSA]
    signed = sign(
        request(collection_synchronization="x"),
        key,
        key_id=KEY_ID,
        now_s=NOW_S,
        scheme=Scheme.RFC9421,
        asked=asked_over(asked, (FIELD,)),
    )
    assert covered(signed, key) == ("@method", "@target-uri", "content-type", "content-digest", *others, FIELD)
    assert parse_claim(signed).label == label


@pytest.mark.parametrize("asked", [None, ASKED])
def test_where_nothing_more_is_to_be_covered_nothing_more_is_asked(asked):
    assert asked_over(asked, ()) is asked
