"""The Accept-Signature field: which signature a message should have had.

Decides how a wish is written and read; whether to follow one is decided in `negotiation`.

Invariants: a wish that cannot be read is no reason to fail: it is passed over; what is echoed into our own signature
is bounded, visible text; a wish for something that requests do not have is not read.

Example:
    >>> build_accept_signature(CHALLENGE)
    'sig1=("@method" "@target-uri" "content-digest");created'

Sources: RFC 9421 sections 5.1 and 5.2; SIG-32; HMS-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..config import Limits
from ..errors import LimitExceeded, MalformedText, SignatureError
from ..wire.structured_fields import BareItem, InnerList, Item, Member, build_dictionary, parse_dictionary
from .claim import COMPONENTS_COUNT_MAX
from .components import STATUS, Component, parse_components

_DEFAULT_LIMITS: Final = Limits()

ASKED_COUNT_MAX: Final = 4
ECHOED_CHARS_MAX: Final = 256


@attrs.frozen(kw_only=True)
class AskedSignature:
    """One signature that somebody wants to see.

    Args:
        label: Under which it should stand.
        components: That it should cover.
        algorithm: Named by the wish, or None.
        nonce: To be given back, or None.
        tag: To be given back, or None.
        wants_created: Whether it should say when it was made.
        wants_expires: Whether it should say when it ends.
    """

    label: str
    components: tuple[Component, ...]
    algorithm: str | None = None
    nonce: str | None = None
    tag: str | None = None
    wants_created: bool = True
    wants_expires: bool = False

    @property
    def echoed(self) -> dict[str, BareItem]:
        """The parameters that a signature gives back as they were asked for."""
        return {name: value for name, value in (("nonce", self.nonce), ("tag", self.tag)) if value is not None}


# What our own door asks for, in the words that every peer with RFC 9421 knows (wire rule 2.3).
CHALLENGE: Final = AskedSignature(
    label="sig1", components=(Component("@method"), Component("@target-uri"), Component("content-digest"))
)
CHALLENGE_BODILESS: Final = AskedSignature(label="sig1", components=(Component("@method"), Component("@target-uri")))


def build_accept_signature(*asked: AskedSignature) -> str:
    """Build the value of the field.

    Args:
        asked: Each with a label of its own.

    Raises:
        LocalProtocolError: A label or text that no field can hold.
    """
    members: dict[str, Member] = {}
    for one in asked:
        parameters: dict[str, BareItem] = {"created": True} if one.wants_created else {}
        parameters |= {"expires": True} if one.wants_expires else {}
        parameters |= {"alg": one.algorithm} if one.algorithm is not None else {}
        items = tuple(Item(component.name, dict(component.parameters)) for component in one.components)
        members[one.label] = InnerList(items, parameters | one.echoed)
    return build_dictionary(members)


def parse_accept_signature(text: str, limits: Limits | None = None) -> tuple[AskedSignature, ...]:
    """Read the wishes that a request can fulfil.

    Args:
        text: The value of the field; several lines are to be joined by ", " before.
        limits: `signature_bytes_max` bounds the field.

    Returns:
        At most `ASKED_COUNT_MAX`, in their order; none when the field cannot be read.
    """
    if not text or len(text) > (limits or _DEFAULT_LIMITS).signature_bytes_max:
        return ()
    try:
        members = parse_dictionary(text)
    except (MalformedText, LimitExceeded):
        return ()
    asked = [_asked(label, member) for label, member in list(members.items())[:ASKED_COUNT_MAX]]
    return tuple(one for one in asked if one is not None)


def _asked(label: str, member: Member) -> AskedSignature | None:
    if not isinstance(member, InnerList) or len(member.items) > COMPONENTS_COUNT_MAX or len(label) > ECHOED_CHARS_MAX:
        return None
    try:
        components = parse_components(member.items)
    except SignatureError:
        return None
    if any(one.name == STATUS or {"req", "tr"} & dict(one.parameters).keys() for one in components):
        return None
    texts = {name: _text(name, member.parameters) for name in ("alg", "nonce", "tag")}
    if any(value is None and name in member.parameters for name, value in texts.items()):
        return None
    return AskedSignature(
        label=label,
        components=components,
        algorithm=texts["alg"],
        nonce=texts["nonce"],
        tag=texts["tag"],
        wants_created="created" in member.parameters,
        wants_expires="expires" in member.parameters,
    )


def _text(name: str, parameters: Mapping[str, BareItem]) -> str | None:
    value = parameters.get(name)
    return value if isinstance(value, str) and len(value) <= ECHOED_CHARS_MAX else None
