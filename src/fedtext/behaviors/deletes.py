"""`Deletes`: tombstones of what others have removed, so that a late Create does not bring it back (MOD-28)."""

from __future__ import annotations

from ..runtime import Context, Federation
from ..vocab import Delete

_TOMBSTONE_S = 365 * 86_400


class Deletes:
    """Remembers what was removed, and drops cached copies."""

    def register(self, federation: Federation) -> None:
        """Listen."""
        federation.on(Delete)(self._on_delete)

    async def is_deleted(self, context: Context, object_id: str, author_id: str) -> bool:
        """Tell whether an author is known to have removed an object."""
        return await is_deleted(context, object_id, author_id)

    async def _on_delete(self, context: Context, delete: Delete) -> None:
        object_id = delete.object_id
        if object_id is None:
            return
        await remember_deleted(context, object_id, str(delete.actor_id))
        await context.forget(object_id)


async def remember_deleted(context: Context, object_id: str, actor_id: str) -> None:
    """Keep that somebody has removed an object; it holds for what is his, however early it comes."""
    await context.store.put(_deleted_key(context, object_id, actor_id), b"1", ttl_s=_TOMBSTONE_S)


async def is_deleted(context: Context, object_id: str, author_id: str) -> bool:
    """Tell whether an author has removed an object."""
    return await context.store.get(_deleted_key(context, object_id, author_id)) is not None


def _deleted_key(context: Context, object_id: str, actor_id: str) -> str:
    """Threat: under the object alone, anybody of the same server could bury what another is about to write."""
    return context.key("deleted", actor_id, object_id)
