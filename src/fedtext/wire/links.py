"""Links that a response names: in its Link field, and in the head and text of its page.

Decides which links stand there, and which of them leads from a page for people to its document for servers; refuses to
fetch anything, and to believe a link before the other end has said the same.

Invariants:
    - a link in a comment, script, style, title, text field, template or attribute value is none;
    - no more than `HEADER_CHARS_MAX` and `HTML_CHARS_MAX` (for `rel=me`: `PROFILE_CHARS_MAX`) characters are looked at,
      each a few times at most, and no more than one tag, attribute or character reference for `STEP_CHARS` of them;
    - targets that are found are absolute http(s) URLs that `parse_url` reads; others are left out, not repaired;
    - a page cannot make any of this fail: only a malformed address of the page itself does, and a field too long.

Example:
    >>> find_alternate("https://a.example/p", '</1>; rel=alternate; type="application/activity+json"', None)
    'https://a.example/1'

Sources: RFC 8288 section 3 and appendix B; RFC 8187; HTML (WHATWG) section 13.2.5; RFC 3986 section 5; DISC-01; ACT-10;
    ACT-26; SEC-116.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from urllib.parse import quote, unquote_to_bytes, urljoin

import attrs

from ..errors import LimitExceeded, LocalProtocolError, MalformedIri
from .iri import Iri, parse_iri
from .media_types import is_activity

HEADER_CHARS_MAX: Final = 16_384
HTML_CHARS_MAX: Final = 65_536
# ACT-10: the link of a person may stand far down, behind all that a profile page has above.
PROFILE_CHARS_MAX: Final = 1_048_576
STEP_CHARS: Final = 16
# As many as an actor may have aliases.
ME_LINKS_COUNT_MAX: Final = 256


@attrs.frozen
class WebLink:
    """One link of a Link field.

    Args:
        target: As it stands there, perhaps relative.
        relations: Lower case, in their order, perhaps none.
        parameters: Name (lower case) and value (unescaped), in their order, without `rel`. The values of names that
            end with "*" are decoded.
    """

    target: str
    relations: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """Give the value of a parameter, the first one if it stands there twice; None when it is absent."""
        return next((value for key, value in self.parameters if key == name), None)


@attrs.frozen
class PageLink:
    """One element of a page that names a relation.

    Args:
        element: "a", "area" or "link".
        target: The value of `href`, perhaps relative.
        relations: Lower case, in their order, at least one.
        media_type: The value of `type`; None when it is absent.
    """

    element: str
    target: str
    relations: tuple[str, ...]
    media_type: str | None


@attrs.frozen
class Page:
    """What the beginning of a page says about links.

    Args:
        base: The value of `href` of the first `base` element that has one; None when there is none.
        links: In their order.
    """

    base: str | None
    links: tuple[PageLink, ...]


# Quantifiers are possessive and repeated groups atomic: no character is looked at twice (SEC-157).
_GAP = re.compile(r"[ \t,]*+")
_TARGET = re.compile(r"<([^>]*+)>")
_PARAMETER = re.compile(r"[ \t]*+;[ \t]*+([^ \t=;,]*+)[ \t]*+(=?)[ \t]*+")
_QUOTED = re.compile(r'"((?>(?:[^"\\]++|\\.)*))\\?"?', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_UNQUOTED = re.compile(r"[^;,]*+")
_NAME = re.compile(r"[!#$&+\-.^_`|~0-9a-z]++\*?")
_WRITABLE_TARGET = re.compile(r"[!-;=?-~]++")
_WRITABLE_VALUE = re.compile(r"[ -~]*+")
_TO_ESCAPE = re.compile(r'["\\]')
_WITH_BACKSLASH = r"\\\g<0>"

_SPACES = "\t\n\f\r "
_MARKUP = re.compile(rf"<(?:(!--)|([!?])|(/?)([A-Za-z][^{_SPACES}/>]*+)|/)")
_COMMENT_END = re.compile(r"--!?>")
_ATTRIBUTE_NAME = rf"[^{_SPACES}/>][^{_SPACES}/>=]*+"
_ATTRIBUTE_VALUE = rf""""[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^{_SPACES}>"'][^{_SPACES}>]*+"""
_EQUALS = rf"[{_SPACES}]*+=[{_SPACES}]*+"
# Limited, since what a group repeats takes memory.
_ATTRIBUTES = re.compile(
    rf"(?>(?:[{_SPACES}/]++|{_ATTRIBUTE_NAME}(?>(?:{_EQUALS}(?>(?:{_ATTRIBUTE_VALUE})?))?)){{1,500}})"
)
_ATTRIBUTE = re.compile(rf"({_ATTRIBUTE_NAME})(?>(?:{_EQUALS}(?>({_ATTRIBUTE_VALUE})?))?)")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_RELATED = frozenset({"a", "area", "link"})
_IN_SCRIPT = re.compile(rf"<!--(?:-*+>)?|-->|</?script(?=[{_SPACES}/>])", re.IGNORECASE)
# What is inside these is text, whatever it looks like.
_RAW_END = {
    name: re.compile(rf"</{name}(?=[{_SPACES}/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}


def parse_link_header(text: str) -> tuple[WebLink, ...]:
    """Read a Link field.

    Args:
        text: The value of the field; several lines are to be joined by ", " before.

    Returns:
        The links up to the first place where there should be one and is none.

    Raises:
        LimitExceeded: More than `HEADER_CHARS_MAX` characters.

    Sources:
        RFC 8288 appendix B.2 to B.4, which are as tolerant as servers need it.
    """
    if len(text) > HEADER_CHARS_MAX:
        raise LimitExceeded("the Link field is too long", limit="HEADER_CHARS_MAX", value=len(text))
    links: list[WebLink] = []
    position = 0
    while (gap := _GAP.match(text, position)) and (target := _TARGET.match(text, gap.end())):
        parameters: list[tuple[str, str]] = []
        position = _read_parameters(text, target.end(), parameters)
        relations = next((value for name, value in parameters if name == "rel"), "")
        links.append(
            WebLink(
                target[1].strip(),
                tuple(relations.lower().split()),
                tuple((name, value) for name, value in parameters if name != "rel"),
            )
        )
    return tuple(links)


def build_link_header(links: Iterable[WebLink]) -> str:
    """Write a Link field.

    Args:
        links: At least one.

    Returns:
        The value of the field; `parse_link_header` reads it.

    Raises:
        LocalProtocolError: A target, name or value that no field can hold. Text that is not ASCII needs a name that
            ends with "*".

    Sources:
        RFC 8288 section 3; RFC 8187 section 3.2.
    """
    return ", ".join(map(_link_text, links))


def scan_page(markup: str, *, chars_max: int = HTML_CHARS_MAX) -> Page:
    """Find the links of a page without building it.

    Args:
        markup: HTML.
        chars_max: What follows so many characters, or one step for `STEP_CHARS` of them, is not looked at.

    Returns:
        Its base and each element with `rel` and `href`.

    Sources:
        HTML (WHATWG) section 13.2.5, the parts that tell tags from text.
    """
    base: str | None = None
    links: list[PageLink] = []
    steps_left = chars_max // STEP_CHARS
    for name, text in _tags(markup[:chars_max]):
        steps_left -= 1
        if name == "base" or (name in _RELATED and "rel" in text.lower()):
            found = list(islice(_ATTRIBUTE.finditer(text), steps_left + 1))
            steps_left -= len(found) + text.count("&")
            if steps_left >= 0:
                base = _note(name, found, base, links)
        if steps_left <= 0:
            break
    return Page(base, tuple(links))


def find_alternate(page: str, link_header: str | None, markup: str | None) -> Iri | None:
    """Find the ActivityPub document that a page names as its other form.

    Args:
        page: The address of the page.
        link_header: The value of its Link field; None when there is none.
        markup: Its HTML; None when it has none.

    Returns:
        The first alternate that is an ActivityPub document by its media type; the field comes before the page. It may
        lie anywhere: its document must name the page, or lie in its origin, before it is believed.

    Raises:
        MalformedIri: The address of the page is not one.

    Sources:
        DISC-01; ACT-26; RFC 8288.
    """
    page = parse_iri(page)
    for candidate in _alternates(page, link_header or "", markup or ""):
        if candidate is not None:
            return candidate
    return None


def find_me_links(page: str, markup: str) -> tuple[Iri, ...]:
    """Find whom a page names as another address of its author (`rel=me`).

    Args:
        page: The address of the page.
        markup: Its HTML; the first `PROFILE_CHARS_MAX` characters are looked at.

    Returns:
        Absolute URLs in their order, each once; those of the first `ME_LINKS_COUNT_MAX` links.

    Raises:
        MalformedIri: The address of the page is not one.

    Sources:
        ACT-10; the microformat rel-me.
    """
    found = scan_page(markup, chars_max=PROFILE_CHARS_MAX)
    base = _base_of(parse_iri(page), found)
    written = dict.fromkeys(link.target for link in found.links if "me" in link.relations)
    targets = (_resolved(base, target) for target in islice(written, ME_LINKS_COUNT_MAX))
    return tuple(dict.fromkeys(target for target in targets if target is not None))


# -- the field --------------------------------------------------------------------------------------------------


def _read_parameters(text: str, position: int, parameters: list[tuple[str, str]]) -> int:
    """Note the parameters of one link and give the position behind them."""
    while (found := _PARAMETER.match(text, position)) is not None:
        name, value, position = found[1].lower(), "", found.end()
        if found[2]:
            quoted = _QUOTED.match(text, position)
            if quoted is not None:
                value, position = _QUOTED_PAIR.sub(r"\1", quoted[1]), quoted.end()
            else:
                end = _UNQUOTED.match(text, position)
                value, position = (end[0].rstrip(" \t"), end.end()) if end else ("", position)
        decoded = _decoded(value) if name.endswith("*") else value
        if name and decoded is not None:
            parameters.append((name, decoded))
    return position


def _decoded(value: str) -> str | None:
    """Read an extended value: charset'language'escaped text; None when it cannot be read."""
    charset, _, rest = value.partition("'")
    _, mark, escaped = rest.partition("'")
    if not mark or charset.lower() != "utf-8" or not escaped.isascii():
        return None
    try:
        return unquote_to_bytes(escaped).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _link_text(link: WebLink) -> str:
    if _WRITABLE_TARGET.fullmatch(link.target) is None:
        raise LocalProtocolError("no Link field holds this target", target=link.target)
    parameters = (("rel", " ".join(link.relations)), *link.parameters)
    return f"<{link.target}>" + "".join(f"; {_parameter_text(name, value)}" for name, value in parameters)


def _parameter_text(name: str, value: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise LocalProtocolError("no name of a link parameter", name=name)
    try:
        if name.endswith("*"):
            return f"{name}=UTF-8''{quote(value, safe='')}"
    except UnicodeEncodeError as error:
        raise LocalProtocolError("a link parameter has a lone surrogate", name=name) from error
    if _WRITABLE_VALUE.fullmatch(value) is None:
        raise LocalProtocolError("no value of a link parameter", name=name, value=value)
    return f'{name}="{_TO_ESCAPE.sub(_WITH_BACKSLASH, value)}"'


# -- the page ---------------------------------------------------------------------------------------------------


def _tags(markup: str) -> Iterator[tuple[str, str]]:
    """Give name (lower case) and attributes of each tag that opens an element outside of templates."""
    position = templates = 0
    while (opened := _MARKUP.search(markup, position)) is not None:
        comment, _, closing, name = opened.groups()
        start = opened.end()
        if name is None:
            position = _comment_end(markup, start) if comment else markup.find(">", start) + 1
            if not position:
                return
            yield "", ""
            continue
        end = start
        while (part := _ATTRIBUTES.match(markup, end)) is not None:
            end = part.end()
        if not markup.startswith(">", end):
            return  # a tag that never ends is none, and neither is what it holds
        name, position = name.lower(), end + 1
        if name == "template":
            templates = max(0, templates - 1) if closing else templates + 1
        hidden = closing or templates
        yield ("", "") if hidden else (name, markup[start:end])
        if name in _RAW_END and not closing:
            position = _script_end(markup, position) if name == "script" else _raw_end(markup, name, position)
            if position < 0:
                return


def _raw_end(markup: str, name: str, start: int) -> int:
    closed = _RAW_END[name].search(markup, start)
    return -1 if closed is None else closed.start()


def _script_end(markup: str, start: int) -> int:
    """Give where a script ends, which in what looks like a comment may hold another one; -1 when it never does."""
    escaped = inside = False
    for found in _IN_SCRIPT.finditer(markup, start):
        match found[0].lower():
            case "<script":
                inside = escaped
            case "</script":
                if not inside:
                    return found.start()
                inside = False
            case mark:
                escaped = mark == "<!--"
                inside = inside and escaped
    return -1


def _comment_end(markup: str, start: int) -> int:
    """Give the position behind a comment whose text begins at `start`; 0 when it never ends."""
    for abrupt in (">", "->"):
        if markup.startswith(abrupt, start):
            return start + len(abrupt)
    end = _COMMENT_END.search(markup, start)
    return 0 if end is None else end.end()


def _note(name: str, found: list[re.Match[str]], base: str | None, links: list[PageLink]) -> str | None:
    """Note what a tag says; give the base that holds from now on."""
    attributes: dict[str, str] = {}
    for attribute in found:
        attributes.setdefault(attribute[1].lower(), attribute[2] or "")
    target = _attribute(attributes, "href")
    relations = (_attribute(attributes, "rel") or "").lower().split()
    if name == "base":
        return target if base is None else base
    if target is not None and relations:
        links.append(PageLink(name, target, tuple(relations), _attribute(attributes, "type")))
    return base


def _attribute(attributes: dict[str, str], name: str) -> str | None:
    value = attributes.get(name)
    if value is None:
        return None
    if value[:1] in ('"', "'"):
        value = value[1:-1]
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), value).strip(_SPACES)


def _alternates(page: Iri, link_header: str, markup: str) -> Iterator[Iri | None]:
    try:
        links = parse_link_header(link_header)
    except LimitExceeded:
        links = ()
    for link in links:
        anchor = link.parameter("anchor")
        # A link with an anchor says something about that, not about the page (RFC 8288 section 3.2).
        about_page = anchor is None or _resolved(page, anchor) == page
        if about_page and "alternate" in link.relations and is_activity(link.parameter("type")):
            yield _resolved(page, link.target)
    found = scan_page(markup)
    base = _base_of(page, found)
    for element in found.links:
        if element.element == "link" and "alternate" in element.relations and is_activity(element.media_type):
            yield _resolved(base, element.target)


def _base_of(page: Iri, found: Page) -> Iri:
    return page if found.base is None else _resolved(page, found.base) or page


def _resolved(base: Iri, reference: str) -> Iri | None:
    # The standard library removes line breaks and tabs in silence; whoever writes them means no good.
    if not reference or not reference.isprintable():
        return None
    try:
        return parse_iri(urljoin(base, reference))
    except (MalformedIri, ValueError):
        return None
