"""Why a signature did not verify: each usual mistake is found, and none of them is accepted."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from tests.signing import FULL, KEY_ID, NOW_S, OWNER, content_digest, message, signed

from fedtext.config import Scheme
from fedtext.errors import SignatureMismatch
from fedtext.http import Headers, Request
from fedtext.keys import HashName, PrivateKey, PublicKey, VerificationKey, generate_ed25519, generate_rsa
from fedtext.signatures import SignatureClaim, diagnose, diagnose_digest, diagnosis, parse_claim, sign, verify

RSA = generate_rsa()
ED25519 = generate_ed25519()
URL = "https://b.example:8443/users/2/inbox?x=1"
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"
PARTS = ("@method", "@authority", "@path", "@query", "content-digest")
CAVAGE = ("(request-target)", "host", "date", "digest")


def owned(key: PrivateKey) -> VerificationKey:
    return VerificationKey(KEY_ID, OWNER, key.public)


def cavage(
    request: Request = message(url=URL),  # noqa: B008
    *,
    key: PrivateKey = ED25519,
    listed: tuple[str, ...] = CAVAGE,
    order: tuple[str, ...] = CAVAGE,
    end: str = "",
    hash_name: HashName = HashName.SHA256,
    algorithm: str = "hs2019",
    **overridden: str,
) -> Request:
    """Sign as a peer with one mistake: `order` and `overridden` say what is signed, `listed` what is told."""
    digest = f"SHA-256={content_digest(request.body)[9:-1]}"
    fields = {"host": request.authority, "date": DATE, "digest": digest}
    values = {"(request-target)": f"{request.method.lower()} {request.target}"} | fields | overridden
    if "target" in overridden:
        values["(request-target)"] = overridden["target"]
    base = "\n".join(f"{name}: {values[name]}" for name in order) + end
    value = base64.b64encode(key.sign(base.encode(), hash_name=hash_name)).decode()
    header = f'keyId="{KEY_ID}",algorithm="{algorithm}",headers="{" ".join(listed)}",signature="{value}"'
    return attrs.evolve(request, headers=Headers.build([*fields.items(), ("signature", header)]))


def found(request: Request, key: PrivateKey = ED25519) -> str | None:
    """Diagnose, and make sure that it stays refused."""
    claim = parse_claim(request)
    hint = diagnose(request, claim, owned(key))
    if hint is not None:
        with pytest.raises(SignatureMismatch):
            verify(request, claim, owned(key), now_s=NOW_S, authorities={request.authority.lower()})
    return hint


MISTAKES = [
    ({"target": "post /users/2/inbox"}, "the peer signed the path without its query"),
    ({"target": "post /users/2/inbox?x=1#main-key"}, "the peer signed the fragment of the URL"),
    ({"target": f"post {URL}"}, "the peer signed the whole URL in place of the path"),
    ({"target": "POST /users/2/inbox?x=1"}, "the peer signed the method in upper case"),
    ({"target": "post /users/2/inbox?x=%31"}, None),
    ({"host": "b.example"}, "the peer signed the host without its port"),
    ({"end": "\n"}, "the peer signed a line break behind the last line"),
    ({"order": tuple(reversed(CAVAGE))}, None),
    ({"listed": tuple(reversed(CAVAGE))}, "the peer signed the headers in another order than it lists them"),
    (
        {"listed": CAVAGE, "order": ("date", "digest", "host", "(request-target)")},
        None,
    ),
    (
        {"order": ("(request-target)", "date", "digest", "host")},
        "the peer signed the headers in another order than it lists them",
    ),
    (
        {"listed": tuple(reversed(CAVAGE)), "order": ("host", "date", "digest", "(request-target)")},
        "the peer signed the headers in another order than it lists them",
    ),
]


@pytest.mark.parametrize(("mistake", "hint"), MISTAKES)
def test_mistakes_with_draft_cavage(mistake: dict[str, Any], hint: str | None) -> None:
    assert found(cavage(**mistake)) == hint


def test_names_of_digests() -> None:
    request = cavage()
    lower = cavage(digest=(request.headers.get("digest") or "").replace("SHA", "sha"))
    assert found(lower) == "the peer signed the name of the digest in lower case"
    digest = (request.headers.get("digest") or "").replace("SHA", "sha")
    upper = attrs.evolve(request, headers=request.headers.with_fields(("digest", digest)))
    assert found(upper) == "the peer signed the name of the digest in upper case"


def test_hosts_with_default_ports_and_in_upper_case() -> None:
    request = message()
    assert found(cavage(request, host="b.example:443")) == "the peer signed the host with its default port"
    plain = attrs.evolve(request, scheme="http")
    assert found(cavage(plain, host="b.example:80")) == "the peer signed the host with its default port"
    upper = attrs.evolve(request, authority="B.Example")
    assert found(cavage(upper, host="b.example")) == "the peer signed the host in lower case"


def test_a_key_of_another_length_and_another_hash() -> None:
    assert found(cavage(key=ED25519, algorithm="rsa-sha256"), RSA) == (
        "the signature is not as long as the key: the peer signed with another key"
    )
    wrong = cavage(key=RSA, hash_name=HashName.SHA512, algorithm="rsa-sha256")
    assert found(wrong, RSA) == "the peer signed with SHA-512 and does not say so"
    named = cavage(key=RSA, hash_name=HashName.SHA512, algorithm="rsa-sha512", target="post /users/2/inbox")
    assert found(named, RSA) == "the peer signed the path without its query"
    assert found(cavage(key=generate_rsa(), algorithm="rsa-sha256"), RSA) is None


@pytest.mark.parametrize(
    ("covered", "overridden", "hint"),
    [
        (FULL, {"target_uri": "https://b.example:8443/users/2/inbox"}, "the peer signed the path without its query"),
        (FULL, {"target_uri": f"{URL}#main-key"}, "the peer signed the fragment of the URL"),
        (FULL, {"target_uri": "/users/2/inbox?x=1"}, "the peer signed the path only in place of the URL"),
        (FULL, {"target_uri": URL.replace(":8443", "")}, "the peer signed the host without its port"),
        (FULL, {"target_uri": URL.replace("https", "http")}, "the peer signed the URL with http"),
        (FULL, {"content_type": "application/ld+json"}, None),
        (FULL, {"method": "post"}, "the peer signed the method in lower case"),
        (PARTS, {"query": "?"}, "the peer signed the path without its query"),
        (PARTS, {"query": "x=1"}, None),
    ],
)  # fmt: skip
def test_mistakes_with_rfc_9421(covered: tuple[str, ...], overridden: dict[str, str], hint: str | None) -> None:
    assert found(signed(message(url=URL), ED25519, covered, **overridden)) == hint


def signing(change: Any) -> Request:
    return signed(message(), ED25519, signer=lambda base: ED25519.sign(change(base)))


def test_mistakes_around_the_last_line() -> None:
    assert found(signing(lambda base: base.rpartition(b"\n")[0])) == (
        "the peer signed without the last line, @signature-params"
    )
    assert found(signing(lambda base: base.replace(b'params": ', b'params": sig1='))) == (
        "the peer signed the label in front of the parameters"
    )


@pytest.mark.parametrize("scheme", Scheme)
def test_where_nothing_is_wrong_there_is_nothing_to_say(scheme: Scheme) -> None:
    request = sign(message(), ED25519, key_id=KEY_ID, now_s=NOW_S, scheme=scheme)
    assert diagnose(request, parse_claim(request), owned(ED25519)) is None


@pytest.mark.parametrize("scheme", Scheme)
def test_what_cannot_be_built_again_is_said(scheme: Scheme) -> None:
    request = sign(message(), ED25519, key_id=KEY_ID, now_s=NOW_S, scheme=scheme)
    lacking = attrs.evolve(request, headers=request.headers.without("digest", "content-digest"))
    hint = diagnose(lacking, parse_claim(request), owned(ED25519))
    assert hint is not None
    assert hint.startswith("the signed bytes cannot be built again: ")


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("key", [RSA, ED25519], ids=["RSA", "Ed25519"])
@pytest.mark.spec("SIG-37")
def test_the_number_of_tries_is_bounded(scheme: Scheme, key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bytes] = []

    def refuse(_claim: SignatureClaim, _key: VerificationKey, base: bytes, hash_name: HashName | None = None) -> bool:
        tries.append(base + (b"" if hash_name is None else b" with another hash"))
        return False

    monkeypatch.setattr(diagnosis, "_verifies", refuse)
    request = sign(message(url=URL.upper().replace("HTTPS", "https")), key, key_id=KEY_ID, now_s=NOW_S, scheme=scheme)
    assert diagnose(request, parse_claim(request), owned(key)) is None
    assert 8 < len(tries) <= diagnosis.TRIES_COUNT_MAX
    assert len(set(tries)) == len(tries), "nothing is tried twice"


def test_what_proxies_and_frameworks_change() -> None:
    encoded = message(url="https://b.example/users/%7Ebob/%41%0A?x=1")
    assert found(cavage(encoded, target="post /users/~bob/A%0A?x=1")) is None
    encoded = message(url="https://b.example/users/%7Ebob?x=1")
    assert found(cavage(encoded, target="post /users/~bob?x=1")) == (
        "the peer signed the path without its percent-encoding"
    )
    assert found(signed(encoded, ED25519, target_uri="https://b.example/users/~bob?x=1")) == (
        "the peer signed the path without its percent-encoding"
    )
    plain = attrs.evolve(message(), scheme="http")
    assert found(signed(plain, ED25519, target_uri=message().url)) == "the peer signed the URL with https"
    behind = cavage(message(), host="c.example")
    noted = attrs.evolve(behind, headers=Headers((*behind.headers.fields, ("x-forwarded-host", "c.example"))))
    assert found(noted) == "the peer signed another host, which a proxy noted in X-Forwarded-Host"
    typed = attrs.evolve(
        message(), headers=message().headers.with_fields(("content-type", "application/ld+json; charset=utf-8"))
    )
    assert found(signed(typed, ED25519, content_type="application/ld+json")) == (
        "the peer signed Content-Type without its parameters"
    )


JSON = b'{"b": "\xc3\xa9/",\r\n "a": 1}'


def digest_of(data: bytes, name: str = "SHA-256") -> str:
    made = hashlib.sha512(data) if name == "SHA-512" else hashlib.sha256(data)
    return f"{name}={base64.b64encode(made.digest()).decode()}"


HEXADECIMAL = "the digest is written in hexadecimal, not in base64"
OTHER_BASE64 = "the digest is in another base64: without padding, or that of URLs"
REWRITTEN = "the body was read as JSON and written anew after the digest was taken"


@pytest.mark.parametrize(
    ("value", "body", "hint"),
    [
        (digest_of(b""), JSON, "the peer took the digest of an empty body"),
        (digest_of(JSON), JSON + b"\n", "a line break was put behind the body, or its last one taken away"),
        (digest_of(JSON + b"\n"), JSON, "a line break was put behind the body, or its last one taken away"),
        (digest_of(JSON + b"\r\n"), JSON, "a line break was put behind the body, or its last one taken away"),
        (digest_of(JSON.replace(b"\r", b"")), JSON, "the line ends of the body were changed"),
        (digest_of(JSON), JSON.replace(b"\r", b""), "the line ends of the body were changed"),
        (digest_of(b'{"b":"\xc3\xa9/","a":1}'), JSON, REWRITTEN),
        (digest_of(b'{"b":"\\u00e9\\/","a":1}'), JSON, REWRITTEN),
        (digest_of(b'{"b": "\\u00e9/", "a": 1}'), JSON, REWRITTEN),
        (digest_of(b'{"a":1,"b":"\xc3\xa9/"}'), JSON, REWRITTEN),
        (digest_of(b'{"a":1,"b":"\xc3\xa9/"}', "SHA-512"), JSON, REWRITTEN),
        (f"SHA-256={hashlib.sha256(JSON).hexdigest().upper()}", JSON, HEXADECIMAL),
        (
            "SHA-256=" + base64.b64encode(hashlib.sha256(JSON).hexdigest().encode()).decode(),
            JSON,
            "the digest is the base64 of its hexadecimal form",
        ),
        (digest_of(JSON).rstrip("="), JSON, OTHER_BASE64),
        (digest_of(b"3").replace("+", "-").replace("/", "_"), b"3", OTHER_BASE64),
        (digest_of(JSON, "SHA-512").replace("512", "256"), JSON, "the digest is of another hash than it names"),
        ("sha-256=" + digest_of(JSON, "SHA-512")[8:], JSON, "the digest is of another hash than it names"),
        ("sha-512=" + digest_of(JSON)[8:], JSON, "the digest is of another hash than it names"),
        (f"sha-256=:{digest_of(b'')[8:]}:", JSON, "the peer took the digest of an empty body"),
        (digest_of(b"another"), JSON, None),
        (digest_of(b"another"), b"no JSON", None),
        (digest_of(b"another"), b'{"a":12345678901234567890}', None),
        ("", JSON, None),
    ],
)  # fmt: skip
@pytest.mark.spec("SEC-018", "CD-01")
def test_digests_of_other_bytes(value: str, body: bytes, hint: str | None) -> None:
    told = diagnose_digest(value, body)
    assert told == hint


def signed_raw(request: Request, base: str, *, key: PrivateKey = ED25519, parameters: str) -> Request:
    """Sign any bytes and say that it was these parameters."""
    value = base64.b64encode(key.sign(base.encode())).decode()
    fields = [*request.headers.fields, ("signature", f'{parameters},signature="{value}"')]
    return attrs.evolve(request, headers=Headers.build(fields))


def test_times_that_are_signed_are_no_mistake() -> None:
    request = message("GET", "https://b.example/users/2?page=1", b"")
    covered = "(request-target) host (created) (expires)"
    parameters = f'keyId="{KEY_ID}",created={NOW_S},expires={NOW_S + 9},headers="{covered}"'
    base = f"(request-target): get /users/2\nhost: b.example\n(created): {NOW_S}\n(expires): {NOW_S + 9}"
    assert found(signed_raw(request, base, parameters=parameters)) == "the peer signed the path without its query"


def test_only_the_first_question_mark_begins_a_query() -> None:
    request = message(url="https://b.example/users/2/inbox?x=1?y")
    assert found(cavage(request, target="post /users/2/inbox")) == "the peer signed the path without its query"


def test_a_target_with_a_space_is_told_from_its_method() -> None:
    request = attrs.evolve(message(), target="/a b")
    hint = "the peer signed the whole URL in place of the path"
    assert found(cavage(request, target="post https://b.example/a b")) == hint


def test_an_address_in_brackets_has_colons_that_begin_no_port() -> None:
    request = message(url="https://[2001:db8::1]:8443/inbox")
    assert found(cavage(request, host="[2001:db8::1]")) == "the peer signed the host without its port"


def test_the_host_is_looked_for_once_in_a_url() -> None:
    url = "https://b.example/b.example/b.example"
    request = signed(message(url=url), ED25519, target_uri="https://b.example:443/b.example/b.example")
    assert found(request) == "the peer signed the host with its default port"


ORDERS = [
    # As it is usual, though that is neither how the fields arrived nor the alphabet.
    (("host", "content-type", "date", "(request-target)", "digest"), ("content-type", "digest", "date", "host"),
     ("(request-target)", "host", "date", "digest", "content-type")),
    # As the fields arrived, with the target before them, or behind them.
    (("host", "date", "(request-target)", "digest"), ("digest", "host", "date"),
     ("(request-target)", "digest", "host", "date")),
    (("host", "(request-target)", "date", "digest"), ("digest", "host", "date"),
     ("digest", "host", "date", "(request-target)")),
    # By the alphabet.
    (("host", "(request-target)", "digest", "date"), ("host", "digest", "date"),
     ("(request-target)", "date", "digest", "host")),
]  # fmt: skip


@pytest.mark.parametrize(("listed", "arrived", "order"), ORDERS)
def test_orders_that_signers_fall_into(
    listed: tuple[str, ...], arrived: tuple[str, ...], order: tuple[str, ...]
) -> None:
    request = message()
    values = {
        "(request-target)": "post /users/2/inbox",
        "host": "b.example",
        "date": DATE,
        "digest": f"SHA-256={content_digest(request.body)[9:-1]}",
        "content-type": "application/activity+json",
    }
    sent = attrs.evolve(request, headers=Headers.build([(name, values[name]) for name in arrived]))
    base = "\n".join(f"{name}: {values[name]}" for name in order)
    parameters = f'keyId="{KEY_ID}",algorithm="hs2019",headers="{" ".join(listed)}"'
    hint = "the peer signed the headers in another order than it lists them"
    assert found(signed_raw(sent, base, parameters=parameters)) == hint


@pytest.mark.parametrize(
    ("listed", "order"),
    [
        (
            ("content-digest", "@method", "@target-uri", "content-type"),
            ("@method", "@target-uri", "content-type", "content-digest"),
        ),
        (
            ("content-digest", "content-type", "@method", "@target-uri"),
            ("content-type", "content-digest", "@method", "@target-uri"),
        ),
    ],
    ids=["the fields behind", "the fields in front"],
)
def test_orders_in_which_the_fields_of_rfc_9421_arrived(listed: tuple[str, ...], order: tuple[str, ...]) -> None:
    request = message()
    assert [name for name, _ in request.headers] == ["host", "content-type", "content-digest"]
    params = f'({" ".join(f"{chr(34)}{name}{chr(34)}" for name in listed)});created={NOW_S};keyid="{KEY_ID}"'
    known = {"@method": "POST", "@target-uri": request.url, **dict(request.headers)}
    base = "\n".join([*(f'"{name}": {known[name]}' for name in order), f'"@signature-params": {params}'])
    value = base64.b64encode(ED25519.sign(base.encode())).decode()
    fields = [*request.headers.fields, ("signature-input", f"sig1={params}"), ("signature", f"sig1=:{value}:")]
    hint = "the peer signed the headers in another order than it lists them"
    assert found(attrs.evolve(request, headers=Headers.build(fields))) == hint


def test_mistakes_of_those_who_sign_with_p_256() -> None:
    own = ec.derive_private_key(7, ec.SECP256R1())

    def signer(base: bytes) -> bytes:
        r, s = decode_dss_signature(own.sign(base, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    request = signed(message(url=URL), ED25519, signer=signer, target_uri=URL.partition("?")[0])
    public = PublicKey.of(own.public_key())
    key = VerificationKey(KEY_ID, OWNER, public)
    assert diagnose(request, parse_claim(request), key) == "the peer signed the path without its query"


def test_sig_37_the_bound_of_the_tries_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bytes] = []

    def refuse(_claim: SignatureClaim, _key: VerificationKey, base: bytes, _hash: HashName | None = None) -> bool:
        tries.append(base)
        return False

    monkeypatch.setattr(diagnosis, "_verifies", refuse)
    monkeypatch.setattr(diagnosis, "TRIES_COUNT_MAX", 6)
    request = sign(message(url=URL), RSA, key_id=KEY_ID, now_s=NOW_S)
    assert diagnose(request, parse_claim(request), owned(RSA)) is None
    assert len(tries) == 6


def test_percent_encoding_is_undone_byte_by_byte() -> None:
    request = message(url="https://b.example/caf%C3%A9")
    hint = "the peer signed the path without its percent-encoding"
    assert found(cavage(request, target="post /café")) == hint
    broken = message(url="https://b.example/a%0Ab")
    assert found(cavage(broken, target="post /a\nb")) is None


def test_all_parameters_of_a_content_type_may_be_missing() -> None:
    fields = message().headers.with_fields(("content-type", 'application/ld+json; profile="x"; charset=utf-8'))
    request = attrs.evolve(message(), headers=fields)
    hint = "the peer signed Content-Type without its parameters"
    assert found(signed(request, ED25519, content_type="application/ld+json")) == hint


LINE_BREAK = "a line break was put behind the body, or its last one taken away"
LINE_ENDS = "the line ends of the body were changed"


@pytest.mark.parametrize(
    ("hashed", "body", "hint"),
    [
        (b"x ", b"x \r\n", LINE_BREAK),
        (b"x X", b"x X\n", LINE_BREAK),
        (b"a\r\nb\r\nc", b"a\r\nb\nc", LINE_ENDS),
        (b"a\nb\nc", b"a\r\nb\nc", LINE_ENDS),
        (b" x", b"x", None),
    ],
)
def test_digests_of_other_line_ends(hashed: bytes, body: bytes, hint: str | None) -> None:
    assert diagnose_digest(digest_of(hashed), body) == hint


def test_colons_are_no_part_of_a_digest_and_letters_are() -> None:
    body = next(data for data in (b"x" * size for size in range(999)) if digest_of(data)[8] == "X")
    assert diagnose_digest(f"sha-256=:{digest_of(body)[8:]}:", body + b"\n") == LINE_BREAK
