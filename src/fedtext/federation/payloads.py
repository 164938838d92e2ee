"""What the payloads of the queue hold: of one job, and of an inbound batch together with what is known of it.

To ask a database about each activity of a batch costs more than to hear it. So a batch is read and asked about in one
go, before its first job is carried out; see `Marks` for when that counts no more.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from ..delivery import decode_outbound
from ..delivery.tasks import AnyTask
from ..errors import FedtextError, PortError, QueueError
from ..inbox import PAYLOAD_BYTES_MAX, Arrived, activity_key, decode_envelope, is_envelope, late_keys, restore
from ..ports import Claim, Job, LaneKind, PortSet
from .engine import Engine
from .turns import NO_TURN, Awaited, Marks, Turn

MARKS_S_MAX: Final = 5.0
"""For so long at most what was read of a batch counts: another worker may have been faster where a lease was lost."""


def read_task(engine: Engine, job: Job) -> Arrived | AnyTask:
    """Give the task of a job, its members checked (SEC-150).

    Raises:
        QueueError: Not a payload of this version.
        DocumentError: It holds no activity.
    """
    if job.lane.kind is LaneKind.IN and (kept := engine.arrivals.take(job.payload)) is not None:
        return kept  # this process has taken it in itself
    payload = job.payload
    outbound = None if is_envelope(payload) else decode_outbound(payload, job.body)
    if outbound is not None:
        return outbound
    task = decode_envelope(payload)
    authentic = restore(task)
    activity, actor = authentic.activity, authentic.activity.actor_id
    if actor is None:
        raise QueueError("the envelope holds nobody's activity")
    return Arrived(task, authentic, activity_key(task.site, actor, activity.id, task.inbox, task.content_hash))


async def begin_inbound(engine: Engine, claim: Claim, ports: PortSet) -> Turn:
    """Read an inbound batch, and what the store says of its activities.

    What cannot be read is left to `run_job`, which says so; what is long, too, so that little is held at once.
    """
    if len(claim.jobs) < 2:  # there is nothing to be put together
        return NO_TURN
    awaited: dict[int, Awaited] = {}
    for job in claim.jobs:
        if job.site == engine.site.origin and len(job.payload) <= PAYLOAD_BYTES_MAX:
            with suppress(FedtextError):
                task = read_task(engine, job)
                if isinstance(task, Arrived):
                    awaited[job.job_id] = Awaited(task, late_keys(task.site, task.authentic.activity))
    # Of what was handed out before, another worker may be at it still: that is asked for when it comes.
    fresh = [awaited[job.job_id] for job in claim.jobs if job.job_id in awaited and not job.handed]
    keys = [key for each in fresh for key in (each.arrived.key, *each.late)]
    known: dict[str, bytes | None] = {}
    with suppress(PortError):  # each job asks again, and is put off if it must
        found = await ports.store.get_many(keys)
        known = {key: found.get(key) for key in keys}
    return Turn(awaited=awaited, marks=Marks(known, until_s=ports.clock.now_s() + MARKS_S_MAX))
