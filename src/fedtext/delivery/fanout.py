"""From one sealed activity to one job per inbox: pure, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

from ..errors import MalformedIri
from ..ports import Lane, LaneKind, Task
from ..wire.iri import Origin, host_of, origin_of
from .tasks import DeliveryTask, FanoutTask, encode_delivery


@attrs.frozen(kw_only=True)
class Follower:
    """One follower: its id, its inbox, and its shared inbox if it names one."""

    actor_id: str
    inbox: str
    shared_inbox: str | None = None


def plan_inboxes(task: FanoutTask, followers: Iterable[Follower], *, refused: Callable[[str], bool]) -> tuple[str, ...]:
    """Choose the inboxes of one page of followers: each once, shared ones for all behind them.

    A shared inbox is trusted only on the follower's own origin (SEC-148). A malformed inbox drops that follower and
    no other (SEC-147).

    Args:
        task: The sealed activity; inboxes that it has `reached` are left out.
        followers: One page.
        refused: Tells whether nothing may be sent to an IRI: asked about follower and inbox.
    """
    inboxes: dict[str, None] = {}
    for follower in followers:
        inbox = _inbox_of(follower, shared=task.shared)
        if inbox is not None and inbox not in inboxes and not refused(follower.actor_id) and not refused(inbox):
            inboxes[inbox] = None
    reached = set(task.reached)
    return tuple(inbox for inbox in inboxes if inbox not in reached)


def plan_deliveries(task: FanoutTask, inboxes: Iterable[str], *, shared: Iterable[str] = ()) -> list[Task]:
    """Plan one delivery per inbox, each in the lane of its host.

    Args:
        task: The sealed activity.
        inboxes: Where it goes.
        shared: Those among them that are for all of their host.
    """
    of_hosts, body = frozenset(shared), task.body.encode("utf-8")
    return [_delivery(task, body, inbox, shared=inbox in of_hosts) for inbox in inboxes]


def shared_inboxes(followers: Iterable[Follower]) -> frozenset[str]:
    """Give the shared inboxes that followers name."""
    return frozenset(follower.shared_inbox for follower in followers if follower.shared_inbox is not None)


def _inbox_of(follower: Follower, *, shared: bool) -> str | None:
    origin = _origin(follower.actor_id)
    if origin is None:
        return None
    if shared and follower.shared_inbox is not None and _origin(follower.shared_inbox) == origin:
        return follower.shared_inbox
    return follower.inbox if _origin(follower.inbox) is not None else None


def _origin(iri: str) -> Origin | None:
    try:
        return origin_of(iri)
    except MalformedIri:
        return None


def _delivery(task: FanoutTask, body: bytes, inbox: str, *, shared: bool) -> Task:
    delivery = DeliveryTask(
        site=task.site,
        sender=task.sender,
        activity_id=task.activity_id,
        inbox=inbox,
        body=task.body,
        digest=task.digest,
        forwarded=task.forwarded,
        synchronize=not task.recipients and task.sender in task.followers_of,
        shared=shared,
    )
    lane = Lane(LaneKind.OUT, host_of(inbox))
    return Task(
        site=task.site,
        lane=lane,
        payload=encode_delivery(delivery),
        dedupe_key=f"deliver/{inbox}\n{task.activity_id}",  # what is done together stands together in the index
        ordering_key=f"{task.ordering_key}\n{inbox}",
        body=body,
    )
