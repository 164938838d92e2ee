"""The target that reads what waits in our own queue, as if somebody else had written it (SEC-150).

Payloads are ours, but a queue is a table in a database that others may write to, and old releases wrote old ones.
"""

from __future__ import annotations

import attrs

from fedtext import Federation
from fedtext.adapters.observers import RecordingObserver
from fedtext.delivery import decode_outbound, decode_task, encode_task
from fedtext.delivery.tasks import AnyTask
from fedtext.errors import DocumentError, QueueError
from fedtext.federation.deadletters import DeadLetter
from fedtext.federation.outcomes import Dispatched, JobOutcome
from fedtext.inbox import InboundTask, decode_envelope, is_envelope, restore
from fedtext.ports import Claim, Job, Lane, LaneKind
from fedtext.sync import run_sync

from .documents import NOW_S
from .messages import HOME, home, new_ports
from .target import holds, same


@attrs.frozen(kw_only=True)
class Payload:
    """What was made of a payload.

    Args:
        task: None where it was refused.
        letter: What people are told of it when it is buried.
        outcome: What the worker makes of it.
        events: What was told of that.
    """

    task: InboundTask | AnyTask | None
    letter: DeadLetter
    outcome: JobOutcome
    events: list[str]


def read_payload(data: bytes) -> Payload:
    """Read a payload of any kind, and let the worker's step carry it out, over a network on which nobody answers."""
    lane = Lane(LaneKind.IN, "https://a.example")
    job = Job(job_id=1, site=HOME, lane=lane, payload=data, ordering_key="", attempts=0, enqueued_s=NOW_S)
    observer = RecordingObserver()
    federation = home().federation
    federation.ports = new_ports(observer)
    return Payload(
        task=read_task(data),
        letter=DeadLetter.of(job, "fuzzed"),
        outcome=run_sync(_carried_out(federation, job)),
        events=[f"{event.name} {event.fields.get('error', '')}" for event in observer.events],
    )


async def _carried_out(federation: Federation, job: Job) -> JobOutcome:
    """Carry out the first of a batch of two, whose payloads are read together where that can be."""
    ports = federation.ports.blocking()
    batch = (job, attrs.evolve(job, job_id=2))
    claim = Claim(site=HOME, lane=job.lane, token="t", jobs=batch, failures=0, lease_until_s=NOW_S + 60.0)
    turn = await federation.engine.begin_turn(claim, ports)
    outcome = await federation.engine.run_job(job, ports, turn)
    return await outcome.confirm() if isinstance(outcome, Dispatched) else outcome


def read_task(data: bytes) -> InboundTask | AnyTask | None:
    """Read a payload; nothing but these two refuses one: it is none, or there is no activity in it."""
    try:
        outbound = None if is_envelope(data) else decode_outbound(data)
        if outbound is not None:
            return outbound
        task = decode_envelope(data)
        restore(task)
    except (QueueError, DocumentError):
        return None
    return task


def check_payload(_data: bytes, found: Payload) -> None:
    """What was read is what would be written; people can be told of it; no fault of ours shows in carrying it out."""
    holds(not [event for event in found.events if event.startswith("job.failed")], found.events)
    holds(len(found.letter.kind) >= 1, found.letter)
    if isinstance(found.task, InboundTask):
        same(decode_envelope(found.task.encode()), found.task)
    elif found.task is not None:
        same(decode_task(encode_task(found.task)), found.task)
