"""What is known and decided when the batch of a lane is taken, and how it went: values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ..delivery import Dispatch, HostHealth, Superfluous
from ..ports import PortSet


@attrs.frozen(kw_only=True)
class Turn:
    """What is known, and decided, when the batch of a lane is taken.

    Args:
        health: Of the lane's host.
        unavailable: Whether all that waits for it is given up.
        left_out: What of the batch need not be sent, by job.
        ports: For its jobs: what they all need is read once; None: those of the worker.
        dispatches: What deliveries of one sender share, by sender; filled by the first of each.
    """

    health: HostHealth = attrs.field(factory=HostHealth)
    unavailable: bool = False
    left_out: Mapping[int, Superfluous] = attrs.field(factory=dict[int, Superfluous])
    ports: PortSet | None = attrs.field(default=None, eq=False, repr=False)
    dispatches: dict[str, Dispatch] = attrs.field(factory=dict[str, Dispatch], init=False, eq=False, repr=False)


NO_TURN: Final = Turn()
"""Nothing is known: what a lane begins with that leads to no host."""


@attrs.frozen(kw_only=True)
class TurnResult:
    """How a turn went.

    Args:
        delivered: Whether the host took anything.
        failure: Why the host failed as a whole, or "".
        sent_count: How many jobs were carried out.
        pause_s: For how long the lane is to rest, by what happened in it.
    """

    delivered: bool
    failure: str
    sent_count: int
    pause_s: float
