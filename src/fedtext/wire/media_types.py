"""Media types: what a body claims to be, and which representation a client wants.

Decides by the grammar of RFC 9110; refuses to look into bodies.

Invariants:
    - names are compared in lower case; two types, a parameter given twice and unfinished quotes are errors;
    - an ActivityPub document is `application/activity+json`, or `application/ld+json` whose profile names
      ActivityStreams as one of its space-separated URIs; a charset other than UTF-8 makes it something else;
    - the predicates answer False to whatever cannot be read; reading an Accept field never fails.

Example:
    >>> is_activity('application/ld+json; profile="https://www.w3.org/ns/activitystreams"')
    True

Sources: RFC 9110 sections 8.3 and 12.5.1; ActivityPub section 3.2; RFC 6906; SEC-006 to SEC-008; COL-02.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

import attrs

from ..errors import MalformedText

ACTIVITY_JSON = "application/activity+json"
ACTIVITYSTREAMS_PROFILE = "https://www.w3.org/ns/activitystreams"
LD_JSON = f'application/ld+json; profile="{ACTIVITYSTREAMS_PROFILE}"'
JRD_JSON = "application/jrd+json"
JSON = "application/json"

MEDIA_TYPE_CHARS_MAX = 1_024
ACCEPT_CHARS_MAX = 8_192

# Quantifiers are possessive and repeated groups atomic: no character is looked at twice (SEC-157).
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"  # noqa: S105 (a token of RFC 9110, no secret)
_TYPE = re.compile(rf"[ \t]*+({_TOKEN}/{_TOKEN})[ \t]*+")
_QUOTED = r'"(?>(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]++|\\[\t \x21-\x7e\x80-\xff])*)"'
# Interop: some servers write the profile, which is a URL, without quotes (INB-01).
_UNQUOTED = r"[!#$%&'*+\-.^_`|~0-9A-Za-z:/]++"
_PARAMETER = re.compile(rf";[ \t]*+(?>(?:({_TOKEN})=({_UNQUOTED}|{_QUOTED}))?)[ \t]*+")
_QUOTED_PAIR = re.compile(r"\\(.)")
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_UTF8 = frozenset({"utf-8", "utf8"})
_ACTIVITY_TYPES = frozenset({ACTIVITY_JSON, "application/ld+json", JSON})
_USUAL_ACTIVITY = frozenset({ACTIVITY_JSON, LD_JSON})  # as nearly all write it
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


@attrs.frozen
class MediaType:
    """A media type and its parameters.

    Args:
        type: As in "application/ld+json", lower case.
        parameters: Name (lower case) and value (unquoted, spelled as given), in the order of the text.
    """

    type: str
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """Give the value of a parameter; None when it is absent."""
        return next((value for key, value in self.parameters if key == name), None)


class Representation(Enum):
    """What is sent to a client."""

    ACTIVITY = "activity"
    HTML = "html"
    NONE = "none"


def parse_media_type(text: str) -> MediaType:
    """Read a Content-Type value.

    Args:
        text: One media type, perhaps with parameters.

    Returns:
        The type and its parameters.

    Raises:
        MalformedText: No media type, more than one, a parameter twice, or more than 1024 characters.
    """
    match = _TYPE.match(text) if len(text) <= MEDIA_TYPE_CHARS_MAX else None
    if match is None:
        raise MalformedText("not a media type", media_type=text)
    parameters: dict[str, str] = {}
    position = match.end()
    while position < len(text):
        found = _PARAMETER.match(text, position)
        if found is None:
            raise MalformedText("not a media type", media_type=text)
        position = found.end()
        name, value = found.groups()
        if name is None:
            continue  # RFC 9110 section 5.6.6 lets a semicolon stand alone
        if name.lower() in parameters:
            raise MalformedText("a parameter is given twice", media_type=text)
        parameters[name.lower()] = _QUOTED_PAIR.sub(r"\1", value[1:-1]) if value.startswith('"') else value
    return MediaType(match[1].lower(), tuple(parameters.items()))


def is_activity(content_type: str | None) -> bool:
    """Tell whether a body claims to be an ActivityPub document.

    Args:
        content_type: The value of the field; None when there is none.
    """
    if content_type in _USUAL_ACTIVITY:
        return True
    media_type = _readable(content_type)
    if media_type is None:
        return False
    if media_type.type == "application/ld+json":
        return ACTIVITYSTREAMS_PROFILE in (media_type.parameter("profile") or "").split()
    return media_type.type == ACTIVITY_JSON


def is_jrd(content_type: str | None) -> bool:
    """Tell whether a body claims to be a JRD: `application/jrd+json`, or plain JSON, as some servers say (WF-06)."""
    media_type = _readable(content_type)
    return media_type is not None and media_type.type in (JRD_JSON, JSON)


def is_html(content_type: str | None) -> bool:
    """Tell whether a Content-Type is that of a page for people."""
    media_type = _readable(content_type)
    return media_type is not None and media_type.type in _HTML_TYPES


def is_json_document(content_type: str | None) -> bool:
    """Tell whether a body claims to be JSON: `application/json` or any `application/…+json`."""
    media_type = _readable(content_type)
    if media_type is None:
        return False
    return media_type.type == JSON or (media_type.type.startswith("application/") and media_type.type.endswith("+json"))


def prefers_html(accept: str | None, *, default: Representation = Representation.ACTIVITY) -> Representation:
    """Choose between the page for people and the document for servers.

    Args:
        accept: The value of the Accept field; None when there is none.
        default: What a client gets that says nothing, or wants anything (`*/*`), or cannot be understood. When it
            names both as equally welcome, the one that it names itself wins, then the document.

    Returns:
        What to send; `NONE` when the client wants neither.
    """
    weights = _weights(accept or "")
    if not weights:
        return default
    activity = _weight_of(weights, _ACTIVITY_TYPES, "application/*")
    html = _weight_of(weights, _HTML_TYPES, "text/*")
    if max(activity, html)[0] <= 0:
        return Representation.NONE
    if activity == html:
        return Representation.ACTIVITY if activity[1] else default
    return Representation.ACTIVITY if activity > html else Representation.HTML


def best_of(accept: str | None, offers: Sequence[str]) -> str:
    """Choose among media types that say the same.

    Args:
        accept: The value of the Accept field; None when there is none.
        offers: Types without parameters, lower case, at least one, the dearest to us first.

    Returns:
        The one that is most welcome; the first of them where the client does not say, or wants none.
    """
    weights = _weights(accept or "")
    groups = [(offer, f"{offer.partition('/')[0]}/*") for offer in offers]
    return max(groups, key=lambda offer: _weight_of(weights, frozenset({offer[0]}), offer[1])[0])[0]


def _readable(content_type: str | None) -> MediaType | None:
    if content_type is None:
        return None
    try:
        media_type = parse_media_type(content_type)
    except MalformedText:
        return None
    charset = media_type.parameter("charset")
    return media_type if charset is None or charset.lower() in _UTF8 else None


def _weights(accept: str) -> dict[str, float]:
    """Give each media range its weight; members that cannot be read, and what follows 8192 characters, are left out."""
    weights: dict[str, float] = {}
    for member in _members(accept[:ACCEPT_CHARS_MAX]):
        try:
            media_range = parse_media_type(member)
        except MalformedText:
            continue
        weight = media_range.parameter("q") or "1"
        if _WEIGHT.fullmatch(weight) is not None:
            weights[media_range.type] = max(float(weight), weights.get(media_range.type, 0.0))
    return weights


def _members(accept: str) -> list[str]:
    # A comma inside quotes does not end a member; quotes that never end spoil theirs.
    members = [""]
    parts = accept.split('"')
    for index, part in enumerate(parts):
        if index % 2:
            members[-1] += f'"{part}"' if index < len(parts) - 1 else f'"{part}'
            continue
        first, *others = part.split(",")
        members[-1] += first
        members.extend(others)
    return members


def _weight_of(weights: dict[str, float], types: frozenset[str], group: str) -> tuple[float, bool]:
    """Give the weight of the best of these types, and whether the client named one of them itself."""
    named = [weights[name] for name in types if name in weights]
    return (max(named), True) if named else (weights.get(group, weights.get("*/*", 0.0)), False)
