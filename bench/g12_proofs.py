"""G12: an integrity proof costs little more than the canonical JSON and the signature in it.

Anchor: what nobody can do without. The document and the options brought to canonical JSON by the plainest means that
are right for them (the standard library's encoder with sorted members, no numbers that need care), two digests, and one
operation of Ed25519. Subject: `data_integrity.sign` and `data_integrity.verify`, shape and times checked, the proof
read or written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from bench import documents
from bench.measuring import Measured, medians_us
from fedtext.keys import VerificationKey, generate_ed25519
from fedtext.signatures import data_integrity
from fedtext.wire.json import JsonObject

PROOF_MAX = 1.5
ROUNDS = 31

NOW_S = 1_790_000_000
ALICE = "https://a.example/users/1"
METHOD = f"{ALICE}#ed25519-key"


def measure() -> list[Measured]:
    """Measure."""
    key = generate_ed25519()
    document = documents.create()
    signed = data_integrity.sign(document, key, verification_method=METHOD, created_s=NOW_S)
    keys = {METHOD: VerificationKey(METHOD, ALICE, key.public)}
    proof: JsonObject = {name: value for name, value in signed["proof"].items() if name != "proofValue"}  # type: ignore[union-attr]

    def data() -> bytes:
        return hashlib.sha256(_canonical(proof)).digest() + hashlib.sha256(_canonical(document)).digest()

    value = key.sign(data())
    cases: dict[str, Callable[[], object]] = {
        "sign floor": lambda: key.sign(data()),
        "sign": lambda: data_integrity.sign(document, key, verification_method=METHOD, created_s=NOW_S),
        "verify floor": lambda: key.public.verify(value, data()),
        "verify": lambda: data_integrity.verify(signed, keys, now_s=NOW_S),
    }
    found = medians_us(cases, rounds=ROUNDS)
    return [
        Measured(
            goal="G12",
            what=f"integrity proof, eddsa-jcs-2022: {name}",
            anchor=found[f"{name} floor"],
            subject=found[name],
            reach=PROOF_MAX,
        )
        for name in ("sign", "verify")
    ]


def _canonical(value: JsonObject) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


if __name__ == "__main__":
    for measured in measure():
        print(measured.line())
