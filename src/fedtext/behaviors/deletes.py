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

    async def is_deleted(self, context: Context, object_id: str) -> bool:
        """Tell whether an object of others is known to be gone."""
        return await context.store.get(deleted_key(context, object_id)) is not None

    async def _on_delete(self, context: Context, delete: Delete) -> None:
        object_id = delete.object_id
        if object_id is None:
            return
        await context.store.put(deleted_key(context, object_id), str(delete.actor_id).encode(), ttl_s=_TOMBSTONE_S)
        await context.store.delete(context.key("object", object_id))


def deleted_key(context: Context, object_id: str) -> str:
    """Give the store's key of the fact that an object of others is gone."""
    return context.key("deleted", object_id)
