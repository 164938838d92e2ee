"""Which scheme to knock with, and what an answer teaches: SIG-31 to SIG-34, SIG-37, HSR-09."""

from __future__ import annotations

import json

import attrs
import pytest

from fedtext.config import Scheme
from fedtext.errors import StoreError
from fedtext.http import Request
from fedtext.keys import Algorithm, PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import (
    Knock,
    SchemeMemory,
    VerifiedRequest,
    after_response,
    build_challenge,
    first_scheme,
    learned_capabilities,
    learned_inbound,
    parse_accept_signature,
    sign,
)
from fedtext.signatures.negotiation import CAPABILITY_ED25519, CAPABILITY_RFC9421, LEARNED_S, REFUSED_S

NOW_S = 1_790_000_000
NEW = SchemeMemory()
CAVAGE = Knock(scheme=Scheme.CAVAGE)
RFC9421 = Knock(scheme=Scheme.RFC9421)
KNOWN = SchemeMemory(rfc9421_until_s=NOW_S + LEARNED_S)
KNOWN_ED25519 = SchemeMemory(rfc9421_until_s=NOW_S + LEARNED_S, ed25519_until_s=NOW_S + LEARNED_S)
REFUSED = SchemeMemory(refused_until_s=NOW_S + REFUSED_S)
CHALLENGE = 'sig1=("@method" "@target-uri" "content-digest");created'
WIDER = 'sig1=("@method" "@target-uri" "content-digest" "date");created'


def second(scheme: Scheme, after: Scheme) -> Knock:
    return Knock(scheme=scheme, after=after)


def test_sig_33_the_first_knock_is_draft_cavage_until_there_is_evidence() -> None:
    assert first_scheme(NEW, NOW_S) == CAVAGE
    assert first_scheme(KNOWN, NOW_S) == RFC9421
    assert first_scheme(KNOWN, NOW_S + LEARNED_S - 1).scheme is Scheme.RFC9421
    assert first_scheme(KNOWN, NOW_S + LEARNED_S) == CAVAGE


def test_sig_34_ed25519_is_used_where_there_is_evidence_for_it() -> None:
    assert first_scheme(KNOWN_ED25519, NOW_S).algorithm is Algorithm.ED25519
    forgotten = attrs.evolve(KNOWN_ED25519, ed25519_until_s=NOW_S)
    assert first_scheme(forgotten, NOW_S) == RFC9421


def test_what_was_refused_is_not_tried_first_for_a_while() -> None:
    memory = attrs.evolve(KNOWN, refused_until_s=NOW_S + 1)
    assert first_scheme(memory, NOW_S) == CAVAGE
    assert first_scheme(memory, NOW_S + 1) == RFC9421


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("memory", [NEW, KNOWN, REFUSED])
@pytest.mark.parametrize("sent", [CAVAGE, RFC9421])
def test_sig_33_a_2xx_by_itself_proves_nothing(status: int, memory: SchemeMemory, sent: Knock) -> None:
    assert after_response(memory, sent, status, None, NOW_S + 9) == (memory, None)


@pytest.mark.parametrize("status", [100, 301, 402, 403, 404, 405, 410, 422, 429, 500, 502, 503])
@pytest.mark.parametrize("sent", [CAVAGE, RFC9421])
def test_sig_31_other_answers_teach_nothing_and_stand(status: int, sent: Knock) -> None:
    assert after_response(KNOWN, sent, status, None, NOW_S) == (KNOWN, None)


@pytest.mark.parametrize("status", [400, 401])
def test_sig_31_the_second_knock_has_the_other_scheme(status: int) -> None:
    memory, again = after_response(NEW, CAVAGE, status, None, NOW_S)
    assert (memory, again) == (NEW, second(Scheme.RFC9421, Scheme.CAVAGE))
    memory, again = after_response(
        KNOWN_ED25519, attrs.evolve(RFC9421, algorithm=Algorithm.ED25519), status, None, NOW_S
    )
    assert (memory, again) == (REFUSED, second(Scheme.CAVAGE, Scheme.RFC9421))


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("challenge", [None, CHALLENGE, WIDER])
def test_sig_37_there_is_no_third_knock(status: int, challenge: str | None) -> None:
    for sent in (second(Scheme.RFC9421, Scheme.CAVAGE), second(Scheme.CAVAGE, Scheme.RFC9421)):
        assert after_response(NEW, sent, status, challenge, NOW_S)[1] is None


def test_sig_31_one_scheme_refused_and_the_other_taken_is_evidence() -> None:
    for status in (200, 202, 204, 299):
        learned, again = after_response(NEW, second(Scheme.RFC9421, Scheme.CAVAGE), status, None, NOW_S)
        assert (learned, again) == (KNOWN, None)
        learned, again = after_response(KNOWN, second(Scheme.CAVAGE, Scheme.RFC9421), status, None, NOW_S)
        assert (learned, again) == (REFUSED, None)
    ed25519 = attrs.evolve(second(Scheme.RFC9421, Scheme.CAVAGE), algorithm=Algorithm.ED25519)
    assert after_response(REFUSED, ed25519, 202, None, NOW_S) == (KNOWN_ED25519, None)


def test_the_same_scheme_twice_is_no_contrast() -> None:
    sent = second(Scheme.RFC9421, Scheme.RFC9421)
    assert after_response(NEW, sent, 202, None, NOW_S) == (NEW, None)


@pytest.mark.parametrize("status", [200, 202, 403, 404])
def test_sig_32_a_challenge_is_evidence_whatever_the_answer(status: int) -> None:
    memory, again = after_response(NEW, CAVAGE, status, WIDER, NOW_S)
    assert again is None
    assert memory.rfc9421_until_s == NOW_S + LEARNED_S
    knock = first_scheme(memory, NOW_S)
    assert knock.scheme is Scheme.RFC9421
    assert knock.asked is not None
    assert [component.name for component in knock.asked.components][-1] == "date"


def test_sig_32_a_challenge_is_answered_as_it_asks() -> None:
    text = 'ours=("@method" "@authority");created;expires;alg="ed25519";nonce="n";tag="t"'
    memory, again = after_response(NEW, CAVAGE, 401, text, NOW_S)
    assert again is not None
    assert (again.scheme, again.algorithm, again.after) == (Scheme.RFC9421, Algorithm.ED25519, Scheme.CAVAGE)
    assert again.asked is not None
    assert (again.asked.label, again.asked.nonce, again.asked.tag) == ("ours", "n", "t")
    later = first_scheme(memory, NOW_S).asked
    assert later == attrs.evolve(again.asked, nonce=None), "a nonce is for one message"


def test_a_challenge_that_was_fulfilled_already_leads_to_the_other_scheme() -> None:
    for sent in (RFC9421, attrs.evolve(RFC9421, asked=parse_accept_signature(WIDER)[0])):
        memory, again = after_response(KNOWN, sent, 401, CHALLENGE, NOW_S)
        assert (memory, again) == (REFUSED, second(Scheme.CAVAGE, Scheme.RFC9421))


@pytest.mark.parametrize(
    "text", [WIDER, f'{CHALLENGE};nonce="n"', f'{CHALLENGE};tag="t"', f'{CHALLENGE};alg="ed25519"']
)
def test_a_challenge_that_was_not_fulfilled_is_answered_in_the_same_scheme(text: str) -> None:
    _, again = after_response(KNOWN, RFC9421, 401, text, NOW_S)
    assert again is not None
    assert (again.scheme, again.after) == (Scheme.RFC9421, Scheme.RFC9421)
    assert again.asked == parse_accept_signature(text)[0]


def test_a_challenge_by_algorithm_that_was_met_is_fulfilled() -> None:
    _, again = after_response(KNOWN, RFC9421, 401, f'{CHALLENGE};alg="rsa-v1_5-sha256"', NOW_S)
    assert again == second(Scheme.CAVAGE, Scheme.RFC9421)


@pytest.mark.parametrize("text", ["junk junk", 'sig1=("@status")', 'sig1=("a");alg="hmac-sha256"', ""])
def test_a_challenge_that_cannot_be_met_is_none(text: str) -> None:
    assert after_response(NEW, CAVAGE, 202, text, NOW_S) == (NEW, None)
    assert after_response(NEW, CAVAGE, 401, text, NOW_S) == (NEW, second(Scheme.RFC9421, Scheme.CAVAGE))


def test_the_first_wish_that_can_be_met_counts() -> None:
    text = f'a=("x");alg="ecdsa-p256-sha256", {CHALLENGE.replace("sig1", "b")}'
    _, again = after_response(NEW, CAVAGE, 401, text, NOW_S)
    assert again is not None
    assert again.asked is not None
    assert again.asked.label == "b"


def evidence(key: PrivateKey, scheme: Scheme) -> VerifiedRequest:
    return VerifiedRequest(
        request=Request.to("https://b.example/inbox", method="POST"),
        key=VerificationKey("https://a.example/u#k", "https://a.example/u", key.public),
        covered=("@method",),
        created_s=NOW_S,
        expires_s=None,
        scheme=scheme,
    )


def test_what_a_peer_signs_with_it_takes() -> None:
    rsa, ed25519 = generate_rsa(), generate_ed25519()
    assert learned_inbound(NEW, evidence(rsa, Scheme.RFC9421), NOW_S) == KNOWN
    assert learned_inbound(NEW, evidence(ed25519, Scheme.RFC9421), NOW_S) == KNOWN_ED25519
    assert learned_inbound(KNOWN_ED25519, evidence(rsa, Scheme.RFC9421), NOW_S) == KNOWN_ED25519
    for memory in (NEW, KNOWN):
        assert learned_inbound(memory, evidence(ed25519, Scheme.CAVAGE), NOW_S) == memory
    refused = learned_inbound(REFUSED, evidence(rsa, Scheme.RFC9421), NOW_S)
    assert first_scheme(refused, NOW_S) == CAVAGE, "it refused what it signs with itself"


def test_sig_32_what_an_application_implements() -> None:
    assert learned_capabilities(NEW, [CAPABILITY_RFC9421, "https://w3id.org/fep/8b32"], NOW_S) == KNOWN
    assert learned_capabilities(NEW, [CAPABILITY_RFC9421, CAPABILITY_ED25519], NOW_S) == KNOWN_ED25519
    assert learned_capabilities(NEW, [CAPABILITY_ED25519], NOW_S) == KNOWN_ED25519
    assert learned_capabilities(NEW, ["https://w3id.org/fep/8b32"], NOW_S) == NEW


@pytest.mark.parametrize(
    "memory", [NEW, KNOWN, KNOWN_ED25519, REFUSED, SchemeMemory(rfc9421_until_s=1, asked='a=("\\"");x="é"')]
)
def test_a_memory_survives_a_store(memory: SchemeMemory) -> None:
    assert SchemeMemory.decode(memory.encode()) == memory


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"{}",
        NEW.encode().replace(b'"v":1', b'"v":2'),
        NEW.encode().replace(b'"asked":""', b'"asked":5'),
        NEW.encode().replace(b'"refused_until_s":0', b'"refused_until_s":-1'),
        NEW.encode().replace(b'"refused_until_s":0', b'"refused_until_s":true'),
        NEW.encode().replace(b'"refused_until_s":0', b'"refused_until_s":"0"'),
        NEW.encode().replace(b'"refused_until_s":0', b'"refused_until_s":1.5'),
    ],
)
def test_what_is_no_memory_is_refused(value: bytes) -> None:
    assert value != NEW.encode()
    with pytest.raises(StoreError):
        SchemeMemory.decode(value)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_our_own_challenge_is_met_by_our_own_signature(method: str) -> None:
    bodiless = method == "GET"
    text = build_challenge(bodiless=bodiless)
    assert text == (CHALLENGE.replace(' "content-digest"', "") if bodiless else CHALLENGE)
    knock = after_response(NEW, CAVAGE, 401, text, NOW_S)[1]
    assert knock is not None
    request = Request.to("https://b.example/inbox", method=method, body=b"" if bodiless else b"{}")
    signed = sign(request, generate_ed25519(), key_id="k", now_s=NOW_S, scheme=knock.scheme, asked=knock.asked)
    assert text in (signed.headers.get("signature-input") or "")


@pytest.mark.parametrize("version", [2, None, "1"])
def test_a_memory_of_another_version_is_named(version: object) -> None:
    with pytest.raises(StoreError) as caught:
        SchemeMemory.decode(json.dumps({"v": version, "asked": ""}).encode())
    assert caught.value.context == {"version": repr(version)}


def test_a_challenge_teaches_nothing_of_ed25519() -> None:
    memory, _ = after_response(NEW, CAVAGE, 403, CHALLENGE, NOW_S)
    assert (memory.rfc9421_until_s, memory.ed25519_until_s) == (NOW_S + LEARNED_S, 0)
    assert learned_capabilities(NEW, [CAPABILITY_RFC9421], NOW_S).ed25519_until_s == 0


def test_only_a_2xx_is_a_contrast() -> None:
    sent = second(Scheme.RFC9421, Scheme.CAVAGE)
    assert after_response(NEW, sent, 299, None, NOW_S)[0] != NEW
    assert after_response(NEW, sent, 300, None, NOW_S) == (NEW, None)


def test_a_nonce_is_not_remembered() -> None:
    memory, knock = after_response(NEW, CAVAGE, 401, f'{CHALLENGE};nonce="once"', NOW_S)
    assert "once" not in memory.asked
    assert CHALLENGE in memory.asked
    assert knock is not None
    assert knock.asked is not None
    assert knock.asked.nonce == "once"


def test_what_was_asked_for_once_is_done_at_the_first_knock() -> None:
    memory = attrs.evolve(KNOWN_ED25519, asked=f'{CHALLENGE};alg="hmac-sha256", b=("@method");alg="rsa-v1_5-sha256"')
    knock = first_scheme(memory, NOW_S)
    assert knock.algorithm is Algorithm.RSA
    assert knock.asked is not None
    assert knock.asked.label == "b"


def test_a_challenge_is_for_a_body_unless_something_else_is_said() -> None:
    assert build_challenge() == build_challenge(bodiless=False) == CHALLENGE
    assert build_challenge(bodiless=True) == 'sig1=("@method" "@target-uri");created'
