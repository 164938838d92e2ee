"""One of our actors: what it can do. No network in any of these calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import attrs

from ..behaviors import FollowState, author_card
from ..errors import ConfigurationError, DocumentError
from ..runtime import Batch, BoundAction, Context, Iri, PageRequest, Statement, parse_handle
from ..vocab import PUBLIC, Actor, Announce, Block, Follow, Like, Object, Undo, Visibility
from .composing import Composed, compose
from .model import Entry, Mention, Post, at
from .parts import POST_PATH, Parts
from .stores.sql import Sent, StoredActor

_STAND_INS = ("acct:", "author-of:")


class SocialActor:
    """One of our actors."""

    def __init__(self, parts: Parts, stored: StoredActor) -> None:
        self._parts = parts
        self._stored = stored

    @property
    def pk(self) -> str:
        """Identifier, never changed."""
        return self._stored.pk

    @property
    def name(self) -> str:
        """The name in its handle."""
        return self._stored.name

    @property
    def display_name(self) -> str:
        """The name that is shown."""
        return self._stored.display

    @property
    def summary(self) -> str:
        """What it says of itself, plain text."""
        return self._stored.summary

    @property
    def uri(self) -> Iri:
        """Its id on the network."""
        return self._context().actor_uri(self.pk)

    @property
    def handle(self) -> str:
        """Its handle: "@alice@blog.example"."""
        return f"@{self._context().handle(self.name)}"

    def _context(self) -> Context:
        return self._parts.federation.context()

    # ---- posts ---------------------------------------------------------------------------------------------------

    async def post(
        self,
        text: str,
        *,
        visibility: Visibility = Visibility.PUBLIC,
        language: str | None = None,
        summary: str | None = None,
        to: str | Sequence[str] | None = None,
        in_reply_to: str | None = None,
        pk: str | None = None,
    ) -> Post:
        """Write a post: mentions, hashtags and links are found in the text.

        Args:
            text: Plain text: "Hello @bob@mastodon.example, my first #introduction".
            visibility: To whom it is shown; DIRECT needs a mention, or `to`.
            language: BCP 47 tag.
            summary: Content warning.
            to: Id of one more actor that gets it, or several.
            in_reply_to: Id of what it answers; `reply` finds out by itself who is to get it.
            pk: Identifier in its URL; made by chance when not given.

        Returns:
            The post; `pending` when mentions are still to be looked up by the worker.
        """
        return await self._write(
            text,
            visibility=visibility,
            language=language,
            summary=summary,
            to=(to,) if isinstance(to, str) else tuple(to or ()),
            in_reply_to=in_reply_to,
            pk=pk,
        )

    async def reply(
        self,
        parent: Post | Entry | Mention | str,
        text: str,
        *,
        visibility: Visibility | None = None,
        language: str | None = None,
        pk: str | None = None,
    ) -> Post:
        """Answer a post; the author of the parent gets it, and it is shown to no more people than the parent."""
        entry = parent.entry if isinstance(parent, Mention) else parent
        named: tuple[tuple[str, str], ...] = ()
        if isinstance(entry, Post):
            parent_id, author, shown = entry.uri, None, entry.visibility
        elif isinstance(entry, Entry):
            parent_id, author, shown = entry.id, entry.author.id, entry.visibility
            named = _named(entry) if author != self.uri else ()
        else:
            parent_id, author = await self._target(entry)
            shown = Visibility.PUBLIC
        return await self._write(
            text,
            visibility=visibility or shown,
            language=language,
            summary=None,
            to=() if author is None else (author,),
            in_reply_to=parent_id,
            pk=pk,
            named=named,
        )

    async def _write(
        self,
        text: str,
        *,
        visibility: Visibility,
        language: str | None,
        summary: str | None,
        to: tuple[str, ...],
        in_reply_to: str | None,
        pk: str | None,
        named: tuple[tuple[str, str], ...] = (),
    ) -> Post:
        context = self._context()
        composed = compose(text, origin=context.site.origin)
        handles = _joined(named, await self._handles(context, composed))
        addressed = tuple(dict.fromkeys((*(iri for _handle, iri in handles), *to)))
        if visibility is Visibility.DIRECT and not addressed:
            raise ConfigurationError("a direct message needs somebody: mention them, or give `to`")
        identifier = pk or context.token()[:20]
        post = Post(
            pk=identifier,
            author=self.pk,
            html=composed.html,
            text=text,
            language=language,
            visibility=visibility,
            published=at(int(context.now_s())),
            in_reply_to=in_reply_to,
            addressed=addressed,
            handles=handles,
            hashtags=composed.hashtags,
            summary=summary,
            uri=context.object_uri(POST_PATH, pk=identifier),
            pending=any(iri.startswith(_STAND_INS) for iri in addressed),
        )
        await self._together(context, self._parts.federation.publish, post, await self._saved(context, post))
        return post

    async def _handles(self, context: Context, composed: Composed) -> tuple[tuple[str, str], ...]:
        """Give each handle with the id that is known for it, or with what stands for it until it is looked up."""
        found: list[tuple[str, str]] = []
        for handle in composed.handles:
            own = await self._own(context, handle)
            found.append((handle, own or await self._parts.follows.known_id(context, f"acct:{handle}")))
        return tuple(found)

    async def edit(self, post: Post, text: str) -> Post:
        """Change what a post says; those who got it, and who is mentioned now, are told."""
        context = self._context()
        composed = compose(text, origin=context.site.origin)
        written = compose(post.text, origin=context.site.origin).handles
        named = tuple(pair for pair in post.handles if pair[0] not in written)
        handles = _joined(named, await self._handles(context, composed))
        addressed = tuple(dict.fromkeys((*post.addressed, *(iri for _handle, iri in handles))))
        changed = attrs.evolve(
            post,
            addressed=addressed,
            handles=handles,
            pending=any(iri.startswith(_STAND_INS) for iri in addressed),
            html=composed.html,
            text=text,
            hashtags=composed.hashtags,
            updated=at(max(int(context.now_s()), int(post.published.timestamp()) + 1)),
        )
        await self._together(context, self._parts.federation.revise, changed, await self._saved(context, changed))
        return changed

    async def delete(self, post: Post) -> None:
        """Delete a post; those who got it are told, and its id answers 410."""
        context = self._context()
        deleted = [self._parts.store.delete_post(post.pk)]
        await self._together(context, self._parts.federation.withdraw, post, deleted)
        await self._parts.store.remove_entry(context, post.uri, self.uri)

    async def _saved(self, context: Context, post: Post) -> list[Statement]:
        entry = await self._own_entry(context, post)
        store = self._parts.store
        boosted = [
            store.save_entry(owner, attrs.evolve(entry, boosted_by=known.boosted_by))
            for owner, known in await store.entries_of(context, post.uri)
            if known.boosted_by is not None
        ]
        return [store.save_post(post), store.save_entry(self.pk, entry), *boosted]

    async def _together(
        self, context: Context, action: BoundAction[..., Iri], post: Post, statements: list[Statement]
    ) -> None:
        """Write our rows and the queue's in one transaction; where the queue has no SQL, one after the other."""
        if context.ports.queue.dialect is None:
            await self._parts.store.atomic(context, statements)
            await action.aio(post)
            return
        batch = Batch()
        await action.aio(post, within=batch)
        await self._parts.store.atomic(context, [*statements, *batch.statements])

    async def find_post(self, pk: str) -> Post | None:
        """Give one of its own posts."""
        post = await self._parts.store.post(self._context(), pk)
        return post if post is not None and post.author == self.pk else None

    # ---- following -----------------------------------------------------------------------------------------------

    async def follow(self, target: str) -> str:
        """Ask to follow a handle or id; gives the Follow's id. A handle is looked up by the worker."""
        context = self._context()
        return await self._parts.follows.follow(context, self.pk, await self._reference(context, target))

    async def unfollow(self, target: str) -> bool:
        """Stop following a handle or id; False when it was not followed."""
        context = self._context()
        return await self._parts.follows.unfollow(context, self.pk, await self._reference(context, target))

    async def following(self, target: str) -> FollowState | None:
        """Tell how far following a handle or id has come."""
        context = self._context()
        return await self._parts.follows.following(context, self.pk, await self._reference(context, target))

    async def accept(self, follow: Follow | str) -> bool:
        """Accept a Follow, or who waits (an id)."""
        follower = str(follow.actor_id) if isinstance(follow, Follow) else follow
        return await self._parts.follows.accept(self._context(), self.pk, follower)

    async def reject(self, follow: Follow | str) -> bool:
        """Refuse a Follow, or remove a follower (an id)."""
        follower = str(follow.actor_id) if isinstance(follow, Follow) else follow
        return await self._parts.follows.reject(self._context(), self.pk, follower)

    async def block(self, target: str) -> str:
        """Block a handle or id: both directions end, and they are told; gives the Block's id. Looks a handle up."""
        context = self._context()
        actor = await self._find(context, target)
        target_id = str(actor.id)
        await self._parts.follows.block(context, self.pk, target_id)
        await self._parts.store.remove_from(context, self.pk, target_id)
        return await self._send_undoable(Block(actor=self.uri, object=target_id), "block", target_id, target_id)

    # ---- reactions -----------------------------------------------------------------------------------------------

    async def like(self, target: Entry | str) -> str:
        """Like a post; gives the Like's id."""
        object_id, author = await self._target(target)
        activity = await self._send_undoable(Like(actor=self.uri, object=object_id), "like", object_id, author)
        await self._parts.store.react(self._context(), object_id, "like", self.uri, activity)
        return activity

    async def boost(self, target: Entry | str) -> str:
        """Boost a public post to the followers; gives the Announce's id."""
        context = self._context()
        object_id, author = await self._target(target)
        announce = Announce(
            actor=self.uri,
            object=object_id,
            published=at(int(context.now_s())),
            to=[PUBLIC],
            cc=[context.followers_uri(self.pk), author],
        )
        activity = await self._send_undoable(announce, "announce", object_id, author)
        await self._parts.store.react(context, object_id, "announce", self.uri, activity)
        return activity

    async def undo(self, activity: str) -> bool:
        """Take back a follow, like, boost or block by the id that its call gave; False when there is none."""
        context = self._context()
        sent = await self._parts.store.sent(context, activity, self.pk)
        if sent is None:
            return await self._parts.follows.withdraw(context, self.pk, activity)
        kind = {"like": Like, "announce": Announce, "block": Block}[sent.kind]
        inner = kind(id=Iri(activity), actor=self.uri, object=Iri(sent.object))
        undo = Undo(id=Iri(f"{activity}/undo"), actor=self.uri, object=inner)
        if sent.kind == "announce":
            undo = undo.evolve(to=[PUBLIC], cc=[context.followers_uri(self.pk), sent.recipient])
        await context.send(undo, to=sent.recipient)
        if sent.kind == "block":
            await self._parts.follows.unblock(context, self.pk, sent.object)
        await self._parts.store.unreact(context, sent.object, sent.kind, self.uri)
        await self._parts.store.forget_sent(context, activity)
        return True

    async def _send_undoable(self, activity: Like | Announce | Block, kind: str, object_id: str, recipient: str) -> str:
        context = self._context()
        activity_id = await context.send(activity, to=recipient)
        sent = Sent(activity=activity_id, actor=self.pk, kind=kind, object=object_id, recipient=recipient)
        await self._parts.store.remember_sent(context, sent)
        return activity_id

    async def _target(self, target: Entry | str) -> tuple[str, str]:
        """Give id and author of a post; an author that we do not know is looked up by the worker."""
        if isinstance(target, Entry):
            return target.id, target.author.id
        context = self._context()
        local = context.parse(target)
        if local is not None:
            post = await self._parts.store.post(context, local.pk)
            if post is None:
                raise ConfigurationError("there is no such post", target=target)
            return post.uri, context.actor_uri(post.author)
        known = await self._parts.store.entries_of(context, target)
        return target, known[0][1].author.id if known else f"author-of:{target}"

    async def _reference(self, context: Context, target: str) -> str:
        """Give the id of an own actor or of a URL; else the handle, for the worker to look up."""
        if "://" in target:
            return target
        handle = parse_handle(target)
        return await self._own(context, handle) or f"acct:{handle}"

    # ---- reading -------------------------------------------------------------------------------------------------

    async def timeline(self, *, limit: int = 100) -> AsyncIterator[Entry]:
        """Read the timeline, newest first: own posts, those of whom it follows, and what addresses it."""
        context = self._context()
        for entry in await self._parts.store.entries(context, self.pk, limit=limit):
            counts = await self._parts.store.reactions(context, entry.id)
            yield attrs.evolve(
                entry,
                likes=counts.get("like", 0),
                boosts=counts.get("announce", 0),
                own=entry.author.id == self.uri,
            )

    async def follower_count(self) -> int:
        """Count the followers."""
        return await self._parts.follows.count(self._context(), self.pk)

    async def followers(self) -> list[str]:
        """List the ids of the followers (the first 500)."""
        page = await self._parts.follows.page(self._context(), self.pk, PageRequest(size=500))
        return [follower.actor_id for follower in page.items]

    async def _own_entry(self, context: Context, post: Post) -> Entry:
        me = await context.get_actor(self.uri)
        return Entry(
            id=post.uri,
            author=author_card(me, handle_host=context.site.handle_host),
            html=post.html,
            text=post.text,
            visibility=post.visibility,
            published=post.published,
            updated=post.updated,
            in_reply_to=post.in_reply_to,
            language=post.language,
            summary=post.summary,
            url=self._parts.page_url(self.name, post.pk),
        )

    async def _own(self, context: Context, handle: str) -> str | None:
        """Give the id of an actor of this server by handle; others are looked up by the worker."""
        user, _, host = handle.rpartition("@")
        if host not in (context.site.handle_host, context.site.authority):
            return None
        stored = await self._parts.store.actor_named(context, user.lower())
        return None if stored is None else context.actor_uri(stored.pk)

    async def _find(self, context: Context, target: str) -> Actor:
        found: Object = await context.lookup(target if "://" in target else parse_handle(target))
        if not isinstance(found, Actor):
            raise ConfigurationError("this is not an actor", target=target)
        return found


def _named(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Give the author of what is answered as a mention: many servers tell of an answer only whom it names."""
    try:
        return ((parse_handle(entry.author.handle), entry.author.id),)
    except DocumentError:
        return ()


def _joined(named: tuple[tuple[str, str], ...], written: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Give mentions that are meant and mentions that are written, each actor once."""
    known = {iri for _handle, iri in written} | {handle for handle, _iri in written}
    return (*(pair for pair in named if not known & set(pair)), *written)
