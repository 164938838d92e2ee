"""Signatures step by step: each broken request fails at its step, with the likely cause; all agrees with `verify`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signing import KEY_ID, NOW_S, OWNER, answer, appended, changed, message, signed

from fedtext.config import Scheme, SignaturePolicy
from fedtext.errors import FedtextError
from fedtext.http import Headers, Request, Response
from fedtext.keys import NamedKey, UnconfirmedKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import (
    ANY_KEY_ID,
    Examination,
    Outcome,
    examine,
    examine_response,
    parse_claims,
    parse_response_claims,
    sign,
    sign_response,
    verify,
    verify_response,
)

RSA = generate_rsa()
ED25519 = generate_ed25519()
KEY = VerificationKey(KEY_ID, OWNER, RSA.public)
OTHER = VerificationKey(f"{OWNER}#other", OWNER, generate_rsa().public)
ANY = UnconfirmedKey(ANY_KEY_ID, "", RSA.public)
URL = "https://b.example/users/2/inbox?x=1"
HOSTS = frozenset({"b.example"})
BODY = b'{"type": "Like", "id": "https://a.example/1"}\r\n'
EMPTY = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

Change: TypeAlias = Callable[[Request], Request]


def post(scheme: Scheme = Scheme.CAVAGE, *, signer: Any = RSA, key_id: str = KEY_ID, **changes: Any) -> Request:
    """Give a signed POST of ours."""
    request = message(url=URL, body=BODY)
    return sign(attrs.evolve(request, **changes), signer, key_id=key_id, now_s=NOW_S, scheme=scheme)


def looked_at(request: Request, keys: Iterable[NamedKey] = (KEY,), now_s: float = NOW_S) -> Examination:
    return examine(request, list(keys), now_s=now_s, authorities=HOSTS)[0]


def failing(found: Examination) -> list[str]:
    return [step.name for step in found.steps if step.outcome is Outcome.FAILED]


def hint_of(found: Examination) -> str:
    return next(step.hint or "" for step in found.steps if step.outcome is Outcome.FAILED)


def body(data: bytes) -> Change:
    return lambda request: attrs.evolve(request, body=data)


def header(name: str, value: str) -> Change:
    return lambda request: changed(request, name, value)


def without(name: str) -> Change:
    return lambda request: attrs.evolve(request, headers=request.headers.without(name))


def parameter(old: str, new: str, name: str = "signature") -> Change:
    def change(request: Request) -> Request:
        value = request.headers.get(name) or ""
        assert old in value
        return changed(request, name, value.replace(old, new))

    return change


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("key", [KEY, ANY], ids=["named", "any"])
def test_what_verifies_passes_every_step(scheme: Scheme, key: NamedKey) -> None:
    found = looked_at(post(scheme), [OTHER, key])
    assert [step.name for step in found.steps if step.outcome is Outcome.PASSED] == [
        "grammar", "coverage", "host", "time", "digest", "key", "algorithm", "signature",
    ]  # fmt: skip
    assert found.is_passed
    assert found.key == key
    assert found.base is not None
    assert b"/users/2/inbox?x=1" in found.base.splitlines()[0 if scheme is Scheme.CAVAGE else 1]


@pytest.mark.parametrize("scheme", Scheme)
def test_without_a_key_all_but_three_steps_are_judged(scheme: Scheme) -> None:
    found = looked_at(post(scheme), [])
    outcomes = {step.name: step.outcome for step in found.steps}
    unknown = {"key", "algorithm", "signature"}
    assert {name for name, outcome in outcomes.items() if outcome is Outcome.UNKNOWN} == unknown
    assert failing(found) == []
    assert not found.is_passed


CAVAGE: list[tuple[Change, list[str], str]] = [
    (without("signature"), ["grammar"], "sign (request-target), host, date and digest"),
    (parameter('keyId="', 'keyid="', "signature"), [], ""),
    (parameter('headers="(request-target) host date digest"', 'headers=""'), ["grammar"], ""),
    (parameter(" digest", ""), ["coverage", "signature"], "the body could be exchanged"),
    (parameter(" date", ""), ["coverage", "signature"], "sign (request-target), host, date"),
    (parameter("(request-target) ", ""), ["coverage", "signature"], "sign (request-target), host, date"),
    (header("host", "c.example"), ["host", "signature"], "a proxy in between"),
    (lambda request: attrs.evolve(request, authority="c.example"), ["host"], "a proxy in between"),
    (lambda request: attrs.evolve(request, authority="", headers=request.headers.without("host")),
     ["host", "signature"], "the request has no Host header"),
    (without("date"), ["time", "signature"], ""),
    (header("date", "yesterday"), ["time", "signature"], ""),
    (without("digest"), ["digest", "signature"], "lost on the way"),
    (header("digest", EMPTY), ["digest", "signature"], "the digest of an empty body"),
    (body(b""), ["digest"], ""),
    (body(BODY.strip()), ["digest"], "line break"),
    (body(BODY.replace(b"Like", b"Love")), ["digest"], "exact bytes that are sent"),
    (lambda request: appended(attrs.evolve(request, body=BODY[:9]), ("content-length", str(len(BODY)))),
     ["digest"], f"the body has 9 bytes, and Content-Length says {len(BODY)}"),
    (parameter('algorithm="rsa-sha256"', 'algorithm="rsa-sha512"'), ["signature"], "the peer signed with SHA-256 and"),
    (parameter('algorithm="rsa-sha256"', 'algorithm="ed25519"'), ["algorithm"], ""),
    (parameter("#main-key", "#key-2"), ["key"], "the fragment of the key id differs"),
    (parameter("users/1#main-key", "users/7#main-key"), ["key"], "lists no key under this id"),
    (header("x-forwarded-host", "c.example"), [], ""),
    (lambda request: attrs.evolve(request, target="/users/3/inbox?x=1"), ["signature"], "no usual mistake explains it"),
    (parameter('signature="', 'signature="AAAA', "signature"), ["signature"], "not as long as the key"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "steps", "hint"), CAVAGE)
def test_broken_requests_of_draft_cavage(change: Change, steps: list[str], hint: str) -> None:
    found = looked_at(change(post()))
    assert failing(found) == steps
    assert found.is_passed is not bool(steps)
    if steps:
        assert hint in hint_of(found)


PARAMETERS = f';created={NOW_S};keyid="{KEY_ID}"'
RFC9421: list[tuple[Change, list[str], str]] = [
    (without("signature"), ["grammar"], ""),
    (parameter('"@method" ', "", "signature-input"), ["coverage", "signature"], "in RFC 9421 @method, @target-uri"),
    (parameter(' "content-digest"', "", "signature-input"), ["coverage", "signature"], "the body could be exchanged"),
    (parameter(f";created={NOW_S}", "", "signature-input"), ["time", "signature"], "say with `created`"),
    (header("host", "c.example"), ["host"], "a proxy in between"),
    (without("content-type"), ["signature"], "lost or changed on the way"),
    (body(BODY.strip()), ["digest"], "line break"),
    (header("content-digest", "sha-256=:AAAA:"), ["digest", "signature"], ""),
    (header("content-digest", "sha-256=AAAA"), ["digest", "signature"], ""),
    (parameter('alg="rsa-v1_5-sha256"', 'alg="ed25519"', "signature-input"), ["algorithm"], ""),
    (parameter('alg="rsa-v1_5-sha256"', 'alg="hmac-sha256"', "signature-input"), ["algorithm", "signature"], ""),
]  # fmt: skip


@pytest.mark.parametrize(("change", "steps", "hint"), RFC9421)
def test_broken_requests_of_rfc_9421(change: Change, steps: list[str], hint: str) -> None:
    found = looked_at(change(post(Scheme.RFC9421)))
    if "algorithm" in steps:
        assert "algorithm" in failing(found)
    else:
        assert failing(found) == steps
    assert not found.is_passed
    assert hint in hint_of(found)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(
    ("later_s", "hint"),
    [
        (4_000, "it is 4000 s old"),
        (-400, "the clock of the signer is 400 s ahead of this one"),
        (0, None),
    ],
)
@pytest.mark.spec("SIG-11", "SEC-045")
def test_clocks_are_compared_in_seconds(scheme: Scheme, later_s: int, hint: str | None) -> None:
    found = looked_at(post(scheme), now_s=NOW_S + later_s)
    assert failing(found) == ([] if hint is None else ["time"])
    assert hint is None or hint in hint_of(found)


def test_an_own_end_is_told() -> None:
    request = signed(message(), RSA, parameters=f'{PARAMETERS};expires={NOW_S + 5};alg="rsa-v1_5-sha256"')
    assert "it ended 10 s ago by its own word" in hint_of(looked_at(request, now_s=NOW_S + 15))


def test_a_tag_for_another_application_fails_with_the_time_kept() -> None:
    request = signed(message(), RSA, parameters=f'{PARAMETERS};tag="other"')
    policy = SignaturePolicy(tags=frozenset({"own"}))
    found = examine(request, [KEY], now_s=NOW_S, authorities=HOSTS, policy=policy)[0]
    assert failing(found) == ["time"]
    assert "another application" in next(step.detail for step in found.steps if step.name == "time")


def test_a_time_that_is_signed_but_not_given_fails_with_the_time() -> None:
    request = parameter(
        'headers="(request-target) host date digest"', 'headers="(request-target) host (created) digest"'
    )
    assert failing(looked_at(parameter("rsa-sha256", "hs2019")(request(post())))) == ["time", "signature"]


def test_no_time_at_all_is_for_coverage() -> None:
    request = parameter(" date", "")(post())
    steps = {step.name: step.outcome for step in looked_at(request).steps}
    assert steps["time"] is Outcome.UNKNOWN
    assert steps["coverage"] is Outcome.FAILED


@pytest.mark.parametrize("scheme", Scheme)
def test_another_key_of_the_owner_is_found(scheme: Scheme) -> None:
    swapped = VerificationKey(KEY_ID, OWNER, OTHER.public)
    listed = VerificationKey(f"{OWNER}#old", OWNER, RSA.public)
    assert "it verifies under another key, https://a.example/users/1#old" in hint_of(
        looked_at(post(scheme), [swapped, listed])
    )
    unlisted = looked_at(post(scheme, key_id=f"{OWNER}#new"), [swapped, listed])
    assert unlisted.steps[-1].hint == "it verifies under https://a.example/users/1#old"
    assert looked_at(post(scheme, key_id=f"{OWNER}#new"), [OTHER]).steps[-1].hint is None


def test_each_label_is_looked_at() -> None:
    first = signed(message(), RSA, label="a")
    second = signed(message(), ED25519, label="b")
    fields = [
        (name, f"{first.headers.get(name)}, {second.headers.get(name)}") for name in ("signature-input", "signature")
    ]
    found = examine(
        attrs.evolve(first, headers=first.headers.with_fields(*fields)), [KEY], now_s=NOW_S, authorities=HOSTS
    )
    assert [one.claim.label for one in found if one.claim] == ["a", "b"]
    assert [failing(one) for one in found] == [[], ["signature"]]


@pytest.mark.parametrize(
    ("request_", "uncovered"),
    [
        (post(), ("content-type", "content-digest")),
        (post(Scheme.RFC9421), ("date",)),
        (parameter("(request-target) ", "")(post()), ("(request-target)", "content-type", "content-digest")),
        (
            signed(message(url=URL), RSA, ("@authority", "content-digest")),
            ("@method", "@scheme", "@path", "@query", "content-type"),
        ),
        (
            signed(message(), RSA, ("content-digest",)),
            ("@method", "@scheme", "@authority", "@path", "host", "content-type"),
        ),
    ],
)
def test_what_is_not_covered_is_named(request_: Request, uncovered: tuple[str, ...]) -> None:
    request_ = appended(request_, ("content-digest", "x")) if "signature-input" not in request_.headers else request_
    assert looked_at(request_).uncovered == uncovered


def test_digests_that_are_not_signed() -> None:
    get = sign(Request.to("https://b.example/"), RSA, key_id=KEY_ID, now_s=NOW_S)
    steps = {step.name: step for step in looked_at(get).steps}
    assert (steps["digest"].outcome, steps["digest"].detail) == (Outcome.PASSED, "no body")
    steps = {step.name: step for step in looked_at(parameter(" digest", "")(post())).steps}
    assert (steps["digest"].outcome, steps["digest"].detail) == (Outcome.UNKNOWN, "digest is not signed")


# -- responses --------------------------------------------------------------------------------------------------


def response(**changes: Any) -> Response:
    signed_one = sign_response(answer(content_type="application/json"), RSA, key_id=KEY_ID, now_s=NOW_S, request=post())
    return attrs.evolve(signed_one, **changes)


RESPONSES = [
    (response(), [KEY], post(), []),
    (response(), [KEY], None, ["signature"]),
    (response(status=201), [KEY], post(), ["signature"]),
    (response(body=b"{}"), [KEY], post(), ["digest"]),
    (response(), [OTHER], post(), ["key"]),
    (response(), [], post(), []),
    (answer(), [KEY], None, ["grammar"]),
    (response(headers=response().headers.without("content-type")), [KEY], post(), ["signature"]),
]  # fmt: skip


@pytest.mark.parametrize(("message_", "keys", "request_", "steps"), RESPONSES)
def test_responses(message_: Response, keys: list[VerificationKey], request_: Request | None, steps: list[str]) -> None:
    found = examine_response(message_, keys, now_s=NOW_S, request=request_)[0]
    assert failing(found) == steps
    assert found.is_passed is (steps == [] and keys != [])


def test_what_a_response_does_not_cover() -> None:
    found = examine_response(response(), [KEY], now_s=NOW_S, request=post())[0]
    assert found.uncovered == ()
    bare = sign_response(answer(body=b""), RSA, key_id=KEY_ID, now_s=NOW_S)
    value = (bare.headers.get("signature-input") or "").replace('"@status"', "")
    cut = attrs.evolve(bare, headers=bare.headers.with_fields(("signature-input", value)))
    found = examine_response(cut, [KEY], now_s=NOW_S)[0]
    assert failing(found) == ["coverage", "signature"]
    assert found.uncovered == ("@status",)


def test_an_algorithm_that_does_not_fit_leaves_the_bytes_of_a_response_untried() -> None:
    ed25519 = VerificationKey(KEY_ID, OWNER, ED25519.public)
    found = examine_response(response(), [ed25519], now_s=NOW_S, request=post())[0]
    assert failing(found) == ["algorithm"]
    assert found.steps[-1].outcome is Outcome.UNKNOWN


# -- agreement with the judges ----------------------------------------------------------------------------------

FIELDS = ("host", "date", "digest", "content-digest", "content-type", "signature", "signature-input")


@given(
    st.sampled_from(Scheme),
    st.sampled_from(FIELDS),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    st.sampled_from([BODY, b"", b"{}"]),
    st.integers(NOW_S - 5_000, NOW_S + 500),
    st.integers(0, 300),
)
def test_the_steps_agree_with_verify(
    scheme: Scheme, name: str, value: str, data: bytes, now_s: int, position: int
) -> None:
    """Whatever is changed: verified exactly when `verify` gives evidence, and no error leaves."""
    request = post(scheme)
    old = request.headers.get(name) or ""
    altered = attrs.evolve(changed(request, name, old[:position] + value + old[position + len(value) :]), body=data)
    found = examine(altered, [KEY], now_s=now_s, authorities=HOSTS)
    for index, one in enumerate(found):
        try:
            claim = parse_claims(altered)[index]
            named = attrs.evolve(KEY, key_id=claim.key_id) if claim.key_id == KEY_ID else None
            if named is None:
                raise FedtextError
            expected: object = verify(altered, claim, named, now_s=now_s, authorities=HOSTS)
        except FedtextError:
            expected = None
        assert one.is_passed is (expected is not None)
        assert (failing(one) == []) is (expected is not None)


@given(st.integers(100, 999), st.sampled_from([b'{"a":1}', b""]), st.integers(NOW_S - 5_000, NOW_S + 500))
def test_the_steps_of_responses_agree_with_verify_response(status: int, data: bytes, now_s: int) -> None:
    altered = response(status=status, body=data)
    found = examine_response(altered, [KEY], now_s=now_s, request=post())[0]
    try:
        claim = parse_response_claims(altered)[0]
        expected: object = verify_response(altered, claim, KEY, now_s=now_s, request=post())
    except FedtextError:
        expected = None
    assert found.is_passed is (expected is not None)


def test_the_digest_of_another_hash_is_told() -> None:
    value = "SHA-256=" + base64.b64encode(hashlib.sha512(BODY).digest()).decode()
    assert hint_of(looked_at(header("digest", value)(post()))) == "the digest is of another hash than it names"


def test_an_id_without_a_fragment_is_compared_whole() -> None:
    fragment, rotated = "the fragment of the key id differs", "the owner lists no key under this id"
    for key_id, listed, hint in (
        (f"{OWNER}#new", OWNER, fragment),
        (OWNER, f"{OWNER}#old", fragment),
        (OWNER, "https://a.example/users/7", rotated),
    ):
        keys = [VerificationKey(listed, OWNER, RSA.public)]
        assert hint in hint_of(looked_at(post(key_id=key_id), keys))


def test_coverage_is_judged_by_the_policy_and_whatever_the_algorithm() -> None:
    covered = ("@method", "@authority", "@path", "content-digest")
    request = signed(message(url=URL), RSA, covered)
    policy = SignaturePolicy(insecure_uncovered_query=True)
    assert failing(looked_at(request)) == ["coverage"]
    assert failing(examine(request, [KEY], now_s=NOW_S, authorities=HOSTS, policy=policy)[0]) == []
    odd = signed(message(url=URL), RSA, ("@target-uri", "content-digest"), parameters=f'{PARAMETERS};alg="none"')
    assert failing(looked_at(odd))[0] == "coverage"


def test_every_value_of_a_digest_is_shown_and_looked_into() -> None:
    request = message(url=URL, body=BODY)
    digest = f"SHA-256={base64.b64encode(hashlib.sha256(BODY).digest()).decode()}"
    signed_one = post()
    both = Headers((*signed_one.headers.without("digest").fields, ("digest", "MD5=AAAA"), ("digest", digest)))
    steps = {step.name: step for step in looked_at(attrs.evolve(signed_one, headers=both)).steps}
    assert steps["digest"].detail == f"MD5=AAAA, {digest} is of these {len(request.body)} bytes"
    assert "the digest of an empty body" in hint_of(looked_at(header("digest", f"MD5=AAAA,{EMPTY}")(post())))


def test_a_length_that_is_right_explains_nothing() -> None:
    request = appended(header("digest", EMPTY)(post()), ("content-length", str(len(BODY))))
    assert "the digest of an empty body" in hint_of(looked_at(request))


def test_each_label_has_its_own_advice() -> None:
    first = signed(message(), RSA, label="a", parameters=f'{PARAMETERS};alg="rsa-v1_5-sha256"')
    second = signed(message(), RSA, label="b")
    fields = [
        (name, f"{first.headers.get(name)}, {second.headers.get(name)}") for name in ("signature-input", "signature")
    ]
    both = attrs.evolve(first, headers=first.headers.with_fields(*fields))
    found = examine(both, [KEY], now_s=NOW_S, authorities=HOSTS)
    assert [sum("alg" in one.text for one in label.advice) for label in found] == [0, 1]


def test_a_response_comes_with_its_claim_and_key() -> None:
    found = examine_response(response(), [KEY], now_s=NOW_S, request=post())[0]
    assert found.claim == parse_response_claims(response())[0]
    assert found.key == KEY
