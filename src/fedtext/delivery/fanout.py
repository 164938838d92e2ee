"""From one sealed activity to one job per inbox: pure, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256

import attrs

from ..errors import MalformedIri
from ..ports import Lane, LaneKind, Task, store_key
from ..wire.iri import host_of, origin_of
from .tasks import DeliveryTask, FanoutTask, encode_task


@attrs.frozen(kw_only=True)
class Follower:
    """One follower: its id, its inbox, and its shared inbox if it names one."""

    actor_id: str
    inbox: str
    shared_inbox: str | None = None


def plan_followers(task: FanoutTask, followers: Iterable[Follower], *, refused: Callable[[str], bool]) -> list[Task]:
    """Plan the deliveries of one page of followers, one per inbox, shared ones grouped.

    A shared inbox is trusted only on the follower's own origin (SEC-148). A malformed inbox drops that follower and
    no other (SEC-147).

    Args:
        task: The sealed activity.
        followers: One page.
        refused: Tells whether policy refuses a host.
    """
    inboxes: dict[str, None] = {}
    for follower in followers:
        inbox = _inbox_of(follower, shared=task.shared)
        if inbox is not None and not refused(inbox):
            inboxes[inbox] = None
    return [_delivery(task, inbox) for inbox in inboxes]


def _inbox_of(follower: Follower, *, shared: bool) -> str | None:
    try:
        origin = origin_of(follower.actor_id)
        if shared and follower.shared_inbox is not None and origin_of(follower.shared_inbox) == origin:
            return follower.shared_inbox
        return follower.inbox if origin_of(follower.inbox) else None
    except MalformedIri:
        return None


def _delivery(task: FanoutTask, inbox: str) -> Task:
    delivery = DeliveryTask(
        site=task.site,
        sender=task.sender,
        activity_id=task.activity_id,
        inbox=inbox,
        body=task.body,
        digest=task.digest,
    )
    lane = Lane(LaneKind.OUT, host_of(inbox))
    mark = sha256(f"{task.activity_id}\n{inbox}".encode()).hexdigest()
    return Task(
        site=task.site,
        lane=lane,
        payload=encode_task(delivery),
        dedupe_key=store_key(task.site, "deliver", mark),
        ordering_key=f"{task.ordering_key}\n{inbox}",
    )
