"""Integrity proofs: FEP-8b32, ML-DSA, identity statements, and the intermediate values of the W3C."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.config import Limits
from fedtext.errors import AlgorithmRefused, FedtextError
from fedtext.jsonld import signed_options, signed_view
from fedtext.keys import VerificationKey, load_secret_multikey, parse_did_key, parse_multikey
from fedtext.signatures import check_owner, data_integrity, owner_of
from fedtext.wire import jcs

from ..cases import Case, Overrides, as_received, listed, own_case, read_json, seconds, wanted

_LIMITS: Final = Limits()
_FILES: Final = ("fep-8b32.json", "mldsa44-jcs-2024.json")


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the three files, and one a cryptosuite."""
    for name in _FILES:
        for case, document in listed(folder, name):
            yield own_case(
                name,
                case,
                wanted(case),
                lambda case=case, document=document: _verify(case, document),
                refused="invalid",
            )
    statement = folder / "fep-c390.json"
    if statement.is_file():
        document = read_json(statement)
        yield Case(file=statement.name, id="fep-c390", want=("valid",), run=lambda: _statement(document))
    vectors = folder / "vc-di-eddsa"
    for suite in sorted(path for path in vectors.glob("*") if path.is_dir()):
        yield Case(
            file=f"vc-di-eddsa/{suite.name}",
            id=suite.name,
            want=("same",),
            run=lambda suite=suite: _intermediate(suite, vectors),
        )


def _verify(case: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """Verify a document, and demand that its owner signed it where it has one."""
    keys = _keys(case, document)
    now_s = seconds(case["now"] if "now" in case else document["now"])
    received = as_received(case["document"])
    verified = data_integrity.verify(received, keys, now_s=now_s)
    if owner_of(received) is not None:
        check_owner(verified)
    if "proof" in verified.document or "signature" in verified.document:
        return "the proof goes on"
    if "unsigned" in case and "created" in case:
        return _signed_again(case, document, keys)
    return "valid"


def _signed_again(case: Mapping[str, Any], document: Mapping[str, Any], keys: Mapping[str, VerificationKey]) -> str:
    again = data_integrity.sign(
        as_received(case["unsigned"]),
        load_secret_multikey(document["secret_key_multibase"]),
        verification_method=next(iter(keys)),
        created_s=seconds(case["created"]),
    )
    return "valid" if again == as_received(case["document"]) else "signed otherwise"


def _keys(case: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, VerificationKey]:
    """Give the keys that the resolver knows: those of the file's actor, or the one of the case."""
    own = case.get("publicKeyMultibase")
    if own is not None:
        method: str = case["document"]["proof"]["verificationMethod"]
        return {method: VerificationKey(method, method.partition("#")[0], parse_multikey(own))}
    listed_keys = document["actor"]["assertionMethod"] if "actor" in document else [document["key"]]
    found: dict[str, VerificationKey] = {}
    for key in listed_keys:
        try:
            public = parse_multikey(key["publicKeyMultibase"])
        except AlgorithmRefused:
            continue  # ML-DSA, which not every `cryptography` has
        found[key["id"]] = VerificationKey(key["id"], key["controller"], public)
    return found


def _statement(document: Mapping[str, Any]) -> str:
    """Verify a statement under the key that its subject is; changed, it must not verify."""
    statement = as_received(document["proof"])
    did = str(statement["subject"])
    keys = {did: VerificationKey(did, did, parse_did_key(did))}
    now_s = seconds("2100-01-01T00:00:00Z")
    check_owner(data_integrity.verify(statement, keys, now_s=now_s))
    try:
        data_integrity.verify({**statement, "alsoKnownAs": "https://other.example/users/bob"}, keys, now_s=now_s)
    except FedtextError:
        return "valid"
    return "a changed statement verifies"


def _intermediate(suite: Path, vectors: Path) -> str:
    """Compare every value on the way to the signature; then verify what was signed."""
    pair = read_json(vectors / "keyPair.json")
    unsigned = as_received(read_json(vectors / "unsigned.json"))
    config = as_received(read_json(next(suite.glob("proofConfig*.json"))))
    if suite.name.endswith("-jcs-2022"):
        canonical, options = jcs.canonize(unsigned), jcs.canonize(config)
    else:
        canonical = signed_view(unsigned, _LIMITS).canonical.encode("utf-8")
        options = signed_options(config, _LIMITS).encode("utf-8")
    digests = [hashlib.sha256(text).digest() for text in (options, canonical)]
    signature = load_secret_multikey(pair["privateKeyMultibase"]).sign(b"".join(digests))
    given = {
        "canonDoc": canonical.rstrip(b"\n"),
        "proofCanon": options.rstrip(b"\n"),
        "docHash": digests[1].hex().encode(),
        "proofHash": digests[0].hex().encode(),
        "combinedHash": b"".join(digests).hex().encode(),
        "sigHex": signature.hex().encode(),
    }
    for name, value in given.items():
        if next(suite.glob(f"{name}*.txt")).read_bytes().rstrip(b"\n") != value:
            return f"another {name}"
    signed = as_received(read_json(next(suite.glob("signed*.json"))))
    proof: Any = signed["proof"]
    if proof["proofValue"] != next(suite.glob("sigBTC58*.txt")).read_text("ascii").strip():
        return "another proofValue"
    method: str = proof["verificationMethod"]
    key = VerificationKey(method, method.partition("#")[0], parse_multikey(pair["publicKeyMultibase"]))
    data_integrity.verify(signed, {method: key}, now_s=seconds("2100-01-01T00:00:00Z"))
    return "same"
