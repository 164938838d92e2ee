"""From plain text to a post: mentions, hashtags, links."""

from __future__ import annotations

import re
import time

import pytest

from fedtext.social.composing import compose

ORIGIN = "https://blog.example"


@pytest.mark.parametrize(
    ("text", "handles", "hashtags"),
    [
        ("", (), ()),
        ("just words", (), ()),
        ("Hello @bob@mastodon.example!", ("bob@mastodon.example",), ()),
        ("(@bob@mastodon.example), #intro.", ("bob@mastodon.example",), ("intro",)),
        ('("@bob@a.example")', ("bob@a.example",), ()),
        ("@Bob@Mastodon.EXAMPLE @Bob@mastodon.example", ("Bob@mastodon.example",), ()),
        ("@bob", (), ()),
        ("@@", (), ()),
        ("bob@mastodon.example", (), ()),
        ("@a@b.example@c.example", (), ()),
        ("#Über #日本 #a1 #1a #_a #a-b ##x #", (), ("Über", "日本", "a1")),
        ("line one\n@bob@a.example\n\n#two", ("bob@a.example",), ("two",)),
        ("@bob@[::1] @bob@-", (), ()),
    ],
)
def test_what_is_found(text: str, handles: tuple[str, ...], hashtags: tuple[str, ...]) -> None:
    composed = compose(text, origin=ORIGIN)
    assert (composed.handles, composed.hashtags) == (handles, hashtags)


@pytest.mark.spec("MOD-14", "MOD-17")
def test_it_is_marked_up_as_others_do() -> None:
    html = compose("Hi @bob@a.example #Intro https://x.example/?a=1&b=2", origin=ORIGIN).html
    assert (
        '<span class="h-card"><a href="https://a.example/@bob" class="u-url mention">@<span>bob</span></a></span>'
        in html
    )
    assert f'<a href="{ORIGIN}/tags/intro" class="mention hashtag" rel="tag">#<span>Intro</span></a>' in html
    assert 'href="https://x.example/?a=1&amp;b=2"' in html


@pytest.mark.spec("MOD-10")
def test_mod_10_it_is_html_of_the_few_elements_that_everybody_reads() -> None:
    text = "One\ntwo <del>\n\n@bob@a.example #Intro https://x.example/ `code`\n\n* a\n* b\n\n> c"
    elements = set(re.findall(r"<([a-z0-9]+)", compose(text, origin=ORIGIN).html))
    assert elements == {"p", "br", "a", "span"}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<b>@bob@a.example</b>", '"onload="x', "#<i>", "&amp;"])
def test_markup_is_text(text: str) -> None:
    html = compose(text, origin=ORIGIN).html
    assert "<script" not in html
    assert "<b>" not in html
    assert "<i>" not in html


def test_so_many_mentions_and_no_more() -> None:
    text = " ".join(f"@user{n}@a.example" for n in range(40))
    assert len(compose(text, origin=ORIGIN).handles) == 32


@pytest.mark.spec("SEC-157")
@pytest.mark.parametrize("unit", ["@a@b.c ", "#" * 10, "@", "https://a.example/ ", "a#b", "(", ".,;"])
def test_sec_157_it_is_linear(unit: str) -> None:
    begun_s = time.perf_counter()
    compose(unit * (200_000 // len(unit)), origin=ORIGIN)
    assert time.perf_counter() - begun_s < 5
