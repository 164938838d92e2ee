"""The claims of RFC 9421 signatures: `Signature-Input` and `Signature`, label by label.

Reads and bounds; believes nothing, and checks no coverage: that is `rfc9421`.

There are two roads. The short one takes the one shape in which nearly everybody sends these fields, by two patterns;
what it does not match goes the long one, through the grammar of structured fields. Where both give a claim, they give
the same; a property test holds them to that.

Invariants:
    - a label in one field only, a label twice, or more than `LABELS_COUNT_MAX` of them refuse the whole message
      (SEC-055, SEC-056);
    - a label that cannot be used is passed over for the sake of the others, and its error raised when there is none;
    - no component stands twice in a claim; the signature has a bounded length and is not empty.

HMS-06: `signature_params` is kept as received, since most signers sign what they send; `written_anew` gives what
sections 2.3 and 3.2 want to be signed, which is the same text for most.

Example:
    >>> parse_rfc9421(['sig1=("@method");created=1;keyid="k"'], ["sig1=:AAAA:"], Limits())[0].label
    'sig1'

Sources: RFC 9421 sections 2.3, 4.1, 4.2; HMS-01, HMS-02, HMS-06; SEC-050, SEC-053 to SEC-056; SIG-28.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from ..config import Limits
from ..errors import LimitExceeded, MalformedText, SignatureError, SignatureMalformed
from ..wire.structured_fields import BareItem, InnerList, Item, Member, build_list, parse_dictionary_members, parse_list
from .base64_text import parse_base64
from .claim import COMPONENTS_COUNT_MAX, RFC9421, SIGNATURE_BYTES_MAX, SignatureClaim, check_key_id
from .components import Component, parse_components

LABELS_COUNT_MAX: Final = 4
# The components, and how a claim names them.
_Covered: TypeAlias = tuple[tuple[Component, ...], tuple[str, ...]]

# Senders use a handful of lists; a hostile one can only make us read its own list again.
_LISTS_KEPT_MAX: Final = 128
_KEPT_LIST_CHARS_MAX: Final = 256

# One label, names without parameters, then integers and strings without escapes. Of a parameter that stands twice, a
# group keeps the last value, as structured fields do.
_USUAL_INPUT: Final = re.compile(
    r"""
    (?P<label> [a-z*][a-z0-9_\-.*]*+ ) =
    (?P<params>
        (?P<list> \( "[^"\\]++" (?>(?:[ ]"[^"\\]++")*) \) )
        (?>(?: ;
            (?> created=(?P<created> [1-9][0-9]{0,14} )
              | expires=(?P<expires> [1-9][0-9]{0,14} )
              | keyid="(?P<keyid> [ !\#-\[\]-~]*+ )"
              | alg="(?P<alg> [ !\#-\[\]-~]*+ )"
              | nonce="(?P<nonce> [ !\#-\[\]-~]*+ )"
              | tag="(?P<tag> [ !\#-\[\]-~]*+ )"
            )
        )*)
    )
    """,
    re.VERBOSE,
)
_USUAL_SIGNATURE: Final = re.compile(r"([a-z*][a-z0-9_\-.*]*+)=:([A-Za-z0-9+/]{2,}+={0,2}):")


def parse_rfc9421(inputs: Sequence[str], signatures: Sequence[str], limits: Limits) -> tuple[SignatureClaim, ...]:
    """Read every label that can be used.

    Args:
        inputs: Every value of `Signature-Input`, in order of arrival.
        signatures: Every value of `Signature` that is of RFC 9421.
        limits: `signature_bytes_max` bounds each of both fields, `iri_chars_max` the key id.

    Returns:
        One to `LABELS_COUNT_MAX` claims, in the order of `Signature-Input`.

    Raises:
        SignatureMalformed: A field breaks its grammar or a limit, the labels do not agree, or no label can be used.
    """
    input_text, signature_text = ", ".join(inputs), ", ".join(signatures)
    if len(input_text) > limits.signature_bytes_max or len(signature_text) > limits.signature_bytes_max:
        raise SignatureMalformed("the signature fields are too long", size_bytes=len(input_text) + len(signature_text))
    return _parse_any(input_text, signature_text, limits)


def parse_usual(input_text: str, signature_text: str, limits: Limits) -> SignatureClaim | None:
    """Take the short road.

    Args:
        input_text: The one value of `Signature-Input`.
        signature_text: The one value of `Signature`, of either scheme.
        limits: As in `parse_rfc9421`.

    Returns:
        The one claim; None when the fields are of another shape, or too long: then they go the long road.

    Raises:
        SignatureMalformed: As `parse_rfc9421`.
    """
    if len(input_text) > limits.signature_bytes_max or len(signature_text) > limits.signature_bytes_max:
        return None
    match = _USUAL_INPUT.fullmatch(input_text)
    if match is None:
        return None
    label, params, listed, created, expires, key_id, algorithm, nonce, tag = match.groups()
    before, separator, encoded = signature_text.partition("=:")
    if before != label or not separator or encoded[-1:] != ":":
        return None
    signature = parse_base64(encoded[:-1])
    if signature is None:  # the long road says whether it is an error
        return None
    _check_length(label, signature)
    components, covered = _kept(listed) if len(listed) <= _KEPT_LIST_CHARS_MAX else _listed(listed)
    created_s, expires_s = None if created is None else int(created), None if expires is None else int(expires)
    check_key_id(key_id, limits)
    return SignatureClaim(
        RFC9421, key_id, algorithm, covered, signature, created_s, expires_s, (), label, nonce, tag, components, params
    )


def _listed(text: str) -> _Covered:
    return _covered([Item(name) for name in text[2:-2].split('" "')])


_kept: Final = lru_cache(maxsize=_LISTS_KEPT_MAX)(_listed)


def written_anew(signature_params: str) -> str:
    """Write a list of components and its parameters by the rules of RFC 9421 section 2.3.

    Args:
        signature_params: Of a claim, as received.
    """
    return build_list(parse_list(signature_params))


def _parse_any(input_text: str, signature_text: str, limits: Limits) -> tuple[SignatureClaim, ...]:
    inputs, signatures = _dictionary("Signature-Input", input_text), _signatures(signature_text)
    if inputs.keys() != signatures.keys():
        odd = sorted(inputs.keys() ^ signatures.keys())
        raise SignatureMalformed("a label is in one of Signature-Input and Signature only", label=" ".join(odd))
    if not 1 <= len(inputs) <= LABELS_COUNT_MAX:
        raise SignatureMalformed("there is no label, or there are too many", count=len(inputs))
    claims: list[SignatureClaim] = []
    unusable: list[SignatureError] = []
    for label, (member, received) in inputs.items():
        try:
            claims.append(_member_claim(label, member, received, signatures[label], limits))
        except SignatureError as error:
            unusable.append(error)
    if not claims:
        raise unusable[0]
    return tuple(claims)


def _dictionary(field: str, text: str) -> dict[str, tuple[Member, str]]:
    try:
        members = parse_dictionary_members(text)
    except (MalformedText, LimitExceeded) as error:
        raise SignatureMalformed("a signature field is no dictionary", field=field) from error
    found = {label: (member, received) for label, member, received in members}
    if len(found) != len(members):
        raise SignatureMalformed("a signature field names a label twice", field=field)
    return found


def _signatures(text: str) -> dict[str, Member]:
    usual = _USUAL_SIGNATURE.fullmatch(text)
    if usual is not None and len(usual[2]) % 4 == 0:
        return {usual[1]: Item(binascii.a2b_base64(usual[2]))}
    return {label: member for label, (member, _) in _dictionary("Signature", text).items()}


def _member_claim(label: str, member: Member, received: str, signed: Member, limits: Limits) -> SignatureClaim:
    if not isinstance(member, InnerList):
        raise SignatureMalformed("Signature-Input holds no list of components", label=label)
    if not isinstance(signed, Item) or not isinstance(signed.value, bytes):
        raise SignatureMalformed("Signature holds no bytes", label=label)
    given = member.parameters
    components, covered = _covered(member.items)
    _check_length(label, signed.value)
    return SignatureClaim(
        scheme=RFC9421,
        key_id=check_key_id(given.get("keyid"), limits),
        algorithm=_text("alg", given),
        covered=covered,
        signature=signed.value,
        created_s=_time("created", given),
        expires_s=_time("expires", given),
        label=label,
        nonce=_text("nonce", given),
        tag=_text("tag", given),
        components=components,
        signature_params=received,
    )


def _covered(items: Sequence[Item]) -> _Covered:
    if len(items) > COMPONENTS_COUNT_MAX:
        raise SignatureMalformed("too many components are covered", count=len(items))
    components = parse_components(items)
    return components, tuple([component.text for component in components])


def _check_length(label: str, signature: bytes) -> None:
    if not 1 <= len(signature) <= SIGNATURE_BYTES_MAX:
        raise SignatureMalformed("the signature is empty or too long", label=label, size_bytes=len(signature))


def _text(name: str, parameters: Mapping[str, BareItem]) -> str | None:
    value = parameters.get(name)
    if value is None or isinstance(value, str):
        return value
    raise SignatureMalformed("a signature parameter is not a string", parameter=name)


def _time(name: str, parameters: Mapping[str, BareItem]) -> int | None:
    value = parameters.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise SignatureMalformed("a time of the signature is not in whole seconds", parameter=name)
