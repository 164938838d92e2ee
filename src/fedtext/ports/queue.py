"""The host-shaped queue: one row a lane, however much waits in it.

A lane is `out:<host>` (deliveries to one host), `in:<sender origin>` (activities from one origin) or
`fanout:<site>`. The lane's row carries its due time and its lease; on `out:` lanes also the run of failures and the
breaker. A claim takes a lease on one lane and a batch of its due jobs in order of arrival, so that they share a
connection. A dead host is one row.

Invariants: payloads are JSON bytes `{"v":1,"kind":…}`, never pickles, never private keys; a job is removed only by
`ack`; a lease that has run out is claimed again by somebody else (at least once); two claims never hold the same
lane at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import attrs

from .sql import Statement


class LaneKind(Enum):
    """What flows in a lane."""

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


@attrs.frozen(kw_only=True)
class Task:
    """Something to do: a pure value.

    Args:
        site: Origin of the site that it is for; prefixes the row's lane and dedupe key.
        lane: Where it waits.
        payload: UTF-8 JSON object with members "v" and "kind".
        dedupe_key: While a job with this key waits, another is not added.
        ordering_key: Jobs of one lane with the same key run one after the other, in order of arrival.
        due_s: Seconds since the epoch before which it is not claimed; 0: at once.
    """

    site: str
    lane: Lane
    payload: bytes
    dedupe_key: str | None = None
    ordering_key: str = ""
    due_s: float = 0.0


@attrs.frozen(kw_only=True)
class Job:
    """A claimed task: `attempts` counts those that ended before this one."""

    job_id: int
    site: str
    lane: Lane
    payload: bytes
    ordering_key: str
    attempts: int
    enqueued_s: float


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
        site: str | None = None,
    ) -> Claim | None:
        """Lease the lane that has been due the longest and take its due jobs, at most `batch_max`.

        Within one ordering key a later job is never taken while an earlier one waits for its due time.

        Args:
            lease_s: For how long it is held, in seconds.
            batch_max: How many jobs at most.
            kinds: Only lanes of these kinds; None: of all.
            lane: Only this lane, if it can be claimed now; `kinds` then says nothing.
            site: Whose lane it is; None: whoever's.
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

    async def retry(self, claim: Claim, job: Job, *, due_s: float) -> bool:
        """Put a job back for later and count the attempt; False when the lease was lost."""
        ...

    async def bury(self, claim: Claim, job: Job, *, reason: str) -> bool:
        """Keep a job as a dead letter with a reason (at most 500 characters); False when the lease was lost."""
        ...

    async def release(self, claim: Claim, *, due_s: float = 0.0, failures: int = 0) -> None:
        """Give the lane back: not to be claimed before `due_s`, with this run of failures; unacked jobs wait on."""
        ...

    async def buried(self, *, after: int = 0, limit: int = 100) -> list[tuple[Job, str]]:
        """List dead letters with their reasons."""
        ...

    async def revive(self, job_id: int) -> bool:
        """Put a dead letter back to be tried at once."""
        ...

    async def depth(self) -> QueueDepth:
        """Measure the queue."""
        ...
