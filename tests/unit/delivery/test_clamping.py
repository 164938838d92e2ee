"""What we emit is within the sizes that other servers take, at each limit and one above (MOD-69)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.config import Limits
from fedtext.delivery import clamp, seal
from fedtext.delivery.clamping import (
    ALIASES_MAX,
    BIO_BYTES_MAX,
    CHOICES_MAX,
    DESCRIPTION_CHARS_MAX,
    EMOJI_CHARS_MAX,
    FIELD_CHARS_MAX,
    FIELDS_MAX,
    NAME_CHARS_MAX,
)
from fedtext.wire.html import sanitize, to_text
from fedtext.wire.json import parse_object

ACTOR = {"id": "https://a.example/u", "type": "Person", "inbox": "https://a.example/u/inbox"}
NOTE = {"id": "https://a.example/n", "type": "Note"}


def emoji(size: int) -> dict[str, Any]:
    return {"type": "Emoji", "name": "x" * size}


def image(size: int) -> dict[str, Any]:
    return {"type": "Image", "url": "https://a.example/i.png", "name": "x" * size}


def field(name: int = 1, value: int = 1) -> dict[str, Any]:
    return {"type": "PropertyValue", "name": "n" * name, "value": "v" * value}


def cut(size: int, letter: str = "x") -> str:
    return letter * (size - 1) + "…"


# Head, member, what is just taken, what is too much, what becomes of that.
SIZES: list[tuple[dict[str, Any], str, Any, Any, Any]] = [
    (ACTOR, "name", "x" * NAME_CHARS_MAX, "x" * (NAME_CHARS_MAX + 1), cut(NAME_CHARS_MAX)),
    (ACTOR, "nameMap", {"en": "x" * NAME_CHARS_MAX}, {"en": "x" * (NAME_CHARS_MAX + 1)}, {"en": cut(NAME_CHARS_MAX)}),
    (ACTOR, "alsoKnownAs", ["u"] * ALIASES_MAX, ["u"] * (ALIASES_MAX + 1), ["u"] * ALIASES_MAX),
    (ACTOR, "attachment", [field()] * FIELDS_MAX, [field()] * (FIELDS_MAX + 1), [field()] * FIELDS_MAX),
    (ACTOR, "attachment", field(name=FIELD_CHARS_MAX), field(name=FIELD_CHARS_MAX + 1),
     {**field(), "name": cut(FIELD_CHARS_MAX, "n")}),
    (ACTOR, "attachment", [field(value=FIELD_CHARS_MAX)], [field(value=FIELD_CHARS_MAX + 1)],
     [{**field(), "value": cut(FIELD_CHARS_MAX, "v")}]),
    (ACTOR, "icon", image(DESCRIPTION_CHARS_MAX), image(DESCRIPTION_CHARS_MAX + 1),
     {**image(1), "name": cut(DESCRIPTION_CHARS_MAX)}),
    (NOTE, "attachment", [image(DESCRIPTION_CHARS_MAX)], [image(1), image(DESCRIPTION_CHARS_MAX + 1)],
     [image(1), {**image(1), "name": cut(DESCRIPTION_CHARS_MAX)}]),
    (NOTE, "tag", [emoji(EMOJI_CHARS_MAX)], [emoji(1), emoji(EMOJI_CHARS_MAX + 1)], [emoji(1)]),
    (NOTE, "oneOf", [{"name": "x"}] * CHOICES_MAX, [{"name": "x"}] * (CHOICES_MAX + 1), [{"name": "x"}] * CHOICES_MAX),
    (NOTE, "anyOf", [{"name": "x"}] * CHOICES_MAX, [{"name": "x"}] * (CHOICES_MAX + 1), [{"name": "x"}] * CHOICES_MAX),
]  # fmt: skip


@pytest.mark.spec("MOD-69")
@pytest.mark.parametrize(("head", "member", "taken", "too_much", "left"), SIZES)
def test_mod_69_at_the_limit_and_one_above(
    head: dict[str, Any], member: str, taken: Any, too_much: Any, left: Any
) -> None:
    for wrap in (lambda value: value, lambda value: {"type": "Update", "object": value}):
        assert clamp(wrap({**head, member: taken})) == wrap({**head, member: taken})
        given_document = wrap({**head, member: too_much})
        before = repr(given_document)
        assert clamp(given_document) == wrap({**head, member: left})
        assert repr(given_document) == before


@pytest.mark.spec("MOD-69")
def test_mod_69_one_emoji_that_is_too_long_is_left_out() -> None:
    assert clamp({**NOTE, "tag": emoji(EMOJI_CHARS_MAX + 1)}) == NOTE


@pytest.mark.spec("MOD-69")
@pytest.mark.parametrize("letter", ["x", "ü", "🙂", "<b>x</b>", "&amp;", "https://a.example/x "])
def test_mod_69_a_biography_fits_and_is_sound_html(letter: str) -> None:
    unit = f"<p>{letter}</p>"
    bio = unit * (BIO_BYTES_MAX // len(unit.encode()))
    assert clamp({**ACTOR, "summary": bio})["summary"] == bio
    long = clamp({**ACTOR, "summary": bio + unit, "summaryMap": {"en": bio + unit}})
    short: Any = long["summary"]
    assert long["summaryMap"] == {"en": short}
    assert len(short.encode()) <= BIO_BYTES_MAX
    assert sanitize(short) == short
    assert to_text(short).removesuffix("…").strip() in to_text(bio + unit)


@pytest.mark.spec("MOD-70")
def test_mod_70_the_content_of_a_post_is_not_cut() -> None:
    note = {**NOTE, "content": "x" * 100_000, "summary": "x" * 30_000, "name": "x" * 5_000}
    assert clamp(note) == note


@pytest.mark.spec("MOD-69")
@pytest.mark.parametrize("by", ["proof", "signature"])
def test_mod_69_what_is_proved_is_left_alone(by: str) -> None:
    """An Announce of what somebody else has signed: cut, it would hold no more."""
    theirs = {**NOTE, by: {"type": "x"}, "tag": [emoji(EMOJI_CHARS_MAX + 1)]}
    document = {"type": "Announce", "object": theirs, "tag": [emoji(EMOJI_CHARS_MAX + 1)]}
    assert clamp(document) == {"type": "Announce", "object": theirs, "tag": []}


@pytest.mark.spec("MOD-69")
def test_mod_69_a_sealed_activity_is_within_them() -> None:
    update = {"id": "https://a.example/1", "type": "Update", "actor": ACTOR["id"]}
    sealed = seal({**update, "object": {**ACTOR, "name": "x" * 5_000}}, Limits())
    inner: Any = parse_object(sealed.body)["object"]
    assert inner["name"] == cut(NAME_CHARS_MAX)


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["x" * 2_050, "<p>x" * 6_000, "PropertyValue"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "inbox", "name", "summary", "summaryMap", "attachment", "tag", "object", "value"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["inbox", "name", "summary", "attachment", "icon", "tag", "object"]), VALUES))
def test_nothing_that_is_json_raises_and_twice_is_as_once(document: dict[str, Any]) -> None:
    once = clamp(document)
    assert clamp(once) == once
