"""Whom our actors follow, as it stands in the store: by follower, and the accepted ones by whom they are for, too.

Invariants: every change of a following goes through `keep` and `end`, so that the second index and the digests say the
same. Where the index lacks one, nothing is lost by it: it is written when the other side names that follower.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from enum import Enum
from typing import Final
from urllib.parse import unquote

import attrs

from ..runtime import Context, Store, followings_changed

ACCT: Final = "acct:"
_ENDED_S: Final = 86_400


class FollowState(Enum):
    """How far a follow has come."""

    PENDING = "pending"
    ACCEPTED = "accepted"


@attrs.frozen(kw_only=True)
class Record:
    """One follow as it stands in the store."""

    state: FollowState
    follow_id: str
    inbox: str = ""
    shared_inbox: str | None = None

    def encode(self) -> bytes:
        """Give the stored form."""
        return json.dumps(
            {"state": self.state.value, "id": self.follow_id, "inbox": self.inbox, "shared": self.shared_inbox}
        ).encode()

    @classmethod
    def decode(cls, value: bytes) -> Record:
        """Read the stored form."""
        read = json.loads(value)
        return cls(
            state=FollowState(read["state"]), follow_id=read["id"], inbox=read["inbox"], shared_inbox=read["shared"]
        )


async def read(store: Store, key: str) -> Record | None:
    """Give what stands under a key."""
    value = await store.get(key)
    return None if value is None else Record.decode(value)


def parts(key: str) -> tuple[str, str]:
    """Give the last two parts of a key: whose it is, and whom it is about."""
    whose, about = key.rsplit("/", 2)[-2:]
    return unquote(whose), unquote(about)


async def rows(store: Store, prefix: str) -> AsyncIterator[tuple[str, bytes]]:
    """Iterate over all that is kept below a prefix."""
    after = ""
    while found := await store.scan(prefix, after=after):
        for row in found:
            yield row
        after = found[-1][0]


# ---- changes ---------------------------------------------------------------------------------------------------------


async def keep(context: Context, pk: str, target: str, record: Record) -> None:
    """Write how far following somebody (id, or a stand-in for one) has come."""
    await context.store.put(context.key("following", pk, target), record.encode())
    if record.state is FollowState.ACCEPTED:
        await context.store.put(_index(context, target, pk), b"1")
    else:
        await context.store.delete(_index(context, target, pk))
    await followings_changed(context, target)


async def end(context: Context, pk: str, target: str) -> None:
    """Remove a following, asked for or accepted."""
    await context.store.delete(context.key("following", pk, target))
    await context.store.delete(_index(context, target, pk))
    await context.store.put(_ended(context, pk, target), b"1", ttl_s=_ENDED_S)
    await followings_changed(context, target)


# ---- in step with others ---------------------------------------------------------------------------------------------


async def followed_by(context: Context, target: str) -> list[str]:
    """Give the identifiers of the own actors that follow somebody."""
    return [parts(key)[1] async for key, _ in rows(context.store, context.key("followed", target) + "/")]


async def total(context: Context) -> int:
    """Count the accepted followings of all own actors."""
    return await context.store.count(context.key("followed") + "/")


async def confirm(context: Context, pk: str, target: str) -> bool:
    """Take a following for accepted, for its other side says so; False where it was never asked for.

    What has ended lately is known: word of that may still be on its way to the other side.
    """
    record = await read(context.store, context.key("following", pk, target))
    if record is None:
        lately = await context.store.get(_ended(context, pk, target)) is not None
        return lately or await _asked_by_handle(context, pk, target)
    await keep(context, pk, target, attrs.evolve(record, state=FollowState.ACCEPTED))
    return True


async def _asked_by_handle(context: Context, pk: str, target: str) -> bool:
    """Tell whether it was asked for under a handle that was found to be this one's: its Accept is still to come."""
    async for key, value in rows(context.store, context.key("following", pk) + "/"):
        stand_in = parts(key)[1]
        if stand_in.startswith(ACCT):
            resolved = await context.store.get(context.key("resolved", Record.decode(value).follow_id))
            known: dict[str, str] = {} if resolved is None else json.loads(resolved)
            if known.get(stand_in.removeprefix(ACCT)) == target:
                return True
    return False


def _ended(context: Context, pk: str, target: str) -> str:
    return context.key("following-ended", pk, target)


def _index(context: Context, target: str, pk: str) -> str:
    return context.key("followed", target, pk)
