"""What holds for every signature of RFC 9421: identity, no bit is free, both roads agree, no input escapes."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fedtext.config import Limits, Scheme
from fedtext.errors import FedtextError, SignatureError
from fedtext.http import Headers, Request, Response
from fedtext.keys import VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import (
    SignatureClaim,
    diagnose,
    parse_accept_signature,
    parse_claim,
    parse_claims,
    parse_response_claims,
    sign,
    sign_response,
    verify,
    verify_content_digest,
    verify_response,
)
from fedtext.signatures.rfc9421_claim import _parse_any, parse_usual

NOW_S = 1_790_000_000
KEY_ID = "https://a.example/users/1#main-key"
OWNER = "https://a.example/users/1"
KEYS = {"RSA": generate_rsa(), "Ed25519": generate_ed25519()}
LIMITS = Limits()

targets = st.text("abz09-._~%/?&=:@!$'()*+,;", max_size=40).map(lambda text: "/" + text)
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]),
    scheme=st.just("https"),
    authority=st.sampled_from(["b.example", "b.example:8443", "xn--mnchen-3ya.example", "[2001:db8::1]"]),
    target=targets,
    headers=st.sampled_from([Headers(), Headers((("content-type", "application/activity+json"),))]),
    body=st.binary(max_size=64),
)
keys = st.sampled_from(sorted(KEYS))


def signed(request: Request, key: str) -> Request:
    return sign(request, KEYS[key], key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421)


def check(request: Request, key: str, *, authority: str) -> None:
    owned = VerificationKey(KEY_ID, OWNER, KEYS[key].public)
    claim = parse_claim(request)
    assert verify(request, claim, owned, now_s=NOW_S, authorities=(authority,)).request is request


@given(requests, keys)
def test_what_is_signed_verifies(request: Request, key: str) -> None:
    message = signed(request, key)
    check(message, key, authority=request.authority)
    assert diagnose(message, parse_claim(message), VerificationKey(KEY_ID, OWNER, KEYS[key].public)) is None


@given(requests, keys, st.randoms(use_true_random=False))
def test_order_and_case_of_fields_do_not_matter(request: Request, key: str, random: object) -> None:
    fields = [(name.title(), f"  {value}\t") for name, value in signed(request, key).headers]
    random.shuffle(fields)  # type: ignore[attr-defined]
    check(attrs.evolve(signed(request, key), headers=Headers.build(fields)), key, authority=request.authority)


@given(
    requests,
    keys,
    st.lists(st.tuples(st.sampled_from(["via", "x-a", "accept"]), st.text("ab ,", max_size=9)), max_size=4),
)
def test_fields_that_are_not_signed_do_not_matter(request: Request, key: str, more: list[tuple[str, str]]) -> None:
    message = signed(request, key)
    headers = Headers((*Headers.build(more).fields, *message.headers.fields))
    check(attrs.evolve(message, headers=headers), key, authority=request.authority)


def flipped(text: str, bit: int) -> str:
    data = bytearray(text.encode("latin-1"))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return data.decode("latin-1")


def flipped_bytes(data: bytes, bit: int) -> bytes:
    return flipped(data.decode("latin-1"), bit).encode("latin-1")


@given(requests, keys, st.integers(0, 2**16))
def test_a_flipped_bit_of_the_body_is_refused(request: Request, key: str, bit: int) -> None:
    assume(request.body)
    message = signed(request, key)
    with pytest.raises(SignatureError):
        check(attrs.evolve(message, body=flipped_bytes(message.body, bit)), key, authority=request.authority)


@given(requests, keys, st.integers(0, 2**16), st.sampled_from(["target", "method"]))
def test_a_flipped_bit_of_the_request_line_is_refused(request: Request, key: str, bit: int, part: str) -> None:
    message = signed(request, key)
    changed = flipped(getattr(message, part), bit)
    # A fragment is no part of a target: what follows it was never signed, and no door lets it in.
    assume("#" not in changed)
    with pytest.raises(FedtextError):
        check(attrs.evolve(message, **{part: changed}), key, authority=request.authority)


@given(
    requests,
    keys,
    st.integers(0, 2**16),
    st.sampled_from(["host", "content-type", "content-digest", "signature-input", "signature"]),
)
def test_a_flipped_bit_of_a_signed_field_is_refused(request: Request, key: str, bit: int, name: str) -> None:
    message = signed(request, key)
    value = message.headers.get(name)
    assume(value is not None)
    other = flipped(value or "", bit)
    # Hosts compare without case, and labels are free as long as both fields have the same.
    assume(name != "host" or other.lower() != (value or "").lower())
    altered = attrs.evolve(message, headers=message.headers.with_fields((name, other)))
    # RFC 9651 section 4.2.7: the last bits of some base64 stand for nothing.
    assume(name != "signature" or not has_same_bytes(altered, message))
    with pytest.raises(FedtextError):
        check(altered, key, authority=request.authority)


def has_same_bytes(altered: Request, message: Request) -> bool:
    try:
        return parse_claim(altered).signature == parse_claim(message).signature
    except SignatureError:
        return False


@given(
    st.integers(100, 999),
    st.binary(max_size=40),
    keys,
    st.one_of(st.none(), requests),
    st.integers(0, 2**16),
)
def test_a_response_that_is_signed_verifies_and_a_changed_one_does_not(
    status: int, body: bytes, key: str, request: Request | None, bit: int
) -> None:
    response = sign_response(Response(status=status, body=body), KEYS[key], key_id=KEY_ID, now_s=NOW_S, request=request)
    owned = VerificationKey(KEY_ID, OWNER, KEYS[key].public)

    def judge(message: Response, answered: Request | None) -> None:
        (claim,) = parse_response_claims(message)
        verify_response(message, claim, owned, now_s=NOW_S, request=answered, bound=answered is not None)

    judge(response, request)
    with pytest.raises(SignatureError):
        judge(attrs.evolve(response, status=status ^ 1), request)
    if body:
        with pytest.raises(SignatureError):
            judge(attrs.evolve(response, body=flipped_bytes(body, bit)), request)
    if request is not None:
        with pytest.raises(SignatureError):
            judge(response, attrs.evolve(request, target=request.target + "x"))


names = st.sampled_from(["@method", "@target-uri", "@path", "content-digest", "date", "x-y", "Date", "@nope", "a b"])
flags = st.sampled_from(["", "", "", "", ";req", ";sf", ";bs", ';key="k"', ";zzz", ";req=?1"])
items = st.builds(lambda name, flag: f'"{name}"{flag}', names, flags)
spaces = st.sampled_from([" ", " ", " ", "  "])
lists = st.builds(
    lambda found, space, edge: f"({edge}{space.join(found)}{edge})",
    st.lists(items, max_size=5),
    spaces,
    st.sampled_from(["", "", " "]),
)
numbers = st.sampled_from(
    ["1", "0", "01", "-1", "1790000000", "999999999999999", "9999999999999999", "1.0", '"1"', "?1"]
)
texts = st.sampled_from(
    ['"k"', '"https://a.example/#k"', '""', '"a;b"', '"a\\"b"', '"a b"', "k", "5", '"ed25519"', '"\u00e9"']
)
parameters = st.one_of(
    st.builds(lambda name, value: f";{name}={value}", st.sampled_from(["created", "expires"]), numbers),
    st.builds(
        lambda name, value: f";{name}={value}", st.sampled_from(["keyid", "keyid", "alg", "nonce", "tag"]), texts
    ),
    st.sampled_from([";x", ";future=?1", "; created=1", ";created", ";keyid"]),
)
labels = st.sampled_from(["sig1", "sig1", "sig1", "a", "*", "a-b_c.d", "Sig1"])
inputs = st.builds(
    lambda label, listed, more: f"{label}={listed}{''.join(more)}", labels, lists, st.lists(parameters, max_size=5)
)
signatures = st.builds(
    lambda label, value: f"{label}={value}",
    labels,
    st.sampled_from([":AAAA:", ":AA==:", ":AA:", ":AB==:", "::", ":%:", '"AAAA"', ":A:"]),
)


def road(read: object, *args: object) -> tuple[SignatureClaim, ...] | str | None:
    try:
        found = read(*args)  # type: ignore[operator]
    except SignatureError as error:
        return type(error).__name__
    return found if isinstance(found, tuple) or found is None else (found,)


@given(inputs, signatures)
def test_the_short_road_agrees_with_the_long_one(text: str, signature: str) -> None:
    """Whatever the short road gives or refuses, the grammar of structured fields gives or refuses too."""
    short = road(parse_usual, text, signature, LIMITS)
    if short is not None:
        assert short == road(_parse_any, text, signature, LIMITS)


@given(requests, keys)
def test_what_we_sign_ourselves_takes_the_short_road(request: Request, key: str) -> None:
    headers = signed(request, key).headers
    fields = [headers.get_all(name)[0] for name in ("signature-input", "signature")]
    claim = parse_usual(*fields, LIMITS)
    assert claim is not None
    assert (claim,) == _parse_any(*fields, LIMITS)


WORDS = ("sig1=", '("@method")', '("a" "b";sf)', ";created=1", ';keyid="k"', ":AAAA:", ", ", "keyId=", "\u0661")
pieces = st.sampled_from((*WORDS, *',()"\\;'))
junk = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=12).map("".join), inputs, signatures)


@given(st.lists(st.tuples(st.sampled_from(["signature-input", "signature", "authorization"]), junk), max_size=4))
def test_any_fields_are_read_or_refused(fields: list[tuple[str, str]]) -> None:
    request = attrs.evolve(Request.to("https://b.example/inbox", method="POST"), headers=Headers.build(fields))
    try:
        claims = parse_claims(request)
    except SignatureError:
        return
    owned = VerificationKey("k", OWNER, KEYS["Ed25519"].public)
    assert 1 <= len(claims) <= 4
    for claim in claims:
        assert claim.key_id
        assert claim.signature
        with pytest.raises(FedtextError):
            verify(request, claim, owned, now_s=1, authorities={"b.example"}, explain=True)


@given(junk, st.binary(max_size=20))
def test_any_digest_is_refused_and_any_wish_is_read(text: str, body: bytes) -> None:
    parse_accept_signature(text)
    with pytest.raises(SignatureError):
        verify_content_digest([text], body)
