"""G4: to build one signed request costs little more than the one RSA signature in it.

Anchor: one RSA-2048 signature, in the library that we use too. Subject: the whole signed request to one inbox, with the
bytes and the digest of the post at hand, as they are when one post goes to many.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bench import documents
from bench.measuring import Measured, medians_us
from fedtext.config import Scheme
from fedtext.http import Request
from fedtext.keys import PrivateKey
from fedtext.signatures import build_digest, sign

SIGNING_MAX = 1.1
ROUNDS = 31

NOW_S = 1_790_000_000
KEY_ID = "https://a.example/users/1#main-key"
INBOX = "https://b.example/users/2/inbox"


def measure() -> list[Measured]:
    """Measure."""
    material = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    key, message = PrivateKey(material), b"x" * 300
    body = documents.to_bytes(documents.create())
    digest = build_digest(body)
    fields = (("user-agent", "example/1.0"), ("content-type", "application/activity+json"), ("accept", "*/*"))

    def signing(scheme: Scheme) -> object:
        request = Request.to(INBOX, method="POST", headers=fields, body=body)
        return sign(request, key, key_id=KEY_ID, now_s=NOW_S, digest=digest, scheme=scheme)

    found = medians_us(
        {
            "floor": lambda: material.sign(message, padding.PKCS1v15(), hashes.SHA256()),
            **{scheme.value: (lambda scheme=scheme: signing(scheme)) for scheme in Scheme},
        },
        rounds=ROUNDS,
    )
    return [
        Measured(
            goal="G4",
            what=f"building one signed request, {scheme.value}",
            anchor=found["floor"],
            subject=found[scheme.value],
            reach=SIGNING_MAX,
        )
        for scheme in Scheme
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
