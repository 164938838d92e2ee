"""`Replies`: answers from the network to our objects, handed to a table of the application's own.

Only answers to *our* objects reach the table, public and unlisted ones unless more is asked for: a direct message
never becomes a comment. Each comes with a card of its author and sanitized HTML. Edits, removals, removed authors
and blocks follow.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import attrs

from ..errors import DocumentError, FedtextError, FetchError, OriginMismatch
from ..runtime import Context, Federation, Local
from ..vocab import (
    Activity,
    Actor,
    Block,
    Create,
    Delete,
    Image,
    Note,
    Object,
    Update,
    Visibility,
    addressees_of,
    reference_id,
    visibility_of,
)
from ..wire.html import name_hosts, sanitize, to_text

_SHOWN = frozenset({Visibility.PUBLIC, Visibility.UNLISTED})
_NAME_CHARS_MAX = 128
_TOLD_S = 30 * 86_400


@attrs.frozen(kw_only=True)
class Author:
    """Who wrote it: id, handle ("@bob@mastodon.example"), name (plain text), picture and profile page."""

    id: str
    handle: str
    name: str
    avatar: str | None
    url: str | None


@attrs.frozen(kw_only=True)
class Reply:
    """One answer to one of our objects.

    Args:
        id: Its id; the table's key.
        target: Which object of ours it answers; `target.pk` is the path's parameter.
        author: Who wrote it.
        html: Safe to show: sanitized always, and links that say one host and lead to another name theirs.
        text: The same as plain text.
        published: When, if it says so.
        updated: When it was last changed, if it says so.
        url: Page for people, or None.
        visibility: To whom it is shown.
        sensitive: Whether it should be covered at first; `summary` says by what.
        summary: Content warning, plain text.
    """

    id: str
    target: Local
    author: Author
    html: str
    text: str
    published: datetime | None
    updated: datetime | None
    url: str | None
    visibility: Visibility
    sensitive: bool
    summary: str | None


class ReplyRepository(Protocol):
    """The application's table of answers; plain `def` or `async def`. Every method may be called twice."""

    def save(self, reply: Reply) -> Any:
        """Insert, or replace what has the same id."""
        ...

    def remove(self, reply_id: str, author_id: str) -> Any:
        """Remove the answer with this id, if this author wrote it."""
        ...

    def remove_author(self, author_id: str) -> Any:
        """Remove all answers of an author."""
        ...


@runtime_checkable
class AuthorsRepository(ReplyRepository, Protocol):
    """A table of answers that also knows who wrote them: then their servers are told of edits (DLV-02). Optional."""

    def authors(self, target: Local) -> Any:
        """Give the ids of those who have answered one of our objects."""
        ...


class Replies:
    """Hands answers to a repository.

    Args:
        repository: The application's table.
        visibilities: Which answers reach it; DIRECT only by saying so.
    """

    def __init__(self, repository: ReplyRepository, *, visibilities: Collection[Visibility] = _SHOWN) -> None:
        self._repository = repository
        self._visibilities = frozenset(visibilities)

    def register(self, federation: Federation) -> None:
        """Listen; plain methods of the repository run where plain callbacks run."""
        asynchronous = inspect.iscoroutinefunction(self._repository.save)
        self._call = _awaiting if asynchronous else _offloading
        federation.on(Create)(self._on_written)
        federation.on(Update)(self._on_written)
        federation.on(Delete)(self._on_delete)
        federation.on(Block)(self._on_block)
        if isinstance(self._repository, AuthorsRepository):
            federation.interactors(self._authors)

    async def _on_written(self, context: Context, activity: Create[Object] | Update[Object]) -> None:
        note = await self._note(context, activity)
        if note is None or note.id is None:
            return
        target = context.parse(note.in_reply_to)
        if target is None or target.kind != "object":
            return
        if await context.is_deleted(note.id, str(activity.actor_id)) or not await _exists(context, note.in_reply_to):
            return
        await self._require_author(context, note.id, str(activity.actor_id))
        if not await self._is_newest(context, activity, note):
            return
        author = await context.get_actor(activity.actor)
        visibility = visibility_of(*addressees_of(note, activity), author.followers)
        if visibility not in self._visibilities:
            await self._call(context, self._repository.remove, note.id, str(author.id))
            return
        await self._call(context, self._repository.save, _reply(note, target, author, visibility))

    async def _require_author(self, context: Context, note_id: str, author_id: str) -> None:
        """Demand that an answer is of whom it was at first; where two claim it, its own address says whose it is.

        Threat: an id says who serves a note, not whose it is. A neighbour of the author could change it in his own
        name, and so take its place in the table, or claim the id before the author does (SEC-081).

        Raises:
            OriginMismatch: It is somebody else's.
        """
        key = context.key("reply-author", note_id)
        if await context.store.add_if_absent(key, author_id.encode()):
            return
        if await context.store.get(key) == author_id.encode():
            return
        try:
            found = await context.get(note_id, fresh=True)
        except (FetchError, DocumentError) as error:
            if isinstance(error, FetchError) and not error.permanent:
                raise
            found = None
        if found is None or reference_id(found.attributed_to) != author_id:
            raise OriginMismatch("the note is somebody else's", object=note_id)
        await context.store.put(key, author_id.encode())

    async def _is_newest(self, context: Context, activity: Activity, note: Note) -> bool:
        """Tell whether nothing newer of this note has come before: what was sent first may arrive last (SEC-152)."""
        said = note.updated or note.published
        moment_s = said.timestamp() if said is not None else (0.0 if isinstance(activity, Create) else context.now_s())
        key = context.key("reply-told", str(activity.actor_id), str(note.id))
        known = await context.store.get(key)
        if known is not None and float(known) > moment_s:
            return False
        await context.store.put(key, repr(moment_s).encode("ascii"), ttl_s=_TOLD_S)
        return True

    async def _note(self, context: Context, activity: Create[Object] | Update[Object]) -> Note | None:
        """Give the note that is spoken of, fetched when only its id came; it must be the actor's own."""
        reference = activity.object
        try:
            found = await context.get(reference, fresh=isinstance(reference, str))
        except (FetchError, DocumentError):
            return None
        if not isinstance(found, Note):
            return None
        author = reference_id(found.attributed_to)
        if author != activity.actor_id:
            raise OriginMismatch("the note is somebody else's", object=str(found.id))
        return found

    async def _on_delete(self, context: Context, delete: Delete[Object]) -> None:
        object_id = delete.object_id
        if object_id is None:
            return
        if object_id == delete.actor_id:
            await self._call(context, self._repository.remove_author, object_id)
        else:
            author_id = str(delete.actor_id)
            await self._call(context, self._repository.remove, object_id, author_id)
            key = context.key("reply-author", object_id)
            if await context.store.get(key) == author_id.encode():
                await context.store.delete(key)

    async def _authors(self, context: Context, object_id: str) -> list[str]:
        """Ask the table who has answered one of our objects."""
        target, repository = context.parse(object_id), self._repository
        if target is None or not isinstance(repository, AuthorsRepository):
            return []
        found: Iterable[str] = await self._call(context, repository.authors, target)
        return list(found)

    async def _on_block(self, context: Context, block: Block[Object]) -> None:
        """Who blocks an actor of ours does not want to be shown there."""
        target = context.parse(block.object)
        if target is not None and target.kind == "actor":
            await self._call(context, self._repository.remove_author, str(block.actor_id))


async def _exists(context: Context, target: object) -> bool:
    """Tell whether what is answered is there: anybody can make up an address of ours."""
    try:
        await context.get(target)
    except FedtextError:
        return False
    return True


async def _awaiting(_context: Context, method: Any, *arguments: Any) -> Any:
    return await method(*arguments)


async def _offloading(context: Context, method: Any, *arguments: Any) -> Any:
    return await context.ports.offload.run(method, *arguments)


def _reply(note: Note, target: Local, author: Actor, visibility: Visibility) -> Reply:
    content = note.content or ""
    return Reply(
        id=str(note.id),
        target=target,
        author=author_card(author),
        html=name_hosts(sanitize(content)),
        text=to_text(content),
        published=note.published,
        updated=note.updated,
        url=_page(note.url) or str(note.id),
        visibility=visibility,
        sensitive=note.sensitive is True,
        summary=to_text(note.summary) if note.summary else None,
    )


def author_card(author: Actor, *, handle_host: str | None = None) -> Author:
    """Make a card that is safe to show: plain text, http(s) links only.

    Threat: an actor may claim any handle in `webfinger`. It is shown only on the actor's own host, or on
    `handle_host`, which the caller vouches for; else the name on the actor's own host is (WF-10, SEC-154).
    """
    name = to_text(author.name or author.preferred_username or "")[:_NAME_CHARS_MAX]
    return Author(
        id=str(author.id),
        handle=f"@{to_text(_handle(author, handle_host))}"[:_NAME_CHARS_MAX],
        name=name,
        avatar=_picture(author.icon),
        url=_page(author.url) or str(author.id),
    )


def _handle(author: Actor, handle_host: str | None) -> str:
    own_host = str(author.id).split("/")[2]
    claimed = author.webfinger or ""
    if claimed.rpartition("@")[2].lower() in (own_host, handle_host):
        return claimed
    return f"{author.preferred_username or 'unknown'}@{own_host}"


def _page(url: object) -> str | None:
    if isinstance(url, str) and url.startswith(("https://", "http://")):
        return url
    return None


def _picture(icon: str | Image | None) -> str | None:
    return _page(icon.url if isinstance(icon, Image) else icon)
