"""Posts: for each rule a good one, and a bad one that exactly the servers of its rows mind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.readable import BOB, POST, PUBLIC, THEIRS, Document, activity, create, note
from tests.reading import minded_by, unbroken

from fedtext.testing.peers import Delivery, Verdict, read_as
from fedtext.testing.peers.post_rules import (
    ATTACHMENTS_SHOWN_MAX,
    COMMENT_CHARS_MAX,
    FUTURE_S_MAX,
    PIXELS_MAX,
    POST_RULES,
)

IMAGE = {"type": "Image", "url": "https://a.example/1.png", "mediaType": "image/png"}
CHOICE = {"type": "Note", "name": "yes"}
VOTE = note(content=None, name="yes", to=[BOB], cc=[], tag=[])
EMOJI = {"type": "Emoji", "name": ":x:", "icon": {"type": "Image", "url": "https://a.example/x.png"}}
QUOTED = "https://c.example/posts/9"
LEGACY = {"_misskey_quote": QUOTED, "quoteUrl": QUOTED}
MENTION = '<a href="https://b.example/@bob" class="u-url mention">@bob</a>'

# Rule, who minds, good, bad.
CASES: list[tuple[str, str, Document, Document]] = [
    ("MOD-08", "lemmy pixelfed", note(), note(published=None)),
    ("MOD-08", "lemmy pixelfed", note(content=None, contentMap={"en": "x"}), note(content=None)),
    ("MOD-08", "lemmy pixelfed", create(), create(attributedTo=None)),
    ("MOD-08", "lemmy", note(), note(inReplyTo=None)),
    ("MOD-08", "lemmy", note(inReplyTo=None, audience="https://b.example/c/tea"), note(inReplyTo=None)),
    ("MOD-37", "lemmy pixelfed", note(name="A title"), VOTE),
    ("MOD-36", "mastodon gotosocial", note(type="Question", oneOf=[CHOICE]), note(type="Question")),
    ("MOD-36", "mastodon gotosocial", note(type="Question", anyOf=[CHOICE]),
     note(type="Question", oneOf=[CHOICE], anyOf=[CHOICE])),
    ("MOD-70", "lemmy peertube", note(content="x" * COMMENT_CHARS_MAX), note(content="x" * (COMMENT_CHARS_MAX + 1))),
    ("MOD-65", "mastodon", note(), note(type="Article", name="A title")),
    ("MOD-11", "mastodon", note(content="<p><em>x</em><br></p>"), note(content="<table><tr></table>")),
    ("MOD-13", "mastodon", note(content="<p>$x$</p>"), note(content="<math><mi>x</mi></math>")),
    ("MOD-12", "mastodon", note(attachment=[IMAGE]), note(content='<p><img src="x"></p>')),
    ("MOD-12", "mastodon", note(content='<a href="https://a.example">x</a>'), note(content='<a href="ftp://a/">x</a>')),
    ("MOD-20", "mastodon", note(contentMap={"en": "<p>Hello</p>", "de": "y"}),
     note(contentMap={"de": "y", "en": "<p>Hello</p>"})),
    ("MOD-20", "mastodon gotosocial", note(contentMap={"en": "<p>Hello</p>"}), note(contentMap={"de": "y", "fr": "z"})),
    ("MOD-14", "mastodon gotosocial misskey", note(), note(cc=[])),
    ("MOD-14", "mastodon gotosocial misskey", note(content=MENTION), note(content=MENTION, tag=[])),
    ("MOD-15", "gotosocial", note(tag={"type": "Mention", "name": "@bob@b.example"}), note(tag={"type": "Mention"})),
    ("MOD-17", "mastodon gotosocial", note(tag=[{"type": "Hashtag", "name": "#x"}]), note(tag=[{"type": "Hashtag"}])),
    ("MOD-18", "mastodon", note(tag=[EMOJI]), note(tag=[{**EMOJI, "icon": None}])),
    ("MOD-22", "mastodon", note(published="2026-01-02T03:04:05+0000"), note(published="yesterday")),
    ("MOD-24", "mastodon", create("Update", updated="2026-01-03T00:00:00Z"), create("Update")),
    ("MOD-24", "mastodon", create("Update", type="Question", oneOf=[CHOICE]), create("Update")),
    ("MOD-32", "misskey", note(url="https://www.a.example/3"), note(url="https://b.test/3")),
    ("MOD-32", "misskey", note(url=[{"type": "Link", "href": "https://a.example/3"}]), note(url={"href": "x:y"})),
    ("MOD-34", "mastodon", note(attachment=[IMAGE] * ATTACHMENTS_SHOWN_MAX),
     note(attachment=[IMAGE] * (ATTACHMENTS_SHOWN_MAX + 1))),
    ("MOD-34", "pixelfed", note(attachment=[IMAGE]), note(attachment=[{"type": "Image", "url": "https://a.example/1"}])),
    ("MOD-34", "pixelfed", note(attachment=[{**IMAGE, "width": PIXELS_MAX}]),
     note(attachment={**IMAGE, "width": PIXELS_MAX + 1})),
    ("MOD-34", "pixelfed", note(attachment=[{"type": "Link", "href": "https://a.example/1"}]),
     note(attachment=[{"type": "Document"}])),
    ("MOD-59", "mastodon", note(quote=QUOTED, quoteAuthorization="https://c.example/stamps/1", **LEGACY),
     note(quote=QUOTED, **LEGACY)),
    ("MOD-59", "mastodon", note(quote=f"{POST}0", **LEGACY), note(quote=QUOTED, **LEGACY)),
    ("MOD-57", "misskey", note(quoteUri=QUOTED, quoteUrl=QUOTED), note(quoteUri=QUOTED)),
    ("TRU-05", "threads", note(quote=QUOTED, quoteAuthorization="https://c.example/stamps/1", _misskey_quote=QUOTED),
     note(quote=QUOTED)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "servers", "good", "bad"), CASES)
def test_a_bad_post_is_minded_and_a_good_one_is_not(rule: str, servers: str, good: Document, bad: Document) -> None:
    assert minded_by(rule, bad) == set(servers.split())
    assert minded_by(rule, good) == set()


def test_every_row_is_broken_by_a_bad_post() -> None:
    future = note(published="2026-01-02T03:04:05Z"), Delivery(now_s=0)
    assert unbroken(POST_RULES, [(bad, None) for *_, bad in CASES] + [future]) == []


@pytest.mark.spec("MOD-23")
def test_mod_23_what_is_from_the_future_is_dropped_where_the_time_is_known() -> None:
    at_s = 1_767_323_045  # the date of the note
    assert minded_by("MOD-23", note(), Delivery(now_s=at_s - FUTURE_S_MAX)) == set()
    assert minded_by("MOD-23", note(), Delivery(now_s=at_s - FUTURE_S_MAX - 1)) == {"misskey"}
    assert minded_by("MOD-23", note(published="3026-01-02T03:04:05Z")) == set()


@pytest.mark.parametrize("shape", [note, create])
def test_a_reply_is_shown_by_all(shape: Callable[[], Document]) -> None:
    assert minded_by(None, shape()) == set()


def test_mod_08_a_private_message_is_no_post_of_a_community() -> None:
    message = create(to=[BOB], cc=[], inReplyTo=None)
    assert read_as(message, "lemmy").verdict is Verdict.SHOWN


def test_what_is_no_post_is_not_judged_as_one() -> None:
    assert unbroken(POST_RULES, [(activity("Like", THEIRS, to=[PUBLIC]), None), (activity("Follow", BOB), None)]) == [
        (row.rule, row.broken.__name__) for row in POST_RULES
    ]
