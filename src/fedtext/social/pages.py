"""Pages for people: profiles, posts, hashtags and, for their owners, timelines. An ASGI application.

    app = federation.asgi(Pages(social))

Invariants: no script, nothing loaded from elsewhere, a Content-Security-Policy that says so; followers-only and
direct posts stand on no public page; a home timeline is shown only to who brings its key, and is never cached. An
ActivityPub client that asks for a page is sent to the id behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from importlib.resources import files
from urllib.parse import parse_qs, quote, unquote

import attrs

from ..behaviors import Author, author_card
from ..runtime import Context, Representation, alternate_link, prefers_html
from ..runtime.asgi import Receive, Scope, Send
from ..vocab import Visibility
from ..wire.html import paragraphs
from . import markup
from .actors import SocialActor
from .markup import Card, Frame, Html
from .model import Entry, Post
from .service import Social
from .stores.sql import StoredActor

_PAGE_SIZE = 20
_TIMELINE_SIZE = 100
_SCANNED_MAX = 500
_SERIAL_DIGITS_MAX = 15
_KEY_CHARS_MAX = 200
_OPEN = (Visibility.PUBLIC, Visibility.UNLISTED)
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ALWAYS = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)
_HTML = ("content-type", "text/html; charset=utf-8")
_PUBLIC = ("cache-control", "public, max-age=0, must-revalidate")
_PRIVATE = ("cache-control", "private, no-store")
_VARY = ("vary", "Accept")
_OF_BOTH = (_HTML, _PUBLIC, _VARY)


@attrs.frozen
class _Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class _Asked:
    """What was asked for."""

    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]

    def argument(self, name: str) -> str | None:
        values = self.query.get(name, ())
        return values[0] if len(values) == 1 else None


class Pages:
    """Serves the pages of all actors of a `Social`.

    Args:
        social: Whose actors.
        readers: Key to name: who brings the key ("Authorization: Bearer …", or once as "?key=…", then a cookie)
            reads the home timeline of that actor. Without it there are none.
    """

    def __init__(self, social: Social, *, readers: Mapping[str, str] | None = None) -> None:
        self._social = social
        self._readers = dict(readers or {})
        self._css = (files("fedtext.social") / "pages.css").read_bytes()
        self._stylesheet = f"/assets/pages-{sha256(self._css).hexdigest()[:12]}.css"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one connection scope."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope)
            await _send(answer, send, head=scope["method"] == "HEAD")

    def reader(self, headers: Mapping[str, str]) -> str | None:
        """Give the name of the actor whose key a request brings, or None.

        Args:
            headers: Names in lower case.
        """
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._owner_of(given.strip())
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        for key, name in self._readers.items():
            cookie = cookies.get(_cookie_name(name))
            if cookie is not None and _same(unquote(cookie.value), key):
                return name
        return None

    def _owner_of(self, given: str) -> str | None:
        found = None
        for key, name in self._readers.items():
            if _same(given, key):
                found = name
        return found

    # ---- finding the page ----------------------------------------------------------------------------------------

    async def _answer(self, scope: Scope) -> _Answer:
        if scope["method"] not in ("GET", "HEAD"):
            page = self._message("Not here", "This page is only for reading.")
            return _Answer(405, page, (_HTML, ("allow", "GET, HEAD")))
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=None)
        asked = _Asked(path=scope["path"], query=query, headers=headers)
        if asked.path == self._stylesheet:
            caching = ("cache-control", "public, max-age=31536000, immutable")
            return _Answer(200, self._css, (("content-type", "text/css; charset=utf-8"), caching))
        return await self._route(asked, self._social.federation.context())

    async def _route(self, asked: _Asked, context: Context) -> _Answer:
        head, *rest = asked.path.strip("/").split("/")
        if asked.path == "/":
            return await self._front(context)
        if head.startswith("@") and len(rest) <= 1:
            stored = await self._social.store.actor_named(context, head[1:].lower())
            if stored is not None:
                if rest:
                    return await self._post(asked, context, stored, rest[0])
                return await self._profile(asked, context, stored)
        if head == "home" and len(rest) == 1 and self._readers:
            return await self._home(asked, rest[0])
        if head == "tags" and len(rest) == 1:
            return await self._tag(context, rest[0])
        return self._missing()

    def _missing(self) -> _Answer:
        return _Answer(404, self._message("Nothing here", "There is no page at this address."), (_HTML,))

    def _message(self, title: str, words: str) -> bytes:
        return self._set(Frame(title=title, site=self._host, stylesheet=self._stylesheet), markup.message(title, words))

    def _set(self, frame: Frame, content: Html) -> bytes:
        return markup.page(frame, content).encode("utf-8")

    @property
    def _host(self) -> str:
        return self._social.federation.site.handle_host

    # ---- pages ---------------------------------------------------------------------------------------------------

    async def _front(self, context: Context) -> _Answer:
        shown = [
            (await self._author(context, stored), _about(stored)) for stored in await self._social.store.actors(context)
        ]
        frame = Frame(title=self._host, site=self._host, stylesheet=self._stylesheet, description="Who lives here.")
        content = markup.heading("Who lives here", f"{len(shown)} on this server") + markup.people(shown)
        return _Answer(200, self._set(frame, Html(content)), (_HTML, _PUBLIC))

    async def _profile(self, asked: _Asked, context: Context, stored: StoredActor) -> _Answer:
        actor_id = context.actor_uri(stored.pk)
        if _wants_document(asked):
            return _elsewhere(actor_id)
        author = await self._author(context, stored)
        store, follows = self._social.store, self._social.follows
        rows = await store.posts(context, stored.pk, before=_serial(asked.argument("before")), limit=_PAGE_SIZE)
        cards = [await self._card(context, post, author, stored) for _serial, post in rows if post.visibility in _OPEN]
        counts = (
            (await store.count_posts(context, stored.pk, _OPEN), "posts"),
            (await follows.count(context, stored.pk), "followers"),
            (await follows.following_count(context, stored.pk), "following"),
        )
        top = markup.profile(author, summary=_about(stored), since=stored.created, counts=counts, uri=actor_id)
        parts = [top, markup.feed(cards, label="Posts", empty="Nothing posted yet.")]
        if len(rows) == _PAGE_SIZE:
            parts.append(markup.more(f"/@{stored.name}?before={rows[-1][0]}", "Older posts"))
        frame = Frame(
            title=f"{stored.display} ({author.handle})",
            site=self._host,
            stylesheet=self._stylesheet,
            description=stored.summary[:200],
            alternate=actor_id,
            canonical=self._social.page_url(stored.name),
            links=self._links(asked, stored.name),
        )
        return _Answer(200, self._set(frame, markup.join(parts)), (*_OF_BOTH, alternate_link(actor_id)))

    async def _post(self, asked: _Asked, context: Context, stored: StoredActor, pk: str) -> _Answer:
        post = await self._social.store.post(context, pk)
        if post is None:
            return await self._perhaps_gone(context, pk)
        if post.author != stored.pk or post.visibility not in _OPEN:
            return self._missing()
        if _wants_document(asked):
            return _elsewhere(post.uri)
        author = await self._author(context, stored)
        card = await self._card(context, post, author, stored)
        parts = [markup.post(card, alone=True)]
        replies = await self._replies(context, post)
        if replies:
            listed = markup.feed(replies, label="Replies", empty="")
            parts.append(Html(f'<div class="replies"><h2>{len(replies)} in reply</h2>{listed}</div>'))
        frame = Frame(
            title=f"{stored.display}: {post.text[:60]}",
            site=self._host,
            stylesheet=self._stylesheet,
            description=post.text[:200],
            alternate=post.uri,
            canonical=card.url,
            links=self._links(asked, stored.name),
        )
        return _Answer(200, self._set(frame, markup.join(parts)), (*_OF_BOTH, alternate_link(post.uri)))

    async def _perhaps_gone(self, context: Context, pk: str) -> _Answer:
        uri = context.object_uri("/posts/{pk}", pk=pk)
        if await context.store.get(context.key("tombstone", uri)) is None:
            return self._missing()
        return _Answer(410, self._message("Gone", "This post was deleted by its author."), (_HTML,))

    async def _home(self, asked: _Asked, name: str) -> _Answer:
        key = asked.argument("key")
        if key is not None and self._owner_of(key) == name:
            flags = "; Path=/; HttpOnly; SameSite=Strict"
            secure = "; Secure" if self._social.federation.site.origin.startswith("https://") else ""
            cookie = ("set-cookie", f"{_cookie_name(name)}={quote(key)}{flags}{secure}")
            return _Answer(303, b"", (("location", f"/home/{name}"), cookie, _PRIVATE))
        if self.reader(asked.headers) != name:
            page = self._message(
                "For its owner only", "This timeline is private. Open it with the address that has the key."
            )
            return _Answer(401, page, (_HTML, _PRIVATE, ("www-authenticate", 'Bearer realm="home timeline"')))
        actor = await self._social.actor(name)
        cards = [Card.of_entry(entry) async for entry in actor.timeline(limit=_TIMELINE_SIZE)]
        frame = Frame(
            title=f"Home of {actor.display_name}",
            site=self._host,
            stylesheet=self._stylesheet,
            private=True,
            links=self._links(asked, name),
        )
        note = "Own posts, posts of those you follow, and what is addressed to you."
        top = markup.heading(f"Home of {actor.display_name}", note)
        feed = markup.feed(cards, label="Timeline", empty="Nothing has arrived yet.")
        return _Answer(200, self._set(frame, markup.join((top, feed))), (_HTML, _PRIVATE))

    async def _tag(self, context: Context, tag: str) -> _Answer:
        wanted = tag.lower()
        cards: list[Card] = []
        for stored in await self._social.store.actors(context):
            author = await self._author(context, stored)
            rows = await self._social.store.posts(context, stored.pk, before=None, limit=_SCANNED_MAX)
            for _serial, post in rows:
                if post.visibility is Visibility.PUBLIC and wanted in (known.lower() for known in post.hashtags):
                    cards.append(await self._card(context, post, author, stored))
        if not cards:
            return self._missing()
        frame = Frame(title=f"#{tag}", site=self._host, stylesheet=self._stylesheet)
        parts = (markup.heading(f"#{tag}", "Posts of this server"), markup.feed(cards, label="Posts", empty=""))
        return _Answer(200, self._set(frame, markup.join(parts)), (_HTML, _PUBLIC))

    # ---- parts ---------------------------------------------------------------------------------------------------

    def _links(self, asked: _Asked, name: str) -> tuple[tuple[str, str, bool], ...]:
        profile = (f"/@{name}", "Profile", asked.path == f"/@{name}")
        if self.reader(asked.headers) != name:
            return (profile,)
        return ((f"/home/{name}", "Home", asked.path == f"/home/{name}"), profile)

    async def _author(self, context: Context, stored: StoredActor) -> Author:
        return author_card(await context.get_actor(context.actor_uri(stored.pk)), handle_host=context.site.handle_host)

    async def _card(self, context: Context, post: Post, author: Author, stored: StoredActor) -> Card:
        reactions = await self._social.store.reactions(context, post.uri)
        return Card.of_post(post, author, url=self._social.page_url(stored.name, post.pk), reactions=reactions)

    async def _replies(self, context: Context, post: Post) -> list[Card]:
        """Give the answers that everybody may see, oldest first."""
        actor_entries: list[Entry] = await self._social.store.entries(context, post.author, limit=_SCANNED_MAX)
        found = [
            entry
            for entry in actor_entries
            if entry.in_reply_to == post.uri and entry.visibility in _OPEN and entry.boosted_by is None
        ]
        return [Card.of_entry(entry) for entry in reversed(found)]


def home_key(actor: SocialActor, key: str) -> str:
    """Give the address that opens an actor's home timeline in a browser."""
    origin = actor.uri.partition("/users/")[0]
    return f"{origin}/home/{actor.name}?key={quote(key)}"


def _about(stored: StoredActor) -> Html:
    return markup.trusted(paragraphs(stored.summary)) if stored.summary else Html("")


def _wants_document(asked: _Asked) -> bool:
    """Tell whether a server asks, not a person: only who names an ActivityPub type and no page."""
    accept = asked.headers.get("accept")
    return prefers_html(accept, default=Representation.HTML) is Representation.ACTIVITY


def _elsewhere(iri: str) -> _Answer:
    return _Answer(303, b"", (("location", iri), _VARY))


def _serial(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _SERIAL_DIGITS_MAX:
        return None
    return int(text)


def _cookie_name(name: str) -> str:
    """Cookies know no ports: each reader on one host needs a name of its own."""
    return f"fedtext-home-{name}"


def _same(given: str, key: str) -> bool:
    """Compare in constant time; what is too long is no key."""
    if len(given) > _KEY_CHARS_MAX:
        return False
    return compare_digest(given.encode("utf-8"), key.encode("utf-8"))


async def _lifespan(receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})


async def _send(answer: _Answer, send: Send, *, head: bool) -> None:
    fields = (*answer.headers, *_ALWAYS, ("content-length", str(len(answer.body))))
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
