"""What comes too late: an object that its author has deleted already, an activity that was undone before it came.

The network keeps no order. What takes something back is remembered for as long as what it takes back may still be on
its way, under the name of whoever took it back: nobody can make something of somebody else's come too late.

Sources: MOD-27, MOD-28; INB-26; SEC-152.
"""

from __future__ import annotations

from typing import Final

from ..config import InboxPolicy
from ..ports import Store, store_key
from ..vocab import Activity, Create, Delete, Undo, Update, reference_id

_BRINGING: Final = (Create, Update)


async def remember_ended(store: Store, site: str, activity: Activity, policy: InboxPolicy) -> None:
    """Keep what a Delete or Undo has ended; any other activity ends nothing."""
    if not isinstance(activity, Delete | Undo):
        return
    actor, is_delete = str(activity.actor_id), isinstance(activity, Delete)
    for value in activity.objects:
        ended = reference_id(value)
        if ended is not None and ended != actor:
            ttl_s = policy.tombstone_s if is_delete else policy.idempotency_s
            await store.put(_key(site, "deleted" if is_delete else "undone", actor, ended), b"1", ttl_s=ttl_s)


def late_keys(site: str, activity: Activity) -> list[str]:
    """Give the keys in the store of which one is there where an activity comes too late (see `is_late`)."""
    actor, activity_id = str(activity.actor_id), activity.id
    keys: list[str] = []
    if activity_id is not None:
        keys.append(_key(site, "undone", actor, activity_id))
    made = activity.object_id if isinstance(activity, _BRINGING) else None
    if made is not None:
        keys.append(_key(site, "deleted", actor, made))
    return keys


async def is_late(store: Store, site: str, activity: Activity) -> bool:
    """Tell whether an activity, or the object that it makes or changes, was ended by its actor before it came."""
    keys = late_keys(site, activity)
    return bool(keys) and bool(await store.get_many(keys))


async def is_deleted(store: Store, site: str, object_id: str, author_id: str) -> bool:
    """Tell whether an author is known to have deleted an object; it holds for what is his, however early it comes.

    Threat: under the object alone, anybody of the same server could bury what another is about to write.
    """
    return await store.get(_key(site, "deleted", author_id, object_id)) is not None


def _key(site: str, how: str, actor: str, ended: str) -> str:
    return store_key(site, how, actor, ended)
