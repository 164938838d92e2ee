"""What becomes of a job: values that the worker carries out."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Done:
    """It is done; `host_answered` when a host has taken a delivery, which ends its run of failures."""

    host_answered: bool = False


@attrs.frozen(kw_only=True)
class Later:
    """Try again after some seconds.

    `host_failed` when the whole lane should pause; `pause_s` for how long at least, when the host has said so.
    """

    after_s: float
    reason: str
    host_failed: bool = False
    pause_s: float = 0.0


@attrs.frozen(kw_only=True)
class Bury:
    """Never again by itself: keep it as a dead letter."""

    reason: str


JobOutcome = Done | Later | Bury
