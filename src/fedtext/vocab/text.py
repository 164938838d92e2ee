"""A text that people read, with its three views: as it came, as plain text, and as HTML that is safe to show.

A `Text` is a `str`: the text exactly as the document has it. What it is in (plain text or HTML, which language) goes
along, so that nobody has to remember it.

Example:
    >>> note.content
    '<p>Hello <script>…</script></p>'
    >>> note.content.plain
    'Hello'

Sources: Activity Vocabulary section 4 (`name` is plain, `summary` and `content` are HTML unless `mediaType` says
otherwise); MOD-10, MOD-11, MOD-19, MOD-20; ActivityStreams 2.0 section 4.7 and its erratum on bidirectional text.
"""

from __future__ import annotations

import unicodedata
from enum import Enum
from typing import Final, Self

from ..errors import MalformedText
from ..wire.html import escape, paragraphs, sanitize, to_text
from ..wire.language_tags import split_language_tag

# Scripts written from right to left that are in use (ISO 15924), and the languages written in one of them by default.
_RTL_SCRIPTS: Final = (
    *("Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"),
)
_RTL_LANGUAGES: Final = (
    *("ae", "ar", "arc", "arz", "ckb", "dv", "fa", "glk", "he", "iw", "ji", "ks", "lrc", "mzn", "nqo", "pnb", "ps"),
    *("sd", "syr", "ug", "ur", "yi"),
)
_RTL_CLASSES: Final = frozenset({"R", "AL"})
# Characters that are looked at for the first strong one; what comes later does not decide.
_LOOKED_AT_CHARS_MAX: Final = 1_000


class Direction(Enum):
    """In which direction a text runs; the values are those of the HTML attribute `dir`."""

    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"


class Text(str):
    """A text of a document.

    Args:
        value: As it stands there.
        is_html: Whether it is HTML; plain text otherwise.
        language: BCP 47 tag, or None when the document does not say.
    """

    __slots__ = ("is_html", "language")

    is_html: bool
    language: str | None

    def __new__(cls, value: str, *, is_html: bool = False, language: str | None = None) -> Self:
        """Make a text."""
        text = super().__new__(cls, value)
        text.is_html = is_html
        text.language = language
        return text

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """Copy and pickle with what goes along."""
        return (str(self),), {"is_html": self.is_html, "language": self.language}

    @property
    def plain(self) -> str:
        """The text without markup, paragraphs and lines as line breaks."""
        return to_text(self) if self.is_html else str(self)

    @property
    def html(self) -> str:
        """The text as HTML: HTML as it came, **not sanitized**; plain text with its special characters escaped."""
        return str(self) if self.is_html else escape(self)

    @property
    def sanitized(self) -> str:
        """The text as HTML that is safe to show (MOD-11); plain text as paragraphs with links."""
        return sanitize(self) if self.is_html else paragraphs(self)

    @property
    def direction(self) -> Direction:
        """In which direction it runs: by its first strong character, as HTML's `dir=auto`, else by its language."""
        for character in self.plain[:_LOOKED_AT_CHARS_MAX]:
            kind = unicodedata.bidirectional(character)
            if kind in _RTL_CLASSES:
                return Direction.RIGHT_TO_LEFT
            if kind == "L":
                return Direction.LEFT_TO_RIGHT
        return direction_of(self.language)


def direction_of(language: str | None) -> Direction:
    """Give the direction in which a language is written, by its script where the tag names one.

    Args:
        language: BCP 47 tag; what is not one, and None, is taken for left to right.
    """
    try:
        subtags = split_language_tag(language or "")
    except MalformedText:
        return Direction.LEFT_TO_RIGHT
    rtl = subtags.script in _RTL_SCRIPTS if subtags.script else subtags.language in _RTL_LANGUAGES
    return Direction.RIGHT_TO_LEFT if rtl else Direction.LEFT_TO_RIGHT
