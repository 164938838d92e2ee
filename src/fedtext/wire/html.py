r"""HTML from strangers made safe, and plain text made HTML.

Decides which elements, attributes and links of somebody else's HTML survive; refuses to know who wrote it.

Invariants:
    - nothing here raises, whatever the text is, and nothing takes more than linear time;
    - sanitising twice changes nothing;
    - links go to http, https or mailto and carry `LINK_REL`;
    - no more than `CHARS_MAX` characters are read or written by `sanitize`;
    - HTML that would take long, by `TAGS_MAX` and its neighbours, is shown as plain text;
    - a formula becomes the text that it brings along, or what is between its tags;
    - without nh3 (the extra "html") all foreign HTML is shown as plain text with links.

Example:
    >>> paragraphs("a < b")
    '<p>a &lt; b</p>'
    >>> to_text("<p>a<br>b</p>")
    'a\nb'

Sources: MOD-10 to MOD-13; FEP-dc88; SEC-161 to SEC-163, SEC-157.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from ..errors import MalformedIri
from .iri import parse_url

LINK_REL = "nofollow noopener noreferrer ugc"
CHARS_MAX = 1_048_576
TAGS_MAX = 8_000
# Threat: nh3 takes quadratic time for escaped characters in one text and for attributes in one tag (SEC-163).
SPECIALS_MAX = 50_000
SOUP_CHARS_MAX = 32_768

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
LINK_STARTS = ("https://", "http://", "mailto:")

_CLASS = re.compile(r"(?:h|p|u|dt|e)-[A-Za-z0-9-]++|mention|hashtag|ellipsis|invisible|quote-inline")
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_PASSES_MAX = 4

# A tag or comment as serialisers write it; nothing of it goes beyond the next "<" or ">".
_ORDERLY = re.compile(
    r"""<(?:!--[^<>]{0,4096}+-->|/?[A-Za-z](?=[^<>]{0,4096}+>)[^\s<>"'=/]*+"""
    r"""(?>(?:\s++[^\s<>"'=/]++(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[^\s<>"'=`]++))?)*)\s*+/?>)"""
)
_IMAGE = re.compile(r"<img\s([^<>]*+)>", re.IGNORECASE)
# A formula that brings its own text, in TeX or plain (FEP-dc88). What is between two tags is looked at once.
_MATH = re.compile(r"<math(?=[\s/>])([^<>]*+)(?<!/)>", re.IGNORECASE)
_MATH_END = re.compile(r"</math\s*+>", re.IGNORECASE)
_ANNOTATION = re.compile(r"<annotation(?=[\s/>])([^<>]*+)(?<!/)>([^<]*+)</annotation\s*+>", re.IGNORECASE)
_MATH_ATTRIBUTE = re.compile(
    r"""(?<![^\s"'])(encoding|display)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++))""", re.IGNORECASE
)
# Tags of formulas (MathML Core): nh3 drops a formula with all that is in it; without its tags its text stays.
_FORMULA = re.compile(
    r"</?(?:math|m(?:action|error|frac|i|multiscripts|n|o|over|padded|phantom|prescripts|root|row|s|space|sqrt|style"
    r"|sub|subsup|sup|table|td|text|tr|under|underover)|semantics|annotation(?:-xml)?)(?=[\s/>])[^<>]*+>",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"""(?<![^\s"'])(src|alt)=(?:"([^"]*+)"|'([^']*+)'|([^\s"'=<>`]++))""", re.IGNORECASE)

# Text up to the next tag.
_PLAIN = re.compile(r"[^<]++|<+(?![A-Za-z/!?])")
# Most tags have neither quotes nor "=", so that the first ">" ends them; the others are looked at part by part.
_PLAIN_TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>"'=]*+)[^>"'=]*+>""")
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)")
# A part of a tag: a ">" in quotes behind "=" does not end it. Limited, since what a group repeats takes memory.
_TAG_PART = re.compile(r"""(?>(?:[^>=]++|=\s*+(?:"[^"]*+"?+|'[^']*+'?+)?){1,500})""")
# Links as `sanitize` writes them, and what reads as the name of a host in their words; that of a handle is none.
_LINK = re.compile(r"""<a href="(?P<href>[^"]*+)"[^>]*+>(?P<words>(?>(?:[^<]++|<(?!/?a[\s>]))*))</a>""")
_HOST_NAMED = re.compile(r"(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}(?![\w@.-])")
_WORDS_CHARS_MAX = 500
_OVERLONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9A-Fa-f]{8,}+);?+")
_SPACES = re.compile(r"[ \t\n\f\r]++")
_MANY_BREAKS = re.compile(r"\n{3,}+")
_UNSEEN = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F])
_LINE_BREAKS = re.compile(r"\r\n?+")
_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*+\n\s*+")
_WORDS = re.compile(r"(\s++)")
_LINK_START = re.compile(r"https?://", re.IGNORECASE)
_TRAILING = ".,;:!?'\"*_~>"

# What is inside these is no text for people.
_HIDDEN = frozenset(
    {"script", "style", "template", "iframe", "noscript", "noembed", "noframes", "svg", "textarea", "title"}
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
    markup = _IMAGE.sub(_image_link, _FORMULA.sub("", _with_formulas_as_text(_clean(markup))))
    stable = None if _CLEANER is None else _stable(_CLEANER, markup)
    if stable is not None:
        return stable
    text = to_text(markup)
    while len(shown := paragraphs(text)) > CHARS_MAX:
        text = text[: len(text) // 2]
    return shown


def name_hosts(markup: str) -> str:
    """Write behind each link whose words name another host than it leads to where it leads (SEC-167).

    Threat: people read the words, `<a href="https://evil.example/">good.example/login</a>`, and not the address.

    Args:
        markup: HTML as `sanitize` gives it.
    """
    return _LINK.sub(_with_host, markup)


def to_text(markup: str) -> str:
    """Give the text of HTML, paragraphs and lines kept as line breaks.

    Args:
        markup: Any text; it is taken for a fragment of HTML.

    Returns:
        Plain text, not safe as HTML.
    """
    markup = _with_formulas_as_text(_clean(markup))
    parts: list[str] = []
    position = 0
    while position < len(markup):
        plain = _PLAIN.match(markup, position)
        if plain is not None:
            # A line break in the source is a space; only elements break lines.
            parts.append(_SPACES.sub(" ", _unescape(plain[0])))
            position = plain.end()
        else:
            position = _after_tag(markup, position, parts)
    lines = (line and _SPACES.sub(" ", line).strip() for line in "".join(parts).split("\n"))
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip("\n")


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


def _with_host(match: re.Match[str]) -> str:
    try:
        host = parse_url(html.unescape(match["href"])).host
    except MalformedIri:
        return match[0]
    named = [
        name.lower().removeprefix("www.") for name in _HOST_NAMED.findall(to_text(match["words"])[:_WORDS_CHARS_MAX])
    ]
    shown = f" [{escape(host)}]"
    if all(name == host.removeprefix("www.") for name in named) or match.string.startswith(shown, match.end()):
        return match[0]
    return match[0] + shown


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
    plain = _PLAIN_TAG.match(markup, start)
    if plain is not None:
        closing, name, end = plain[1], plain[2].lower(), plain.end()
    elif markup.startswith("<!--", start):
        end = markup.find("-->", start + 4)
        return len(markup) if end < 0 else end + 3
    elif markup.startswith(("<!", "<?"), start):
        end = markup.find(">", start)
        return len(markup) if end < 0 else end + 1
    elif (match := _TAG_NAME.match(markup, start)) is not None:
        closing, name, end = match[1], match[2].lower(), _tag_end(markup, match.end())
    else:
        parts.append(markup[start : start + 1])
        return start + 1
    if name in _BLOCKS:
        parts.append("\n\n")
    elif name in _LINES and not closing:
        parts.append("\n")
    elif name in _HIDDEN and not closing:
        closed = re.compile(rf"</{name}", re.IGNORECASE).search(markup, end)
        return len(markup) if closed is None else closed.start()
    return end


def _tag_end(markup: str, position: int) -> int:
    while (part := _TAG_PART.match(markup, position)) is not None:
        position = part.end()
    return min(position + 1, len(markup))


def _line(line: str, links: Callable[[str], str | None] | None) -> str:
    if links is None and "://" not in line:
        return _text(line)
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
            before, after = word[: match.start()], word[match.start() + len(url) :]
            return f'{_text(before)}<a href="{_text(url)}" rel="{LINK_REL}">{_text(url)}</a>{_text(after)}'
    replaced = links(word) if links is not None and word.strip() else None
    return _text(word) if replaced is None else replaced


def _text(text: str) -> str:
    # As serialisers of HTML write it, so that sanitising changes nothing. (A URL that parses has no quotes.)
    return html.escape(text, quote=False).replace("\xa0", "&nbsp;")


def _trimmed(url: str) -> str:
    # Punctuation at the end belongs to the sentence, as does a bracket that was opened before the URL.
    end, unopened = len(url), url.count(")") - url.count("(")
    while end and (url[end - 1] in _TRAILING or (url[end - 1] == ")" and unopened > 0)):
        end -= 1
        unopened -= url[end] == ")"
    return url[:end]


def _stable(cleaner: Callable[[str], str], markup: str) -> str | None:
    """Clean until nothing changes; None when that does not happen soon, or costs too much."""
    for _ in range(_PASSES_MAX):
        if _is_costly(markup):
            return None
        cleaned = cleaner(markup)
        if "&#" in markup:  # what cannot be seen may also come by its number
            cleaned = cleaned.translate(_UNSEEN)
        if cleaned == markup:
            return cleaned
        markup = cleaned
    # Threat: what changes with each reading may be read as something else by the next reader (mutation XSS).
    return None


def _is_costly(markup: str) -> bool:
    if len(markup) > CHARS_MAX or markup.count("<") > TAGS_MAX:
        return True
    data = markup.encode("utf-8")
    # 0xC2 begins the characters U+0080 to U+00BF.
    if data.count(b"&") + data.count(b"\xc2") > SPECIALS_MAX:
        return True
    return len(markup) > SOUP_CHARS_MAX and "<" in _ORDERLY.sub("", markup)


def _image_link(match: re.Match[str]) -> str:
    """Write an image as a link to it; what comes out is sanitised afterwards (MOD-12)."""
    values = {
        found[1].lower(): (found[2] or found[3] or found[4] or "").replace('"', "&quot;")
        for found in _SOURCE.finditer(match[1])
    }
    source, description = values.get("src", ""), values.get("alt", "")
    return f'<a href="{source}">{description or source}</a>' if _is_link(source) else description


def _with_formulas_as_text(markup: str) -> str:
    """Write each formula as the text that it brings along (MOD-13); what comes out is sanitised afterwards."""
    if "<math" not in markup.lower():
        return markup
    parts: list[str] = []
    position = 0
    while (opened := _MATH.search(markup, position)) is not None:
        closed = _MATH_END.search(markup, opened.end())
        if closed is None:
            break
        text = _formula_text(opened[1], markup[opened.end() : closed.start()])
        parts += (markup[position : opened.start()], markup[opened.start() : closed.end()] if text is None else text)
        position = closed.end()
    return "".join(parts) + markup[position:]


def _formula_text(attributes: str, body: str) -> str | None:
    """Give the text of a formula, escaped as it stands there; None when it has none."""
    texts: dict[str, str] = {}
    for found in _ANNOTATION.finditer(body):
        texts.setdefault(_math_attributes(found[1]).get("encoding", "").lower(), found[2].strip())
    if "application/x-tex" in texts:
        mark = "$$" if _math_attributes(attributes).get("display", "").lower() == "block" else "$"
        return f"{mark}{texts['application/x-tex']}{mark}"
    return texts.get("text/plain")


def _math_attributes(text: str) -> dict[str, str]:
    return {
        found[1].lower(): (found[2] or found[3] or found[4] or "").strip() for found in _MATH_ATTRIBUTE.finditer(text)
    }


def _is_link(url: str) -> bool:
    return url.lower().startswith(LINK_STARTS)


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
            return value.strip() if _is_link(value.strip()) else None
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
        url_schemes={"https", "http", "mailto"},
        url_relative="deny",
        link_rel=LINK_REL,
        clean_content_tags=set(_HIDDEN),
        strip_comments=True,
    ).clean


_CLEANER = _load_cleaner()
