"""What holds for every signature: identity, no bit is free, no input escapes the error tree."""

from __future__ import annotations

import base64

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fedtext.errors import FedtextError, HostRefused, SignatureError
from fedtext.http import Headers, Request
from fedtext.keys import VerificationKey, generate_ed25519, generate_rsa, load_public_pem
from fedtext.signatures import parse_claim, sign, verify
from fedtext.signatures.cavage_claim import _parse_parameters, _parse_usual

NOW_S = 1_790_000_000
KEY_ID = "https://a.example/users/1#main-key"
KEYS = {"RSA": generate_rsa(), "Ed25519": generate_ed25519()}

targets = st.text("abz09-._~%/?&=:@!$'()*+,;", max_size=40).map(lambda text: "/" + text)
requests = st.builds(
    Request,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]),
    scheme=st.just("https"),
    authority=st.sampled_from(["b.example", "b.example:8443", "xn--mnchen-3ya.example", "[2001:db8::1]"]),
    target=targets,
    body=st.binary(max_size=64),
)
keys = st.sampled_from(sorted(KEYS))


def signed(request: Request, key: str) -> Request:
    return sign(request, KEYS[key], key_id=KEY_ID, now_s=NOW_S)


def check(request: Request, key: str, *, authority: str) -> None:
    owned = VerificationKey(KEY_ID, "https://a.example/users/1", KEYS[key].public)
    evidence = verify(
        request,
        parse_claim(request),
        owned,
        now_s=NOW_S,
        authorities=(authority,),
        insecure_queryless_get=True,
    )
    assert evidence.request is request


@given(requests, keys)
def test_what_is_signed_verifies(request: Request, key: str) -> None:
    check(signed(request, key), key, authority=request.authority)


def flipped(text: str, bit: int) -> str:
    data = bytearray(text.encode("latin-1"))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return data.decode("latin-1")


def flipped_bytes(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


@given(requests, keys, st.integers(0, 2**16))
def test_a_flipped_bit_of_the_body_is_refused(request: Request, key: str, bit: int) -> None:
    assume(request.body)
    message = signed(request, key)
    with pytest.raises(SignatureError):
        check(attrs.evolve(message, body=flipped_bytes(message.body, bit)), key, authority=request.authority)


@given(requests, keys, st.integers(0, 2**16), st.sampled_from(["host", "date", "digest"]))
def test_a_flipped_bit_of_a_signed_header_is_refused(request: Request, key: str, bit: int, name: str) -> None:
    message = signed(request, key)
    value = message.headers.get(name)
    assume(value is not None)
    altered = attrs.evolve(message, headers=message.headers.with_fields((name, flipped(value or "", bit))))
    with pytest.raises(FedtextError):
        check(altered, key, authority=request.authority)


@given(requests, keys, st.integers(0, 2**16))
def test_a_flipped_bit_of_the_target_is_refused(request: Request, key: str, bit: int) -> None:
    message = signed(request, key)
    with pytest.raises((SignatureError, HostRefused)):  # in "o://host" another host stands
        check(attrs.evolve(message, target=flipped(message.target, bit)), key, authority=request.authority)


@given(requests, keys, st.integers(0, 63))
def test_a_flipped_bit_of_the_method_is_refused(request: Request, key: str, bit: int) -> None:
    method = flipped(request.method, bit)
    assume(method.lower() != request.method.lower())
    with pytest.raises(SignatureError):
        check(attrs.evolve(signed(request, key), method=method), key, authority=request.authority)


@given(requests, keys, st.integers(0, 2**16))
def test_a_flipped_bit_of_the_signature_is_refused(request: Request, key: str, bit: int) -> None:
    message = signed(request, key)
    head, _, rest = (message.headers.get("signature") or "").partition('signature="')
    spoilt = base64.b64encode(flipped_bytes(base64.b64decode(rest[:-1]), bit)).decode()
    for value in (f'{head}signature="{spoilt}"', f'{head}signature="{flipped(rest[:-1], bit)}"'):
        altered = attrs.evolve(message, headers=message.headers.with_fields(("signature", value)))
        with pytest.raises(SignatureError):
            check(altered, key, authority=request.authority)


@given(requests, keys, st.integers(0, 2**16))
def test_a_flipped_bit_of_the_list_of_headers_is_refused(request: Request, key: str, bit: int) -> None:
    message = signed(request, key)
    text = message.headers.get("signature") or ""
    covered = " ".join(parse_claim(message).covered)
    other = flipped(covered, bit)
    assume(other.lower().split() != covered.split())
    altered = attrs.evolve(message, headers=message.headers.with_fields(("signature", text.replace(covered, other))))
    with pytest.raises(FedtextError):
        check(altered, key, authority=request.authority)


WORDS = (
    "keyId",
    "headers",
    "signature",
    "algorithm",
    "created",
    "expires",
    "(request-target) host date digest",
    "hs2019",
)
VALUES = ("rsa-sha256", "AAAA", "1790000000", "https://a.example/#k", "\u0661", "Signature ")
pieces = st.sampled_from((*WORDS, *VALUES, *'=," \t\\'))
header_texts = st.one_of(st.text(max_size=80), st.lists(pieces, max_size=24).map("".join))


@given(
    st.lists(st.tuples(st.sampled_from(["signature", "authorization", "signature-input"]), header_texts), max_size=3)
)
def test_any_signature_header_is_read_or_refused(fields: list[tuple[str, str]]) -> None:
    request = Request.to("https://b.example/inbox", method="POST")
    try:
        claim = parse_claim(attrs.evolve(request, headers=Headers.build(fields)))
    except SignatureError:
        return
    assert claim.key_id
    assert claim.signature
    assert claim.covered


@given(st.sampled_from(["host", "date", "digest"]), header_texts, st.booleans())
def test_any_value_of_a_signed_header_is_refused(name: str, value: str, doubled: bool) -> None:
    message = signed(Request.to("https://b.example/inbox", method="POST", body=b"{}"), "Ed25519")
    assume(value.strip(" \t") != message.headers.get(name))
    fields = message.headers.fields if doubled else message.headers.without(name).fields
    altered = attrs.evolve(message, headers=Headers((*fields, (name, value))))
    with pytest.raises(FedtextError):
        check(altered, "Ed25519", authority="b.example")


@given(header_texts, st.text(max_size=40), st.text(max_size=40))
def test_any_line_of_a_request_verifies_or_is_refused(header: str, target: str, authority: str) -> None:
    message = signed(Request.to("https://b.example/inbox", method="POST", body=b"{}"), "Ed25519")
    altered = attrs.evolve(
        message, target=target, authority=authority, headers=Headers((*message.headers.fields, ("x-more", header)))
    )
    with pytest.raises(FedtextError):
        check(altered, "Ed25519", authority="b.example")


@given(st.one_of(st.text(max_size=200), st.binary(max_size=120).map(lambda data: base64.b64encode(data).decode())))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for armoured in (text, f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(FedtextError):
            load_public_pem(armoured)


quoted = st.text('aA"\\=, :/#+é\n0', max_size=8)
shapes = st.sampled_from(
    [
        'keyId="{}",algorithm="{}",headers="{}",signature="{}"',
        'keyId="{}",algorithm="{}",headers="{}", signature="{}"',
        'KeyId="{}",algorithm="{}",headers="{}",signature="{}"',
        'keyId="{}",headers="{}",algorithm="{}",signature="{}"',
        'keyId="{}",algorithm="{}",headers="{}",signature="{}",created=1',
    ]
)


@given(shapes, st.lists(quoted, min_size=4, max_size=4))
def test_the_short_road_agrees_with_the_long_one(shape: str, values: list[str]) -> None:
    """What the short road reads, the grammar of parameters reads too, in the same order."""
    text = shape.format(*values)
    short = _parse_usual(text)
    if short is not None:
        assert list(short.items()) == list(_parse_parameters(text).items())


@given(requests, keys)
def test_what_we_sign_ourselves_takes_the_short_road(request: Request, key: str) -> None:
    [text] = signed(request, key).headers.get_all("signature")
    assert _parse_usual(text) == _parse_parameters(text)
