"""SIG: to verify a signed POST with a known key costs little more than what no verifier can do without.

Anchor: one RSA-2048 verification and the SHA-256 of the body, in the library that we use too. Subject: reading the
claim and verifying it, with a request whose fields nobody has looked at yet. The general parser of RFC 9421 is measured
with a request whose fields are spelled in a way that the short road does not take.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench import documents
from bench.measuring import Case, Measured, medians_us
from fedtext.config import Limits, Scheme
from fedtext.http import Request
from fedtext.keys import PrivateKey, VerificationKey
from fedtext.signatures import parse_claim, sign, verify
from fedtext.signatures.rfc9421_claim import parse_usual

USUAL_MAX = 1.5
GENERAL_MAX = 2.5

NOW_S = 1_790_000_000
OWNER = "https://a.example/users/1"
KEY_ID = f"{OWNER}#main-key"
INBOX = "https://b.example/users/2/inbox"
AUTHORITIES = frozenset({"b.example"})


def post(body: bytes) -> Request:
    """Give a POST with the fields that a server sees beside those of the signature."""
    fields = [
        ("user-agent", "example/1.0 (https://a.example/)"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip"),
        ("content-type", "application/activity+json"),
        ("content-length", str(len(body))),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
    ]
    return Request.to(INBOX, method="POST", headers=fields, body=body)


def spelled_otherwise(request: Request, key: PrivateKey) -> Request:
    """Sign as RFC 9421 with a parameter that the short road does not know, so that the general parser reads it."""
    body = f"sha-256=:{base64.b64encode(hashlib.sha256(request.body).digest()).decode('ascii')}:"
    params = (
        '("@method" "@target-uri" "content-type" "content-digest")'
        f';created={NOW_S};keyid="{KEY_ID}";alg="rsa-v1_5-sha256";version=1'
    )
    base = "\n".join(
        (
            f'"@method": {request.method}',
            f'"@target-uri": {INBOX}',
            '"content-type": application/activity+json',
            f'"content-digest": {body}',
            f'"@signature-params": {params}',
        )
    )
    value = base64.b64encode(key.sign(base.encode("ascii"))).decode("ascii")
    fields = request.headers.with_fields(
        ("content-digest", body), ("signature-input", f"sig1={params}"), ("signature", f"sig1=:{value}:")
    )
    return request.with_headers(fields)


def takes_short_road(request: Request) -> bool:
    """Tell which road a request takes."""
    values = [request.headers.get_all(name)[0] for name in ("signature-input", "signature")]
    return parse_usual(*values, Limits()) is not None


def verification(request: Request, key: VerificationKey) -> Case:
    """Give the call that verifies, each time with fields that nobody has looked at."""

    def verified() -> object:
        object.__setattr__(request.headers, "_by_name", None)
        return verify(request, parse_claim(request), key, now_s=NOW_S, authorities=AUTHORITIES)

    return verified


def floor(body: bytes) -> Callable[[], object]:
    """Give the call that is the anchor."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    message, public = b"x" * 300, key.public_key()
    signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def floored() -> None:
        hashlib.sha256(body).digest()
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())

    return floored


def measure() -> list[Measured]:
    """Measure."""
    body = documents.to_bytes(documents.create())
    material = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    key = PrivateKey(material)
    owned = VerificationKey(KEY_ID, OWNER, key.public)
    short = sign(post(body), key, key_id=KEY_ID, now_s=NOW_S, scheme=Scheme.RFC9421)
    general = spelled_otherwise(post(body), key)
    if not takes_short_road(short) or takes_short_road(general):
        raise SystemExit("the requests do not take the roads that they are made for")
    cases = {
        "draft-cavage": (sign(post(body), key, key_id=KEY_ID, now_s=NOW_S), USUAL_MAX),
        "RFC 9421, short road": (short, USUAL_MAX),
        "RFC 9421, general parser": (general, GENERAL_MAX),
    }
    found = medians_us(
        {"floor": floor(body), **{name: verification(request, owned) for name, (request, _) in cases.items()}}
    )
    return [
        Measured(
            goal="SIG",
            what=f"verifying {name}, {len(body)} bytes",
            anchor=found["floor"],
            subject=found[name],
            reach=reach,
        )
        for name, (_, reach) in cases.items()
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
