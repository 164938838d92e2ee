"""`Social`: wires ready actors to a federation: ids, objects, outbox, listeners and timelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..behaviors import Deletes, Follows
from ..errors import ConfigurationError
from ..runtime import Context, Federation, Page, PageRequest
from ..vocab import Actor, Hashtag, Note, Object, Person, Visibility, audience_for
from ..vocab import Mention as MentionTag
from ..wire.html import paragraphs
from .actors import SocialActor
from .clients import Clients
from .inbound import Inbound
from .model import Post, at
from .parts import POST_PATH, Parts
from .stores import SocialStore
from .stores.sql import StoredActor

CallbackT = TypeVar("CallbackT", bound=Callable[..., Any])
_ACTOR, _OUTBOX = "/users/{pk}", "/users/{pk}/outbox"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_NAME_CHARS_MAX = 30
_LISTED = (Visibility.PUBLIC, Visibility.UNLISTED)


class Social:
    """Ready text-post actors on a federation that has none of its own yet.

    Args:
        federation: Gets actors, posts, an outbox, `Follows` and `Deletes`.
        follows: `Follows(accept="manual")` to let follows wait.
    """

    def __init__(self, federation: Federation, *, follows: Follows | None = None) -> None:
        self.parts = Parts(federation=federation, follows=follows or Follows())
        federation.use(self.parts.follows, Deletes())
        federation.actor(_ACTOR)(self._actor_document)
        federation.handle(self._identifier)
        federation.object(POST_PATH, source=Post, load=self._load_post)(self._note)
        federation.outbox(_OUTBOX)(self._outbox)
        federation.interactors(self.store.interactors)
        Inbound(self.parts).register(federation)

    @property
    def federation(self) -> Federation:
        """The federation below."""
        return self.parts.federation

    @property
    def follows(self) -> Follows:
        """Who follows whom."""
        return self.parts.follows

    @property
    def store(self) -> SocialStore:
        """The tables."""
        return self.parts.store

    # ---- for the application -------------------------------------------------------------------------------------

    async def create_actor(
        self, username: str, *, name: str | None = None, summary: str = "", pk: str | None = None
    ) -> SocialActor:
        """Create an actor, or give the one that has this name already.

        Args:
            username: The name in its handle: a-z, 0-9 and "_", at most 30 characters (WF-12).
            name: The name that is shown, plain text.
            summary: Plain text about it.
            pk: Identifier in its ids; made by chance when not given.

        Raises:
            ConfigurationError: Not a name.
        """
        if not username or len(username) > _NAME_CHARS_MAX or not set(username) <= _NAME:
            raise ConfigurationError("a name takes a-z, 0-9 and '_', at most 30 characters", name=username)
        context = self.federation.context()
        made = StoredActor(
            pk=pk or context.token()[:16],
            name=username,
            display=name or username,
            summary=summary,
            created=at(int(context.now_s())),
        )
        await self.store.add_actor(context, made)
        return await self.actor(username)

    async def actor(self, name: str) -> SocialActor:
        """Give the actor with this name.

        Raises:
            ConfigurationError: There is none.
        """
        stored = await self.store.actor_named(self.federation.context(), name)
        if stored is None:
            raise ConfigurationError("there is no actor of this name", name=name)
        return SocialActor(self.parts, stored)

    async def actors(self) -> list[SocialActor]:
        """List all actors."""
        return [SocialActor(self.parts, stored) for stored in await self.store.actors(self.federation.context())]

    def on_mention(self, callback: CallbackT) -> CallbackT:
        """Register who is called for each post that addresses one of our actors: `(actor, mention)`."""
        self.parts.mention_callbacks.append(callback)
        return callback

    def serve_clients(self, authorize: Callable[..., Any]) -> None:
        """Let owners read their collections and speak through clients: see `Clients`.

        Args:
            authorize: See `Federation.authorize_owner`.
        """
        Clients(self.parts).register(self.federation, authorize)

    def page_url(self, name: str, post: str | None = None) -> str:
        """Give the page for people of an actor or post."""
        return self.parts.page_url(name, post)

    # ---- what the federation asks --------------------------------------------------------------------------------

    async def _actor_document(self, context: Context, pk: str) -> Actor | None:
        stored = await self.store.actor(context, pk)
        if stored is None:
            return None
        return context.actor(
            Person,
            handle=stored.name,
            name=stored.display,
            summary=paragraphs(stored.summary) if stored.summary else None,
            url=self.page_url(stored.name),
            published=stored.created,
            manually_approves_followers=self.follows.manual,
            discoverable=True,
        )

    async def _identifier(self, context: Context, name: str) -> str | None:
        stored = await self.store.actor_named(context, name)
        return None if stored is None else stored.pk

    async def _load_post(self, context: Context, pk: str) -> Post | None:
        return await self.store.post(context, pk)

    async def _note(self, context: Context, post: Post) -> Object | None:
        author = await self.store.actor(context, post.author)
        if author is None:
            return None
        handles = await self.resolved(context, post)
        followers = context.followers_uri(post.author)
        addressed = [handles.get(iri.removeprefix("acct:"), iri) for iri in post.addressed]
        to, cc = audience_for(post.visibility, followers, tuple(dict.fromkeys(addressed)))
        tags: list[Object] = [
            MentionTag(href=handles.get(handle, iri), name=f"@{handle}") for handle, iri in post.handles
        ]
        origin = self.federation.site.origin
        tags += [Hashtag(href=f"{origin}/tags/{tag.lower()}", name=f"#{tag}") for tag in post.hashtags]
        return Note(
            id=context.object_uri(POST_PATH, pk=post.pk),
            attributed_to=context.actor_uri(post.author),
            content=post.html,
            content_map={post.language: post.html} if post.language else None,
            summary=post.summary,
            sensitive=True if post.summary else None,
            published=post.published,
            updated=post.updated,
            in_reply_to=post.in_reply_to,
            to=to,
            cc=cc,
            tag=tags,
            url=self.page_url(author.name, post.pk),
        )

    async def resolved(self, context: Context, post: Post) -> dict[str, str]:
        """Give what the handles in a post have been resolved to so far."""
        found: dict[str, str] = {}
        for stand_in in post.addressed if post.pending else ():
            known = await self.follows.known_id(context, stand_in)
            if known != stand_in:
                found[stand_in.removeprefix("acct:")] = known
        return found

    async def _outbox(self, context: Context, pk: str, page: PageRequest) -> Page[Post]:
        before = int(page.cursor) if page.cursor is not None and page.cursor.isdigit() else None
        rows = await self.store.posts(context, pk, before=before, limit=page.size)
        total = await self.store.count_posts(context, pk, _LISTED)
        listed = [post for _serial, post in rows if post.visibility in _LISTED]
        return Page(listed, next=str(rows[-1][0]) if len(rows) == page.size else None, total=total)


def is_public_post(post: Post) -> bool:
    """Tell whether everybody may see a post."""
    return post.visibility in _LISTED
