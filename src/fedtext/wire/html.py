r"""HTML from strangers made safe, and plain text made HTML.

Decides which elements, attributes and links of somebody else's HTML survive; refuses to know who wrote it.

Invariants:
    - nothing here raises, whatever the text is, and nothing takes more than linear time;
    - sanitising twice changes nothing;
    - links go to http, https or mailto and carry `LINK_REL`;
    - text that is too long or has too many tags is shown as plain text, cut at `CHARS_MAX`;
    - without nh3 (the extra "html") all foreign HTML is shown as plain text with links.

Example:
    >>> paragraphs("a < b")
    '<p>a &lt; b</p>'
    >>> to_text("<p>a<br>b</p>")
    'a\nb'

Sources: MOD-10 to MOD-12; SEC-161 to SEC-163, SEC-157.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from ..errors import MalformedIri
from .iri import parse_url

LINK_REL = "nofollow noopener noreferrer ugc"
CHARS_MAX = 1_048_576
TAGS_MAX = 10_000

# Mastodon's list (MOD-11), pinned by tests/unit/wire/test_html.py.
ELEMENTS = frozenset(
    {
        "p",
        "br",
        "span",
        "a",
        "abbr",
        "del",
        "s",
        "pre",
        "blockquote",
        "code",
        "b",
        "strong",
        "u",
        "sub",
        "sup",
        "i",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "ul",
        "ol",
        "li",
        "ruby",
        "rt",
        "rp",
    }
)
ATTRIBUTES: dict[str, frozenset[str]] = {
    "*": frozenset({"lang"}),
    "a": frozenset({"href", "class", "title", "translate"}),
    "abbr": frozenset({"title"}),
    "blockquote": frozenset({"cite"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"start", "reversed"}),
    "p": frozenset({"class"}),
    "span": frozenset({"class", "translate"}),
}
SCHEMES = frozenset({"http", "https", "mailto"})

_CLASS = re.compile(r"(?:h|p|u|dt|e)-[A-Za-z0-9-]++|mention|hashtag|ellipsis|invisible|quote-inline")
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_PASSES_MAX = 4

# One tag. No alternative can fail, so no character is looked at twice (SEC-157, SEC-163).
_TAG = re.compile(
    r"""</?+([A-Za-z][^\s/>]*+)(?:[^>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+)*+>?+""",
)
_OVERLONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9A-Fa-f]{8,}+);?+")
_SPACES = re.compile(r"[ \t\n\f\r]++")
_MANY_BREAKS = re.compile(r"\n{3,}+")
_UNSEEN = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_LINE_BREAKS = re.compile(r"\r\n?+")
_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*+\n\s*+")
_WORDS = re.compile(r"(\s++)")
_LINK_START = re.compile(r"https?://", re.IGNORECASE)
_TRAILING = ".,;:!?'\"*_~>"

# What is inside these is no text of the author.
_HIDDEN = frozenset(
    {
        "script",
        "style",
        "template",
        "iframe",
        "noscript",
        "noembed",
        "noframes",
        "object",
        "svg",
        "math",
        "head",
        "title",
        "textarea",
    }
)
_BLOCKS = frozenset(
    {
        "p",
        "blockquote",
        "pre",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "div",
        "section",
        "article",
        "table",
        "hr",
        "dl",
        "figure",
    }
)
_LINES = frozenset({"br", "li", "tr", "dt", "dd"})


def sanitize(markup: str) -> str:
    """Make HTML of a stranger safe to show.

    Args:
        markup: Any text; it is taken for a fragment of HTML.

    Returns:
        HTML of the elements and attributes listed in this module, links with `LINK_REL`.
    """
    markup = _clean(markup)
    if _CLEANER is None or markup.count("<") > TAGS_MAX:
        return paragraphs(to_text(markup))
    for _ in range(_PASSES_MAX):
        cleaned = _CLEANER(markup)
        if cleaned == markup:
            return cleaned
        markup = cleaned
    # Threat: what changes with each reading may be read as something else by the next reader (mutation XSS).
    return paragraphs(to_text(markup))


def to_text(markup: str) -> str:
    """Give the text of HTML, paragraphs and lines kept as line breaks.

    Args:
        markup: Any text; it is taken for a fragment of HTML.

    Returns:
        Plain text, not safe as HTML.
    """
    markup = _clean(markup)
    parts: list[str] = []
    position = 0
    while position < len(markup):
        start = markup.find("<", position)
        if start < 0:
            start = len(markup)
        if start > position:
            parts.append(_SPACES.sub(" ", _unescape(markup[position:start])))
        position = _after_tag(markup, start, parts)
    lines = "".join(parts).split("\n")
    text = "\n".join(line.strip(" ") for line in lines).strip("\n")
    return _MANY_BREAKS.sub("\n\n", text)


def escape(text: str) -> str:
    """Write plain text so that it is safe in HTML, in elements as in quoted attributes.

    Args:
        text: Any text; control characters are dropped, lone surrogates replaced.
    """
    return html.escape(_clean(text), quote=True)


def paragraphs(text: str, links: Callable[[str], str | None] | None = None) -> str:
    """Write plain text as HTML: paragraphs, line breaks, links to http(s) URLs.

    Args:
        text: Plain text; empty lines separate paragraphs.
        links: Called with each word that is no URL, for mentions and hashtags. What it returns stands in the place of
            the word and must be safe HTML; None leaves the word as it is.

    Returns:
        HTML that `sanitize` would keep as it is, but for what `links` returned.
    """
    body = _LINE_BREAKS.sub("\n", _clean(text)).strip()
    if not body:
        return ""
    return "".join(
        "<p>" + "<br>".join(_line(line, links) for line in part.split("\n")) + "</p>"
        for part in _PARAGRAPH_BREAK.split(body)
    )


def _clean(text: str) -> str:
    text = text[:CHARS_MAX].translate(_UNSEEN)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _unescape(text: str) -> str:
    # The standard library reads references of any length, slowly and with a ValueError beyond 4300 digits.
    return html.unescape(_OVERLONG_REFERENCE.sub("\ufffd", text)).translate(_UNSEEN) if "&" in text else text


def _after_tag(markup: str, start: int, parts: list[str]) -> int:
    """Note what the tag at `start` means for the text and give the position behind it."""
    if markup.startswith("<!--", start):
        end = markup.find("-->", start + 4)
        return len(markup) if end < 0 else end + 3
    if markup.startswith(("<!", "<?"), start):
        end = markup.find(">", start)
        return len(markup) if end < 0 else end + 1
    match = _TAG.match(markup, start)
    if match is None:
        parts.append(markup[start : start + 1])
        return start + 1
    name = match[1].lower()
    if name in _BLOCKS:
        parts.append("\n\n")
    elif name in _LINES:
        parts.append("\n")
    elif name in _HIDDEN and not markup.startswith("</", start):
        closing = re.compile(rf"</{name}", re.IGNORECASE).search(markup, match.end())
        return len(markup) if closing is None else closing.start()
    return match.end()


def _line(line: str, links: Callable[[str], str | None] | None) -> str:
    return "".join(_word(word, links) for word in _WORDS.split(line))


def _word(word: str, links: Callable[[str], str | None] | None) -> str:
    match = _LINK_START.search(word)
    if match is not None:
        url = _trimmed(word[match.start() :])
        try:
            parse_url(url)
        except MalformedIri:
            pass
        else:
            safe = escape(url)
            rest = word[match.start() + len(url) :]
            return f'{escape(word[: match.start()])}<a href="{safe}" rel="{LINK_REL}">{safe}</a>{escape(rest)}'
    replaced = links(word) if links is not None and word.strip() else None
    return escape(word) if replaced is None else replaced


def _trimmed(url: str) -> str:
    url = url.rstrip(_TRAILING)
    while url.endswith(")") and url.count("(") < url.count(")"):
        url = url[:-1].rstrip(_TRAILING)
    return url


def _kept_attribute(_element: str, name: str, value: str) -> str | None:
    """Give the value that an attribute of the list keeps; None drops it."""
    match name:
        case "class":
            return " ".join(token for token in value.split() if _CLASS.fullmatch(token)) or None
        case "translate":
            return value if value in ("yes", "no") else None
        case "start" | "value":
            return value if _INTEGER.fullmatch(value) else None
        case "href" | "cite":
            return value if value.partition(":")[0].lower() in SCHEMES else None
        case _:
            return value


def _load_cleaner() -> Callable[[str], str] | None:
    try:
        from nh3 import Cleaner
    except ImportError:
        return None
    return Cleaner(
        tags=set(ELEMENTS),
        attributes={element: set(names) for element, names in ATTRIBUTES.items()},
        attribute_filter=_kept_attribute,
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel=LINK_REL,
        clean_content_tags={
            "script",
            "style",
            "template",
            "iframe",
            "noscript",
            "noembed",
            "noframes",
            "textarea",
            "title",
        },
        strip_comments=True,
    ).clean


_CLEANER = _load_cleaner()
