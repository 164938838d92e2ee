"""Activity intents: the page at somebody's own server where they do what they were asked to do elsewhere.

Decides which address of a descriptor is such a page, how its gaps are filled, and what a page of ours may offer when it
is done; refuses to do anything: an intent is a page that a person sees and confirms, never an activity by itself.

Invariants:
    - scheme and host stand in a template before its first gap, and nothing that is filled in changes them (SEC-158);
    - every value is percent-encoded; what is not known leaves its gap empty (FEP-3b86 section 3.2);
    - addresses are https, but under names that are not public;
    - what is filled is at most `INTENT_CHARS_MAX` long;
    - where a page of ours leads afterwards is an address to be shown, or the end of a window; never a redirect by
      itself (FEP-3b86 section 6.2).

Example:
    >>> fill_intent("https://a.example/follow?uri={object}", {"object": "https://b.example/@bob"})
    'https://a.example/follow?uri=https%3A%2F%2Fb.example%2F%40bob'

Sources: FEP-3b86; RFC 6570; WF-15; SEC-158.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from ..config import Limits
from ..errors import ConfigurationError, DocumentError, MalformedText
from ..wire.iri import Iri, Origin, Url, is_public_host, parse_url
from ..wire.uri_templates import expand
from .webfinger import JRD, JRDLink

INTENT_PREFIX: Final = "https://w3id.org/fep/3b86/"
REL_SUBSCRIBE: Final = "http://ostatus.org/schema/1.0/subscribe"
CLOSE: Final = "(close)"
INTENT_CHARS_MAX: Final = 8_192

# FEP-3b86 sections 4 and 5.
INTENT_KINDS: Final = frozenset({
    "Accept", "Add", "Announce", "Arrive", "Block", "Create", "Delete", "Dislike", "Flag", "Follow", "Ignore", "Invite",
    "Join", "Leave", "Like", "Listen", "Move", "Object", "Offer", "Question", "Read", "Reject", "Remove",
    "TentativeAccept", "TentativeReject", "Travel", "Undo", "Update", "View",
})  # fmt: skip
INTENT_GAPS: Final = frozenset({
    "attachment", "content", "describes", "endTime", "inReplyTo", "location", "name", "object", "on-cancel",
    "on-success", "origin", "startTime", "summary", "tag", "target", "type",
})  # fmt: skip

_LIMITS: Final = Limits(iri_chars_max=INTENT_CHARS_MAX)
_HEAD: Final = re.compile(r"https?://[^/?#{}]++[/?]", re.IGNORECASE)
_EXPRESSION: Final = re.compile(r"\{([+#./;?&]?)([^{}]*+)\}")
_STAND_IN: Final = "fedtextgap"


@attrs.frozen(kw_only=True)
class Intent:
    """A page of ours where somebody does something.

    Args:
        kind: A type of activity, or "Object" for the page that only shows it.
        template: A path of the own origin, or an https address, with gaps: "/intents/follow?uri={object}".
    """

    kind: str
    template: str


@attrs.frozen(kw_only=True)
class Afterwards:
    """What a page of an intent offers when it is done.

    Args:
        url: An address to show, for the person to follow; None: the window is closed.
    """

    url: Iri | None

    @property
    def closes(self) -> bool:
        """Whether the window is to be closed."""
        return self.url is None


# ---- our own pages ---------------------------------------------------------------------------------------------------


def build_intent(kind: str, template: str) -> Intent:
    """Check an intent of our own.

    Raises:
        ConfigurationError: A kind or a gap that FEP-3b86 does not know, or no template under which a page can lie.
    """
    if kind not in INTENT_KINDS:
        raise ConfigurationError("there is no intent of this kind", kind=kind, known=" ".join(sorted(INTENT_KINDS)))
    names = {name for _operator, listed in _EXPRESSION.findall(template) for name in listed.split(",")}
    if not names <= INTENT_GAPS:
        raise ConfigurationError("there is no such gap in an intent", gaps=" ".join(sorted(names - INTENT_GAPS)))
    try:
        fill_intent(_absolute(template, Origin("https://host.example")), dict.fromkeys(names, "x"))
    except DocumentError as error:
        raise ConfigurationError("a template is a path or an https address with gaps", template=template) from error
    return Intent(kind=kind, template=template)


def intent_links(intents: Sequence[Intent], origin: Origin) -> tuple[JRDLink, ...]:
    """Give the links of a descriptor for intents of our own; to follow also in the older way (WF-15)."""
    links = [
        JRDLink(rel=INTENT_PREFIX + intent.kind, template=_absolute(intent.template, origin)) for intent in intents
    ]
    for link in links:
        if link.rel == f"{INTENT_PREFIX}Follow" and link.template is not None:
            # The older relation knows one gap alone, and no operators.
            filled = expand(_readable(link.template), {"object": _STAND_IN})
            if _STAND_IN in filled:
                links = [JRDLink(rel=REL_SUBSCRIBE, template=filled.replace(_STAND_IN, "{uri}")), *links]
                break
    return tuple(links)


def parse_afterwards(text: str | None) -> Afterwards | None:
    """Read `on-success` or `on-cancel` of a request to a page of ours.

    Args:
        text: Decoded, as the query has it; None when it is not there.

    Returns:
        What may be offered; None where it says nothing that can be.
    """
    if text == CLOSE:
        return Afterwards(url=None)
    try:
        return Afterwards(url=Iri(str(_secure(parse_url(text or "")))))
    except DocumentError:
        return None


def _absolute(template: str, origin: Origin) -> str:
    return origin + template if template.startswith("/") and not template.startswith("//") else template


# ---- pages of others -------------------------------------------------------------------------------------------------


def find_intent(jrd: JRD, kind: str) -> str | None:
    """Give the template under which an account does something; None where its server has no such page.

    Args:
        jrd: Of the account, from `fetch_jrd`.
        kind: A type of activity, or "Object". For "Follow" the older relation is good, too.
    """
    rels = [INTENT_PREFIX + kind, *([REL_SUBSCRIBE] if kind == "Follow" else [])]
    for rel in rels:
        for link in jrd.links:
            if link.rel == rel and link.template is not None:
                return link.template
    return None


def intent_url(
    jrd: JRD, kind: str, values: Mapping[str, str], *, on_success: str | None = None, on_cancel: str | None = None
) -> Iri | None:
    """Give the address where an account does something, for a button that its owner presses.

    Args:
        jrd: Of the account, from `fetch_jrd`.
        kind: A type of activity, or "Object".
        values: By the names of ActivityStreams: ids, and for "Create" also texts. Not escaped.
        on_success: An address of the own site, or `CLOSE`; many servers do not heed it.
        on_cancel: The same, for who thinks better of it.

    Returns:
        The address; None where the server of the account has no such page, or names none that is safe.
    """
    template = find_intent(jrd, kind)
    steps = {"on-success": on_success, "on-cancel": on_cancel}
    given = {**values, **{name: value for name, value in steps.items() if value is not None}}
    if "object" in given:
        given.setdefault("uri", given["object"])  # the gap of the older relation
    try:
        return None if template is None else fill_intent(template, given)
    except DocumentError:
        return None


def fill_intent(template: str, values: Mapping[str, str]) -> Iri:
    """Fill the gaps of a template.

    Args:
        template: From a descriptor: whatever its host has written there.
        values: By name, not escaped.

    Returns:
        An https address at the host that the template itself names.

    Raises:
        MalformedText: No template, a gap before or in the host, or one that would let values through unescaped.
        MalformedIri: What comes out is no address, or longer than `INTENT_CHARS_MAX` characters.
        LimitExceeded: See `expand`.
    """
    if _HEAD.match(template) is None:
        raise MalformedText("the host of a template stands before its gaps", template=template)
    if any(operator in ("+", "#") for operator, _names in _EXPRESSION.findall(template)):
        raise MalformedText("values are escaped in every gap", template=template)
    filled = expand(_readable(template), {name.replace("-", "%2D"): value for name, value in values.items()})
    return Iri(str(_secure(parse_url(filled, limits=_LIMITS))))


def _readable(template: str) -> str:
    """Write the names of gaps as RFC 6570 allows them: in "on-success" the hyphen has to be escaped."""
    return _EXPRESSION.sub(lambda found: found[0].replace("-", "%2D"), template)


def _secure(url: Url) -> Url:
    if url.scheme != "https" and is_public_host(url.host):
        raise MalformedText("an address that is not https", host=url.host)
    return url
