"""The rules of draft-cavage, RFC 9421 and RFC 9530 one by one, through the doors that users have.

The grammars have their own tests; here each rule is shown at `parse_claims`, `verify` and `sign`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from tests.signing import (
    ACTIVITY_JSON,
    FULL,
    KEY_ID,
    NOW_S,
    OWNER,
    answer,
    appended,
    changed,
    content_digest,
    message,
    signed,
)

from fedtext import errors
from fedtext.config import Scheme, SignaturePolicy
from fedtext.errors import (
    AlgorithmRefused,
    ComponentsUncovered,
    DigestMalformed,
    DigestMismatch,
    DigestUnsupported,
    FedtextError,
    KeyUnavailable,
    SignatureError,
    SignatureExpired,
    SignatureMalformed,
    SignatureMismatch,
)
from fedtext.http import Headers, Request
from fedtext.keys import PrivateKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import (
    VerifiedRequest,
    check_claim,
    message_base,
    parse_claim,
    parse_claims,
    parse_component,
    sign,
    sign_response,
    signature_base,
    verify,
    verify_content_digest,
    verify_digest,
)
from fedtext.wire.structured_fields import Item

RSA = generate_rsa()
ED25519 = generate_ed25519()
HOSTS = frozenset({"b.example"})
PARAMETERS = f';created={NOW_S};keyid="{KEY_ID}"'


def owned(key: PrivateKey) -> VerificationKey:
    return VerificationKey(KEY_ID, OWNER, key.public)


def verified(request: Request, key: PrivateKey = RSA, *, now_s: int = NOW_S, index: int = 0) -> VerifiedRequest:
    return verify(request, parse_claims(request)[index], owned(key), now_s=now_s, authorities=HOSTS)


def ours(scheme: Scheme = Scheme.CAVAGE, key: PrivateKey = RSA, request: Request | None = None) -> Request:
    return sign(request or message(), key, key_id=KEY_ID, now_s=NOW_S, scheme=scheme)


def altered(request: Request, old: str, new: str, name: str = "signature") -> Request:
    value = request.headers.get(name) or ""
    assert old in value
    return changed(request, name, value.replace(old, new))


# -- draft-cavage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'keyId="{KEY_ID}",', ""),
        ('signature="', 'other="'),
        ("keyId", 'keyId="x",keyId'),
        ("keyId", 'KEYID="x",keyId'),
        ("algorithm", 'algorithm="hs2019",algorithm'),
        ('headers="', 'headers="date",headers="'),
    ],
)
@pytest.mark.spec("CAV-01")
def test_what_is_required_stands_and_nothing_stands_twice(old: str, new: str) -> None:
    with pytest.raises(SignatureMalformed):
        parse_claim(altered(ours(), old, new))


@pytest.mark.parametrize("pseudo", ["(created)", "(expires)"])
@pytest.mark.parametrize(
    ("algorithm", "error"),
    [
        ("rsa-sha256", SignatureMalformed),
        ("rsa-sha512", SignatureMalformed),
        ("hmac-sha256", AlgorithmRefused),
        ("ecdsa-sha256", AlgorithmRefused),
    ],
)
@pytest.mark.spec("CAV-03", "SIG-10")
def test_pseudo_headers_of_time_do_not_go_with_named_algorithms(
    pseudo: str, algorithm: str, error: type[FedtextError]
) -> None:
    request = altered(ours(), "date", f"date {pseudo}")
    request = altered(request, "rsa-sha256", algorithm)
    with pytest.raises(error):
        parse_claim(altered(request, "keyId", f'created="{NOW_S}",expires="{NOW_S}",keyId'))


@pytest.mark.spec("CAV-04", "SIG-09")
def test_no_list_of_headers_stands_for_the_date_alone_which_is_not_enough() -> None:
    listed = ' headers="(request-target) host date digest",'.strip()
    for algorithm, covered in (("rsa-sha256", ("date",)), ("hs2019", ("(created)",))):
        request = altered(altered(ours(), listed, ""), "rsa-sha256", algorithm)
        claim = parse_claim(request)
        assert claim.covered == covered
        with pytest.raises(ComponentsUncovered):
            check_claim(request, claim, now_s=NOW_S, authorities=HOSTS)
    with pytest.raises(SignatureMalformed):
        parse_claim(altered(ours(), "(request-target) host date digest", ""))


@pytest.mark.spec("SIG-15", "CAV-05")
def test_the_base_is_lower_case_names_trimmed_joined_values_and_no_line_break_at_its_end() -> None:
    request = Request(
        method="POST",
        scheme="https",
        authority="b.example",
        target="/a?b",
        headers=Headers((("host", "b.example"), ("x-a", " 1\t"), ("x-a", "2 "), ("x-empty", ""))),
    )
    covered = ("(request-target)", "host", "x-a", "x-empty")
    assert signature_base(request, covered) == b"(request-target): post /a?b\nhost: b.example\nx-a: 1, 2\nx-empty: "
    with pytest.raises(SignatureMalformed):
        signature_base(request, ("x-b",))


@pytest.mark.parametrize(
    ("algorithm", "key", "is_taken"),
    [
        ("rsa-sha256", RSA, True),
        ("hs2019", RSA, True),
        ("hs2019", ED25519, True),
        ("ed25519", ED25519, True),
        ("rsa-sha256", ED25519, False),
        ("rsa-sha512", ED25519, False),
        ("ed25519", RSA, False),
    ],
)
@pytest.mark.spec("CAV-06", "HSR-02", "SIG-08")
def test_the_key_decides_and_the_name_may_only_agree(algorithm: str, key: PrivateKey, is_taken: bool) -> None:
    emitted = "rsa-sha256" if key is RSA else "hs2019"
    request = altered(ours(key=key), f'algorithm="{emitted}"', f'algorithm="{algorithm}"')
    if is_taken:
        assert verified(request, key).signer == OWNER
    else:
        with pytest.raises(AlgorithmRefused):
            verified(request, key)


@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "DELETE"])
@pytest.mark.spec("HSR-03")
def test_the_digest_is_compared_whenever_there_is_a_body(method: str) -> None:
    request = ours(request=attrs.evolve(message(), method=method))
    assert verified(request).covered[-1] == "digest"
    with pytest.raises(DigestMismatch):
        verified(attrs.evolve(request, body=b"{}"))
    with pytest.raises(ComponentsUncovered):
        verified(altered(request, " digest", ""))


WINDOW = SignaturePolicy()


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(
    ("later_s", "is_fresh"),
    [
        (0, True),
        (WINDOW.past_s_max, True),
        (WINDOW.past_s_max + 1, False),
        (-WINDOW.future_s_max, True),
        (-WINDOW.future_s_max - 1, False),
    ],
)
@pytest.mark.spec("HSR-04", "HMS-15", "HMS-F4")
def test_the_window_at_its_ends(scheme: Scheme, later_s: int, is_fresh: bool) -> None:
    request = ours(scheme)
    if is_fresh:
        assert verified(request, now_s=NOW_S + later_s).created_s == NOW_S
    else:
        with pytest.raises(SignatureExpired):
            verified(request, now_s=NOW_S + later_s)
    assert WINDOW.past_s_max <= 3_600
    assert WINDOW.future_s_max <= 300


def every_error(root: type[FedtextError]) -> list[type[FedtextError]]:
    return [root, *(error for child in root.__subclasses__() for error in every_error(child))]


@pytest.mark.spec("HSR-11")
def test_every_failure_is_a_401_but_a_host_that_is_down() -> None:
    statuses = {error: error.status_hint for error in every_error(SignatureError)}
    assert statuses.pop(KeyUnavailable) == 503
    assert set(statuses.values()) == {401}
    assert errors.SignatureMismatch in statuses


# -- digests ----------------------------------------------------------------------------------------------------

BODY = b'{"type":"Like"}'
SHA256 = content_digest(BODY)[9:-1]
SHA512_OF_OTHER = base64.b64encode(bytes(64)).decode()


@pytest.mark.parametrize(
    "values",
    [
        [f"SHA-256={SHA256}"],
        [f"sha-256={SHA256}"],
        [f"Sha-256={SHA256}"],
        [f"md5=AAAA,SHA-256={SHA256}"],
        [f"SHA-256={SHA256}, unixsum=1"],
        ["md5=AAAA", f"SHA-256={SHA256}"],
    ],
)
@pytest.mark.spec("SIG-04", "CD-05")
def test_the_old_digest_is_read_in_any_case_and_among_others(values: list[str]) -> None:
    verify_digest(values, BODY)
    with pytest.raises(DigestMismatch):
        verify_digest(values, BODY + b"\n")


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["md5=AAAA"],
        [f"SHA-256={SHA256[:-4]}"],
        [f"SHA-256={SHA256.rstrip('=')}"],
        [f"SHA-256={SHA256}", f"sha-256={SHA256}"],
        [f"SHA-256={SHA256},SHA-512={SHA512_OF_OTHER}"],
    ],
)
@pytest.mark.spec("SIG-04")
def test_what_the_old_digest_must_not_be(values: list[str]) -> None:
    with pytest.raises(DigestMismatch):
        verify_digest(values, BODY)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (f"sha-256=:{SHA256}:", None),
        (f"sha-256=:{SHA256}:, other=:AAAA:", None),
        (f"sha-256=:{SHA256}:, sha-512=:{SHA512_OF_OTHER}:", DigestMismatch),
        (f"sha-512=:{SHA512_OF_OTHER}:, sha-256=:{SHA256}:", DigestMismatch),
        ("other=:AAAA:", DigestUnsupported),
        ("", DigestUnsupported),
    ],
)
@pytest.mark.spec("CD-02")
def test_unknown_hashes_say_nothing_and_known_ones_are_all_checked(
    value: str, error: type[FedtextError] | None
) -> None:
    if error is None:
        verify_content_digest([value], BODY)
    else:
        with pytest.raises(error):
            verify_content_digest([value], BODY)


@pytest.mark.parametrize("name", ["md5", "sha", "unixsum", "unixcksum", "adler", "crc32c"])
@pytest.mark.spec("CD-03")
def test_weak_hashes_are_no_security(name: str) -> None:
    with pytest.raises(DigestUnsupported):
        verify_content_digest([f"{name}=:AAAA:"], BODY)
    request = signed(changed(message(), "content-digest", f"{name}=:AAAA:"), RSA)
    with pytest.raises(DigestUnsupported):
        verified(request)


@pytest.mark.parametrize(
    "value", ["sha-256", f"sha-256={SHA256}", f'sha-256="{SHA256}"', "sha-256=:!:", "sha-256=:AA", "a=:"]
)
@pytest.mark.spec("CD-04")
def test_what_is_malformed_is_refused(value: str) -> None:
    with pytest.raises(DigestMalformed):
        verify_content_digest([value], BODY)


@pytest.mark.spec("CD-01", "HMS-16")
def test_content_counts_by_its_digest_alone_as_it_was_sent() -> None:
    """The bytes verify whatever the body is: only the digest of these very bytes binds it."""
    request = ours(Scheme.RFC9421)
    with pytest.raises(DigestMismatch):
        verified(attrs.evolve(request, body=b'{"type": "Like"}'))
    with pytest.raises(ComponentsUncovered):
        verified(signed(message(), RSA, FULL[:3]))


# -- RFC 9421 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ["@method", "@target-uri", "content-digest"])
@pytest.mark.spec("HMS-03", "HMS-F1")
def test_coverage_is_enforced(lacking: str) -> None:
    covered = tuple(name for name in FULL if name != lacking)
    with pytest.raises(ComponentsUncovered, match=lacking):
        verified(signed(message(), RSA, covered))


@pytest.mark.spec("HMS-03", "HMS-F2")
def test_created_and_key_id_are_required() -> None:
    with pytest.raises(ComponentsUncovered, match="created"):
        verified(signed(message(), RSA, parameters=f';keyid="{KEY_ID}"'))
    with pytest.raises(SignatureMalformed):
        verified(signed(message(), RSA, parameters=f";created={NOW_S}"))


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.spec("HMS-04")
def test_another_key_does_not_do(scheme: Scheme) -> None:
    with pytest.raises(SignatureMismatch):
        verified(ours(scheme), generate_rsa())


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
@pytest.mark.parametrize("name", [None, "rsa-v1_5-sha256", "ed25519", "rsa-pss-sha512", "hmac-sha256", "none", ""])
@pytest.mark.spec("HMS-05", "HMS-17", "HMS-F3")
def test_all_that_name_an_algorithm_must_agree(key: PrivateKey, name: str | None) -> None:
    own = "rsa-v1_5-sha256" if key is RSA else "ed25519"
    alg = "" if name is None else f';alg="{name}"'
    request = signed(message(), key, parameters=PARAMETERS + alg)
    if name in (None, own):
        assert verified(request, key).signer == OWNER
    else:
        with pytest.raises(AlgorithmRefused):
            verified(request, key)


STEPS: list[Callable[[Request], Request]] = [
    lambda request: attrs.evolve(request, method="PUT"),
    lambda request: attrs.evolve(request, target="/users/3/inbox"),
    lambda request: attrs.evolve(request, body=b"{}"),
    lambda request: changed(request, "content-type", "application/json"),
    lambda request: attrs.evolve(request, headers=request.headers.without("content-type")),
    lambda request: altered(request, f"created={NOW_S}", f"created={NOW_S - 1}", "signature-input"),
    lambda request: altered(request, ' "content-type"', "", "signature-input"),
    lambda request: altered(request, '"@method" "@target-uri"', '"@target-uri" "@method"', "signature-input"),
    lambda request: altered(request, "#main-key", "#main-kez", "signature-input"),
    lambda request: altered(request, "sig1=:", "sig1=:AAAA"),
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.spec("HMS-06", "HMS-07")
def test_any_step_that_fails_fails_all(step: Callable[[Request], Request]) -> None:
    request = ours(Scheme.RFC9421)
    assert verified(request).signer == OWNER
    with pytest.raises(SignatureError):
        verified(step(request))


def component(identifier: str, **parameters: Any) -> Item:
    return Item(identifier, parameters)


@pytest.mark.parametrize(
    "item",
    [
        component("@unknown"),
        component("Content-Type"),
        component("content-type", unknown=True),
        component("@method", sf=True),
        component("content-type", bs=True, sf=True),
        component("content-type", bs=True, key="a"),
        component("@query-param"),
        Item(1),
    ],
)
@pytest.mark.spec("HMS-08", "HMS-11")
def test_identifiers_that_do_not_exist(item: Item) -> None:
    with pytest.raises(SignatureMalformed):
        parse_component(item)


@pytest.mark.parametrize(
    ("covered", "fields"),
    [
        ((*FULL, "@method"), ()),
        ((*FULL, "x-absent"), ()),
        ((*FULL, "x-a"), (("x-a", "caf\xe9"),)),
        ((*FULL, "x-a"), (("x-a", 'a\n"@method": GET'),)),
    ],
)
@pytest.mark.spec("HMS-08")
def test_what_cannot_be_a_line_of_the_base(covered: tuple[str, ...], fields: tuple[tuple[str, str], ...]) -> None:
    values = {"x_absent": "", "x_a": "a"}
    request = signed(message(), RSA, covered, **values)
    with pytest.raises(SignatureMalformed):
        verified(appended(request, *fields))


@pytest.mark.spec("HMS-09")
def test_the_parameters_are_never_covered_and_always_the_last_line() -> None:
    with pytest.raises(SignatureMalformed):
        parse_component(component("@signature-params"))
    claim = parse_claim(ours(Scheme.RFC9421))
    base = message_base(claim.components, claim.signature_params, ours(Scheme.RFC9421))
    assert base.split(b"\n")[-1].startswith(b'"@signature-params": ("@method"')
    assert not base.endswith(b"\n")


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (component("x-a"), '"x-a": 1, 2 3'),
        (component("x-d", sf=True), '"x-d";sf: a=1, b=2'),
        (component("x-d", key="b"), '"x-d";key="b": 2'),
        (component("x-b", bs=True), '"x-b";bs: :MQ==:'),
        (component("@method"), '"@method": POST'),
        (component("@target-uri"), '"@target-uri": https://b.example/a?q=1'),
        (component("@authority"), '"@authority": b.example'),
        (component("@scheme"), '"@scheme": https'),
        (component("@path"), '"@path": /a'),
        (component("@query"), '"@query": ?q=1'),
        (component("@request-target"), '"@request-target": /a?q=1'),
        (component("@query-param", name="q"), '"@query-param";name="q": 1'),
    ],
)
@pytest.mark.spec("HMS-10", "HMS-11", "HMS-12")
def test_what_each_component_stands_for(item: Item, line: str) -> None:
    fields = (("x-a", " 1"), ("x-a", "2\r\n 3 "), ("accept-signature", "a=1"), ("x-b", "1"))
    # A field of a known type: for others `sf` is not taken.
    item = Item("priority", item.parameters) if item.value == "x-d" else item
    request = Request(
        method="POST", scheme="https", authority="B.example:443", target="/a?q=1",
        headers=Headers((*fields, ("priority", "a=1,   b=2"))),
    )  # fmt: skip
    base = message_base([parse_component(item)], "()", request)
    assert base.decode().split("\n")[0] == line.replace("x-d", "priority")


@pytest.mark.spec("HMS-12")
def test_a_query_parameter_that_repeats_is_not_used() -> None:
    request = Request.to("https://b.example/a?q=1&q=2")
    with pytest.raises(SignatureMalformed):
        message_base([parse_component(component("@query-param", name="q"))], "()", request)


@pytest.mark.spec("HMS-13")
def test_req_is_for_responses() -> None:
    of_request = parse_component(component("@method", req=True))
    with pytest.raises(SignatureMalformed):
        message_base([of_request], "()", message())
    assert message_base([of_request], "()", answer(), request=message()).startswith(b'"@method";req: POST\n')
    bound = sign_response(answer(), RSA, key_id=KEY_ID, now_s=NOW_S, request=message())
    assert '"@method";req' in (bound.headers.get("signature-input") or "")


@pytest.mark.spec("HMS-15")
def test_the_nonce_is_told_so_that_a_caller_can_refuse_the_second_one() -> None:
    claim = parse_claim(signed(message(), RSA, parameters=f'{PARAMETERS};nonce="n"'))
    assert claim.nonce == "n"


@pytest.mark.spec("HMS-F5", "HMS-01")
def test_of_several_signatures_one_good_one_is_enough_and_one_is_made() -> None:
    bad, good = signed(message(), generate_rsa(), label="a"), signed(message(), RSA, label="b")
    fields = [(name, f"{bad.headers.get(name)}, {good.headers.get(name)}") for name in ("signature-input", "signature")]
    both = attrs.evolve(good, headers=good.headers.with_fields(*fields))
    with pytest.raises(SignatureMismatch):
        verified(both)
    assert verified(both, index=1).label == "b"
    assert len(parse_claims(ours(Scheme.RFC9421))) == 1


@pytest.mark.spec("HMS-14", "SIG-29")
def test_the_profile_that_is_made() -> None:
    field = ours(Scheme.RFC9421).headers.get("signature-input")
    assert field == (
        f'sig1=("@method" "@target-uri" "content-type" "content-digest");created={NOW_S};keyid="{KEY_ID}"'
        ';alg="rsa-v1_5-sha256"'
    )
    assert ours(Scheme.RFC9421).headers.get("content-type") == ACTIVITY_JSON
