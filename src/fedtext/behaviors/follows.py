"""`Follows`: who follows our actors, and whom they follow. Kept in the backend's store.

As receiver: a Follow of an actor of ours is accepted (or kept pending), a repeated one accepted again; Undo, Block
and the Delete of the follower end it; a late Follow after its own Undo counts for nothing (INB-16, MOD-27). As
sender: an Accept counts only from whom our Follow is for, and only for a Follow that we sent (INB-17, SEC-085); a
Reject ends a request or a following (MOD-49).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Literal, cast

import attrs

from ..runtime import Context, Federation, Follower, Page, PageRequest, followers_changed, followings_changed
from ..vocab import Accept, Block, Delete, Follow, Reject, Undo
from . import followings
from .followings import ACCT, FollowState, Record, parts, read, rows

_STAND_INS = (ACCT, "author-of:")


class Follows:
    """Keeps followers and followees in the store, answers Follows, and feeds the fan-out.

    Args:
        accept: "auto": every Follow is accepted at once, but those of whom is silenced; "manual": it waits for `accept`
            or `reject`.
        complete: Whether the store holds every follow that there is from and to our actors, and all actors of the
            origin are ours: then followers are kept in step with other servers (FEP-8fcf).
    """

    def __init__(self, *, accept: Literal["auto", "manual"] = "auto", complete: bool = False) -> None:
        self._auto = accept == "auto"
        self.complete = complete

    @property
    def manual(self) -> bool:
        """Whether follows wait until somebody accepts them; what `manuallyApprovesFollowers` tells others."""
        return not self._auto

    def register(self, federation: Federation) -> None:
        """Take the part of the follower source and listen."""
        federation.followers(self)
        federation.on(Follow)(self._on_follow)
        federation.on(Undo)(self._on_undo)
        federation.on(Accept)(self._on_accept)
        federation.on(Reject)(self._on_reject)
        federation.on(Block)(self._on_block)
        federation.on(Delete)(self._on_delete)

    # ---- as a follower source ------------------------------------------------------------------------------------

    async def page(self, context: Context, pk: str, page: PageRequest) -> Page[Follower]:
        """Give one page of accepted followers; the cursor is the last key of the page before."""
        prefix = context.key("follower", pk) + "/"
        found = await context.store.scan(prefix, after=page.cursor or "", limit=page.size)
        followers: list[Follower] = []
        for key, value in found:
            record = Record.decode(value)
            actor_id = parts(key)[1]
            followers.append(Follower(actor_id=actor_id, inbox=record.inbox, shared_inbox=record.shared_inbox))
        return Page(followers, next=found[-1][0] if len(found) == page.size else None)

    async def contains(self, context: Context, pk: str, actor_id: str) -> bool:
        """Tell whether somebody is an accepted follower."""
        return await context.store.get(context.key("follower", pk, actor_id)) is not None

    async def count(self, context: Context, pk: str) -> int:
        """Count the accepted followers."""
        return await context.store.count(context.key("follower", pk) + "/")

    async def following_count(self, context: Context, pk: str) -> int:
        """Count whom an actor follows, pending ones included."""
        return await context.store.count(context.key("following", pk) + "/")

    # ---- in step with other servers ------------------------------------------------------------------------------

    async def followed_by(self, context: Context, actor_id: str) -> list[str]:
        """Give the identifiers of the own actors that follow somebody."""
        return await followings.followed_by(context, actor_id)

    async def followings_total(self, context: Context) -> int:
        """Count the accepted followings of all own actors."""
        return await followings.total(context)

    async def keep_following(self, context: Context, pk: str, actor_id: str) -> bool:
        """Take a following for accepted, for its other side says so; False where it was never asked for."""
        return await followings.confirm(context, pk, actor_id)

    async def drop_following(self, context: Context, pk: str, actor_id: str) -> None:
        """End a following of which its other side knows nothing."""
        await followings.end(context, pk, actor_id)

    # ---- for the application -------------------------------------------------------------------------------------

    async def follow(self, context: Context, pk: str, target: str) -> str:
        """Ask to follow somebody; gives the Follow's id. Asking again sends it again. No network here.

        Args:
            context: Of any colour.
            pk: Identifier of the own actor.
            target: Id, or "acct:user@host": then the worker looks the handle up.
        """
        target_id = await self.known_id(context, target)
        activity = Follow(actor=context.actor_uri(pk), object=target_id)
        follow_id = await context.send(activity, to=target_id)
        record = Record(state=FollowState.PENDING, follow_id=follow_id)
        await followings.keep(context, pk, target_id, record)
        return follow_id

    async def known_id(self, context: Context, target: str) -> str:
        """Give the id behind "acct:user@host" if the worker has ever looked it up, else the text as it is.

        Likewise for "author-of:https://…", whom an object is attributed to.
        """
        if not target.startswith(_STAND_INS):
            return target
        found = await context.store.get(context.key("handle", target.removeprefix(ACCT)))
        return target if found is None else found.decode()

    async def unfollow(self, context: Context, pk: str, target: str) -> bool:
        """Stop following somebody (id, or "acct:user@host"); False when we did not. No network here."""
        target_id, key = await self._followed(context, pk, target)
        record = await read(context.store, key)
        if record is None:
            return False
        me = context.actor_uri(pk)
        follow = Follow(id=record.follow_id, actor=me, object=target_id)
        await context.send(Undo(id=f"{record.follow_id}/undo", actor=me, object=follow), to=target_id)
        await followings.end(context, *parts(key))
        return True

    async def withdraw(self, context: Context, pk: str, follow_id: str) -> bool:
        """Take back a Follow by its id; False when there is none."""
        async for key, value in rows(context.store, context.key("following", pk) + "/"):
            if Record.decode(value).follow_id == follow_id:
                return await self.unfollow(context, pk, parts(key)[1])
        return False

    async def following(self, context: Context, pk: str, target: str) -> FollowState | None:
        """Tell how far following somebody (id, or "acct:user@host") has come."""
        _target_id, key = await self._followed(context, pk, target)
        record = await read(context.store, key)
        return None if record is None else record.state

    async def _followed(self, context: Context, pk: str, target: str) -> tuple[str, str]:
        """Give target and key of a following: under the id, or under the handle while no Accept has come."""
        target_id = await self.known_id(context, target)
        key = context.key("following", pk, target_id)
        if target_id != target and await context.store.get(key) is None:
            return target, context.key("following", pk, target)
        return target_id, key

    async def pending(self, context: Context, pk: str) -> AsyncIterator[str]:
        """Give the ids of those who wait to be accepted."""
        async for key, _value in rows(context.store, context.key("follow-request", pk) + "/"):
            yield parts(key)[1]

    async def accept(self, context: Context, pk: str, follower_id: str) -> bool:
        """Accept somebody who waits; False when nobody of that id does."""
        request = context.key("follow-request", pk, follower_id)
        record = await read(context.store, request)
        if record is None:
            return False
        accepted = attrs.evolve(record, state=FollowState.ACCEPTED)
        await context.store.put(context.key("follower", pk, follower_id), accepted.encode())
        await followers_changed(context, pk, follower_id)
        await context.store.delete(request)
        await self._answer(context, pk, follower_id, record.follow_id, Accept)
        return True

    async def reject(self, context: Context, pk: str, follower_id: str) -> bool:
        """Refuse somebody who waits, or remove a follower; False when nobody of that id is there."""
        for kind in ("follow-request", "follower"):
            key = context.key(kind, pk, follower_id)
            record = await read(context.store, key)
            if record is not None:
                await self._drop_follower(context, pk, follower_id)
                await self._answer(context, pk, follower_id, record.follow_id, Reject)
                return True
        return False

    async def forget(self, context: Context, pk: str, actor_id: str) -> None:
        """Drop both directions between an own actor and somebody, without a word to him (Block)."""
        await self._drop_follower(context, pk, actor_id)
        await followings.end(context, pk, actor_id)

    async def block(self, context: Context, pk: str, actor_id: str) -> None:
        """Keep somebody out: both directions end, and his next Follow is refused."""
        await context.store.put(context.key("blocked", pk, actor_id), b"1")
        await self.forget(context, pk, actor_id)

    async def unblock(self, context: Context, pk: str, actor_id: str) -> None:
        """Let somebody follow again."""
        await context.store.delete(context.key("blocked", pk, actor_id))

    async def is_blocked(self, context: Context, pk: str, actor_id: str) -> bool:
        """Tell whether an own actor keeps somebody out."""
        return await context.store.get(context.key("blocked", pk, actor_id)) is not None

    async def _drop_follower(self, context: Context, pk: str, actor_id: str) -> None:
        for kind in ("follower", "follow-request"):
            key = context.key(kind, pk, actor_id)
            record = await read(context.store, key)
            if record is not None:
                await context.store.delete(key)
                await context.store.delete(context.key("follow-by-id", actor_id, record.follow_id))
        await followers_changed(context, pk, actor_id)

    # ---- listeners -----------------------------------------------------------------------------------------------

    async def _on_follow(self, context: Context, follow: Follow) -> None:
        target = context.parse(follow.object)
        follower_id = follow.actor_id
        if target is None or target.kind != "actor" or follower_id is None:
            return
        if await self.is_blocked(context, target.pk, follower_id):
            await self._answer(context, target.pk, follower_id, follow.id or "", Reject)
            return
        # Threat: the shared inbox takes a Follow of anybody; an answer by nobody would cost a key and a row each.
        await context.get_actor(context.actor_uri(target.pk))
        follower = await context.get_actor(follow.actor)
        if follower.inbox is None:
            return
        welcome = self._auto and not context.is_silenced(follower_id)
        accepted = welcome or await self.contains(context, target.pk, follower_id)
        record = Record(
            state=FollowState.ACCEPTED if accepted else FollowState.PENDING,
            follow_id=follow.id or "",
            inbox=str(follower.inbox),
            shared_inbox=follower.shared_inbox,
        )
        await self._drop_follower(context, target.pk, follower_id)
        kind = "follower" if accepted else "follow-request"
        await context.store.put(context.key(kind, target.pk, follower_id), record.encode())
        await followers_changed(context, target.pk, follower_id)
        if follow.id is not None:
            await context.store.put(context.key("follow-by-id", follower_id, follow.id), target.pk.encode())
        if accepted:
            await self._answer(context, target.pk, follower_id, record.follow_id, Accept)

    async def _answer(
        self, context: Context, pk: str, follower_id: str, follow_id: str, answer: type[Accept] | type[Reject]
    ) -> None:
        """Answer with the whole Follow embedded, its id as it came (MOD-48)."""
        me = context.actor_uri(pk)
        follow = Follow(id=follow_id or None, actor=follower_id, object=me)
        await context.send(answer(actor=me, object=follow), to=follower_id)

    async def _on_undo(self, context: Context, undo: Undo) -> None:
        inner = undo.object
        if isinstance(inner, Follow):
            target = context.parse(inner.object_id)
            if target is not None and target.kind == "actor":
                await self._drop_follower(context, target.pk, str(undo.actor_id))
        elif isinstance(inner, Accept):
            await self._take_back(context, cast("Accept", inner))
        elif isinstance(inner, str):
            await self._undo_by_id(context, inner, str(undo.actor_id))

    async def _undo_by_id(self, context: Context, follow_id: str, actor_id: str) -> None:
        """A bare id names a Follow that we hold, or one still to come; it does not say whom that is for."""
        known = await context.store.get(context.key("follow-by-id", actor_id, follow_id))
        if known is not None:
            await self._drop_follower(context, known.decode(), actor_id)

    async def _on_accept(self, context: Context, accept: Accept) -> None:
        found = await self._our_follow(context, accept)
        if found is not None:
            key, record = found
            local = context.parse(record.follow_id.partition("#")[0])
            if local is None:
                return
            accepted = attrs.evolve(record, state=FollowState.ACCEPTED)
            await followings.keep(context, local.pk, str(accept.actor_id), accepted)
            if key != context.key("following", local.pk, str(accept.actor_id)):
                await context.store.delete(key)

    async def _on_reject(self, context: Context, reject: Reject) -> None:
        await self._take_back(context, reject)

    async def _take_back(self, context: Context, answer: Accept | Reject) -> None:
        """End what a Reject refuses, or what an Accept that is undone has granted."""
        found = await self._our_follow(context, answer)
        if found is not None:
            await followings.end(context, *parts(found[0]))

    async def _our_follow(self, context: Context, answer: Accept | Reject) -> tuple[str, Record] | None:
        """Find the Follow of ours that is answered: by the one whom it is for, and with its id if one is given."""
        inner = answer.object
        follow_id = answer.object_id
        follower = inner.actor if isinstance(inner, Follow) else (follow_id or "").partition("#")[0]
        local = context.parse(follower)
        if local is None or local.kind != "actor":
            return None
        key = context.key("following", local.pk, str(answer.actor_id))
        record = await read(context.store, key)
        if record is None and follow_id is not None:
            key = context.key("following", local.pk, await self._handle_asked(context, follow_id, answer))
            record = await read(context.store, key)
        if record is None or (follow_id is not None and follow_id != record.follow_id):
            return None
        return key, record

    async def _handle_asked(self, context: Context, follow_id: str, answer: Accept | Reject) -> str:
        """Give the handle under which we asked, if the worker found it to be whom the answer comes from; else ""."""
        resolved = await context.store.get(context.key("resolved", follow_id))
        found: dict[str, str] = {} if resolved is None else json.loads(resolved)
        return next((ACCT + handle for handle, iri in found.items() if iri == answer.actor_id), "")

    async def _on_block(self, context: Context, block: Block) -> None:
        target = context.parse(block.object)
        if target is not None and target.kind == "actor":
            await self.forget(context, target.pk, str(block.actor_id))

    async def _on_delete(self, context: Context, delete: Delete) -> None:
        """An actor that is gone follows nobody any more."""
        if delete.object_id != delete.actor_id or delete.actor_id is None:
            return
        await self._sweep(context, delete.actor_id)

    async def _sweep(self, context: Context, actor_id: str) -> None:
        for kind in ("follower", "follow-request", "following"):
            async for key, _value in rows(context.store, context.key(kind) + "/"):
                pk, about = parts(key)
                if about == actor_id:
                    await context.store.delete(key)
                    await followers_changed(context, pk, actor_id)
        for kind in ("follow-by-id", "followed"):
            async for key, _value in rows(context.store, context.key(kind, actor_id) + "/"):
                await context.store.delete(key)
        await followings_changed(context, actor_id)
