"""Sanitising, and the way between HTML and plain text; attacks are in tests/security."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedtext.wire import html
from fedtext.wire.html import ELEMENTS, LINK_REL, escape, paragraphs, sanitize, to_text

REL = f'rel="{LINK_REL}"'
VOID = {"br"}


def test_mod_11_the_list_of_elements() -> None:
    expected = "p br span a abbr del s pre blockquote code b strong u sub sup i em h1 h2 h3 h4 h5 ul ol li ruby rt rp"
    assert set(expected.split()) == ELEMENTS


@pytest.mark.parametrize("element", sorted(ELEMENTS - VOID - {"a", "rt", "rp", "li"}))
def test_mod_11_elements_stay(element: str) -> None:
    markup = f'<{element} lang="de">x</{element}>'
    assert sanitize(markup) == markup


SANITIZED = {
    '<p>a <math display="block"><mfrac><mi>x</mi><MN>2</MN></mfrac></math> <mark>b</mark></p>': "<p>a x2 b</p>",
    "<p>a<br/>b</p>": "<p>a<br>b</p>",
    '<ol start="3" reversed><li value="-5">a</ol>': '<ol start="3" reversed=""><li value="-5">a</li></ol>',
    '<ol start="x"><li value="1e9">a</li></ol>': "<ol><li>a</li></ol>",
    "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>": "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
    '<p class="h-card x p-name">a</p>': '<p class="h-card p-name">a</p>',
    '<span class="invisible js">a</span>': '<span class="invisible">a</span>',
    '<p class="evil">a</p>': "<p>a</p>",
    '<span class="h-card" translate="no">a</span>': '<span class="h-card" translate="no">a</span>',
    '<span translate="maybe">a</span>': "<span>a</span>",
    '<abbr title="x &quot;y&quot;">a</abbr>': '<abbr title="x &quot;y&quot;">a</abbr>',
    '<blockquote cite="https://a.example/">a</blockquote>': '<blockquote cite="https://a.example/">a</blockquote>',
    '<blockquote cite="javascript:x">a</blockquote>': "<blockquote>a</blockquote>",
    '<a href="https://a.example/?a=1&amp;b=2">a</a>': f'<a href="https://a.example/?a=1&amp;b=2" {REL}>a</a>',
    '<a href=" HTTPS://a.example/ ">a</a>': f'<a href="HTTPS://a.example/" {REL}>a</a>',
    '<a href="mailto:a@a.example" target="_blank" rel="me">a</a>': f'<a href="mailto:a@a.example" {REL}>a</a>',
    '<a href="https:a.example">a</a>': f"<a {REL}>a</a>",
    "<div><section>a</section></div>": "a",
    "<!-- x -->a<!-- -->": "a",
    'a &amp; b &lt;c&gt; "d"': 'a &amp; b &lt;c&gt; "d"',
    "<pre>\n\n\na</pre>": "<pre>a</pre>",
    '<img src="https://a.example/x.png" alt="a cat">': f'<a href="https://a.example/x.png" {REL}>a cat</a>',
    "<IMG alt='a \"cat\"' src='https://a.example/x.png'/>": f'<a href="https://a.example/x.png" {REL}>a "cat"</a>',
    '<img src="https://a.example/x.png">': f'<a href="https://a.example/x.png" {REL}>https://a.example/x.png</a>',
    "<img src='https://a.example/\"x' alt=y>": f'<a href="https://a.example/&quot;x" {REL}>y</a>',
    '<img data-src="https://a.example/y" alt="z">': "z",
    '<img src="data:image/png;base64,x" alt="z">': "z",
    "<img>": "",
    "a&#6;b&#x1;&#0;<a href='https://a.example/&#7;'>c</a>": f'ab\ufffd<a href="https://a.example/" {REL}>c</a>',
    "": "",
}


@pytest.mark.parametrize(("markup", "expected"), SANITIZED.items())
def test_mod_10_mod_12_foreign_html_is_sanitised(markup: str, expected: str) -> None:
    assert sanitize(markup) == expected
    assert sanitize(expected) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>a <b>b</b></p><p>c</p>", "<p>a b</p><p>c</p>"),
        ("<script>x</script>a &lt;b&gt;", "<p>a &lt;b&gt;</p>"),
        (
            '<a href="javascript:x">see https://a.example/</a>',
            f'<p>see <a href="https://a.example/" {REL}>https://a.example/</a></p>',
        ),
        ("", ""),
    ],
)
def test_without_nh3_foreign_html_is_shown_as_text(markup: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "_CLEANER", None)
    assert sanitize(markup) == expected


TEX = '<annotation encoding="application/x-tex">x^2 &lt; y</annotation>'
PLAIN = "<annotation encoding='text/plain'>x squared</annotation>"
FORMULAS = {
    f"a <math><semantics><mi>x</mi>{TEX}</semantics></math> b": "a $x^2 &lt; y$ b",
    f'<math display="block"><semantics><mi>x</mi>{TEX}</semantics></math>': "$$x^2 &lt; y$$",
    f"<MATH DISPLAY=Block><SEMANTICS>{TEX.upper()}</SEMANTICS></MATH >": "$$X^2 &lt; Y$$",
    f"<math display='inline'><semantics>{PLAIN}{TEX}</semantics></math>": "$x^2 &lt; y$",
    f"<math><semantics><mi>x</mi>{PLAIN}</semantics></math>": "x squared",
    f"<math>{TEX}{TEX.replace('x^2', 'z^2')}</math><math><mi>q</mi></math>": "$x^2 &lt; y$q",
    "<math><annotation encoding = 'application/x-tex' >\n a \n</annotation></math>": "$a$",
    "<math><annotation encoding=application/x-tex>a</annotation></math>": "$a$",
    "<math><annotation>a</annotation><mi>b</mi></math>": "ab",
    '<math><annotation data-encoding="application/x-tex">a</annotation></math>': "a",
    '<math><annotation encoding="application/x-tex">a<mi>b</mi></annotation></math>': "ab",
    '<math><annotation-xml encoding="application/x-tex">a</annotation-xml></math>': "a",
    f"<math>{TEX}": "x^2 &lt; y",
    f"<math/>{TEX}</math>": "x^2 &lt; y",
    f"<mathx>{TEX}</mathx>": "x^2 &lt; y",
    f"{TEX}<math></math>": "x^2 &lt; y",
    '<math><annotation encoding="application/x-tex">&lt;script&gt;</annotation></math>': "$&lt;script&gt;$",
}


@pytest.mark.spec("MOD-13")
@pytest.mark.parametrize(("markup", "expected"), FORMULAS.items())
def test_mod_13_a_formula_becomes_the_text_that_it_brings(
    markup: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sanitize(markup) == expected
    assert sanitize(expected) == expected
    assert to_text(markup) == to_text(expected)
    monkeypatch.setattr(html, "_CLEANER", None)
    assert sanitize(markup) == f"<p>{expected}</p>"


TEXTS = {
    "<p>a</p><p>b</p>": "a\n\nb",
    "<p>a<br>b<br />c</p>": "a\nb\nc",
    "<ul><li>a</li><li>b</li></ul>c": "a\nb\n\nc",
    "a\n  b\t c": "a b c",
    "<p> a </p>\n<p> b</p>": "a\n\nb",
    "a&nbsp;b &amp;lt; &#x41;&#66;": "a\xa0b &lt; AB",
    "1 < 2 > 1 <3 <": "1 < 2 > 1 <3 <",
    "a<!-- <p>x</p> -->b<!-- c": "ab",
    "<!DOCTYPE html><?xml?>a": "a",
    "a<script>if (a<b) {}</SCRIPT >b": "ab",
    "a<style>x": "a",
    "<svg><text>x</text></svg>a": "a",
    "<a title=\"1>2\" href='x>y'>a</a>b": "ab",
    "<a href=https://x.example/?a=b>a</a>": "a",
    '<a b"c>a': "a",
    "a<b": "a",
    "&#0;&#xD800;&#1114112;a": "\ufffd\ufffd\ufffda",
    "&#" + "9" * 5_000 + ";&#x" + "f" * 9 + ";": "\ufffd\ufffd",
    '<span class="invisible">https://</span><span>a.example</span>': "https://a.example",
    "\x00a\x07b": "ab",
    "\ud800": "?",
}


@pytest.mark.parametrize(("markup", "text"), TEXTS.items(), ids=[ascii(markup[:40]) for markup in TEXTS])
def test_html_becomes_text(markup: str, text: str) -> None:
    assert to_text(markup) == text


def test_text_is_escaped() -> None:
    assert escape("<a b=\"c\" d='e'>&\x00\ud800") == "&lt;a b=&quot;c&quot; d=&#x27;e&#x27;&gt;&amp;?"


def link(url: str) -> str:
    return f'<a href="{url}" {REL}>{url}</a>'


PARAGRAPHS = {
    "": "",
    " \n\n ": "",
    "a": "<p>a</p>",
    "a\nb\r\nc\rd": "<p>a<br>b<br>c<br>d</p>",
    "a\n\nb\n \n\n\nc": "<p>a</p><p>b</p><p>c</p>",
    "<script>": "<p>&lt;script&gt;</p>",
    "a\xa0&\xa0b": "<p>a&nbsp;&amp;&nbsp;b</p>",
    "https://a.example/": f"<p>{link('https://a.example/')}</p>",
    "see HTTP://a.example, ok": f"<p>see {link('HTTP://a.example')}, ok</p>",
    "(https://a.example/x).": f"<p>({link('https://a.example/x')}).</p>",
    "https://a.example/x_(y)": f"<p>{link('https://a.example/x_(y)')}</p>",
    "((https://a.example/x_(y)))!": f"<p>(({link('https://a.example/x_(y)')}))!</p>",
    "https://a.example/?a=1&b=2": f"<p>{link('https://a.example/?a=1&amp;b=2')}</p>",
    "<https://a.example/>": f"<p>&lt;{link('https://a.example/')}&gt;</p>",
    "https://": "<p>https://</p>",
    "https://a b": f"<p>{link('https://a')} b</p>",
    "https://u:p@a.example/": "<p>https://u:p@a.example/</p>",
    "javascript:alert(1)": "<p>javascript:alert(1)</p>",
    'https://a.example/"onclick="x': '<p>https://a.example/"onclick="x</p>',
}


@pytest.mark.parametrize(("text", "expected"), PARAGRAPHS.items(), ids=ascii)
def test_text_becomes_html(text: str, expected: str) -> None:
    assert paragraphs(text) == expected
    assert sanitize(expected) == expected


def test_words_can_become_links() -> None:
    seen: list[str] = []

    def links(word: str) -> str | None:
        seen.append(word)
        return "<b>me</b>" if word == "@me" else None

    assert paragraphs("hi @me & https://a.example/\n#x", links) == (
        f"<p>hi <b>me</b> &amp; {link('https://a.example/')}<br>#x</p>"
    )
    assert seen == ["hi", "@me", "&", "#x"]


PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<a href='https://a.example/'>",
        "<a href=javascript:x>",
        "</a>",
        "<b>",
        "<pre>\n",
        "<br>",
        "<",
        ">",
        "&",
        "&lt;",
        "&#10;",
        "&#6;",
        "&#x",
        "<ul><li>",
        "<table><td>",
        "<svg>",
        "<math><mi>",
        "<math display=block>",
        "<annotation encoding='application/x-tex'>",
        "</annotation>",
        "</math>",
        "<ma",
        "th>",
        "<script>",
        "<style>",
        "<!--",
        "-->",
        "<img src=https://a.example/x alt='b'>",
        "\n",
        " ",
        "x",
        "https://a.example/(x).",
        "\xa0",
        '"',
        "'",
        "=",
        "\r",
        "\x00",
        "\u2028",
        "<noscript>",
        "<template>",
        "<h1>",
        "<ruby><rt>",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(st.characters(exclude_categories=[]), max_size=40))
def test_sanitising_twice_changes_nothing(markup: str) -> None:
    assert html._CLEANER is not None
    once = sanitize(markup)
    assert sanitize(once) == once
    with pytest.MonkeyPatch.context() as without_nh3:
        without_nh3.setattr(html, "_CLEANER", None)
        shown = sanitize(markup)
        assert sanitize(shown) == shown
    assert sanitize(shown) == shown


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(st.characters(exclude_categories=[]), max_size=40))
def test_written_text_is_safe_and_is_read_back(markup: str) -> None:
    text = to_text(markup)
    written = paragraphs(text)
    assert to_text(written) == text
    assert sanitize(written) == written


def test_nh3_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert html._load_cleaner() is not None
    monkeypatch.setitem(sys.modules, "nh3", None)
    assert html._load_cleaner() is None


def test_what_never_settles_is_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def restless(markup: str) -> str:
        calls.append(markup)
        return f"<b>{markup}</b>"

    monkeypatch.setattr(html, "_CLEANER", restless)
    assert sanitize("<i>a & b</i>") == "<p>a &amp; b</p>"
    assert len(calls) < 10


@pytest.mark.parametrize(
    ("at_limit", "above"),
    [
        ("<br>" * html.TAGS_MAX, "<br>" * (html.TAGS_MAX + 1)),
        ("<br>" + "«" * html.SPECIALS_MAX, "<br>" + "«" * (html.SPECIALS_MAX + 1)),
        ("<br =>".ljust(html.SOUP_CHARS_MAX, "x"), "<br =>".ljust(html.SOUP_CHARS_MAX + 1, "x")),
        ("<br>".ljust(html.CHARS_MAX, "x"), ""),
    ],
    ids=["tags", "specials", "soup", "characters"],
)
def test_sec_163_markup_stays_up_to_the_limits(at_limit: str, above: str) -> None:
    assert "<br>" in sanitize(at_limit)
    assert "<br>" not in sanitize(above)


def anchor(href: str, words: str) -> str:
    return f'<a href="{href}" {REL}>{words}</a>'


@pytest.mark.parametrize(
    ("href", "words", "shown"),
    [
        ("https://evil.example/", "https://good.example/login", " [evil.example]"),
        ("https://evil.example/", "good.example", " [evil.example]"),
        ("https://evil.example/", "see www.good.example now", " [evil.example]"),
        ("https://good.example.evil.example/", "good.example", " [good.example.evil.example]"),
        ("https://good.example@evil.example/", "good.example", ""),
        ("https://evil.example/", '<span class="invisible">https://</span><b>good.example</b>/x', " [evil.example]"),
        ("https://evil.example/", "GOOD.example", " [evil.example]"),
        ("https://good.example/a", "https://www.good.example/b", ""),
        ("https://www.good.example/a", "GOOD.example/b", ""),
        ("https://good.example/@alice", "@alice@other.example", ""),
        ("https://good.example/", "click here", ""),
        ("mailto:a@b.example", "good.example", ""),
    ],
)
def test_sec_167_a_link_tells_where_it_leads(href: str, words: str, shown: str) -> None:
    """Threat: CVE-2023-36462."""
    markup = f"<p>{anchor(href, words)} and on</p>"
    assert html.name_hosts(markup) == f"<p>{anchor(href, words)}{shown} and on</p>"
    assert html.name_hosts(html.name_hosts(markup)) == html.name_hosts(markup)


def test_sec_167_what_it_adds_would_be_kept() -> None:
    named = html.name_hosts(sanitize('<a href="https://evil.example/?a&b">good.example</a>'))
    assert sanitize(named) == named


def test_sec_157_links_without_an_end_are_passed_over() -> None:
    markup = '<a href="https://a.example/" rel="x">' * 20_000
    assert html.name_hosts(markup) == markup
