"""What must hold after a run: pure functions over what was written down, each giving what is wrong in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from .records import EVERYBODY, Intent, Receipt

SAID_MAX = 5
"""So many of one kind are named; the rest is counted."""


def shortened(said: list[str]) -> list[str]:
    """Name the first few and count the rest."""
    more = len(said) - SAID_MAX
    return said if more <= 0 else [*said[:SAID_MAX], f"… and {more} more like this"]


def inboxes_of(intent: Intent, followers: Collection[str]) -> Collection[str]:
    """Give the inboxes that something is for."""
    return followers if intent.to == EVERYBODY else (intent.to,)


def lost(intents: Iterable[Intent], receipts: Iterable[Receipt], followers: Collection[str]) -> list[str]:
    """Find what was acknowledged and did not reach an inbox of a living peer (`followers` holds no others)."""
    reached = {(receipt.inbox, receipt.what) for receipt in receipts if receipt.applied}
    return [
        f"lost: {intent.what} never reached {inbox}"
        for intent in intents
        if intent.acknowledged
        for inbox in inboxes_of(intent, followers)
        if (inbox, intent.what) not in reached
    ]


def doubled(intents: Iterable[Intent], receipts: Iterable[Receipt]) -> list[str]:
    """Find what took effect more often than it was said: twice under one id, or under more ids than tries."""
    tries = {intent.what: intent.tries for intent in intents}
    by_id = Counter((receipt.inbox, receipt.activity_id) for receipt in receipts if receipt.applied)
    said = [
        f"doubled: {name} was applied {count} times at {inbox}" for (inbox, name), count in by_id.items() if count > 1
    ]
    by_what = Counter((receipt.inbox, receipt.what) for receipt in receipts if receipt.applied)
    return said + [
        f"doubled: {what} was applied {count} times at {inbox}, and said {tries[what]} times"
        for (inbox, what), count in by_what.items()
        if what in tries and count > tries[what]
    ]


def ghosts(intents: Iterable[Intent], receipts: Iterable[Receipt], followers: Collection[str]) -> list[str]:
    """Find what nobody has said, or has not said to those who got it."""
    known = {intent.what: intent for intent in intents}
    said = []
    for receipt in receipts:
        intent = known.get(receipt.what)
        if intent is None:
            said.append(f"ghost: {receipt.inbox} got {receipt.what}, which nobody has said")
        elif receipt.inbox not in inboxes_of(intent, followers):
            said.append(f"ghost: {receipt.inbox} got {receipt.what}, which was not for it")
    return said


def swapped(intents: Sequence[Intent], receipts: Iterable[Receipt]) -> list[str]:
    """Find where a recipient applied what is about one thing in another order than it was said in (DLV-10)."""
    position = {intent.what: number for number, intent in enumerate(intents)}
    about = {intent.what: intent.about for intent in intents}
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    applied: set[tuple[str, str]] = set()
    said = []
    for receipt in receipts:
        first = receipt.applied and (receipt.inbox, receipt.what) not in applied
        if not first or receipt.what not in position:
            continue
        applied.add((receipt.inbox, receipt.what))
        thread = (receipt.inbox, about[receipt.what])
        before = latest.get(thread, (-1, ""))
        if before[0] > position[receipt.what]:
            said.append(f"swapped: {receipt.inbox} applied {before[1]} before {receipt.what}")
        latest[thread] = max(before, (position[receipt.what], receipt.what))
    return said


def altered(receipts: Iterable[Receipt]) -> list[str]:
    """Find activities that went out with different bytes under one id."""
    bodies: dict[str, set[str]] = defaultdict(set)
    for receipt in receipts:
        bodies[receipt.activity_id].add(receipt.digest)
    return [f"altered: {name} went out in {len(found)} versions" for name, found in bodies.items() if len(found) > 1]


def waiting(depth: Mapping[str, int], buried: Iterable[tuple[str, str]], living: Collection[str]) -> list[str]:
    """Find what waits for ever, and dead letters without a reason or for the living.

    Args:
        depth: The members "waiting" and "leased" of the queue's depth after the last drain.
        buried: Lane and reason of each dead letter.
        living: Lanes in which nothing may be given up.
    """
    said = [f"waiting: {depth[name]} jobs are still {name}" for name in ("waiting", "leased") if depth[name]]
    for lane, reason in buried:
        if not reason.strip():
            said.append(f"waiting: a dead letter of {lane} has no reason")
        if lane in living:
            said.append(f"lost: a job of {lane} was given up: {reason}")
    return said


def overlong(exchanges: Iterable[tuple[str, float]], seconds_max: float) -> list[str]:
    """Find exchanges that held a worker for longer than their deadline; each is a host and seconds."""
    return [
        f"blocked: an exchange with {host} took {seconds:.1f} s, {seconds_max} is the most"
        for host, seconds in exchanges
        if seconds > seconds_max
    ]


def kept_wrong(answered: Iterable[str], sent: Collection[str], kept: Iterable[str]) -> list[str]:
    """Compare what the inbox has acknowledged with what the listener keeps: each once, and nothing else.

    Args:
        answered: Ids that were answered with 202.
        sent: Ids that were sent, whether or not anybody lived to answer.
        kept: The rows of the listener.
    """
    rows = Counter(kept)
    said = [f"lost: {name} was acknowledged, and the listener does not have it" for name in answered if not rows[name]]
    said += [f"doubled: the listener has {name} {count} times" for name, count in rows.items() if count > 1]
    return said + [f"ghost: the listener has {name}, which nobody sent" for name in rows if name not in sent]
