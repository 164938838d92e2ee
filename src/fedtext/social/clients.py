"""What owners say through clients (ActivityPub client to server), carried out by their actors.

Posts are written, edited and deleted; follows, likes, boosts and blocks are made and undone. The markup of a client is
read as text, in which mentions and hashtags are found as in any other post. All else is refused, and so are blind
recipients: a post of ours is shown with all whom it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import MissingProperty, PolicyRefusal
from ..runtime import Context, Federation
from ..vocab import (
    Activity,
    Announce,
    Block,
    Create,
    Delete,
    Follow,
    Like,
    Note,
    Undo,
    Update,
    Visibility,
    is_public,
    visibility_of,
)
from ..wire.html import to_text
from .actors import SocialActor
from .model import Post
from .parts import Parts


class Clients:
    """Carries out what is posted to the outboxes of our actors."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def register(self, federation: Federation, authorize: Callable[..., Any]) -> None:
        """Listen to owners, whom `authorize` tells from others."""
        federation.authorize_owner(authorize)
        federation.on_outbox(self._carry_out)

    async def _carry_out(self, context: Context, pk: str, activity: Activity) -> str:
        """Do what is said; gives the id of the activity.

        Raises:
            PolicyRefusal: It is nothing that our actors do, or not theirs.
            MissingProperty: A post has no words, or is for nobody.
        """
        stored = await self._parts.store.actor(context, pk)
        if stored is None or activity.bto or activity.bcc:
            raise PolicyRefusal("blind recipients are not taken")
        actor = SocialActor(self._parts, stored)
        match activity:
            case Create(object=Note() as note):
                return f"{(await _post(context, actor, note)).uri}#create"
            case Update(object=Note() as note):
                return (await actor.edit(await _own_post(context, actor, activity), _words(note))).uri
            case Delete():
                post = await _own_post(context, actor, activity)
                await actor.delete(post)
                return f"{post.uri}#delete"
            case Undo() if await actor.undo(str(activity.object_id)):
                return f"{activity.object_id}/undo"
            case _:
                return await _react(actor, activity)


async def _react(actor: SocialActor, activity: Activity) -> str:
    target = activity.object_id
    match activity:
        case Follow() if target is not None:
            return await actor.follow(target)
        case Like() if target is not None:
            return await actor.like(target)
        case Announce() if target is not None:
            return await actor.boost(target)
        case Block() if target is not None:
            return await actor.block(target)
        case _:
            raise PolicyRefusal("actors of this server do not do that", type=activity.type_name)


async def _post(context: Context, actor: SocialActor, note: Note) -> Post:
    followers = context.followers_uri(actor.pk)
    visibility = visibility_of(note.to, note.cc, followers)
    to = [iri for iri in (*note.to, *note.cc) if iri != followers and not is_public(iri)]
    if visibility is Visibility.DIRECT and not to:
        raise MissingProperty("a post is for somebody", property="to")
    return await actor.post(
        _words(note),
        visibility=visibility,
        language=next(iter(note.content_map), None),
        summary=to_text(str(note.summary)) if note.summary else None,
        to=to,
        in_reply_to=note.in_reply_to,
    )


async def _own_post(context: Context, actor: SocialActor, activity: Activity) -> Post:
    local = context.parse(activity.object_id)
    post = None if local is None or local.kind != "object" else await actor.find_post(local.pk)
    if post is None:
        raise PolicyRefusal("this is no post of this actor", object=str(activity.object_id))
    return post


def _words(note: Note) -> str:
    text = to_text(str(note.content or ""))
    if not text:
        raise MissingProperty("a post has words", property="content")
    return text
