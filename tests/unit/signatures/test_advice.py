"""What other servers refuse although it verifies: what we sign needs no advice, each difference from it gives one."""

from __future__ import annotations

import base64
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.signing import FULL, KEY_ID, NOW_S, appended, changed, message, signed

from fedtext.config import Scheme
from fedtext.http import Headers, Request
from fedtext.keys import generate_ed25519, generate_rsa
from fedtext.signatures import advise, parse_claim, sign
from fedtext.signatures.advice import _SMALLEST_RSA_BYTES, SMALLEST_INBOX_BYTES

RSA = generate_rsa()
ED25519 = generate_ed25519()
GET = Request.to("https://b.example/users/2")


def cavage(request: Request | None = None) -> Request:
    return sign(request or message(), RSA, key_id=KEY_ID, now_s=NOW_S)


def rules(request: Request) -> list[str]:
    return [advice.rule for advice in advise(request)]


@pytest.mark.parametrize("request_", [cavage(), cavage(GET)])
@pytest.mark.spec("SIG-01", "SIG-02", "SIG-06")
def test_the_form_that_all_take_needs_no_advice(request_: Request) -> None:
    assert advise(request_) == ()


def replaced(old: str, new: str, name: str = "signature") -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        value = request.headers.get(name) or ""
        assert old in value
        return changed(request, name, value.replace(old, new))

    return change


def in_authorization(request: Request) -> Request:
    value = f"Signature {request.headers.get('signature')}"
    return attrs.evolve(request, headers=request.headers.without("signature").with_fields(("authorization", value)))


OTHER_DIGEST = ",SHA-512=" + base64.b64encode(bytes(64)).decode()

CAVAGE: list[tuple[Callable[[Request], Request], str, str, list[str]]] = [
    (replaced("SHA-256=", "sha-256=", "digest"), "Digest is lower-case: Threads and PeerTube", "PeerTube", ["SIG-03"]),
    (replaced("SHA-256=", "md5=AAAA,SHA-256=", "digest"), "does not begin with SHA-256=", "Takahē",
     ["SIG-03", "SIG-03"]),
    (lambda request: changed(request, "digest", f"{request.headers.get('digest')}{OTHER_DIGEST}"),
     "several hashes", "Lemmy", ["SIG-03"]),
    (replaced('",algorithm', '", algorithm'), "spaces", "BookWyrm", ["SIG-06"]),
    (replaced('algorithm="rsa-sha256"', "algorithm=rsa-sha256"), "without quotes", "Takahē", ["SIG-06"]),
    (replaced("keyId", "keyid"), "keyId is spelled otherwise", "Takahē", ["SIG-06"]),
    (replaced('headers="(request-target) host date digest",', ""), "headers is missing", "Takahē", ["SIG-06"]),
    (replaced('algorithm="rsa-sha256",', ""), "algorithm is missing", "WordPress", ["SIG-06"]),
    (replaced("rsa-sha256", "rsa-sha512"), "known to few", "Lemmy", ["SIG-08"]),
    (replaced("rsa-sha256", "ed25519"), "no name that draft-cavage gives", "Mastodon", ["SIG-08"]),
    (replaced(" date", ""), "Date is not signed", "Misskey", ["SIG-01"]),
    (lambda request: attrs.evolve(request, headers=request.headers.without("date")), "no Date", "Takahē", ["SIG-05"]),
    (lambda request: changed(request, "date", "Monday, 21-Sep-26 14:13:20 GMT"), "Sun, 06 Nov 1994", "Mobilizon",
     ["SIG-05"]),
    (lambda request: changed(request, "date", "today"), "Sun, 06 Nov 1994", "BookWyrm", ["SIG-05"]),
    (lambda request: attrs.evolve(request, target="/users/2/inbox?x=1"), "verify the path alone", "Pixelfed",
     ["SIG-13"]),
    (lambda request: changed(request, "content-type", "application/json"), "not that of ActivityPub", "GoToSocial",
     ["INB-01"]),
    (lambda request: attrs.evolve(request, headers=request.headers.without("content-type")), "not that of ActivityPub",
     "GoToSocial", ["INB-01"]),
    (replaced("#main-key", "/main-key"), "no fragment such as", "Lemmy", ["SIG-16"]),
    (replaced("https://a.example/users/1#main-key", "acct:bob@a.example"), "no URL", "Misskey", ["SIG-17"]),
    (lambda request: changed(request, "host", "b.example:443"), "default port", "Misskey", ["SIG-14"]),
    (lambda request: changed(attrs.evolve(request, scheme="http"), "host", "b.example:80"), "default port", "Misskey",
     ["SIG-14"]),
    (lambda request: attrs.evolve(request, body=bytes(SMALLEST_INBOX_BYTES)), "", "", []),
    (lambda request: attrs.evolve(request, body=bytes(SMALLEST_INBOX_BYTES + 1)), "64 KiB", "Misskey", ["DLV-21"]),
    (in_authorization, "Authorization", "most servers", ["SIG-07"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "text", "server", "expected"), CAVAGE)
@pytest.mark.spec("SIG-03", "SIG-05", "SIG-06", "SIG-07", "SIG-08", "SIG-14", "SIG-16")
def test_each_difference_gives_its_advice(
    change: Callable[[Request], Request], text: str, server: str, expected: list[str]
) -> None:
    found = advise(change(cavage()))
    assert [advice.rule for advice in found] == expected
    assert not expected or (text in found[0].text and server in found[0].servers)


@pytest.mark.spec("SIG-08", "SIG-34")
def test_draft_cavage_with_ed25519_is_for_few() -> None:
    found = advise(sign(message(), ED25519, key_id=KEY_ID, now_s=NOW_S))
    assert [advice.rule for advice in found] == ["SIG-08"]
    assert "Mastodon" in found[0].servers
    assert rules(sign(message(), ED25519, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421)) == ["SIG-33"]


NARROW = ("@method", "@authority", "@path", "@query", "content-digest")
PARAMETERS = f';created={NOW_S};keyid="{KEY_ID}"'


RFC9421 = [
    (sign(message(), RSA, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421), []),
    (sign(GET, RSA, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421), []),
    (signed(message(), ED25519, FULL), ["SIG-29"]),
    (signed(message(), ED25519, NARROW), ["SIG-28", "SIG-29", "SIG-29"]),
    (signed(message(url="https://b.example/inbox?x=1"), ED25519, FULL), ["SIG-29", "SIG-29"]),
    (changed(signed(message(), ED25519), "content-digest", "sha-512=:AAAA:"), ["SIG-29", "SIG-28"]),
]


@pytest.mark.parametrize(("request_", "expected"), RFC9421)
@pytest.mark.spec("SIG-28", "SIG-29", "SIG-33")
def test_rfc_9421(request_: Request, expected: list[str]) -> None:
    assert rules(request_) == ["SIG-33", *expected]


def two_labels() -> Request:
    one, other = (signed(message(), ED25519, label=label) for label in ("a", "b"))
    fields = [
        (name, f"{one.headers.get(name)}, {other.headers.get(name)}") for name in ("signature-input", "signature")
    ]
    return attrs.evolve(one, headers=one.headers.with_fields(*fields))


def test_several_labels() -> None:
    assert rules(two_labels()) == ["SIG-33", "SIG-29", "SIG-28"]


def test_where_no_signature_can_be_read_there_is_no_advice() -> None:
    assert advise(message()) == ()
    claim = parse_claim(signed(message(), ED25519))
    assert [advice.rule for advice in advise(message(), claim)] == ["SIG-33", "SIG-29"]


TEXTS = st.text(st.characters(max_codepoint=255), max_size=60)


@given(st.lists(st.tuples(st.sampled_from(["signature", "date", "digest", "host", "content-digest"]), TEXTS)))
def test_no_error_leaves(fields: list[tuple[str, str]]) -> None:
    request = appended(cavage(), *fields)
    assert all(advice.servers for advice in advise(request, parse_claim(cavage())))
    assert advise(attrs.evolve(request, headers=Headers.build(fields))) is not None


def test_a_signature_of_the_smallest_rsa_key_is_one_by_rsa() -> None:
    request = cavage()
    for size, expected in ((_SMALLEST_RSA_BYTES, []), (_SMALLEST_RSA_BYTES - 1, ["SIG-08"])):
        claim = attrs.evolve(parse_claim(request), signature=bytes(size))
        assert [one.rule for one in advise(request, claim)] == expected


def test_a_key_id_may_be_a_url_of_http() -> None:
    request = replaced("https://a.example/users/1#main-key", "http://a.example/users/1#main-key")(cavage())
    assert advise(request) == ()


def test_a_query_that_is_covered_needs_no_advice() -> None:
    covered = (*FULL, "@query")
    request = signed(message(url="https://b.example/inbox?x=1"), ED25519, covered)
    assert rules(request) == ["SIG-33", "SIG-29"]
    assert "alg" in advise(request)[1].text
