"""G13: to verify the linked-data signature of a typical note takes 2 ms at most.

Anchor: the bound. Subject: `linked_data.parse_signature` and `linked_data.verify`: the dataset made by PyLD and brought
to canonical form, the guards before, and the document that goes on after.
"""

from __future__ import annotations

from bench import documents
from bench.measuring import Measured, medians_us
from fedtext.keys import VerificationKey, generate_rsa
from fedtext.signatures import linked_data

LINKED_DATA_US_MAX = 2_000.0
ROUNDS = 15

NOW_S = 1_790_000_000


def measure() -> list[Measured]:
    """Measure."""
    document = documents.create()
    owner = str(document["actor"])
    creator = f"{owner}#main-key"
    rsa = generate_rsa()
    signed = linked_data.sign(document, rsa, creator=creator, created_s=NOW_S)
    key = VerificationKey(creator, owner, rsa.public)

    def verifying() -> object:
        return linked_data.verify(signed, linked_data.parse_signature(signed), key, now_s=NOW_S)

    found = medians_us({"verify": verifying}, rounds=ROUNDS)
    return [
        Measured(
            goal="G13",
            what="linked-data signature, RsaSignature2017: verify",
            anchor=LINKED_DATA_US_MAX,
            subject=found["verify"],
            reach=1.0,
        )
    ]


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
