"""Language tags: which are well-formed, how they are cased, what they are made of."""

from __future__ import annotations

from typing import Any

import pytest

from fedtext.errors import MalformedText
from fedtext.wire.language_tags import (
    TAG_CHARS_MAX,
    UNDETERMINED,
    Subtags,
    is_language_tag,
    parse_language_tag,
    split_language_tag,
)

TAGS: dict[str, dict[str, Any]] = {
    "en": {"language": "en"},
    "und": {"language": "und"},
    "haw": {"language": "haw"},
    "root": {"language": "root"},
    "abcdefgh": {"language": "abcdefgh"},
    "zh-Hant": {"language": "zh", "script": "Hant"},
    "de-CH": {"language": "de", "region": "CH"},
    "es-419": {"language": "es", "region": "419"},
    "zh-Hant-TW": {"language": "zh", "script": "Hant", "region": "TW"},
    "zh-cmn-Hans-CN": {"language": "zh", "extended": ("cmn",), "script": "Hans", "region": "CN"},
    "sgn-ase": {"language": "sgn", "extended": ("ase",)},
    "es-009": {"language": "es", "region": "009"},
    "sl-0ab9": {"language": "sl", "variants": ("0ab9",)},
    "zh-min-nan": {"language": "zh", "extended": ("min", "nan")},
    "aa-bbb-ccc-ddd": {"language": "aa", "extended": ("bbb", "ccc", "ddd")},
    "sl-rozaj-biske-1994": {"language": "sl", "variants": ("rozaj", "biske", "1994")},
    "de-CH-1901": {"language": "de", "region": "CH", "variants": ("1901",)},
    "sl-1abc": {"language": "sl", "variants": ("1abc",)},
    "hy-Latn-IT-arevela": {"language": "hy", "script": "Latn", "region": "IT", "variants": ("arevela",)},
    "de-u-co-phonebk": {"language": "de", "extensions": ("u-co-phonebk",)},
    "en-a-bbb-0-ccc-x-a-ccc-1": {
        "language": "en",
        "extensions": ("a-bbb", "0-ccc"),
        "private_use": ("a", "ccc", "1"),
    },
    "en-CA-x-ca": {"language": "en", "region": "CA", "private_use": ("ca",)},
    "az-Latn-x-latn": {"language": "az", "script": "Latn", "private_use": ("latn",)},
    "x-whatever": {"private_use": ("whatever",), "language": ""},
    "x-x-x": {"private_use": ("x", "x"), "language": ""},
    "i-klingon": {"language": "i-klingon"},
    "sgn-BE-FR": {"language": "sgn-BE-FR"},
    "en-GB-oed": {"language": "en-GB-oed"},
    "art-lojban": {"language": "art", "variants": ("lojban",)},
    "zh-guoyu": {"language": "zh", "variants": ("guoyu",)},
    "no-bok": {"language": "no", "extended": ("bok",)},
}

REFUSED: list[Any] = [
    "",
    "e",
    "x",
    "i",
    "abcdefghi",
    "e1",
    "1",
    "419",
    "1901",
    "12345",
    "419-x-a",
    "1901-x-a",
    "a-bbb",
    "a-bbb-x-a",
    "en_US",
    "en-",
    "-en",
    "en--US",
    "en US",
    " en",
    "en\n",
    "ën",
    "en-é",
    "de-419-DE",
    "a-DE",
    "i-unknown",
    "en-US-GB",
    "en-Latn-Cyrl",
    "de-DE-Latn",
    "en-u",
    "en-u-x-a",
    "en-x",
    "en-a-b",
    "en-x-abcdefghi",
    "root-aaa",
    "aa-bbb-ccc-ddd-eee",
    "sl-abc1",
    "ar-a-aaa-b-bbb-a-ccc",
    "ar-a-aaa-A-ccc",
    "sl-rozaj-ROZAJ",
    "sgn-BE-FR-x-a",
    "en-GB-oed-x-a",
    "١١-DE",
]


def scrambled(tag: str) -> list[str]:
    return [tag, tag.lower(), tag.upper(), tag.swapcase(), tag.title()]


@pytest.mark.spec("AS2-07")
@pytest.mark.parametrize(("tag", "parts"), TAGS.items())
def test_tags_are_read_in_any_case_and_given_in_one(tag: str, parts: dict[str, Any]) -> None:
    for text in scrambled(tag):
        assert parse_language_tag(text) == tag
        assert split_language_tag(text) == Subtags(**parts)
        assert is_language_tag(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_tag(text: str) -> None:
    for spelled in scrambled(text):
        assert not is_language_tag(spelled)
        for read in (parse_language_tag, split_language_tag):
            with pytest.raises(MalformedText):
                read(spelled)


@pytest.mark.parametrize("value", [None, 1, b"en", ["en"]])
def test_other_values_are_no_tags(value: object) -> None:
    assert not is_language_tag(value)


def test_so_long_and_no_longer() -> None:
    longest = "en-x" + "-abcde" * 20 + "-abc"
    assert len(longest) == TAG_CHARS_MAX
    assert parse_language_tag(longest) == longest
    with pytest.raises(MalformedText):
        parse_language_tag(longest + "d")


def test_the_tag_of_no_language_is_one() -> None:
    assert parse_language_tag(UNDETERMINED) == UNDETERMINED
