"""HTTP signatures: draft-cavage as the network uses it; RFC 9421."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedtext.config import Scheme, SignaturePolicy
from fedtext.errors import FedtextError, MalformedText, SignatureMalformed, SignatureMissing
from fedtext.http import Headers, Request, Response
from fedtext.keys import HashName, VerificationKey, load_private_pem, load_public_pem
from fedtext.signatures import (
    SignatureClaim,
    claimed_base,
    component_lines,
    message_base,
    parse_claim,
    parse_claims,
    parse_response_claims,
    verify,
)
from fedtext.signatures.algorithms import ACCEPTED, check_fits
from fedtext.signatures.components import normalized_authority, parse_components
from fedtext.signatures.rfc9421 import verify_message
from fedtext.signatures.rfc9421_claim import written_anew
from fedtext.wire.structured_fields import InnerList, parse_list

from ..cases import Case, Overrides, listed, own_case, read_json, seconds, wanted

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
    for case, _ in listed(folder, "rfc9421-components.json"):
        want = wanted(case, "expected_lines")
        yield own_case("rfc9421-components.json", case, want, lambda case=case: _lines(case), refused="refused")
    for case, _ in listed(folder, "rfc9421-cases.json"):
        yield own_case(
            "rfc9421-cases.json",
            case,
            wanted(case),
            lambda case=case: _verify_message(case, shared[case["keyid"]]),
            refused="invalid",
        )
    for case, document in listed(folder, "rfc9421-fediverse.json"):
        yield own_case(
            "rfc9421-fediverse.json",
            case,
            wanted(case),
            lambda case=case, document=document: _verify(case, document, shared[case["key"]]),
            refused="invalid",
        )


def _request(message: Mapping[str, Any]) -> Request:
    """Make a request; a message that is only headers is one of which nothing else is asked."""
    headers = Headers.build((name, value) for name, value in message["headers"])
    return Request(
        method=message.get("method", "GET"),
        scheme=message.get("scheme", "https"),
        authority=next(iter(headers.get_all("host")), ""),
        target=message.get("target", "/"),
        headers=headers,
        body=message["body"].encode("utf-8"),
    )


def _message(message: Mapping[str, Any]) -> tuple[Request | Response, Request | None]:
    """Make a request, or a response and the request that it answers."""
    if message["type"] != "response":
        return _request(message), None
    headers = Headers.build((name, value) for name, value in message["headers"])
    response = Response(status=message["status"], headers=headers, body=message["body"].encode("utf-8"))
    related = message.get("related_request") or message.get("request")
    return response, None if related is None else _request(related)


def _lines(case: Mapping[str, Any]) -> list[str]:
    """Read the identifiers as they stand in a field, and give their lines."""
    message, related = _message(case["message"])
    trailers = Headers.build((name, value) for name, value in case["message"].get("trailers", ()))
    try:
        (listed_components,) = parse_list(f"({' '.join(case['components'])})")
    except MalformedText as error:
        raise SignatureMalformed from error
    assert isinstance(listed_components, InnerList)
    components = parse_components(listed_components.items)
    return component_lines(components, message, request=related, trailers=trailers)


def _verify_message(case: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """Compare the base of one label and verify it, with no regard to dates, digest and coverage."""
    message, related = _message(case["message"])
    claims = parse_claims(message) if isinstance(message, Request) else parse_response_claims(message)
    claim = next(one for one in claims if one.label == case["label"])
    bases = _message_bases(message, claim, related)
    if case.get("expected_base") not in (None, *(base.decode("ascii") for base in bases)):
        return f"another base: {bases!r}"
    if case["alg"] not in ACCEPTED:
        return "unsupported"
    key = _key(case["keyid"], keys)
    check_fits(case["alg"], key)
    verify_message(message, claim, key, request=related)
    if case.get("deterministic"):
        signed = load_private_pem(keys["private_pkcs8_pem"]).sign(bases[0])
        if base64.b64encode(signed).decode("ascii") != case["expected_signature_b64"]:
            return "signed otherwise"
    return "valid"


def _key(key_id: str, keys: Mapping[str, str]) -> VerificationKey:
    return VerificationKey(key_id, key_id.partition("#")[0], load_public_pem(keys["public_spki_pem"]))


def _verify_bytes(case: Mapping[str, Any], pem: str) -> str:
    """Compare the base and verify it, with no regard to dates, size of the key, digest and coverage."""
    request = _request(case["message"])
    claim = parse_claim(request)
    base = claimed_base(request, claim)
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
    now_s = seconds(case["now"] if "now" in case else document["now"])
    claim = _verified(request, case, keys, now_s, policy)
    bases = _bases(request, claim)
    if case.get("expected_base") not in (None, *(base.decode("latin-1") for base in bases)):
        return f"another base: {bases!r}"
    expected = case.get("expected_signature_b64")
    if expected is not None:
        hash_name = _HASHES.get(claim.algorithm or "", HashName.SHA256)
        signed = load_private_pem(keys["private_pkcs8_pem"]).sign(bases[0], hash_name=hash_name)
        if base64.b64encode(signed).decode("ascii") != expected:
            return "signed otherwise"
    return "valid"


def _verified(
    request: Request, case: Mapping[str, Any], keys: Mapping[str, str], now_s: float, policy: Mapping[str, Any]
) -> SignatureClaim:
    """Give the first claim that verifies; a claim under another key id than that of the case has no key."""
    own = SignaturePolicy(
        past_s_max=policy["max_age_s"],
        future_s_max=policy["skew_s"],
        insecure_uncovered_query=not policy.get("require_query", False),
    )
    failed: FedtextError = SignatureMissing("no signature is of the key of the case")
    for claim in parse_claims(request):
        if claim.key_id != case.get("keyid", claim.key_id):
            continue
        key = _key(claim.key_id, keys)
        try:
            verify(request, claim, key, now_s=now_s, authorities=_authorities(request), policy=own)
        except FedtextError as error:
            failed = error
            continue
        return claim
    raise failed


def _bases(request: Request, claim: SignatureClaim) -> list[bytes]:
    if claim.scheme is Scheme.CAVAGE:
        return [claimed_base(request, claim)]
    return _message_bases(request, claim, None)


def _message_bases(message: Request | Response, claim: SignatureClaim, related: Request | None) -> list[bytes]:
    """Give what may have been signed: with the parameters as received, and as written anew."""
    params = (claim.signature_params, written_anew(claim.signature_params))
    return [message_base(claim.components, text, message, request=related) for text in params]


def _authorities(request: Request) -> set[str]:
    """Every host is ours; what the default port is, the library knows."""
    return {normalized_authority(request)}


def _policy(policies: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Give a policy with what it inherits."""
    own = policies[name]
    inherited = _policy(policies, own["base"]) if "base" in own else {}
    return {**inherited, **own}
