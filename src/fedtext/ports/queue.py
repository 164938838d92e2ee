"""The host-shaped queue: one row a lane, however much waits in it.

A lane is `out:<host>` (deliveries to one host), `in:<sender origin>` (activities from one origin) or
`fanout:<site>`. The lane's row carries its due time and its lease; on `out:` lanes also the run of failures and the
breaker. A claim takes a lease on one lane and a batch of its due jobs in order of arrival, so that they share a
connection. A dead host is one row.

A lane, or all lanes of one kind of a site, may be paused: tasks are added as ever, nothing is claimed. A pause is kept
apart from the lanes, so it outlives an empty lane and a restart.

Invariants: payloads are JSON bytes `{"v":1,"kind":…}`, never pickles, never private keys; a job is removed only by
`ack`, `ack_all`, `release` and, at somebody's wish, `purge`; a lease that has run out is claimed again by somebody else
(at least once); two claims never hold the same lane at once; a job that was perhaps carried out says so (`Job.handed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol, runtime_checkable

import attrs

from .sql import Statement


class LaneKind(Enum):
    """What flows in a lane."""

    __hash__ = object.__hash__  # members are single; what `Enum` has is made in Python

    OUT = "out"
    IN = "in"
    FANOUT = "fanout"


@attrs.frozen
class Lane:
    """One lane: its kind and what it is for (a host, an origin or a site)."""

    kind: LaneKind
    name: str

    def __str__(self) -> str:
        """Give the text that stands in the row: "out:mastodon.example"."""
        return f"{self.kind.value}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Lane:
        """Read what `str` gives."""
        kind, _, name = text.partition(":")
        return cls(LaneKind(kind), name)


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Task:
    """Something to do: a pure value.

    Args:
        site: Origin of the site that it is for; prefixes the row's lane and dedupe key.
        lane: Where it waits.
        payload: UTF-8 JSON object with members "v" and "kind".
        dedupe_key: While a job with this key waits, another is not added.
        ordering_key: Jobs of one lane with the same key run one after the other, in order of arrival.
        due_s: Seconds since the epoch before which it is not claimed; 0: at once.
        body: What it has in common with many others, such as the words of a post: it is kept once for all of them.
    """

    site: str
    lane: Lane
    payload: bytes
    dedupe_key: str | None = None
    ordering_key: str = ""
    due_s: float = 0.0
    body: bytes = b""


@attrs.frozen(kw_only=True, slots=False)  # made for every activity, in half the time
class Job:
    """A claimed task.

    Args:
        job_id: Never given twice.
        site: Origin of the site that it is for.
        lane: Where it waited.
        payload: As it was added.
        ordering_key: As it was added.
        attempts: How many ended before this one; a revived dead letter starts at 0.
        enqueued_s: When it was added, in seconds since the epoch.
        handed: It may have been carried out before: an attempt ended, a claim that held it lost its lease, or it was a
            dead letter. (A claim that is released by its holder tells nothing: who gives up in the middle of a job
            says so with `retry`.)
        body: As it was added.
    """

    job_id: int
    site: str
    lane: Lane
    payload: bytes
    ordering_key: str
    attempts: int
    enqueued_s: float
    handed: bool = False
    body: bytes = b""


@attrs.frozen(kw_only=True)
class Claim:
    """A lease on one lane and a batch of its due jobs; `failures` is the lane's present run of failures."""

    site: str
    lane: Lane
    token: str
    jobs: tuple[Job, ...]
    failures: int
    lease_until_s: float


@attrs.frozen(kw_only=True)
class QueueDepth:
    """How much waits, is leased and is buried, and how old the oldest due job is (s)."""

    waiting: int
    leased: int
    buried: int
    lanes: int
    oldest_due_age_s: float


@attrs.frozen(kw_only=True)
class LaneStatus:
    """How one lane stands.

    Args:
        site: Origin of the site.
        lane: Which.
        waiting: Jobs that nobody holds.
        leased: Jobs of the claim that is worked on just now.
        buried: Dead letters.
        failures: The present run of failures.
        due_s: Until when it backs off, in seconds since the epoch; 0: it does not.
        oldest_enqueued_s: When the first of its undone jobs was added, in seconds since the epoch; None: there is none.
        paused: Itself or its kind is paused.
    """

    site: str
    lane: Lane
    waiting: int
    leased: int
    buried: int
    failures: int
    due_s: float
    oldest_enqueued_s: float | None
    paused: bool


def pause_key(target: Lane | LaneKind) -> str:
    """Name what is paused, as `Queue.paused` lists it: "out:mastodon.example", or "out:*" for a kind."""
    return f"{target.value}:*" if isinstance(target, LaneKind) else str(target)


@attrs.frozen(kw_only=True)
class LaneDue:
    """A lane and the moment (seconds since the epoch) from which on it may be claimed.

    The moment is a lower bound: a claim may find that nothing in the lane is due yet. That of a leased lane is the end
    of its lease.
    """

    site: str
    lane: Lane
    ready_s: float


class Queue(Protocol):
    """The queue; every method is atomic and durable when it returns."""

    @property
    def dialect(self) -> str | None:
        """Name the SQL dialect of `statements`: "sqlite" or "postgresql"; None: this queue has no SQL."""
        ...

    async def enqueue(self, tasks: Sequence[Task]) -> int:
        """Add tasks in one transaction; give how many were new (not already waiting under their dedupe key)."""
        ...

    def statements(self, task: Task, now_s: float) -> list[Statement]:
        """Give the SQL that adds a task, to be run by the application's own transaction (`?` placeholders).

        Raises:
            ConfigurationError: This queue has no SQL.
        """
        ...

    async def claim(
        self,
        *,
        lease_s: float,
        batch_max: int,
        kinds: Sequence[LaneKind] | None = None,
        lane: Lane | None = None,
        site: str = "",
    ) -> Claim | None:
        """Lease the lane that has been due the longest and take its due jobs, at most `batch_max`.

        Within one ordering key a later job is never taken while an earlier one waits for its due time.

        Args:
            lease_s: For how long it is held, in seconds.
            batch_max: How many jobs at most.
            kinds: Only lanes of these kinds; None: of all.
            lane: Only this lane, if it can be claimed now; `kinds` then says nothing.
            site: Origin of the site whose lane it is; without `lane`: only lanes of this site, "": of any.
        """
        ...

    async def ready(
        self, *, until_s: float, site: str | None = None, lanes: Sequence[Lane] | None = None, limit: int = 1000
    ) -> list[LaneDue]:
        """List lanes that may be claimed at a moment, those that have been due the longest first, paused ones never.

        Args:
            until_s: The moment, in seconds since the epoch.
            site: Only lanes of this site.
            lanes: Only these, at most 1000.
            limit: How many at most.
        """
        ...

    async def next_due_s(self, lane: Lane, *, site: str) -> float | None:
        """Say when a claim of this lane may find something next, in seconds since the epoch.

        None: nothing waits in it, or it is paused. A lane that is leased is looked at when its lease ends.
        """
        ...

    async def extend(self, claim: Claim, *, lease_s: float) -> bool:
        """Lengthen a lease; False when it was already lost."""
        ...

    async def ack(self, claim: Claim, job: Job) -> bool:
        """Remove a job that is done; False when the lease was lost (somebody else has it)."""
        ...

    async def ack_all(self, claim: Claim, jobs: Sequence[Job]) -> int:
        """Remove jobs that are done in one transaction; give how many, 0 when the lease was lost."""
        ...

    async def retry(self, claim: Claim, job: Job, *, due_s: float) -> bool:
        """Put a job back for later and count the attempt; False when the lease was lost."""
        ...

    async def bury(self, claim: Claim, job: Job, *, reason: str) -> bool:
        """Keep a job as a dead letter with a reason (at most 500 characters); False when the lease was lost."""
        ...

    async def release(self, claim: Claim, *, due_s: float = 0.0, failures: int = 0, done: Sequence[Job] = ()) -> None:
        """Give the lane back; jobs that nobody has acknowledged wait on. Nothing happens when the lease was lost.

        Args:
            claim: The lease.
            due_s: It is not to be claimed before.
            failures: With this run of failures.
            done: Jobs that are done, and removed in the same transaction.
        """
        ...

    async def buried(self, *, after: int = 0, limit: int = 100) -> list[tuple[Job, str]]:
        """List dead letters with their reasons."""
        ...

    async def revive(self, job_id: int) -> bool:
        """Put a dead letter back to be tried at once."""
        ...

    async def revive_all(self, *, site: str | None = None, lane: Lane | None = None, limit: int = 1000) -> int:
        """Put dead letters back, oldest first, those that `revive` takes; give how many, and 0 once none is left.

        Args:
            site: Only those of this site.
            lane: Only those of this lane.
            limit: At most so many in one transaction.
        """
        ...

    async def purge(self, *, site: str | None = None, lane: Lane | None = None, waiting: bool = False) -> int:
        """Remove dead letters for good, some hundreds a transaction; give how many jobs went.

        Args:
            site: Only those of this site.
            lane: Only those of this lane.
            waiting: The jobs that wait, too; those of a claim that is worked on just now stay.
        """
        ...

    async def wake(self, lane: Lane, *, site: str) -> bool:
        """End a lane's back-off: its jobs are due now, its run of failures is forgotten; False: there is no such lane.

        While the lane is leased only its jobs' due times change: the holder knows best how its host is.
        """
        ...

    async def pause(self, target: Lane | LaneKind, *, site: str) -> bool:
        """Claim no more from a lane, or from a kind of lanes, of a site; False when it was paused already.

        A claim that is worked on just now ends as it would.
        """
        ...

    async def resume(self, target: Lane | LaneKind, *, site: str) -> bool:
        """End a pause; False when there was none. A lane whose kind is still paused, or the reverse, stays so."""
        ...

    async def paused(self) -> list[tuple[str, str]]:
        """List the pauses in order: site, and the lane's text or "out:*" for a kind."""
        ...

    async def lanes(
        self, *, kinds: Sequence[LaneKind] | None = None, after: tuple[str, str] | None = None, limit: int = 100
    ) -> list[LaneStatus]:
        """Tell how lanes stand, in order of site and lane (by code points).

        Args:
            kinds: Only these; None: all.
            after: Site and lane text of the last one of the page before.
            limit: At most so many.
        """
        ...

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        ...


@runtime_checkable
class WakingQueue(Protocol):
    """What a queue can do besides, where its engine tells of new tasks; a worker of any other looks now and then."""

    async def wait(self, timeout_s: float) -> bool:
        """Wait until a task is added, by whichever process; False: it is time to look anyway."""
        ...
