"""Which inboxes a large fan-out has led to already: eight bytes for each, in one value of the store.

The job for the next page of followers carries the last inboxes itself; where there are more, the rest is kept here, so
that a shared inbox is planned once however many pages name it, and a job stays small.

Invariants: it is written after the deliveries were queued, so that what is lost leads to one more delivery and never to
one less; it is bounded, and ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from ..delivery import FanoutTask
from ..ports import PortSet, store_key

INBOXES_COUNT_MAX: Final = 131_072
"""So many inboxes are known again, a mebibyte: more than there are servers."""

REACHED_KEPT_S: Final = 2 * 86_400

_MARK_BYTES: Final = 8


def mark_of(inbox: str) -> bytes:
    """Give what stands for an inbox: two have the same by chance less often than once in many millions of fan-outs."""
    return sha256(inbox.encode("utf-8")).digest()[:_MARK_BYTES]


async def reached_before(task: FanoutTask, ports: PortSet) -> frozenset[bytes]:
    """Give the marks that are kept of a fan-out; none where the task says that there are none."""
    value = await ports.store.get(_key(task)) if task.spilled else None
    return frozenset(_marks(value or b""))


async def keep_reached(task: FanoutTask, inboxes: Iterable[str], ports: PortSet) -> None:
    """Keep more of them."""
    value = await ports.store.get(_key(task)) if task.spilled else None
    kept = list(dict.fromkeys([*_marks(value or b""), *(mark_of(inbox) for inbox in inboxes)]))
    await ports.store.put(_key(task), b"".join(kept[:INBOXES_COUNT_MAX]), ttl_s=REACHED_KEPT_S)


def _marks(value: bytes) -> list[bytes]:
    return [value[start : start + _MARK_BYTES] for start in range(0, len(value), _MARK_BYTES)]


def _key(task: FanoutTask) -> str:
    return store_key(task.site, "fanout-reached", task.activity_id, *task.followers_of[-1:])
