"""`Deletes`: copies of what others removed go; that it was removed is kept anyway (`Context.is_deleted`)."""

from __future__ import annotations

from ..runtime import Context, Federation
from ..vocab import Delete


class Deletes:
    """Drops the copies of what was removed. A late Create does not bring it back (MOD-28), with or without this."""

    def register(self, federation: Federation) -> None:
        """Listen."""
        federation.on(Delete)(self._on_delete)

    async def is_deleted(self, context: Context, object_id: str, author_id: str) -> bool:
        """See `Context.is_deleted`."""
        return await context.is_deleted(object_id, author_id)

    async def _on_delete(self, context: Context, delete: Delete) -> None:
        if delete.object_id is not None:
            await context.forget(delete.object_id)
