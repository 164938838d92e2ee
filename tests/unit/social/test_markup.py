"""What stands in a page: everything foreign escaped, every direction of writing at home."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import attrs
import pytest

from fedtext.behaviors import Author
from fedtext.social.markup import Card, Frame, avatar, feed, heading, message, more, page, people, post, profile, text
from fedtext.vocab import Visibility

EVIL = "\"><script>alert(1)</script><b onclick=x>&'"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ALICE = Author(id="https://a.example/users/1", handle="@alice@a.example", name="Alice", avatar=None, url=None)
CARD = Card(
    id="https://a.example/posts/1",
    author=ALICE,
    content=text("Hello"),
    url="https://a.example/@alice/1",
    visibility=Visibility.PUBLIC,
    published=NOON,
)


class Elements(HTMLParser):
    """Collects the elements and attributes of a page, and whether each one was closed."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def everything(evil: str) -> str:
    author = Author(
        id=f"https://a.example/{evil}", handle=evil, name=evil, avatar=evil, url=f"https://a.example/{evil}"
    )
    card = attrs.evolve(
        CARD,
        author=author,
        content=text(evil),
        url=f"https://a.example/{evil}",
        language=evil,
        summary=evil,
        in_reply_to=f"https://a.example/{evil}",
        boosted_by=author,
        updated=NOON,
        likes=1,
        boosts=2,
    )
    frame = Frame(
        title=evil,
        site=evil,
        stylesheet=f"/{evil}",
        description=evil,
        alternate=evil,
        canonical=evil,
        links=[(f"/{evil}", evil, True)],
    )
    parts = [
        profile(author, summary=text(evil), since=NOON, counts=[(1, evil)], uri=evil),
        people([(author, text(evil))]),
        feed([card], label=evil, empty=evil),
        feed([], label=evil, empty=evil),
        heading(evil, evil),
        message(evil, evil),
        more(f"/{evil}", evil),
    ]
    return "".join(page(frame, part) for part in parts)


@pytest.mark.spec("SEC-161", "SEC-164")
def test_nothing_foreign_becomes_an_element_or_an_attribute() -> None:
    found = Elements(everything(EVIL))
    assert {tag for tag, _ in found.tags} & {"script", "b", "style", "iframe", "img"} == set()
    assert [name for _, attributes in found.tags for name in attributes if name.startswith("on")] == []
    assert (found.wrong, found.open) == ([], [])


def test_no_page_needs_a_script_or_styles_of_its_own() -> None:
    found = Elements(everything("x"))
    assert [attributes for _, attributes in found.tags if "style" in attributes] == []
    assert found.named("script") == []


@pytest.mark.spec("SEC-162")
@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//elsewhere.example", ""])
def test_only_web_addresses_become_links(url: str) -> None:
    found = Elements(post(attrs.evolve(CARD, url=url, in_reply_to=url)))
    assert [a["href"] for a in found.named("a") if a["href"] != ALICE.id] == []


@pytest.mark.spec("SEC-165")
def test_foreign_words_cannot_turn_what_stands_around_them() -> None:
    author = attrs.evolve(ALICE, name="\u202eecilA", handle="@\u202eecila@a.example")
    found = Elements(post(attrs.evolve(CARD, author=author)))
    name = next(a for a in found.named("a") if "p-name" in str(a.get("class")))
    assert name["dir"] == "auto"
    assert len(found.named("bdi")) == 1


@pytest.mark.parametrize(
    ("language", "lang", "direction"),
    [
        (None, None, "auto"),
        ("en", "en", "auto"),
        ("ar", "ar", "rtl"),
        ("he-IL", "he-IL", "rtl"),
        ("fa", "fa", "rtl"),
        ("far", "far", "auto"),
    ],
)
def test_a_post_runs_in_the_direction_of_its_language(language: str | None, lang: str | None, direction: str) -> None:
    content = Elements(post(attrs.evolve(CARD, language=language))).named("div")[0]
    assert (content.get("lang"), content["dir"]) == (lang, direction)


@pytest.mark.parametrize(
    ("visibility", "badge"),
    [
        (Visibility.PUBLIC, None),
        (Visibility.UNLISTED, "Unlisted"),
        (Visibility.FOLLOWERS, "Followers only"),
        (Visibility.DIRECT, "Direct"),
    ],
)
def test_what_not_everybody_may_see_is_marked(visibility: Visibility, badge: str | None) -> None:
    html = post(attrs.evolve(CARD, visibility=visibility))
    assert ('class="badge"' in html) == (badge is not None)
    assert badge is None or f">{badge}</span>" in html


def test_a_content_warning_folds_the_post() -> None:
    found = Elements(post(attrs.evolve(CARD, summary="Spiders")))
    order = [tag for tag, _ in found.tags]
    assert order.index("details") < order.index("summary") < order.index("div")
    assert "open" not in found.named("details")[0]


@pytest.mark.parametrize(
    ("likes", "boosts", "words"),
    [(0, 0, []), (1, 0, ["1 like<"]), (2, 1, ["2 likes<", "1 boost<"]), (0, 3, ["3 boosts<"])],
)
def test_reactions_are_counted(likes: int, boosts: int, words: list[str]) -> None:
    html = post(attrs.evolve(CARD, likes=likes, boosts=boosts))
    assert all(word in html for word in words)
    assert ("reactions" in html) == bool(words)


def test_times_are_for_people_and_machines() -> None:
    edited = datetime(2026, 3, 4, 13, 30, tzinfo=UTC)
    html = post(attrs.evolve(CARD, updated=edited))
    assert '<time class="dt-published" datetime="2026-03-04T12:00:00Z">4 Mar 2026, 12:00 UTC</time>' in html
    assert '<time class="dt-updated" datetime="2026-03-04T13:30:00Z">13:30</time>' in html
    later = post(attrs.evolve(CARD, updated=datetime(2026, 3, 5, 9, 0, tzinfo=UTC)))
    assert ">5 Mar 2026, 09:00 UTC</time>" in later
    assert "some time ago" in post(attrs.evolve(CARD, published=None))


@pytest.mark.parametrize(("name", "letter"), [("Alice", "A"), ("ßeta", "SS"), ("🦊 fox", "F"), ("علي", "ع"), ("", "?")])
def test_a_picture_is_a_letter(name: str, letter: str) -> None:
    assert f">{letter}</span>" in avatar(attrs.evolve(ALICE, name=name))
