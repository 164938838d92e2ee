"""Language tags: which language, script and region a text is in.

Decides which texts are well-formed tags and how their subtags are cased; refuses to know which languages exist, as the
registry grows with the years.

Invariants:
    - a tag is returned in the case that the standard recommends: "zh-Hant-TW", not "ZH-hant-tw";
    - subtags are neither replaced by preferred ones nor put into another order;
    - reading takes one step a subtag, at most `TAG_CHARS_MAX` characters, and raises `MalformedText` only.

Example:
    >>> parse_language_tag("SR-latn-rs")
    'sr-Latn-RS'

Sources: BCP 47: RFC 5646 sections 2.1, 2.1.1 and 2.2; AS2-07.
"""

from __future__ import annotations

import re
from typing import Final, NewType

import attrs

from ..errors import MalformedText

LanguageTag = NewType("LanguageTag", str)

# RFC 5646 section 4.4.1: thirty-five characters hold every registered tag without extensions.
TAG_CHARS_MAX: Final = 128

UNDETERMINED: Final = LanguageTag("und")

_EXTENDED_MAX: Final = 3
_TAG = re.compile(r"[A-Za-z0-9]{1,8}+(?>(?:-[A-Za-z0-9]{1,8}+)*)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}")
_EXTENDED = re.compile(r"[A-Za-z]{3}")
_SCRIPT = re.compile(r"[A-Za-z]{4}")
_REGION = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_VARIANT = re.compile(r"[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}")
_SINGLETON = re.compile(r"[A-WYZa-wyz0-9]")
_OF_EXTENSION = re.compile(r"[A-Za-z0-9]{2,8}")
_PRIVATE = re.compile(r"[Xx]")
_ANY = re.compile(r"[A-Za-z0-9]{1,8}")
# RFC 5646 section 2.1, "irregular": registered before there was a grammar. The regular ones follow it.
_IRREGULAR = frozenset(
    {
        "en-gb-oed",
        "i-ami",
        "i-bnn",
        "i-default",
        "i-enochian",
        "i-hak",
        "i-klingon",
        "i-lux",
        "i-mingo",
        "i-navajo",
        "i-pwn",
        "i-tao",
        "i-tay",
        "i-tsu",
        "sgn-be-fr",
        "sgn-be-nl",
        "sgn-ch-de",
    }
)


@attrs.frozen(kw_only=True)
class Subtags:
    """The parts of a tag, in the case of the tag.

    Args:
        language: Two or three letters, rarely more; empty when the tag is for private use only, and the whole tag when
            it is an irregular one.
        extended: Extended languages, at most three.
        script: Four letters.
        region: Two letters or three digits.
        variants: Registered variants.
        extensions: Each with its singleton, as in "u-co-phonebk".
        private_use: What follows "x-".
    """

    language: str
    extended: tuple[str, ...] = ()
    script: str | None = None
    region: str | None = None
    variants: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    private_use: tuple[str, ...] = ()


def parse_language_tag(text: str) -> LanguageTag:
    """Read a language tag.

    Args:
        text: In any case.

    Returns:
        The tag in the recommended case.

    Raises:
        MalformedText: Not well-formed, or a variant or singleton twice.

    Sources:
        RFC 5646 sections 2.1.1, 2.2.5, 2.2.6 and 2.2.9.
    """
    split_language_tag(text)
    return LanguageTag("-".join(_cased(text)))


def split_language_tag(text: str) -> Subtags:
    """Read a language tag and take it apart.

    Args:
        text: In any case.

    Returns:
        Its subtags in the recommended case.

    Raises:
        MalformedText: Not well-formed, or a variant or singleton twice.
    """
    if len(text) > TAG_CHARS_MAX or _TAG.fullmatch(text) is None:
        raise MalformedText("not a language tag", tag=text)
    subtags = _cased(text)
    if text.lower() in _IRREGULAR:
        return Subtags(language="-".join(subtags))
    rest = _Rest(subtags)
    found = _subtags_of(rest)
    if rest.subtags or not _is_whole(found):
        raise MalformedText("not a language tag", tag=text)
    return found


def is_language_tag(value: object) -> bool:
    """Tell whether a value is a well-formed language tag, in any case."""
    if not isinstance(value, str):
        return False
    try:
        split_language_tag(value)
    except MalformedText:
        return False
    return True


def _cased(text: str) -> list[str]:
    """Give the subtags in the recommended case; it follows from length and place alone (section 2.1.1)."""
    cased: list[str] = []
    after_singleton = False
    for index, subtag in enumerate(text.lower().split("-")):
        if index and not after_singleton and len(subtag) == 2:
            cased.append(subtag.upper())
        elif index and not after_singleton and len(subtag) == 4:
            cased.append(subtag.capitalize())
        else:
            cased.append(subtag)
        after_singleton = after_singleton or len(subtag) == 1
    return cased


class _Rest:
    """The subtags that are still to be read, the last one first."""

    __slots__ = ("subtags",)

    def __init__(self, subtags: list[str]) -> None:
        self.subtags = subtags[::-1]

    def one(self, pattern: re.Pattern[str]) -> str | None:
        """Take the next subtag if it is one of these."""
        return self.subtags.pop() if self.subtags and pattern.fullmatch(self.subtags[-1]) else None

    def many(self, pattern: re.Pattern[str], count_max: int = TAG_CHARS_MAX) -> tuple[str, ...]:
        """Take subtags as long as they are of these."""
        taken: list[str] = []
        while len(taken) < count_max and (subtag := self.one(pattern)) is not None:
            taken.append(subtag)
        return tuple(taken)

    def headed(self, head: re.Pattern[str], tail: re.Pattern[str]) -> tuple[str, ...]:
        """Take a single character and what belongs to it; nothing when either is not there."""
        singleton = self.one(head)
        if singleton is None:
            return ()
        if not (taken := self.many(tail)):
            self.subtags.append(singleton)
            return ()
        return (singleton, *taken)


def _is_whole(found: Subtags) -> bool:
    """Tell whether there is enough of a tag, and nothing twice (sections 2.2.5 and 2.2.6)."""
    if not (found.language or found.private_use):
        return False
    singletons = {extension[0] for extension in found.extensions}
    return len(singletons) == len(found.extensions) and len(set(found.variants)) == len(found.variants)


def _subtags_of(rest: _Rest) -> Subtags:
    """Take in their order whatever can be taken."""
    language = rest.one(_LANGUAGE) or ""
    extended = rest.many(_EXTENDED, _EXTENDED_MAX) if language and len(language) <= 3 else ()
    script = rest.one(_SCRIPT) if language else None
    region = rest.one(_REGION) if language else None
    variants = rest.many(_VARIANT) if language else ()
    extensions: list[str] = []
    while language and (extension := rest.headed(_SINGLETON, _OF_EXTENSION)):
        extensions.append("-".join(extension))
    private = rest.headed(_PRIVATE, _ANY)
    return Subtags(
        language=language,
        extended=extended,
        script=script,
        region=region,
        variants=variants,
        extensions=tuple(extensions),
        private_use=private[1:],
    )
