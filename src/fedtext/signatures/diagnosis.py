"""Why a signature did not verify: the usual mistakes of signers, tried out after the failure.

Decides nothing: whatever is found here, the request stays refused. A hint says which other bytes the peer has signed,
so that two administrators need not compare signature bases by hand.

Invariants: at most `TRIES_COUNT_MAX` verifications; no error leaves; a hint never contains anything of the request.

Example:
    >>> diagnose(request, parse_claim(request), key)
    'the peer signed the path without its query'

Sources: wire rules 2.1 and 2.2; SEC-018, SIG-03, SIG-06, SIG-12, SIG-14, SIG-15.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..config import Scheme
from ..errors import DocumentError, FedtextError
from ..http import Request
from ..keys import EcdsaForm, HashName, NamedKey
from ..wire.jcs import canonize
from ..wire.json import parse_object
from .cavage import signature_base
from .claim import SignatureClaim
from .components import SIGNATURE_PARAMS, component_lines

TRIES_COUNT_MAX: Final = 24

# Identifier and value, as on a line of the base.
_Line: TypeAlias = tuple[str, str]
_Change: TypeAlias = Callable[[str, str], str]

_TARGETS: Final = ("(request-target)", '"@target-uri"', '"@request-target"', '"@query"')
_HOSTS: Final = ("host", '"host"', '"@authority"', '"@target-uri"')
_DIGESTS: Final = ("digest", '"digest"', '"content-digest"')
_TYPES: Final = ("content-type", '"content-type"')
_METHODS: Final = ("(request-target)", '"@method"')
_FRAGMENT: Final = "#main-key"
_USUAL_ORDER: Final = ("(request-target)", "host", "date", "digest", "content-type")


def diagnose(request: Request, claim: SignatureClaim, key: NamedKey) -> str | None:
    """Find out which usual mistake explains that a signature does not verify.

    Args:
        request: As received, and refused.
        claim: From `parse_claim` of the same request.
        key: Under which it did not verify.

    Returns:
        What the peer did, in a sentence without a capital and a full stop; None when nothing usual explains it, or
        when there is nothing to explain.
    """
    try:
        lines = _lines(request, claim)
    except FedtextError as error:
        return f"the signed bytes cannot be built again: {error.message}"
    if _verifies(claim, key, _joined(claim, lines)):
        return None
    material: object = key.public.material
    if isinstance(material, RSAPublicKey) and len(claim.signature) != (material.key_size + 7) // 8:
        return "the signature is not as long as the key: the peer signed with another key"
    # What makes no difference was tried just now, and so was what two mistakes have in common.
    suspicions = {_joined(claim, lines): ""}
    for hint, base in _suspicions(request, claim, lines):
        suspicions.setdefault(base, hint)
    for base, hint in islice(suspicions.items(), 1, TRIES_COUNT_MAX - 1):
        if _verifies(claim, key, base):
            return hint
    if isinstance(material, RSAPublicKey):
        other = HashName.SHA256 if claim.algorithm == "rsa-sha512" else HashName.SHA512
        if _verifies(claim, key, _joined(claim, lines), other):
            return f"the peer signed with {other.value.upper()} and does not say so"
    return None


def diagnose_digest(value: str, body: bytes) -> str | None:
    """Find out of which other bytes a digest is, or what else about it is unusual.

    Args:
        value: Of Digest or Content-Digest: one member.
        body: As received, which it does not fit.

    Returns:
        What the peer did, as in `diagnose`; None when nothing usual explains it.
    """
    name, _, text = value.partition("=")
    make = hashlib.sha512 if name.strip().lower() == "sha-512" else hashlib.sha256
    claimed = text.strip().strip(":")
    for hint, other in _other_bodies(body):
        if claimed == _written(make(other).digest()):
            return hint
    digest = make(body).digest()
    if claimed.lower() == digest.hex():
        return "the digest is written in hexadecimal, not in base64"
    if claimed == base64.b64encode(digest.hex().encode("ascii")).decode("ascii"):
        return "the digest is the base64 of its hexadecimal form"
    if claimed.replace("-", "+").replace("_", "/").rstrip("=") == _written(digest).rstrip("="):
        return "the digest is in another base64: without padding, or that of URLs"
    if claimed in (_written(hashlib.sha512(body).digest()), _written(hashlib.sha256(body).digest())):
        return "the digest is of another hash than it names"
    return None


def _written(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")


def _other_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what may have been hashed in place of the body, the likely first."""
    yield "the peer took the digest of an empty body", b""
    yield "a line break was put behind the body, or its last one taken away", body.rstrip(b"\r\n")
    yield "a line break was put behind the body, or its last one taken away", body + b"\n"
    yield "a line break was put behind the body, or its last one taken away", body + b"\r\n"
    yield "the line ends of the body were changed", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "the line ends of the body were changed", body.replace(b"\r\n", b"\n")
    try:
        document = parse_object(body)
    except DocumentError:
        return
    hint = "the body was read as JSON and written anew after the digest was taken"
    for separators in ((",", ":"), (", ", ": ")):
        for is_ascii in (True, False):
            text = json.dumps(document, separators=separators, ensure_ascii=is_ascii)
            yield hint, text.encode("utf-8")
            yield hint, text.replace("/", "\\/").encode("utf-8")
    try:
        yield hint, canonize(document)
    except DocumentError:
        return


def _lines(request: Request, claim: SignatureClaim) -> list[_Line]:
    if claim.scheme is Scheme.RFC9421:
        texts = component_lines(claim.components, request)
        names = [component.identifier for component in claim.components]
    else:
        base = signature_base(request, claim.covered, created_s=claim.created_s, expires_s=claim.expires_s)
        texts, names = base.decode("latin-1").split("\n"), list(claim.covered)
    return [(name, text[len(name) + 2 :]) for name, text in zip(names, texts, strict=True)]


def _joined(claim: SignatureClaim, lines: Sequence[_Line], *, params: str | None = None) -> bytes:
    texts = [f"{name}: {value}" for name, value in lines]
    if claim.scheme is Scheme.RFC9421:
        texts.append(f'"{SIGNATURE_PARAMS}": {claim.signature_params if params is None else params}')
    return "\n".join(texts).encode("latin-1")


def _suspicions(request: Request, claim: SignatureClaim, lines: Sequence[_Line]) -> Iterator[tuple[str, bytes]]:
    """Give what the peer may have signed instead, the likely first; it may be what it should have signed."""
    for hint, names, change in _changes(request):
        changed = [(name, change(name, value) if name in names else value) for name, value in lines]
        yield hint, _joined(claim, changed)
    base = _joined(claim, lines)
    yield "the peer signed a line break behind the last line", base + b"\n"
    if claim.scheme is Scheme.RFC9421:
        yield "the peer signed without the last line, @signature-params", base.rpartition(b"\n")[0]
        label = f"{claim.label}={claim.signature_params}"
        yield "the peer signed the label in front of the parameters", _joined(claim, lines, params=label)
    for order in _orders(request, lines):
        yield "the peer signed the headers in another order than it lists them", _joined(claim, order)


def _changes(request: Request) -> Iterator[tuple[str, Sequence[str], _Change]]:
    """Name each mistake, the lines that it touches, and what it makes of their values."""
    host = request.authority
    bare = host.rpartition(":")[0] or host
    port = f"{bare}:{'443' if request.scheme == 'https' else '80'}"
    yield "the peer signed the path without its query", _TARGETS, _without_query
    yield "the peer signed the fragment of the URL", _TARGETS, lambda _, value: value + _FRAGMENT
    yield "the peer signed the whole URL in place of the path", _TARGETS[:1], lambda _, value: _absolute(value, request)
    yield "the peer signed the path only in place of the URL", _TARGETS[1:2], lambda _, _value: request.target
    yield "the peer signed the host with its default port", _HOSTS, _replaced(host, port)
    yield "the peer signed the host without its port", _HOSTS, _replaced(host, bare)
    yield "the peer signed the host in lower case", _HOSTS, _replaced(host, host.lower())
    yield "the peer signed the name of the digest in lower case", _DIGESTS, _replaced("SHA-256=", "sha-256=")
    yield "the peer signed the name of the digest in upper case", _DIGESTS, _replaced("sha-256=", "SHA-256=")
    other = "http" if request.scheme == "https" else "https"
    yield f"the peer signed the URL with {other}", _TARGETS[1:2], _replaced(f"{request.scheme}://", f"{other}://")
    yield "the peer signed the path without its percent-encoding", _TARGETS, lambda _, value: _decoded(value)
    forwarded = request.headers.get("x-forwarded-host") or host
    yield "the peer signed another host, which a proxy noted in X-Forwarded-Host", _HOSTS, _replaced(host, forwarded)
    yield "the peer signed Content-Type without its parameters", _TYPES, lambda _, value: value.partition(";")[0]
    yield "the peer signed the method in upper case", _METHODS[:1], _replaced(request.method.lower(), request.method)
    yield "the peer signed the method in lower case", _METHODS[1:], lambda _, value: value.lower()


def _without_query(name: str, value: str) -> str:
    """Cut the query off; of "@query" its question mark stays."""
    return "?" if name == '"@query"' else value.partition("?")[0]


def _absolute(value: str, request: Request) -> str:
    return f"{value.partition(' ')[0]} {request.url}"


def _decoded(value: str) -> str:
    """Undo percent-encoding where the result could have stood on a line."""
    decoded = unquote(value, "latin-1")
    return decoded if decoded.isprintable() else value


def _replaced(old: str, new: str) -> _Change:
    return lambda _, value: value.replace(old, new, 1)


def _orders(request: Request, lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Give the lines in the orders that signers fall into: the usual one, the one of the request, the alphabet."""
    arrived = enumerate(field for field, _ in request.headers)
    places = {name: place for place, name in reversed(list(arrived))}
    yield sorted(lines, key=lambda line: _USUAL_ORDER.index(line[0]) if line[0] in _USUAL_ORDER else len(_USUAL_ORDER))
    yield sorted(lines, key=lambda line: places.get(line[0].strip('"'), -1))
    yield sorted(lines, key=lambda line: places.get(line[0].strip('"'), len(places)))
    yield sorted(lines)


def _verifies(claim: SignatureClaim, key: NamedKey, base: bytes, hash_name: HashName | None = None) -> bool:
    """Ask whether some bytes were signed. Used for explanations only: evidence comes from `verify`."""
    named = HashName.SHA512 if claim.algorithm == "rsa-sha512" else HashName.SHA256
    try:
        key.public.verify(claim.signature, base, hash_name=hash_name or named, form=EcdsaForm.RAW)
    except FedtextError:
        return False
    return True
