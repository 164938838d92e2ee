"""Erase what the store keeps about somebody."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..ports import PortSet, store_key, store_prefix

_PAGE = 500


async def forget_actor(ports: PortSet, site: str, actor_id: str) -> int:
    """Erase every value that is kept under an actor's id or names it; gives how many.

    A rule about the actor stays: it was made here, and keeps him away. So does a relay that was joined.
    """
    erased = 0
    for name in (
        store_key(site, "object", actor_id),
        store_key(site, "known", actor_id),
        store_key(site, "key", f"{actor_id}#main-key"),
    ):
        erased += await ports.store.delete(name)
    # The id, not one that only begins like it: ".../bob" is not ".../bob2".
    named = re.compile(re.escape(actor_id).encode() + rb"(?![\w.%~-])")
    cursor, kept = "", (store_prefix(site, "rule"), store_prefix(site, "relay"))
    while page := await ports.store.scan(store_prefix(site), after=cursor, limit=_PAGE):
        for name, value in page:
            is_about = named.search(value) or named.search(unquote(name).encode())
            if is_about and not name.startswith(kept):
                erased += await ports.store.delete(name)
        cursor = page[-1][0]
    return erased
