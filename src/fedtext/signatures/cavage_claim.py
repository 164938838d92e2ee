"""The claim of a draft-cavage signature: one linear grammar for its parameters.

There are two roads. The short one takes the one shape in which nearly everybody sends the parameters, by one cut at the
quotes; what it does not take goes the long one, parameter by parameter. Where the short road reads something, both read
the same; a property test holds them to that.

Reads and bounds; believes nothing. Whatever needs no key and no clock to be refused, is refused here, so that nobody
makes us fetch a key for a header that could never be accepted.

Invariants: one request gives one claim or an error; parameter names compare without case and never repeat; components
are lower case and never repeat; the signature is canonical base64 of a bounded length.

Example:
    >>> parse_cavage(request.headers.get_all("signature"), Limits()).key_id
    'https://a.example/users/1#main-key'

Sources: draft-cavage-http-signatures-12 sections 2.1, 2.3, 3.1, 4.1; SIG-07 to SIG-10; SEC-034 to SEC-039,
SEC-044, SEC-050.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from ..config import Limits
from ..errors import AlgorithmRefused, SignatureMalformed, SignatureMissing
from .base64_text import parse_base64
from .claim import CAVAGE, COMPONENTS_COUNT_MAX, SIGNATURE_BYTES_MAX, SignatureClaim, check_key_id

REQUEST_TARGET = "(request-target)"
CREATED = "(created)"
EXPIRES = "(expires)"

# What the parameter may say. It never chooses the algorithm, the key does; hs2019 and absence say nothing (SIG-08).
ALGORITHMS = ("rsa-sha256", "rsa-sha512", "hs2019", "ed25519")

PARAMETERS_COUNT_MAX = 16
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
# What stands around the values in the shape in which nearly everybody writes it.
_USUAL_FRAME = ["keyId=", ",algorithm=", ",headers=", ",signature=", ""]
_USUAL_PIECES = 9

# Senders use a handful of lists; a hostile one can only make us read its own list again.
_LISTS_KEPT_MAX: Final = 128
_KEPT_LIST_CHARS_MAX: Final = 256

# RFC 9110 section 5.6.2, lower case.
_FIELD_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]++")
_AUTHENTICATION_PREFIX = "signature "


def parse_cavage(values: Sequence[str], limits: Limits) -> SignatureClaim:
    """Read the one claim from the fields that hold parameters of draft-cavage.

    Args:
        values: All of them, of `Signature` and of `Authorization: Signature`; they must say the same (SEC-038).
        limits: `signature_bytes_max` bounds each, `iri_chars_max` the key id.

    Raises:
        SignatureMissing: There is none.
        SignatureMalformed: It breaks the grammar, repeats something, exceeds a limit, or two of them differ.
        AlgorithmRefused: It names an algorithm that is never accepted.
    """
    if not values:
        raise SignatureMissing("the request has no Signature header")
    text = _without_prefix(values[0])
    if len(values) > 1 and any(_without_prefix(value) != text for value in values):
        raise SignatureMalformed("the request has several signatures")
    if len(text) > limits.signature_bytes_max:
        raise SignatureMalformed("the signature header is too long", size_bytes=len(text))
    fields = _parse_usual(text) or _parse_parameters(text)
    algorithm = fields.get("algorithm")
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise AlgorithmRefused("the named algorithm is never accepted", algorithm=algorithm)
    return SignatureClaim(
        CAVAGE,
        check_key_id(fields.get("keyid"), limits),
        algorithm,
        _covered(fields.get("headers"), algorithm),
        _parse_signature(fields.get("signature", "")),
        _parse_time("created", fields),
        _parse_time("expires", fields),
        tuple(fields.items()),
    )


def is_authorization(value: str) -> bool:
    """Tell whether an Authorization header holds such a signature."""
    return value[:1] in ("s", "S") and value[: len(_AUTHENTICATION_PREFIX)].lower() == _AUTHENTICATION_PREFIX


def _without_prefix(value: str) -> str:
    """Cut off the authentication scheme, which some senders write into the Signature header too (SIG-07)."""
    cut = len(_AUTHENTICATION_PREFIX) if is_authorization(value) else 0
    return value[cut:].strip(" \t")


def _parse_usual(text: str) -> dict[str, str] | None:
    pieces = text.split('"')
    # Threat: a frame that matches says nothing of what stands behind one quote more (SEC-037).
    if len(pieces) != _USUAL_PIECES or pieces[::2] != _USUAL_FRAME or "\\" in text:
        return None
    return {"keyid": pieces[1], "algorithm": pieces[3], "headers": pieces[5], "signature": pieces[7]}


def _parse_parameters(text: str) -> dict[str, str]:
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
    return found


def _covered(text: str | None, algorithm: str | None) -> tuple[str, ...]:
    if text is None:
        # draft-cavage section 2.1.6 in the reading of the network (SIG-09, CAV-04); the coverage check refuses both.
        return (CREATED,) if algorithm == "hs2019" else ("date",)
    read = _kept_components if len(text) <= _KEPT_LIST_CHARS_MAX else _parse_components
    return read(text, algorithm)


def _parse_components(text: str, algorithm: str | None) -> tuple[str, ...]:
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


_kept_components: Final = lru_cache(maxsize=_LISTS_KEPT_MAX)(_parse_components)


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
