"""What could not be carried out and is kept: told in words, without a word of what is private in it."""

from __future__ import annotations

from typing import Final

import attrs

from ..errors import FedtextError
from ..ports import Job
from ..wire.json import parse_object

_KINDS: Final = ("inbound", "deliver", "fanout", "resolve", "synchronize")


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A job that is tried no more, unless somebody puts it back.

    Args:
        number: By which it is put back.
        lane: Where it lay: "in:https://…", "out:host" or "fanout:https://…".
        kind: "inbound", "deliver", "fanout", "resolve" or "synchronize"; "?" where it cannot be read.
        activity_id: Of the activity, or "".
        reason: Why it is tried no more.
        attempts: How often it was tried.
        enqueued_s: When it was queued, in seconds since the epoch.
    """

    number: int
    lane: str
    kind: str
    activity_id: str
    reason: str
    attempts: int
    enqueued_s: float

    @classmethod
    def of(cls, job: Job, reason: str) -> DeadLetter:
        """Tell of a buried job; one that cannot be read is told of, too."""
        try:
            payload = parse_object(job.payload)
        except FedtextError:
            payload = {}
        document, kind = payload.get("document"), payload.get("kind")
        activity_id = payload.get("activity_id", document.get("id") if isinstance(document, dict) else None)
        return cls(
            number=job.job_id,
            lane=str(job.lane),
            kind=kind if isinstance(kind, str) and kind in _KINDS else "?",
            activity_id=activity_id if isinstance(activity_id, str) else "",
            reason=reason,
            attempts=job.attempts,
            enqueued_s=job.enqueued_s,
        )
