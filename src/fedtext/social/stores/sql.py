"""Actors, posts, timelines and reactions in the backend's database."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import attrs

from ...behaviors import Author
from ...runtime import Context, Sql, SqlValue, Statement
from ...vocab import Visibility
from ..model import Entry, Post

Row: TypeAlias = tuple[SqlValue, ...]
_COLOURS = 4  # a federation has two at a time

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS social_actors (pk TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, display TEXT NOT NULL,"
    " summary TEXT NOT NULL, created TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS social_posts (pk TEXT PRIMARY KEY, author TEXT NOT NULL, html TEXT NOT NULL,"
    " text TEXT NOT NULL, language TEXT, visibility TEXT NOT NULL, published TEXT NOT NULL, updated TEXT,"
    " in_reply_to TEXT, details TEXT NOT NULL, uri TEXT NOT NULL, serial INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS social_posts_by_author ON social_posts (author, serial)",
    "CREATE TABLE IF NOT EXISTS social_entries (owner TEXT NOT NULL, id TEXT NOT NULL, boost TEXT NOT NULL,"
    " author_id TEXT NOT NULL, serial INTEGER NOT NULL, details TEXT NOT NULL, PRIMARY KEY (owner, id, boost))",
    "CREATE INDEX IF NOT EXISTS social_entries_by_owner ON social_entries (owner, serial)",
    "CREATE INDEX IF NOT EXISTS social_entries_by_id ON social_entries (id)",
    "CREATE INDEX IF NOT EXISTS social_entries_by_author ON social_entries (author_id)",
    "CREATE TABLE IF NOT EXISTS social_reactions (object TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,"
    " activity TEXT NOT NULL, PRIMARY KEY (object, kind, actor))",
    "CREATE TABLE IF NOT EXISTS social_sent (activity TEXT PRIMARY KEY, actor TEXT NOT NULL, kind TEXT NOT NULL,"
    " object TEXT NOT NULL, recipient TEXT NOT NULL)",
)


@attrs.frozen(kw_only=True)
class StoredActor:
    """One of our actors as it stands in the table."""

    pk: str
    name: str
    display: str
    summary: str
    created: datetime


@attrs.frozen(kw_only=True)
class Sent:
    """An activity that one of our actors sent and may undo: "like", "announce" or "block"."""

    activity: str
    actor: str
    kind: str
    object: str
    recipient: str


class SocialStore:
    """Reads and writes the tables through a context's SQL, in the caller's colour."""

    def __init__(self) -> None:
        # Kept, not only numbered: the number of an object that is gone may come back with another one.
        self._ready: deque[Sql] = deque(maxlen=_COLOURS)

    async def _sql(self, context: Context) -> Sql:
        sql = context.sql
        if not any(known is sql for known in self._ready):
            await sql.atomic([Statement(text) for text in _SCHEMA])
            self._ready.append(sql)
        return sql

    async def atomic(self, context: Context, statements: Sequence[Statement]) -> None:
        """Run statements in one transaction."""
        sql = await self._sql(context)
        await sql.atomic(statements)

    # ---- actors --------------------------------------------------------------------------------------------------

    async def add_actor(self, context: Context, actor: StoredActor) -> bool:
        """Add an actor; False when the name is taken."""
        sql = await self._sql(context)
        rows = await sql.execute(
            "INSERT INTO social_actors (pk, name, display, summary, created) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING RETURNING pk",
            (actor.pk, actor.name, actor.display, actor.summary, _text(actor.created)),
        )
        return bool(rows)

    async def actor(self, context: Context, pk: str) -> StoredActor | None:
        """Find an actor by identifier."""
        return await self._one_actor(context, "pk = ?", pk)

    async def actor_named(self, context: Context, name: str) -> StoredActor | None:
        """Find an actor by name."""
        return await self._one_actor(context, "name = ?", name)

    async def _one_actor(self, context: Context, where: str, value: str) -> StoredActor | None:
        sql = await self._sql(context)
        columns = "pk, name, display, summary, created"
        rows = await sql.execute(f"SELECT {columns} FROM social_actors WHERE {where}", (value,))  # noqa: S608
        return _actor(rows[0]) if rows else None

    async def actors(self, context: Context) -> list[StoredActor]:
        """List all actors."""
        sql = await self._sql(context)
        rows = await sql.execute("SELECT pk, name, display, summary, created FROM social_actors ORDER BY name")
        return [_actor(row) for row in rows]

    async def remove_actor(self, context: Context, pk: str) -> None:
        """Remove an actor and all that is its own."""
        sql = await self._sql(context)
        await sql.atomic(
            [
                Statement("DELETE FROM social_actors WHERE pk = ?", (pk,)),
                Statement("DELETE FROM social_posts WHERE author = ?", (pk,)),
                Statement("DELETE FROM social_entries WHERE owner = ?", (pk,)),
            ]
        )

    # ---- posts ---------------------------------------------------------------------------------------------------

    def save_post(self, post: Post) -> Statement:
        """Give the statement that inserts or replaces a post."""
        return Statement(
            "INSERT INTO social_posts (pk, author, html, text, language, visibility, published, updated, in_reply_to,"
            " details, uri, serial) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " (SELECT COALESCE(MAX(serial), 0) + 1 FROM social_posts))"
            " ON CONFLICT (pk) DO UPDATE SET html = excluded.html, text = excluded.text,"
            " language = excluded.language, updated = excluded.updated, details = excluded.details",
            (
                post.pk,
                post.author,
                post.html,
                post.text,
                post.language,
                post.visibility.value,
                _text(post.published),
                _text(post.updated) if post.updated else None,
                post.in_reply_to,
                json.dumps([post.addressed, post.handles, post.hashtags, post.summary, post.pending]),
                post.uri,
            ),
        )

    def delete_post(self, pk: str) -> Statement:
        """Give the statement that deletes a post."""
        return Statement("DELETE FROM social_posts WHERE pk = ?", (pk,))

    async def post(self, context: Context, pk: str) -> Post | None:
        """Find a post."""
        sql = await self._sql(context)
        rows = await sql.execute(f"SELECT {_POST} FROM social_posts WHERE pk = ?", (pk,))  # noqa: S608
        return _post(rows[0]) if rows else None

    async def posts(self, context: Context, author: str, *, before: int | None, limit: int) -> list[tuple[int, Post]]:
        """List an actor's posts, newest first, with their serial numbers."""
        sql = await self._sql(context)
        rows = await sql.execute(
            f"SELECT {_POST}, serial FROM social_posts WHERE author = ? AND serial < ?"  # noqa: S608
            " ORDER BY serial DESC LIMIT ?",
            (author, before if before is not None else 2**62, limit),
        )
        return [(_int(row[-1]), _post(row)) for row in rows]

    async def count_posts(self, context: Context, author: str, visibilities: Sequence[Visibility]) -> int:
        """Count an actor's posts of some visibilities."""
        sql = await self._sql(context)
        marks = ", ".join("?" for _ in visibilities)
        rows = await sql.execute(
            f"SELECT COUNT(*) FROM social_posts WHERE author = ? AND visibility IN ({marks})",  # noqa: S608
            (author, *(v.value for v in visibilities)),
        )
        return _int(rows[0][0])

    # ---- timelines -----------------------------------------------------------------------------------------------

    def save_entry(self, owner: str, entry: Entry) -> Statement:
        """Give the statement that inserts an entry or replaces what it says."""
        boost = entry.boosted_by.id if entry.boosted_by else ""
        return Statement(
            "INSERT INTO social_entries (owner, id, boost, author_id, serial, details) VALUES (?, ?, ?, ?,"
            " (SELECT COALESCE(MAX(serial), 0) + 1 FROM social_entries), ?)"
            " ON CONFLICT (owner, id, boost) DO UPDATE SET details = excluded.details",
            (owner, entry.id, boost, entry.author.id, json.dumps(_dump_entry(entry))),
        )

    async def entries(self, context: Context, owner: str, *, limit: int = 100) -> list[Entry]:
        """List an actor's timeline, newest first."""
        sql = await self._sql(context)
        rows = await sql.execute(
            "SELECT details FROM social_entries WHERE owner = ? ORDER BY serial DESC LIMIT ?", (owner, limit)
        )
        return [_load_entry(str(row[0])) for row in rows]

    async def owners_of_entry(self, context: Context, object_id: str) -> list[str]:
        """List the owners of timelines in which a post stands."""
        sql = await self._sql(context)
        rows = await sql.execute("SELECT DISTINCT owner FROM social_entries WHERE id = ?", (object_id,))
        return [str(row[0]) for row in rows]

    async def entries_of(self, context: Context, object_id: str) -> list[tuple[str, Entry]]:
        """List where a post stands: (owner, entry)."""
        sql = await self._sql(context)
        rows = await sql.execute("SELECT owner, details FROM social_entries WHERE id = ?", (object_id,))
        return [(str(row[0]), _load_entry(str(row[1]))) for row in rows]

    async def remove_entry(self, context: Context, object_id: str, author_id: str) -> None:
        """Remove a post from all timelines, if this author wrote it."""
        sql = await self._sql(context)
        await sql.execute("DELETE FROM social_entries WHERE id = ? AND author_id = ?", (object_id, author_id))

    async def remove_boost(self, context: Context, object_id: str, booster_id: str) -> None:
        """Remove somebody's boost of a post from all timelines."""
        sql = await self._sql(context)
        await sql.execute("DELETE FROM social_entries WHERE id = ? AND boost = ?", (object_id, booster_id))

    async def remove_from(self, context: Context, owner: str, author_id: str) -> None:
        """Remove all that somebody wrote or boosted from one timeline."""
        sql = await self._sql(context)
        await sql.execute(
            "DELETE FROM social_entries WHERE owner = ? AND (author_id = ? OR boost = ?)", (owner, author_id, author_id)
        )

    async def remove_author(self, context: Context, author_id: str) -> None:
        """Remove all that somebody wrote, boosted or reacted to."""
        sql = await self._sql(context)
        await sql.atomic(
            [
                Statement("DELETE FROM social_entries WHERE author_id = ? OR boost = ?", (author_id, author_id)),
                Statement("DELETE FROM social_reactions WHERE actor = ?", (author_id,)),
            ]
        )

    # ---- reactions -----------------------------------------------------------------------------------------------

    async def react(self, context: Context, object_id: str, kind: str, actor: str, activity: str) -> None:
        """Keep a reaction, once per actor and kind (INB-28)."""
        sql = await self._sql(context)
        await sql.execute(
            "INSERT INTO social_reactions (object, kind, actor, activity) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (object, kind, actor) DO UPDATE SET activity = excluded.activity",
            (object_id, kind, actor, activity),
        )

    async def unreact(self, context: Context, object_id: str, kind: str, actor: str) -> None:
        """Drop a reaction (MOD-47: by actor and object)."""
        sql = await self._sql(context)
        await sql.execute(
            "DELETE FROM social_reactions WHERE object = ? AND kind = ? AND actor = ?", (object_id, kind, actor)
        )

    async def unreact_by_id(self, context: Context, activity: str, actor: str) -> None:
        """Drop a reaction by the id of its activity."""
        sql = await self._sql(context)
        await sql.execute("DELETE FROM social_reactions WHERE activity = ? AND actor = ?", (activity, actor))

    async def reactions(self, context: Context, object_id: str) -> dict[str, int]:
        """Count the reactions to a post by kind."""
        sql = await self._sql(context)
        rows = await sql.execute(
            "SELECT kind, COUNT(*) FROM social_reactions WHERE object = ? GROUP BY kind", (object_id,)
        )
        return {str(kind): _int(count) for kind, count in rows}

    async def interactors(self, context: Context, object_id: str, *, limit: int = 10_000) -> list[str]:
        """List who has liked, boosted or answered a post."""
        sql = await self._sql(context)
        rows = await sql.execute(
            "SELECT DISTINCT actor FROM social_reactions WHERE object = ? ORDER BY actor LIMIT ?", (object_id, limit)
        )
        return [str(row[0]) for row in rows]

    # ---- what we sent and may undo -------------------------------------------------------------------------------

    async def remember_sent(self, context: Context, sent: Sent) -> None:
        """Keep an activity that may be undone."""
        sql = await self._sql(context)
        await sql.execute(
            "INSERT INTO social_sent (activity, actor, kind, object, recipient) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (activity) DO NOTHING",
            (sent.activity, sent.actor, sent.kind, sent.object, sent.recipient),
        )

    async def sent(self, context: Context, activity: str, actor: str) -> Sent | None:
        """Find an activity that may be undone."""
        sql = await self._sql(context)
        rows = await sql.execute(
            "SELECT activity, actor, kind, object, recipient FROM social_sent WHERE activity = ? AND actor = ?",
            (activity, actor),
        )
        return Sent(**dict(zip(_SENT, (str(v) for v in rows[0]), strict=True))) if rows else None

    async def forget_sent(self, context: Context, activity: str) -> None:
        """Drop an activity that was undone."""
        sql = await self._sql(context)
        await sql.execute("DELETE FROM social_sent WHERE activity = ?", (activity,))


_SENT = ("activity", "actor", "kind", "object", "recipient")
_POST = "pk, author, html, text, language, visibility, published, updated, in_reply_to, details, uri"


def _text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _int(value: SqlValue) -> int:
    return int(value) if isinstance(value, int | float | str) else 0


def _time(value: SqlValue) -> datetime | None:
    return datetime.fromisoformat(str(value)) if value is not None else None


def _required(value: datetime | None) -> datetime:
    if value is None:
        raise ValueError("a stored time cannot be read")
    return value


def _actor(row: Row) -> StoredActor:
    pk, name, display, summary, created = (str(value) for value in row)
    return StoredActor(pk=pk, name=name, display=display, summary=summary, created=_required(_time(created)))


def _post(row: Row) -> Post:
    addressed, handles, hashtags, summary, pending = json.loads(str(row[9]))
    return Post(
        pk=str(row[0]),
        author=str(row[1]),
        html=str(row[2]),
        text=str(row[3]),
        language=str(row[4]) if row[4] is not None else None,
        visibility=Visibility(str(row[5])),
        published=_required(_time(row[6])),
        updated=_time(row[7]),
        in_reply_to=str(row[8]) if row[8] is not None else None,
        addressed=tuple(addressed),
        handles=tuple((name, iri) for name, iri in handles),
        hashtags=tuple(hashtags),
        summary=summary,
        uri=str(row[10]),
        pending=pending,
    )


def _dump_entry(entry: Entry) -> dict[str, object]:
    return {
        "id": entry.id,
        "author": attrs.asdict(entry.author),
        "html": entry.html,
        "text": entry.text,
        "visibility": entry.visibility.value,
        "published": _text(entry.published) if entry.published else None,
        "updated": _text(entry.updated) if entry.updated else None,
        "in_reply_to": entry.in_reply_to,
        "language": entry.language,
        "summary": entry.summary,
        "boosted_by": attrs.asdict(entry.boosted_by) if entry.boosted_by else None,
        "url": entry.url,
    }


def _load_entry(text: str) -> Entry:
    read = json.loads(text)
    booster = read["boosted_by"]
    return Entry(
        id=read["id"],
        author=Author(**read["author"]),
        html=read["html"],
        text=read["text"],
        visibility=Visibility(read["visibility"]),
        published=_time(read["published"]),
        updated=_time(read["updated"]),
        in_reply_to=read["in_reply_to"],
        language=read.get("language"),
        summary=read.get("summary"),
        boosted_by=Author(**booster) if booster else None,
        url=read["url"],
    )
