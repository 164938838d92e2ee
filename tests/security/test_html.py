"""HTML of strangers that wants to run, to deceive or to cost (SEC-161 to SEC-163)."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest

from fedtext.wire import html
from fedtext.wire.html import ATTRIBUTES, CHARS_MAX, ELEMENTS, LINK_REL, escape, paragraphs, sanitize, to_text

# The budget is 0.5 s per MiB on a quiet machine; quadratic work takes 10 s and more. Time of the processor is measured:
# what other processes take meanwhile says nothing about ours.
GROWTH_MAX, NOISE_S = 9.0, 0.2

ATTACKS = """
<script>alert(1)</script>
<SCRIPT SRC=https://evil.example/x.js></SCRIPT>
<scr<script>ipt>alert(1)</scr</script>ipt>
<script/x>alert(1)</script>
<script<b>alert(1)</script>
<b onclick=alert(1)>x</b>
<p onmouseover="alert(1)">x</p>
<p/onclick=alert(1)>x</p>
<a href="https://a.example/"onclick="alert(1)">x</a>
<a href='https://a.example/' ONCLICK='alert(1)'>x</a>
<a href=javascript:alert(1)>x</a>
<a href="JaVaScRiPt:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="java&#9;script:alert(1)">x</a>
<a href="java&NewLine;script:alert(1)">x</a>
<a href="&#106;avascript:alert(1)">x</a>
<a href="&#x6A;&#x61;vascript:alert(1)">x</a>
<a href="\x01javascript:alert(1)">x</a>
<a href="vbscript:x">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="blob:https://a.example/x">x</a>
<a href="//evil.example/">x</a>
<a href="/x">x</a>
<a href="?x">x</a>
<a href="#x">x</a>
<a href="x">x</a>
<a href="https:evil">x</a>
<a xlink:href="javascript:alert(1)">x</a>
<a href="https://a.example/" style="position:fixed">x</a>
<a href="https://a.example/" id="x" name="y" target="_top" ping="https://evil.example/">x</a>
<blockquote cite="javascript:alert(1)">x</blockquote>
<p style="background:url(javascript:alert(1))">x</p>
<style>@import 'https://evil.example/x.css';</style>
<link rel=stylesheet href=https://evil.example/x.css>
<meta http-equiv=refresh content="0;url=https://evil.example/">
<base href="https://evil.example/">
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>
<object data="javascript:alert(1)"></object>
<embed src="javascript:alert(1)">
<applet code=x></applet>
<form action="javascript:alert(1)"><button formaction="javascript:alert(1)">x</button></form>
<input autofocus onfocus=alert(1)>
<img src=x onerror=alert(1)>
<img src="x" alt="<script>alert(1)</script>">
<img src="https://a.example/x" alt="&lt;script&gt;alert(1)&lt;/script&gt;">
<img src="https://a.example/x&quot;onclick=&quot;alert(1)" alt=x>
<img src='https://a.example/"onclick="alert(1)' alt='"><b onclick=alert(1)>'>
<img src=https://a.example/x alt=javascript:alert(1) onload=alert(1)>
<video><source onerror="alert(1)"></video>
<audio src=x onerror=alert(1)>
<details open ontoggle=alert(1)>x</details>
<svg onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>
<svg><animate attributeName=href values=javascript:alert(1)></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<svg><title><style><img title="</style></title><script>alert(1)</script>"></svg>
<svg><foreignObject><p onclick=alert(1)>x</p></foreignObject></svg>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<math><annotation-xml encoding="text/html"><p onclick=alert(1)>x</p></annotation-xml></math>
<math><mi href="javascript:alert(1)">x</mi></math>
<math></p><style><!--</style><img src/onerror=alert(1)>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<template><script>alert(1)</script></template>
<textarea><script>alert(1)</script></textarea>
<title><script>alert(1)</script></title>
<xmp><script>alert(1)</script></xmp>
<xmp><p title="</xmp><img src=x onerror=alert(1)>">
<plaintext><script>alert(1)</script>
<noembed><img title="</noembed><img src onerror=alert(1)>"></noembed>
<select><style></select><script>alert(1)</script>
<table><td><a href=javascript:alert(1)>x<tr><form><form onsubmit=alert(1)>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<!--><script>alert(1)</script>-->
<!--!><script>alert(1)</script>
<!-- --!><script>alert(1)</script>
<![CDATA[<script>alert(1)</script>]]>
<?xml version="1.0"?><script>alert(1)</script>
<!DOCTYPE html><html><body onload=alert(1)>x
<p><a href="https://a.example/"><p><a href="javascript:alert(1)">x</a></p></a></p>
<b><i></b><p onclick=alert(1)></i>
&lt;script&gt;alert(1)&lt;/script&gt;
&amp;lt;script&amp;gt;
<<script>alert(1)//<</script>
<p class="x mention evil u-url">x</p>
<span class='mention"onclick="alert(1)'>x</span>
<ol start="1&quot;onclick=&quot;alert(1)"><li value="javascript:1">x</ol>
<abbr title='"><script>alert(1)</script>'>x</abbr>
<p lang='"><script>alert(1)</script>'>x</p>
<ruby><rt><script>alert(1)</script></rt></ruby>
""".strip().splitlines()


class Inspector(HTMLParser):
    """Collects what a browser would find."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ELEMENTS:
            self.found.append(f"<{tag}>")
        allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(tag, frozenset()) | ({"rel"} if tag == "a" else set())
        for name, value in attrs:
            if name not in allowed:
                self.found.append(f"<{tag} {name}>")
            if name in ("href", "cite") and not (value or "").lower().startswith(("https://", "http://", "mailto:")):
                self.found.append(f"{name}={value}")
            if name == "rel" and value != LINK_REL:
                self.found.append(f"rel={value}")
            if name == "class" and any(token in ("x", "evil") or '"' in token for token in (value or "").split()):
                self.found.append(f"class={value}")
        if tag == "a" and any(name == "href" for name, _ in attrs) and "rel" not in dict(attrs):
            self.found.append("a link without rel")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")


def surrounded(attack: str) -> list[str]:
    return [
        attack,
        f"<p>a{attack}b</p>",
        f"<svg>{attack}",
        f"<math><mtext>{attack}",
        f"<pre>\n{attack}",
        attack * 3,
        f"<table>{attack}",
    ]


def test_the_inspector_finds_what_it_should() -> None:
    for attack in (
        "<script>",
        "<p onclick=x>",
        "<a href=javascript:x rel=x>",
        "<!--x-->",
        '<p class="evil">',
        "<a href=https://a.example>",
    ):
        assert Inspector(attack).found, attack


@pytest.mark.parametrize("without_nh3", [False, True], ids=["nh3", "plain"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_sec_161_nothing_runs(attack: str, without_nh3: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if without_nh3:
        monkeypatch.setattr(html, "_CLEANER", None)
    for markup in surrounded(attack):
        clean = sanitize(markup)
        assert Inspector(clean).found == []
        assert sanitize(clean) == clean


@pytest.mark.parametrize("attack", ATTACKS)
def test_sec_162_plain_properties_are_escaped(attack: str) -> None:
    """`name` and names of options are plain text: nothing of them is markup, and the text is kept."""
    for shown in (escape(attack), paragraphs(attack).replace("<p>", "").replace("</p>", "")):
        assert [found for found in Inspector(shown).found if found != "a link without rel"] == []
    assert not set('<>"') & set(escape(attack))
    assert to_text(escape(attack)) == " ".join(attack.replace("\x01", "").split())


def test_sec_162_escaped_text_stays_in_its_attribute() -> None:
    collected: list[list[tuple[str, str | None]]] = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            collected.append(attrs)

    for attack in ATTACKS:
        for quote in "\"'":
            Collector().feed(f"<p title={quote}{escape(attack)}{quote}>")
    assert {tuple(name for name, _ in attributes) for attributes in collected} == {("title",)}
    assert len(collected) == 2 * len(ATTACKS)


BULK = {
    "nested": "<b>" * 300_000,
    "nested lists": "<ul><li>" * 130_000,
    "lists at the limit": "<ul><li>" * 3_999,
    "closed": "</b>" * 250_000,
    "paragraphs": "<p>x" * 250_000,
    "breaks": "a<br>" * 200_000,
    "anchors": "<a href=https://a.example/>" * 30_000,
    "attributes": "<p " + "a " * 500_000,
    "quoted attributes": '<p a=">" ' + "a " * 500_000 + ">",
    "attributes below the limit": "<p " + "a " * 16_000 + ">",
    "attributes in many tags": ("<p " + "a " * 2_000 + ">") * 250,
    "one value": '<a href="https://' + "x" * 1_000_000 + '">',
    "classes": '<p class="' + "h-a " * 250_000 + '">',
    "less": "<" * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "ampersands at the limit": "&" * 50_000,
    "references": "&#x41;" * 170_000,
    "long reference": "&#" + "1" * 1_000_000 + ";",
    "no-break spaces": "\xa0" * 1_000_000,
    "quotation marks": "«»" * 500_000,
    "NUL": "\x00" * 1_000_000,
    "surrogates": "\ud800" * 1_000_000,
    "comments": "<!--" * 250_000,
    "scripts": "<script>" * 130_000,
    "images": "<img src=https://a.example/ alt=x>" * 30_000,
    "unclosed image": "<img " + "src=" * 250_000,
    "line breaks": "\n" * 1_000_000,
    "text": "word " * 200_000,
    "URLs": "https://a.example/ " * 50_000,
    "too long": "x" * (CHARS_MAX + 10),
}


def taken_s(markup: str) -> float:
    """Give the least CPU time of some runs, in seconds."""
    found = []
    for _ in range(3):
        started = time.process_time()
        sanitize(markup)
        to_text(markup)
        found.append(time.process_time() - started)
    return min(found)


@pytest.mark.parametrize("markup", BULK.values(), ids=BULK)
def test_sec_163_sanitising_is_bounded_and_never_raises(markup: str) -> None:
    """Four times as much takes four times as long, on whatever machine; sixteen times would be no bound."""
    quarter_s, whole_s = (taken_s(part) for part in (markup[: len(markup) // 4], markup))
    assert whole_s < GROWTH_MAX * quarter_s + NOISE_S
    clean, text = sanitize(markup), to_text(markup)
    assert len(clean) <= CHARS_MAX
    assert len(text) <= CHARS_MAX
    assert sanitize(clean) == clean
    assert Inspector(clean).found == []


def test_sec_163_ordinary_long_articles_keep_their_markup() -> None:
    paragraph = '<p class="p-note">Lörem «ipsum» &amp; <a href="https://a.example/?a=1&amp;b=2">dolor</a></p>\n'
    clean = sanitize(paragraph * 1_900)
    assert clean.count("<a href=") == 1_900
    assert len(paragraph * 1_900) > html.SOUP_CHARS_MAX
