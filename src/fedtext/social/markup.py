"""The pages of `social` as text: semantic HTML, no script, every foreign word escaped.

`Html` marks what is safe to stand in a page. Three things make it: `text` (escapes), the functions here, and
`trusted` for HTML that was composed or sanitized before. Foreign text gets `dir="auto"`, so that a line in Arabic or
Hebrew runs from right to left whatever stands around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NewType

import attrs

from ..behaviors import Author
from ..vocab import Visibility
from ..wire.html import escape
from .model import Entry, Post

Html = NewType("Html", str)

_HUES = 12
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # whatever the locale
_RTL = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})
_SHOWN_AS = {
    Visibility.UNLISTED: ("Unlisted", "Everybody may see this, but it is not advertised."),
    Visibility.FOLLOWERS: ("Followers only", "Only those who follow the author may see this."),
    Visibility.DIRECT: ("Direct", "Only the author and those who are mentioned may see this."),
}


def text(value: str) -> Html:
    """Escape plain text for an element or a quoted attribute."""
    return Html(escape(value))


def trusted(value: str) -> Html:
    """Take HTML that is safe already: composed by us, or sanitized."""
    return Html(value)


def join(parts: Iterable[Html]) -> Html:
    """Put parts one after the other."""
    return Html("\n".join(parts))


@attrs.frozen(kw_only=True)
class Card:
    """What a page shows of one post.

    Args:
        id: Id of the post.
        author: Who wrote it.
        content: Safe HTML.
        url: Page of the post, or None.
        visibility: To whom it is shown.
        published: When, if known.
        updated: When it was last changed, if it was.
        language: BCP 47 tag, if known.
        summary: Content warning; the post is folded below it.
        in_reply_to: Id of what it answers, or None.
        boosted_by: Who boosted it, or None.
        likes: How many liked it.
        boosts: How many boosted it.
    """

    id: str
    author: Author
    content: Html
    url: str | None
    visibility: Visibility
    published: datetime | None
    updated: datetime | None = None
    language: str | None = None
    summary: str | None = None
    in_reply_to: str | None = None
    boosted_by: Author | None = None
    likes: int = 0
    boosts: int = 0

    @classmethod
    def of_post(cls, post: Post, author: Author, *, url: str, reactions: dict[str, int]) -> Card:
        """Make a card of one of our own posts; its HTML was composed by us."""
        return cls(
            id=post.uri,
            author=author,
            content=trusted(post.html),
            url=url,
            visibility=post.visibility,
            published=post.published,
            updated=post.updated,
            language=post.language,
            summary=post.summary,
            in_reply_to=post.in_reply_to,
            likes=reactions.get("like", 0),
            boosts=reactions.get("announce", 0),
        )

    @classmethod
    def of_entry(cls, entry: Entry) -> Card:
        """Make a card of an entry of a timeline; its HTML was sanitized when it came."""
        return cls(
            id=entry.id,
            author=entry.author,
            content=trusted(entry.html),
            url=entry.url,
            visibility=entry.visibility,
            published=entry.published,
            updated=entry.updated,
            language=entry.language,
            summary=entry.summary,
            in_reply_to=entry.in_reply_to,
            boosted_by=entry.boosted_by,
            likes=entry.likes,
            boosts=entry.boosts,
        )


@attrs.frozen(kw_only=True)
class Frame:
    """What stands around the content of a page.

    Args:
        title: Of the window.
        site: Host of the server.
        stylesheet: Its path.
        description: For search engines and previews.
        alternate: Id of the same thing for servers, or None.
        canonical: Its one address, or None.
        private: Whether it must not be indexed.
        links: More links in the head line: (path, words, whether it is this page).
    """

    title: str
    site: str
    stylesheet: str
    description: str = ""
    alternate: str | None = None
    canonical: str | None = None
    private: bool = False
    links: Sequence[tuple[str, str, bool]] = ()


def page(frame: Frame, content: Html) -> Html:
    """Set a whole page."""
    head = [Html(f'<link rel="stylesheet" href="{text(frame.stylesheet)}">')]
    if frame.description:
        head.append(Html(f'<meta name="description" content="{text(frame.description)}">'))
    if frame.canonical is not None:
        head.append(Html(f'<link rel="canonical" href="{text(frame.canonical)}">'))
    if frame.alternate is not None:
        head.append(Html(f'<link rel="alternate" type="application/activity+json" href="{text(frame.alternate)}">'))
    if frame.private:
        head.append(Html('<meta name="robots" content="noindex, nofollow">'))
    return Html(f"""<!doctype html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{text(frame.title)}</title>
{join(head)}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="site">
<nav aria-label="This server">
<a class="brand" href="/"><span class="mark" aria-hidden="true"></span><bdi>{text(frame.site)}</bdi></a>
{join(_link(*link) for link in frame.links)}
</nav>
</header>
<main id="content" tabindex="-1">
{content}
</main>
<footer class="site">
<p>Served by <strong>fedtext</strong> over ActivityPub. No scripts, no trackers.</p>
</footer>
</body>
</html>
""")


def _link(path: str, words: str, here: bool) -> Html:
    current = ' aria-current="page"' if here else ""
    return Html(f'<a href="{text(path)}"{current}>{text(words)}</a>')


# ---- people ----------------------------------------------------------------------------------------------------------


def avatar(author: Author, *, large: bool = False) -> Html:
    """Draw a picture from the first letter of a name: nothing is loaded from other servers."""
    letter = next((c for c in author.name if c.isalnum()), "?").upper()
    size = " large" if large else ""
    return Html(f'<span class="avatar hue-{_hue(author.id)}{size}" aria-hidden="true">{text(letter)}</span>')


def _hue(identity: str) -> int:
    return sha256(identity.encode("utf-8")).digest()[0] % _HUES


def profile(author: Author, *, summary: Html, since: datetime, counts: Sequence[tuple[int, str]], uri: str) -> Html:
    """Set the head of a profile page (microformats h-card)."""
    numbers = join(
        Html(f'<div><dt>{text(words)}</dt><dd class="number">{number}</dd></div>') for number, words in counts
    )
    about = Html(f'<div class="note p-note" dir="auto">{summary}</div>') if summary else Html("")
    url = text(author.url or uri)
    return Html(f"""<section class="profile h-card" aria-labelledby="name">
{avatar(author, large=True)}
<h1 id="name" class="p-name" dir="auto">{text(author.name)}</h1>
<p class="handle"><a class="u-url u-uid" rel="me" href="{url}"><bdi>{text(author.handle)}</bdi></a></p>
{about}
<dl class="counts">
{numbers}
</dl>
<p class="since">Here since {_time(since)}</p>
</section>""")


def people(authors: Sequence[tuple[Author, Html]]) -> Html:
    """List people with what they say of themselves."""
    return Html(f'<ul class="people">\n{join(_person(author, summary) for author, summary in authors)}\n</ul>')


def _person(author: Author, summary: Html) -> Html:
    about = f'\n<div class="note" dir="auto">{summary}</div>' if summary else ""
    return Html(f"""<li><a class="person" href="{text(author.url or author.id)}">{avatar(author)}
<span class="who"><strong dir="auto">{text(author.name)}</strong>
<bdi class="handle">{text(author.handle)}</bdi></span></a>{about}</li>""")


# ---- posts -----------------------------------------------------------------------------------------------------------


def feed(cards: Sequence[Card], *, label: str, empty: str) -> Html:
    """List posts, newest first."""
    if not cards:
        return Html(f'<p class="empty">{text(empty)}</p>')
    return Html(f'<section class="feed" aria-label="{text(label)}">\n{join(post(card) for card in cards)}\n</section>')


def post(card: Card, *, alone: bool = False) -> Html:
    """Set one post (microformats h-entry)."""
    author = card.author
    profile_url = author.url or author.id
    classes = f"post h-entry {card.visibility.value}{' alone' if alone else ''}"
    return Html(f"""<article class="{classes}">
{_boosted(card.boosted_by)}<header>
{avatar(author)}
<p class="who p-author h-card"><a class="u-url p-name" href="{text(profile_url)}" dir="auto">{text(author.name)}</a>
<bdi class="handle">{text(author.handle)}</bdi></p>
<p class="when">{_when(card)}{_badge(card.visibility)}</p>
</header>
{_answering(card.in_reply_to)}{_content(card)}
{_counts(card)}</article>""")


def _badge(visibility: Visibility) -> Html:
    """Mark what not everybody may see."""
    if visibility not in _SHOWN_AS:
        return Html("")
    shown, told = _SHOWN_AS[visibility]
    return Html(f'\n<span class="badge" title="{text(told)}">{text(shown)}</span>')


def _boosted(booster: Author | None) -> Html:
    if booster is None:
        return Html("")
    url = text(booster.url or booster.id)
    return Html(
        f'<p class="aside"><span aria-hidden="true">↻</span> <a href="{url}" dir="auto">{text(booster.name)}</a>'
        " boosted</p>\n"
    )


def _answering(parent: str | None) -> Html:
    if parent is None:
        return Html("")
    words = f'<a class="u-in-reply-to" href="{text(parent)}">a post</a>' if _is_web(parent) else "a post"
    return Html(f'<p class="aside"><span aria-hidden="true">↩</span> answers {words}</p>\n')


def _content(card: Card) -> Html:
    language = f' lang="{text(card.language)}"' if card.language else ""
    body = Html(f'<div class="content e-content"{language} dir="{_direction(card.language)}">{card.content}</div>')
    if card.summary is None:
        return body
    return Html(
        f'<details class="covered"><summary class="p-summary" dir="auto">{text(card.summary)}</summary>{body}</details>'
    )


def _direction(language: str | None) -> str:
    return "rtl" if language is not None and language.lower().partition("-")[0] in _RTL else "auto"


def _when(card: Card) -> Html:
    stamp = Html("some time ago") if card.published is None else _time(card.published, css_class="dt-published")
    linked = Html(f'<a class="u-url" href="{text(card.url)}">{stamp}</a>') if card.url and _is_web(card.url) else stamp
    if card.updated is None:
        return linked
    short = card.published is not None and card.updated.date() == card.published.date()
    return Html(
        f'{linked} <span class="edited">edited {_time(card.updated, css_class="dt-updated", short=short)}</span>'
    )


def _counts(card: Card) -> Html:
    parts: list[Html] = []
    for number, sign, one, many in ((card.likes, "★", "like", "likes"), (card.boosts, "↻", "boost", "boosts")):
        if number:
            words = one if number == 1 else many
            parts.append(Html(f'<li><span aria-hidden="true">{sign}</span> {number} {words}</li>'))
    return Html(f'<ul class="reactions">{"".join(parts)}</ul>\n') if parts else Html("")


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _time(moment: datetime, *, css_class: str = "", short: bool = False) -> Html:
    """Write a moment; `short` leaves out a day that was named just before."""
    words = f"{moment:%H:%M}" if short else f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%Y, %H:%M} UTC"
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    marked = f' class="{css_class}"' if css_class else ""
    return Html(f'<time{marked} datetime="{stamp}">{words}</time>')


def message(title: str, words: str) -> Html:
    """Set a page that only says something."""
    return Html(f'<section class="message"><h1>{text(title)}</h1><p>{text(words)}</p></section>')


def heading(words: str, note: str = "") -> Html:
    """Set the head of a page that is not a profile."""
    aside = f'<p class="note">{text(note)}</p>' if note else ""
    return Html(f'<header class="heading"><h1 dir="auto">{text(words)}</h1>{aside}</header>')


def more(path: str, words: str) -> Html:
    """Link to the next page."""
    return Html(f'<p class="more"><a rel="next" href="{text(path)}">{text(words)}</a></p>')
