"""Texts that people read: one text, three views, a language and a direction."""

from __future__ import annotations

import copy
import pickle

import pytest

from fedtext.vocab import Direction, Note, Text, load
from fedtext.vocab.text import direction_of


def test_a_text_is_the_text_as_it_came() -> None:
    text = Text("<p>Hi</p>", is_html=True, language="en")
    assert text == "<p>Hi</p>"
    assert isinstance(text, str)
    assert (text.is_html, text.language) == (True, "en")


VIEWS = [
    # is HTML, text, plain, html, sanitized
    (True, "<p>a<br>b</p><p>c</p>", "a\nb\n\nc", "<p>a<br>b</p><p>c</p>", "<p>a<br>b</p><p>c</p>"),
    (True, "a &amp; b", "a & b", "a &amp; b", "a &amp; b"),
    (False, "a & <b>", "a & <b>", "a &amp; &lt;b&gt;", "<p>a &amp; &lt;b&gt;</p>"),
    (False, "", "", "", ""),
]


@pytest.mark.parametrize(("is_html", "text", "plain", "html", "sanitized"), VIEWS)
def test_mod_11_views(is_html: bool, text: str, plain: str, html: str, sanitized: str) -> None:
    made = Text(text, is_html=is_html)
    assert (made.plain, made.html, made.sanitized) == (plain, html, sanitized)


@pytest.mark.spec("MOD-11")
def test_what_is_not_safe_is_not_shown() -> None:
    text = Text("<p>a<script>alert(1)</script></p>", is_html=True)
    assert "script" in text.html
    assert "script" not in text.sanitized


DIRECTIONS = [
    ("hello", None, Direction.LEFT_TO_RIGHT),
    ("\u05e9\u05dc\u05d5\u05dd", None, Direction.RIGHT_TO_LEFT),
    ("\u0645\u0631\u062d\u0628\u0627 hello", "en", Direction.RIGHT_TO_LEFT),
    ("123 !?", "ar", Direction.RIGHT_TO_LEFT),
    ("123 !?", "en", Direction.LEFT_TO_RIGHT),
    ("", None, Direction.LEFT_TO_RIGHT),
    ("1" * 1_000 + "\u05e9", None, Direction.LEFT_TO_RIGHT),
    ("1" * 999 + "\u05e9", None, Direction.RIGHT_TO_LEFT),
]


@pytest.mark.parametrize(("text", "language", "direction"), DIRECTIONS)
def test_direction(text: str, language: str | None, direction: Direction) -> None:
    assert Text(text, language=language).direction is direction


LANGUAGES = [("he", "rtl"), ("en", "ltr"), ("az-Arab", "rtl"), ("ar-Latn", "ltr"), ("not a tag", "ltr"), (None, "ltr")]


@pytest.mark.parametrize(("language", "direction"), LANGUAGES)
def test_direction_of_a_language(language: str | None, direction: str) -> None:
    assert direction_of(language).value == direction


def test_markup_says_nothing_about_the_direction() -> None:
    assert Text("<p>\u05e9</p>", is_html=True).direction is Direction.RIGHT_TO_LEFT
    assert Text("<p>\u05e9</p>").direction is Direction.LEFT_TO_RIGHT


def test_copies_keep_what_goes_along() -> None:
    text = Text("x", is_html=True, language="de")
    for copied in (copy.copy(text), copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (copied, copied.is_html, copied.language) == ("x", True, "de")


def test_what_a_document_says_of_its_texts() -> None:
    note = load({"type": "Note", "name": "n", "content": "c", "contentMap": {"de": "c", "en": "d"}})
    assert note.name is not None
    assert (note.name.is_html, note.name.language) == (False, None)
    assert note.content is not None
    assert (note.content.is_html, note.content.language) == (True, "de")
    assert note.content_map["en"].is_html
    plain = load({"type": "Note", "summary": "s", "content": "c", "mediaType": "text/plain"})
    assert plain.content is not None
    assert plain.summary is not None
    assert (plain.content.is_html, plain.summary.is_html) == (False, True)


def test_a_text_is_written_with_its_language() -> None:
    note = Note(content=Text("Hallo", language="de"))
    assert note.document["content"] == "Hallo"
    assert note.document["contentMap"] == {"de": "Hallo"}
    assert type(note.document["content"]) is str
    assert note.evolve(content="Servus").document["contentMap"] == {"de": "Servus"}
