"""What arrives from the network for our actors: into timelines, reactions and mentions."""

from __future__ import annotations

import inspect

import attrs

from ..behaviors import FollowState, author_card
from ..errors import DocumentError, FetchError, OriginMismatch
from ..runtime import Context, Federation
from ..vocab import (
    Activity,
    Actor,
    Announce,
    Block,
    Create,
    Delete,
    Like,
    Note,
    Object,
    Undo,
    Update,
    Visibility,
    addressees_of,
    is_public,
    reference_id,
    visibility_of,
)
from ..wire.html import name_hosts, sanitize, to_text
from .actors import SocialActor
from .model import Entry, Mention
from .parts import Parts

_NEW_S = 86_400
_BOOSTABLE = (Visibility.PUBLIC, Visibility.UNLISTED)


class Inbound:
    """The listeners of `Social`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store = parts.store

    def register(self, federation: Federation) -> None:
        """Listen."""
        federation.on(Create)(self._on_create)
        federation.on(Update)(self._on_update)
        federation.on(Delete)(self._on_delete)
        federation.on(Like)(self._on_like)
        federation.on(Announce)(self._on_announce)
        federation.on(Undo)(self._on_undo)
        federation.on(Block)(self._on_block)

    # ---- posts ---------------------------------------------------------------------------------------------------

    async def _on_create(self, context: Context, create: Create[Object]) -> None:
        note = await self._own_word(context, create)
        if note is None or await context.is_deleted(str(note.id), str(create.actor_id)):
            return
        author = await context.get_actor(create.actor)
        answered = await self._our_post(context, note.in_reply_to)
        if answered is not None:
            await self._store.react(context, answered, "reply", str(author.id), str(note.id))
        entry = _entry(note, author, create)
        known = {owner for owner, held in await self._store.entries_of(context, entry.id) if held.boosted_by is None}
        for stored in await self._store.actors(context):
            addressed = context.actor_uri(stored.pk) in _addressees(note, create)
            if not await self._is_for(context, stored.pk, entry, addressed=addressed):
                continue
            if stored.pk not in known:  # what is known may be newer already: edits overtake (INB-26)
                await self._store.atomic(context, [self._store.save_entry(stored.pk, entry)])
            if addressed:
                mention = Mention(entry=entry, recipient=stored.pk)
                await self._tell(SocialActor(self._parts, stored), mention)

    async def _is_for(self, context: Context, pk: str, entry: Entry, *, addressed: bool) -> bool:
        """Tell whether a post stands in somebody's timeline: it addresses him, or he follows its author.

        What is for nobody by name and came to his own inbox was sent to him blindly (INB-12).
        """
        author = entry.author.id
        if await self._parts.follows.is_blocked(context, pk, author):
            return False
        if entry.visibility is Visibility.DIRECT:
            return addressed or context.recipient == pk
        return addressed or await self._parts.follows.following(context, pk, author) is FollowState.ACCEPTED

    async def _tell(self, actor: SocialActor, mention: Mention) -> None:
        """Call those who registered with `on_mention`."""
        for callback in self._parts.mention_callbacks:
            result = callback(actor, mention)
            if inspect.isawaitable(result):
                await result

    async def _on_update(self, context: Context, update: Update[Object]) -> None:
        note = await self._own_word(context, update)
        if note is None:
            return
        author = await context.get_actor(update.actor)
        changed = _entry(note, author, update)
        found = await self._store.entries_of(context, str(note.id))
        if not found:
            await self._first_seen_edited(context, changed, _addressees(note, update))
        for owner, known in found:
            if known.author.id != author.id or _is_older(changed, known):
                continue
            if known.boosted_by is not None and changed.visibility not in _BOOSTABLE:
                await self._store.remove_boost(context, known.id, known.boosted_by.id)
                continue
            entry = attrs.evolve(changed, boosted_by=known.boosted_by)
            await self._store.atomic(context, [self._store.save_entry(owner, entry)])

    async def _first_seen_edited(self, context: Context, entry: Entry, addressees: set[str]) -> None:
        """Take an edit that came before its post for the post, if that is new (MOD-25)."""
        if await context.is_deleted(entry.id, entry.author.id):
            return
        if entry.published is None or entry.published.timestamp() < context.now_s() - _NEW_S:
            return
        for stored in await self._store.actors(context):
            addressed = context.actor_uri(stored.pk) in addressees
            if await self._is_for(context, stored.pk, entry, addressed=addressed):
                await self._store.atomic(context, [self._store.save_entry(stored.pk, entry)])

    async def _own_word(self, context: Context, activity: Create[Object] | Update[Object]) -> Note | None:
        """Give the note that is spoken of, if it is the actor's own."""
        reference = activity.object
        try:
            found = await context.get(reference, fresh=isinstance(reference, str))
        except (FetchError, DocumentError):
            return None
        if not isinstance(found, Note) or found.id is None:
            return None
        author = reference_id(found.attributed_to)
        if author != activity.actor_id:
            raise OriginMismatch("the note is somebody else's", object=found.id)
        return found

    async def _on_delete(self, context: Context, delete: Delete[Object]) -> None:
        object_id = delete.object_id
        if object_id is None:
            return
        if object_id == delete.actor_id:
            await self._store.remove_author(context, object_id)
        else:
            await self._store.remove_entry(context, object_id, str(delete.actor_id))

    # ---- reactions -----------------------------------------------------------------------------------------------

    async def _on_like(self, context: Context, like: Like) -> None:
        object_id = await self._our_post(context, like.object)
        if object_id is not None:
            await self._store.react(context, object_id, "like", str(like.actor_id), str(like.id))

    async def _on_announce(self, context: Context, announce: Announce) -> None:
        object_id = await self._our_post(context, announce.object)
        if object_id is not None:
            await self._store.react(context, object_id, "announce", str(announce.actor_id), str(announce.id))
        await self._boosted(context, announce)

    async def _our_post(self, context: Context, reference: object) -> str | None:
        local = context.parse(reference)
        if local is None or local.kind != "object":
            return None
        post = await self._store.post(context, local.pk)
        return post.uri if post is not None else None

    async def _boosted(self, context: Context, announce: Announce) -> None:
        """Show a boost to those who follow the booster; only public posts are boosted (MOD-44)."""
        object_id = announce.object_id
        if object_id is None or not any(is_public(iri) for iri in (*announce.to, *announce.cc)):
            return
        owners = [
            stored.pk
            for stored in await self._store.actors(context)
            if await self._parts.follows.following(context, stored.pk, str(announce.actor_id)) is FollowState.ACCEPTED
        ]
        if not owners:
            return
        entry = await self._boost_entry(context, announce, object_id)
        if entry is not None:
            await self._store.atomic(context, [self._store.save_entry(owner, entry) for owner in owners])

    async def _boost_entry(self, context: Context, announce: Announce, object_id: str) -> Entry | None:
        try:
            note = await context.get(object_id)
            if not isinstance(note, Note) or note.attributed_to is None:
                return None
            author = await context.get_actor(note.attributed_to)
        except (FetchError, DocumentError):
            return None
        booster = await context.get_actor(announce.actor)
        entry = _entry(note, author, note, booster=booster)
        return entry if entry.visibility in _BOOSTABLE else None

    async def _on_undo(self, context: Context, undo: Undo) -> None:
        inner, actor = undo.object, str(undo.actor_id)
        if isinstance(inner, Like | Announce):
            object_id = str(inner.object_id)
            kind = "like" if isinstance(inner, Like) else "announce"
            await self._store.unreact(context, object_id, kind, actor)
            if kind == "announce":
                await self._store.remove_boost(context, object_id, actor)
        elif isinstance(inner, str):
            await self._store.unreact_by_id(context, inner, actor)

    async def _on_block(self, context: Context, block: Block[Object]) -> None:
        """Who blocks one of ours is not shown to him any more; other timelines keep what they have."""
        target = context.parse(block.object)
        if target is None or target.kind != "actor":
            return
        await self._store.remove_from(context, target.pk, str(block.actor_id))


def _addressees(note: Note, activity: Activity) -> set[str]:
    found: set[str] = {*note.to, *note.cc, *activity.to, *activity.cc}
    for tag in note.tag:
        href = getattr(tag, "href", None)
        if isinstance(href, str):
            found.add(href)
    return found


def _is_older(changed: Entry, known: Entry) -> bool:
    """An edit older than what we hold is ignored (SEC-152, MOD-25)."""
    return known.updated is not None and changed.updated is not None and changed.updated < known.updated


def _entry(note: Note, author: Actor, addressed: Object, *, booster: Actor | None = None) -> Entry:
    content = note.content or ""
    to, cc = addressees_of(note, addressed)
    url = note.url
    return Entry(
        id=str(note.id),
        author=author_card(author),
        html=name_hosts(sanitize(content)),
        text=to_text(content),
        visibility=visibility_of(to, cc, author.followers),
        published=note.published,
        updated=note.updated,
        in_reply_to=reference_id(note.in_reply_to),
        language=next((tag for tag, html in note.content_map.items() if html == content), None),
        summary=(to_text(note.summary) or None) if note.summary else None,
        boosted_by=author_card(booster) if booster is not None else None,
        url=url if isinstance(url, str) and url.startswith(("https://", "http://")) else str(note.id),
    )
