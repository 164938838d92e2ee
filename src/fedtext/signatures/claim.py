"""What a request says about its signature: one linear grammar for the draft-cavage parameters.

Reads and bounds; believes nothing. Whatever needs no key and no clock to be refused, is refused here, so that nobody
makes us fetch a key for a header that could never be accepted.

Invariants: one request gives one claim or an error; parameter names compare without case and never repeat; components
are lower case and never repeat; the signature is canonical base64 of a bounded length.

Example:
    >>> parse_claim(request).key_id
    'https://a.example/users/1#main-key'

Sources: draft-cavage-http-signatures-12 sections 2.1, 2.3, 3.1, 4.1; SIG-07 to SIG-10, SIG-30; SEC-034 to SEC-039,
SEC-044, SEC-050, SEC-059.
"""

from __future__ import annotations

import re

import attrs

from ..config import Limits, Scheme
from ..errors import AlgorithmRefused, SignatureMalformed, SignatureMissing
from ..http import Headers, Request
from .base64_text import parse_base64

REQUEST_TARGET = "(request-target)"
CREATED = "(created)"
EXPIRES = "(expires)"

# What the parameter may say. It never chooses the algorithm, the key does; hs2019 and absence say nothing (SIG-08).
ALGORITHMS = ("rsa-sha256", "rsa-sha512", "hs2019", "ed25519")

PARAMETERS_COUNT_MAX = 16
COMPONENTS_COUNT_MAX = 64
SIGNATURE_BYTES_MAX = 1_024  # RSA of 8192 bits
TIME_DIGITS_MAX = 12

_PSEUDO_COMPONENTS = (REQUEST_TARGET, CREATED, EXPIRES)
# draft-cavage section 2.3: these families must not be combined with (created) and (expires).
_TIMELESS_FAMILIES = ("rsa", "hmac", "ecdsa")

# One parameter and the comma behind it. The possessive quantifiers keep it linear on any input. Quoted values take no
# backslash: no honest value needs an escape, and parsers disagree on them.
_PARAMETER = re.compile(
    r"""
    [ \t]*+ (?P<name> [A-Za-z][A-Za-z0-9_-]*+ )
    [ \t]*+ = [ \t]*+
    (?: " (?P<quoted> [^"\\]*+ ) " | (?P<bare> [^ \t",\\]++ ) )
    [ \t]*+ (?P<comma> ,? )
    """,
    re.VERBOSE,
)
# RFC 9110 section 5.6.2, lower case.
_FIELD_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]++")
_AUTHENTICATION_PREFIX = "signature "


@attrs.frozen(kw_only=True)
class SignatureClaim:
    """A parsed but unverified signature; every value is untrusted.

    Args:
        scheme: Which grammar it was read by.
        key_id: As given: visible ASCII, at most `Limits.iri_chars_max` characters, not yet an IRI.
        algorithm: One of `ALGORITHMS`, or None.
        covered: Components in signed order, lower case, each once.
        signature: Decoded, not empty.
        created_s: Seconds since the epoch, or None.
        expires_s: Seconds since the epoch, or None.
        parameters: All parameters as (lower-case name, value), in order of arrival.
    """

    scheme: Scheme
    key_id: str
    algorithm: str | None
    covered: tuple[str, ...]
    signature: bytes = attrs.field(repr=False)
    created_s: int | None = None
    expires_s: int | None = None
    parameters: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)


def parse_claim(request: Request, limits: Limits | None = None) -> SignatureClaim:
    """Read the signature parameters of a request from `Signature` or `Authorization: Signature`.

    Args:
        request: As received.
        limits: `signature_bytes_max` bounds the header, `iri_chars_max` the key id.

    Raises:
        SignatureMissing: There is no signature.
        SignatureMalformed: It breaks the grammar, repeats something, exceeds a limit, or two of them differ.
        AlgorithmRefused: It names an algorithm that is never accepted, or is of RFC 9421.
    """
    limits = limits or Limits()
    # SIG-30: this header decides which grammar a message is of; both schemes at once would be ambiguous (SEC-059).
    if "signature-input" in request.headers:
        raise AlgorithmRefused("signatures of RFC 9421 are not read; sign as in draft-cavage-http-signatures-12")
    text = _signature_text(request.headers)
    if len(text) > limits.signature_bytes_max:
        raise SignatureMalformed("the signature header is too long", size_bytes=len(text))
    parameters = _parse_parameters(text)
    values = dict(parameters)
    key_id = values.get("keyid", "")
    if not key_id or len(key_id) > limits.iri_chars_max or not all("!" <= character <= "~" for character in key_id):
        raise SignatureMalformed("keyId is missing or is not a bounded, visible ASCII text", key_id=key_id)
    algorithm = values.get("algorithm")
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise AlgorithmRefused("the named algorithm is never accepted", algorithm=algorithm)
    return SignatureClaim(
        scheme=Scheme.CAVAGE,
        key_id=key_id,
        algorithm=algorithm,
        covered=_parse_components(values.get("headers"), algorithm),
        signature=_parse_signature(values.get("signature", "")),
        created_s=_parse_time("created", values),
        expires_s=_parse_time("expires", values),
        parameters=parameters,
    )


def _signature_text(headers: Headers) -> str:
    """Give the one parameter string, wherever it stands (SEC-038)."""
    signatures = headers.get_all("signature")
    authorizations = headers.get_all("authorization")
    found = [_without_prefix(value) for value in signatures]
    found += [_without_prefix(value) for value in authorizations if value.lower().startswith(_AUTHENTICATION_PREFIX)]
    if not found:
        raise SignatureMissing("the request has no Signature header")
    if len(signatures) > 1 or len(authorizations) > 1 or any(text != found[0] for text in found):
        raise SignatureMalformed("the request has several signatures")
    return found[0]


def _without_prefix(value: str) -> str:
    """Cut off the authentication scheme, which some senders write into the Signature header too (SIG-07)."""
    cut = len(_AUTHENTICATION_PREFIX) if value.lower().startswith(_AUTHENTICATION_PREFIX) else 0
    return value[cut:].strip(" \t")


def _parse_parameters(text: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    position = 0
    while True:
        match = _PARAMETER.match(text, position)
        if match is None or len(found) == PARAMETERS_COUNT_MAX:
            raise SignatureMalformed("the signature parameters cannot be read", position=position)
        name = match["name"].lower()
        if name in found:
            raise SignatureMalformed("a signature parameter stands twice", parameter=name)
        quoted, bare = match["quoted"], match["bare"]
        found[name] = bare if quoted is None else quoted
        position = match.end()
        if not match["comma"]:
            break
    if position != len(text):
        raise SignatureMalformed("there is more behind the signature parameters", position=position)
    return tuple(found.items())


def _parse_components(text: str | None, algorithm: str | None) -> tuple[str, ...]:
    if text is None:
        # draft-cavage section 2.1.6 in the reading of the network (SIG-09, CAV-04); the coverage check refuses both.
        return (CREATED,) if algorithm == "hs2019" else ("date",)
    components = tuple(name.lower() for name in text.split(" ") if name)
    if not components or len(components) > COMPONENTS_COUNT_MAX:
        raise SignatureMalformed("the list of signed headers is empty or too long", count=len(components))
    if len(set(components)) != len(components):
        raise SignatureMalformed("the list of signed headers names one twice", headers=text)
    for name in components:
        if name not in _PSEUDO_COMPONENTS and _FIELD_NAME.fullmatch(name) is None:
            raise SignatureMalformed("the list of signed headers has a name that cannot be one", header=name)
    if (
        algorithm is not None
        and algorithm.startswith(_TIMELESS_FAMILIES)
        and not {CREATED, EXPIRES}.isdisjoint(components)
    ):
        raise SignatureMalformed("(created) and (expires) do not go with this algorithm", algorithm=algorithm)
    return components


def _parse_signature(text: str) -> bytes:
    signature = parse_base64(text)
    if not signature or len(signature) > SIGNATURE_BYTES_MAX:
        raise SignatureMalformed("the signature is missing, too long, or not base64", size_chars=len(text))
    return signature


def _parse_time(name: str, values: dict[str, str]) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    # str.isdigit alone takes digits of every script (SEC-045).
    if not (text.isascii() and text.isdigit() and len(text) <= TIME_DIGITS_MAX):
        raise SignatureMalformed("a time of the signature is not in whole seconds", parameter=name, value=text)
    return int(text)
