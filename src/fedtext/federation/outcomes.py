"""What becomes of a job: values that the worker carries out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Done:
    """It is done.

    Args:
        host_answered: Whether its host has answered, which ends the host's run of failures.
        delivered: Whether its host has taken a delivery.
    """

    host_answered: bool = False
    delivered: bool = False


@attrs.frozen(kw_only=True)
class Later:
    """Try again after some seconds.

    Args:
        after_s: After how many.
        reason: Why.
        host_failed: Whether the whole lane should pause.
        host_answered: Whether its host lives all the same: it refuses this one, or asks for patience.
        pause_s: For how long the lane pauses at least, where the host has said so.
    """

    after_s: float
    reason: str
    host_failed: bool = False
    host_answered: bool = False
    pause_s: float = 0.0


@attrs.frozen(kw_only=True)
class Bury:
    """Never again by itself: keep it as a dead letter.

    Args:
        reason: Why.
        host_answered: Whether its host has answered.
        host_failed: Whether the whole lane should pause.
        status: Of the last answer, where there was one.
    """

    reason: str
    host_answered: bool = False
    host_failed: bool = False
    status: int | None = None


@attrs.frozen(kw_only=True)
class Dispatched:
    """All listeners have heard it; it is done as soon as this is written down.

    Args:
        confirm: Writes it down and gives what becomes of the job then; to be awaited before the job is settled. The
            next job may be carried out meanwhile.
    """

    confirm: Callable[[], Coroutine[Any, Any, Done | Later | Bury]]


JobOutcome = Done | Later | Bury | Dispatched
