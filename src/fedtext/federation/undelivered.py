"""Tell the application of what was given up on its way out; never silently (DLV-08)."""

from __future__ import annotations

from ..delivery import DeliveryTask, FanoutTask
from ..errors import MalformedIri
from ..ports import Event, PortSet
from ..wire.iri import host_of
from .engine import Engine
from .mentions import AUTHOR_OF
from .registry import PermanentFailure


async def tell_undelivered(
    engine: Engine,
    task: DeliveryTask | FanoutTask,
    ports: PortSet,
    *,
    reason: str,
    attempts: int,
    status: int | None = None,
) -> None:
    """Tell all who asked to be told; what they raise changes nothing.

    Args:
        engine: Knows who asked.
        task: A delivery, or the search for one recipient's inbox.
        ports: For their context.
        reason: Why it is given up.
        attempts: How often it was tried.
        status: Of the last answer.
    """
    if not engine.router.undelivered:
        return
    failure = _failure(task, reason=reason, attempts=attempts, status=status)
    context = engine.context(ports)
    for callback in engine.router.undelivered:
        try:
            await engine.caller.call(callback, context, failure)
        except Exception as fault:  # it is told of what is over; its own failures change nothing
            fields = {"id": failure.activity_id, "error": repr(fault)[:300]}
            ports.observer.emit(Event(name="delivery.on_permanent_failure_failed", fields=fields))


def _failure(task: DeliveryTask | FanoutTask, *, reason: str, attempts: int, status: int | None) -> PermanentFailure:
    named = task.recipients[0] if isinstance(task, FanoutTask) and task.recipients else None
    inbox = task.inbox if isinstance(task, DeliveryTask) else None
    actor = named if named is not None and not named.startswith(AUTHOR_OF) else None
    try:
        host = host_of(inbox or (named or "").removeprefix(AUTHOR_OF))
    except MalformedIri:
        host = ""
    return PermanentFailure(
        inbox=inbox,
        host=host,
        activity_id=task.activity_id,
        sender=task.sender,
        actor=actor,
        reason=reason,
        status=status,
        attempts=attempts,
    )
