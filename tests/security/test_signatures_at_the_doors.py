"""Signatures that are not right, at each edge: refused, and nothing is stored or dispatched.

What each rule means in full is shown of the functions, in `test_signatures_cavage` and `test_signatures_rfc9421`; here
it is shown that no door lets it pass.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests import signing
from tests.forging import FULL, appended, changed, forged, respelled
from tests.receiving import INBOX, KEYS, NOW_S, SITE, PeerActor
from tests.scene import Scene

from fedtext.http import Request
from fedtext.keys import generate_rsa

pytestmark = pytest.mark.edges("pure", "asgi", "wsgi")

RSA = generate_rsa()
MEMBER = 'content-digest;key="sha-256"'
NOW = int(NOW_S)
Attack = Callable[[PeerActor], Request]


def body(actor: PeerActor, **members: Any) -> bytes:
    return json.dumps(actor.activity(**members)).encode()


def older(**options: Any) -> Attack:
    """Sign by the older draft, with options of `forged`."""
    return lambda actor: forged(actor, body(actor), **options)


def spelled(old: str, new: str) -> Attack:
    """Sign by the older draft, then write something else into the header."""
    return lambda actor: respelled(forged(actor, body(actor)), old, new)


def newer(
    covered: tuple[str, ...] = signing.FULL, *, more: str = "", created: object = NOW, sign: Any = None, **values: str
) -> Attack:
    """Sign by RFC 9421."""

    def attack(actor: PeerActor) -> Request:
        message = signing.message(url=SITE + INBOX, body=body(actor))
        parameters = f';created={created};keyid="{actor.key_id}"{more}'
        return signing.signed(message, actor.key, covered, parameters=parameters, signer=sign, **values)

    return attack


def with_digest(value: Callable[[bytes], str]) -> Attack:
    """Sign another `Content-Digest` by RFC 9421."""

    def attack(actor: PeerActor) -> Request:
        message = changed(signing.message(url=SITE + INBOX, body=body(actor)), "content-digest", value(body(actor)))
        return signing.signed(message, actor.key, parameters=f';created={NOW};keyid="{actor.key_id}"')

    return attack


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def both_schemes(actor: PeerActor) -> Request:
    cavage = 'keyId="https://evil.example.org/users/eve#main-key",headers="date",signature="AAAA"'
    return appended(newer()(actor), ("authorization", f"Signature {cavage}"))


def two_signatures(actor: PeerActor) -> Request:
    request = forged(actor, body(actor))
    text = (request.headers.get("signature") or "").replace("a.example.com", "evil.example.org")
    return appended(request, ("authorization", f"Signature {text}"))


HONEST: list[tuple[str, Attack]] = [
    ("SEC-033 all is signed, by the older draft", older()),
    ("SEC-035 in another order and case", older(covered=FULL, spelled="(request-target) Host DATE digest")),
    ("SEC-041 the digest by another hash", lambda a: forged(a, body(a), digest=f"SHA-512={sha512(body(a))}")),
    ("SEC-051 all is signed, by RFC 9421", newer()),
    ("SEC-052 authority and path instead of the target", newer(("@method", "@authority", "@path", "content-digest"))),
    ("SEC-054 the algorithm of the key is named", newer(more=';alg="ed25519"')),
    ("SEC-057 by SHA-512 alone", with_digest(lambda data: f"sha-512=:{sha512(data)}:")),
    ("SEC-058 with a nonce and a tag", newer(more=';nonce="n";tag="t"')),
]


def sha512(data: bytes) -> str:
    return b64(hashlib.sha512(data).digest())


def sha256(data: bytes) -> str:
    return b64(hashlib.sha256(data).digest())


@pytest.mark.spec("SEC-018")
@pytest.mark.parametrize("attack", [case[1] for case in HONEST], ids=[case[0] for case in HONEST])
def test_what_is_signed_as_it_should_be_is_taken(scene: Scene, attack: Attack) -> None:
    """So it is the change that is refused below."""
    scene.takes(attack(scene.alice))


def test_sec_018_the_bytes_are_signed_that_were_sent(scene: Scene) -> None:
    """The digest is over the raw body, however it is spaced and escaped. Threat: NodeBB 2026-04."""
    text = json.dumps(scene.alice.activity(), indent=3).replace("Like", "\\u004cike").encode() + b"\n"
    assert scene.takes(forged(scene.alice, text)).type_name == "Like"


# Each is refused before the key is asked for.
AT_ONCE: list[tuple[str, Attack]] = [
    ("SEC-013 two digests", lambda a: appended(forged(a, body(a)), ("digest", f"SHA-256={sha256(b'x')}"))),
    ("SEC-013 two dates", lambda a: appended(forged(a, body(a)), ("date", "Thu, 24 Sep 2026 14:13:20 GMT"))),
    ("SEC-034 no list of headers", lambda a: respelled(forged(a, body(a), covered="date"), 'headers="date",', "")),
    ("SEC-035 an empty list", older(spelled="")),
    ("SEC-035 a list of spaces", older(spelled="  ")),
    ("SEC-035 one header twice", older(covered=f"{FULL} date")),
    ("SEC-036 two key ids", older(more=',keyId="https://evil.example.org/users/eve#main-key"')),
    ("SEC-036 two signatures in one", older(more=',signature="AAAA"')),
    ("SEC-036 two lists", older(more=',headers="date"')),
    ("SEC-037 a quote that is escaped", older(more=r',x="a\"b"')),
    ("SEC-037 a comma at the end", older(more=",")),
    ("SEC-037 junk behind it", older(more=" junk")),
    ("SEC-037 a thousand parameters", older(more="".join(f',x{number}="1"' for number in range(400)))),
    ("SEC-038 two signatures that differ", two_signatures),
    ("SEC-039 a shared secret", older(algorithm="hmac-sha256")),
    ("SEC-039 none", older(algorithm="none")),
    ("SEC-039 SHA-1", older(algorithm="rsa-sha1")),
    ("SEC-039 a space behind it", older(algorithm="RSA-SHA256 ")),
    ("SEC-041 of another body", older(digest=f"SHA-256={sha256(b'another')}")),
    ("SEC-041 by MD5 alone", older(digest=f"MD5={b64(hashlib.md5(b'x').digest())}")),
    ("SEC-041 twice by one hash", lambda a: forged(a, body(a), digest=f"SHA-256={sha256(body(a))},SHA-256=AAAA")),
    ("SEC-041 too short", older(digest="SHA-256=AAAA")),
    ("SEC-041 not base64", older(digest="SHA-256=-_-_")),
    ("SEC-044 times with an algorithm that has none", older(covered=f"{FULL} (created)", algorithm="rsa-sha256")),
    ("SEC-044 made in the future", older(covered=f"{FULL} (created)", more=f",created={NOW + 301}", created="1")),
    ("SEC-044 expired", older(covered=f"{FULL} (expires)", more=f",expires={NOW - 1}", expires="1")),
    ("SEC-044 a fraction", older(covered=f"{FULL} (created)", more=f',created="{NOW}.5"', created="1")),
    ("SEC-044 before the beginning", older(covered=f"{FULL} (created)", more=",created=-1", created="1")),
    ("SEC-044 far too many digits", older(covered=f"{FULL} (created)", more=f",created=1{'0' * 20}", created="1")),
    ("SEC-045 another format", older(date="2026-09-21T13:46:40Z")),
    ("SEC-045 a year of five digits", older(date="Mon, 21 Sep 99999 13:46:40 GMT")),
    ("SEC-050 an alphabet for URLs", spelled('signature="', 'signature="-_')),
    ("SEC-050 empty", older(signer=lambda _base: b"")),
    ("SEC-050 far too long", older(signer=lambda _base: b"x" * 20_000)),
    ("SEC-051 no content digest", newer(("@method", "@target-uri", "content-type"))),
    ("SEC-052 no method", newer(("@target-uri", "content-digest"))),
    ("SEC-052 no target", newer(("@method", "content-digest"))),
    ("SEC-052 the host alone", newer(("@method", "@authority", "content-digest"))),
    (
        "SEC-053 what nobody knows",
        newer((*signing.FULL, "content-type;zz"), **{"content-type;zz": signing.ACTIVITY_JSON}),
    ),
    ("SEC-055 five labels", lambda a: five_labels(a)),
    ("SEC-056 no signature for it", lambda a: respelled(newer()(a), "sig1=", "sig2=")),
    ("SEC-056 a component twice", newer((*signing.FULL, "@method"))),
    ("SEC-057 two digests that disagree", with_digest(lambda data: f"sha-256=:{sha256(data)}:, sha-512=:AAAA:")),
    ("SEC-057 by a hash that nobody takes", with_digest(lambda _data: "md5=:AAAA:")),
    ("SEC-058 expired", newer(more=f";expires={NOW - 1}")),
    ("SEC-058 it does not say when", lambda a: respelled(newer()(a), f";created={NOW}", "", "signature-input")),
    ("SEC-059 two schemes, two signers", both_schemes),
]


def five_labels(actor: PeerActor) -> Request:
    request = newer()(actor)
    for number in range(2, 6):
        text, value = request.headers.get("signature-input") or "", request.headers.get("signature") or ""
        first, signature = text.partition(", ")[0], value.partition(", ")[0]
        request = changed(request, "signature-input", f"{text}, {first.replace('sig1', f'sig{number}')}")
        request = changed(request, "signature", f"{value}, {signature.replace('sig1', f'sig{number}')}")
    return request


@pytest.mark.parametrize("attack", [case[1] for case in AT_ONCE], ids=[case[0] for case in AT_ONCE])
def test_sec_033_to_sec_059_refused_before_any_key_is_asked_for(scene: Scene, attack: Attack) -> None:
    """Threats: Akkoma 2025.10, mastodon#37375."""
    scene.refuses(attack(scene.alice), 400, 401)


def with_secret(algorithm: str) -> Attack:
    """Sign with the public key as if it were a shared secret."""
    return lambda a: forged(
        a,
        body(a),
        algorithm=algorithm,
        signer=lambda base: hmac.digest(a.key.public.pem.encode(), base, hashlib.sha256),
    )


# Each is refused with the key in hand.
WITH_THE_KEY: list[tuple[str, Attack]] = [
    ("SEC-035 what is not there", older(covered=f"{FULL} x-unknown")),
    ("SEC-039 an algorithm that is not the key's", older(algorithm="ed25519")),
    ("SEC-039 a hash that is not what was signed with", older(algorithm="rsa-sha512")),
    ("SEC-040 the public key as a secret", with_secret("hs2019")),
    ("SEC-040 under the name of the key's algorithm", with_secret("rsa-sha256")),
    ("SEC-043 for another inbox", older(target="/users/alice/inbox")),
    ("SEC-043 for another query", older(target=f"{INBOX}?x=1")),
    ("SEC-043 for another method", older(method="get")),
    ("SEC-054 an algorithm that is not the key's, by RFC 9421", newer(more=';alg="ed25519"')),
    ("SEC-053 a value that is not what it says", newer((*signing.FULL, MEMBER), **{MEMBER: ":AAAA:"})),
    ("SEC-053 of a request, in a request", newer((*signing.FULL, "@method;req"), **{"@method;req": "POST"})),
    ("SEC-053 a trailer", newer((*signing.FULL, "x-a;tr"), **{"x-a;tr": ""})),
    ("SEC-042 another method, by RFC 9421", newer(method="GET")),
]


@pytest.mark.parametrize("attack", [case[1] for case in WITH_THE_KEY], ids=[case[0] for case in WITH_THE_KEY])
def test_sec_039_to_sec_054_refused_with_the_key_in_hand(scene: Scene, attack: Attack) -> None:
    ros = scene.home.actor("ros", RSA)
    scene.takes(forged(ros, body(ros), algorithm="rsa-sha256"))
    scene.refuses(attack(ros), 401, fetches_max=1)


def test_sec_055_who_signed_is_who_is_named_by_the_label_that_verifies(scene: Scene) -> None:
    """Eve signs under a label of her own, and names alice under another: it is not alice who speaks."""
    message = signing.message(url=SITE + INBOX, body=body(scene.alice))
    own = signing.signed(message, KEYS[2], parameters=f';created={NOW};keyid="{scene.eve.key_id}"', label="mine")
    named = signing.signed(message, KEYS[2], parameters=f';created={NOW};keyid="{scene.alice.key_id}"', label="hers")
    both = appended(own, *((name, value) for name, value in named.headers if name.startswith("signature")))
    scene.refuses(both, 401, 403, fetches_max=4)
