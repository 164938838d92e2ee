"""Once is enough: marks of what has been handled, and keys under which it waits.

The mark is per (site, actor, activity id, inbox): another actor cannot use up somebody's id (SEC-048), and the same
activity may reach several inboxes (SEC-049).
"""

from __future__ import annotations

from hashlib import sha256

from ..ports import Store, store_key
from ..wire.json import JsonObject, dump


def activity_key(site: str, actor: str, activity_id: str | None, inbox: str, content_hash: str) -> str:
    """Give the key of one activity in one inbox; id-less ones are known by their content."""
    parts = (actor, activity_id or f"content:{content_hash}", inbox)
    told_apart = b"".join([len(written).to_bytes(4, "big") + written for written in map(str.encode, parts)])
    return store_key(site, "seen", sha256(told_apart).hexdigest())


def content_hash(document: JsonObject) -> str:
    """Give the hex SHA-256 of what was verified, in its one serialization."""
    return written_hash(dump(document))


def written_hash(written: bytes) -> str:
    """Give the content hash of a document from its one serialization (`wire.json.dump`)."""
    return sha256(written).hexdigest()


async def seen(store: Store, key: str) -> str | None:
    """Give the content hash under which this activity was confirmed, or None. Reads only."""
    return confirmed_hash(await store.get(key))


def confirmed_hash(value: bytes | None) -> str | None:
    """Give the content hash that a mark holds, or None where there is none."""
    return None if value is None else value.decode("ascii", "replace")


async def confirm(store: Store, key: str, content: str, *, ttl_s: float) -> bool:
    """Mark an activity as handled; False when somebody else has confirmed it first."""
    return await store.add_if_absent(key, content.encode("ascii"), ttl_s=ttl_s)
