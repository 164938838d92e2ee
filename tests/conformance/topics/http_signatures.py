"""HTTP signatures: draft-cavage as the network uses it; RFC 9421."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.config import SignaturePolicy
from fedtext.errors import FedtextError
from fedtext.http import Headers, Request
from fedtext.keys import HashName, VerificationKey, load_private_pem, load_public_pem
from fedtext.signatures import SignatureClaim, parse_claim, signature_base, verify

from ..cases import Case, NotYet, Overrides, listed, own_case, read_json, wanted

_KEYS: Final = "rfc9421-keys.json"
_HASHES: Final = {"rsa-sha512": HashName.SHA512}
# The key of the draft's own examples has 1024 bits.
_ANY_SIZE: Final = SignaturePolicy(rsa_bits_min=512)


def cases(folder: Path, _overrides: Overrides) -> Iterator[Case]:
    """Give the cases of the five files."""
    for case, document in listed(folder, "cavage-appendix-c.json"):
        keys = document["keys"]
        yield own_case(
            "cavage-appendix-c.json",
            case,
            wanted(case),
            lambda case=case, keys=keys: _verify_bytes(case, keys[case["key"]]["public_pem"]),
            refused="invalid",
        )
    shared = read_json(folder / _KEYS)["keys"] if (folder / _KEYS).is_file() else {}
    for case, document in listed(folder, "cavage-fediverse.json"):
        yield own_case(
            "cavage-fediverse.json",
            case,
            wanted(case),
            lambda case=case, document=document: _verify(case, document, shared[case["key"]]),
            refused="invalid",
        )
    for name in ("rfc9421-components.json", "rfc9421-cases.json", "rfc9421-fediverse.json"):
        for case, _ in listed(folder, name):
            yield own_case(name, case, (), _not_yet)


def _not_yet() -> Any:
    raise NotYet("RFC 9421")


def _request(message: Mapping[str, Any]) -> Request:
    headers = Headers.build((name, value) for name, value in message["headers"])
    return Request(
        method=message["method"],
        scheme=message["scheme"],
        authority=next(iter(headers.get_all("host")), ""),
        target=message["target"],
        headers=headers,
        body=message["body"].encode("utf-8"),
    )


def _base(request: Request, claim: SignatureClaim) -> bytes:
    return signature_base(request, claim.covered, created_s=claim.created_s, expires_s=claim.expires_s)


def _verify_bytes(case: Mapping[str, Any], pem: str) -> str:
    """Compare the base and verify it, with no regard to dates, size of the key, digest and coverage."""
    request = _request(case["message"])
    claim = parse_claim(request)
    base = _base(request, claim)
    if case.get("expected_base") not in (None, base.decode("latin-1")):
        return f"another base: {base!r}"
    load_public_pem(pem, _ANY_SIZE).verify(
        claim.signature, base, hash_name=_HASHES.get(claim.algorithm or "", HashName.SHA256)
    )
    return "valid"


def _verify(case: Mapping[str, Any], document: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """Parse and verify under the policy; then compare the base, and sign again where the case says what comes out."""
    request = _request(case["message"])
    policy = _policy(document["policies"], case.get("policy", "default"))
    now_s = case.get("now", document["now"])
    try:
        claim = parse_claim(request)
        key = VerificationKey(
            key_id=claim.key_id, owner=claim.key_id.partition("#")[0], public=load_public_pem(keys["public_spki_pem"])
        )
        verify(
            request,
            claim,
            key,
            now_s=now_s,
            authorities={request.authority.lower()},
            policy=SignaturePolicy(past_s_max=policy["max_age_s"], future_s_max=policy["skew_s"]),
        )
    except FedtextError:
        return "invalid"
    base = _base(request, claim)
    if case.get("expected_base") not in (None, base.decode("latin-1")):
        return f"another base: {base!r}"
    expected = case.get("expected_signature_b64")
    if expected is not None:
        hash_name = _HASHES.get(claim.algorithm or "", HashName.SHA256)
        signed = load_private_pem(keys["private_pkcs8_pem"]).sign(base, hash_name=hash_name)
        if base64.b64encode(signed).decode("ascii") != expected:
            return "signed otherwise"
    return "valid"


def _policy(policies: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Give a policy with what it inherits."""
    own = policies[name]
    inherited = _policy(policies, own["base"]) if "base" in own else {}
    return {**inherited, **own}
